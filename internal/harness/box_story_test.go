package harness_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/emulator/eventbridge"
	"github.com/sluice-deploy/sluice/internal/emulator/model"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// roll builds an image and runs its rollout to the end.
func (b *box) roll(behaviour model.Behaviour) string {
	b.t.Helper()
	name := b.build(behaviour, 1)
	b.untilEnded(name)
	return name
}

// arn is the ARN of an execution.
func (b *box) arn(execution string) string {
	return strings.Replace(b.Settings.Machine, ":stateMachine:", ":execution:", 1) + ":" + execution
}

// path is the states that an execution has entered.
func (b *box) path(execution string) []string {
	var path []string
	b.Do(func() { path = slices.Clone(b.StepFunctions.Path(b.arn(execution))) })
	if path == nil && b.here != nil {
		return b.here.paths[execution]
	}
	return path
}

// now reports whether an execution is in a state: the one it entered last.
func (b *box) inState(execution, state string) bool {
	path := b.StepFunctions.Path(b.arn(execution))
	return len(path) > 0 && path[len(path)-1] == state
}

const patience = 24 * time.Hour

// untilState runs until the execution enters the state.
func (b *box) untilState(execution, state string) {
	b.t.Helper()
	if !b.RunUntil(b.Now().Add(patience), func() bool { return b.inState(execution, state) }) {
		b.t.Fatalf("%s never came to %s; it went %v", execution, state, b.path(execution))
	}
}

// status is how an execution is.
func (b *box) status(execution string) sfntypes.ExecutionStatus {
	b.t.Helper()
	out, err := b.aws.SFN.DescribeExecution(b.ctx(), &sfn.DescribeExecutionInput{ExecutionArn: aws.String(b.arn(execution))})
	if err != nil {
		b.t.Fatal(err)
	}
	return out.Status
}

// knows reports whether an execution is of the machine that there is now.
func (b *box) knows(execution string) bool {
	return strings.Contains(execution, ":"+b.stack()+"-rollout-")
}

// untilEnded runs until the rollout has an outcome and its newest execution is
// over.
func (b *box) untilEnded(name string) {
	b.t.Helper()
	for limit := b.Now().Add(patience); b.Now().Before(limit); b.RunFor(10 * time.Second) {
		record, err := b.Steps.Store.Record(b.ctx(), name)
		if rollout.KindOf(err) == rollout.KindNotFound {
			continue
		}
		if err != nil {
			b.t.Fatal(err)
		}
		execution := record.Execution[strings.LastIndex(record.Execution, ":")+1:]
		if record.Outcome != "" && (!b.knows(record.Execution) || b.status(execution) != sfntypes.ExecutionStatusRunning) {
			return
		}
	}
	b.t.Fatalf("%s never ended; it went %v", name, b.path(name))
}

// wantPath fails the test if the execution took another path.
func (b *box) wantPath(execution string, want ...string) {
	b.t.Helper()
	if diff := cmp.Diff(want, b.path(execution)); diff != "" {
		b.t.Errorf("path of %s (-want +got):\n%s\nrecord: %+v", execution, diff, b.record(execution))
	}
}

// record is the rollout's record.
func (b *box) record(name string) store.Record {
	b.t.Helper()
	record, err := b.Steps.Store.Record(b.ctx(), name)
	if err != nil {
		b.t.Fatal(err)
	}
	return record
}

// wantOutcome fails the test if the rollout ended otherwise.
func (b *box) wantOutcome(name string, want rollout.Outcome) {
	b.t.Helper()
	if record := b.record(name); record.Outcome != want {
		b.t.Errorf("%s ended %s (%s), want %s", name, record.Outcome, record.Reason, want)
	}
}

// environment is production's item.
func (b *box) environment() store.Environment { return b.stages[0].environment() }

// weights is what production's rule holds.
func (b *box) weights() rollout.Weights { return b.stages[0].weights() }

// wantAtRest is stage.wantAtRest of production.
func (b *box) wantAtRest(slot rollout.Slot, names ...string) {
	b.t.Helper()
	b.stages[0].wantAtRest(slot, names...)
}

func (b *box) wantNoDeadman(name string) {
	b.t.Helper()
	if err := b.deadman(name); !awsclient.Is(err, "ResourceNotFoundException") {
		b.t.Errorf("the deadman of %s is still there (%v)", name, err)
	}
}

// deadman asks for the rollout's schedule.
func (b *box) deadman(name string) error {
	_, err := b.aws.Scheduler.GetSchedule(b.ctx(), &scheduler.GetScheduleInput{Name: &name})
	return err
}

// fault asks every fault of the story, and gives the first answer.
func (b *box) fault(c *wire.Call) *wire.Fault {
	for _, f := range b.faults {
		if fault := f(c); fault != nil {
			return fault
		}
	}
	return nil
}

// during gives a fault to the requests of one operation that the function of that
// name makes, n of them at most.
func (b *box) during(function, operation string, n int, fault wire.Fault) {
	b.faults = append(b.faults, func(c *wire.Call) *wire.Fault {
		if n == 0 || c.Operation != operation || b.caller(c) != function {
			return nil
		}
		n--
		return &fault
	})
}

