package localcloud_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/sluice-deploy/sluice/internal/localcloud"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// soaked is how many deployments TestSoak makes; `make soak` makes 500.
var soaked = flag.Int("deployments", 20, "how many deployments TestSoak makes")

// usage is what this process holds when nothing is going on.
type usage struct {
	heap       uint64 // bytes in use after a garbage collection
	goroutines int
	files      int // descriptors
	children   int // processes
}

func (u usage) String() string {
	return fmt.Sprintf("%6.1f MiB of heap, %d goroutines, %d files, %d child processes",
		float64(u.heap)/(1<<20), u.goroutines, u.files, u.children)
}

// Deployments one after another leave nothing behind but what AWS keeps too: no
// goroutine, no descriptor, no process, and of memory no more than the records.
func TestSoak(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells what a process holds")
	}
	s := newShop(t, localcloud.Options{Speed: 100})
	const tasks = 2 // of the slot that has the traffic
	every := max(*soaked/10, 1)
	var seen []usage // the first when what is made once is there
	made := 0
	for n := 1; made < *soaked; n++ {
		got := s.ended(s.build(fmt.Sprintf("v%d", n+1), n))
		switch {
		case got.Outcome == rollout.Succeeded:
			made++
		case n > 3**soaked:
			t.Fatalf("of %d deployments %d have succeeded; the last ended %s: %s", n, made, got.Outcome, got.Reason)
		default: // the wall clock is a hundred times too slow for a busy machine: health checks time out
			t.Logf("deployment %d ended %s: %s", n, got.Outcome, got.Reason)
			continue
		}
		if made%every == 0 {
			s.await("the end of the old version's tasks", func() bool { return children(t) == tasks })
			seen = append(seen, measure(t))
			t.Logf("%4d deployments: %s", made, seen[len(seen)-1])
		}
	}
	wantNoGrowth(t, seen, every)
}

// wantNoGrowth fails the test if more is held at the end than at the beginning. What the
// cloud remembers as AWS does, which is executions, records and logs, may grow by
// perDeployment.
func wantNoGrowth(t *testing.T, seen []usage, every int) {
	t.Helper()
	const perDeployment, idle = 400 << 10, 8 // idle connections come and go, with two goroutines and a descriptor each
	first, last := seen[0], seen[len(seen)-1]
	if last.goroutines > first.goroutines+idle || last.files > first.files+idle || last.children > first.children {
		t.Errorf("at first it held %s, at last %s", first, last)
	}
	made := (len(seen) - 1) * every
	if grown := int(last.heap) - int(first.heap); grown > made*perDeployment { //nolint:gosec // no heap has so many bytes
		t.Errorf("%d deployments took %d KiB of heap each, want at most %d", made, grown/made>>10, perDeployment>>10)
	}
}

// measure is what this process holds now.
func measure(t *testing.T) usage {
	t.Helper()
	runtime.GC()
	runtime.GC() // what finalizers have let go
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return usage{memory.HeapAlloc, runtime.NumGoroutine(), len(entries(t, "/proc/self/fd")), children(t)}
}

func entries(t *testing.T, folder string) []os.DirEntry {
	t.Helper()
	all, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// children counts the processes that this one has started and that are there yet.
func children(t *testing.T) int {
	t.Helper()
	lists, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, list := range lists {
		if text, err := os.ReadFile(list); err == nil { //nolint:gosec // of this process; a thread may be gone by now
			count += len(strings.Fields(string(text)))
		}
	}
	return count
}
