package jsonata

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// numberSigns are the characters that mean something in the picture of a number.
type numberSigns struct {
	decimal, grouping, exponent, percent, perMille, minus, digit, pattern string
	zero                                                                  rune
}

// readNumberSigns gives the usual signs, changed as the options say.
func readNumberSigns(options *Object) (numberSigns, error) {
	signs := numberSigns{".", ",", "e", "%", "‰", "-", "#", ";", '0'}
	zero := "0"
	for name, sign := range map[string]*string{
		"decimal-separator": &signs.decimal, "grouping-separator": &signs.grouping, "exponent-separator": &signs.exponent,
		"percent": &signs.percent, "per-mille": &signs.perMille, "minus-sign": &signs.minus,
		"digit": &signs.digit, "pattern-separator": &signs.pattern, "zero-digit": &zero,
	} {
		given := options.Get(name)
		if isUndefined(given) {
			continue
		}
		text, is := given.(string)
		if !is || text == "" {
			return signs, mismatch(3, "formatNumber")
		}
		*sign = text
	}
	signs.zero = []rune(zero)[0]
	return signs, nil
}

func (s numberSigns) isDigit(sign rune) bool { return sign >= s.zero && sign <= s.zero+9 }

// isPlace reports a digit that must be there or may be there.
func (s numberSigns) isPlace(sign rune) bool { return s.isDigit(sign) || string(sign) == s.digit }

// isActive reports a sign of the number itself. The exponent's is one only between
// others.
func (s numberSigns) isActive(sign rune) bool {
	return s.isPlace(sign) || slices.Contains([]string{s.decimal, s.grouping, s.pattern}, string(sign))
}

// numberPicture says how a number of one sign is written: the picture of XPath's
// format-number as JSONata reads it (JSONata documentation, $formatNumber).
type numberPicture struct {
	signs                       numberSigns
	text                        string
	prefix, suffix              string
	active                      []rune
	integer, fraction, exponent []rune
	hasExponent                 bool
	least, leastFraction        int // digits
	mostFraction                int
	scale                       int // digits before the decimal point of a mantissa
	grouping
}

func readNumberPicture(signs numberSigns, text string) (*numberPicture, error) {
	p := &numberPicture{signs: signs, text: text}
	all := []rune(text)
	first := slices.IndexFunc(all, signs.isActive)
	last := len(all)
	for last > 0 && !signs.isActive(all[last-1]) {
		last--
	}
	p.active = all
	if first >= 0 {
		p.prefix, p.active, p.suffix = string(all[:first]), all[first:last], string(all[last:])
	}
	mantissa, exponent, hasExponent := strings.Cut(string(p.active), signs.exponent)
	integer, fraction, _ := strings.Cut(mantissa, signs.decimal)
	p.integer, p.fraction, p.exponent, p.hasExponent = []rune(integer), []rune(fraction), []rune(exponent), hasExponent
	if code := p.wrong(); code != "" {
		return nil, errorf(code, "%s", pictureProblem(code))
	}
	p.measure()
	return p, nil
}

func count(text []rune, is func(rune) bool) int {
	n := 0
	for _, sign := range text {
		if is(sign) {
			n++
		}
	}
	return n
}

// wrong gives the code of what is wrong with the picture; of several problems the
// reference tells the one with the highest code.
func (p *numberPicture) wrong() string {
	s := p.signs
	passive := func(sign rune) bool { return !s.isActive(sign) && string(sign) != s.exponent }
	notDigit := func(sign rune) bool { return !s.isDigit(sign) }
	integer, fraction := string(p.integer), string(p.fraction)
	mayBegin, mayEnd := strings.Index(integer, s.digit), strings.LastIndex(fraction, s.digit)
	scaled := strings.Contains(p.text, s.percent) || strings.Contains(p.text, s.perMille)
	for _, rule := range []struct {
		code   string
		broken bool
	}{
		{"D3093", p.hasExponent && (len(p.exponent) == 0 || slices.ContainsFunc(p.exponent, notDigit))},
		{"D3092", len(p.exponent) > 0 && scaled},
		{"D3091", mayEnd >= 0 && slices.ContainsFunc([]rune(fraction[mayEnd:]), s.isDigit)},
		{"D3090", mayBegin >= 0 && slices.ContainsFunc([]rune(integer[:mayBegin]), s.isDigit)},
		{"D3089", strings.Contains(p.text, s.grouping+s.grouping)},
		{"D3088", !strings.Contains(p.text, s.decimal) && strings.HasSuffix(integer, s.grouping)},
		{"D3087", strings.Contains(p.text, s.grouping+s.decimal) || strings.Contains(p.text, s.decimal+s.grouping)},
		{"D3086", slices.ContainsFunc(p.active, passive)},
		{"D3085", !slices.ContainsFunc(slices.Concat(p.integer, p.fraction), s.isPlace)},
		{"D3084", strings.Contains(p.text, s.percent) && strings.Contains(p.text, s.perMille)},
		{"D3083", strings.Count(p.text, s.perMille) > 1},
		{"D3082", strings.Count(p.text, s.percent) > 1},
		{"D3081", strings.Count(p.text, s.decimal) > 1},
	} {
		if rule.broken {
			return rule.code
		}
	}
	return ""
}

