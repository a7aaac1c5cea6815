package demo_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/demo"
)

func TestLoadCountsByVersion(t *testing.T) {
	t.Parallel()
	const wanted = 50
	ctx, cancel := context.WithCancel(t.Context())
	var n atomic.Int64
	enough := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch i := n.Add(1); {
		case i > wanted: // held until the load ends, so that it is not counted
			if i == wanted+1 {
				close(enough)
			}
			<-r.Context().Done()
		case i%10 == 0:
			w.Header().Set("X-Version", "v2")
			w.WriteHeader(http.StatusInternalServerError)
		case i%10 == 1:
			w.WriteHeader(http.StatusServiceUnavailable) // the load balancer's own
		default:
			w.Header().Set("X-Version", "v1")
		}
	}))
	defer server.Close()
	l := &demo.Load{URL: server.URL, PerSecond: 1000}
	go func() {
		<-enough
		for l.Counts().Requests < wanted {
			runtime.Gosched() // answers are under way
		}
		cancel()
	}()
	l.Run(ctx)
	got := l.Counts()
	got.Elapsed = 0
	want := demo.Counts{Requests: wanted, Failed: 10, Versions: map[string]int{"v1": 40, "v2": 5}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

func TestCountsSince(t *testing.T) {
	t.Parallel()
	before := demo.Counts{Requests: 100, Failed: 1, Versions: map[string]int{"v1": 99}, Elapsed: time.Second}
	after := demo.Counts{Requests: 300, Failed: 5, Versions: map[string]int{"v1": 269, "v2": 30}, Elapsed: 3 * time.Second}
	got := after.Since(before)
	want := demo.Counts{Requests: 200, Failed: 4, Versions: map[string]int{"v1": 170, "v2": 30}, Elapsed: 2 * time.Second}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("since (-want +got):\n%s", diff)
	}
	if got.Rate() != 100 || got.Share("v2") != 15 || got.Share("v9") != 0 {
		t.Errorf("rate %v, shares %v and %v, want 100, 15 and 0", got.Rate(), got.Share("v2"), got.Share("v9"))
	}
	if none := (demo.Counts{}); none.Rate() != 0 || none.Share("v1") != 0 {
		t.Errorf("nothing has rate %v and share %v, want 0", none.Rate(), none.Share("v1"))
	}
}
