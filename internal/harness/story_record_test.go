package harness_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/iam"
	"github.com/sluice-deploy/sluice/internal/emulator/iam/policy"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

var update = flag.Bool("update", false, "write testdata as it is now")

// recorded is a box in which everything that is recorded happens: a rollout that is
// refused to one and approved by two, paused and resumed, approved again before a step,
// and sent back by an alarm.
func recorded(t *testing.T, change ...func(*rollout.Spec)) (b *box, name string) {
	t.Helper()
	b = newBox(t, append([]func(*rollout.Spec){func(s *rollout.Spec) {
		env := &s.Environments[0]
		env.Approval = asking(func(a *rollout.Approval) { a.Approvers, a.Quorum = []string{deployers, homeARN + "user/carl"}, 2 })
		env.Steps[1].Approval = asking(func(a *rollout.Approval) { a.Expires = 2 * time.Hour })
		env.Operators = []string{deployers}
	}}, change...)...)
	b.people()
	name = b.build(good, 1)
	b.untilAsked(name)
	b.press(eve, name, "approve")
	b.press(ada, name, "approve")
	b.approve(user("carl"), b.question(name).ID)
	b.untilState(name, "Bake")
	b.RunFor(10 * time.Second)
	b.press(bob, name, "pause")
	b.RunFor(time.Minute)
	b.press(bob, name, "resume")
	b.untilState(name, "Ask")
	b.RunFor(10 * time.Second)
	b.press(dana, name, "approve")
	b.untilNth(name, "Bake", 3)
	b.RunFor(10 * time.Second)
	b.alarm("shop-green-5xx", red)
	b.untilEnded(name)
	b.RunFor(time.Minute)
	return b, name
}

// everyDecision is what was decided about a rollout, in order.
func (b *box) everyDecision(name string) []store.Decision {
	b.t.Helper()
	all, err := b.Steps.Store.Decisions(b.ctx(), name)
	if err != nil {
		b.t.Fatal(err)
	}
	return all
}

// The record of a rollout reads as its story.
func TestRecordReads(t *testing.T) {
	t.Parallel()
	b, name := recorded(t)
	b.wantOutcome(name, rollout.RolledBack)
	var lines []string
	for _, d := range b.everyDecision(name) {
		kind := string(d.Of)
		if d.Kind != "" {
			kind += " (" + string(d.Kind) + ")"
		}
		lines = append(lines, strings.TrimRight(fmt.Sprintf("%s  %-22s %-12s %s", d.At.Format("15:04:05"), kind, d.Phase, d.What), " "))
	}
	got := strings.Join(lines, "\n") + "\n"
	const golden = "testdata/record.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the record (-want +got; -update writes it):\n%s", diff)
	}
}

// Each kind of decision is recorded with what it rested on.
func TestRecordHasInputs(t *testing.T) {
	t.Parallel()
	b, name := recorded(t)
	all := b.everyDecision(name)
	if !slices.IsSortedFunc(all, func(x, y store.Decision) int { return x.At.Compare(y.At) }) {
		t.Error("the decisions are not in the order of their times")
	}
	for _, c := range []struct {
		of     store.DecisionKind
		phase  rollout.Phase
		kind   rollout.ErrorKind
		inputs []string
	}{
		{store.DecidedGate, rollout.PhaseLock, "", []string{"execution"}},
		{store.DecidedGate, rollout.PhasePrepare, "", []string{"execution"}},
		{store.DecidedApproval, "", rollout.KindRefused, []string{"who", "id", "way", "at", "action", "subject"}},
		{store.DecidedApproval, rollout.PhaseApprove, "", []string{"who", "id", "way", "at", "saw", "quorum", "approvers"}},
		{store.DecidedApproval, rollout.PhaseApprove, "", []string{"approval", "hash", "standing", "votes", "quorum"}},
		{store.DecidedApproval, rollout.PhaseAsk, "", []string{"who", "id", "way", "at", "saw"}},
		{store.DecidedCommand, "", "", []string{"who", "id", "way", "at", "action"}},
		{store.DecidedStep, rollout.PhaseShift, "", []string{"step", "weights"}},
		{store.DecidedVerdict, rollout.PhaseJudge, "", []string{"verdict", "why", "alarms", "next"}},
		{store.DecidedAlarm, rollout.PhaseBake, rollout.KindAlarmRed, nil},
		{store.DecidedRollback, rollout.PhaseRollback, "", []string{"cause", "weights"}},
		{store.DecidedRollback, rollout.PhaseRestore, "", []string{"cause", "outcome"}},
	} {
		found := slices.ContainsFunc(all, func(d store.Decision) bool {
			return d.Of == c.of && d.Phase == c.phase && d.Kind == c.kind && d.What != "" &&
				!slices.ContainsFunc(c.inputs, func(name string) bool { return d.Inputs[name] == nil })
		})
		if !found {
			t.Errorf("no %s of %s %s with %v in %+v", c.of, c.phase, c.kind, c.inputs, all)
		}
	}
}

