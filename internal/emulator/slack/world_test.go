package slack_test

import (
	"bytes"
	"net/http"
	"testing"
	"time"

	sdk "github.com/slack-go/slack"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/slack"
	"github.com/sluice-deploy/sluice/internal/emulator/web"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

const (
	ada     = "U0ADA"
	grace   = "U0GRACE"
	deploys = "C0DEPLOYS"
)

// world is a workspace with two people, a channel with both and the bot, one
// without the bot, and an app that keeps what it is sent.
type world struct {
	*slack.Service
	t    *testing.T
	loop *loop.Loop
	web  *web.Web
	bot  *sdk.Client
	app  *app
}

func newWorld(t *testing.T, o slack.Options) *world {
	t.Helper()
	return worldOn(t, loop.NewVirtual(time.Now().UTC()), o) //nolint:forbidigo // slack-go's verifier holds the timestamp against the wall clock
}

func worldOn(t *testing.T, l *loop.Loop, o slack.Options) *world {
	t.Helper()
	w := &world{t: t, loop: l, web: web.New(l)}
	o.TeamName, o.AppName, o.RequestURL = "Acme", "Sluice", "https://app.example/slack"
	l.Do(func() {
		w.Service = slack.New(l, w.web, o)
		w.AddUser(slack.User{ID: ada, Name: "ada", RealName: "Ada Lovelace", Email: "ada@example.com"})
		w.AddUser(slack.User{ID: grace, Name: "grace", RealName: "Grace Hopper", DisplayName: "Amazing Grace", Email: "grace@example.com", HidesEmail: true})
		w.AddGroup(slack.Group{ID: "S0LEADS", Handle: "leads", Members: []string{grace}})
		w.AddChannel(slack.Channel{ID: deploys, Name: "deploys", HasBot: true, Members: []string{ada, grace}})
		w.AddChannel(slack.Channel{ID: "C0RANDOM", Name: "random", Members: []string{ada}})
	})
	w.bot = w.client(w.Options().Token)
	w.app = &app{world: w, status: http.StatusOK}
	l.Do(func() { w.web.Host("app.example", w.app) })
	return w
}

func (w *world) client(token string) *sdk.Client {
	return sdk.New(token, sdk.OptionHTTPClient(w.web.Client(0)), sdk.OptionAPIURL("https://slack.com/api/"))
}

// post has the bot post blocks to the channel with everybody and gives their TS.
func (w *world) post(blocks ...sdk.Block) string {
	w.t.Helper()
	_, ts, err := w.bot.PostMessageContext(w.t.Context(), deploys, sdk.MsgOptionText("A question", false), sdk.MsgOptionBlocks(blocks...))
	if err != nil {
		w.t.Fatalf("chat.postMessage: %v", err)
	}
	return ts
}

func (w *world) press(user, ts, action string) slack.Outcome {
	w.t.Helper()
	out, err := w.Press(user, deploys, ts, action)
	if err != nil {
		w.t.Fatalf("Press: %v", err)
	}
	return out
}

// app is what the request URL leads to. It takes only what Slack has signed.
type app struct {
	world  *world
	status int
	body   string
	got    []sdk.InteractionCallback
	then   func(sdk.InteractionCallback) // called on the loop before the answer
}

func (a *app) Serve(r *wire.Request, reply func(*wire.Response)) {
	callback, err := a.read(r)
	if err != nil {
		reply(&wire.Response{Status: http.StatusUnauthorized, Header: http.Header{}, Body: []byte(err.Error())})
		return
	}
	a.got = append(a.got, callback)
	if a.then != nil {
		a.then(callback)
	}
	reply(&wire.Response{Status: a.status, Header: http.Header{}, Body: []byte(a.body)})
}

// read checks the signature and decodes the payload, both with slack-go.
func (a *app) read(r *wire.Request) (sdk.InteractionCallback, error) {
	v, err := sdk.NewSecretsVerifier(r.Header, a.world.Options().SigningSecret)
	if err != nil {
		return sdk.InteractionCallback{}, err
	}
	if _, err := v.Write(r.Body); err != nil {
		return sdk.InteractionCallback{}, err
	}
	if err := v.Ensure(); err != nil {
		return sdk.InteractionCallback{}, err
	}
	req, err := http.NewRequestWithContext(a.world.t.Context(), r.Method, "https://"+r.Host+r.Path, bytes.NewReader(r.Body))
	if err != nil {
		return sdk.InteractionCallback{}, err
	}
	req.Header = r.Header
	return sdk.InteractionCallbackParse(req)
}
