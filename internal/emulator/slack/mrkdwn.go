package slack

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// span is a piece of a text as it is shown. Templates write it, so that nothing a
// message says can be markup of the page.
type span struct {
	Kind     string // text, bold, italic, strike, code, pre, quote, link, mention, break
	Text     string
	URL      string
	Children []span
}

// spans read a text as its kind says (Slack: Formatting message text). named gives
// what a mention such as @U024BE7LH or #C024BE91L is called.
func spans(t *Text, named func(string) string) []span {
	if t == nil {
		return nil
	}
	if t.Type == plainText {
		if t.Emoji != nil && !*t.Emoji {
			return []span{{Kind: "text", Text: t.Text}}
		}
		return []span{{Kind: "text", Text: withEmoji(t.Text)}}
	}
	return reader{named}.blocks(t.Text)
}

type reader struct{ named func(string) string }

// blocks reads code blocks between fences, and the lines around them.
func (r reader) blocks(text string) []span {
	var out []span
	for {
		before, rest, opened := strings.Cut(text, "```")
		code, after, closed := strings.Cut(rest, "```")
		if !opened || !closed {
			return append(out, r.lines(text)...)
		}
		out = append(out, r.lines(strings.TrimSuffix(before, "\n"))...)
		out = append(out, span{Kind: "pre", Text: unescape(strings.Trim(code, "\n"))})
		text = strings.TrimPrefix(after, "\n")
	}
}

// lines reads lines, and those that begin with > as quotes.
func (r reader) lines(text string) []span {
	if text == "" {
		return nil
	}
	var out []span
	quoting, first := false, true
	for line := range strings.SplitSeq(text, "\n") {
		quoted, isQuote := strings.CutPrefix(line, "&gt;")
		if !isQuote {
			quoted, isQuote = strings.CutPrefix(line, ">")
		}
		switch {
		case isQuote && quoting:
			quote := &out[len(out)-1]
			quote.Children = append(append(quote.Children, span{Kind: "break"}), r.inline(strings.TrimSpace(quoted))...)
		case isQuote:
			out = append(out, span{Kind: "quote", Children: r.inline(strings.TrimSpace(quoted))})
		default:
			if !first && !quoting {
				out = append(out, span{Kind: "break"})
			}
			out = append(out, r.inline(line)...)
		}
		quoting, first = isQuote, false
	}
	return out
}

// inline reads what stands within a line.
func (r reader) inline(text string) []span {
	var out []span
	plain := 0 // where the text that is not out yet begins
	flush := func(to int) {
		if to > plain {
			out = append(out, span{Kind: "text", Text: withEmoji(unescape(text[plain:to]))})
		}
	}
	for i := 0; i < len(text); {
		found, end := r.at(text, i)
		if end == 0 {
			i++
			continue
		}
		flush(i)
		out = append(out, found)
		i, plain = end, end
	}
	flush(len(text))
	return out
}

// at reads the span that begins at i, and gives where it ends; 0 if none begins
// there.
func (r reader) at(text string, i int) (span, int) {
	switch text[i] {
	case '`':
		if n := strings.IndexByte(text[i+1:], '`'); n > 0 {
			return span{Kind: "code", Children: r.code(text[i+1 : i+1+n])}, i + n + 2
		}
	case '<':
		if n := strings.IndexByte(text[i+1:], '>'); n > 0 {
			return r.angle(text[i+1 : i+1+n]), i + n + 2
		}
	case '*', '_', '~':
		if end := closing(text, i); end > 0 {
			kinds := map[byte]string{'*': "bold", '_': "italic", '~': "strike"}
			return span{Kind: kinds[text[i]], Children: r.inline(text[i+1 : end])}, end + 1
		}
	}
	return span{}, 0
}

// code reads the inside of inline code, in which only links and mentions count.
func (r reader) code(text string) []span {
	var out []span
	for {
		before, rest, opened := strings.Cut(text, "<")
		inner, after, closed := strings.Cut(rest, ">")
		if !opened || !closed {
			return append(out, span{Kind: "text", Text: unescape(text)})
		}
		out = append(out, span{Kind: "text", Text: unescape(before)}, r.angle(inner))
		text = after
	}
}

// closing gives where the mark at i is closed; 0 if it is not one that opens.
// Marks stand at the borders of words.
func closing(text string, i int) int {
	before, _ := utf8.DecodeLastRuneInString(text[:i])
	if i > 0 && (unicode.IsLetter(before) || unicode.IsDigit(before)) {
		return 0
	}
	for j := i + 1; j < len(text); j++ {
		if text[j] == '<' || text[j] == '`' {
			other := map[byte]byte{'<': '>', '`': '`'}[text[j]]
			if n := strings.IndexByte(text[j+1:], other); n >= 0 {
				j += n + 1
			}
			continue
		}
		if text[j] != text[i] || j == i+1 || text[i+1] == ' ' || text[j-1] == ' ' {
			continue
		}
		after, _ := utf8.DecodeRuneInString(text[j+1:])
		if j+1 == len(text) || !unicode.IsLetter(after) && !unicode.IsDigit(after) {
			return j
		}
	}
	return 0
}

// angle reads what stands between < and >: a link or a mention.
func (r reader) angle(inner string) span {
	target, label, labelled := strings.Cut(inner, "|")
	switch {
	case strings.HasPrefix(target, "@") || strings.HasPrefix(target, "#"):
		return span{Kind: "mention", Text: r.named(target)}
	case strings.HasPrefix(target, "!date^"):
		return span{Kind: "text", Text: unescape(label)}
	case strings.HasPrefix(target, "!subteam^"):
		return span{Kind: "mention", Text: r.named("@" + strings.TrimPrefix(target, "!subteam^"))}
	case strings.HasPrefix(target, "!"):
		return span{Kind: "mention", Text: "@" + target[1:]}
	case isLink(target):
		if !labelled {
			return span{Kind: "link", URL: unescape(target), Children: []span{{Kind: "text", Text: unescape(target)}}}
		}
		return span{Kind: "link", URL: unescape(target), Children: r.inline(label)}
	default:
		return span{Kind: "text", Text: unescape("<" + inner + ">")}
	}
}

func isLink(target string) bool {
	for _, scheme := range []string{"https://", "http://", "mailto:"} {
		if strings.HasPrefix(target, scheme) {
			return true
		}
	}
	return false
}

func unescape(text string) string {
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(text)
}
