package simulate_test

import (
	"strings"
	"testing"

	"github.com/sluice-deploy/sluice/internal/simulate"
)

// A scenario's file is read, or refused with the place in it.
func FuzzScenario(f *testing.F) {
	for _, text := range []string{
		"name: night\nload: 5/s\neffects:\n  - errors=3%@step1\n  - alarm@guard+1m\n", "effects: [quiet]", "{effects: [leak=6m]}", "load: fast", "- a", "a: *b", "", "effects: !x y", "\x00",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := simulate.ReadScenario("night.yaml", text)
		switch {
		case err != nil && !strings.HasPrefix(err.Error(), "night.yaml:"):
			t.Errorf("%q: %v, want the place in the file", text, err)
		case err == nil && len(s.Effects) == 0:
			t.Errorf("%q is a scenario without an effect", text)
		}
	})
}

// What is read as an effect says itself again, and is the same then.
func FuzzEffect(f *testing.F) {
	for _, s := range simulate.OfEachKind() {
		f.Add(s.Effects[0].String())
	}
	for _, text := range []string{"errors=0.5%@step2+90s", "alarm=production-{slot}-latency@step2", "latency=400ms", "throttle=ecs:5m@after", "errors=1e-9%", "leak=-1s", "=@+"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := simulate.ParseEffect(text)
		if err != nil {
			return
		}
		if again, err := simulate.ParseEffect(e.String()); err != nil || again != e {
			t.Errorf("%q is %+v, which says %q, which is %+v, %v", text, e, e.String(), again, err)
		}
	})
}
