package wire

import (
	"fmt"
	"reflect"
	"strings"
	"time"
)

// Respond encodes an answer as the call's client expects it.
func (c *Call) Respond(out any, err error) *Response { return c.respond(out, err) }

// Err is why a call has no input.
func (c *Call) Err() error { return c.err }

// ReflectOp is an operation that is known by its types alone and never runs.
func ReflectOp(name string, in, out reflect.Type) Operation {
	return Operation{Name: name, inType: in, outType: out, newIn: func() any { return reflect.New(in).Interface() }}
}

// CheckTypes reports how an operation's types do not fit its model.
func CheckTypes(service string, op Operation) error {
	m, err := loadModel(service)
	if err != nil {
		return err
	}
	_, err = m.bindOperation(op)
	return err
}

// Samples makes an input and an output in which every member has a value.
func Samples(service string, op Operation) (in, out any, err error) {
	m, err := loadModel(service)
	if err != nil {
		return nil, nil, err
	}
	bound, err := m.bindOperation(op)
	if err != nil {
		return nil, nil, err
	}
	in, out = op.newIn(), reflect.New(op.outType).Interface()
	if bound.in != nil {
		bound.in.set(reflect.ValueOf(in).Elem(), sampleRecord(bound.model.Input.target, 6))
	}
	if bound.out != nil {
		bound.out.set(reflect.ValueOf(out).Elem(), sampleRecord(bound.model.Output.target, 6))
	}
	return in, out, nil
}

func sampleRecord(s *shape, depth int) *record {
	rec := newRecord(s)
	for _, ref := range s.members {
		if s.Name == "AttributeValue" && ref.name != "S" {
			continue // a union
		}
		if s.Name == "PutObjectRequest" && (strings.HasPrefix(ref.name, "Checksum") || ref.name == "ContentMD5") {
			continue // they are verified
		}
		rec.values[ref.index] = sampleValue(ref, depth)
	}
	return rec
}

func sampleValue(ref *memberRef, depth int) any {
	switch s := ref.target; s.Type {
	case "structure":
		if depth == 0 {
			return nil
		}
		return sampleRecord(s, depth-1)
	case "list":
		if v := sampleValue(s.Member, depth); v != nil {
			return []any{v, v}
		}
		return nil
	case "map":
		if v := sampleValue(s.Value, depth); v != nil {
			return []entry{{"key", v}}
		}
		return nil
	case "boolean":
		return true
	case "integer":
		if ref.Location == "statusCode" {
			return int64(202)
		}
		return int64(-7)
	case "long":
		if ref.name == "ContentLength" {
			return int64(len(sampleBlob))
		}
		return int64(1) << 40
	case "float", "double":
		return 1.5
	case "timestamp":
		return time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	case "blob":
		return []byte(sampleBlob)
	}
	return sampleText(ref)
}

const sampleBlob = "\x00bytes"

func sampleText(ref *memberRef) string {
	if ref.name == "Bucket" || ref.name == "EndpointId" {
		return "label" // it becomes part of a host
	}
	if ref.target.Type == "string" && ref.Location == "header" {
		return "header text"
	}
	return fmt.Sprintf("<%s & \"%s\"/é>", ref.name, ref.Shape)
}

// InexpressiblePatterns lists the patterns of a model that RE2 cannot express.
func InexpressiblePatterns(service string) ([]string, error) {
	m, err := loadModel(service)
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	for _, s := range m.Shapes {
		if s.Pattern != "" && s.pattern == nil {
			found[s.Pattern] = true
		}
	}
	return sortedKeys(found), nil
}
