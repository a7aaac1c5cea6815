package simulate_test

import (
	"fmt"
	"testing"

	"github.com/sluice-deploy/sluice/internal/simulate"
)

// Every story keeps every promise when nothing goes wrong.
func TestStories(t *testing.T) {
	t.Parallel()
	for _, p := range simulate.Stories() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			got := simulate.Play(p)
			timeline := ""
			for _, n := range got.Trace.Timeline() {
				timeline += n.String() + "\n"
			}
			if got.Broken != nil {
				t.Errorf("%v\n%s", got.Broken, timeline)
			} 
			t.Log(timeline)
			fmt.Println(p.Name, got.Requests, got.Deliveries, got.Invocations, got.Took, got.Outcomes)
		})
	}
}
