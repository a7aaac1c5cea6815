package harness_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/sluice-deploy/sluice/internal/harness"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// newer is the next version of Sluice, which writes what this one cannot read.
const newer = store.Format + 1

// In whatever state a rollout is when Sluice is upgraded, it goes on with the new code
// to the end it would have come to.
func TestUpgradeDuringARollout(t *testing.T) {
	t.Parallel()
	for _, state := range []string{"Prepare", "AwaitCanary", "Shift", "Bake", "Judge", "Complete", "Guard", "Retire"} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			name := b.build(good, 1)
			b.untilState(name, state)
			b.update(newer)
			b.untilEnded(name)
			b.wantPath(name, whole...)
			b.wantOutcome(name, rollout.Succeeded)
			b.wantAtRest(rollout.Green, name)
			// What ran when the alias moved ends on the version that it began on.
			want := map[bool]int{true: store.Format, false: newer}[state == "Retire"]
			if got := b.format(name); got != want {
				t.Errorf("the record of %s has format %d, want %d", name, got, want)
			}
		})
	}
}

// So does one on its way back.
func TestUpgradeDuringARollback(t *testing.T) {
	t.Parallel()
	for _, state := range []string{"Rollback", "Settle", "Restore"} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			name := b.build(failing(1, 0), 1)
			b.untilState(name, state)
			b.update(newer)
			b.untilEnded(name)
			b.wantPath(name, way(begin, []string{"Shift", "Bake"}, back)...)
			b.wantOutcome(name, rollout.RolledBack)
			b.wantAtRest(rollout.Blue, name)
		})
	}
}

// A rollout asked for before the upgrade waits for its approval and its lock through it.
func TestUpgradeWhileAskedAndQueued(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	first := b.build(good, 1)
	b.untilState(first, "Bake")
	second := b.build(good, 1)
	b.untilState(second, "Lock")
	b.update(newer)
	b.untilEnded(second)
	b.wantOutcome(first, rollout.Succeeded)
	b.wantOutcome(second, rollout.Succeeded)
}

// Code that went back waits for what newer code has written, and harms none of it.
func TestDowngradeWaits(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	name := b.build(good, 1)
	b.untilState(name, "AwaitCanary")
	b.update(newer)
	b.untilState(name, "Bake")
	b.update(store.Format)
	b.RunFor(time.Minute) // what runs of the newer code ends
	before := b.items(newer)
	weights := b.weights()
	b.alarm("shop-green-latency", "ALARM")
	b.RunFor(2 * time.Hour)
	if got := b.status(name); got != sfntypes.ExecutionStatusRunning {
		t.Fatalf("%s is %s after two hours of older code, want it to wait; it went %v", name, got, b.path(name))
	}
	if got := b.weights(); got != weights {
		t.Errorf("older code moved the weights from %v to %v", weights, got)
	}
	after := b.items(newer)
	for key, was := range before {
		if after[key] != was {
			t.Errorf("older code changed an item of the newer format, %s, from\n%s\nto\n%s", key, was, after[key])
		}
	}
	if !strings.Contains(b.log.String(), "NewerFormat") {
		t.Error("nobody was told why it waits")
	}
	b.alarm("shop-green-latency", "OK")
	b.update(newer)
	b.untilEnded(name)
	b.wantOutcome(name, rollout.Succeeded)
}

// A deployment of Sluice that fails is taken back, and a rollout under way does not
// notice.
func TestFailedUpgradeDuringARollout(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	name := b.build(good, 1)
	b.untilState(name, "Bake")
	err := b.Update(harness.Version{Format: newer, Parameters: map[string]string{
		"AlarmTopic": "arn:aws:sns:us-east-1:123456789012:nobody",
	}})
	if err == nil || !strings.Contains(err.Error(), "parameter AlarmTopic: there is no topic") {
		t.Fatalf("the update with a topic that is not there: %v, want it refused with that", err)
	}
	b.untilEnded(name)
	b.wantOutcome(name, rollout.Succeeded)
	b.wantAtRest(rollout.Green, name)
}

func (b *box) update(format int) {
	b.t.Helper()
	if err := b.Update(harness.Version{Format: format}); err != nil {
		b.t.Fatal(err)
	}
}

// format is that of a rollout's record.
func (b *box) format(name string) int {
	b.t.Helper()
	if _, ok := b.items(newer)["rollout#"+name+" record"]; ok {
		return newer
	}
	return store.Format
}

// items are the table's items of a format, as text by their keys.
func (b *box) items(format int) map[string]string {
	b.t.Helper()
	out, err := b.aws.DynamoDB.Scan(b.ctx(), &dynamodb.ScanInput{TableName: &b.Settings.Table})
	if err != nil {
		b.t.Fatal(err)
	}
	all := map[string]string{}
	for _, it := range out.Items {
		var key struct {
			PK     string `dynamodbav:"pk"`
			SK     string `dynamodbav:"sk"`
			Format int    `dynamodbav:"format"`
		}
		var whole map[string]any
		if err := errors.Join(attributevalue.UnmarshalMap(it, &key), attributevalue.UnmarshalMap(it, &whole)); err != nil {
			b.t.Fatal(err)
		}
		if key.Format == format {
			all[key.PK+" "+key.SK] = fmt.Sprint(whole)
		}
	}
	return all
}
