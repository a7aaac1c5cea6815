package jsonata

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// pattern is a second argument that is a string or a regular expression, as the
// latter.
func pattern(name string, args []any) (*regexp.Regexp, error) {
	switch p := args[1].(type) {
	case string:
		return regexp.Compile(regexp.QuoteMeta(p))
	case *function:
		if p.regex != nil {
			return p.regex, nil
		}
		return nil, unsupported("a function as the pattern of $" + name)
	default:
		return nil, mismatch(2, name)
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
	re, err := pattern("contains", args)
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
	re, err := pattern("split", args)
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
			return nil, errorf("T0412", "Argument 1 of function %q must be an array of %q", "join", "strings")
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
	re, err := pattern("match", args)
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
	re, err := pattern("replace", args)
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
