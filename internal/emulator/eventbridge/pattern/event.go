package pattern

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// errNotObject is what Match says of an event that is no JSON object.
var errNotObject = errors.New("event must be a JSON object")

// membership is the element of an array that a field was found in.
type membership struct {
	array, element int
}

// field is a leaf of an event, with the elements of arrays around it.
type field struct {
	value   value
	members []membership
}

// fields are an event's leaves by path.
type fields map[string][]field

// flattener walks an event.
type flattener struct {
	dec    *json.Decoder
	fields fields
	arrays int
}

func flatten(event []byte) (fields, error) {
	f := &flattener{dec: json.NewDecoder(bytes.NewReader(event)), fields: fields{}}
	f.dec.UseNumber()
	token, err := f.dec.Token()
	if err != nil {
		return nil, fmt.Errorf("read event: %w", err)
	}
	if token != json.Delim('{') {
		return nil, errNotObject
	}
	if err := f.object("", nil); err != nil {
		return nil, fmt.Errorf("read event: %w", err)
	}
	return f.fields, nil
}

func (f *flattener) object(path string, members []membership) error {
	if path != "" {
		path += "."
	}
	for f.dec.More() {
		name, err := f.dec.Token()
		if err != nil {
			return err
		}
		if err := f.value(path+text(name), members); err != nil {
			return err
		}
	}
	_, err := f.dec.Token()
	return err
}

func (f *flattener) value(path string, members []membership) error {
	token, err := f.dec.Token()
	if err != nil {
		return err
	}
	switch token {
	case json.Delim('{'):
		return f.object(path, members)
	case json.Delim('['):
		return f.array(path, members)
	}
	f.fields[path] = append(f.fields[path], field{value: valueOf(token), members: members})
	return nil
}

// array walks an array's elements. Objects and arrays in it remember which
// element they were; plain values do not, so that each may satisfy a condition.
func (f *flattener) array(path string, members []membership) error {
	id := f.arrays
	f.arrays++
	for element := 0; f.dec.More(); element++ {
		token, err := f.dec.Token()
		if err != nil {
			return err
		}
		inside := append(slices.Clip(members), membership{array: id, element: element})
		switch token {
		case json.Delim('{'):
			err = f.object(path, inside)
		case json.Delim('['):
			err = f.array(path, inside)
		default:
			f.fields[path] = append(f.fields[path], field{value: valueOf(token), members: members})
		}
		if err != nil {
			return err
		}
	}
	_, err := f.dec.Token()
	return err
}

// satisfy reports whether the event meets all conditions, with values that are
// in the same element wherever they are in the same array.
func (f fields) satisfy(alt alternative) bool {
	for _, c := range alt {
		if !c.absent && !slices.ContainsFunc(f[c.path], func(x field) bool { return c.accepts(x.value) }) {
			return false
		}
	}
	return f.satisfyFrom(alt, nil)
}

func (f fields) satisfyFrom(rest alternative, so []membership) bool {
	if len(rest) == 0 {
		return true
	}
	c := rest[0]
	present := false
	var tried [][]membership
	for _, x := range f[c.path] {
		joined, ok := join(so, x.members)
		if !ok {
			continue
		}
		present = true
		if !c.accepts(x.value) || slices.ContainsFunc(tried, func(t []membership) bool { return slices.Equal(t, joined) }) {
			continue
		}
		if f.satisfyFrom(rest[1:], joined) {
			return true
		}
		tried = append(tried, joined)
	}
	return c.absent && !present && f.satisfyFrom(rest[1:], so)
}

// join adds the elements a field is in to those already decided on; it fails if
// the two name different elements of one array.
func join(so, members []membership) ([]membership, bool) {
	joined := slices.Clip(so)
	for _, m := range members {
		i := slices.IndexFunc(so, func(s membership) bool { return s.array == m.array })
		switch {
		case i < 0:
			joined = append(joined, m)
		case so[i].element != m.element:
			return nil, false
		}
	}
	return joined, true
}

func (c condition) accepts(v value) bool {
	return slices.ContainsFunc(c.matchers, func(m matcher) bool { return m.match(v) })
}
