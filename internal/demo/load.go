package demo

import (
	"context"
	"io"
	"maps"
	"net/http"
	"sync"
	"time"
)

// Load sends requests at a steady rate and counts how they were answered, as a
// client outside of the cloud sees it.
type Load struct {
	URL       string
	PerSecond int

	mu     sync.Mutex
	counts Counts
}

// Counts is how requests were answered.
type Counts struct {
	Requests int
	Failed   int            // answered with 5xx, or not at all
	Versions map[string]int // answers by the version that gave them
	Elapsed  time.Duration  // since the load began
}

// Since is what was counted after an earlier reading.
func (c Counts) Since(before Counts) Counts {
	d := Counts{
		Requests: c.Requests - before.Requests, Failed: c.Failed - before.Failed,
		Versions: map[string]int{}, Elapsed: c.Elapsed - before.Elapsed,
	}
	for version, n := range c.Versions {
		if n -= before.Versions[version]; n > 0 {
			d.Versions[version] = n
		}
	}
	return d
}

// Rate is how many requests a second there were.
func (c Counts) Rate() float64 { return rate(c.Requests, c.Elapsed) }

// Share is the part of all requests that the version answered, in percent.
func (c Counts) Share(version string) float64 { return percent(c.Versions[version], c.Requests) }

func rate(n int, over time.Duration) float64 {
	if over <= 0 {
		return 0
	}
	return float64(n) / over.Seconds()
}

func percent(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return 100 * float64(part) / float64(whole)
}

const (
	loadClients   = 16                    // at a time, each with a connection that it keeps
	loadTick      = 10 * time.Millisecond // how often it is looked what is due
	answerTimeout = 5 * time.Second       // after which a request has failed
)

// Run sends requests until the context ends. What is due while all clients are
// busy is sent later, so a slow app does not lower the rate unseen.
func (l *Load) Run(ctx context.Context) {
	client := &http.Client{
		Transport: &http.Transport{MaxIdleConns: loadClients, MaxIdleConnsPerHost: loadClients},
		Timeout:   answerTimeout,
	}
	defer client.CloseIdleConnections()
	due := make(chan struct{})
	var clients sync.WaitGroup
	for range loadClients {
		clients.Go(func() {
			for range due {
				l.send(ctx, client)
			}
		})
	}
	l.pace(ctx, due)
	close(due)
	clients.Wait()
}

// pace says when a request is due.
func (l *Load) pace(ctx context.Context, due chan<- struct{}) {
	ticker := time.NewTicker(loadTick)
	defer ticker.Stop()
	start, sent := time.Now(), 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		elapsed := time.Since(start)
		l.mu.Lock()
		l.counts.Elapsed = elapsed
		l.mu.Unlock()
		for ; sent < int(elapsed.Seconds()*float64(l.PerSecond)); sent++ {
			select {
			case <-ctx.Done():
				return
			case due <- struct{}{}:
			}
		}
	}
}

func (l *Load) send(ctx context.Context, client *http.Client) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.URL, nil)
	if err != nil {
		l.count("", true)
		return
	}
	version, failed := exchange(client, req)
	if ctx.Err() == nil { // else it was cut off by our own end
		l.count(version, failed)
	}
}

// exchange sends a request and tells which version answered it, and whether it
// failed.
func exchange(client *http.Client, req *http.Request) (version string, failed bool) {
	resp, err := client.Do(req)
	if err != nil {
		return "", true
	}
	defer resp.Body.Close() //nolint:errcheck // it is read to its end
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.Header.Get(versionHeader), err != nil || resp.StatusCode >= http.StatusInternalServerError
}

func (l *Load) count(version string, failed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts.Requests++
	if failed {
		l.counts.Failed++
	}
	if version == "" {
		return
	}
	if l.counts.Versions == nil {
		l.counts.Versions = map[string]int{}
	}
	l.counts.Versions[version]++
}

// Counts is what was counted so far.
func (l *Load) Counts() Counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	counts := l.counts
	counts.Versions = maps.Clone(counts.Versions)
	return counts
}
