package pattern

import "slices"

// maxComplexity is how many prefixes of a field's wildcard patterns one input may
// match at once (AWS: EventBridge User Guide on wildcard complexity; Ruler's
// guide to limiting the complexity of single rules, which names ten).
const maxComplexity = 10

// maxStates bounds the search for that input.
const maxStates = 5000

// anyRun is the element of a glob that stands for any run of bytes.
const anyRun = -1

// glob is a wildcard pattern: bytes and anyRun.
type glob []int

// parseGlob reads a wildcard pattern. Positions in errors count from the quote
// before the string, as Ruler's do.
func parseGlob(s string) (glob, error) {
	var g glob
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '*':
			if i+1 < len(s) && s[i+1] == '*' {
				return nil, invalid("Consecutive wildcard characters at pos %d", i+1)
			}
			g = append(g, anyRun)
		case '\\':
			if i+1 == len(s) || (s[i+1] != '*' && s[i+1] != '\\') {
				return nil, invalid("Invalid escape character at pos %d", i+1)
			}
			i++
			g = append(g, int(s[i]))
		default:
			g = append(g, int(s[i]))
		}
	}
	return g, nil
}

func (g glob) match(v value) bool {
	if !v.isString {
		return false
	}
	state := g.start()
	for i := range len(v.text) {
		state = g.step(state, v.text[i])
	}
	return state[len(g)]
}

// start is which prefixes of the glob match nothing, by their length.
func (g glob) start() []bool {
	state := make([]bool, len(g)+1)
	state[0] = true
	return g.skipRuns(state)
}

// step is which prefixes match when one more byte has been read.
func (g glob) step(state []bool, b byte) []bool {
	next := make([]bool, len(g)+1)
	for i, element := range g {
		switch {
		case element == anyRun && state[i+1]:
			next[i+1] = true
		case element == int(b) && state[i]:
			next[i+1] = true
		}
	}
	return g.skipRuns(next)
}

func (g glob) skipRuns(state []bool) []bool {
	for i, element := range g {
		if element == anyRun && state[i] {
			state[i+1] = true
		}
	}
	return state
}

// tooComplex reports whether an event could keep more prefixes of a field's
// wildcard patterns alive than EventBridge accepts.
func tooComplex(alt alternative) bool {
	return slices.ContainsFunc(alt, func(c condition) bool {
		var globs []glob
		for _, m := range c.matchers {
			switch m := m.(type) {
			case glob:
				globs = append(globs, m)
			case anythingBut:
				for _, not := range m.matchers {
					if g, ok := not.(glob); ok {
						globs = append(globs, g)
					}
				}
			}
		}
		return len(globs) > 0 && mostPrefixes(globs) > maxComplexity
	})
}

// mostPrefixes is the largest number of prefixes that one input matches, found
// by walking every reachable set of them.
func mostPrefixes(globs []glob) int {
	var states []bool
	var bytes []byte
	for _, g := range globs {
		states = append(states, g.start()...)
		for _, element := range g {
			if element != anyRun && !slices.Contains(bytes, byte(element)) {
				bytes = append(bytes, byte(element))
			}
		}
	}
	seen := map[string]bool{}
	most := 0
	for queue := [][]bool{states}; len(queue) > 0; queue = queue[1:] {
		for _, b := range bytes {
			next := stepAll(globs, queue[0], b)
			key := string(pack(next))
			if seen[key] {
				continue
			}
			seen[key] = true
			if len(seen) > maxStates {
				return maxComplexity + 1
			}
			alive := 0
			for _, is := range next {
				if is {
					alive++
				}
			}
			if most = max(most, alive); most > maxComplexity {
				return most
			}
			queue = append(queue, next)
		}
	}
	return most
}

func stepAll(globs []glob, states []bool, b byte) []bool {
	var next []bool
	at := 0
	for _, g := range globs {
		next = append(next, g.step(states[at:at+len(g)+1], b)...)
		at += len(g) + 1
	}
	return next
}

func pack(states []bool) []byte {
	out := make([]byte, len(states))
	for i, is := range states {
		if is {
			out[i] = 1
		}
	}
	return out
}
