package harness_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// order has somebody order something by a terminal, runs until that is done, and gives
// what came of it.
func (b *box) order(who aws.Credentials, fields map[string]any) store.Order {
	b.t.Helper()
	body, err := json.Marshal(fields)
	if err != nil {
		b.t.Fatal(err)
	}
	got := b.ask(who, http.MethodPost, "/orders", string(body))
	var order store.Order
	if err := json.Unmarshal([]byte(got.body), &order); err != nil || got.status != http.StatusAccepted || order.ID == "" {
		b.t.Fatalf("POST /orders answered %d %s, want 202 with an id", got.status, got.body)
	}
	b.RunFor(10 * time.Second)
	got = b.ask(who, http.MethodGet, "/orders/"+order.ID, "")
	if err := json.Unmarshal([]byte(got.body), &order); err != nil || got.status != http.StatusOK || !order.Done {
		b.t.Fatalf("GET /orders/%s answered %d %s, want it done", order.ID, got.status, got.body)
	}
	return order
}

// A release is ordered by commit; its author, who ordered it, may not approve it.
func TestOrderDeploy(t *testing.T) {
	t.Parallel()
	b := newBox(t, func(s *rollout.Spec) {
		s.Environments[0].Approval = asking(func(a *rollout.Approval) {
			a.Approvers, a.NotAuthor = []string{ssoSession + "ada@example.com", ssoSession + "bob@example.com"}, true
		})
	})
	b.people()
	commit := "0123456789abcdef0123456789abcdef01234567"
	b.push(commit[:12], good)
	adas := b.session(ssoRole, "ada@example.com")
	order := b.order(adas, map[string]any{"verb": "deploy", "app": "shop", "commit": commit, "author": "mallory@example.com"})
	if !order.Refused || !strings.Contains(order.Result, "known as ada@example.com and counts as the author: leave --author out") {
		t.Fatalf("with another author the order came to %+v, want it refused", order)
	}
	order = b.order(adas, map[string]any{"verb": "deploy", "app": "shop", "commit": commit, "author": "Ada <ada@example.com>"})
	if order.Refused || order.Release != 1 {
		t.Fatalf("the order came to %+v, want release 1", order)
	}
	name := "shop-production-1"
	b.untilAsked(name)
	id := b.question(name).ID
	own := b.approve(adas, id)
	b.wantRefused(id, own, "is the author of this release")
	if got := b.ask(adas, http.MethodGet, "/rollouts/"+name, ""); !strings.Contains(got.body, id) || !strings.Contains(got.body, `"phase":"Approve"`) {
		t.Errorf("GET /rollouts/%s answered %d %s, want the question", name, got.status, got.body)
	}
	if got := b.ask(adas, http.MethodGet, "/environments/shop/production", ""); !strings.Contains(got.body, `"asking":{"rollout":"`+name) {
		t.Errorf("GET /environments answered %d %s, want who asks", got.status, got.body)
	}
	b.approve(b.session(ssoRole, "bob@example.com"), id)
	b.untilState(name, "Bake")
	b.RunFor(5 * time.Second)
	if got := b.ask(adas, http.MethodGet, "/environments/shop/production", ""); !strings.Contains(got.body, `"owner":{"rollout":"`+name+`","phase":"Bake"}`) {
		t.Errorf("GET /environments answered %d %s, want the owner", got.status, got.body)
	}
	b.untilEnded(name)
	b.wantOutcome(name, rollout.Succeeded)
	if got := b.ask(adas, http.MethodGet, "/deployments/shop/"+order.ID, ""); !strings.Contains(got.body, `"state":"succeeded"`) {
		t.Errorf("GET /deployments answered %d %s, want it succeeded", got.status, got.body)
	}
	release, err := b.Steps.Store.Release(b.ctx(), "shop", 1)
	if err != nil || release.Cause.By != "ada@example.com" || release.Cause.Source != "order" || release.Cause.Commit != commit {
		t.Errorf("the release's cause is %+v, %v; want who ordered it and what", release.Cause, err)
	}
}

