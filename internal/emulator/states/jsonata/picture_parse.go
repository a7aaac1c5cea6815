package jsonata

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// parse reads what format wrote, as milliseconds since 1970; it is Undefined for
// a text that the picture does not fit. What the picture leaves out at the left
// is taken from now, and at the right is the least there is; a hole between is an
// error (JSONata documentation, $toMillis).
func (p timePicture) parse(text string, now time.Time) (any, error) {
	form, err := p.pattern()
	if err != nil {
		return nil, err
	}
	groups := form.FindStringSubmatch(text)
	if groups == nil {
		return Undefined{}, nil
	}
	found := map[byte]float64{}
	for i, m := range p {
		if m.component == 0 {
			continue
		}
		if v, ok := m.parse(groups[i+1]); ok {
			found[m.component] = v
		}
	}
	if len(found) == 0 {
		return Undefined{}, nil
	}
	return millisOf(found, now)
}

// pattern has a group for each marker.
func (p timePicture) pattern() (*regexp.Regexp, error) {
	var all strings.Builder
	all.WriteString("^(?i)")
	for _, m := range p {
		part, err := m.pattern()
		if err != nil {
			return nil, err
		}
		all.WriteString("(" + part + ")")
	}
	form, err := regexp.Compile(all.String() + "$")
	if err != nil {
		return nil, errorf("", "The date/time picture string is too large to parse with: %v", err)
	}
	return form, nil
}

func (m marker) pattern() (string, error) {
	switch {
	case m.component == 0:
		return regexp.QuoteMeta(m.literal), nil
	case m.component == 'f':
		return "[0-9]+", nil
	case m.integer == nil && m.component != 'P' && m.names() == nil:
		return "", m.nameless()
	case m.integer == nil:
		return "[a-zA-Z]+", nil
	case m.component != 'Z' && m.component != 'z':
		return m.integer.pattern(), nil
	}
	pattern := "[-+][0-9]+"
	if m.integer.every > 0 {
		pattern += regexp.QuoteMeta(m.integer.separators[0].sign) + "[0-9]+"
	}
	if m.component == 'z' {
		return "GMT" + pattern, nil
	}
	return pattern, nil
}

// parse gives the component's value.
func (m marker) parse(text string) (float64, bool) {
	switch {
	case m.component == 'f':
		millis, err := strconv.Atoi((text + "00")[:3])
		return float64(millis), err == nil
	case m.component == 'Z' || m.component == 'z':
		return m.parseOffset(strings.TrimLeft(text, "GMTgmt"))
	case m.component == 'P':
		half := slices.Index([]string{"am", "pm"}, strings.ToLower(text))
		return float64(half), half >= 0
	case m.integer != nil:
		n := m.integer.parse(text)
		return n, !math.IsNaN(n)
	}
	// Names are read in title case only, whatever the picture's.
	i := slices.IndexFunc(m.names(), func(name string) bool {
		if m.most > 0 {
			name = name[:min(m.most, len(name))]
		}
		return name == text
	})
	return float64(i + 1), i >= 0
}

// parseOffset gives minutes. Without a separator, the first two digits are hours.
func (m marker) parseOffset(text string) (float64, bool) {
	sign, digits := 1.0, text[1:]
	if text[0] == '-' {
		sign = -1
	}
	hours, minutes := digits, "0"
	switch {
	case m.integer.every > 0:
		hours, minutes, _ = strings.Cut(digits, m.integer.separators[0].sign)
	case len(digits) > 2:
		hours, minutes = digits[:2], digits[2:]
	}
	h, hoursErr := strconv.Atoi(hours)
	rest, err := strconv.Atoi(minutes)
	return sign * float64(h*60+rest), hoursErr == nil && err == nil
}

// millisOf makes a time of the components that were found.
func millisOf(found map[byte]float64, now time.Time) (any, error) {
	order, err := significance(found)
	if err != nil {
		return nil, err
	}
	if err := complete(found, order, now); err != nil {
		return nil, err
	}
	month, day := found['M'], found['D']
	if strings.Contains(order, "d") {
		month, day = 1, found['d']
	}
	hour := found['H']
	if strings.Contains(order, "h") {
		hour = math.Mod(found['h'], 12) + 12*found['P']
	}
	for _, n := range found {
		if n > maxMillis {
			return nil, errorf("D3110", "A component of the timestamp is outside of the range of times")
		}
	}
	t := time.Date(year(found['Y']), time.Month(max(month, 1)), int(day), int(hour), int(found['m']), int(found['s']), int(found['f'])*int(time.Millisecond), time.UTC)
	return number(float64(t.UnixMilli()) - (found['Z']+found['z'])*60_000)
}

// year takes one of two digits into the twentieth century (ECMAScript, Date.UTC).
func year(n float64) int {
	if n >= 0 && n <= 99 {
		return 1900 + int(n)
	}
	return int(n)
}

// significance is the components that make a date and a time of day, the most
// significant first.
func significance(found map[byte]float64) (string, error) {
	has := func(components string) bool {
		return strings.ContainsFunc(components, func(c rune) bool { _, is := found[byte(c)]; return is })
	}
	date, clock := "YMD", "Hmsf"
	switch {
	case has("XxWw"):
		// The reference does not read dates of weeks either.
		return "", underspecified()
	case has("d") && !has("MD"):
		date = "Yd"
	}
	if has("hP") && !has("H") {
		clock = "Phmsf"
	}
	return date + clock, nil
}

func underspecified() error {
	return errorf("D3136", "The date/time picture string is missing specifiers required to parse the timestamp")
}

// complete fills in the components that were not found.
func complete(found map[byte]float64, order string, now time.Time) error {
	began, ended := false, false
	for i := range len(order) {
		component := order[i]
		_, is := found[component]
		switch {
		case is && ended:
			return underspecified()
		case is:
			began = true
		case !began:
			found[component] = componentOf(now, component)
		case strings.IndexByte("MDd", component) >= 0:
			found[component], ended = 1, true
		default:
			found[component], ended = 0, true
		}
	}
	return nil
}
