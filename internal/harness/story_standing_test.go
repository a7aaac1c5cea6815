package harness_test

import (
	"context"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/app"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
)

// spec is the one that is registered.
func (b *box) spec() rollout.Spec {
	b.t.Helper()
	registered, err := b.Steps.Store.App(b.ctx(), production.App)
	if err != nil {
		b.t.Fatal(err)
	}
	return registered.Spec
}

// seen is how production stands, as whoever the steps are wired for sees it.
func (b *box) seen(s *steps.Steps) steps.Standing {
	b.t.Helper()
	spec := b.spec()
	env, _ := spec.Environment(production.Environment)
	standing, err := s.Stands(b.ctx(), spec, env)
	if err != nil {
		b.t.Fatal(err)
	}
	return standing
}

// waits is what the rollout that has production waits for, and how long from now.
func (b *box) waits() (what string, left time.Duration) {
	b.t.Helper()
	s := b.seen(b.Steps)
	if len(s.Rollouts) == 0 || s.Rollouts[0].Waits == nil {
		b.t.Fatalf("nothing waits: %+v", s)
	}
	w := s.Rollouts[0].Waits
	if w.Until == nil {
		return w.For, 0
	}
	return w.For, w.Until.Sub(b.Now()).Round(time.Second)
}

// What a rollout waits for, and until when, is told at each wait.
func TestStandingTellsEachWait(t *testing.T) {
	t.Parallel()
	b := newBox(t, func(s *rollout.Spec) { s.Environments[0].Guard = 20 * time.Minute })
	name := b.build(good, 1)
	for _, c := range []struct {
		state, what string
		left        time.Duration
	}{
		{"AwaitCanary", "a healthy canary", steps.CanaryDeadline},
		{"Bake", "the bake to pass", 3 * time.Minute},
		{"Guard", "the guard to run out", 20 * time.Minute},
		{"Settle", "every write in flight to land", steps.SettleTime},
	} {
		if c.state == "Settle" {
			b.alarm("shop-green-5xx", red)
		}
		b.untilState(name, c.state)
		b.RunFor(time.Second) // its function stores the token
		what, left := b.waits()
		if what != c.what || left < c.left-3*time.Second || left > c.left {
			t.Errorf("in %s it waits for %s for %v, want %s for %v", c.state, what, left, c.what, c.left)
		}
	}
}

// Who may only read the table sees what it says, and what is not seen is named. Who has
// the permissions that the documentation names sees everything.
func TestStandingWithPermissions(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	name := b.build(good, 1)
	b.untilState(name, "Bake")
	b.RunFor(time.Second)
	everything := b.seen(b.Steps)
	if len(everything.Unread) > 0 {
		t.Fatalf("an administrator does not see %q", everything.Unread)
	}
	for _, c := range []struct {
		name, row string
		unread    []string
	}{
		{"table alone", "| `apps`", []string{"state of shop-production-1", "slots", "alarms"}},
		{"as documented", "| `status`, `watch`", []string{}},
	} {
		wired := b.wiredAs(strings.Fields(c.name)[0], documentedActions(t, c.row))
		got := b.seen(wired)
		unread := []string{}
		for _, line := range got.Unread {
			what, why, _ := strings.Cut(line, ": ")
			if !strings.Contains(why, "is not authorized to perform") {
				t.Errorf("%s: %s", c.name, line)
			}
			unread = append(unread, what)
		}
		if diff := cmp.Diff(c.unread, unread); diff != "" {
			t.Errorf("%s: unread (-want +got):\n%s", c.name, diff)
		}
		if got.Rollouts[0].Rollout != name || got.Rollouts[0].Step != everything.Rollouts[0].Step {
			t.Errorf("%s: rollout %+v", c.name, got.Rollouts[0])
		}
	}
}

// wiredAs is Sluice wired with the credentials of a role that may do these actions.
func (b *box) wiredAs(role string, actions []string) *steps.Steps {
	b.t.Helper()
	config := b.Config("AKIAPERSON")
	credentials := b.roleThatMay(role, `"Action":["`+strings.Join(actions, `","`)+`"],"Resource":"*"`)
	config.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return credentials, nil })
	wired, err := app.New(app.World{AWS: config, HTTP: b.Web.Client(0), Now: b.Now, Log: b.Steps.Log}, b.Settings)
	if err != nil {
		b.t.Fatal(err)
	}
	return wired.Steps
}

// documentedActions are the IAM actions that a row of docs/cli.md names.
func documentedActions(t *testing.T, row string) []string {
	t.Helper()
	text, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, row) {
			actions := regexp.MustCompile(`[a-z]+:[A-Z][A-Za-z*]+`).FindAllString(line, -1)
			return slices.DeleteFunc(actions, func(a string) bool { return strings.HasPrefix(a, "cloudformation:") })
		}
	}
	t.Fatalf("docs/cli.md has no row %q", row)
	return nil
}

// What flows to the slots is read minute by minute, as the load balancer tells it.
func TestFlowsToTheSlots(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	name := b.build(good, 1)
	b.untilState(name, "Bake")
	b.RunFor(150 * time.Second)
	standing := b.seen(b.Steps)
	env, _ := b.spec().Environment(production.Environment)
	flows, err := b.Steps.Flows(b.ctx(), env, standing, 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, slot := range standing.Slots {
		minutes := flows[slot.Slot]
		if len(minutes) == 0 || len(minutes) > 2 {
			t.Fatalf("%d minutes are known of %s: %+v", len(minutes), slot.Slot, flows)
		}
		last := minutes[len(minutes)-1]
		want := float64(standing.Rule.Now.Of(slot.Slot)) // of 100 requests a second
		if last.At.After(b.Now().Add(-time.Minute)) || last.Errors() != 0 || last.Rate() < want-5 || last.Rate() > want+5 {
			t.Errorf("%s: %+v, %.1f requests a second, want about %.0f and a minute that is over", slot.Slot, last, last.Rate(), want)
		}
	}
}
