package harness_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/sluice-deploy/sluice/internal/emulator/model"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// newTerminalBox is a box whose production is asked for, where these may approve and
// steer.
func newTerminalBox(t *testing.T, quorum int, who ...string) *box {
	t.Helper()
	b := newBox(t, func(s *rollout.Spec) {
		s.Environments[0].Approval = asking(func(a *rollout.Approval) { a.Approvers, a.Quorum = who, quorum })
		s.Environments[0].Operators = who
	})
	b.people()
	return b
}

// untilQuestion builds a release and gives its rollout and the ID of its question.
func (b *box) untilQuestion() (name, id string) {
	b.t.Helper()
	name = b.build(good, 1)
	b.untilAsked(name)
	return name, b.question(name).ID
}

func TestDecideAsUser(t *testing.T) {
	t.Parallel()
	b := newTerminalBox(t, 1, homeARN+"user/carl")
	name, id := b.untilQuestion()
	if s := b.stands(id); s.Standing != "open" || s.Quorum != 1 || s.Hash != b.question(name).Hash || len(s.Votes) != 0 {
		t.Errorf("the question stands %+v, want it open", s)
	}
	refused := b.approve(user("mallory"), id)
	b.wantRefused(id, refused, "mallory is not among those who may approve")
	b.approve(user("carl"), id)
	if s := b.stands(id); s.Standing != "approved" || s.Why != "approved by carl" || len(s.Votes) != 1 {
		t.Errorf("the question stands %+v, want it approved by carl", s)
	}
	b.untilEnded(name)
	b.wantOutcome(name, rollout.Succeeded)
	d := b.decisions(name, store.DecidedApproval)
	if len(d) != 3 || d[1].Inputs["id"] != homeARN+"user/carl" || d[1].Inputs["way"] != "iam" {
		t.Errorf("recorded %+v, want mallory's refusal, carl's vote and the approval", d)
	}
}

// Two sessions of one role are one approver, whatever their holders call them.
func TestDecideAsRole(t *testing.T) {
	t.Parallel()
	b := newTerminalBox(t, 2, homeARN+"role/Deployers", homeARN+"user/carl")
	name, id := b.untilQuestion()
	b.approve(b.session("Deployers", "ann"), id)
	second := b.approve(b.session("Deployers", "ben"), id)
	b.wantRefused(id, second, "has answered this already")
	b.wantStanding(name, rollout.Open)
	b.approve(user("carl"), id)
	b.wantStanding(name, rollout.Approved)
}

// A session may call itself what it likes: it stays its role.
func TestDecideAsSessionWithAnothersName(t *testing.T) {
	t.Parallel()
	b := newTerminalBox(t, 1, ssoSession+"ada@example.com")
	name, id := b.untilQuestion()
	for _, role := range []string{"Deployers", "AWSReservedSSO_Deployer", "AWSReservedSSO_Deployer_0123456789abcdeX"} {
		refused := b.approve(b.session(role, "ada@example.com"), id)
		b.wantRefused(id, refused, "role "+role+" is not among those who may approve")
	}
	b.wantStanding(name, rollout.Open)
}

// An Identity Center user counts by the session's name, and is the same person as the
// Slack user with that e-mail address.
func TestDecideAsIdentityCenterUser(t *testing.T) {
	t.Parallel()
	b := newTerminalBox(t, 2, deployers, ssoSession+"Ada@example.com", ssoSession+"bob@example.com")
	name, id := b.untilQuestion()
	b.press(ada, name, "approve")
	twice := b.approve(b.session(ssoRole, "Ada@example.com"), id)
	b.wantRefused(id, twice, "has answered this already")
	b.wantStanding(name, rollout.Open)
	b.approve(b.session(ssoRole, "bob@example.com"), id)
	b.wantStanding(name, rollout.Approved)
}

// The same the other way round.
func TestDecideAsIdentityCenterUserFirst(t *testing.T) {
	t.Parallel()
	b := newTerminalBox(t, 2, deployers, ssoSession+"ada@example.com")
	name, id := b.untilQuestion()
	b.approve(b.session(ssoRole, "ada@example.com"), id)
	b.press(ada, name, "approve")
	b.wantWhisper(ada, "has answered this already")
	b.wantStanding(name, rollout.Open)
	b.press(bob, name, "approve")
	b.wantStanding(name, rollout.Approved)
}

func TestDecideHash(t *testing.T) {
	t.Parallel()
	b := newTerminalBox(t, 1, homeARN+"user/carl")
	name, id := b.untilQuestion()
	wrong := b.command(user("carl"), map[string]string{"action": "approve", "subject": id, "hash": strings.Repeat("0", 64)})
	b.wantRefused(id, wrong, "what you were shown is not what is asked now")
	b.wantStanding(name, rollout.Open)
	b.command(user("carl"), map[string]string{"action": "approve", "subject": id, "hash": b.stands(id).Hash})
	b.wantStanding(name, rollout.Approved)
}

