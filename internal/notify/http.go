package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

const (
	patience    = 10 * time.Second // for one attempt, from the connection to the answer's end
	answerLimit = 4 << 10          // bytes that are read of an answer
	excerpt     = 200              // characters of an answer that an error shows
	longestWait = 24 * time.Hour   // that a receiver can ask for
)

// Doer sends HTTP requests. It must not follow redirects: what was signed for one
// place is not sent to another. HTTPClient gives one.
type Doer interface {
	Do(req *http.Request) (*http.Response, error)
}

// HTTPClient is the Doer for the network. It follows no redirect.
func HTTPClient() *http.Client {
	return &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// RetryLater is in the chain of an error whose receiver asked for a pause.
//
//nolint:errname // it is not what went wrong, it is when to come back
type RetryLater struct {
	After time.Duration // from the attempt on; above zero, at most a day
}

func (r *RetryLater) Error() string { return fmt.Sprintf("it asks for a pause of %s", r.After) }

// posting is one attempt to post JSON.
type posting struct {
	to     string // the receiver, as errors name it
	url    *url.URL
	header http.Header // beside the content type
	body   []byte
	now    time.Time
	// hush keeps out of errors what the network and the receiver say, because it may
	// repeat the URL.
	hush bool
}

// send posts, and gives the status of the answer, 0 if there was none. Anything but
// a 2xx is an error (Standard Webhooks 1.0.0, delivery success and failure).
func (p posting) send(ctx context.Context, by Doer) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req := (&http.Request{
		Method: http.MethodPost, URL: p.url, Host: p.url.Host, Header: p.header.Clone(),
		Body: io.NopCloser(bytes.NewReader(p.body)), ContentLength: int64(len(p.body)),
	}).WithContext(ctx)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Sluice")
	resp, err := by.Do(req)
	if err != nil {
		return 0, p.unanswered(err)
	}
	defer func() { _ = resp.Body.Close() }()
	// An answer that breaks off has had its status, and that decides.
	said, _ := io.ReadAll(io.LimitReader(resp.Body, answerLimit))
	return resp.StatusCode, p.judge(resp, said)
}

// unanswered leaves out the URL, which net/http's errors repeat.
func (p posting) unanswered(err error) error {
	if sent := new(url.Error); errors.As(err, &sent) {
		err = sent.Err
	}
	if p.hush {
		return rollout.Errorf(rollout.KindUnavailable, "%s did not answer: %s", p.to, trouble(err))
	}
	return rollout.Errorf(rollout.KindUnavailable, "%s did not answer: %w", p.to, err)
}

// trouble says what a failed connection is about, and no name or address of it.
func trouble(err error) string {
	var lookup *net.DNSError
	var network net.Error
	switch {
	case errors.As(err, &lookup):
		return "its host has no address"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return "it took too long"
	default:
		return "there was no connection, or it broke"
	}
}

// judge says what an answer means. A 4xx is final, but for those that say "not now".
func (p posting) judge(resp *http.Response, said []byte) error {
	status := resp.StatusCode
	kind, hint := rollout.KindUnavailable, ""
	switch {
	case status >= 200 && status < 300:
		return nil
	case status >= 300 && status < 400:
		kind, hint = rollout.KindRefused, ", a redirect, which is not followed; name the place it leads to"
	case status == http.StatusGone:
		kind, hint = rollout.KindRefused, ": it wants no more notices; take the channel out of the spec"
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		kind, hint = rollout.KindRefused, ": it does not know the sender; compare its secret with the one the channel names"
	case status == http.StatusTooManyRequests:
		kind, hint = rollout.KindThrottled, ": it asks for fewer notices"
	case status == http.StatusRequestTimeout || status == http.StatusTooEarly:
	case status >= 400 && status < 500:
		kind = rollout.KindRefused
	}
	text := fmt.Sprintf("%s answered %d%s", p.to, status, hint)
	if shown := cut(oneLine(string(said)), excerpt); shown != "" && !p.hush {
		text += fmt.Sprintf(" (it says %q)", shown)
	}
	if later := retryAfter(resp.Header.Get("Retry-After"), p.now); later != nil && kind != rollout.KindRefused {
		return rollout.Errorf(kind, "%s: %w", text, later)
	}
	return rollout.Errorf(kind, "%s", text)
}

// retryAfter reads a Retry-After header, seconds or a date (RFC 9110, 10.2.3); nil if
// it says nothing of the future.
func retryAfter(header string, now time.Time) *RetryLater {
	var after time.Duration
	if seconds, err := strconv.ParseUint(header, 10, 32); err == nil {
		after = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(header); err == nil {
		after = at.Sub(now)
	}
	if after <= 0 {
		return nil
	}
	return &RetryLater{After: min(after, longestWait)}
}