// A decision is written once: nothing of ours writes over it.
func TestRecordIsWrittenOnce(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	written := map[string]string{}
	b.observe(func(c *wire.Call, in, _ any, err error) {
		switch in := in.(type) {
		case *dynamodb.PutItemInput:
			key := keyOf(in.Item)
			if err != nil || !strings.HasPrefix(key, "decisions#") {
				return
			}
			if _, again := written[key]; again {
				t.Errorf("%s was written again", key)
			}
			if aws.ToString(in.ConditionExpression) != "attribute_not_exists(pk)" {
				t.Errorf("%s was written on the condition %q", key, aws.ToString(in.ConditionExpression))
			}
			written[key] = c.Operation
		case *dynamodb.UpdateItemInput:
			if strings.HasPrefix(keyOf(in.Key), "decisions#") {
				t.Errorf("%s was changed", keyOf(in.Key))
			}
		case *dynamodb.DeleteItemInput:
			if strings.HasPrefix(keyOf(in.Key), "decisions#") {
				t.Errorf("%s was deleted", keyOf(in.Key))
			}
		}
	})
	b.twice()
	name := b.roll(failing(0.08, 4*time.Second))
	all := b.everyDecision(name)
	if len(written) != len(all) {
		t.Errorf("%d writes, %d decisions", len(written), len(all))
	}
	// The same decision again changes nothing, and another in its place is refused.
	if err := b.Steps.Store.Decided(b.ctx(), all[0]); err != nil {
		t.Error(err)
	}
	_, err := b.aws.DynamoDB.PutItem(b.ctx(), &dynamodb.PutItemInput{
		TableName: &b.Settings.Table, ConditionExpression: aws.String("attribute_not_exists(pk)"),
		Item: map[string]ddbtypes.AttributeValue{
			"pk": &ddbtypes.AttributeValueMemberS{Value: "decisions#" + name}, "sk": &ddbtypes.AttributeValueMemberS{Value: all[0].Order},
		},
	})
	if _, failed := errors.AsType[*ddbtypes.ConditionalCheckFailedException](err); !failed {
		t.Errorf("a write over a decision: %v, want it refused by the condition", err)
	}
	if again := b.everyDecision(name); !cmp.Equal(all, again) {
		t.Errorf("the record has changed (-before +after):\n%s", cmp.Diff(all, again))
	}
}

func keyOf(it map[string]ddbtypes.AttributeValue) string {
	var key struct {
		PK string `dynamodbav:"pk"`
		SK string `dynamodbav:"sk"`
	}
	if attributevalue.UnmarshalMap(it, &key) != nil {
		return ""
	}
	return key.PK + " " + key.SK
}

// No function's role may change or delete a decision, and those that work with the
// table may still write one and change the rest.
func TestRecordIsProtected(t *testing.T) {
	t.Parallel()
	h, m := installed(t)
	const table = "arn:aws:dynamodb:us-east-1:123456789012:table/"
	h.Do(func() {
		may := func(function, action string, keys ...string) bool {
			config, _ := h.Lambda.Config(function)
			_, name, _ := iam.ParseRoleARN(config.Role)
			role := h.IAM.Role(name)
			if role == nil {
				t.Fatalf("%s has no role: %q", function, config.Role)
			}
			d, err := iam.Evaluate(policy.Request{
				Principal: iam.Principal(role.Session(function), ""), Action: "dynamodb:" + action, Resource: table + h.Settings.Table,
				ResourceAccount: "123456789012", Region: "us-east-1", Time: h.Now(), Context: map[string][]string{"dynamodb:LeadingKeys": keys},
			}, role)
			if err != nil {
				t.Fatal(err)
			}
			return d.Allowed
		}
		for _, function := range h.Lambda.Functions() {
			for _, action := range []string{"UpdateItem", "DeleteItem", "BatchWriteItem"} {
				if may(function, action, "decisions#shop-production-1") || may(function, action, "rollout#x", "decisions#shop-production-1") {
					t.Errorf("%s may %s decisions", function, action)
				}
			}
			for _, action := range []string{"DeleteTable", "UpdateTable", "UpdateTimeToLive"} {
				if may(function, action) {
					t.Errorf("%s may %s", function, action)
				}
			}
		}
		for _, s := range m.tasks() {
			function := "sluice-" + s.function()
			if !may(function, "PutItem", "decisions#shop-production-1") || !may(function, "UpdateItem", "rollout#shop-production-1") {
				t.Errorf("%s may not do its work", function)
			}
		}
	})
}

