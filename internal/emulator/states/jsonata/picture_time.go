package jsonata

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// timePicture says how a point in time is written: the picture of XPath's
// format-dateTime as JSONata reads it (JSONata documentation, Date/Time
// processing).
type timePicture []marker

// marker is a component of a time, or text between two.
type marker struct {
	literal   string
	component byte // 0 for a literal
	named     bool // written as a name, in the spelling
	spelling  spelling
	integer   *integerPicture // nil unless written as a number
	most      int             // characters; 0 is any number
	zulu      bool            // no offset is written as Z
}

const (
	components        = "YMDdFWwXxHhPmsfZzCE"
	integerComponents = "YMDdFWwXxHhmsfZz"
)

func readTimePicture(picture string) (timePicture, error) {
	var p timePicture
	for picture != "" {
		text, rest, found := strings.Cut(picture, "[")
		if text != "" {
			p = append(p, marker{literal: strings.ReplaceAll(text, "]]", "]")})
		}
		if !found {
			break
		}
		if after, doubled := strings.CutPrefix(rest, "["); doubled {
			p = append(p, marker{literal: "["})
			picture = after
			continue
		}
		body, after, closed := strings.Cut(rest, "]")
		if !closed {
			return nil, errorf("D3135", "No matching closing bracket ']' in date/time picture string")
		}
		m, err := readMarker(strings.Join(strings.Fields(body), ""))
		if err != nil {
			return nil, err
		}
		if n := len(p); n > 0 && m.integer != nil && p[n-1].integer != nil {
			p[n-1].integer.width = p[n-1].integer.digits
		}
		p = append(p, m)
		picture = after
	}
	return p, nil
}

// readMarker reads what is between two brackets: a component, how it is written,
// and after a comma its width.
func readMarker(body string) (marker, error) {
	if body == "" || !strings.Contains(components, body[:1]) {
		return marker{}, errorf("D3132", "Unknown component specifier %s in date/time picture string", quote(body))
	}
	m := marker{component: body[0]}
	presentation, width := body[1:], ""
	if comma := strings.LastIndex(presentation, ","); comma >= 0 {
		presentation, width = presentation[:comma], presentation[comma+1:]
	}
	least, most, err := readWidth(width)
	if err != nil {
		return marker{}, err
	}
	m.most = most
	if presentation == "" {
		presentation = usual(m.component)
	}
	modifier := ""
	if last := len(presentation) - 1; last > 0 && strings.ContainsAny(presentation[last:], "atco") {
		presentation, modifier = presentation[:last], presentation[last:]
	}
	m.zulu = modifier == "t"
	switch {
	case strings.HasPrefix(presentation, "Nn"):
		m.named = true
	case strings.HasPrefix(presentation, "N"):
		m.named, m.spelling = true, upperCase
	case strings.HasPrefix(presentation, "n"):
		m.named, m.spelling = true, lowerCase
	case strings.IndexByte(integerComponents, m.component) >= 0:
		if m.integer, err = readIntegerPicture(presentation + ";" + modifier); err != nil {
			return marker{}, err
		}
		m.integer.digits = max(m.integer.digits, least)
		if m.component == 'Y' && m.most > 0 {
			m.integer.digits = m.most
		}
	}
	return m, nil
}

// readWidth reads "least-most"; either may be left out or *, which gives 0.
func readWidth(width string) (least, most int, err error) {
	from, to, _ := strings.Cut(width, "-")
	for _, bound := range []struct {
		text string
		n    *int
	}{{from, &least}, {to, &most}} {
		if bound.text == "" || bound.text == "*" {
			continue
		}
		if *bound.n, err = strconv.Atoi(bound.text); err != nil || *bound.n < 0 {
			return 0, 0, errorf("", "The width %s in the date/time picture string is not a number", quote(width))
		}
	}
	return least, most, nil
}

// usual is how a component is written if the picture does not say.
func usual(component byte) string {
	switch component {
	case 'F', 'P', 'C', 'E':
		return "n"
	case 'm', 's':
		return "01"
	case 'Z', 'z':
		return "01:01"
	default:
		return "1"
	}
}

// offset is a time zone of the form +hhmm.
type offset struct{ minutes int }

func readOffset(zone string) (offset, error) {
	hhmm, err := strconv.Atoi(zone)
	if err != nil || hhmm < -9999 || hhmm > 9999 {
		return offset{}, errorf("", "The timezone %s does not have the form +hhmm", quote(zone))
	}
	return offset{hhmm/100*60 + hhmm%100}, nil
}

// format writes a time.
func (p timePicture) format(r *evaluation, t time.Time, zone offset) (string, error) {
	t = t.UTC().Add(time.Duration(zone.minutes) * time.Minute)
	var text strings.Builder
	for _, m := range p {
		part, err := m.format(r, t, zone)
		if err != nil {
			return "", err
		}
		text.WriteString(part)
	}
	return text.String(), nil
}

func (m marker) format(r *evaluation, t time.Time, zone offset) (string, error) {
	switch m.component {
	case 0:
		return m.literal, nil
	case 'C', 'E':
		return "ISO", nil
	case 'P':
		return m.spellPart(t), nil
	case 'Z', 'z':
		return m.formatOffset(r, zone)
	}
	if m.named {
		return m.name(t)
	}
	n := componentOf(t, m.component)
	if m.component == 'Y' {
		n = math.Mod(n, math.Pow10(m.yearDigits()))
	}
	return m.integer.format(r, n)
}

