package logs

import "iter"

// Merged are the lines of several, in the order of time. It ends with the first error.
func Merged(all []iter.Seq2[Line, error]) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		var heads []*head
		for _, lines := range all {
			next, stop := iter.Pull2(lines)
			defer stop()
			heads = append(heads, &head{next: next})
		}
		for {
			first, err := earliest(heads)
			if err != nil {
				yield(Line{}, err)
				return
			}
			if first == nil || !yield(first.line, nil) {
				return
			}
			first.has = false
		}
	}
}

// head is the next line of one.
type head struct {
	next      func() (Line, error, bool)
	line      Line
	has, over bool
}

// earliest is the head with the first line; nil if there is no line left.
func earliest(heads []*head) (*head, error) {
	var first *head
	for _, h := range heads {
		if !h.has && !h.over {
			var err error
			if h.line, err, h.has = h.next(); err != nil {
				return nil, err
			}
			h.over = !h.has
		}
		if h.has && (first == nil || h.line.At.Before(first.line.At)) {
			first = h
		}
	}
	return first, nil
}
