package slack_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/slack"
)

const token = "xoxb-nobodys" //nolint:gosec // of no workspace

// web is Slack's side of the Web API: it gives one answer and keeps the request.
type web struct {
	status int
	header http.Header
	body   string
	err    error         // instead of an answer
	tear   error         // in the middle of the body
	calls  []string      // the methods called
	form   url.Values    // of the last call, where it was a form
	sent   []byte        // the body of the last call
	auth   string        // its Authorization
	read   *countingBody // the answer's body
}

func (w *web) Do(req *http.Request) (*http.Response, error) {
	w.calls = append(w.calls, req.URL.String())
	var err error
	if w.sent, err = io.ReadAll(req.Body); err != nil {
		return nil, err
	}
	w.form, _ = url.ParseQuery(string(w.sent)) // a JSON body has none
	w.auth = req.Header.Get("Authorization")
	if w.err != nil {
		return nil, w.err
	}
	var body io.Reader = strings.NewReader(w.body)
	if w.tear != nil {
		body = io.MultiReader(body, torn{w.tear})
	}
	w.read = &countingBody{Reader: body}
	status := max(w.status, http.StatusOK)
	return &http.Response{StatusCode: status, Status: http.StatusText(status), Header: w.header, Body: w.read}, nil
}

type torn struct{ err error }

func (t torn) Read([]byte) (int, error) { return 0, t.err }

// countingBody counts what is read of it.
type countingBody struct {
	io.Reader
	n      int
	closed bool
}

func (b *countingBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.n += n
	return n, err
}

func (b *countingBody) Close() error { b.closed = true; return nil }

func client(w *web) slack.Client {
	return slack.Client{HTTP: w, Token: func(context.Context) (string, error) { return token, nil }}
}

// calls are all methods of a client.
func calls(c slack.Client) map[string]func(context.Context) error {
	at := slack.Posted{Channel: "C024BE91L", TS: "1503435956.000247"}
	return map[string]func(context.Context) error{
		"chat.postMessage": func(ctx context.Context) error { _, err := c.Post(ctx, "#deploys", slack.Told("hello")); return err },
		"reply":            func(ctx context.Context) error { _, err := c.Reply(ctx, at, slack.Told("hello")); return err },
		"chat.update":      func(ctx context.Context) error { return c.Update(ctx, at, slack.Told("hello")) },
		"chat.postEphemeral": func(ctx context.Context) error {
			return c.Whisper(ctx, "C024BE91L", "U024BE7LH", "hello")
		},
		"views.open": func(ctx context.Context) error {
			return c.OpenReason(ctx, "123.456.abc", slack.Dialog{Action: slack.Reject, Subject: "apr-01hx", Title: "Reject"})
		},
		"users.info":            func(ctx context.Context) error { _, _, err := c.Email(ctx, "U024BE7LH"); return err },
		"users.conversations":   func(ctx context.Context) error { _, err := c.Joined(ctx); return err },
		"usergroups.users.list": func(ctx context.Context) error { _, err := c.Members(ctx, "S0614TZR7"); return err },
	}
}

const postedBody = `{"ok":true,"channel":"C024BE91L","ts":"1503435956.000247","message":{"text":"x","blocks":[{"type":"yet_unknown"}]}}`

