package harness_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"

	"github.com/sluice-deploy/sluice/internal/approvals"
	"github.com/sluice-deploy/sluice/internal/emulator/slack"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// The people of the stories. Ada and Bob are in the group that may approve, Dana
// writes the commits, Eve may nothing.
const (
	ada, bob, dana, eve = "U0000000ADA", "U0000000BOB", "U000000DANA", "U0000000EVE"
	deployers           = "S00DEPLOYERS"
	deploys             = "C000DEPLOYS"
)

// people puts them into the workspace, with the channel #deploys.
func (b *box) people() {
	b.Do(func() {
		for _, u := range []slack.User{
			{ID: ada, Name: "ada", RealName: "Ada", Email: "ada@example.com"},
			{ID: bob, Name: "bob", RealName: "Bob", Email: "bob@example.com"},
			{ID: dana, Name: "dana", RealName: "Dana", Email: "dana@example.com"},
			{ID: eve, Name: "eve", RealName: "Eve", Email: "eve@example.com"},
		} {
			b.Slack.AddUser(u)
		}
		b.Slack.AddGroup(slack.Group{ID: deployers, Handle: "deployers", Members: []string{ada, bob, dana}})
		b.Slack.AddChannel(slack.Channel{ID: deploys, Name: "deploys", HasBot: true, Everyone: true})
	})
}

// asking is an approval by the group, asked for in #deploys.
func asking(change ...func(*rollout.Approval)) *rollout.Approval {
	a := &rollout.Approval{
		Slack: "#deploys", Approvers: []string{deployers}, Quorum: 1, Expires: 24 * time.Hour, OnExpiry: rollout.Reject,
	}
	for _, c := range change {
		c(a)
	}
	return a
}

// newAskingBox is a box whose production is asked for.
func newAskingBox(t *testing.T, change ...func(*rollout.Approval)) *box {
	t.Helper()
	b := newBox(t, func(s *rollout.Spec) {
		s.Environments[0].Approval = asking(change...)
		s.Environments[0].Operators = []string{deployers}
	})
	b.people()
	return b
}

// message is the message that follows a rollout; the test fails if there is not
// exactly one.
func (b *box) message(name string) slack.Message {
	b.t.Helper()
	var found []slack.Message
	b.Do(func() {
		for _, m := range b.Slack.Messages(deploys) {
			if strings.Contains(said(m), "`"+name+"`") {
				found = append(found, m)
			}
		}
	})
	if len(found) != 1 {
		b.t.Fatalf("%d messages are about %s, want 1", len(found), name)
	}
	return found[0]
}

// said is all that a message says.
func said(m slack.Message) string {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(m.Blocks); err != nil {
		panic(err)
	}
	return m.Text + " " + text.String()
}

// untilAsked runs until a rollout's question is on the screen, and gives its message.
func (b *box) untilAsked(name string) slack.Message {
	b.t.Helper()
	b.untilState(name, "Approve")
	b.RunFor(10 * time.Second)
	if b.here != nil {
		return slack.Message{}
	}
	return b.message(name)
}

// press has somebody press a button of a rollout's message and runs until what that
// starts is done.
func (b *box) press(user, name, action string) slack.Outcome {
	b.t.Helper()
	if b.here != nil {
		b.decideHere(name, action, "")
		return slack.Outcome{}
	}
	out, err := b.Slack.Press(user, deploys, b.message(name).TS, action)
	if err != nil {
		b.t.Fatal(err)
	}
	b.RunFor(10 * time.Second)
	return out
}

// reject has somebody press Reject and give a reason.
func (b *box) reject(user, name, reason string) {
	b.t.Helper()
	if b.here != nil {
		b.decideHere(name, "reject", reason)
		return
	}
	if out := b.press(user, name, "reject"); out.Failure != "" {
		b.t.Fatalf("Reject: %s", out.Failure)
	}
	var views []slack.Dialog
	b.Do(func() { views = b.Slack.Dialogs(user) })
	if len(views) != 1 {
		b.t.Fatalf("%d dialogs are open, want 1", len(views))
	}
	out, err := b.Slack.Submit(user, views[0].ID, map[string]string{"reason": reason})
	if err != nil || out.Failure != "" {
		b.t.Fatalf("submit the reason: %s %v", out.Failure, err)
	}
	b.RunFor(10 * time.Second)
}

// whispers are what only one person sees.
func (b *box) whispers(user string) []string {
	var texts []string
	b.Do(func() {
		for _, m := range b.Slack.Ephemerals(deploys, user) {
			texts = append(texts, said(m))
		}
	})
	return texts
}

// wantSees fails the test if the last that only this person sees does not say so.
func (b *box) wantSees(user, text string) {
	b.t.Helper()
	all := b.whispers(user)
	if len(all) == 0 || !strings.Contains(all[len(all)-1], text) {
		b.t.Errorf("%s sees %q, want %q", user, all, text)
	}
}

// wantWhisper is wantSees where nobody else has been told anything apart.
func (b *box) wantWhisper(user, text string) {
	b.t.Helper()
	b.wantSees(user, text)
	for _, other := range []string{ada, bob, dana, eve} {
		if other != user && len(b.whispers(other)) > 0 {
			b.t.Errorf("%s sees what is for %s: %q", other, user, b.whispers(other))
		}
	}
}

