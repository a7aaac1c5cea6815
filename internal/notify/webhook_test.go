package notify_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/notify"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

const hook = "https://hooks.example.com/sluice?key=in-the-query"

// signing is a signing secret; another n is another one.
func signing(n int) string {
	return "whsec_" + base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "a key of thirty-two bytes %06d", n))
}

func hooked() rollout.Channel { return rollout.Channel{Webhook: hook, Secret: "sluice/hook"} }

// webhook is a Webhook whose secret is in the world.
func (w world) webhook(to notify.Doer) notify.Webhook {
	w.secret("sluice/hook", signing(1))
	return notify.Webhook{HTTP: to, Secrets: w.secrets(), Now: w.Now}
}

func TestWebhook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	to := answering(http.StatusNoContent)
	if err := w.webhook(to).Deliver(t.Context(), hooked(), identified()); err != nil {
		t.Fatal(err)
	}
	if len(to.got) != 1 {
		t.Fatalf("got %d requests, want 1", len(to.got))
	}
	got := to.got[0]
	if !verify(signing(1), got.header, got.body, w.Now()) {
		t.Errorf("the signature is not right: %v", got.header)
	}
	if verify(signing(2), got.header, got.body, w.Now()) {
		t.Error("another secret verifies it too")
	}
	seen := []string{got.method, got.url, got.header.Get("Content-Type"), got.header.Get("Webhook-Id"), got.header.Get("User-Agent")}
	want := []string{http.MethodPost, hook, "application/json", identified().ID, "Sluice"}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
	var body struct {
		Type      string        `json:"type"`
		Timestamp time.Time     `json:"timestamp"`
		Data      notify.Notice `json:"data"`
	}
	if err := json.Unmarshal(got.body, &body); err != nil {
		t.Fatal(err)
	}
	if body.Type != "sluice.rollout.rolledBack" || !body.Timestamp.Equal(identified().At) {
		t.Errorf("got type %q at %v, want sluice.rollout.rolledBack at %v", body.Type, body.Timestamp, identified().At)
	}
	if diff := cmp.Diff(identified(), body.Data); diff != "" {
		t.Errorf("data (-want +got):\n%s", diff)
	}
}

// A repeat has the same ID and the time of its own attempt.
func TestWebhookAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	to := answering(http.StatusServiceUnavailable, http.StatusOK)
	hook := w.webhook(to)
	wantKind(t, hook.Deliver(t.Context(), hooked(), identified()), rollout.KindUnavailable)
	w.RunFor(time.Hour)
	if err := hook.Deliver(t.Context(), hooked(), identified()); err != nil {
		t.Fatal(err)
	}
	first, second := to.got[0].header, to.got[1].header
	if first.Get("Webhook-Id") != second.Get("Webhook-Id") {
		t.Errorf("ids are %q and %q, want the same", first.Get("Webhook-Id"), second.Get("Webhook-Id"))
	}
	if !verify(signing(1), second, to.got[1].body, w.Now()) || verify(signing(1), first, to.got[0].body, w.Now()) {
		t.Error("the timestamp is not the attempt's")
	}
}

func TestWebhookWithoutMoment(t *testing.T) {
	t.Parallel()
	to := answering(http.StatusOK)
	n := identified()
	n.Moment = ""
	if err := newWorld(t).webhook(to).Deliver(t.Context(), hooked(), n); err != nil {
		t.Fatal(err)
	}
	if want := `{"type":"sluice.rollout",`; !strings.HasPrefix(string(to.got[0].body), want) {
		t.Errorf("got %s, want it to begin with %s", to.got[0].body, want)
	}
}

func TestWebhookAnswers(t *testing.T) {
	t.Parallel()
	for status, c := range map[int]struct {
		kind rollout.ErrorKind
		says string
	}{
		200: {"", ""},
		202: {"", ""},
		204: {"", ""},
		100: {rollout.KindUnavailable, "100"},
		301: {rollout.KindRefused, "redirect"},
		304: {rollout.KindRefused, "redirect"},
		307: {rollout.KindRefused, "redirect"},
		400: {rollout.KindRefused, "400"},
		401: {rollout.KindRefused, "secret"},
		403: {rollout.KindRefused, "secret"},
		404: {rollout.KindRefused, "404"},
		408: {rollout.KindUnavailable, "408"},
		410: {rollout.KindRefused, "take the channel out"},
		413: {rollout.KindRefused, "413"},
		425: {rollout.KindUnavailable, "425"},
		429: {rollout.KindThrottled, "fewer"},
		500: {rollout.KindUnavailable, "500"},
		502: {rollout.KindUnavailable, "502"},
		503: {rollout.KindUnavailable, "503"},
		599: {rollout.KindUnavailable, "599"},
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			to := answering(status)
			err := newWorld(t).webhook(to).Deliver(t.Context(), hooked(), identified())
			if c.kind == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			wantKind(t, err, c.kind, c.says, "webhook https://hooks.example.com/sluice answered")
			wantHidden(t, err, "in-the-query", signing(1))
			if len(to.got) != 1 {
				t.Errorf("got %d requests, want 1", len(to.got))
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		status int
		header string
		want   time.Duration
	}{
		{429, "30", 30 * time.Second},
		{503, "120", 2 * time.Minute},
		{503, w.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat), 90 * time.Second},
		{503, w.Now().Add(-time.Second).UTC().Format(http.TimeFormat), 0},
		{429, "4294967295", 24 * time.Hour},
		{429, "99999999999999999999", 0},
		{429, "-5", 0},
		{429, "0", 0},
		{429, "soon", 0},
		{429, "", 0},
		{400, "30", 0}, // it would not help
	} {
		to := &receiver{answers: []answer{{status: c.status, header: http.Header{"Retry-After": {c.header}}}}}
		err := w.webhook(to).Deliver(t.Context(), hooked(), identified())
		if err == nil {
			t.Fatalf("status %d was delivered", c.status)
		}
		if got := pause(err); got != c.want {
			t.Errorf("status %d, Retry-After %q: got a pause of %v, want %v", c.status, c.header, got, c.want)
		}
	}
}

func TestWebhookURLs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	to := answering(http.StatusOK)
	for _, bad := range []string{
		"", "http://hooks.example.com/", "https:///path", "hooks.example.com", "https://me:pw@hooks.example.com/", "https://a b/", "file:///etc/passwd",
	} {
		err := w.webhook(to).Deliver(t.Context(), rollout.Channel{Webhook: bad, Secret: "sluice/hook"}, identified())
		if got := rollout.KindOf(err); got != rollout.KindSpecInvalid {
			t.Errorf("%q: %v is %q, want %q", bad, err, got, rollout.KindSpecInvalid)
		}
	}
	if len(to.got) != 0 {
		t.Errorf("got %d requests, want none", len(to.got))
	}
}

func TestWebhookNoticeWithoutID(t *testing.T) {
	t.Parallel()
	to := answering(http.StatusOK)
	n := identified()
	n.ID = ""
	wantKind(t, newWorld(t).webhook(to).Deliver(t.Context(), hooked(), n), rollout.KindEventInvalid, n.Rollout)
	if len(to.got) != 0 {
		t.Errorf("got %d requests, want none", len(to.got))
	}
}
