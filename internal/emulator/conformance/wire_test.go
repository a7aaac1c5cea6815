package conformance_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/smithy-go/encoding/cbor"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// encode makes the request of an operation in its service's protocol, from the
// model alone.
func (g generator) encode(o operation, input map[string]any) (*wire.Request, error) {
	meta := g.model.Metadata
	r := &wire.Request{ID: "id", Method: http.MethodPost, Path: "/", Host: "localhost", Header: http.Header{}}
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/"+meta.SigningName+"/aws4_request, SignedHeaders=host, Signature=0")
	var s *shape
	if in := g.model.Operations[o.name].Input; in != nil {
		s = g.model.Shapes[in.Shape]
	}
	switch meta.Protocol {
	case "json":
		r.Header.Set("Content-Type", "application/x-amz-json-"+meta.JSONVersion)
		r.Header.Set("X-Amz-Target", meta.TargetPrefix+"."+o.name)
		return r, g.setJSON(r, s, input)
	case "query":
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		form := url.Values{"Action": {o.name}, "Version": {meta.APIVersion}}
		g.addForm(form, "", s, input)
		r.Body = []byte(form.Encode())
	case "smithy-rpc-v2-cbor":
		r.Path = "/service/" + meta.TargetPrefix + "/operation/" + o.name
		r.Header.Set("Content-Type", "application/cbor")
		r.Header.Set("Smithy-Protocol", "rpc-v2-cbor")
		r.Body = cbor.Encode(g.toCBOR(s, input))
	case "rest-json", "rest-xml":
		return r, g.encodeREST(r, o, s, input)
	default:
		return nil, fmt.Errorf("protocol %s is not known", meta.Protocol)
	}
	return r, nil
}

func (g generator) setJSON(r *wire.Request, s *shape, input map[string]any) (err error) {
	r.Body, err = json.Marshal(g.toJSON(s, input))
	return err
}

// toJSON gives members their names on the wire and blobs their coding. What is of
// another type than the shape stays as it is.
func (g generator) toJSON(s *shape, value any) any {
	if s == nil {
		return value
	}
	switch v := value.(type) {
	case string:
		if s.Type == "blob" {
			return []byte(v)
		}
	case []any:
		if s.Type == "list" {
			out := make([]any, len(v))
			for i := range v {
				out[i] = g.toJSON(g.model.Shapes[s.Member.Shape], v[i])
			}
			return out
		}
	case map[string]any:
		out := map[string]any{}
		for name, member := range v {
			key, element := g.member(s, name)
			out[key] = g.toJSON(element, member)
		}
		return out
	}
	return value
}

// member is a member's name on the wire and its shape, in a structure or a map.
func (g generator) member(s *shape, name string) (string, *shape) {
	if s.Type == "map" {
		return name, g.model.Shapes[s.Value.Shape]
	}
	ref := s.Members[name]
	if ref.LocationName != "" {
		return ref.LocationName, g.model.Shapes[ref.Shape]
	}
	return name, g.model.Shapes[ref.Shape]
}

func (g generator) addForm(form url.Values, prefix string, s *shape, value any) {
	switch v := value.(type) {
	case map[string]any:
		if s.Type == "map" {
			g.addEntries(form, prefix, s, v)
			return
		}
		for name, member := range v {
			key, element := g.member(s, name)
			g.addForm(form, strings.TrimPrefix(prefix+"."+key, "."), element, member)
		}
	case []any:
		if len(v) == 0 {
			form.Set(prefix, "")
		}
		for i, element := range v {
			g.addForm(form, prefix+".member."+strconv.Itoa(i+1), g.model.Shapes[s.Member.Shape], element)
		}
	default:
		form.Set(prefix, scalar(v))
	}
}

// addEntries writes a map as the Query protocol does.
func (g generator) addEntries(form url.Values, prefix string, s *shape, entries map[string]any) {
	for i, key := range slices.Sorted(maps.Keys(entries)) {
		entry := prefix + ".entry." + strconv.Itoa(i+1)
		form.Set(entry+".key", key)
		g.addForm(form, entry+".value", g.model.Shapes[s.Value.Shape], entries[key])
	}
}

func scalar(value any) string {
	if n, isNumber := value.(float64); isNumber {
		return strconv.FormatFloat(n, 'f', -1, 64)
	}
	return fmt.Sprint(value)
}

