package states_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/google/go-cmp/cmp"
)

// recording is one execution as it went on AWS.
type recording struct {
	Name            string            `json:"name"`
	Definition      json.RawMessage   `json:"definition"`
	QueryLanguage   string            `json:"query_language"`
	Input           json.RawMessage   `json:"input"`
	Lambdas         map[string]string `json:"lambdas"`
	ExpectedStatus  string            `json:"expected_status"`
	ExpectedOutput  any               `json:"expected_output"`
	ExpectedError   any               `json:"expected_error"`
	ExpectedCause   any               `json:"expected_cause"`
	ExpectedHistory []map[string]any  `json:"expected_history"`
}

// recorded reads a file of recordings from the folder that SLUICE_RECORDED names.
func recorded(t *testing.T, file string) []recording {
	t.Helper()
	dir := os.Getenv("SLUICE_RECORDED")
	if dir == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("SLUICE_RECORDED is not set: in CI the recordings must be there")
		}
		t.Skip("SLUICE_RECORDED is not set: it names the folder with what was recorded on AWS")
	}
	f, err := os.Open(filepath.Join(dir, file)) //nolint:gosec // the test's own folder
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var all []recording
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var r recording
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatalf("%s, line %d: %v", file, len(all)+1, err)
		}
		all = append(all, r)
	}
	if len(all) == 0 || lines.Err() != nil {
		t.Fatalf("%s: %d recordings, error %v", file, len(all), lines.Err())
	}
	return all
}

func TestRecorded(t *testing.T) {
	t.Parallel()
	for _, r := range recorded(t, "asl-recorded.jsonl") {
		t.Run(r.Name, func(t *testing.T) {
			t.Parallel()
			replay(t, r)
		})
	}
}

// TestRecordedWaits replays those recordings of waits and errors whose definition
// is JSONata throughout. The others are translated in waits_test.go.
func TestRecordedWaits(t *testing.T) {
	t.Parallel()
	n := 0
	for _, r := range recorded(t, "asl-recorded-waits.jsonl") {
		if r.QueryLanguage != "jsonata" || strings.Contains(string(r.Definition), `"Credentials"`) {
			continue // Credentials is refused by name: TestParseRefuses
		}
		n++
		t.Run(r.Name, func(t *testing.T) {
			t.Parallel()
			replay(t, r)
		})
	}
	if n < 10 {
		t.Errorf("%d JSONata recordings, want at least 10", n)
	}
}