// A rollback is ordered while the release is on its way elsewhere: what waits there does
// not go on.
func TestOrderRollback(t *testing.T) {
	t.Parallel()
	b := late(t)
	b.roll(good)
	b.RunFor(3 * time.Hour)
	b.build(good, 1)
	b.untilState("shop-staging-2", "Guard")
	b.untilState("shop-production-2", "Bake")
	order := b.order(user("ada"), map[string]any{"verb": "rollback", "app": "shop", "environment": "staging", "reason": "it looks odd"})
	if order.Refused || order.Rollout != "shop-staging-rollback-3" {
		t.Fatalf("the order came to %+v, want a rollback", order)
	}
	for _, name := range []string{"shop-staging-rollback-3", "shop-staging-2", "shop-production-2"} {
		b.untilEnded(name)
	}
	b.wantOutcome("shop-staging-rollback-3", rollout.Succeeded)
	b.wantOutcome("shop-production-2", rollout.RolledBack)
	b.wantReason("shop-production-2", rollout.RolledBack, "asked for by ada: it looks odd")
}

// What was not ordered as it must be is refused, and nothing is begun.
func TestOrderRefused(t *testing.T) {
	t.Parallel()
	b := newBox(t, func(s *rollout.Spec) { s.Environments[0].Operators = []string{homeARN + "user/carl"} })
	image := b.repository() + ":v0"
	for _, c := range []struct {
		who    string
		order  map[string]any
		status int // 0: it is taken, and refused later
		says   string
	}{
		{"carl", map[string]any{"verb": "undo", "app": "shop"}, 400, `the verb \"undo\", want deploy, rollback`},
		{"carl", map[string]any{"verb": "deploy"}, 400, "no app"},
		{"carl", map[string]any{"verb": "deploy", "app": "shop"}, 400, "to name images, or the commit"},
		{"carl", map[string]any{"verb": "deploy", "app": "shop", "images": map[string]string{"": image}, "id": "mine", "colour": "red"}, 400, "colour"},
		{"carl", map[string]any{"verb": "rollback", "app": "shop"}, 400, "no environment"},
		{"carl", map[string]any{"verb": "rollback", "app": "shop", "environment": "production", "to": -1}, 400, "count from 1"},
		{"carl", map[string]any{"verb": "rollback", "app": "shop", "environment": "production", "reason": strings.Repeat("x", 501)}, 400, "500 characters"},
		{"carl", map[string]any{"verb": "deploy", "app": strings.Repeat("x", 1025), "commit": "1"}, 400, "1024 bytes"},
		{"carl", map[string]any{"verb": "deploy", "app": "shpo", "commit": "1"}, 0, `app "shpo" is not registered`},
		{"carl", map[string]any{"verb": "deploy", "app": "shop", "images": map[string]string{"web": "nginx"}}, 0, "not an ECR image"},
		{"carl", map[string]any{"verb": "deploy", "app": "shop", "images": map[string]string{"": image, "web": image}}, 0, "say which one each image is for"},
		{"carl", map[string]any{"verb": "deploy", "app": "shop", "commit": "1", "environment": "prod"}, 0, `no environment "prod"`},
		{"carl", map[string]any{"verb": "rollback", "app": "shop", "environment": "production"}, 0, "no release recorded to go back to"},
		{"mallory", map[string]any{"verb": "rollback", "app": "shop", "environment": "production"}, 0, "mallory is not among those who may rollback"},
	} {
		if c.status == 0 {
			if order := b.order(user(c.who), c.order); !order.Refused || !strings.Contains(order.Result, c.says) {
				t.Errorf("%v came to %+v, want it refused: %s", c.order, order, c.says)
			}
			continue
		}
		body, err := json.Marshal(c.order)
		if err != nil {
			t.Fatal(err)
		}
		if got := b.ask(user(c.who), http.MethodPost, "/orders", string(body)); got.status != c.status || !strings.Contains(got.body, c.says) {
			t.Errorf("%v answered %d %s, want %d that says %s", c.order, got.status, got.body, c.status, c.says)
		}
	}
	// An order that is put past the URL is denied by the bus.
	if err := b.putDecision("AKIAPERSON", map[string]any{"verb": "deploy"}); err == nil {
		t.Error("anybody may put on the bus of decisions")
	}
	b.RunFor(time.Hour)
	b.wantExecutions()
	if got := fmt.Sprint(b.path("shop-production-1")); got != "[]" {
		t.Errorf("a rollout went %s", got)
	}
}
