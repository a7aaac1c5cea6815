package slack_test

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	sdk "github.com/slack-go/slack"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/slack"
	"github.com/sluice-deploy/sluice/internal/emulator/web"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// TestPageInABrowser presses, fills in the dialog that comes, and sees what the app
// has against it and says at the end.
func TestPageInABrowser(t *testing.T) {
	t.Parallel()
	browser := newBrowser(t)
	l := loop.NewLive(1)
	go func() { _ = l.Run(t.Context()) }()
	w := worldOn(t, l, slack.Options{})
	ts := w.post(question()...)
	server := httptest.NewServer(wire.NewServer(l, site{w.Page()}))
	t.Cleanup(server.Close)
	l.Do(func() { w.app.then = w.talk })

	text := func(selector chromedp.CSS) string {
		t.Helper()
		got, err := chromedp.Run(browser, chromedp.Text(selector))
		if err != nil {
			t.Fatalf("read %s: %v", selector, err)
		}
		return got
	}
	do := func(what string, actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(browser, actions...); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	const dialog, failed chromedp.CSS = "dialog[data-view] textarea", "dialog[data-view] .error:not(:empty)"
	do("open the page", chromedp.Navigate(server.URL+"/slack/?user="+ada))
	do("press Reject", chromedp.Click(chromedp.CSS("button.danger")), chromedp.WaitVisible(dialog))
	do("submit the dialog", chromedp.SendKeys(dialog, "slow"), chromedp.Click(chromedp.CSS("[data-submit]")), chromedp.WaitVisible(failed))
	if got, want := text(failed), "Say more."; got != want {
		t.Errorf("error = %q, want %q", got, want)
	}
	l.Do(func() { _, _ = w.Say(grace, deploys, ts, "me too") }) // so that the page reloads behind the dialog
	do("see what is new", chromedp.WaitReady(chromedp.CSS("details.thread")))
	do("submit it again", chromedp.SendKeys(dialog, ", since noon"), chromedp.Click(chromedp.CSS("[data-submit]")),
		chromedp.WaitNotPresent(chromedp.CSS("dialog[data-view]")), chromedp.WaitVisible(chromedp.CSS(".private .section")))
	if got, want := text(".private .section"), "Rejected: slow, since noon"; got != want {
		t.Errorf("ephemeral message = %q, want %q", got, want)
	}
}

// talk is an app on the loop: a press opens a dialog, a short reason is not enough,
// a longer one is answered with an ephemeral message.
func (w *world) talk(c sdk.InteractionCallback) {
	plain := func(text string) *sdk.TextBlockObject { return sdk.NewTextBlockObject("plain_text", text, true, false) }
	switch reason := reasonOf(c); {
	case c.Type == sdk.InteractionTypeBlockActions:
		w.beside(func(ctx context.Context) error {
			_, err := w.bot.OpenViewContext(ctx, c.TriggerID, sdk.ModalViewRequest{
				Type: "modal", Title: plain("Reject shop 42"), Submit: plain("Reject"), Blocks: sdk.Blocks{BlockSet: []sdk.Block{
					sdk.NewInputBlock("reason", plain("Why"), nil, &sdk.PlainTextInputBlockElement{Type: "plain_text_input", ActionID: "text", Multiline: true}),
				}},
			})
			return err
		})
	case len(reason) < 10:
		w.app.body = `{"response_action":"errors","errors":{"reason":"Say more."}}`
	default:
		w.app.body = ""
		w.beside(func(ctx context.Context) error {
			_, err := w.bot.PostEphemeralContext(ctx, deploys, ada, sdk.MsgOptionText("Rejected: "+reason, false))
			return err
		})
	}
}

func reasonOf(c sdk.InteractionCallback) string {
	if c.View.State == nil {
		return ""
	}
	return c.View.State.Values["reason"]["text"].Value
}

// beside runs what calls Slack beside the loop.
func (w *world) beside(call func(context.Context) error) {
	w.loop.Go(func(ctx context.Context) {
		if err := call(ctx); err != nil {
			w.t.Errorf("call Slack: %v", err)
		}
	}, func() {})
}

// site serves a site of the web on a port.
type site struct{ web.Site }

// Handle implements wire.Handler.
func (s site) Handle(_ context.Context, r *wire.Request, reply func(*wire.Response)) {
	s.Serve(r, reply)
}

// newBrowser gives the context of a Chromium of this test's own.
func newBrowser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("no chromium was found, and CI=true")
		}
		t.Skip("no chromium was found; the Debian package chromium has one")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	ctx, end := context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(end)
	return ctx
}
