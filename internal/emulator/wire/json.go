package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"
)

// awsJSON is AWS JSON 1.0 and 1.1: the operation in X-Amz-Target, one JSON
// document each way (smithy.io, "AWS JSON 1.0 protocol").
type awsJSON struct{ version string }

func (p awsJSON) decode(op *apiModel, r *Request) (*record, error) {
	return decodeJSONDocument(op.Input, r.Body)
}

// decodeJSONDocument reads a whole body; none at all is an empty structure.
func decodeJSONDocument(ref *messageRef, body []byte) (*record, error) {
	if ref == nil {
		return nil, nil //nolint:nilnil // an operation without input
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return newRecord(ref.target), nil
	}
	doc, err := parseJSON(body)
	if err != nil {
		return nil, serializationError("%v", err)
	}
	fields, ok := doc.(map[string]any)
	if !ok {
		return nil, serializationError("Unexpected field type: want a JSON object, got %s", jsonKind(doc))
	}
	return jsonReader{names: (*memberRef).wireName, timestamps: "unixTimestamp"}.structure(ref.target, fields)
}

func parseJSON(body []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var doc any
	if err := d.Decode(&doc); err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("read JSON: something follows the document")
	}
	return doc, nil
}

func (p awsJSON) encode(_ *Call, resp *Response, out *record) {
	resp.Header.Set("Content-Type", "application/x-amz-json-"+p.version)
	resp.Body = encodeJSON(out)
}

func (p awsJSON) fail(resp *Response, m *model, f *failure) {
	resp.Header.Set("Content-Type", "application/x-amz-json-"+p.version)
	f.setQueryError(resp.Header, m)
	body := append([]byte(`{"__type":`), appendString(nil, f.typeName(m))...)
	resp.Body = append(f.appendJSONMembers(body), '}')
}

// setQueryError names the error as the service's older Query protocol did
// (smithy.io, "AWS Query-compatible protocols": x-amzn-query-error).
func (f *failure) setQueryError(h http.Header, m *model) {
	if m.Metadata.QueryCompatible == nil {
		return
	}
	who := "Receiver"
	if f.sender {
		who = "Sender"
	}
	h.Set("X-Amzn-Query-Error", f.code+";"+who)
}

// appendJSONMembers adds the error's members, each after a comma.
func (f *failure) appendJSONMembers(body []byte) []byte {
	if f.detail == nil {
		return append(append(body, `,"message":`...), appendString(nil, f.message)...)
	}
	members := encodeJSON(f.detail)
	if len(members) > len("{}") {
		body = append(append(body, ','), members[1:len(members)-1]...)
	}
	return body
}

// jsonReader turns a parsed document into the neutral form.
type jsonReader struct {
	names      func(*memberRef) string
	timestamps string // the format where the model states none
}

func (j jsonReader) structure(s *shape, fields map[string]any) (*record, error) {
	rec := newRecord(s)
	for _, ref := range s.members {
		raw, ok := fields[j.names(ref)]
		if !ok || raw == nil {
			continue
		}
		v, err := j.value(ref, raw)
		if err != nil {
			return nil, err
		}
		rec.values[ref.index] = v
	}
	return rec, nil
}

func (j jsonReader) value(ref *memberRef, raw any) (any, error) {
	switch s := ref.target; s.Type {
	case "structure":
		if fields, ok := raw.(map[string]any); ok {
			return j.structure(s, fields)
		}
		return nil, jsonMismatch(ref, "START_OBJECT", raw)
	case "list":
		return j.list(ref, raw)
	case "map":
		return j.mapping(ref, raw)
	default:
		return j.scalar(ref, raw)
	}
}

func (j jsonReader) list(ref *memberRef, raw any) (any, error) {
	elements, ok := raw.([]any)
	if !ok {
		return nil, jsonMismatch(ref, "START_ARRAY", raw)
	}
	values := make([]any, len(elements))
	for i, element := range elements {
		if element == nil {
			continue
		}
		v, err := j.value(ref.target.Member, element)
		if err != nil {
			return nil, err
		}
		values[i] = v
	}
	return values, nil
}

func (j jsonReader) mapping(ref *memberRef, raw any) (any, error) {
	fields, ok := raw.(map[string]any)
	if !ok {
		return nil, jsonMismatch(ref, "START_OBJECT", raw)
	}
	entries := make([]entry, 0, len(fields))
	for _, key := range sortedKeys(fields) {
		e := entry{key: key}
		if fields[key] != nil {
			v, err := j.value(ref.target.Value, fields[key])
			if err != nil {
				return nil, err
			}
			e.value = v
		}
		entries = append(entries, e)
	}
	return entries, nil
}

func (j jsonReader) scalar(ref *memberRef, raw any) (any, error) {
	switch s := ref.target; s.Type {
	case "boolean":
		if b, ok := raw.(bool); ok {
			return b, nil
		}
	case "integer", "long":
		if n, ok := raw.(json.Number); ok {
			return jsonInteger(s, n)
		}
	case "float", "double":
		return jsonFloat(ref, raw)
	case "timestamp":
		return j.timestamp(ref, raw)
	case "blob":
		if text, ok := raw.(string); ok {
			b, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				return nil, serializationError("%s is not valid Base64", ref.label())
			}
			return b, nil
		}
	default:
		if text, ok := raw.(string); ok {
			return text, nil
		}
	}
	return nil, jsonMismatch(ref, ref.target.Type, raw)
}

