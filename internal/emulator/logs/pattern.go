package logs

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
)

// pattern reads a filter pattern: terms and quoted phrases, all of which a message has to
// have, or the selector of a JSON message, { $.field = "value" && … }. What else patterns
// may say is refused.
// AWS: CloudWatch Logs User Guide, Filter pattern syntax. Unconfirmed: that a term is found
// inside a word.
func pattern(text string) (func(message string) bool, error) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "{") {
		return selector(text)
	}
	terms, err := termsOf(text)
	if err != nil {
		return nil, err
	}
	return func(message string) bool {
		for _, term := range terms {
			if !strings.Contains(message, term) {
				return false
			}
		}
		return true
	}, nil
}

// plainTerm is a term that needs no quotes.
var plainTerm = regexp.MustCompile(`^\w+`)

func termsOf(text string) ([]string, error) {
	var terms []string
	for text != "" {
		switch {
		case text[0] == '"':
			phrase, err := strconv.QuotedPrefix(text)
			if err != nil {
				return nil, invalid("Invalid filter pattern")
			}
			term, err := strconv.Unquote(phrase)
			if err != nil {
				return nil, invalid("Invalid filter pattern")
			}
			terms, text = append(terms, term), text[len(phrase):]
		case strings.ContainsRune("?-%[", rune(text[0])):
			return nil, unlike("a filter pattern with " + text[:1])
		default:
			term := plainTerm.FindString(text)
			if term == "" {
				return nil, invalid("Invalid character(s) in term '" + text[:1] + "'")
			}
			terms, text = append(terms, term), text[len(term):]
		}
		text = strings.TrimLeft(text, " \t\n")
	}
	return terms, nil
}

// comparison is one of a selector: a property, and a text in quotes or a bare word.
var comparison = regexp.MustCompile(`^\s*\(?\s*\$((?:\.[\w-]+)+)\s*(!=|<=|>=|=|<|>)\s*("(?:[^"\\]|\\.)*"|[\w.*-]+)\s*\)?\s*(?:(&&|\|\|)|\}$)`)

func selector(text string) (func(message string) bool, error) {
	rest := strings.TrimPrefix(text, "{")
	wants := map[string]*regexp.Regexp{} // by path
	for rest != "" {
		found := comparison.FindStringSubmatch(rest)
		if found == nil {
			return nil, invalid("Invalid filter pattern")
		}
		path, operator, value, joint := found[1], found[2], found[3], found[4]
		if operator != "=" || joint == "||" {
			return nil, unlike("a filter pattern with anything but = and &&")
		}
		if unquoted, err := strconv.Unquote(value); err == nil {
			value = unquoted
		}
		if wants[path] != nil {
			return nil, unlike("a filter pattern that compares a property twice")
		}
		wants[path] = wildcard(value)
		rest = rest[len(found[0]):]
		if (rest == "") != (joint == "") {
			return nil, invalid("Invalid filter pattern")
		}
	}
	return func(message string) bool {
		var value any
		if json.Unmarshal([]byte(message), &value) != nil {
			return false
		}
		for path, want := range wants {
			if got, ok := property(value, path); !ok || !want.MatchString(got) {
				return false
			}
		}
		return true
	}, nil
}

// wildcard matches a text in which * stands for any.
func wildcard(text string) *regexp.Regexp {
	return regexp.MustCompile(`(?s)^` + strings.ReplaceAll(regexp.QuoteMeta(text), `\*`, `.*`) + `$`)
}

// property is the text or number at a path such as ".detail.kind".
func property(value any, path string) (string, bool) {
	for name := range strings.SplitSeq(strings.TrimPrefix(path, "."), ".") {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	switch v := value.(type) {
	case string:
		return v, true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	}
	return "", false
}
