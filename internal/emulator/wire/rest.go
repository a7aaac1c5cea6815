package wire

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// restBody is how a REST protocol writes what stands in the body.
type restBody interface {
	read(s *shape, body []byte) (*record, error)
	write(resp *Response, name string, rec *record)
}

// decodeREST reads an input from path, query, headers and body
// (smithy.io, "HTTP bindings").
func decodeREST(op *apiModel, r *Request, labels map[string]string, body restBody) (*record, error) {
	if op.Input == nil {
		return nil, nil //nolint:nilnil // an operation without input
	}
	s := op.Input.target
	rec, err := decodeRESTBody(s, r, body)
	if err != nil {
		return nil, err
	}
	query, err := url.ParseQuery(r.Query)
	if err != nil {
		return nil, serializationError("read the query: %v", err)
	}
	for _, ref := range s.members {
		var v any
		switch ref.Location {
		case "uri":
			v, err = textValue(ref, labels[ref.wireName()], "iso8601", serializationError)
		case "querystring":
			v, err = listedText(ref, query[ref.wireName()], "iso8601")
		case "header":
			v, err = headerValue(ref, r.Header)
		case "headers":
			v = prefixedHeaders(ref, r.Header)
		default:
			continue
		}
		if err != nil {
			return nil, err
		}
		rec.values[ref.index] = v
	}
	return rec, nil
}

// decodeRESTBody reads the members without a place of their own, or the payload.
func decodeRESTBody(s *shape, r *Request, body restBody) (*record, error) {
	if s.Payload == "" {
		if len(r.Body) == 0 {
			return newRecord(s), nil
		}
		return body.read(s, r.Body)
	}
	rec := newRecord(s)
	ref := s.member(s.Payload)
	switch ref.target.Type {
	case "blob":
		if len(r.Body) > 0 || ref.Streaming || ref.target.Streaming {
			rec.values[ref.index] = append([]byte{}, r.Body...)
		}
	case "string":
		if len(r.Body) > 0 {
			rec.values[ref.index] = string(r.Body)
		}
	default:
		if len(r.Body) == 0 {
			break
		}
		payload, err := body.read(ref.target, r.Body)
		if err != nil {
			return nil, err
		}
		rec.values[ref.index] = payload
	}
	return rec, nil
}

// listedText reads the values under one name: all of them for a list.
func listedText(ref *memberRef, texts []string, timestamps string) (any, error) {
	if len(texts) == 0 {
		return nil, nil //nolint:nilnil // it was not sent
	}
	if ref.target.Type != "list" {
		return textValue(ref, texts[0], timestamps, serializationError)
	}
	values := make([]any, len(texts))
	for i, text := range texts {
		v, err := textValue(ref.target.Member, text, timestamps, serializationError)
		if err != nil {
			return nil, err
		}
		values[i] = v
	}
	return values, nil
}

func headerValue(ref *memberRef, h http.Header) (any, error) {
	texts := h.Values(ref.wireName())
	if ref.target.Type == "list" && len(texts) > 0 {
		texts = splitHeader(strings.Join(texts, ","))
	}
	return listedText(ref, texts, "rfc822")
}

// splitHeader splits a header's list at its commas. An element with a comma or a
// quotation mark in it is a quoted string (RFC 9110, section 5.6.4).
func splitHeader(text string) []string {
	var parts []string
	var part strings.Builder
	quoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\\' && quoted && i+1 < len(text):
			i++
			part.WriteByte(text[i])
		case c == ',' && !quoted:
			parts = append(parts, strings.TrimSpace(part.String()))
			part.Reset()
		default:
			part.WriteByte(c)
		}
	}
	return append(parts, strings.TrimSpace(part.String()))
}

