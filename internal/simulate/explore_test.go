package simulate_test

import (
	"testing"

	"github.com/sluice-deploy/sluice/internal/simulate"
)

// bounded is how many runs the tests explore; make explore explores more.
const bounded = 250

// Whatever goes wrong, every promise is kept.
func TestPromises(t *testing.T) {
	t.Parallel()
	n := 0
	simulate.Explore(simulate.Draw(1, bounded), func(r simulate.Result) bool {
		n++
		if r.Broken != nil {
			t.Errorf("run %d: %v\n%s\n%s%s", n, r.Broken, r.Plan.Command(), r.Plan.Describe(), timeline(r))
		}
		return r.Broken == nil
	})
}
