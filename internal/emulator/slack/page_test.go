package slack_test

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	sdk "github.com/slack-go/slack"

	"github.com/sluice-deploy/sluice/internal/emulator/slack"
)

const home = "http://" + slack.PageHost + "/"

// get gives the page of a user.
func (w *world) get(user string) string {
	w.t.Helper()
	return w.fetch(http.MethodGet, home+"?user="+user, nil, nil).body
}

// got is an answer of the page.
type got struct {
	status int
	header http.Header
	body   string
}

func (w *world) fetch(method, target string, form url.Values, header http.Header) got {
	w.t.Helper()
	return w.send(method, target, form.Encode(), header)
}

func (w *world) send(method, target, text string, header http.Header) got {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, target, strings.NewReader(text))
	if err != nil {
		w.t.Fatal(err)
	}
	for name := range header {
		if given := header.Get(name); given != "" {
			req.Header.Set(name, given)
		}
	}
	resp, err := w.web.Client(0).Do(req)
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, target, err)
	}
	body, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		w.t.Fatalf("read %s: %v", target, err)
	}
	return got{resp.StatusCode, resp.Header, string(body)}
}

var (
	section   = regexp.MustCompile(`(?s)<div class="section">\s*<div><p>(.*?)</p>`)
	formToken = regexp.MustCompile(`name="token" value="([0-9a-f]+)"`)
)

func TestTextIsShown(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"Marks", "*bold* _italic_ ~gone~ `code`", "<strong>bold</strong> <em>italic</em> <s>gone</s> <code>code</code>"},
		{"Nested", "*bold _and italic_*", "<strong>bold <em>and italic</em></strong>"},
		{"NotMarks", "2*3*4 a_b_c * x * _", "2*3*4 a_b_c * x * _"},
		{"Lines", "one\ntwo", "one<br>two"},
		{"Quote", "&gt; one\n&gt; two\nthree", `<span class="quote">one<br>two</span>three`},
		{"Fence", "see\n```\na *b*\n```\nend", `see<code class="pre">a *b*</code>end`},
		{"Link", "<https://example.com/?a=1&amp;b=2|the *page*>", `<a href="https://example.com/?a=1&amp;b=2" target="_blank" rel="noopener noreferrer">the <strong>page</strong></a>`},
		{"LinkInCode", "`<https://example.com|abc>`", `<code><a href="https://example.com" target="_blank" rel="noopener noreferrer">abc</a></code>`},
		{"BareLink", "<https://example.com>", `<a href="https://example.com" target="_blank" rel="noopener noreferrer">https://example.com</a>`},
		{"Script", "<javascript:alert(1)|x>", "&lt;javascript:alert(1)|x&gt;"},
		{"User", "<@U0ADA>", `<span class="mention">@Ada Lovelace</span>`},
		{"Group", "<!subteam^S0LEADS>", `<span class="mention">@leads</span>`},
		{"Channel", "<#C0DEPLOYS>", `<span class="mention">#deploys</span>`},
		{"Here", "<!here>", `<span class="mention">@here</span>`},
		{"Date", "<!date^1772443800^{date}|2 March>", "2 March"},
		{"Emoji", ":white_check_mark: :no_such_sign:", "✅ :no_such_sign:"},
		{"Markup", "<script>alert(1)</script> &lt;b&gt; \"", "&lt;script&gt;alert(1)&lt;/script&gt; &lt;b&gt; &#34;"},
		{"Open", "*bold `code <https://x", "*bold `code &lt;https://x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, slack.Options{})
			w.post(sdk.NewSectionBlock(sdk.NewTextBlockObject("mrkdwn", tt.text, false, false), nil, nil))
			found := section.FindStringSubmatch(w.get(ada))
			if found == nil {
				t.Fatalf("no section on the page")
			}
			if diff := cmp.Diff(tt.want, found[1]); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPageShowsWhatItsUserSees(t *testing.T) {
	t.Parallel()
	w := newWorld(t, slack.Options{})
	if _, err := w.bot.PostEphemeralContext(t.Context(), deploys, ada, sdk.MsgOptionText("for Ada alone", false)); err != nil {
		t.Fatalf("chat.postEphemeral: %v", err)
	}
	for user, want := range map[string]bool{ada: true, grace: false} {
		page := w.get(user)
		if got := strings.Contains(page, "for Ada alone") && strings.Contains(page, "Only visible to you"); got != want {
			t.Errorf("%s sees Ada's message: %v, want %v", user, got, want)
		}
		if got := strings.Contains(page, "channel=C0RANDOM"); got != want {
			t.Errorf("%s sees #random: %v, want %v", user, got, want)
		}
	}
}

func TestForeignFormsAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, slack.Options{})
	ts := w.post(question()...)
	token := formToken.FindStringSubmatch(w.get(ada))[1]
	for _, tt := range []struct {
		name, token, from string
		want              int
	}{
		{"OK", token, "same-origin", http.StatusSeeOther},
		{"OldBrowser", token, "", http.StatusSeeOther},
		{"NoToken", "", "", http.StatusForbidden},
		{"WrongToken", strings.Repeat("0", 32), "", http.StatusForbidden},
		{"OtherSite", token, "cross-site", http.StatusForbidden},
	} {
		before := len(w.app.got)
		resp := w.fetch(http.MethodPost, home+"press", url.Values{
			"token": {tt.token}, "user": {ada}, "channel": {deploys}, "ts": {ts}, "block": {"question"}, "action": {"approve"},
		}, http.Header{"Sec-Fetch-Site": {tt.from}})
		sent := len(w.app.got) > before
		if resp.status != tt.want || sent != (tt.want == http.StatusSeeOther) {
			t.Errorf("%s: status %d and sent %v, want %d", tt.name, resp.status, sent, tt.want)
		}
	}
	resp := w.fetch(http.MethodPost, home+"press", url.Values{"token": {token}, "user": {ada}, "channel": {deploys}, "ts": {ts}, "action": {"none"}}, nil)
	if resp.status != http.StatusConflict || !strings.Contains(resp.body, `press "none"`) {
		t.Errorf("a button that is not there: %d %s, want 409 and why", resp.status, resp.body)
	}
}

// TestEveryPath says that the page answers under any prefix, and lets nothing from
// elsewhere in.
func TestEveryPath(t *testing.T) {
	t.Parallel()
	w := newWorld(t, slack.Options{})
	for path, want := range map[string]string{
		"": "text/html; charset=utf-8", "slack/": "text/html; charset=utf-8", "slack/page.css": "text/css; charset=utf-8",
		"slack/page.js": "text/javascript; charset=utf-8", "slack/version": "application/json; charset=utf-8",
	} {
		resp := w.fetch(http.MethodGet, home+path, nil, nil)
		if got := resp.header.Get("Content-Type"); resp.status != http.StatusOK || got != want {
			t.Errorf("%s: %d %s, want 200 %s", path, resp.status, got, want)
		}
	}
	if resp := w.fetch(http.MethodGet, home+"", nil, nil); !strings.HasPrefix(resp.header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("policy = %q, want nothing allowed but the page's own", resp.header.Get("Content-Security-Policy"))
	}
	if resp := w.fetch(http.MethodGet, home+"other", nil, nil); resp.status != http.StatusNotFound {
		t.Errorf("/other: %d, want 404", resp.status)
	}
	before := w.fetch(http.MethodGet, home+"version", nil, nil).body
	w.say(ada, "new")
	if after := w.fetch(http.MethodGet, home+"version", nil, nil).body; after == before {
		t.Errorf("version = %s before and after a message, want another", after)
	}
}
