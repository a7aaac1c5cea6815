package states

import (
	"math"
	"strconv"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
)

// retry runs the state again later, if a retrier names the failure and has
// attempts left. The first one that names it counts.
func (v *visit) retry(f *failure) bool {
	for i, r := range v.state.retriers {
		if !f.matches(r.errors) {
			continue
		}
		if v.tried[i] >= r.maxAttempts {
			return false
		}
		delay := r.delay(v.tried[i], v.strand.execution.services.Loop)
		v.tried[i]++
		v.retryCount++
		v.strand.execution.transitions++
		v.in(delay, again{v.current(nil)})
		return true
	}
	return false
}

// delay is how long to wait before a retry that follows n others. Full jitter
// takes any part of it, drawn from the loop's IDs so that runs repeat.
func (r retrier) delay(n int, l *loop.Loop) time.Duration {
	seconds := r.interval * math.Pow(r.backoff, float64(n))
	most := float64(99999999)
	if r.maxDelay > 0 {
		most = r.maxDelay
	}
	seconds = min(seconds, most)
	if r.fullJitter {
		drawn, err := strconv.ParseUint(l.ID(13), 16, 64)
		if err == nil {
			seconds *= float64(drawn) / (1 << 52)
		}
	}
	return time.Duration(seconds * float64(time.Second))
}
