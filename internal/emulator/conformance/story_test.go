package conformance_test

import (
	"fmt"
	"io"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// story is a sequence of calls with what AWS answers to each.
type story struct {
	name  string
	steps []step
	// notMoto, when set, says why moto_server cannot be asked at all, and after
	// "AWS:" the source of what the story expects.
	notMoto string
}

// step is one call, or time that passes.
type step struct {
	in        any    // the SDK's input, which names service and operation
	code      string // of the error; "" for success
	wants     []expectation
	saves     map[string]string // path of the output by name
	anonymous bool              // the call is not signed
	wait      time.Duration
	// moto, when set, says that moto_server answers this call in another way than
	// AWS, and after "AWS:" which source decides.
	moto string
}

// expectation is the value at a path of an output.
type expectation struct {
	path  string
	value any            // nil: there is none
	like  *regexp.Regexp // instead of value
	moto  string         // as step's
}

type option func(*step)

// ok is a call that succeeds. In the input's strings ${name} stands for a saved
// value.
func ok(in any, options ...option) step { return newStep(step{in: in}, options) }

// fails is a call that is answered with an error.
func fails(code string, in any, options ...option) step {
	return newStep(step{in: in, code: code}, options)
}

// wait lets time of the cloud pass.
func wait(d time.Duration) step { return step{wait: d} }

func newStep(s step, options []option) step {
	s.saves = map[string]string{}
	for _, o := range options {
		o(&s)
	}
	return s
}

// want expects a value at a path such as "Clusters.0.Status"; "#" is the length
// of a list or map.
func want(path string, value any) option {
	return func(s *step) { s.wants = append(s.wants, expectation{path: path, value: value}) }
}

// like expects a text that a regular expression matches as a whole.
func like(path, pattern string) option {
	return func(s *step) {
		s.wants = append(s.wants, expectation{path: path, like: regexp.MustCompile(`\A(?:` + pattern + `)\z`)})
	}
}

// save keeps a value of the output for later inputs and expectations.
func save(name, path string) option { return func(s *step) { s.saves[name] = path } }

// unsigned sends the call without credentials.
func unsigned() option { return func(s *step) { s.anonymous = true } }

// moto notes that moto_server answers the whole call otherwise.
func moto(note string) option { return func(s *step) { s.moto = note } }

// motoValue notes that moto_server has another value where the option before it
// expects one.
func motoValue(note string) option {
	return func(s *step) { s.wants[len(s.wants)-1].moto = note }
}

// target is what answers the calls of a story.
type target struct {
	call func(t *testing.T, in any, anonymous bool) (out any, code string, err error)
	wait func(time.Duration)
	// known are values that ${name} stands for from the start: ${vpc}, ${subnet1}
	// and ${subnet2}, which EC2 has and the emulator does not.
	known map[string]string
	moto  bool
}

// tell tells a story to a target.
func (s story) tell(t *testing.T, to target) {
	t.Helper()
	saved := maps.Clone(to.known)
	for i, st := range s.steps {
		if st.wait > 0 {
			to.wait(st.wait)
			continue
		}
		in := filled(reflect.ValueOf(st.in), saved).Interface()
		out, code, err := to.call(t, in, st.anonymous)
		where := fmt.Sprintf("step %d, %s", i+1, st.operation())
		switch {
		case to.moto && st.moto != "":
			if code == st.code && st.differences(out, saved, false) == nil {
				t.Errorf("%s: moto_server answers as AWS: the note %q is out of date", where, st.moto)
			}
		case code != st.code:
			t.Errorf("%s: error %q (%v), want %q", where, code, err, st.code)
		default:
			for _, d := range st.differences(out, saved, to.moto) {
				t.Errorf("%s: %s", where, d)
			}
		}
		st.keep(t, where, out, code, saved)
	}
}

// keep saves values of an answer.
func (st step) keep(t *testing.T, where string, out any, code string, saved map[string]string) {
	t.Helper()
	if code != "" {
		return
	}
	for name, path := range st.saves {
		v, found := at(reflect.ValueOf(out), path)
		if !found || v == nil {
			t.Fatalf("%s: the output has no %s to save", where, path)
		}
		saved[name] = fmt.Sprint(v)
	}
}

// differences lists how an output is not as expected.
func (st step) differences(out any, saved map[string]string, fromMoto bool) []string {
	if st.code != "" {
		return nil
	}
	var all []string
	for _, w := range st.wants {
		d := w.difference(out, saved)
		switch {
		case !fromMoto || w.moto == "":
			if d != "" {
				all = append(all, d)
			}
		case d == "":
			all = append(all, fmt.Sprintf("%s: moto_server has AWS's value: the note %q is out of date", w.path, w.moto))
		}
	}
	return all
}

func (w expectation) difference(out any, saved map[string]string) string {
	got, found := at(reflect.ValueOf(out), w.path)
	if w.like != nil {
		if text, isText := got.(string); !isText || !w.like.MatchString(text) {
			return fmt.Sprintf("%s = %v, want what matches %s", w.path, got, w.like)
		}
		return ""
	}
	if !found {
		return fmt.Sprintf("%s is not there, want %v", w.path, w.value)
	}
	expected := plain(filled(reflect.ValueOf(&w.value).Elem(), saved))
	if got != expected {
		return fmt.Sprintf("%s = %#v, want %#v", w.path, got, expected)
	}
	return ""
}

// at gives the plain value at a path; not found where an element or a field is
// missing. What is behind nil is nil.
func at(v reflect.Value, path string) (value any, found bool) {
	for name := range strings.SplitSeq(path, ".") {
		for v.IsValid() && (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) {
			v = v.Elem()
		}
		if !v.IsValid() {
			return nil, true
		}
		switch v.Kind() { // nothing else has parts
		case reflect.Struct:
			v = v.FieldByName(name)
			if !v.IsValid() {
				return nil, false
			}
		case reflect.Map:
			if name == "#" {
				return int64(v.Len()), true
			}
			v = v.MapIndex(reflect.ValueOf(name).Convert(v.Type().Key()))
		case reflect.Slice:
			if name == "#" {
				return int64(v.Len()), true
			}
			i, err := strconv.Atoi(name)
			if err != nil || i >= v.Len() {
				return nil, false
			}
			v = v.Index(i)
		default:
			return nil, false
		}
	}
	return plain(v), true
}

// plain is a value without pointers and named types. A stream is what is in it.
func plain(v reflect.Value) any {
	for v.IsValid() && (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) {
		if stream, isStream := v.Interface().(io.Reader); isStream {
			text, err := io.ReadAll(stream)
			if err != nil {
				return err.Error()
			}
			return string(text)
		}
		v = v.Elem()
	}
	switch {
	case !v.IsValid():
		return nil
	case v.CanInt():
		return v.Int()
	case v.CanFloat():
		return v.Float()
	case v.Kind() == reflect.String:
		return v.String()
	case v.Kind() == reflect.Bool:
		return v.Bool()
	case v.Type() == reflect.TypeFor[[]byte]():
		return string(v.Bytes())
	case v.Type() == reflect.TypeFor[time.Time]():
		return v.Interface().(time.Time).UTC().Format(time.RFC3339Nano)
	}
	return fmt.Sprint(v.Interface())
}

// filled is a copy of a value in whose strings the saved ones stand for ${name}.
func filled(v reflect.Value, saved map[string]string) reflect.Value {
	if !v.IsValid() || (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface || v.Kind() == reflect.Slice || v.Kind() == reflect.Map) && v.IsNil() {
		return v
	}
	filledInto := func(to reflect.Value) reflect.Value { return filled(v.Elem(), saved).Convert(to.Type()) }
	out := reflect.New(v.Type()).Elem()
	switch v.Kind() { // nothing else holds texts
	case reflect.Pointer:
		if _, isStream := v.Interface().(io.Reader); isStream {
			return v
		}
		p := reflect.New(v.Type().Elem())
		p.Elem().Set(filledInto(p.Elem()))
		return p
	case reflect.Interface:
		out.Set(filled(v.Elem(), saved))
	case reflect.Struct:
		out.Set(v)
		for i := range v.NumField() {
			if out.Field(i).CanSet() {
				out.Field(i).Set(filled(v.Field(i), saved))
			}
		}
	case reflect.Slice:
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			out.Index(i).Set(filled(v.Index(i), saved))
		}
	case reflect.Map:
		out.Set(reflect.MakeMap(v.Type()))
		for _, key := range v.MapKeys() {
			out.SetMapIndex(filled(key, saved), filled(v.MapIndex(key), saved))
		}
	case reflect.String:
		text := v.String()
		for name, value := range saved {
			text = strings.ReplaceAll(text, "${"+name+"}", value)
		}
		out.SetString(text)
	default:
		return v
	}
	return out
}

// operation is the step's operation as operations.txt has it.
func (st step) operation() string {
	t := reflect.TypeOf(st.in).Elem()
	return serviceOf(t) + " " + strings.TrimSuffix(t.Name(), "Input")
}

// notes are all that is said about moto_server in a story.
func (s story) notes() []string {
	all := []string{s.notMoto}
	for _, st := range s.steps {
		all = append(all, st.moto)
		for _, w := range st.wants {
			all = append(all, w.moto)
		}
	}
	return slices.DeleteFunc(all, func(note string) bool { return note == "" })
}

func hasSource(note string) bool {
	what, source, ok := strings.Cut(note, "; AWS: ")
	return ok && what != "" && source != ""
}
