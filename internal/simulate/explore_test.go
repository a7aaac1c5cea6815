package simulate_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/sluice-deploy/sluice/internal/simulate"
)

func TestExplore(t *testing.T) {
	if os.Getenv("STORY") == "" {
		t.Skip()
	}
	story := os.Getenv("STORY")
	for _, p := range simulate.Stories() {
		if p.Name != story {
			continue
		}
		start := time.Now()
		n := 0
		simulate.Explore(simulate.Singles(p), func(r simulate.Result) bool {
			n++
			if r.Broken != nil {
				fmt.Println(r.Plan.Command(), "::", r.Broken)
				if os.Getenv("SHOW") != "" {
					fmt.Println(timeline(r))
				}
			}
			return true
		})
		fmt.Println(story, n, "runs in", time.Since(start))
	}
}