func pictureProblem(code string) string {
	return map[string]string{
		"D3081": "The sub-picture must not contain more than one instance of the 'decimal-separator' character",
		"D3082": "The sub-picture must not contain more than one instance of the 'percent' character",
		"D3083": "The sub-picture must not contain more than one instance of the 'per-mille' character",
		"D3084": "The sub-picture must not contain both a 'percent' and a 'per-mille' character",
		"D3085": "The mantissa part of a sub-picture must contain at least one character that is either an 'optional digit character' or a member of the 'decimal digit family'",
		"D3086": "The sub-picture must not contain a passive character that is preceded by an active character and that is followed by another active character",
		"D3087": "The sub-picture must not contain a 'grouping-separator' character that appears adjacent to a 'decimal-separator' character",
		"D3088": "The sub-picture must not contain a 'grouping-separator' at the end of the integer part",
		"D3089": "The sub-picture must not contain two adjacent instances of the 'grouping-separator' character",
		"D3090": "The integer part of the sub-picture must not contain a member of the 'decimal digit family' that is followed by an instance of the 'optional digit character'",
		"D3091": "The fractional part of the sub-picture must not contain an instance of the 'optional digit character' that is followed by a member of the 'decimal digit family'",
		"D3092": "A sub-picture that contains a 'percent' or 'per-mille' character must not contain a character treated as an 'exponent-separator'",
		"D3093": "The exponent part of the sub-picture must comprise only of one or more characters that are members of the 'decimal digit family'",
	}[code]
}

// measure counts the digits that the picture asks for.
func (p *numberPicture) measure() {
	s := p.signs
	p.least, p.leastFraction = count(p.integer, s.isDigit), count(p.fraction, s.isDigit)
	p.mostFraction = count(p.fraction, s.isPlace)
	p.scale = p.least
	switch {
	case p.least > 0 || p.mostFraction > 0:
	case p.hasExponent:
		p.leastFraction, p.mostFraction = 1, 1
	default:
		p.least = 1
	}
	if p.hasExponent && p.least == 0 && strings.Contains(string(p.integer), s.digit) {
		p.least = 1
	}
	if p.least == 0 && p.leastFraction == 0 {
		p.leastFraction = 1
	}
	for i := len(p.integer) - 1; i >= 0; i-- {
		if string(p.integer[i]) == s.grouping {
			p.separators = append(p.separators, separator{count(p.integer[i:], s.isPlace), s.grouping})
		}
	}
	p.every = spacing(p.separators)
}

// format writes a number that is not negative.
func (p *numberPicture) format(f float64) (any, error) {
	switch {
	case strings.Contains(p.text, p.signs.percent):
		f *= 100
	case strings.Contains(p.text, p.signs.perMille):
		f *= 1000
	}
	exponent := 0
	if p.hasExponent {
		f, exponent = p.mantissa(f)
	}
	if _, err := number(f); err != nil {
		return nil, err
	}
	rounded := roundAt(f, p.mostFraction)
	whole, fraction, _ := strings.Cut(strconv.FormatFloat(rounded, 'f', p.mostFraction, 64), ".")
	whole = strings.TrimLeft(whole, "0")
	fraction = strings.TrimRight(fraction, "0")
	text := p.between(strings.Repeat("0", max(p.least-len(whole), 0)) + whole)
	if fraction += strings.Repeat("0", max(p.leastFraction-len(fraction), 0)); fraction != "" {
		text += p.signs.decimal + p.groupFraction(fraction)
	}
	if p.hasExponent {
		text += p.signs.exponent + p.formatExponent(exponent)
	}
	return p.prefix + inFamily(p.signs.zero, text) + p.suffix, nil
}

// mantissa takes powers of ten out of a number until it has the digits that the
// picture gives before the decimal point.
func (p *numberPicture) mantissa(f float64) (mantissa float64, exponent int) {
	most := math.Pow10(p.scale)
	for f != 0 && f < most/10 {
		f, exponent = f*10, exponent-1
	}
	for f > most && !math.IsInf(f, 0) {
		f, exponent = f/10, exponent+1
	}
	return f, exponent
}

func (p *numberPicture) formatExponent(n int) string {
	sign := ""
	if n < 0 {
		sign, n = p.signs.minus, -n
	}
	digits := strconv.Itoa(n)
	return sign + strings.Repeat("0", max(len(p.exponent)-len(digits), 0)) + digits
}

// groupFraction puts the separators of the picture's fraction, which are counted
// from the left.
func (p *numberPicture) groupFraction(digits string) string {
	var text strings.Builder
	at := 0
	for _, sign := range p.fraction {
		if at == len(digits) {
			break
		}
		if string(sign) == p.signs.grouping {
			text.WriteString(p.signs.grouping)
			continue
		}
		text.WriteByte(digits[at])
		at++
	}
	return text.String() + digits[at:]
}

func formatNumber(r *evaluation, args []any) (any, error) {
	if isUndefined(args[0]) {
		return args[0], nil
	}
	f, err := argument[float64]("formatNumber", args, 1)
	if err != nil {
		return nil, err
	}
	picture, err := argument[string]("formatNumber", args, 2)
	if err != nil {
		return nil, err
	}
	options, err := optional("formatNumber", args, 3, &Object{})
	if err != nil {
		return nil, err
	}
	signs, err := readNumberSigns(options)
	if err != nil {
		return nil, err
	}
	if err := r.charge(len(picture)); err != nil {
		return nil, err
	}
	return signs.format(f, picture)
}

// format writes a number by the picture's first part, and a negative one by its
// second, or with a minus before the first.
func (s numberSigns) format(f float64, picture string) (any, error) {
	parts := strings.Split(picture, s.pattern)
	if len(parts) > 2 {
		return nil, errorf("D3080", "The picture string must only contain a maximum of two sub-pictures")
	}
	var pictures []*numberPicture
	for _, part := range parts {
		p, err := readNumberPicture(s, part)
		if err != nil {
			return nil, err
		}
		pictures = append(pictures, p)
	}
	p := pictures[0]
	switch {
	case f >= 0:
	case len(pictures) == 2:
		p = pictures[1]
	default:
		p.prefix = s.minus + p.prefix
	}
	return p.format(math.Abs(f))
}
