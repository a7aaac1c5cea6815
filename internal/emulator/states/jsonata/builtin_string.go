package jsonata

import (
	"encoding/base64"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

func stringFunction(name string) *function {
	switch name {
	case "string":
		return onContext(between(1, 2, toString))
	case "length":
		return text(name, func(s string) any { return float64(utf8.RuneCountInString(s)) })
	case "uppercase":
		return text(name, func(s string) any { return strings.ToUpper(s) })
	case "lowercase":
		return text(name, func(s string) any { return strings.ToLower(s) })
	case "trim":
		return text(name, func(s string) any { return strings.Join(strings.Fields(s), " ") })
	case "substring":
		return onContext(between(2, 3, substring))
	case "substringBefore":
		return onContext(fixed(2, func(_ *evaluation, args []any) (any, error) {
			return cut(name, args, func(before, _ string, _ bool) string { return before })
		}))
	case "substringAfter":
		return onContext(fixed(2, func(_ *evaluation, args []any) (any, error) {
			return cut(name, args, func(before, after string, found bool) string {
				if !found {
					return before
				}
				return after
			})
		}))
	case "pad":
		return onContext(between(2, 3, pad))
	case "contains":
		return onContext(fixed(2, contains))
	case "split":
		return onContext(between(2, 3, split))
	case "join":
		return between(1, 2, join)
	case "match":
		return onContext(between(2, 3, match))
	case "replace":
		return onContext(between(3, 4, replace))
	default:
		return codingFunction(name)
	}
}

func codingFunction(name string) *function {
	switch name {
	case "base64encode":
		return text(name, func(s string) any { return base64.StdEncoding.EncodeToString([]byte(s)) })
	case "base64decode":
		return decoder(name, func(s string) (string, error) {
			b, err := base64.StdEncoding.DecodeString(s)
			return string(b), err
		})
	case "encodeUrlComponent":
		return text(name, func(s string) any { return escapeURL(s, "-_.!~*'()") })
	case "encodeUrl":
		return text(name, func(s string) any { return escapeURL(s, "-_.!~*'();/?:@&=+$,#") })
	case "decodeUrlComponent", "decodeUrl":
		return decoder(name, url.PathUnescape)
	default:
		return nil
	}
}

func decoder(name string, decode func(string) (string, error)) *function {
	return onContext(fixed(1, func(_ *evaluation, args []any) (any, error) {
		if isUndefined(args[0]) {
			return args[0], nil
		}
		s, err := argument[string](name, args, 1)
		if err != nil {
			return nil, err
		}
		decoded, err := decode(s)
		if err != nil {
			return nil, errorf("D3140", "Malformed URL passed to $%s(): %s", name, quote(s))
		}
		return decoded, nil
	}))
}

// escapeURL percent-encodes all but letters, digits and the characters in keep.
func escapeURL(s, keep string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(keep, c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteString("%" + strings.ToUpper(strconv.FormatInt(int64(c)+0x100, 16)[1:]))
	}
	return b.String()
}

func toString(r *evaluation, args []any) (any, error) {
	if isUndefined(args[0]) {
		return args[0], nil
	}
	pretty, err := optional("string", args, 2, false)
	if err != nil {
		return nil, err
	}
	if _, is := args[0].(string); is || !pretty {
		s := stringOf(args[0])
		return s, r.charge(len(s) / 16)
	}
	var b strings.Builder
	encode(&b, args[0], "  ", "")
	return b.String(), r.charge(b.Len() / 16)
}

func substring(_ *evaluation, args []any) (any, error) {
	if isUndefined(args[0]) {
		return args[0], nil
	}
	s, err := argument[string]("substring", args, 1)
	if err != nil {
		return nil, err
	}
	start, err := argument[float64]("substring", args, 2)
	if err != nil {
		return nil, err
	}
	runes := []rune(s)
	n := float64(len(runes))
	length, err := optional("substring", args, 3, n)
	if err != nil {
		return nil, err
	}
	if start < 0 {
		start = max(start+n, 0)
	}
	from := int(min(start, n))
	to := int(min(start+max(length, 0), n))
	return string(runes[from:max(from, to)]), nil
}

func cut(name string, args []any, pick func(before, after string, found bool) string) (any, error) {
	if isUndefined(args[0]) {
		return args[0], nil
	}
	s, err := argument[string](name, args, 1)
	if err != nil {
		return nil, err
	}
	separator, err := argument[string](name, args, 2)
	if err != nil {
		return nil, err
	}
	return pick(strings.Cut(s, separator)), nil
}

func pad(r *evaluation, args []any) (any, error) {
	if isUndefined(args[0]) {
		return args[0], nil
	}
	s, err := argument[string]("pad", args, 1)
	if err != nil {
		return nil, err
	}
	width, err := argument[float64]("pad", args, 2)
	if err != nil {
		return nil, err
	}
	fill, err := optional("pad", args, 3, " ")
	if err != nil {
		return nil, err
	}
	if fill == "" {
		fill = " "
	}
	missing := int(max(width, -width)) - utf8.RuneCountInString(s)
	if missing <= 0 {
		return s, nil
	}
	if err := r.charge(missing); err != nil {
		return nil, err
	}
	runes := []rune(fill)
	padding := make([]rune, missing)
	for i := range padding {
		padding[i] = runes[i%len(runes)]
	}
	if width < 0 {
		return string(padding) + s, nil
	}
	return s + string(padding), nil
}

// pattern is an argument that is a string or a regular expression, as the latter.
func pattern(name string, args []any, i int) (*regexp.Regexp, error) {
	switch p := args[i-1].(type) {
	case string:
		return regexp.Compile(regexp.QuoteMeta(p))
	case *function:
		if p.regex != nil {
			return p.regex, nil
		}
		return nil, unsupported("a function as the pattern of $" + name)
	default:
		return nil, mismatch(i, name)
	}
}

func contains(r *evaluation, args []any) (any, error) {
	if isUndefined(args[0]) {
		return args[0], nil
	}
	s, err := argument[string]("contains", args, 1)
	if err != nil {
		return nil, err
	}
	re, err := pattern("contains", args, 2)
	if err != nil {
		return nil, err
	}
	return re.MatchString(s), r.charge(len(s) / 16)
}

// limit is an optional count that must not be negative; -1 stands for none.
func limit(name, code string, args []any, i int) (int, error) {
	n, err := optional(name, args, i, float64(-1))
	if err != nil {
		return 0, err
	}
	if n < 0 && !isUndefined(args[i-1]) {
		return 0, errorf(code, "Argument %d of %s function must evaluate to a positive number", i, name)
	}
	return int(n), nil
}

func split(r *evaluation, args []any) (any, error) {
	if isUndefined(args[0]) {
		return args[0], nil
	}
	s, err := argument[string]("split", args, 1)
	if err != nil {
		return nil, err
	}
	re, err := pattern("split", args, 2)
	if err != nil {
		return nil, err
	}
	most, err := limit("split", "D3020", args, 3)
	if err != nil {
		return nil, err
	}
	pieces := []any{}
	for _, piece := range re.Split(s, -1) {
		if most >= 0 && len(pieces) >= most {
			break
		}
		pieces = append(pieces, piece)
	}
	return pieces, r.charge(len(s))
}

func join(r *evaluation, args []any) (any, error) {
	if isUndefined(args[0]) {
		return args[0], nil
	}
	separator, err := optional("join", args, 2, "")
	if err != nil {
		return nil, err
	}
	var pieces []string
	total := 0
	for _, item := range list(args[0]) {
		s, is := item.(string)
		if !is {
			return nil, errorf("T0412", "Argument 1 of function %q must be an array of strings", "join")
		}
		pieces = append(pieces, s)
		total += len(s) + len(separator)
	}
	if err := r.charge(total / 16); err != nil {
		return nil, err
	}
	return strings.Join(pieces, separator), nil
}

func match(r *evaluation, args []any) (any, error) {
	if isUndefined(args[0]) {
		return args[0], nil
	}
	s, err := argument[string]("match", args, 1)
	if err != nil {
		return nil, err
	}
	re, err := pattern("match", args, 2)
	if err != nil {
		return nil, err
	}
	most, err := limit("match", "D3040", args, 3)
	if err != nil {
		return nil, err
	}
	var found sequence
	for _, at := range re.FindAllStringSubmatchIndex(s, most) {
		index := utf8.RuneCountInString(s[:at[0]])
		found.add(NewObject("match", s[at[0]:at[1]], "index", float64(index), "groups", groups(s, at)))
	}
	return found.value(), r.charge(len(s))
}

func replace(r *evaluation, args []any) (any, error) {
	if isUndefined(args[0]) {
		return args[0], nil
	}
	s, err := argument[string]("replace", args, 1)
	if err != nil {
		return nil, err
	}
	re, err := pattern("replace", args, 2)
	if err != nil {
		return nil, err
	}
	if literal, is := args[1].(string); is && literal == "" {
		return nil, errorf("D3010", "Second argument of replace function cannot be an empty string")
	}
	most, err := limit("replace", "D3011", args, 4)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	done := 0
	for _, at := range re.FindAllStringSubmatchIndex(s, most) {
		with, err := r.replacement(args, s, at)
		if err != nil {
			return nil, err
		}
		b.WriteString(s[done:at[0]])
		b.WriteString(with)
		done = at[1]
	}
	b.WriteString(s[done:])
	return b.String(), r.charge(b.Len())
}

// replacement is what stands for one match: the text as it is for a string
// pattern, with $0, $1 … filled in for a regular expression, or a function's result.
func (r *evaluation) replacement(args []any, s string, at []int) (string, error) {
	switch with := args[2].(type) {
	case string:
		if _, literal := args[1].(string); literal {
			return with, nil
		}
		return fillGroups(with, s, at), nil
	case *function:
		v, err := r.apply(with, NewObject("match", s[at[0]:at[1]], "start", float64(at[0]), "end", float64(at[1]), "groups", groups(s, at)))
		if err != nil {
			return "", err
		}
		text, is := v.(string)
		if !is {
			return "", errorf("D3012", "Attempted to replace a matched string with a non-string value")
		}
		return text, nil
	default:
		return "", mismatch(3, "replace")
	}
}

func fillGroups(with, s string, at []int) string {
	all := append([]any{s[at[0]:at[1]]}, groups(s, at)...)
	var b strings.Builder
	for i := 0; i < len(with); i++ {
		if with[i] != '$' || i+1 == len(with) {
			b.WriteByte(with[i])
			continue
		}
		if with[i+1] == '$' {
			b.WriteByte('$')
			i++
			continue
		}
		end := i + 1
		for end < len(with) && with[end] >= '0' && with[end] <= '9' {
			end++
		}
		// The longest run of digits that names a group counts.
		for end > i+2 {
			if n, err := strconv.Atoi(with[i+1 : end]); err == nil && n < len(all) {
				break
			}
			end--
		}
		n, err := strconv.Atoi(with[i+1 : end])
		if err != nil {
			b.WriteByte('$')
			continue
		}
		if n < len(all) {
			b.WriteString(all[n].(string))
		}
		i = end - 1
	}
	return b.String()
}