// Decisions are kept as long as the spec says, the rest of a rollout's record for ever.
func TestRecordIsKept(t *testing.T) {
	t.Parallel()
	for _, keep := range []time.Duration{0, 24 * time.Hour} {
		t.Run(keep.String(), func(t *testing.T) {
			t.Parallel()
			b := newBox(t, func(s *rollout.Spec) { s.Keep = keep })
			name := b.roll(good)
			before := len(b.everyDecision(name))
			b.RunFor(20 * time.Hour)
			if got := len(b.everyDecision(name)); got != before {
				t.Errorf("%d of %d decisions are there within the time", got, before)
			}
			b.RunFor(72 * time.Hour) // DynamoDB deletes within days
			want := before
			if keep > 0 {
				want = 0
			}
			if got := len(b.everyDecision(name)); got != want {
				t.Errorf("%d decisions are there after it, want %d", got, want)
			}
			b.wantOutcome(name, rollout.Succeeded)
		})
	}
}

// signature is what Slack's and a webhook's look like.
var signature = regexp.MustCompile(`v0=[0-9a-f]{64}|v1,[A-Za-z0-9+/]{43}=`)

// No secret is anywhere but where it is kept.
func TestNothingTellsSecrets(t *testing.T) {
	t.Parallel()
	b := newBox(t, func(s *rollout.Spec) {
		s.Environments[0].Approval, s.Environments[0].Operators = asking(), []string{deployers}
		s.Pipelines = []rollout.Pipeline{asksFor("", "")}
	})
	b.people()
	e := listen(b)
	tokens := b.tokens()
	p := &piped{box: b, client: newPipelines(b)}
	p.create(infra)
	tokens[aws.ToString(p.approvalAction().Token)] = true
	p.press(ada, "approve")
	name := b.build(failing(0.08, 4*time.Second), 1)
	b.untilAsked(name)
	b.press(eve, name, "approve")
	b.press(ada, name, "approve")
	b.untilEnded(name)
	b.RunFor(10 * time.Minute)
	if len(tokens) < 4 {
		t.Fatalf("%d tokens were seen, want those of Approve, AwaitCanary, Bake and the pipeline", len(tokens))
	}
	o := b.Slack.Options()
	secrets := []string{o.Token, o.SigningSecret, hookKey, strings.TrimPrefix(hookKey, "whsec_"), teamsURL}
	for token := range tokens {
		secrets = append(secrets, token)
	}
	for place, text := range b.everythingSaid(e) {
		for _, secret := range secrets {
			if secret == "" || strings.Contains(text, secret) {
				t.Errorf("%s tells %q: %.300s", place, secret, text)
			}
		}
		if found := signature.FindString(text); found != "" {
			t.Errorf("%s tells the signature %q", place, found)
		}
	}
}

// tokens are the task tokens of the story, as they are used.
func (b *box) tokens() map[string]bool {
	seen := map[string]bool{}
	b.observe(func(_ *wire.Call, in, _ any, _ error) {
		switch in := in.(type) {
		case *sfn.SendTaskSuccessInput:
			seen[*in.TaskToken] = true
		case *sfn.SendTaskFailureInput:
			seen[*in.TaskToken] = true
		case *dynamodb.UpdateItemInput:
			var token struct {
				Token string
			}
			if value, ok := in.ExpressionAttributeValues[":token"]; ok && attributevalue.Unmarshal(value, &token) == nil {
				seen[token.Token] = true
			}
		}
	})
	return seen
}

// everythingSaid is what the story has left for people and programs to read: the
// table but for the tokens that questions keep, Slack's messages, the channels'
// notices, the events and the log.
func (b *box) everythingSaid(e *ears) map[string]string {
	b.t.Helper()
	all := map[string]string{"log": b.log.String()}
	pages := dynamodb.NewScanPaginator(b.aws.DynamoDB, &dynamodb.ScanInput{TableName: &b.Settings.Table})
	for pages.HasMorePages() {
		page, err := pages.NextPage(b.ctx())
		if err != nil {
			b.t.Fatal(err)
		}
		for _, it := range page.Items {
			key := keyOf(it)
			var item map[string]any
			if err := attributevalue.UnmarshalMap(it, &item); err != nil {
				b.t.Fatal(err)
			}
			if strings.HasPrefix(key, "approval#") {
				delete(item, "token")
				delete(item, "pipeline")
			}
			all["item "+key] = fmt.Sprint(item)
		}
	}
	b.Do(func() {
		for _, m := range b.Slack.Messages(deploys) {
			all["message "+m.TS] = said(m)
			for _, r := range b.Slack.Replies(deploys, m.TS) {
				all["reply "+r.TS] = said(r)
			}
		}
		for _, event := range b.EventBridge.Recent() {
			all["event "+event.ID] = string(event.JSON())
		}
	})
	for i, text := range append(b.whispers(eve), b.whispers(ada)...) {
		all[fmt.Sprintf("whisper %d", i)] = text
	}
	for i, n := range slices.Concat(e.hook.got, e.teams.got, e.published()) {
		text, err := json.Marshal(n)
		if err != nil {
			b.t.Fatal(err)
		}
		all[fmt.Sprintf("notice %d", i)] = string(text)
	}
	return all
}