func TestPost(t *testing.T) {
	t.Parallel()
	w := &web{body: postedBody}
	m := slack.Render(moving())
	got, err := client(w).Post(t.Context(), "#deploys", m)
	if err != nil {
		t.Fatal(err)
	}
	if want := (slack.Posted{Channel: "C024BE91L", TS: "1503435956.000247"}); got != want {
		t.Errorf("posted at %v, want %v", got, want)
	}
	blocks, err := json.Marshal(m.Blocks)
	if err != nil {
		t.Fatal(err)
	}
	want := url.Values{
		"token": {token}, "channel": {"#deploys"}, "text": {m.Text}, "blocks": {string(blocks)}, "parse": {"none"},
		"unfurl_links": {"false"}, "unfurl_media": {"false"},
	}
	if diff := cmp.Diff(want, w.form); diff != "" {
		t.Errorf("form (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"https://slack.com/api/chat.postMessage"}, w.calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if !w.read.closed {
		t.Error("the answer's body was left open")
	}
}

func TestReply(t *testing.T) {
	t.Parallel()
	w := &web{body: `{"ok":true,"channel":"C024BE91L","ts":"1503435999.000001"}`}
	got, err := client(w).Reply(t.Context(), slack.Posted{Channel: "C024BE91L", TS: "1503435956.000247"}, slack.Line(noon, "Shift"))
	if err != nil {
		t.Fatal(err)
	}
	if want := (slack.Posted{Channel: "C024BE91L", TS: "1503435999.000001"}); got != want {
		t.Errorf("replied at %v, want %v", got, want)
	}
	if got := w.form.Get("thread_ts"); got != "1503435956.000247" || w.form.Has("blocks") {
		t.Errorf("the form is %v, want it in the thread and without blocks", w.form)
	}
}

// A message without blocks takes the old ones' place.
func TestUpdate(t *testing.T) {
	t.Parallel()
	w := &web{body: postedBody}
	if err := client(w).Update(t.Context(), slack.Posted{Channel: "C024BE91L", TS: "1503435956.000247"}, slack.Told("over")); err != nil {
		t.Fatal(err)
	}
	want := url.Values{
		"token": {token}, "channel": {"C024BE91L"}, "ts": {"1503435956.000247"}, "text": {"over"}, "blocks": {"[]"}, "parse": {"none"},
		"unfurl_links": {"false"}, "unfurl_media": {"false"},
	}
	if diff := cmp.Diff(want, w.form); diff != "" {
		t.Errorf("form (-want +got):\n%s", diff)
	}
}

func TestWhisper(t *testing.T) {
	t.Parallel()
	w := &web{body: `{"ok":true,"message_ts":"1502210682.580145"}`}
	if err := client(w).Whisper(t.Context(), "C024BE91L", "U024BE7LH", "you may not <!here>"); err != nil {
		t.Fatal(err)
	}
	if w.calls[0] != "https://slack.com/api/chat.postEphemeral" || w.form.Get("user") != "U024BE7LH" || w.form.Get("text") != "you may not &lt;!here&gt;" {
		t.Errorf("%s got %v, want an escaped text for U024BE7LH", w.calls[0], w.form)
	}
}

func TestOpenReason(t *testing.T) {
	t.Parallel()
	w := &web{body: `{"ok":true,"view":{"id":"V1"}}`}
	err := client(w).OpenReason(t.Context(), "123.456.abc", slack.Dialog{
		Action: slack.Reject, Subject: "apr-01hx", Title: "Reject shop production, release 7", About: "release 7 <!here>",
		Channel: "C024BE91L", TS: "1503435956.000247",
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := "Bearer " + token; w.auth != want {
		t.Errorf("it is authorized with %q, want the token", w.auth)
	}
	want := `{"trigger_id":"123.456.abc","view":{"type":"modal",
		"title":{"type":"plain_text","text":"Reject shop production,…","emoji":false},
		"blocks":[
			{"type":"section","text":{"type":"mrkdwn","text":"release 7 &lt;!here&gt;","verbatim":true}},
			{"type":"input","block_id":"reason","label":{"type":"plain_text","text":"Reason","emoji":false},
			 "element":{"type":"plain_text_input","action_id":"reason","multiline":true,"min_length":1,"max_length":500}}],
		"close":{"type":"plain_text","text":"Cancel","emoji":false},
		"submit":{"type":"plain_text","text":"Reject","emoji":false},
		"private_metadata":"{\"action\":\"reject\",\"subject\":\"apr-01hx\",\"channel\":\"C024BE91L\",\"ts\":\"1503435956.000247\"}",
		"callback_id":"reason"}}`
	if diff := cmp.Diff(decode(t, want), decode(t, string(w.sent))); diff != "" {
		t.Errorf("view (-want +got):\n%s", diff)
	}
}

func TestOpenReasonTooLong(t *testing.T) {
	t.Parallel()
	w := &web{body: `{"ok":true}`}
	err := client(w).OpenReason(t.Context(), "123.456.abc", slack.Dialog{Action: slack.Reject, Subject: strings.Repeat("a", 3000), Title: "Reject"})
	if rollout.KindOf(err) != rollout.KindInternal || !strings.Contains(err.Error(), "subject has 3000 characters") || len(w.calls) > 0 {
		t.Errorf("%v after the calls %v, want an Internal error that names the subject, and none", err, w.calls)
	}
}

func decode(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

func TestEmail(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ body, name, email string }{
		{`{"ok":true,"user":{"id":"U1","name":"ada.l","profile":{"display_name":"Ada","real_name":"Ada Lovelace","email":"ada@example.com"}}}`, "Ada", "ada@example.com"},
		{`{"ok":true,"user":{"id":"U1","name":"ada.l","profile":{"real_name":"Ada Lovelace"}}}`, "Ada Lovelace", ""},
		{`{"ok":true,"user":{"id":"U1","name":"ada.l"}}`, "ada.l", ""},
	} {
		w := &web{body: c.body}
		name, email, err := client(w).Email(t.Context(), "U1")
		if name != c.name || email != c.email || err != nil {
			t.Errorf("%s: got %q, %q (%v), want %q, %q", c.body, name, email, err, c.name, c.email)
		}
		if w.form.Get("user") != "U1" {
			t.Errorf("it asked for %v, want U1", w.form)
		}
	}
}

func TestMembers(t *testing.T) {
	t.Parallel()
	w := &web{body: `{"ok":true,"users":["U060R4BJ4","W123A4BC5"]}`}
	got, err := client(w).Members(t.Context(), "S0614TZR7")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"U060R4BJ4", "W123A4BC5"}, got); diff != "" || w.form.Get("usergroup") != "S0614TZR7" {
		t.Errorf("members of %v (-want +got):\n%s", w.form, diff)
	}
}

func TestJoined(t *testing.T) {
	t.Parallel()
	w := &web{body: `{"ok":true,"channels":[{"id":"C024BE91L","name":"deploys"},{"id":"G01","name":"ops"}],"response_metadata":{"next_cursor":""}}`}
	got, err := client(w).Joined(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"C024BE91L", "#deploys", "G01", "#ops"}, got); diff != "" || w.form.Get("types") != "public_channel,private_channel" {
		t.Errorf("channels of %v (-want +got):\n%s", w.form, diff)
	}
}

