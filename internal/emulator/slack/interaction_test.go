package slack_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	sdk "github.com/slack-go/slack"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/slack"
	"github.com/sluice-deploy/sluice/internal/emulator/web"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

func question() []sdk.Block {
	plain := func(text string) *sdk.TextBlockObject { return sdk.NewTextBlockObject("plain_text", text, true, false) }
	return []sdk.Block{
		sdk.NewSectionBlock(sdk.NewTextBlockObject("mrkdwn", "*Approve?*", false, false), nil, nil),
		sdk.NewActionBlock("question",
			sdk.NewButtonBlockElement("approve", "apr_1", plain("Approve")).WithStyle(sdk.StylePrimary),
			sdk.NewButtonBlockElement("reject", "apr_1", plain("Reject")).WithStyle(sdk.StyleDanger)),
	}
}

// TestSignature holds Sign against the example that Slack publishes (Slack:
// Verifying requests from Slack).
func TestSignature(t *testing.T) {
	t.Parallel()
	const body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar" +
		"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands" +
		"%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
	w := newWorld(t, slack.Options{SigningSecret: "8f742231b10e8888abcd99yyyzzz85a5"})
	got := w.Sign([]byte(body), time.Unix(1531420618, 0))
	if want := "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"; got.Get("X-Slack-Signature") != want {
		t.Errorf("signature = %s, want %s", got.Get("X-Slack-Signature"), want)
	}
	if got.Get("X-Slack-Request-Timestamp") != "1531420618" {
		t.Errorf("timestamp = %s, want 1531420618", got.Get("X-Slack-Request-Timestamp"))
	}
}

func TestPress(t *testing.T) {
	t.Parallel()
	w := newWorld(t, slack.Options{})
	ts := w.post(question()...)
	if out := w.press(grace, ts, "approve"); out.Failure != "" {
		t.Fatalf("press failed: %s", out.Failure)
	}
	if len(w.app.got) != 1 {
		t.Fatalf("the app got %d interactions, want 1", len(w.app.got))
	}
	got := w.app.got[0]
	o := w.Options()
	type seen struct{ Type, App, Team, User, Name, Channel, Message, Text, Block, Action, Value string }
	action := got.ActionCallback.BlockActions[0]
	want := seen{"block_actions", o.App, o.Team, grace, "grace", deploys, ts, "A question", "question", "approve", "apr_1"}
	if diff := cmp.Diff(want, seen{
		string(got.Type), got.APIAppID, got.Team.ID, got.User.ID, got.User.Name, got.Channel.ID, got.Message.Timestamp, got.Message.Text,
		action.BlockID, action.ActionID, action.Value,
	}); diff != "" {
		t.Errorf("payload (-want +got):\n%s", diff)
	}
	if got.Container.MessageTs != ts || got.Container.IsEphemeral || len(got.Message.Blocks.BlockSet) != 2 {
		t.Errorf("container %+v with %d blocks, want %s with 2", got.Container, len(got.Message.Blocks.BlockSet), ts)
	}
	if got.TriggerID == "" || !strings.HasPrefix(got.ResponseURL, "https://hooks.slack.com/actions/"+o.Team+"/") || action.ActionTs == "" {
		t.Errorf("trigger %q, response_url %q, action_ts %q, want all three", got.TriggerID, got.ResponseURL, action.ActionTs)
	}
	w.press(grace, ts, "approve")
	if len(w.app.got) != 2 {
		t.Errorf("the app got %d interactions after a second press, want 2", len(w.app.got))
	}
}

func TestPressThatCannotBe(t *testing.T) {
	t.Parallel()
	w := newWorld(t, slack.Options{})
	ts := w.post(question()...)
	for name, press := range map[string][4]string{
		"User": {"U0NOBODY", deploys, ts, "approve"}, "Channel": {ada, "C0NONE", ts, "approve"},
		"Message": {ada, deploys, "1.000001", "approve"}, "Button": {ada, deploys, ts, "abort"},
	} {
		if _, err := w.Press(press[0], press[1], press[2], press[3]); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	if len(w.app.got) != 0 {
		t.Errorf("the app got %d interactions, want none", len(w.app.got))
	}
}

func TestPressFails(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		set  func(*world)
		want string
	}{
		{"Status", func(w *world) { w.app.status = http.StatusAccepted }, "Sluice answered with status 202."},
		{"Late", func(w *world) {
			w.web.Fault = func(*wire.Request) web.Fault { return web.Fault{Delay: 3001 * time.Millisecond} }
		}, "Sluice did not answer within 3s."},
		{"NotSet", func(w *world) { w.SetRequestURL("") }, "This app is not configured to handle interactive responses."},
		{"NoHost", func(w *world) { w.SetRequestURL("https://nowhere.example/") }, "Sluice cannot be reached: dial nowhere.example: no such host."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, slack.Options{})
			ts := w.post(question()...)
			tt.set(w)
			if out := w.press(ada, ts, "approve"); out.Failure != tt.want {
				t.Errorf("failure = %q, want %q", out.Failure, tt.want)
			}
			if got := w.Failure(ada, deploys, ts); got != tt.want {
				t.Errorf("Ada sees %q, want %q", got, tt.want)
			}
			if got := w.Failure(grace, deploys, ts); got != "" {
				t.Errorf("Grace sees %q, want nothing", got)
			}
			w.web.Fault, w.app.status = nil, http.StatusOK
			w.SetRequestURL("https://app.example/slack")
			w.press(ada, ts, "approve")
			if got := w.Failure(ada, deploys, ts); got != "" {
				t.Errorf("after a press that went well Ada sees %q, want nothing", got)
			}
		})
	}
}

