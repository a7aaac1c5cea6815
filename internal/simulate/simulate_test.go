package simulate_test

import (
	"strings"
	"testing"

	"github.com/sluice-deploy/sluice/internal/simulate"
)

// Every story keeps every promise when nothing goes wrong, and all of it happens.
func TestStories(t *testing.T) {
	t.Parallel()
	for _, p := range simulate.Stories() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			got := simulate.Play(p)
			if got.Broken != nil {
				t.Errorf("%v\n%s", got.Broken, timeline(got))
			}
			if len(got.Undone) > 0 {
				t.Errorf("never done: %v\n%s", got.Undone, timeline(got))
			}
		})
	}
}

func timeline(r simulate.Result) string {
	var text strings.Builder
	for _, n := range r.Trace.Timeline() {
		text.WriteString(n.String() + "\n")
	}
	return text.String()
}