// alarm has an alarm go red, or green, by hand.
func (b *box) alarm(name string, state cwtypes.StateValue) {
	b.t.Helper()
	setAlarm(b.t, b.aws.CloudWatch, name, state)
}

func setAlarm(t *testing.T, client *cloudwatch.Client, name string, state cwtypes.StateValue) {
	t.Helper()
	_, err := client.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{
		AlarmName: &name, StateValue: state, StateReason: aws.String("the story says so"),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// stop ends an execution by hand. Of an engine in the foreground the process ends, and
// another one begins.
func (b *box) stop(execution string) {
	b.t.Helper()
	if b.here != nil {
		b.restart()
		return
	}
	_, err := b.aws.SFN.StopExecution(b.ctx(), &sfn.StopExecutionInput{ExecutionArn: aws.String(b.arn(execution))})
	if err != nil {
		b.t.Fatal(err)
	}
}

// The states of a rollout that goes well, in pieces that stories are made of.
var (
	begin     = []string{"Start", "Approve", "Lock", "Prepare", "AwaitCanary"}
	beginBack = []string{"Start", "Lock", "Prepare", "AwaitCanary"} // of a rollback, which nobody is asked for
	step      = []string{"Shift", "Bake", "Judge", "Next"}
	finish    = []string{"Complete", "Guard", "Retire"}
	back      = []string{"Rollback", "Settle", "Restore"}
)

// way puts pieces of a path together.
func way(pieces ...[]string) []string { return slices.Concat(pieces...) }

// untilNth runs until the execution is in the state for the n-th time.
func (b *box) untilNth(execution, state string, n int) {
	b.t.Helper()
	there := func() bool {
		count := 0
		for _, entered := range b.StepFunctions.Path(b.arn(execution)) {
			if entered == state {
				count++
			}
		}
		return count == n && b.inState(execution, state)
	}
	if !b.RunUntil(b.Now().Add(patience), there) {
		b.t.Fatalf("%s never came to %s for the %d. time; it went %v", execution, state, n, b.path(execution))
	}
}

// after calls f once, on the loop, when the function has had the effect of the
// operation.
func (b *box) after(function, operation string, f func()) {
	done := false
	b.observe(func(c *wire.Call, _, _ any, err error) {
		if !done && err == nil && c.Operation == operation && b.caller(c) == function {
			done = true
			f()
		}
	})
}

// observe is told of every request that had its effect, on the loop.
func (b *box) observe(f func(c *wire.Call, in, out any, err error)) { b.watch = append(b.watch, f) }

// folder is a function's own name, without its stack's: that of its folder.
func (b *box) folder(function string) string {
	_, folder, _ := strings.Cut(function, b.stack()+"-")
	return folder
}

// stack is the name of Sluice's stack.
func (b *box) stack() string {
	_, name, _ := strings.Cut(b.Settings.Machine, ":stateMachine:")
	name, _, _ = strings.Cut(name, "-rollout-")
	return name
}

// caller is the function that sent a request, by its folder; "" for everybody else.
func (b *box) caller(c *wire.Call) string {
	if function := b.Lambda.Caller(c.AccessKey); function != "" {
		return b.folder(function)
	}
	if function, ok := strings.CutPrefix(c.AccessKey, calledFor); ok && b.here != nil {
		return b.folder(function)
	}
	return ""
}

// alarmNow is alarm for use on the loop.
func (b *box) alarmNow(name string, state cwtypes.StateValue) {
	b.callNow("cloudwatch", "setAlarmState", map[string]string{
		"AlarmName": name, "StateValue": string(state), "StateReason": "the story says so",
	})
}

// callNow calls an operation on the loop.
func (b *box) callNow(service, operation string, in any) {
	text, err := json.Marshal(in)
	if err != nil {
		b.t.Error(err)
		return
	}
	mux := b.account.Mux
	if service == "sfn" {
		mux = b.Mux
	}
	mux.InvokeJSON(&wire.Call{RequestID: b.UUID()}, service, operation, text, func(_ json.RawMessage, err error) {
		if err != nil {
			b.t.Errorf("%s %s: %v", service, operation, err)
		}
	})
}

// lose keeps events of a source from being delivered.
func (b *box) lose(source string) {
	b.Faults.Delivery = func(e eventbridge.Event, _ string) eventbridge.DeliveryFault {
		return eventbridge.DeliveryFault{Lose: e.Source == source}
	}
}

const (
	red   = cwtypes.StateValueAlarm
	green = cwtypes.StateValueOk
)

// wantNoTraffic is stage.wantNoTraffic of production.
func (b *box) wantNoTraffic(slot rollout.Slot) {
	b.t.Helper()
	b.stages[0].wantNoTraffic(slot)
}

// lastError is the kind of the error that was decided on last.
func (b *box) lastError(name string) rollout.ErrorKind {
	b.t.Helper()
	decisions, err := b.Steps.Store.Decisions(b.ctx(), name)
	if err != nil {
		b.t.Fatal(err)
	}
	kind := rollout.ErrorKind("")
	for _, d := range decisions {
		if d.Kind != "" {
			kind = d.Kind
		}
	}
	return kind
}
