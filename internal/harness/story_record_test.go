package harness_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

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
		{store.DecidedGate, rollout.PhaseApprove, "", []string{"approval"}},
		{store.DecidedGate, rollout.PhaseLock, "", []string{"execution", "has"}},
		{store.DecidedGate, rollout.PhasePrepare, "", []string{"execution", "plan", "taskDefinition", "rule", "alarms"}},
		{store.DecidedStep, rollout.PhaseAwaitCanary, "", []string{"readiness", "desired", "running", "healthy"}},
		{store.DecidedApproval, "", rollout.KindRefused, []string{"who", "id", "way", "at", "action", "subject"}},
		{store.DecidedApproval, rollout.PhaseApprove, "", []string{"who", "id", "way", "at", "saw", "quorum", "approvers"}},
		{store.DecidedApproval, rollout.PhaseApprove, "", []string{"approval", "hash", "standing", "votes", "quorum"}},
		{store.DecidedApproval, rollout.PhaseAsk, "", []string{"who", "id", "way", "at", "saw"}},
		{store.DecidedCommand, "", "", []string{"who", "id", "way", "at", "action"}},
		{store.DecidedStep, rollout.PhaseShift, "", []string{"step", "weights", "alarms"}},
		{store.DecidedVerdict, rollout.PhaseJudge, "", []string{"verdict", "why", "alarms", "next"}},
		{store.DecidedAlarm, rollout.PhaseBake, rollout.KindAlarmRed, []string{"alarm", "at"}},
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

// No function's role may change or delete a decision, and those of the machine may write
// one.
func TestRecordIsProtected(t *testing.T) {
	t.Parallel()
	h, m := installed(t)
	const table = "arn:aws:dynamodb:us-east-1:123456789012:table/"
	h.Do(func() {
		may := func(function, action string, keys ...string) bool {
			return mayOn(t, h, function, "dynamodb:"+action, table+h.Settings.Table, keys...)
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
			if !may(function, "PutItem", "decisions#shop-production-1") {
				t.Errorf("%s may not write down what it decided", function)
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
			name := b.build(good, 1)
			b.untilState(name, "Bake")
			b.RunFor(time.Second)
			b.alarm("shop-green-5xx", red)
			b.untilEnded(name)
			before := len(b.everyDecision(name))
			b.RunFor(20 * time.Hour)
			if got := len(b.everyDecision(name)); got != before {
				t.Errorf("%d of %d decisions are there within the time", got, before)
			}
			b.wantOutcome(name, rollout.RolledBack)
			if isHere(t) && keep == 0 {
				return // an engine here looks at the account every five seconds; once through days of it is enough
			}
			b.RunFor(52 * time.Hour) // DynamoDB deletes within two days
			want := before
			if keep > 0 {
				want = 0
			}
			if got := len(b.everyDecision(name)); got != want {
				t.Errorf("%d decisions are there after it, want %d", got, want)
			}
		})
	}
}