// Whatever goes wrong has a kind, whichever call it is, is tried once, and does
// not show the token.
func TestErrors(t *testing.T) {
	t.Parallel()
	refused := func(code string) *web { return &web{body: `{"ok":false,"error":"` + code + `"}`} }
	for name, c := range map[string]struct {
		web  *web
		want rollout.ErrorKind
		part string
	}{
		"429":                        {&web{status: 429, header: http.Header{"Retry-After": {"30"}}}, rollout.KindThrottled, "30s"},
		"500":                        {&web{status: 500, body: "<html>"}, rollout.KindUnavailable, "did not answer"},
		"503":                        {&web{status: 503}, rollout.KindUnavailable, "did not answer"},
		"404":                        {&web{status: 404}, rollout.KindInternal, "Not Found"},
		"the connection breaks":      {&web{err: &url.Error{Op: "Post", URL: "https://slack.com/api/", Err: errors.New("connection reset")}}, rollout.KindUnavailable, "connection reset"},
		"no answer in time":          {&web{err: context.DeadlineExceeded}, rollout.KindUnavailable, "did not answer"},
		"half an answer":             {&web{body: `{"ok":tr`}, rollout.KindUnavailable, "did not answer"},
		"no answer":                  {&web{body: ""}, rollout.KindUnavailable, "did not answer"},
		"it breaks in the answer":    {&web{body: `{"ok":tr`, tear: errors.New("reset by peer")}, rollout.KindUnavailable, "reset by peer"},
		"not JSON":                   {&web{body: "<html>"}, rollout.KindInternal, "invalid character"},
		"an error with the token":    {&web{err: errors.New("proxy refuses token=" + token)}, rollout.KindUnavailable, "(token)"},
		"internal_error":             {refused("internal_error"), rollout.KindUnavailable, "internal_error"},
		"fatal_error":                {refused("fatal_error"), rollout.KindUnavailable, "fatal_error"},
		"service_unavailable":        {refused("service_unavailable"), rollout.KindUnavailable, "service_unavailable"},
		"request_timeout":            {refused("request_timeout"), rollout.KindUnavailable, "request_timeout"},
		"ratelimited":                {refused("ratelimited"), rollout.KindThrottled, "ratelimited"},
		"invalid_auth":               {refused("invalid_auth"), rollout.KindDenied, "botToken"},
		"not_authed":                 {refused("not_authed"), rollout.KindDenied, "botToken"},
		"account_inactive":           {refused("account_inactive"), rollout.KindDenied, "botToken"},
		"token_revoked":              {refused("token_revoked"), rollout.KindDenied, "botToken"},
		"missing_scope":              {&web{body: `{"ok":false,"error":"missing_scope","needed":"users:read.email"}`}, rollout.KindDenied, "add the scope users:read.email"},
		"not_in_channel":             {refused("not_in_channel"), rollout.KindDenied, "/invite"},
		"channel_not_found":          {refused("channel_not_found"), rollout.KindDenied, "/invite"},
		"is_archived":                {refused("is_archived"), rollout.KindDenied, "unarchive"},
		"restricted_action":          {refused("restricted_action"), rollout.KindDenied, "posting permissions"},
		"restricted, in one channel": {refused("restricted_action_read_only_channel"), rollout.KindDenied, "posting permissions"},
		"message_not_found":          {refused("message_not_found"), rollout.KindNotFound, "message_not_found"},
		"user_not_found":             {refused("user_not_found"), rollout.KindNotFound, "user_not_found"},
		"no_such_subteam":            {refused("no_such_subteam"), rollout.KindNotFound, "no_such_subteam"},
		"something new":              {refused("something_new"), rollout.KindInternal, "something_new"},
	} {
		for method := range calls(slack.Client{}) {
			t.Run(name+"/"+method, func(t *testing.T) {
				t.Parallel()
				w := *c.web
				err := calls(client(&w))[method](t.Context())
				if got := rollout.KindOf(err); got != c.want || !strings.Contains(err.Error(), c.part) {
					t.Errorf("%v is %s, want %s and %q", err, got, c.want, c.part)
				}
				for cause := err; cause != nil; cause = errors.Unwrap(cause) {
					if strings.Contains(cause.Error(), token) {
						t.Errorf("the token is in %q", cause)
					}
				}
				if len(w.calls) != 1 {
					t.Errorf("it was tried %d times, want once", len(w.calls))
				}
			})
		}
	}
}

