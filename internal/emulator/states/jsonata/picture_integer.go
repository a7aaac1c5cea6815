package jsonata

import (
	"math"
	"strconv"
	"strings"
	"unicode"
)

// numbering is what the digits of a number are.
type numbering int

const (
	decimal numbering = iota
	letters
	romanNumerals
	words
)

// integerPicture says how an integer is written: the picture of XPath's
// format-integer as JSONata reads it (JSONata documentation, $formatInteger).
type integerPicture struct {
	numbering numbering
	spelling  spelling
	ordinal   bool
	digits    int  // at least so many
	optional  int  // places marked with #
	zero      rune // of the family of digits
	width     int  // digits to take when read; 0 is any number
	grouping
}

// grouping is how digits are separated, counted from the right.
type grouping struct {
	separators []separator // the rightmost first
	every      int         // digits between them, if they are equal and evenly spaced
}

// separator stands left of so many digits.
type separator struct {
	digits int
	sign   string
}

func readIntegerPicture(picture string) (*integerPicture, error) {
	p := &integerPicture{zero: '0'}
	format := picture
	if at := strings.LastIndex(picture, ";"); at >= 0 {
		format = picture[:at]
		p.ordinal = strings.HasPrefix(picture[at+1:], "o")
	}
	switch format {
	case "A", "a":
		p.numbering = letters
	case "I", "i":
		p.numbering = romanNumerals
	case "W", "w", "Ww":
		p.numbering = words
	default:
		return p, p.readDigits(format)
	}
	switch {
	case len(format) > 1:
		p.spelling = titleCase
	case format == strings.ToUpper(format):
		p.spelling = upperCase
	default:
		p.spelling = lowerCase
	}
	return p, nil
}

// readDigits reads a picture such as #,##0 from its right end.
func (p *integerPicture) readDigits(format string) error {
	signs := []rune(format)
	for i := len(signs) - 1; i >= 0; i-- {
		switch zero, is := zeroOf(signs[i]); {
		case is && p.digits > 0 && zero != p.zero:
			return errorf("D3131", "In a decimal digit pattern, all digits must be from the same decimal group")
		case is:
			p.zero = zero
			p.digits++
		case signs[i] == '#':
			p.optional++
		default:
			p.separators = append(p.separators, separator{p.digits + p.optional, string(signs[i])})
		}
	}
	if p.digits == 0 {
		return errorf("D3130", "Formatting or parsing an integer as a sequence starting with %s is not supported by this implementation", quote(format))
	}
	p.every = spacing(p.separators)
	return nil
}

// zeroOf gives the zero of the family that a decimal digit belongs to. Families
// are ten digits in a row.
func zeroOf(sign rune) (rune, bool) {
	if !unicode.IsDigit(sign) {
		return 0, false
	}
	for _, r := range unicode.Nd.R16 {
		if sign >= rune(r.Lo) && sign <= rune(r.Hi) {
			return sign - (sign-rune(r.Lo))%10, true
		}
	}
	for _, r := range unicode.Nd.R32 {
		if sign >= rune(r.Lo) && sign <= rune(r.Hi) {
			return sign - (sign-rune(r.Lo))%10, true
		}
	}
	return 0, false
}

// spacing is how many digits are between two separators, 0 if they differ or
// are not evenly spaced.
func spacing(separators []separator) int {
	for i, s := range separators {
		if first := separators[0]; s.sign != first.sign || s.digits != (i+1)*first.digits {
			return 0
		}
	}
	if len(separators) == 0 {
		return 0
	}
	return separators[0].digits
}

// between writes the separators between digits.
func (g grouping) between(digits string) string {
	var text strings.Builder
	for i, digit := range digits {
		if i > 0 {
			text.WriteString(g.at(len(digits) - i))
		}
		text.WriteRune(digit)
	}
	return text.String()
}

// at is the sign left of so many digits, or "".
func (g grouping) at(digits int) string {
	if g.every > 0 {
		if digits%g.every == 0 {
			return g.separators[0].sign
		}
		return ""
	}
	for _, s := range g.separators {
		if s.digits == digits {
			return s.sign
		}
	}
	return ""
}

