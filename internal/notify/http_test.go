package notify_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/web"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/notify"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// endless is an answer that does not end, and how much of it was read.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = "nay\n"[(e.read+i)%4]
	}
	e.read += len(p)
	return len(p), nil
}

func TestWebhookEndlessAnswer(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusOK, http.StatusBadRequest} {
		body := &endless{}
		to := &receiver{answers: []answer{{status: status, body: body}}}
		err := newWorld(t).webhook(to).Deliver(t.Context(), hooked(), identified())
		if body.read > 4<<10 {
			t.Errorf("status %d: read %d bytes of the answer, want at most 4096", status, body.read)
		}
		if status == http.StatusOK {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		wantKind(t, err, rollout.KindRefused, `it says "nay`)
		if len(err.Error()) > 400 || strings.Contains(err.Error(), "\n") {
			t.Errorf("the error repeats too much: %q", err)
		}
	}
}

// An answer that breaks off after its status is delivered all the same.
func TestWebhookBrokenAnswer(t *testing.T) {
	t.Parallel()
	body := io.MultiReader(strings.NewReader("o"), broken{})
	to := &receiver{answers: []answer{{status: http.StatusOK, body: body}}}
	if err := newWorld(t).webhook(to).Deliver(t.Context(), hooked(), identified()); err != nil {
		t.Error(err)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("connection reset by peer") }

func TestWebhookUnreachable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	net := web.New(w.Loop)
	net.Host("hooks.example.com", web.SiteFunc(func(_ *wire.Request, reply func(*wire.Response)) {
		reply(&wire.Response{Status: http.StatusOK, Header: http.Header{}})
	}))
	hook := w.webhook(net.Client(10 * time.Second))
	for name, c := range map[string]struct {
		fault web.Fault
		host  string
		says  string
	}{
		"no host":          {host: "nowhere.example.com", says: "no such host"},
		"refused":          {fault: web.Fault{Refuse: true}, host: "hooks.example.com", says: "connection refused"},
		"the answer lost":  {fault: web.Fault{LoseAnswer: true}, host: "hooks.example.com", says: "connection reset"},
		"slower than that": {fault: web.Fault{Delay: time.Minute}, host: "hooks.example.com", says: "deadline"},
	} {
		net.Fault = func(*wire.Request) web.Fault { return c.fault }
		channel := rollout.Channel{Webhook: "https://" + c.host + "/sluice?key=in-the-query", Secret: "sluice/hook"}
		err := hook.Deliver(t.Context(), channel, identified())
		if got := rollout.KindOf(err); got != rollout.KindUnavailable {
			t.Errorf("%s: %v is %q, want %q", name, err, got, rollout.KindUnavailable)
			continue
		}
		if !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %q does not say %q", name, err, c.says)
		}
		wantHidden(t, err, "in-the-query")
	}
}

// silent never answers, or answers and never ends, and keeps how long it could have.
type silent struct {
	answers  bool
	deadline time.Time
}

func (s *silent) Do(req *http.Request) (*http.Response, error) {
	s.deadline, _ = req.Context().Deadline()
	body := waiting{req.Context().Done()}
	if s.answers {
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(body)}, nil
	}
	_, err := body.Read(nil)
	return nil, &url.Error{Op: "Post", URL: req.URL.String(), Err: err}
}

type waiting struct{ end <-chan struct{} }

func (w waiting) Read([]byte) (int, error) {
	<-w.end
	return 0, context.DeadlineExceeded
}

func TestWebhookGivesUp(t *testing.T) {
	t.Parallel()
	for name, to := range map[string]*silent{"no answer": {}, "no end": {answers: true}} {
		synctest.Test(t, func(t *testing.T) {
			err := newWorld(t).webhook(to).Deliver(t.Context(), hooked(), identified())
			// A bubble's clock begins at midnight of 2000 and moves when all wait.
			if want := time.Date(2000, 1, 1, 0, 0, 10, 0, time.UTC); !to.deadline.Equal(want) {
				t.Errorf("%s: it gives up at %v, want %v", name, to.deadline, want)
			}
			if to.answers {
				if err != nil { // its status came
					t.Errorf("%s: %v", name, err)
				}
				return
			}
			wantKind(t, err, rollout.KindUnavailable, "did not answer")
			wantHidden(t, err, "in-the-query")
		})
	}
}

// The client for the network leaves redirects alone.
func TestHTTPClientFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	var paths []string
	server := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.URL.Path)
		http.Redirect(rw, r, "/elsewhere", http.StatusFound)
	}))
	defer server.Close()
	client := notify.HTTPClient()
	client.Transport = server.Client().Transport
	channel := rollout.Channel{Webhook: server.URL + "/sluice", Secret: "sluice/hook"}
	err := newWorld(t).webhook(client).Deliver(t.Context(), channel, identified())
	wantKind(t, err, rollout.KindRefused, "302", "redirect")
	if diff := cmp.Diff([]string{"/sluice"}, paths); diff != "" {
		t.Errorf("paths that were called (-want +got):\n%s", diff)
	}
}