func TestTriggers(t *testing.T) {
	t.Parallel()
	view := sdk.ModalViewRequest{Type: "modal", Title: sdk.NewTextBlockObject("plain_text", "T", true, false), Blocks: sdk.Blocks{BlockSet: []sdk.Block{sdk.NewDividerBlock()}}}
	w := newWorld(t, slack.Options{})
	open := func(trigger string) string {
		_, err := w.bot.OpenViewContext(t.Context(), trigger, view)
		return code(err)
	}
	trigger := w.trigger()
	got := []string{open(trigger), open(trigger), open("1.2.3")}
	late := w.trigger()
	w.loop.RunFor(3 * time.Second)
	got = append(got, open(late))
	if diff := cmp.Diff([]string{"", "exchanged_trigger_id", "invalid_trigger_id", "expired_trigger_id"}, got); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
	if len(w.Dialogs(ada)) != 1 || len(w.Dialogs(grace)) != 0 {
		t.Errorf("dialogs = %d for Ada and %d for Grace, want 1 and 0", len(w.Dialogs(ada)), len(w.Dialogs(grace)))
	}
}

// dialog opens one with a reason to write, for Ada.
func (w *world) dialog() string {
	w.t.Helper()
	plain := func(text string) *sdk.TextBlockObject { return sdk.NewTextBlockObject("plain_text", text, true, false) }
	resp, err := w.bot.OpenViewContext(w.t.Context(), w.trigger(), sdk.ModalViewRequest{
		Type: "modal", Title: plain("Reject"), Submit: plain("Reject"), CallbackID: "reject", PrivateMetadata: "apr_1",
		Blocks: sdk.Blocks{BlockSet: []sdk.Block{
			sdk.NewInputBlock("reason", plain("Why"), nil, &sdk.PlainTextInputBlockElement{Type: "plain_text_input", ActionID: "text", Multiline: true, MinLength: 3}),
		}},
	})
	if err != nil {
		w.t.Fatalf("views.open: %v", err)
	}
	return resp.ID
}

func TestSubmit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, reason, answer string
		status               int
		failure              string
		open                 bool
		errors               map[string]string
	}{
		{name: "Empty", reason: "too slow"},
		{name: "Clear", reason: "too slow", answer: `{"response_action":"clear"}`},
		{name: "Errors", reason: "too slow", answer: `{"response_action":"errors","errors":{"reason":"Say more."}}`, open: true, errors: map[string]string{"reason": "Say more."}},
		{name: "ErrorsElsewhere", reason: "too slow", answer: `{"response_action":"errors","errors":{"other":"Say more."}}`, open: true, failure: "Sluice named a block that is no input."},
		{name: "NoErrors", reason: "too slow", answer: `{"response_action":"errors"}`, open: true, failure: "Sluice gave response_action errors without errors."},
		{name: "Update", reason: "too slow", answer: `{"response_action":"update"}`, open: true, failure: `response_action "update" is not emulated.`},
		{name: "NoJSON", reason: "too slow", answer: `ok`, open: true, failure: "Sluice gave an answer that is no JSON."},
		{name: "Status", reason: "too slow", status: 500, open: true, failure: "Sluice answered with status 500."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, slack.Options{})
			id := w.dialog()
			w.app.body = tt.answer
			if tt.status != 0 {
				w.app.status = tt.status
			}
			out, err := w.Submit(ada, id, map[string]string{"reason": tt.reason})
			if err != nil || out.Failure != tt.failure {
				t.Errorf("Submit = %q, %v, want %q", out.Failure, err, tt.failure)
			}
			got := w.app.got[len(w.app.got)-1]
			if got.Type != sdk.InteractionTypeViewSubmission || got.User.ID != ada || got.View.CallbackID != "reject" || got.View.PrivateMetadata != "apr_1" {
				t.Errorf("the app got %s by %s of view %+v", got.Type, got.User.ID, got.View)
			}
			if got := got.View.State.Values["reason"]["text"].Value; got != tt.reason {
				t.Errorf("reason = %q, want %q", got, tt.reason)
			}
			dialogs := w.Dialogs(ada)
			if open := len(dialogs) == 1; open != tt.open {
				t.Fatalf("dialog open: %v, want %v", open, tt.open)
			}
			if tt.open {
				if diff := cmp.Diff(tt.errors, dialogs[0].Errors); (len(tt.errors) > 0 && diff != "") || dialogs[0].Failed != tt.failure {
					t.Errorf("failed %q, errors (-want +got):\n%s", dialogs[0].Failed, diff)
				}
			}
		})
	}
}

func TestSubmitIsCheckedFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, slack.Options{})
	id := w.dialog()
	before := len(w.app.got)
	for reason, want := range map[string]string{"": "Please complete this required field.", "no": "Must be at least 3 characters.", strings.Repeat("a", 3001): "Must be at most 3000 characters."} {
		if _, err := w.Submit(ada, id, map[string]string{"reason": reason}); err != nil {
			t.Fatalf("Submit: %v", err)
		}
		if got := w.Dialogs(ada)[0].Errors["reason"]; got != want {
			t.Errorf("%d characters: got %q, want %q", len(reason), got, want)
		}
	}
	if len(w.app.got) != before {
		t.Errorf("the app got %d submissions, want none", len(w.app.got)-before)
	}
	if _, err := w.Submit(grace, id, nil); err == nil {
		t.Error("Grace submitted Ada's dialog")
	}
	w.loop.Do(func() { w.CloseDialog(ada, id) })
	if _, err := w.Submit(ada, id, nil); err == nil {
		t.Error("a closed dialog was submitted")
	}
}

func TestResponseURL(t *testing.T) {
	t.Parallel()
	w := newWorld(t, slack.Options{Unlimited: true})
	press := func() (ts, hook string) {
		ts = w.post(question()...)
		w.press(ada, ts, "approve")
		return ts, w.app.got[len(w.app.got)-1].ResponseURL
	}
	respond := func(how sdk.MsgOption) error {
		_, _, err := w.bot.PostMessageContext(t.Context(), "", how, sdk.MsgOptionText("thanks", false))
		return err
	}
	ts, hook := press()
	for _, o := range []sdk.MsgOption{
		sdk.MsgOptionResponseURL(hook, sdk.ResponseTypeEphemeral), sdk.MsgOptionResponseURL(hook, sdk.ResponseTypeInChannel), sdk.MsgOptionReplaceOriginal(hook),
	} {
		if err := respond(o); err != nil {
			t.Fatalf("response_url: %v", err)
		}
	}
	messages := w.Messages(deploys)
	if len(messages) != 2 || messages[0].TS != ts || messages[0].Text != "thanks" || messages[1].Text != "thanks" {
		t.Errorf("messages = %+v, want the original with a new text, and a new one", messages)
	}
	if len(w.Ephemerals(deploys, ada)) != 1 || len(w.Ephemerals(deploys, grace)) != 0 {
		t.Errorf("ephemeral messages: %d for Ada and %d for Grace, want 1 and 0", len(w.Ephemerals(deploys, ada)), len(w.Ephemerals(deploys, grace)))
	}
	if err := respond(sdk.MsgOptionDeleteOriginal(hook)); err != nil {
		t.Fatalf("response_url: %v", err)
	}
	if messages := w.Messages(deploys); len(messages) != 1 {
		t.Errorf("%d messages after the original was deleted, want 1", len(messages))
	}
	if err := respond(sdk.MsgOptionReplaceOriginal(hook)); err == nil {
		t.Error("a message that is gone was replaced")
	}
	if got := status(respond(sdk.MsgOptionResponseURL(hook, sdk.ResponseTypeInChannel))); got != http.StatusNotFound {
		t.Errorf("status of the sixth post = %d, want 404", got)
	}
	_, hook = press()
	w.loop.RunFor(30 * time.Minute)
	if got := status(respond(sdk.MsgOptionResponseURL(hook, sdk.ResponseTypeInChannel))); got != http.StatusNotFound {
		t.Errorf("status after 30 minutes = %d, want 404", got)
	}
}

func status(err error) int {
	var failed sdk.StatusCodeError
	if errors.As(err, &failed) {
		return failed.Code
	}
	return 0
}

func TestEphemeralMessageIsPressed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, slack.Options{})
	ts, err := w.bot.PostEphemeralContext(t.Context(), deploys, ada, sdk.MsgOptionBlocks(question()...))
	if err != nil {
		t.Fatalf("chat.postEphemeral: %v", err)
	}
	w.press(ada, ts, "approve")
	if got := w.app.got[0]; !got.Container.IsEphemeral || got.Message.Timestamp != "" {
		t.Errorf("container %+v, message %q, want an ephemeral one and no message", got.Container, got.Message.Timestamp)
	}
	if _, err := w.Press(grace, deploys, ts, "approve"); err == nil {
		t.Error("Grace pressed what only Ada sees")
	}
}

// TestSameRun says that a run depends on nothing but its inputs.
func TestSameRun(t *testing.T) {
	t.Parallel()
	run := func() string {
		w := worldOn(t, loop.NewVirtual(time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)), slack.Options{})
		ts := w.post(question()...)
		out := w.press(ada, ts, "approve")
		form, err := url.ParseQuery(string(out.Sent.Body))
		if err != nil {
			t.Fatal(err)
		}
		return form.Get("payload")
	}
	if diff := cmp.Diff(run(), run()); diff != "" {
		t.Errorf("two runs differ:\n%s", diff)
	}
}
