package jsonata

import (
	"math"
	"regexp"
	"slices"
	"strings"
)

// spelling is how letters are written.
type spelling int

const (
	titleCase spelling = iota
	lowerCase
	upperCase
)

// apply writes a text that is in title case.
func (s spelling) apply(text string) string {
	switch s {
	case lowerCase:
		return strings.ToLower(text)
	case upperCase:
		return strings.ToUpper(text)
	case titleCase:
	}
	return text
}

func smallCardinals() []string {
	return strings.Fields("Zero One Two Three Four Five Six Seven Eight Nine Ten Eleven Twelve Thirteen Fourteen Fifteen Sixteen Seventeen Eighteen Nineteen")
}

func smallOrdinals() []string {
	return strings.Fields("Zeroth First Second Third Fourth Fifth Sixth Seventh Eighth Ninth Tenth Eleventh Twelfth Thirteenth Fourteenth Fifteenth Sixteenth Seventeenth Eighteenth Nineteenth")
}

// tens begin at twenty.
func tens() []string {
	return strings.Fields("Twenty Thirty Forty Fifty Sixty Seventy Eighty Ninety")
}

// magnitudes are the powers of a thousand.
func magnitudes() []string { return strings.Fields("Thousand Million Billion Trillion") }

// inWords is a whole number, not negative, in English, in title case.
func inWords(n float64, ordinal bool) string {
	switch {
	case n < 20 && ordinal:
		return smallOrdinals()[int(n)]
	case n < 20:
		return smallCardinals()[int(n)]
	case n < 100:
		return tensInWords(int(n), ordinal)
	}
	size, name := 100.0, "Hundred"
	for i, magnitude := range magnitudes() {
		if power := math.Pow10(3 * (i + 1)); n >= power {
			size, name = power, magnitude
		}
	}
	rest := math.Mod(n, size)
	count := math.Floor((n - rest) / size)
	text := inWords(count, false) + " " + name
	switch {
	case rest == 0 && ordinal:
		return text + "th"
	case rest == 0:
		return text
	case rest < 100:
		return text + " and " + inWords(rest, ordinal)
	}
	return text + ", " + inWords(rest, ordinal)
}

func tensInWords(n int, ordinal bool) string {
	text := tens()[n/10-2]
	switch {
	case n%10 > 0:
		return text + "-" + inWords(float64(n%10), ordinal)
	case ordinal:
		return strings.TrimSuffix(text, "y") + "ieth"
	}
	return text
}

// wordPattern matches the words of one number.
func wordPattern() string {
	words := slices.Concat(smallOrdinals(), smallCardinals(), tens(), magnitudes(), []string{"Hundred"})
	for _, ten := range tens() {
		words = append(words, strings.TrimSuffix(ten, "y")+"ieth")
	}
	for _, large := range append(magnitudes(), "Hundred") {
		words = append(words, large+"th")
	}
	return "(?:" + strings.ToLower(strings.Join(words, "|")) + "|and|[-, ])+"
}

var betweenWords = regexp.MustCompile(`,\s|\sand\s|[\s\\-]`)

// fromWords is the number that inWords gave, or NaN.
func fromWords(text string) float64 {
	sum, part := 0.0, 0.0
	for _, word := range betweenWords.Split(strings.ToLower(text), -1) {
		value, known := wordValue(word)
		switch {
		case !known:
			return math.NaN()
		case value >= 100:
			part *= value
		case part >= 1000:
			sum, part = sum+part, value
		default:
			part += value
		}
	}
	return sum + part
}

// wordValue is the number that a word in lower case stands for, cardinal or ordinal.
func wordValue(word string) (float64, bool) {
	same := func(name string) bool { return strings.EqualFold(name, word) }
	if i := slices.IndexFunc(smallCardinals(), same); i >= 0 {
		return float64(i), true
	}
	if i := slices.IndexFunc(smallOrdinals(), same); i >= 0 {
		return float64(i), true
	}
	if stem, is := strings.CutSuffix(word, "ieth"); is {
		word = stem + "y"
	}
	if i := slices.IndexFunc(tens(), same); i >= 0 {
		return float64(10 * (i + 2)), true
	}
	word = strings.TrimSuffix(word, "th")
	if i := slices.IndexFunc(magnitudes(), same); i >= 0 {
		return math.Pow10(3 * (i + 1)), true
	}
	return 100, word == "hundred"
}

// romans are the numerals with their values, largest first.
func romans() []roman {
	return []roman{
		{"M", 1000},
		{"CM", 900},
		{"D", 500},
		{"CD", 400},
		{"C", 100},
		{"XC", 90},
		{"L", 50},
		{"XL", 40},
		{"X", 10},
		{"IX", 9},
		{"V", 5},
		{"IV", 4},
		{"I", 1},
	}
}

type roman struct {
	numeral string
	value   float64
}

func inRoman(n float64) string {
	var text strings.Builder
	for _, r := range romans() {
		for ; n >= r.value; n -= r.value {
			text.WriteString(r.numeral)
		}
	}
	return text.String()
}

// fromRoman is the number that inRoman gave, in either case, or NaN.
func fromRoman(text string) float64 {
	sum := 0.0
	text = strings.ToUpper(text)
next:
	for text != "" {
		for _, r := range romans() {
			if rest, found := strings.CutPrefix(text, r.numeral); found {
				sum, text = sum+r.value, rest
				continue next
			}
		}
		return math.NaN()
	}
	return sum
}

// inLetters counts as the columns of a spreadsheet do: A to Z, AA, AB.
func inLetters(n float64) string {
	text := ""
	for ; n > 0; n = math.Floor((n - 1) / 26) {
		text = string(rune('A'+int(math.Mod(n-1, 26)))) + text
	}
	return text
}

// fromLetters is the number that inLetters gave, in either case, or NaN.
func fromLetters(text string) float64 {
	n := 0.0
	for _, letter := range strings.ToUpper(text) {
		if letter < 'A' || letter > 'Z' {
			return math.NaN()
		}
		n = n*26 + float64(letter-'A'+1)
	}
	return n
}
