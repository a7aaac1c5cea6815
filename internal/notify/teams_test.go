package notify_test

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/notify"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

const workflow = "https://prod-12.westeurope.logic.azure.com:443/workflows/abc/triggers/manual/paths/invoke?sig=in-the-query"

func carded() rollout.Channel { return rollout.Channel{Teams: "sluice/teams"} }

// teams is a Teams whose secret is in the world.
func (w world) teams(to notify.Doer) notify.Teams {
	w.secret("sluice/teams", workflow+"\n")
	return notify.Teams{HTTP: to, Secrets: w.secrets()}
}

// adaptive is a card as Teams reads it.
type adaptive struct {
	Type        string `json:"type"`
	Attachments []struct {
		ContentType string `json:"contentType"`
		Content     struct {
			Body []struct {
				Style string `json:"style"`
				Items []struct {
					Text string `json:"text"`
				} `json:"items"`
				Facts []struct {
					Title string `json:"title"`
					Value string `json:"value"`
				} `json:"facts"`
			} `json:"body"`
		} `json:"content"`
	} `json:"attachments"`
}

// read gives a card's style, its title and its facts.
func (a adaptive) read() (style, title string, facts map[string]string) {
	body := a.Attachments[0].Content.Body
	facts = map[string]string{}
	for _, f := range body[1].Facts {
		facts[f.Title] = f.Value
	}
	return body[0].Style, body[0].Items[0].Text, facts
}

func cardIn(t *testing.T, r request) adaptive {
	t.Helper()
	var a adaptive
	if err := json.Unmarshal(r.body, &a); err != nil {
		t.Fatal(err)
	}
	if len(a.Attachments) != 1 || len(a.Attachments[0].Content.Body) != 2 {
		t.Fatalf("got %s, want one card of a title and facts", r.body)
	}
	return a
}

func TestTeams(t *testing.T) {
	t.Parallel()
	to := answering(http.StatusAccepted)
	if err := newWorld(t).teams(to).Deliver(t.Context(), carded(), identified()); err != nil {
		t.Fatal(err)
	}
	got := to.got[0]
	seen := []string{got.method, got.url, got.header.Get("Content-Type")}
	if diff := cmp.Diff([]string{http.MethodPost, workflow, "application/json"}, seen); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
	card := cardIn(t, got)
	if card.Type != "message" || card.Attachments[0].ContentType != "application/vnd.microsoft.card.adaptive" {
		t.Errorf("got a %s of %s", card.Type, card.Attachments[0].ContentType)
	}
}

func TestTeamsEscapes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for why, want := range map[string]string{
		"alarm shop-green-5xx went red (1.5 > 1)!": "alarm shop-green-5xx went red (1.5 > 1)!",
		"a_b *c* `d` ~e~":                          "a\\_b \\*c\\* \\`d\\` \\~e\\~",
		"[click](https://evil.example.com)":        `\[click\](https://evil.example.com)`,
		`C:\tmp`:                                   `C:\\tmp`,
		"<at>all</at> &lt;":                        `\<at>all\</at> \&lt;`,
		"{{DATE(2026-03-01T12:00:00Z)}}":           `\{\{DATE(2026-03-01T12:00:00Z)\}\}`,
		"- one\n- two":                             `\- one - two`,
		"12. of March":                             `12\. of March`,
		"12) of March":                             `12\) of March`,
		"# loud":                                   `\# loud`,
		"> quoted":                                 `\> quoted`,
		"+1":                                       `\+1`,
		"10.5 percent":                             `10\.5 percent`,
		"two\r\n\u2028lines\tand a bell\a":         "two lines and a bell",
		"cut off \xff":                             "cut off \uFFFD",
		"größer 🎉":                                 "größer 🎉",
	} {
		to := answering(http.StatusAccepted)
		n := identified()
		n.Why = why
		if err := w.teams(to).Deliver(t.Context(), carded(), n); err != nil {
			t.Fatal(err)
		}
		_, title, facts := cardIn(t, to.got[0]).read()
		if got := facts["Why"]; got != want {
			t.Errorf("%q shows as %q, want %q", why, got, want)
		}
		if strings.ContainsAny(title, "\n\r") {
			t.Errorf("%q: the title %q has several lines", why, title)
		}
	}
}

func TestTeamsStaysBelowTheLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, text := range []string{"<", `\`, "🎉", "\xffx", "\u2028x", "w ", `"`} {
		to := answering(http.StatusAccepted)
		long := strings.Repeat(text, 5_000)
		n := identified()
		n.App, n.Environment, n.Why, n.Outcome = long, long, long, rollout.Outcome(long)
		if err := w.teams(to).Deliver(t.Context(), carded(), n); err != nil {
			t.Fatal(err)
		}
		if got := len(to.got[0].body); got >= 28_000 {
			t.Errorf("%q: the message has %d bytes, want less than 28000", text, got)
		}
		if _, _, facts := cardIn(t, to.got[0]).read(); !strings.HasSuffix(facts["Why"], "...") {
			t.Errorf("%q: what was cut is not marked: …%s", text, facts["Why"][len(facts["Why"])-10:])
		}
	}
}

func TestTeamsAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for status, kind := range map[int]rollout.ErrorKind{
		302: rollout.KindRefused, 400: rollout.KindRefused, 401: rollout.KindRefused, 404: rollout.KindRefused,
		410: rollout.KindRefused, 413: rollout.KindRefused, 429: rollout.KindThrottled, 502: rollout.KindUnavailable,
	} {
		to := &receiver{answers: []answer{{
			status: status, header: http.Header{"Retry-After": {"7"}, "Location": {workflow}}, body: strings.NewReader("no flow at " + workflow),
		}}}
		err := w.teams(to).Deliver(t.Context(), carded(), identified())
		wantKind(t, err, kind, "the Teams workflow of secret sluice/teams")
		wantHidden(t, err, "logic.azure.com", "/workflows/", "in-the-query")
		if got, want := pause(err) == 7*time.Second, kind != rollout.KindRefused; got != want {
			t.Errorf("status %d: pause is %v", status, pause(err))
		}
	}
}

// Where nothing answers, the error tells what about, and nothing of the URL.
func TestTeamsUnreachable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	host := "prod-12.westeurope.logic.azure.com"
	for says, cause := range map[string]error{
		"has no address": &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}},
		"no connection":  errors.New("dial " + host + ": connection refused"),
	} {
		to := &receiver{answers: []answer{{err: &url.Error{Op: "Post", URL: workflow, Err: cause}}}}
		err := w.teams(to).Deliver(t.Context(), carded(), identified())
		wantKind(t, err, rollout.KindUnavailable, says)
		wantHidden(t, err, host, "in-the-query")
	}
	synctest.Test(t, func(t *testing.T) {
		err := newWorld(t).teams(&silent{}).Deliver(t.Context(), carded(), identified())
		wantKind(t, err, rollout.KindUnavailable, "it took too long")
		wantHidden(t, err, host, "in-the-query")
	})
}

func TestTeamsURLThatHasChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	to := answering(http.StatusAccepted, http.StatusUnauthorized, http.StatusAccepted)
	teams := w.teams(to)
	other := strings.Replace(workflow, "in-the-query", "another", 1)
	for _, value := range []string{workflow, other} {
		w.secret("sluice/teams", value)
		if err := teams.Deliver(t.Context(), carded(), identified()); err != nil {
			t.Fatal(err)
		}
	}
	var urls []string
	for _, r := range to.got {
		urls = append(urls, r.url)
	}
	if diff := cmp.Diff([]string{workflow, workflow, other}, urls); diff != "" {
		t.Errorf("URLs (-want +got):\n%s", diff)
	}
}

func TestTeamsSecretWithoutURL(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	to := answering(http.StatusAccepted)
	for _, value := range []string{"http://prod-12.example.com/in-the-query", "in-the-query", "https:///in-the-query", "https://a b/in-the-query", `{"url": "in-the-query"}`} {
		teams := w.teams(to)
		w.secret("sluice/teams", value)
		err := teams.Deliver(t.Context(), carded(), identified())
		wantKind(t, err, rollout.KindRefused, "sluice/teams", "https URL")
		wantHidden(t, err, "in-the-query")
	}
	if len(to.got) != 0 {
		t.Errorf("got %d requests, want none", len(to.got))
	}
}