// question is the question before production of a rollout.
func (b *box) question(name string) store.Approval {
	b.t.Helper()
	record := b.record(name)
	release, err := b.Steps.Store.Release(b.ctx(), record.Place.App, record.Release)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.approval(store.Binding{Rollout: name, Step: rollout.BeforeAll, Hash: release.Hash()}.ID())
}

func (b *box) approval(id string) store.Approval {
	b.t.Helper()
	a, err := b.Steps.Store.Approval(b.ctx(), id)
	if err != nil {
		b.t.Fatal(err)
	}
	return a
}

// wantStanding fails the test if the question stands otherwise.
func (b *box) wantStanding(name string, want rollout.Standing) {
	b.t.Helper()
	if a := b.question(name); a.Standing != want {
		b.t.Errorf("the question of %s is %s (%s), want %s", name, a.Standing, a.Why, want)
	}
}

// decisions are what was decided about people's answers, in order.
func (b *box) decisions(name string, of store.DecisionKind) []store.Decision {
	b.t.Helper()
	all, err := b.Steps.Store.Decisions(context.WithoutCancel(b.ctx()), name)
	if err != nil {
		b.t.Fatal(err)
	}
	var some []store.Decision
	for _, d := range all {
		if d.Of == of {
			some = append(some, d)
		}
	}
	return some
}

// inSlack is somebody as the Slack function has found them.
func inSlack(id, name string) rollout.Person {
	return rollout.Person{Way: rollout.BySlack, ID: id, Name: name}
}

// decide puts a decision on the bus as the Slack function would, past Slack.
func (b *box) decide(d approvals.Decision) {
	b.t.Helper()
	b.Do(func() {
		if d.ID == "" {
			d.ID = b.UUID()
		}
	})
	if d.At.IsZero() {
		d.At = b.Now()
	}
	text, err := json.Marshal(d)
	if err != nil {
		b.t.Fatal(err)
	}
	client := eventbridge.NewFromConfig(b.Config(b.Lambda.AccessKey("sluice-slack")))
	out, err := client.PutEvents(b.ctx(), &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{{
		EventBusName: &b.Settings.Decisions, Source: aws.String(approvals.Source), DetailType: aws.String(approvals.DetailType),
		Detail: aws.String(string(text)),
	}}})
	if err != nil || out.FailedEntryCount > 0 {
		b.t.Fatalf("put a decision: %+v, %v", out, err)
	}
	b.RunFor(10 * time.Second)
}

// send sends the press of a button that a message had once, signed as Slack signs.
func (b *box) send(user, ts string, blocks []slack.Block, action string) *wire.Response {
	b.t.Helper()
	for _, block := range blocks {
		for _, e := range block.Elements {
			if e.ActionID == action {
				return b.post(b.pressed(user, ts, action, e.Value))
			}
		}
	}
	b.t.Fatalf("there was no button %s", action)
	return nil
}

// pressed is the body of a press (Slack: block_actions payloads).
func (b *box) pressed(user, ts, action, value string) []byte {
	b.t.Helper()
	o := b.Slack.Options()
	payload, err := json.Marshal(map[string]any{
		"type": "block_actions", "api_app_id": o.App, "team": map[string]string{"id": o.Team}, "trigger_id": "1.2.3",
		"user": map[string]string{"id": user, "username": "somebody", "team_id": o.Team}, "channel": map[string]string{"id": deploys},
		"container": map[string]string{"type": "message", "message_ts": ts, "channel_id": deploys},
		"message":   map[string]any{"ts": ts},
		"actions":   []map[string]string{{"type": "button", "action_id": action, "block_id": "b", "value": value, "action_ts": "1.2"}},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return []byte(url.Values{"payload": {string(payload)}}.Encode())
}

// post sends a body to the Slack function's URL as Slack would now.
func (b *box) post(body []byte) *wire.Response {
	b.t.Helper()
	var header http.Header
	b.Do(func() { header = b.Slack.Sign(body, b.Now()) })
	return b.postWith(header, body)
}

// postWith sends a body with these headers, and runs until what that starts is done.
func (b *box) postWith(header http.Header, body []byte) *wire.Response {
	b.t.Helper()
	target, err := url.Parse(b.SlackURL)
	if err != nil {
		b.t.Fatal(err)
	}
	var answer *wire.Response
	b.Await(func(done func()) {
		r := &wire.Request{ID: b.UUID(), Method: http.MethodPost, Host: target.Host, Path: "/", Header: header, Body: body}
		b.Web.Send(r, 3*time.Second, func(resp *wire.Response, failed error) {
			answer, err = resp, failed
			done()
		})
	})
	if err != nil {
		b.t.Fatalf("post to the Slack function: %v", err)
	}
	b.RunFor(10 * time.Second)
	return answer
}

// wantNothingScheduled fails the test if something waits to be tried again.
func (b *box) wantNothingScheduled() {
	b.t.Helper()
	for _, group := range []string{b.Settings.Answers, b.Settings.Notices} {
		out, err := b.aws.Scheduler.ListSchedules(b.ctx(), &scheduler.ListSchedulesInput{GroupName: &group})
		if err != nil {
			b.t.Fatal(err)
		}
		for _, s := range out.Schedules {
			b.t.Errorf("%s is still to be tried again in %s", aws.ToString(s.Name), group)
		}
	}
}
