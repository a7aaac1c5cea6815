package simulate_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/sluice-deploy/sluice/internal/simulate"
)

func TestExplore(t *testing.T) {
	if os.Getenv("STORY") == "" {
		t.Skip()
	}
	n, start := 0, time.Now()
	of, _ := strconv.Atoi(os.Getenv("OF"))
	from, _ := strconv.Atoi(os.Getenv("FROM"))
	show := func(r simulate.Result) bool {
		n++
		if r.Broken != nil {
			if os.Getenv("SHRINK") != "" {
				r = simulate.Shrink(r)
			}
			fmt.Println(r.Plan.Command(), "::", r.Broken)
			if os.Getenv("SHOW") != "" {
				fmt.Println(r.Plan.Describe())
				fmt.Println(timeline(r))
			}
		}
		return true
	}
	if seeds, err := strconv.Atoi(os.Getenv("SEEDS")); err == nil {
		simulate.Explore(simulate.Seeded(uint64(from), seeds), show)
	} else {
		for _, p := range simulate.Stories() {
			if os.Getenv("STORY") == "all" || p.Name == os.Getenv("STORY") {
				simulate.Explore(simulate.Share(simulate.Singles(p), from, of), show)
			}
		}
	}
	fmt.Println(n, "runs in", time.Since(start))
}
