package slack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	slackgo "github.com/slack-go/slack"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// RateLimited is that Slack asked for fewer calls, and when it wants the next.
type RateLimited struct{ After time.Duration } //nolint:errname // said as Slack says it

func (e *RateLimited) Error() string { return fmt.Sprintf("rate limited for %s", e.After) }

// brokenError is that no answer came, or not all of it.
type brokenError struct{ err error }

func (e *brokenError) Error() string { return e.err.Error() }
func (e *brokenError) Unwrap() error { return e.err }

// maxAnswer is how much of an answer is read, in bytes. The largest, of
// usergroups.users.list, has a dozen bytes for each member.
const maxAnswer = 4 << 20

// transport marks what went wrong on the way and bounds what is read.
type transport struct{ doer Doer }

func (t transport) Do(req *http.Request) (*http.Response, error) {
	resp, err := t.doer.Do(req)
	if err != nil {
		return nil, &brokenError{err}
	}
	if resp.StatusCode == http.StatusTooManyRequests {
		_ = resp.Body.Close() // nothing of it is wanted
		return nil, &RateLimited{After: after(resp.Header.Get("Retry-After"))}
	}
	resp.Body = answer{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	return resp, nil
}

type answer struct {
	io.Reader
	io.Closer
}

func (a answer) Read(p []byte) (int, error) {
	n, err := a.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &brokenError{err}
	}
	return n, err
}

// minute is the span in which Slack counts calls (Slack: Rate limits), and so how
// long to wait where it does not say.
const minute = time.Minute

// after reads a Retry-After header, which has seconds (Slack: Rate limits).
func after(header string) time.Duration {
	seconds, err := strconv.Atoi(header)
	if err != nil || seconds < 0 {
		return minute
	}
	return min(time.Duration(min(seconds, 86400))*time.Second, 24*time.Hour)
}

// explain says what a failed call was about, what its error means and what to do.
// The token is in no error.
func explain(what string, err error, token string) error {
	var limited *RateLimited
	var refused slackgo.SlackErrorResponse
	var status slackgo.StatusCodeError
	switch {
	case errors.As(err, &limited):
		return rollout.Errorf(rollout.KindThrottled, "%s: Slack asks for fewer calls; the next in %s: %w", what, limited.After, limited)
	case errors.As(err, &refused):
		return refusal(what, refused)
	case errors.As(err, &status) && status.Code >= http.StatusInternalServerError, broken(err):
		return rollout.Errorf(rollout.KindUnavailable, "%s: Slack did not answer: %w", what, without(token, err))
	default:
		return rollout.Errorf(rollout.KindInternal, "%s: %w", what, without(token, err))
	}
}

func broken(err error) bool {
	var way *brokenError
	return errors.As(err, &way) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// without is the error, or its text where the token stands in it.
func without(token string, err error) error {
	if text := err.Error(); strings.Contains(text, token) {
		return errors.New(strings.ReplaceAll(text, token, "(token)"))
	}
	return err
}

// refusal is what Slack answers with ok false (Slack: the errors of each method's
// reference).
func refusal(what string, refused slackgo.SlackErrorResponse) error {
	kind, todo := meaning(refused)
	if kind == rollout.KindThrottled {
		return rollout.Errorf(kind, "%s: Slack asks for fewer calls (%s): %w", what, refused.Err, &RateLimited{After: minute})
	}
	if details := refused.ResponseMetadata.Messages; len(details) > 0 {
		todo = strings.TrimPrefix(todo+"; "+plain(strings.Join(details, "; "), 500), "; ")
	}
	if todo == "" {
		return rollout.Errorf(kind, "%s: Slack answers %w", what, refused)
	}
	return rollout.Errorf(kind, "%s: Slack answers %w: %s", what, refused, todo)
}

// meaning is the kind of one of Slack's errors, and what to do about it.
func meaning(refused slackgo.SlackErrorResponse) (kind rollout.ErrorKind, todo string) {
	switch refused.Err {
	case "ratelimited", "rate_limited":
		return rollout.KindThrottled, ""
	case "internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org":
		return rollout.KindUnavailable, "try again later"
	case "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired":
		return rollout.KindDenied, "compare botToken in Sluice's Slack secret with the token on the app's page OAuth & Permissions"
	case "missing_scope":
		return rollout.KindDenied, "add the scope " + refused.Needed + " to the app and install it again; `sluice slack manifest` prints what it needs"
	case "not_in_channel", "channel_not_found":
		return rollout.KindDenied, "invite the app with /invite in the channel, or put the channel's right name into the spec"
	case "is_archived":
		return rollout.KindDenied, "unarchive the channel, or put another into the spec"
	case "message_not_found", "user_not_found", "no_such_subteam", "subteam_not_found":
		return rollout.KindNotFound, ""
	}
	if strings.HasPrefix(refused.Err, "restricted_action") {
		return rollout.KindDenied, "let the app post there, in the channel's posting permissions"
	}
	return rollout.KindInternal, ""
}