func TestDecideReject(t *testing.T) {
	t.Parallel()
	b := newTerminalBox(t, 1, homeARN+"user/carl")
	name, id := b.untilQuestion()
	got := b.ask(user("carl"), http.MethodPost, "/decisions", `{"action":"reject","subject":"`+id+`","reason":"  "}`)
	if got.status != http.StatusBadRequest || !strings.Contains(got.body, "a rejection needs one") {
		t.Errorf("without a reason: %d %s, want 400", got.status, got.body)
	}
	b.wantStanding(name, rollout.Open)
	b.command(user("carl"), map[string]string{"action": "reject", "subject": id, "reason": "on a Friday?"})
	b.untilEnded(name)
	b.wantOutcome(name, rollout.Rejected)
	if reason := b.record(name).Reason; reason != "rejected by carl: on a Friday?" {
		t.Errorf("the reason is %q", reason)
	}
}

// What is not a decision of who calls is not taken.
func TestDecideRefusesRequests(t *testing.T) {
	t.Parallel()
	b := newTerminalBox(t, 1, homeARN+"user/carl")
	name, id := b.untilQuestion()
	decision := `{"action":"approve","subject":"` + id + `"}`
	claims := `{"action":"approve","subject":"` + id + `","person":{"way":"iam","id":"` + homeARN + `user/carl","name":"carl"}}`
	stolen := b.session("Deployers", "ann")
	stolen.SessionToken = "made-up"
	expired := b.session("Deployers", "ann")
	for name, c := range map[string]struct {
		who                aws.Credentials
		method, path, body string
		status             int
		says               string
	}{
		"unsigned":       {aws.Credentials{}, "POST", "/decisions", decision, 403, "Forbidden"},
		"another's key":  {stolen, "POST", "/decisions", decision, 403, "Forbidden"},
		"claims another": {user("mallory"), "POST", "/decisions", claims, 400, "unknown field"},
		"no JSON":        {user("carl"), "POST", "/decisions", "approve", 400, "decode"},
		"more behind it": {user("carl"), "POST", "/decisions", decision + decision, 400, "more"},
		"no action":      {user("carl"), "POST", "/decisions", `{"subject":"` + id + `"}`, 400, "action"},
		"other action":   {user("carl"), "POST", "/decisions", `{"action":"force","subject":"` + id + `"}`, 400, "want approve"},
		"no subject":     {user("carl"), "POST", "/decisions", `{"action":"approve"}`, 400, "subject"},
		"long reason":    {user("carl"), "POST", "/decisions", `{"action":"reject","subject":"` + id + `","reason":"` + strings.Repeat("x", 501) + `"}`, 400, "too long"},
		"long body":      {user("carl"), "POST", "/decisions", `{"action":"approve","subject":"` + strings.Repeat("x", 16<<10) + `"}`, 413, "too large"},
		"other method":   {user("carl"), "PUT", "/decisions", decision, 404, "POST /decisions"},
		"other path":     {user("carl"), "POST", "/", decision, 404, "POST /decisions"},
		"no question":    {user("carl"), "GET", "/approvals/apr-0", "", 404, "there is no approval"},
		"no id":          {user("carl"), "GET", "/approvals/", "", 404, "there is no approval"},
	} {
		got := b.ask(c.who, c.method, c.path, c.body)
		if got.status != c.status || !strings.Contains(got.body, c.says) {
			t.Errorf("%s: answered %d %s, want %d that says %q", name, got.status, got.body, c.status, c.says)
		}
	}
	b.RunFor(2 * time.Hour)
	if got := b.ask(expired, "POST", "/decisions", decision); got.status != http.StatusForbidden {
		t.Errorf("expired: answered %d %s, want 403", got.status, got.body)
	}
	b.wantStanding(name, rollout.Open)
	if s := b.stands(id); len(s.Decisions) != 0 || len(s.Votes) != 0 {
		t.Errorf("the question stands %+v, want nothing decided", s)
	}
}

