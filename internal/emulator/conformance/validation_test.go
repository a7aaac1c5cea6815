package conformance_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/smithy-go"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// passed is the code of what got through validation.
const passed = "PassedValidation"

// TestValidationIsTheModels sends, for every operation, an input with only what
// its model requires, and inputs with one constraint of the model broken each, in
// the service's protocol.
func TestValidationIsTheModels(t *testing.T) {
	t.Parallel()
	mux := newCloud(t).Mux
	mux.Authorize = func(*wire.Call, any) error {
		return &smithy.GenericAPIError{Code: passed, Message: "the input is valid", Fault: smithy.FaultServer}
	}
	all := new(models)
	sent := map[kind]int{}
	for _, o := range listed(t) {
		g := generator{all.of(t, o.service)}
		for _, s := range g.samples(o) {
			sent[s.kind]++
			checkSample(t, mux, g, o, s)
		}
	}
	for _, k := range []kind{valid, missing, tooSmall, tooLarge, noEnum, noMatch, noType} {
		if sent[k] < 100 {
			t.Errorf("%d inputs were %s, want at least 100", sent[k], k)
		}
	}
	t.Logf("sent: %v", sent)
}

// samples are the inputs of an operation, the valid one first.
func (g generator) samples(o operation) []sample {
	in := g.model.Operations[o.name].Input
	if in == nil {
		return []sample{{kind: valid, value: map[string]any{}}}
	}
	s := g.model.Shapes[in.Shape]
	all := []sample{{kind: valid, value: g.minimal(s), shape: s}}
	for _, bad := range g.variants(s, nil) {
		if bad.path != "" && g.canBeSent(s, bad) {
			all = append(all, bad)
		}
	}
	return all
}

func checkSample(t *testing.T, mux *wire.Mux, g generator, o operation, s sample) {
	t.Helper()
	r, err := g.encode(o, s.value.(map[string]any))
	if err != nil {
		t.Fatalf("%s with %s %s: %v", o, s.path, s.kind, err)
	}
	var resp *wire.Response
	mux.Handle(t.Context(), r, func(answer *wire.Response) { resp = answer })
	if resp == nil {
		t.Fatalf("%s with %s %s: no answer", o, s.path, s.kind)
	}
	code := answeredCode(resp)
	switch {
	case r.Method == http.MethodHead: // its answer has no code, but what passed has status 500
		if isRefused := resp.Status == http.StatusBadRequest; isRefused == (s.kind == valid) {
			t.Errorf("%s with %s %s is answered %d, want 400 or, for valid input, 500", o, s.path, s.kind, resp.Status)
		}
	case s.kind == valid:
		if code != passed {
			t.Errorf("%s with %s valid (%.200v): %d %s, want it to pass", o, s.path, s.value, resp.Status, resp.Body)
		}
	case resp.Status < 400 || resp.Status > 499 || !slices.Contains(validationCodes(o.service), code):
		t.Errorf("%s with %s %s: %d %s, want 4xx and one of %v", o, s.path, s.kind, resp.Status, code, validationCodes(o.service))
	}
}

// canBeSent leaves out what the service's protocol has no way to say.
func (g generator) canBeSent(input *shape, s sample) bool {
	if g.model.Metadata.Protocol == "query" {
		return !s.bare && (s.kind != noType || isParsed(s.shape)) // a structure is its members, all is text
	}
	if !strings.HasPrefix(g.model.Metadata.Protocol, "rest-") {
		return true
	}
	name, rest, _ := strings.Cut(strings.TrimPrefix(s.path, "."), ".")
	name, _, _ = strings.Cut(name, "[")
	name, _, _ = strings.Cut(name, "{")
	switch location := input.Members[name].Location; {
	case name == "ContentLength": // HTTP's own
		return false
	case location == "uri": // without it the path is another operation's
		return s.kind != missing && s.kind != tooSmall && s.kind != noType
	case location != "", rest == "" && name == input.Payload:
		return s.kind != noType || isParsed(s.shape)
	case g.model.Metadata.Protocol == "rest-xml":
		return s.kind != noType || isParsed(s.shape)
	}
	return true
}

// isParsed tells whether a shape's values have a form of their own as text.
func isParsed(s *shape) bool {
	return slices.Contains([]string{"integer", "long", "float", "double", "boolean", "timestamp"}, s.Type)
}