// yearDigits is how many digits of a year are written; a single one means all.
func (m marker) yearDigits() int {
	if m.most > 0 {
		return m.most
	}
	if places := m.integer.digits + m.integer.optional; places > 1 {
		return places
	}
	return 300
}

// spellPart is the half of the day. There is no title case for it.
func (m marker) spellPart(t time.Time) string {
	half := "am"
	if t.Hour() >= 12 {
		half = "pm"
	}
	if m.spelling == upperCase {
		return strings.ToUpper(half)
	}
	return half
}

func (m marker) name(t time.Time) (string, error) {
	names := m.names()
	if names == nil {
		return "", m.nameless()
	}
	name := m.spelling.apply(names[int(componentOf(t, m.component))-1])
	if m.most > 0 {
		name = name[:min(m.most, len(name))]
	}
	return name, nil
}

// names are those of the component's values, from 1 on; nil if it has none.
func (m marker) names() []string {
	switch m.component {
	case 'M', 'x':
		return strings.Fields("January February March April May June July August September October November December")
	case 'F':
		return strings.Fields("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
	}
	return nil
}

func (m marker) nameless() error {
	return errorf("D3133", "The 'name' modifier can only be applied to months and days in the date/time picture string, not %s", string(m.component))
}

func (m marker) formatOffset(r *evaluation, zone offset) (string, error) {
	if zone.minutes == 0 && m.zulu {
		return "Z", nil
	}
	if m.integer == nil {
		return "", m.nameless()
	}
	sign, minutes := "+", zone.minutes
	if minutes < 0 {
		sign, minutes = "-", -minutes
	}
	if m.component == 'z' {
		sign = "GMT" + sign
	}
	hours, rest := minutes/60, minutes%60
	switch digits := m.integer.digits; {
	case m.integer.every == 0 && digits > 4:
		return "", errorf("D3134", "The timezone integer format specifier cannot have more than four digits")
	case m.integer.every == 0 && digits <= 2:
		text, err := m.integer.format(r, float64(hours))
		if rest != 0 {
			text += ":" + twoDigits(rest)
		}
		return sign + text, err
	}
	text, err := m.integer.format(r, float64(hours*100+rest))
	return sign + text, err
}

func twoDigits(n int) string { return string(rune('0'+n/10)) + string(rune('0'+n%10)) }

// componentOf is the value of a component that is a number.
func componentOf(t time.Time, component byte) float64 {
	// A week belongs to the month and the year that have its Thursday (ISO 8601).
	thursday := t.AddDate(0, 0, 4-isoWeekday(t))
	year, week := t.ISOWeek()
	n := 0
	switch component {
	case 'Y':
		n = t.Year()
	case 'M':
		n = int(t.Month())
	case 'D':
		n = t.Day()
	case 'd':
		n = t.YearDay()
	case 'F':
		n = isoWeekday(t)
	case 'W':
		n = week
	case 'w':
		n = (thursday.Day()-1)/7 + 1
	case 'X':
		n = year
	case 'x':
		n = int(thursday.Month())
	case 'H':
		n = t.Hour()
	case 'h':
		n = (t.Hour()+11)%12 + 1
	case 'm':
		n = t.Minute()
	case 's':
		n = t.Second()
	case 'f':
		n = t.Nanosecond() / int(time.Millisecond)
	}
	return float64(n)
}

// isoWeekday counts from Monday, 1, to Sunday, 7.
func isoWeekday(t time.Time) int { return (int(t.Weekday())+6)%7 + 1 }

// maxMillis is how far a time may be from 1970 (ECMAScript, Time Values).
const maxMillis = 8.64e15

func fromMillis(r *evaluation, args []any) (any, error) {
	if isUndefined(args[0]) {
		return args[0], nil
	}
	millis, err := argument[float64]("fromMillis", args, 1)
	if err != nil {
		return nil, err
	}
	picture, err := optional("fromMillis", args, 2, "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]")
	if err != nil {
		return nil, err
	}
	zone, err := optional("fromMillis", args, 3, "0000")
	if err != nil {
		return nil, err
	}
	if math.Abs(millis) > maxMillis {
		return nil, errorf("", "$fromMillis: %s is outside of the range of times", FormatNumber(millis))
	}
	if err := r.charge(len(picture)); err != nil {
		return nil, err
	}
	p, err := readTimePicture(picture)
	if err != nil {
		return nil, err
	}
	at, err := readOffset(zone)
	if err != nil {
		return nil, err
	}
	return p.format(r, time.UnixMilli(int64(millis)), at)
}

func toMillis(r *evaluation, args []any) (any, error) {
	if isUndefined(args[0]) {
		return args[0], nil
	}
	text, err := argument[string]("toMillis", args, 1)
	if err != nil {
		return nil, err
	}
	if isUndefined(args[1]) {
		return isoMillis(text)
	}
	picture, err := argument[string]("toMillis", args, 2)
	if err != nil {
		return nil, err
	}
	if err := r.charge(len(picture) + len(text)); err != nil {
		return nil, err
	}
	p, err := readTimePicture(picture)
	if err != nil {
		return nil, err
	}
	return p.parse(text, r.env.Now.UTC())
}

// isoMillis reads a timestamp of ISO 8601; one without a zone is in UTC.
func isoMillis(text string) (any, error) {
	for _, layout := range []string{
		"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05",
		"2006-01-02Z07:00", "2006-01-02", "2006-01", "2006",
	} {
		if t, err := time.Parse(layout, text); err == nil {
			return float64(t.UnixMilli()), nil
		}
	}
	return nil, errorf("D3110", "The argument of the toMillis function must be an ISO 8601 formatted timestamp. Given %s", quote(text))
}
