package live

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/elbv2"
)

// errNoTask says that nothing runs at a target's address.
var errNoTask = errors.New("nothing listens there")

// Probe makes a health check over HTTP.
func (h *Host) Probe(t elbv2.Target, check elbv2.HealthCheck, done func(status int, err error)) {
	at, ok := h.addresses[address{t.IP, check.Port}]
	if !ok {
		h.loop.Post(func() { done(0, errNoTask) })
		return
	}
	timeout := h.loop.Wall(check.Timeout)
	go func() {
		status, err := h.get("http://"+at+check.Path, timeout)
		h.loop.Post(func() { done(status, err) })
	}()
}

func (h *Host) get(url string, timeout time.Duration) (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout) //nolint:forbidigo // a health check belongs to no request
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, fmt.Errorf("make health check of %s: %w", url, err)
	}
	req.Header.Set("User-Agent", "ELB-HealthChecker/2.0")
	resp, err := h.checker.Do(req)
	if err != nil {
		return 0, fmt.Errorf("check health: %w", err)
	}
	defer resp.Body.Close() //nolint:errcheck // only its status is looked at
	return resp.StatusCode, nil
}
