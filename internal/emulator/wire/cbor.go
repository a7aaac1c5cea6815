package wire

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"
)

// rpcCBOR is Smithy RPC v2 CBOR: the operation in the path, one CBOR document
// each way (smithy.io, "Smithy RPC v2 CBOR protocol").
type rpcCBOR struct{}

func (rpcCBOR) decode(op *apiModel, r *Request) (*record, error) {
	if op.Input == nil {
		return nil, nil //nolint:nilnil // an operation without input
	}
	if len(r.Body) == 0 {
		return newRecord(op.Input.target), nil
	}
	if err := checkCBORDepth(r.Body); err != nil {
		return nil, serializationError("%v", err)
	}
	doc, err := cbor.Decode(r.Body)
	if err != nil {
		return nil, serializationError("%v", err)
	}
	fields, ok := doc.(cbor.Map)
	if !ok {
		return nil, serializationError("want a CBOR map, got %T", doc)
	}
	return cborStructure(op.Input.target, fields)
}

func cborStructure(s *shape, fields cbor.Map) (*record, error) {
	rec := newRecord(s)
	for _, ref := range s.members {
		raw, ok := fields[ref.name]
		if !ok || cborAbsent(raw) {
			continue
		}
		v, err := cborValue(ref, raw)
		if err != nil {
			return nil, err
		}
		rec.values[ref.index] = v
	}
	return rec, nil
}

func cborAbsent(v cbor.Value) bool {
	switch v.(type) {
	case *cbor.Nil, *cbor.Undefined:
		return true
	}
	return false
}

func cborValue(ref *memberRef, raw cbor.Value) (any, error) {
	switch s := ref.target; s.Type {
	case "structure":
		if fields, ok := raw.(cbor.Map); ok {
			return cborStructure(s, fields)
		}
	case "list":
		if elements, ok := raw.(cbor.List); ok {
			return cborList(s, elements)
		}
	case "map":
		if fields, ok := raw.(cbor.Map); ok {
			return cborMap(s, fields)
		}
	default:
		if v, ok := cborScalar(s, raw); ok {
			return v, nil
		}
	}
	return nil, serializationError("Unexpected value at %s: want %s, got %T", ref.label(), ref.target.Type, raw)
}

func cborList(s *shape, elements cbor.List) (any, error) {
	values := make([]any, len(elements))
	for i, element := range elements {
		if cborAbsent(element) {
			continue
		}
		v, err := cborValue(s.Member, element)
		if err != nil {
			return nil, err
		}
		values[i] = v
	}
	return values, nil
}

func cborMap(s *shape, fields cbor.Map) (any, error) {
	entries := make([]entry, 0, len(fields))
	for _, key := range sortedKeys(fields) {
		e := entry{key: key}
		if !cborAbsent(fields[key]) {
			v, err := cborValue(s.Value, fields[key])
			if err != nil {
				return nil, err
			}
			e.value = v
		}
		entries = append(entries, e)
	}
	return entries, nil
}

func cborScalar(s *shape, raw cbor.Value) (any, bool) {
	switch s.Type {
	case "boolean":
		b, ok := raw.(cbor.Bool)
		return bool(b), ok
	case "integer":
		i, err := cbor.AsInt32(raw)
		return int64(i), err == nil
	case "long":
		i, err := cbor.AsInt64(raw)
		return i, err == nil
	case "float", "double":
		f, err := cbor.AsFloat64(raw)
		return f, err == nil
	case "timestamp":
		return cborTime(raw)
	case "blob":
		b, ok := raw.(cbor.Slice)
		return []byte(b), ok
	}
	text, ok := raw.(cbor.String)
	return string(text), ok
}

// cborTime reads tag 1: seconds since 1970, whole or not.
func cborTime(raw cbor.Value) (any, bool) {
	tag, ok := raw.(*cbor.Tag)
	if !ok || tag.ID != 1 {
		return nil, false
	}
	seconds, err := cbor.AsFloat64(tag.Value)
	if err != nil {
		return nil, false
	}
	t, err := epochTime(seconds)
	return t, err == nil
}

func (rpcCBOR) encode(_ *Call, resp *Response, out *record) {
	setCBOR(resp)
	if out == nil {
		resp.Body = appendCBORHead(nil, 5, 0)
		return
	}
	resp.Body = appendCBOR(nil, out)
}

func setCBOR(resp *Response) {
	resp.Header.Set("Content-Type", "application/cbor")
	resp.Header.Set("Smithy-Protocol", "rpc-v2-cbor")
}

func (rpcCBOR) fail(resp *Response, m *model, f *failure) {
	setCBOR(resp)
	f.setQueryError(resp.Header, m)
	b := appendCBORHead(nil, 5, 1+f.detail.len())
	b = appendCBOR(b, "__type")
	b = appendCBOR(b, f.typeName(m))
	if f.detail != nil {
		resp.Body = appendCBORMembers(b, f.detail)
		return
	}
	b = appendCBOR(b, "message")
	resp.Body = appendCBOR(b, f.message)
}

// len is how many members are present; a nil record has a message alone.
func (r *record) len() uint64 {
	if r == nil {
		return 1
	}
	n := uint64(0)
	for _, v := range r.values {
		if v != nil {
			n++
		}
	}
	return n
}

// appendCBOR writes a value in the neutral form. It is here and not in smithy-go
// because maps keep their order, so that the same answer has the same bytes.
func appendCBOR(b []byte, v any) []byte {
	switch v := v.(type) {
	case *record:
		return appendCBORMembers(appendCBORHead(b, 5, v.len()), v)
	case []any:
		b = appendCBORHead(b, 4, uint64(len(v)))
		for _, element := range v {
			b = appendCBOR(b, element)
		}
		return b
	case []entry:
		b = appendCBORHead(b, 5, uint64(len(v)))
		for _, e := range v {
			b = appendCBOR(appendCBOR(b, e.key), e.value)
		}
		return b
	case string:
		return append(appendCBORHead(b, 3, uint64(len(v))), v...)
	case []byte:
		return append(appendCBORHead(b, 2, uint64(len(v))), v...)
	case bool:
		if v {
			return append(b, 0xf5)
		}
		return append(b, 0xf4)
	case int64:
		if v < 0 {
			return appendCBORHead(b, 1, uint64(^v)) //nolint:gosec // -1 less the number, as RFC 8949 has it
		}
		return appendCBORHead(b, 0, uint64(v))
	case float64:
		return binary.BigEndian.AppendUint64(append(b, 0xfb), math.Float64bits(v))
	case time.Time:
		return appendCBOR(appendCBORHead(b, 6, 1), float64(v.UnixMilli())/1000)
	}
	return append(b, 0xf6)
}

func appendCBORMembers(b []byte, rec *record) []byte {
	for i, v := range rec.values {
		if v != nil {
			b = appendCBOR(appendCBOR(b, rec.shape.members[i].name), v)
		}
	}
	return b
}

// appendCBORHead writes an item's major type and argument in the fewest bytes.
func appendCBORHead(b []byte, major byte, n uint64) []byte {
	major <<= 5
	switch {
	case n < 24:
		return append(b, major|byte(n))
	case n <= math.MaxUint8:
		return append(b, major|24, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, major|25), uint16(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(b, major|26), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(b, major|27), n)
}
