package demo_test

import (
	"fmt"
	"testing"

	"github.com/sluice-deploy/sluice/internal/demo"
)

func TestTimelineKeepsTheNewest(t *testing.T) {
	t.Parallel()
	var timeline []demo.Happening
	for i := range 600 {
		timeline = demo.Remember(timeline, []demo.Happening{{At: noon, What: fmt.Sprint(i)}})
	}
	if len(timeline) != 500 || timeline[0].What != "100" || timeline[499].What != "599" {
		t.Errorf("it remembers %d, from %s to %s, want those from 100 to 599", len(timeline), timeline[0].What, timeline[len(timeline)-1].What)
	}
}
