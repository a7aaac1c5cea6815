package jsonata

import (
	"encoding/base64"
	"net/url"
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
	e := encoding{script: true, indent: "  "}
	e.value(args[0], "")
	return e.text.String(), r.charge(e.text.Len() / 16)
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