// A terminal steers a rollout as the buttons do, and only for those who may.
func TestDecideSteers(t *testing.T) {
	t.Parallel()
	b := newBox(t, func(s *rollout.Spec) { s.Environments[0].Operators = []string{homeARN + "user/carl"} })
	steer := func(who, action, name string) {
		b.command(user(who), map[string]string{"action": action, "subject": name})
	}
	name := b.build(good, 1)
	b.untilState(name, "Bake")
	b.RunFor(time.Second)
	for _, action := range []string{"promote", "pause", "resume", "abort"} {
		steer("mallory", action, name)
	}
	if !b.inState(name, "Bake") || len(b.decisions(name, store.DecidedCommand)) != 4 {
		t.Fatalf("it went %v, recorded %+v; want it to bake and four refusals", b.path(name), b.decisions(name, store.DecidedCommand))
	}
	steer("carl", "pause", name)
	b.RunFor(time.Hour)
	if !b.inState(name, "Hold") {
		t.Fatalf("it went %v, want it paused", b.path(name))
	}
	steer("carl", "promote", name) // there is nothing to promote
	steer("carl", "resume", name)
	b.untilNth(name, "Bake", 2)
	b.RunFor(time.Second)
	steer("carl", "promote", name)
	b.untilNth(name, "Bake", 3)
	b.RunFor(time.Second)
	b.command(user("carl"), map[string]string{"action": "abort", "subject": name, "reason": "enough"})
	b.untilEnded(name)
	b.wantOutcome(name, rollout.RolledBack)
	if reason := b.record(name).Reason; !strings.Contains(reason, "by carl: enough") {
		t.Errorf("the reason is %q, want who and why", reason)
	}
	b.wantAtRest(rollout.Blue, name)
}

// Nobody but the two functions that find out who decides may write to the bus.
func TestWhoMayPutDecisions(t *testing.T) {
	t.Parallel()
	b := newTerminalBox(t, 1, homeARN+"user/carl")
	name, id := b.untilQuestion()
	forged := map[string]any{
		"id": "1", "action": "approve", "subject": id, "at": b.Now(),
		"person": map[string]string{"way": "iam", "id": homeARN + "user/carl", "name": "carl"},
	}
	keys := map[string]string{"a person": "AKIAPERSON", "the approver": "carl"}
	b.Do(func() {
		for _, function := range b.Lambda.Functions() {
			if function != "sluice-slack" && function != "sluice-decide" {
				keys[function] = b.Lambda.AccessKey(function)
			}
		}
	})
	for who, key := range keys {
		if err := b.putDecision(key, forged); err == nil || !strings.Contains(err.Error(), "AccessDenied") || !strings.Contains(err.Error(), "explicit deny") {
			t.Errorf("%s: %v, want AccessDenied", who, err)
		}
	}
	b.RunFor(time.Minute)
	b.wantStanding(name, rollout.Open)
	for _, function := range []string{"sluice-slack", "sluice-decide"} {
		if err := b.putDecision(b.Lambda.AccessKey(function), forged); err != nil {
			t.Errorf("%s: %v", function, err)
		}
	}
	b.RunFor(time.Minute)
	b.wantStanding(name, rollout.Approved)
}

// Whoever has put a build's event can ask how its deployment goes, until its end.
func TestDeploymentIsToldByTheURL(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		behaviour  model.Behaviour
		state, why string
	}{
		"a good version": {good, "succeeded", ""},
		"a bad version":  {failing(0.2, 0), "stopped", "production: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			b.people()
			rolled := b.build(c.behaviour, 1)
			id := fmt.Sprintf("arn:aws:codebuild:us-east-1:123456789012:build/shop-build:%08d-0000-4000-8000-000000000000", b.builds)
			type told struct {
				State string `json:"state"`
				Why   string `json:"why"`
			}
			ask := func(path string, status int) told {
				t.Helper()
				got := b.ask(user("carl"), http.MethodGet, "/deployments/"+path, "")
				var out told
				if err := json.Unmarshal([]byte(got.body), &out); err != nil || got.status != status {
					t.Fatalf("GET /deployments/%s answered %d %s, want %d", path, got.status, got.body, status)
				}
				return out
			}
			b.untilState(rolled, "Bake")
			if got := ask("shop/"+id, http.StatusOK); got.State != "going" {
				t.Errorf("in the middle it is %+v, want it going", got)
			}
			b.untilEnded(rolled)
			if got := ask("shop/"+id, http.StatusOK); got.State != c.state || !strings.HasPrefix(got.Why, c.why) || (got.Why == "") != (c.why == "") {
				t.Errorf("at the end it is %+v, want %s because of %q", got, c.state, c.why)
			}
			ask("shop/none", http.StatusNotFound)
			ask("cart/"+id, http.StatusNotFound)
			ask("shop", http.StatusBadRequest)
			if got := b.ask(user("mallory"), http.MethodGet, "/deployments/", ""); got.status != http.StatusBadRequest {
				t.Errorf("without an app it answers %d %s", got.status, got.body)
			}
		})
	}
}