func quoteHeader(text string) string {
	if !strings.ContainsAny(text, `",`) {
		return text
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

// prefixedHeaders are the headers with a prefix, as a map of what follows it.
func prefixedHeaders(ref *memberRef, h http.Header) any {
	var entries []entry
	for _, name := range sortedKeys(h) {
		if len(name) > len(ref.LocationName) && strings.EqualFold(name[:len(ref.LocationName)], ref.LocationName) {
			entries = append(entries, entry{strings.ToLower(name[len(ref.LocationName):]), h.Get(name)})
		}
	}
	if entries == nil {
		return nil
	}
	return entries
}

// encodeREST writes an output to status, headers and body.
func encodeREST(resp *Response, out *record, body restBody) {
	if out == nil {
		return
	}
	writeHeaders(resp, out)
	if out.shape.Payload == "" {
		if out.inBody() {
			body.write(resp, "", out)
		}
		return
	}
	switch v := out.get(out.shape.Payload).(type) {
	case []byte:
		if resp.Header.Get("Content-Type") == "" {
			resp.Header.Set("Content-Type", "application/octet-stream")
		}
		resp.Body = v
	case string:
		resp.Body = []byte(v)
	case *record:
		body.write(resp, out.shape.member(out.shape.Payload).wireName(), v)
	}
}

// inBody reports whether the shape has members that stand in the body.
func (r *record) inBody() bool {
	for _, ref := range r.shape.members {
		if ref.Location == "" {
			return true
		}
	}
	return false
}

// writeHeaders writes what an output or an error has in headers and status.
func writeHeaders(resp *Response, rec *record) {
	for i, v := range rec.values {
		ref := rec.shape.members[i]
		if v == nil {
			continue
		}
		switch ref.Location {
		case "statusCode":
			if status := int(v.(int64)); status != 0 { // else the model's
				resp.Status = status
			}
		case "header":
			resp.Header.Set(ref.wireName(), headerText(ref, v))
		case "headers":
			for _, e := range v.([]entry) {
				resp.Header.Set(ref.LocationName+e.key, scalarText(ref.target.Value, e.value, "rfc822"))
			}
		}
	}
}

func headerText(ref *memberRef, v any) string {
	values, ok := v.([]any)
	if !ok {
		return scalarText(ref, v, "rfc822")
	}
	texts := make([]string, len(values))
	for i := range values {
		texts[i] = quoteHeader(scalarText(ref.target.Member, values[i], "rfc822"))
	}
	return strings.Join(texts, ", ")
}

// restJSON is AWS REST-JSON (smithy.io, "AWS restJson1 protocol").
type restJSON struct{ labels map[string]string }

func (p restJSON) decode(op *apiModel, r *Request) (*record, error) {
	return decodeREST(op, r, p.labels, jsonBody{})
}

func (p restJSON) encode(_ *Call, resp *Response, out *record) {
	resp.Header.Set("Content-Type", "application/json")
	encodeREST(resp, out, jsonBody{})
	if resp.Body == nil && (out == nil || out.shape.Payload == "") && resp.Status != http.StatusNoContent {
		resp.Body = []byte("{}")
	}
}

func (restJSON) fail(resp *Response, _ *model, f *failure) {
	resp.Header.Set("Content-Type", "application/json")
	resp.Header.Set("X-Amzn-Errortype", f.shape)
	if f.detail != nil {
		writeHeaders(resp, f.detail)
		resp.Body = encodeJSON(f.detail)
		return
	}
	resp.Body = append(appendString([]byte(`{"message":`), f.message), '}')
}

type jsonBody struct{}

func (jsonBody) read(s *shape, body []byte) (*record, error) {
	return decodeJSONDocument(&messageRef{target: s}, body)
}

func (jsonBody) write(resp *Response, _ string, rec *record) {
	resp.Header.Set("Content-Type", "application/json")
	resp.Body = encodeJSON(rec)
}

// restXML is AWS REST-XML as S3 speaks it (smithy.io, "AWS restXml protocol").
type restXML struct{ labels map[string]string }

func (p restXML) decode(op *apiModel, r *Request) (*record, error) {
	plain, err := readS3Payload(r)
	if err != nil {
		return nil, err
	}
	rec, err := decodeREST(op, plain, p.labels, xmlBody{})
	return rec, invalidArgument(err)
}

// invalidArgument is S3's code for a header or a parameter that cannot be read
// (AWS: Amazon S3 API Reference, "Error responses").
func invalidArgument(err error) error {
	var own *wireError
	if errors.As(err, &own) && own.code == "SerializationException" {
		return &wireError{code: "InvalidArgument", message: own.message, status: own.status}
	}
	return err
}

func (p restXML) encode(_ *Call, resp *Response, out *record) {
	setS3IDs(resp.Header)
	encodeREST(resp, out, xmlBody{})
	if resp.Header.Get("Content-Range") != "" {
		resp.Status = http.StatusPartialContent // AWS: S3 API Reference, GetObject
	}
}

func (restXML) fail(resp *Response, _ *model, f *failure) {
	setS3IDs(resp.Header)
	resp.Header.Set("Content-Type", "application/xml")
	w := xmlWriter{}
	w.buf.WriteString(xmlProlog)
	w.open("Error", "")
	w.text("Code", f.code)
	w.text("Message", f.message)
	w.text("RequestId", resp.Header.Get("X-Amz-Request-Id"))
	w.close("Error")
	resp.Body = w.bytes()
}

const xmlProlog = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

type xmlBody struct{}

func (xmlBody) read(s *shape, body []byte) (*record, error) {
	root, err := parseXML(body)
	if err != nil {
		return nil, malformedXML("%v", err)
	}
	return xmlStructure(s, root)
}

func (xmlBody) write(resp *Response, name string, rec *record) {
	resp.Header.Set("Content-Type", "application/xml")
	if name == "" {
		name = rootElement(rec.shape)
	}
	w := xmlWriter{timestamps: "iso8601", element: "member"}
	w.buf.WriteString(xmlProlog)
	w.open(name, namespaceAttr(s3Namespace))
	w.members(rec)
	w.close(name)
	resp.Body = w.bytes()
}