// What Slack says about blocks that it refuses is passed on.
func TestErrorDetails(t *testing.T) {
	t.Parallel()
	w := &web{body: `{"ok":false,"error":"invalid_blocks","response_metadata":{"messages":["[ERROR] must be less than 3001 characters"]}}`}
	_, err := client(w).Post(t.Context(), "#deploys", slack.Render(moving()))
	want := "post to #deploys: Slack answers invalid_blocks: [ERROR] must be less than 3001 characters"
	if rollout.KindOf(err) != rollout.KindInternal || err.Error() != want {
		t.Errorf("%v is %s, want %s and %q", err, rollout.KindOf(err), rollout.KindInternal, want)
	}
}

func TestRateLimited(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Duration{
		"30": 30 * time.Second, "0": 0, "": time.Minute, "soon": time.Minute, "-1": time.Minute, "99999999999999999999": time.Minute, "900000000": 24 * time.Hour,
	} {
		w := &web{status: 429, header: http.Header{"Retry-After": {header}}}
		_, err := client(w).Post(t.Context(), "#deploys", slack.Told("hello"))
		var limited *slack.RateLimited
		if !errors.As(err, &limited) {
			t.Errorf("Retry-After %q: %v, want a RateLimited", header, err)
			continue
		}
		if limited.After != want {
			t.Errorf("Retry-After %q: after %s, want %s", header, limited.After, want)
		}
	}
}

// An answer that says ok and nothing else did not do what was asked.
func TestEmptyAnswers(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"chat.postMessage", "reply", "chat.update"} {
		err := calls(client(&web{body: `{"ok":true}`}))[method](t.Context())
		if rollout.KindOf(err) != rollout.KindInternal || !strings.Contains(err.Error(), "has no") {
			t.Errorf("%s: %v, want an Internal error that says what the answer lacks", method, err)
		}
	}
}

func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	w := &web{body: `{"ok":true,"users":["` + strings.Repeat("U", 8<<20) + `"]}`}
	if _, err := client(w).Members(t.Context(), "S0614TZR7"); rollout.KindOf(err) != rollout.KindUnavailable {
		t.Errorf("%v, want an Unavailable error", err)
	}
	if w.read.n > 5<<20 {
		t.Errorf("it read %d bytes of an answer, want a bound", w.read.n)
	}
}

func TestToken(t *testing.T) {
	t.Parallel()
	denied := rollout.Errorf(rollout.KindDenied, "read secret sluice/slack: not allowed")
	for name, c := range map[string]struct {
		token string
		err   error
		want  rollout.ErrorKind
		part  string
	}{
		"denied":  {"", denied, rollout.KindDenied, "read the bot token: read secret sluice/slack"},
		"unknown": {"", errors.New("odd"), rollout.KindInternal, "read the bot token: odd"},
		"empty":   {"", nil, rollout.KindDenied, "put the app's into Sluice's Slack secret"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &web{body: postedBody}
			k := slack.Client{HTTP: w, Token: func(context.Context) (string, error) { return c.token, c.err }}
			_, err := k.Post(t.Context(), "#deploys", slack.Told("hello"))
			if rollout.KindOf(err) != c.want || !strings.Contains(err.Error(), c.part) {
				t.Errorf("%v is %s, want %s and %q", err, rollout.KindOf(err), c.want, c.part)
			}
			if len(w.calls) > 0 {
				t.Errorf("it called %v without a token", w.calls)
			}
		})
	}
}
