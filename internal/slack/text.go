package slack

import (
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"
)

// Lengths are counted in UTF-16 units of what is sent, escapes included: Slack does
// not say how it counts, and no other count is larger.
func units(text string) int {
	n := 0
	for _, r := range text {
		n += width(r)
	}
	return n
}

func width(r rune) int {
	if r > 0xffff {
		return 2
	}
	return 1
}

// free makes mrkdwn of text that others wrote: on one line, cut to a length, and
// with Slack's three control characters escaped, so that it can neither mention
// anybody nor make a link (Slack: Formatting message text, escaping text).
func free(text string, limit int) string {
	return cut(text, limit, func(r rune) string {
		switch r {
		case '&':
			return "&amp;"
		case '<':
			return "&lt;"
		case '>':
			return "&gt;"
		default:
			return string(r)
		}
	})
}

// plain is for plain_text objects, which know no control characters.
func plain(text string, limit int) string {
	return cut(text, limit, func(r rune) string { return string(r) })
}

// code is free text in a code span.
func code(text string, limit int) string {
	inside := free(strings.ReplaceAll(text, "`", "'"), limit-2)
	if inside == "" {
		return ""
	}
	return "`" + inside + "`"
}

// cut puts text on one line and, where it is too long, an ellipsis at its end.
// What a rune becomes is never cut in two.
func cut(text string, limit int, become func(rune) string) string {
	var out strings.Builder
	used, room := 0, 0 // room is where an ellipsis still fits
	for _, r := range oneLine(text) {
		piece := become(r)
		if used += units(piece); used > limit {
			return out.String()[:room] + "…"
		}
		out.WriteString(piece)
		if used < limit {
			room = out.Len()
		}
	}
	return out.String()
}

// oneLine has no control characters and none that turn the direction of writing,
// which could make a text look like another.
func oneLine(text string) string {
	visible := strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Bidi_Control, r):
			return -1
		case unicode.IsControl(r):
			return ' '
		default:
			return r
		}
	}, text)
	return strings.Join(strings.Fields(visible), " ")
}

// first is the beginning of an ID or a hash.
func first(text string, n int) string {
	for i := range text {
		if n == 0 {
			return text[:i]
		}
		n--
	}
	return text
}

// most keeps so many and says how many more there are.
func most(parts []string, n int) []string {
	if len(parts) <= n {
		return parts
	}
	return append(parts[:n:n], fmt.Sprintf("and %d more", len(parts)-n))
}

// fit joins as many parts as have room, and leaves none of them half.
func fit(parts []string, between string, limit int) string {
	const ending = "…"
	used := 0
	for i, part := range parts {
		if i > 0 {
			used += units(between)
		}
		if used += units(part); used > limit-units(between)-units(ending) {
			return strings.Join(append(parts[:i:i], ending), between)
		}
	}
	return strings.Join(parts, between)
}

// maxURL is how long an address may be that a card shows.
const maxURL = 600

// link shows text that leads to an address; the text alone where the address is
// not one of the web, is too long, or hides its host behind a user's name.
func link(address, text string, limit int) string {
	text = free(text, limit)
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil {
		return text
	}
	safe := escapeURL(u.String())
	if len(safe) > maxURL || text == "" {
		return text
	}
	return "<" + safe + "|" + text + ">"
}

// escapeURL leaves nothing that would end an address, and nothing invisible.
func escapeURL(address string) string {
	var out strings.Builder
	for _, b := range []byte(address) {
		switch {
		case b == '&':
			out.WriteString("&amp;")
		case b <= ' ' || b >= 0x7f || b == '<' || b == '>' || b == '|':
			fmt.Fprintf(&out, "%%%02X", b)
		default:
			out.WriteByte(b)
		}
	}
	return out.String()
}

// date is a moment in the reader's own time zone, and in UTC where that cannot be
// shown (Slack: Formatting message text, date formatting).
func date(at time.Time) string {
	return fmt.Sprintf("<!date^%d^{date_short_pretty} {time}|%s>", at.Unix(), at.UTC().Format("2006-01-02 15:04 UTC"))
}
