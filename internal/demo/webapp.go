package demo

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// WebApp is the app that the demo rolls out. Its versions differ in how they
// answer.
type WebApp struct {
	Version string
	// FailShare is the part of requests that is answered with 500 while more than
	// FailAbove of them come in a second.
	FailShare float64
	FailAbove int
	// Latency is how long an answer takes.
	Latency time.Duration

	mu      sync.Mutex
	arrived []time.Time // the last FailAbove requests, the oldest first
	crowded int         // requests that came while there were too many
}

// versionHeader is where an answer says which version gave it.
const versionHeader = "X-Version"

// The environment variables of the app's process.
const (
	versionVariable   = "DEMO_VERSION"
	failShareVariable = "DEMO_FAIL_SHARE"
	failAboveVariable = "DEMO_FAIL_ABOVE"
	latencyVariable   = "DEMO_LATENCY"
	portVariable      = "PORT"
)

// variables are what the app's process is given to be this version.
func (a *WebApp) variables() []string {
	return []string{
		versionVariable + "=" + a.Version,
		failShareVariable + "=" + strconv.FormatFloat(a.FailShare, 'g', -1, 64),
		failAboveVariable + "=" + strconv.Itoa(a.FailAbove),
		latencyVariable + "=" + a.Latency.String(),
	}
}

// webAppFrom reads what variables wrote. Every variable must be there.
func webAppFrom(getenv func(string) string) (*WebApp, error) {
	a := &WebApp{Version: getenv(versionVariable)}
	if a.Version == "" {
		return nil, fmt.Errorf("environment variable %s is not set", versionVariable)
	}
	var err error
	if a.FailShare, err = strconv.ParseFloat(getenv(failShareVariable), 64); err != nil || a.FailShare < 0 || a.FailShare > 1 {
		return nil, fmt.Errorf("environment variable %s is %q, want a share from 0 to 1", failShareVariable, getenv(failShareVariable))
	}
	if a.FailAbove, err = strconv.Atoi(getenv(failAboveVariable)); err != nil || a.FailAbove < 0 {
		return nil, fmt.Errorf("environment variable %s is %q, want a number of requests", failAboveVariable, getenv(failAboveVariable))
	}
	if a.Latency, err = time.ParseDuration(getenv(latencyVariable)); err != nil {
		return nil, fmt.Errorf("environment variable %s is %q, want a duration such as 4s", latencyVariable, getenv(latencyVariable))
	}
	return a, nil
}

// stopTime is how long requests under way may take once the app is told to end.
const stopTime = time.Second

// ServeWebApp runs the app of the environment's variables on the port in PORT until
// the context ends.
func ServeWebApp(ctx context.Context, getenv func(string) string) error {
	app, err := webAppFrom(getenv)
	if err != nil {
		return err
	}
	port := getenv(portVariable)
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("environment variable %s is %q, want a port", portVariable, port)
	}
	var config net.ListenConfig
	socket, err := config.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	server := &http.Server{Handler: app.Handler(time.Now), ReadHeaderTimeout: time.Minute}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
		defer cancel()
		stopped <- server.Shutdown(ending)
	})
	defer stop()
	if err := server.Serve(socket); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return <-stopped
}

// Handler answers for the app, by the given clock.
func (a *WebApp) Handler(now func() time.Time) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		failed := a.fails(now())
		select {
		case <-time.After(a.Latency):
		case <-r.Context().Done():
			return
		}
		w.Header().Set(versionHeader, a.Version)
		if failed {
			http.Error(w, "shop "+a.Version+" has a fault", http.StatusInternalServerError)
			return
		}
		_, _ = fmt.Fprintf(w, "shop %s\n", a.Version) // the client may have gone
	})
	return mux
}

// fails counts a request and deals failures out evenly among those that come while
// there are too many, so that their share is exact over time.
func (a *WebApp) fails(at time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	crowded := len(a.arrived) == a.FailAbove && (a.FailAbove == 0 || at.Sub(a.arrived[0]) < time.Second)
	if a.FailAbove > 0 {
		a.arrived = append(a.arrived[max(len(a.arrived)-a.FailAbove+1, 0):], at)
	}
	if !crowded {
		return false
	}
	a.crowded++
	n := float64(a.crowded)
	return math.Floor(n*a.FailShare) > math.Floor((n-1)*a.FailShare)
}
