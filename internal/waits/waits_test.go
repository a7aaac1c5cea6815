package waits_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/waits"
)

const (
	role    = "arn:aws:iam::123456789012:role/any"
	letters = "arn:aws:sqs:us-east-1:123456789012:letters"
)

// start is when virtual time begins.
func start() time.Time { return time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC) }

// world is a cloud with a queue, to which waits send their tokens and deadmen
// their calls.
type world struct {
	*emulator.Cloud
	t     *testing.T
	aws   awsclient.Clients
	queue string
}

func newWorld(t *testing.T) world {
	t.Helper()
	l := loop.NewVirtual(start())
	t.Cleanup(l.Close)
	cloud := emulator.New(l, emulator.Options{Latency: 5 * time.Millisecond})
	c := awsclient.New(cloud.Config("AKIAPERSON"))
	made, err := c.SQS.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("heard")})
	if err != nil {
		t.Fatal(err)
	}
	if err := allow(t.Context(), cloud); err != nil {
		t.Fatal(err)
	}
	return world{cloud, t, c, aws.ToString(made.QueueUrl)}
}

// allow makes the role with which machine and schedules send to the queue.
func allow(ctx context.Context, cloud *emulator.Cloud) error {
	client := iam.NewFromConfig(cloud.Config("AKIAPERSON"))
	_, err := client.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("any"), AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole",` +
			`"Principal":{"Service":["states.amazonaws.com","scheduler.amazonaws.com"]}}}`)})
	if err != nil {
		return err
	}
	_, err = client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
		RoleName: aws.String("any"), PolicyName: aws.String("send"), PolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"arn:aws:sqs:us-east-1:123456789012:heard"}}`),
	})
	return err
}

// heard takes the messages out of the queue.
func (w world) heard() []string {
	w.t.Helper()
	out, err := w.aws.SQS.ReceiveMessage(w.t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &w.queue, MaxNumberOfMessages: 10})
	if err != nil {
		w.t.Fatal(err)
	}
	var bodies []string
	for _, m := range out.Messages {
		bodies = append(bodies, aws.ToString(m.Body))
		_, err := w.aws.SQS.DeleteMessage(w.t.Context(), &sqs.DeleteMessageInput{QueueUrl: &w.queue, ReceiptHandle: m.ReceiptHandle})
		if err != nil {
			w.t.Fatal(err)
		}
	}
	return bodies
}

// wait starts an execution that waits a minute on a token, and gives its ARN and
// the token.
func (w world) wait() (execution, token string) {
	w.t.Helper()
	definition := `{"QueryLanguage":"JSONata","StartAt":"Wait","States":{"Wait":{"Type":"Task","End":true,"TimeoutSeconds":60,
		"Resource":"arn:aws:states:::aws-sdk:sqs:sendMessage.waitForTaskToken",
		"Arguments":{"QueueUrl":"` + w.queue + `","MessageBody":"{% $states.context.Task.Token %}"}}}}`
	machine, err := w.aws.SFN.CreateStateMachine(w.t.Context(), &sfn.CreateStateMachineInput{
		Name: aws.String("wait"), RoleArn: aws.String(role), Definition: &definition,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	started, err := w.aws.SFN.StartExecution(w.t.Context(), &sfn.StartExecutionInput{StateMachineArn: machine.StateMachineArn})
	if err != nil {
		w.t.Fatal(err)
	}
	w.RunFor(time.Second)
	tokens := w.heard()
	if len(tokens) != 1 {
		w.t.Fatalf("%d tokens, want 1", len(tokens))
	}
	return aws.ToString(started.ExecutionArn), tokens[0]
}

func (w world) execution(arn string) *sfn.DescribeExecutionOutput {
	w.t.Helper()
	out, err := w.aws.SFN.DescribeExecution(w.t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: &arn})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func TestWake(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	execution, token := w.wait()
	waker := waits.Waker{SFN: w.aws.SFN}
	if err := waker.Wake(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	w.RunFor(time.Second)
	if got := w.execution(execution).Status; got != sfntypes.ExecutionStatusSucceeded {
		t.Errorf("the execution is %s, want it SUCCEEDED", got)
	}
	// Whoever comes later finds it decided.
	for name, again := range map[string]error{
		"waking":  waker.Wake(t.Context(), token),
		"failing": waker.FailWith(t.Context(), token, errors.New("late")),
	} {
		if again != nil {
			t.Errorf("%s what does not wait any more: %v, want no error", name, again)
		}
	}
}

func TestFailWith(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	execution, token := w.wait()
	red := rollout.Errorf(rollout.KindAlarmRed, "alarm %q went red", "shop-5xx")
	if err := (waits.Waker{SFN: w.aws.SFN}).FailWith(t.Context(), token, red); err != nil {
		t.Fatal(err)
	}
	w.RunFor(time.Second)
	out := w.execution(execution)
	if out.Status != sfntypes.ExecutionStatusFailed || aws.ToString(out.Error) != "AlarmRed" {
		t.Errorf("the execution is %s with %q, want it FAILED with AlarmRed", out.Status, aws.ToString(out.Error))
	}
	var cause waits.Cause
	if err := json.Unmarshal([]byte(aws.ToString(out.Cause)), &cause); err != nil {
		t.Fatal(err)
	}
	if want := (waits.Cause{Message: red.Error(), Kind: "AlarmRed"}); cause != want {
		t.Errorf("the cause is %+v, want %+v", cause, want)
	}
}

// A cause that is too long is shortened to what Step Functions takes, and is
// still the JSON that the machine reads.
func TestFailWithALongCause(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	execution, token := w.wait()
	long := rollout.Errorf(rollout.KindInternal, "%s", strings.Repeat(`"ü"`, 20000))
	if err := (waits.Waker{SFN: w.aws.SFN}).FailWith(t.Context(), token, long); err != nil {
		t.Fatal(err)
	}
	w.RunFor(time.Second)
	var cause waits.Cause
	if err := json.Unmarshal([]byte(aws.ToString(w.execution(execution).Cause)), &cause); err != nil {
		t.Fatalf("the cause is no JSON any more: %v", err)
	}
	if cause.Kind != "Internal" || !strings.HasPrefix(long.Error(), cause.Message) || cause.Message == "" {
		t.Errorf("the cause is of kind %s and %d bytes long", cause.Kind, len(cause.Message))
	}
}

func TestTokenOfATimedOutWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, token := w.wait()
	w.RunFor(2 * time.Minute)
	if err := (waits.Waker{SFN: w.aws.SFN}).Wake(t.Context(), token); err != nil {
		t.Errorf("waking what has timed out: %v, want no error", err)
	}
}

func TestWakeErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, token := w.wait()
	waker := waits.Waker{SFN: w.aws.SFN}
	if err := waker.Wake(t.Context(), "no token at all"); rollout.KindOf(err) != rollout.KindInternal {
		t.Errorf("a token that is none: %v, want an Internal error", err)
	}
	w.Faults.Request = func(*wire.Call) *wire.Fault { return &wire.Fault{LoseRequest: true} }
	if err := waker.Wake(t.Context(), token); rollout.KindOf(err) != rollout.KindUnavailable {
		t.Errorf("no answer: %v, want an Unavailable error", err)
	}
}

// deadman goes off into the queue.
func (w world) deadman() waits.Deadman {
	return waits.Deadman{Timer: waits.Timer{Scheduler: w.aws.Scheduler, Target: "arn:aws:sqs:us-east-1:123456789012:heard", Role: role, Letters: letters, Now: w.Now}}
}

func (w world) arm(name string, after time.Duration) {
	w.t.Helper()
	if err := w.deadman().Arm(w.t.Context(), name, start().Add(after)); err != nil {
		w.t.Fatal(err)
	}
}

// until runs to a time after the start.
func (w world) until(after time.Duration) { w.RunFor(start().Add(after).Sub(w.Now())) }

func (w world) wantHeard(when string, want ...string) {
	w.t.Helper()
	got := w.heard()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		w.t.Errorf("%s: heard %q, want %q", when, got, want)
	}
}

func TestDeadman(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const call = `{"deadman":"shop-production-7"}`
	w.arm("shop-production-7", 10*time.Minute)
	w.until(9 * time.Minute)
	w.wantHeard("before its time")
	w.arm("shop-production-7", 20*time.Minute)
	w.until(19 * time.Minute)
	w.wantHeard("after it was moved forward")
	w.until(21 * time.Minute)
	w.wantHeard("at its time", call)

	// It is gone then, and can be armed anew.
	_, err := w.aws.Scheduler.GetSchedule(t.Context(), &scheduler.GetScheduleInput{Name: aws.String("shop-production-7")})
	if !awsclient.Is(err, "ResourceNotFoundException") {
		t.Errorf("after it went off: %v, want it gone", err)
	}
	w.arm("shop-production-7", 30*time.Minute)
	w.until(31 * time.Minute)
	w.wantHeard("at its second time", call)
}

func TestDeadmanMovedToAnEarlierTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, after := range []time.Duration{20 * time.Minute, 10 * time.Minute, 10 * time.Minute} {
		w.arm("shop-production-7", after)
	}
	w.until(11 * time.Minute)
	w.wantHeard("at the earlier time", `{"deadman":"shop-production-7"}`)
}

func TestDisarm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.arm("shop-production-7", 10*time.Minute)
	for range 2 { // the second finds nothing, which is well
		if err := w.deadman().Disarm(t.Context(), "shop-production-7"); err != nil {
			t.Fatal(err)
		}
	}
	w.until(time.Hour)
	w.wantHeard("after it was disarmed")
}

// Names may be long; two rollouts of one environment differ in their last
// characters only.
func TestDeadmenOfLongNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const place = "a-name-of-24-characters--an-environment-just-so-"
	w.arm(place+"7", 10*time.Minute)
	w.arm(place+"8", 10*time.Minute)
	if err := w.deadman().Disarm(t.Context(), place+"7"); err != nil {
		t.Fatal(err)
	}
	w.until(11 * time.Minute)
	w.wantHeard("of the one that was not disarmed", `{"deadman":"`+place+`8"}`)
	w.arm(place+"9", 20*time.Minute)
	if err := w.deadman().Disarm(t.Context(), place+"9"); err != nil {
		t.Fatal(err)
	}
	w.until(21 * time.Minute)
	w.wantHeard("after both were disarmed")
}

func TestDeadmanUnavailable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Faults.Request = func(*wire.Call) *wire.Fault { return &wire.Fault{LoseRequest: true} }
	if err := w.deadman().Arm(t.Context(), "a", start()); rollout.KindOf(err) != rollout.KindUnavailable {
		t.Errorf("arming: %v, want an Unavailable error", err)
	}
	if err := w.deadman().Disarm(t.Context(), "a"); rollout.KindOf(err) != rollout.KindUnavailable {
		t.Errorf("disarming: %v, want an Unavailable error", err)
	}
}