// jsonInteger reads whole numbers, also written as 1.0 or 1e3.
func jsonInteger(s *shape, n json.Number) (any, error) {
	bits := 32
	if s.Type == "long" {
		bits = 64
	}
	if i, err := strconv.ParseInt(n.String(), 10, bits); err == nil {
		return i, nil
	}
	f, err := n.Float64()
	if err != nil || f != math.Trunc(f) || math.Abs(f) >= math.Exp2(float64(bits-1)) {
		return nil, serializationError("NUMBER_VALUE cannot be converted to %s", javaName(s.Type))
	}
	return int64(f), nil
}

// jsonFloat reads numbers and the three names that stand for what JSON cannot
// write (smithy.io, "AWS JSON": NaN, Infinity, -Infinity).
func jsonFloat(ref *memberRef, raw any) (any, error) {
	switch n := raw.(type) {
	case json.Number:
		f, err := n.Float64()
		if err != nil {
			return nil, serializationError("NUMBER_VALUE cannot be converted to %s", javaName(ref.target.Type))
		}
		return f, nil
	case string:
		switch n {
		case "NaN":
			return math.NaN(), nil
		case "Infinity":
			return math.Inf(1), nil
		case "-Infinity":
			return math.Inf(-1), nil
		}
	}
	return nil, jsonMismatch(ref, ref.target.Type, raw)
}

func (j jsonReader) timestamp(ref *memberRef, raw any) (any, error) {
	switch v := raw.(type) {
	case json.Number:
		f, err := v.Float64()
		if err == nil {
			return epochTime(f)
		}
	case string:
		return parseTime(v)
	}
	return nil, jsonMismatch(ref, "timestamp", raw)
}

// encodeJSON writes a structure; members that are absent are left out.
func encodeJSON(rec *record) []byte {
	if rec == nil {
		return []byte("{}")
	}
	return jsonWriter{names: (*memberRef).wireName, timestamps: "unixTimestamp"}.structure(nil, rec)
}

type jsonWriter struct {
	names      func(*memberRef) string
	timestamps string // the format where the model states none
	everywhere bool   // also what REST has in headers
}

func (w jsonWriter) structure(b []byte, rec *record) []byte {
	b = append(b, '{')
	first := true
	for i, v := range rec.values {
		ref := rec.shape.members[i]
		if v == nil || ref.Location != "" && !w.everywhere {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = appendString(b, w.names(ref))
		b = append(b, ':')
		b = w.value(b, ref, v)
	}
	return append(b, '}')
}

func (w jsonWriter) value(b []byte, ref *memberRef, v any) []byte {
	switch v := v.(type) {
	case *record:
		return w.structure(b, v)
	case []any:
		b = append(b, '[')
		for i, element := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = w.value(b, ref.target.Member, element)
		}
		return append(b, ']')
	case []entry:
		b = append(b, '{')
		for i, e := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendString(b, e.key)
			b = append(b, ':')
			b = w.value(b, ref.target.Value, e.value)
		}
		return append(b, '}')
	case string:
		return appendString(b, v)
	case bool:
		return strconv.AppendBool(b, v)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case float64:
		return appendFloat(b, v)
	case []byte:
		b = append(b, '"')
		b = base64.StdEncoding.AppendEncode(b, v)
		return append(b, '"')
	case time.Time:
		return appendJSONTime(b, v, ref.timestampFormat(w.timestamps))
	default:
		return append(b, "null"...)
	}
}

func appendFloat(b []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(b, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(b, `"-Infinity"`...)
	case f == math.Trunc(f) && math.Abs(f) < 1e15:
		return strconv.AppendFloat(b, f, 'f', 1, 64)
	}
	return strconv.AppendFloat(b, f, 'g', -1, 64)
}

func appendJSONTime(b []byte, t time.Time, format string) []byte {
	if format == "unixTimestamp" {
		return appendEpoch(b, t)
	}
	return appendString(b, formatTime(t, format))
}

// appendString writes a JSON string; bytes that are not UTF-8 become U+FFFD.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, `\n`...)
		case c == '\r':
			b = append(b, `\r`...)
		case c == '\t':
			b = append(b, `\t`...)
		case c < ' ':
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		case c < utf8.RuneSelf:
			b = append(b, c)
		default:
			r, size := utf8.DecodeRuneInString(s[i:])
			b = utf8.AppendRune(b, r)
			i += size
			continue
		}
		i++
	}
	return append(b, '"')
}

// jsonMismatch is what AWS's JSON reader says of a value of another type.
func jsonMismatch(ref *memberRef, want string, raw any) error {
	return serializationError("Unexpected value at %s: want %s, got %s", ref.label(), want, jsonKind(raw))
}

func jsonKind(v any) string {
	switch v := v.(type) {
	case map[string]any:
		return "START_OBJECT"
	case []any:
		return "START_ARRAY"
	case string:
		return "STRING_VALUE"
	case json.Number:
		return "NUMBER_VALUE"
	case bool:
		if v {
			return "TRUE_VALUE"
		}
		return "FALSE_VALUE"
	}
	return "VALUE_NULL"
}