func (g generator) toCBOR(s *shape, value any) cbor.Value {
	switch v := value.(type) {
	case map[string]any:
		out := cbor.Map{}
		for name, member := range v {
			key, element := g.member(s, name)
			out[key] = g.toCBOR(element, member)
		}
		return out
	case []any:
		out := make(cbor.List, len(v))
		for i := range v {
			out[i] = g.toCBOR(g.model.Shapes[s.Member.Shape], v[i])
		}
		return out
	case bool:
		return cbor.Bool(v)
	case float64:
		return cborNumber(s, v)
	}
	return cbor.String(value.(string))
}

func cborNumber(s *shape, v float64) cbor.Value {
	switch {
	case s.Type == "timestamp":
		return &cbor.Tag{ID: 1, Value: cbor.Float64(v)}
	case s.Type == "double" || s.Type == "float":
		return cbor.Float64(v)
	case v < 0:
		return cbor.NegInt(-v)
	}
	return cbor.Uint(v)
}

// encodeREST puts members where their locations say.
func (g generator) encodeREST(r *wire.Request, o operation, s *shape, input map[string]any) error {
	r.Method = g.model.Operations[o.name].HTTP.Method
	path, query, _ := strings.Cut(g.model.Operations[o.name].HTTP.URI, "?")
	params, err := url.ParseQuery(query)
	if err != nil {
		return err
	}
	body := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(input)) {
		ref := s.Members[name]
		switch ref.Location {
		case "uri":
			path = strings.NewReplacer("{"+ref.LocationName+"}", url.PathEscape(scalar(input[name])), "{"+ref.LocationName+"+}", url.PathEscape(scalar(input[name]))).Replace(path)
		case "querystring":
			addAll(params, ref.LocationName, input[name])
		case "header":
			r.Header.Set(ref.LocationName, headerText(input[name]))
		case "headers":
			for key, value := range input[name].(map[string]any) {
				r.Header.Set(ref.LocationName+key, scalar(value))
			}
		default:
			body[name] = input[name]
		}
	}
	r.Path, r.Query = path, params.Encode()
	return g.setBody(r, s, body)
}

func headerText(value any) string {
	values, isList := value.([]any)
	if !isList {
		return scalar(value)
	}
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = scalar(v)
	}
	return strings.Join(texts, ",")
}

func addAll(params url.Values, name string, value any) {
	values, isList := value.([]any)
	if !isList {
		values = []any{value}
	}
	for _, v := range values {
		params.Add(name, scalar(v))
	}
}

func (g generator) setBody(r *wire.Request, s *shape, body map[string]any) error {
	if len(body) == 0 {
		return nil
	}
	if s.Payload == "" {
		r.Header.Set("Content-Type", "application/json")
		return g.setJSON(r, s, body)
	}
	payload := g.model.Shapes[s.Members[s.Payload].Shape]
	if payload.Type == "blob" {
		r.Body = []byte(scalar(body[s.Payload]))
		return nil
	}
	r.Header.Set("Content-Type", "application/xml")
	var xml strings.Builder
	g.writeXML(&xml, s.Members[s.Payload].LocationName, payload, body[s.Payload])
	r.Body = []byte(xml.String())
	return nil
}

func (g generator) writeXML(w *strings.Builder, name string, s *shape, value any) {
	fmt.Fprintf(w, "<%s>", name)
	switch v := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			key, element := g.member(s, name)
			g.writeXML(w, key, element, v[name])
		}
	case []any:
		name := s.Member.LocationName
		if name == "" {
			name = "member"
		}
		for _, e := range v {
			g.writeXML(w, name, g.model.Shapes[s.Member.Shape], e)
		}
	default:
		w.WriteString(scalar(v))
	}
	fmt.Fprintf(w, "</%s>", name)
}

// answeredCode is the error code in an answer, in whatever protocol; "" where
// there is none.
func answeredCode(resp *wire.Response) string {
	code := resp.Header.Get("X-Amzn-Errortype")
	for _, e := range []*regexp.Regexp{
		regexp.MustCompile(`"__type":"([^"]+)"`), regexp.MustCompile(`<Code>([^<]+)</Code>`),
	} {
		if found := e.FindSubmatch(resp.Body); found != nil {
			code = string(found[1])
		}
	}
	if resp.Header.Get("Content-Type") == "application/cbor" {
		if value, err := cbor.Decode(resp.Body); err == nil {
			if members, isMap := value.(cbor.Map); isMap {
				code = fmt.Sprint(members["__type"])
			}
		}
	}
	// A namespace, where there is one, ends with #.
	return code[strings.LastIndexByte(code, '#')+1:]
}