func replay(t *testing.T, r recording) {
	t.Helper()
	c := newCloud()
	requests := 0
	for function, behaviour := range r.Lambdas {
		c.functions[function] = python(t, behaviour, &requests)
	}
	x := c.start(t, string(r.Definition), string(r.Input))
	c.loop.RunFor(time.Hour)
	if string(x.Status) != r.ExpectedStatus {
		t.Fatalf("status %s (%s: %s), want %s", x.Status, text(x.Error), text(x.Cause), r.ExpectedStatus)
	}
	same(t, "output", r.ExpectedOutput, parsed(x.Output))
	same(t, "error", r.ExpectedError, value(x.Error))
	same(t, "cause", r.ExpectedCause, value(x.Cause))
	if r.ExpectedHistory != nil {
		compareHistory(t, r.ExpectedHistory, x.History())
	}
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func value(s *string) any {
	if s == nil {
		return nil
	}
	return parsed(*s)
}

// parsed is the JSON in a text, or the text.
func parsed(s string) any {
	if s == "" {
		return nil
	}
	var v any
	if json.Unmarshal([]byte(s), &v) != nil {
		return s
	}
	return v
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(normal("", want, want), normal("", got, want)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func compareHistory(t *testing.T, want []map[string]any, got []types.HistoryEvent) {
	t.Helper()
	if len(want) != len(got) {
		var kinds []string
		for _, e := range got {
			kinds = append(kinds, string(e.Type))
		}
		if missing := scrambled(want); !missing {
			t.Errorf("%d events, want %d: %v", len(got), len(want), kinds)
			return
		}
	}
	if scrambled(want) {
		compareTypes(t, want, got)
		return
	}
	for i := range want {
		event := wireForm(got[i])
		if diff := cmp.Diff(normal("", want[i], want[i]), normal("", event, want[i])); diff != "" {
			t.Errorf("event %d, %s (-want +got):\n%s", i+1, got[i].Type, diff)
		}
	}
}

// scrambled reports a recording that gives the ids inside a Parallel state as
// unordered, and leaves the end of that state out.
func scrambled(events []map[string]any) bool {
	for _, e := range events {
		if _, list := e["id"].([]any); list {
			return true
		}
	}
	return false
}

// compareTypes holds the history against what such a recording still says: each
// event type's count, and the ids and the details of the events that have one.
func compareTypes(t *testing.T, want []map[string]any, got []types.HistoryEvent) {
	t.Helper()
	left := map[string]int{}
	for _, e := range got {
		left[string(e.Type)]++
	}
	for _, e := range want {
		left[e["type"].(string)]--
		if id, exact := e["id"].(float64); exact {
			if diff := cmp.Diff(normal("", e, e), normal("", wireForm(got[int(id)-1]), e)); diff != "" {
				t.Errorf("event %v (-want +got):\n%s", id, diff)
			}
		}
	}
	delete(left, "ParallelStateFailed")
	for kind, n := range left {
		if n != 0 {
			t.Errorf("%+d events of type %s", n, kind)
		}
	}
}

// wireForm is an event as JSON on the wire: names begin small, nothing empty is
// there, and texts that hold JSON are parsed, as in the recordings.
func wireForm(e types.HistoryEvent) map[string]any {
	return wireValue(reflect.ValueOf(e)).(map[string]any)
}

func wireValue(v reflect.Value) any {
	switch v.Kind() { // the kinds that events have
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return wireValue(v.Elem())
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return "timestamp"
		}
		fields := map[string]any{}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if !f.IsExported() {
				continue
			}
			if value := wireValue(v.Field(i)); value != nil && value != "" {
				fields[string(unicode.ToLower(rune(f.Name[0])))+f.Name[1:]] = value
			}
		}
		return fields
	case reflect.Map:
		if v.Len() == 0 {
			return nil
		}
		members := map[string]any{}
		for _, key := range v.MapKeys() {
			members[key.String()] = wireValue(v.MapIndex(key))
		}
		return members
	case reflect.Int32, reflect.Int64:
		return float64(v.Int())
	case reflect.Bool:
		return v.Bool()
	default:
		return v.String()
	}
}

var placeholder = regexp.MustCompile(`<[^<>]+>`)

// normal brings a value into the form of the recording: JSON in texts is parsed,
// and where the recording has a placeholder, so has the result.
func normal(key string, v, want any) any {
	if s, is := want.(string); is && v != nil {
		if s == "timestamp" || s != "" && strings.EqualFold(s, key) {
			return s
		}
		if got, too := v.(string); too && !strings.HasPrefix(s, "[") && placeholder.MatchString(s) {
			form := regexp.MustCompile(`^` + placeholder.ReplaceAllString(regexp.QuoteMeta(s), `.+`) + `$`)
			if form.MatchString(got) {
				return s
			}
		}
	}
	switch v := v.(type) {
	case string:
		if strings.HasPrefix(v, "{") || strings.HasPrefix(v, "[") {
			if _, text := parsed(v).(string); !text {
				inner := want
				if s, is := want.(string); is {
					inner = parsed(s)
				}
				return normal(key, parsed(v), inner)
			}
		}
		return v
	case []any:
		items := make([]any, len(v))
		wanted, _ := want.([]any)
		for i := range v {
			var w any
			if i < len(wanted) {
				w = wanted[i]
			}
			items[i] = normal(key, v[i], w)
		}
		return items
	case map[string]any:
		members := map[string]any{}
		wanted, _ := want.(map[string]any)
		for k := range v {
			members[k] = normal(k, v[k], wanted[k])
		}
		return members
	default:
		return v
	}
}