// inFamily writes digits with those of the family that has the zero.
func inFamily(zero rune, text string) string {
	return strings.Map(func(sign rune) rune {
		if sign >= '0' && sign <= '9' {
			return sign - '0' + zero
		}
		return sign
	}, text)
}

// format writes a whole number.
func (p *integerPicture) format(r *evaluation, n float64) (string, error) {
	abs := math.Abs(n)
	var text string
	switch p.numbering {
	case letters:
		text = p.spelling.apply(inLetters(abs))
	case romanNumerals:
		if err := r.charge(int(min(abs/1000, maxSteps+1))); err != nil {
			return "", err
		}
		text = p.spelling.apply(inRoman(abs))
	case words:
		text = p.spelling.apply(inWords(abs, p.ordinal))
	case decimal:
		if err := r.charge(p.digits); err != nil {
			return "", err
		}
		text = p.inDigits(abs)
	}
	if n < 0 {
		return "-" + text, nil
	}
	return text, nil
}

func (p *integerPicture) inDigits(n float64) string {
	digits := strconv.FormatFloat(n, 'f', -1, 64)
	digits = strings.Repeat("0", max(p.digits-len(digits), 0)) + digits
	text := inFamily(p.zero, p.between(digits))
	if p.ordinal {
		text += ordinalSuffix(digits)
	}
	return text
}

func ordinalSuffix(digits string) string {
	if len(digits) > 1 && digits[len(digits)-2] == '1' {
		return "th"
	}
	switch digits[len(digits)-1] {
	case '1':
		return "st"
	case '2':
		return "nd"
	case '3':
		return "rd"
	}
	return "th"
}

// pattern is the regular expression of what parse reads.
func (p *integerPicture) pattern() string {
	switch p.numbering {
	case letters:
		return "[A-Za-z]+"
	case romanNumerals:
		return "[MDCLXVImdclxvi]+"
	case words:
		return wordPattern()
	case decimal:
	}
	pattern := "[0-9]+"
	if p.width > 0 {
		pattern = "[0-9]{" + strconv.Itoa(p.width) + "}"
	}
	if p.ordinal {
		pattern += "(?:th|st|nd|rd)"
	}
	return pattern
}

// parse reads what format wrote. It is NaN for what is no number.
func (p *integerPicture) parse(text string) float64 {
	switch p.numbering {
	case letters:
		return fromLetters(text)
	case romanNumerals:
		return fromRoman(text)
	case words:
		return fromWords(text)
	case decimal:
	}
	if p.ordinal && len(text) > 2 {
		text = text[:len(text)-2]
	}
	for _, s := range p.separators {
		text = strings.ReplaceAll(text, s.sign, "")
	}
	ascii := strings.Map(func(digit rune) rune {
		if digit >= p.zero && digit <= p.zero+9 {
			return digit - p.zero + '0'
		}
		return digit
	}, text)
	n, err := strconv.ParseFloat(ascii, 64)
	if err != nil || strings.TrimLeft(ascii, "+-0123456789") != "" {
		return math.NaN()
	}
	return n
}

func formatInteger(r *evaluation, args []any) (any, error) {
	if isUndefined(args[0]) {
		return args[0], nil
	}
	n, err := argument[float64]("formatInteger", args, 1)
	if err != nil {
		return nil, err
	}
	p, err := integerPictureOf("formatInteger", args)
	if err != nil {
		return nil, err
	}
	return p.format(r, math.Floor(n))
}

func parseInteger(_ *evaluation, args []any) (any, error) {
	if isUndefined(args[0]) {
		return args[0], nil
	}
	text, err := argument[string]("parseInteger", args, 1)
	if err != nil {
		return nil, err
	}
	p, err := integerPictureOf("parseInteger", args)
	if err != nil {
		return nil, err
	}
	return number(p.parse(text))
}

func integerPictureOf(function string, args []any) (*integerPicture, error) {
	picture, err := argument[string](function, args, 2)
	if err != nil {
		return nil, err
	}
	return readIntegerPicture(picture)
}
