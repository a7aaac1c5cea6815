package notify_test

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go/middleware"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/events"
	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/notify"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// world is a cloud with a rule that takes our notices to a queue.
type world struct {
	*emulator.Cloud
	t      *testing.T
	aws    awsclient.Clients
	queue  string
	teller notify.Teller
}

func newWorld(t *testing.T) world {
	t.Helper()
	l := loop.NewVirtual(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	t.Cleanup(l.Close)
	cloud := emulator.New(l, emulator.Options{})
	c := awsclient.New(cloud.Config("AKIAPERSON"))
	made, err := c.SQS.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("heard"), Attributes: map[string]string{
		"Policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*"}]}`,
	}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.EventBridge.PutRule(t.Context(), &eventbridge.PutRuleInput{
		Name: aws.String("heard"), EventPattern: aws.String(`{"source":["sluice"],"detail-type":["Sluice Rollout State Change"]}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.EventBridge.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: aws.String("heard"), Targets: []types.Target{
		{Id: aws.String("queue"), Arn: aws.String("arn:aws:sqs:us-east-1:123456789012:heard")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return world{cloud, t, c, aws.ToString(made.QueueUrl), notify.Teller{EventBridge: c.EventBridge}}
}

// heard are the events that came to the queue.
func (w world) heard() []string {
	w.t.Helper()
	w.RunFor(time.Minute)
	out, err := w.aws.SQS.ReceiveMessage(w.t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &w.queue, MaxNumberOfMessages: 10})
	if err != nil {
		w.t.Fatal(err)
	}
	var bodies []string
	for _, m := range out.Messages {
		bodies = append(bodies, aws.ToString(m.Body))
	}
	return bodies
}

// forget empties the queue.
func (w world) forget() {
	w.t.Helper()
	if _, err := w.aws.SQS.PurgeQueue(w.t.Context(), &sqs.PurgeQueueInput{QueueUrl: &w.queue}); err != nil {
		w.t.Fatal(err)
	}
}

func notice() notify.Notice {
	return notify.Notice{
		App: "shop", Environment: "production", Rollout: "shop-production-7", Release: 7, Phase: rollout.PhaseRollback,
		Kind: rollout.KindAlarmRed, Why: "alarm shop-green-5xx went red", Weights: &rollout.Weights{Blue: 100},
		At: time.Date(2026, 3, 1, 11, 59, 59, 0, time.UTC),
	}
}

func TestTell(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := w.teller.Tell(t.Context(), notice()); err != nil {
		t.Fatal(err)
	}
	bodies := w.heard()
	if len(bodies) != 1 {
		t.Fatalf("heard %d events, want 1", len(bodies))
	}
	var event struct {
		Time   time.Time     `json:"time"`
		Detail notify.Notice `json:"detail"`
	}
	if err := json.Unmarshal([]byte(bodies[0]), &event); err != nil {
		t.Fatal(err)
	}
	want := notice()
	want.ID = event.Detail.ID
	if diff := cmp.Diff(want, event.Detail); diff != "" {
		t.Errorf("detail (-want +got):\n%s", diff)
	}
	if !event.Time.Equal(notice().At) {
		t.Errorf("the event's time is %v, want %v", event.Time, notice().At)
	}
}

// TestTellGivesIDs tells notices, and looks which of them are one.
func TestTellGivesIDs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := func(change func(*notify.Notice)) string {
		n := notice()
		change(&n)
		if err := w.teller.Tell(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		var event struct {
			Detail notify.Notice `json:"detail"`
		}
		bodies := w.heard()
		if len(bodies) != 1 {
			t.Fatalf("heard %d events, want 1", len(bodies))
		}
		if err := json.Unmarshal([]byte(bodies[0]), &event); err != nil {
			t.Fatal(err)
		}
		w.forget()
		return event.Detail.ID
	}
	first := id(func(*notify.Notice) {})
	if !regexp.MustCompile(`^[0-9a-f]{24}$`).MatchString(first) {
		t.Errorf("the ID is %q, want 24 hexadecimal digits", first)
	}
	for name, same := range map[string]func(*notify.Notice){
		"told twice":   func(*notify.Notice) {},
		"another zone": func(n *notify.Notice) { n.At = n.At.In(time.FixedZone("", 3600)) },
		"another why":  func(n *notify.Notice) { n.Why = "the same in other words" },
	} {
		if got := id(same); got != first {
			t.Errorf("%s: the ID is %s, want %s", name, got, first)
		}
	}
	for name, other := range map[string]func(*notify.Notice){
		"app":         func(n *notify.Notice) { n.App = "shop2" },
		"environment": func(n *notify.Notice) { n.Environment = "staging" },
		"rollout":     func(n *notify.Notice) { n.Rollout = "shop-production-8" },
		"moment":      func(n *notify.Notice) { n.Moment = rollout.MomentRolledBack },
		"phase":       func(n *notify.Notice) { n.Phase = rollout.PhaseShift },
		"time":        func(n *notify.Notice) { n.At = n.At.Add(time.Nanosecond) },
		"weights":     func(n *notify.Notice) { n.Weights = &rollout.Weights{Blue: 90, Green: 10} },
		"no weights":  func(n *notify.Notice) { n.Weights = nil },
	} {
		if got := id(other); got == first {
			t.Errorf("%s: the ID is %s, as of another notice", name, got)
		}
	}
	if got := id(func(n *notify.Notice) { n.ID = "given" }); got != "given" {
		t.Errorf("the ID is %q, want the one that was given", got)
	}
}

// The sample of events/ has the ID that its notice gets.
func TestSampleHasItsID(t *testing.T) {
	t.Parallel()
	text, err := events.Files.ReadFile("sluice-rollout-state-change.json")
	if err != nil {
		t.Fatal(err)
	}
	var sample, told struct {
		Detail notify.Notice `json:"detail"`
	}
	if err := json.Unmarshal(text, &sample); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	without := sample.Detail
	without.ID = ""
	if err := w.teller.Tell(t.Context(), without); err != nil {
		t.Fatal(err)
	}
	bodies := w.heard()
	if len(bodies) != 1 {
		t.Fatalf("heard %d events, want 1", len(bodies))
	}
	if err := json.Unmarshal([]byte(bodies[0]), &told); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(told.Detail, sample.Detail); diff != "" {
		t.Errorf("sample (-told +sample):\n%s", diff)
	}
}

func TestTellAnotherBus(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := w.aws.EventBridge.CreateEventBus(t.Context(), &eventbridge.CreateEventBusInput{Name: aws.String("people")}); err != nil {
		t.Fatal(err)
	}
	w.teller.Bus = "people"
	if err := w.teller.Tell(t.Context(), notice()); err != nil {
		t.Fatal(err)
	}
	if bodies := w.heard(); len(bodies) != 0 {
		t.Errorf("the default bus heard %q of another bus", bodies)
	}
}

// PutEvents answers well although an entry was not taken. On its way the notice
// gets a source that only AWS may use.
func TestTellPartialFailure(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.teller.EventBridge = eventbridge.NewFromConfig(w.Config("AKIAPERSON"), func(o *eventbridge.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("another source", anotherSource), middleware.After)
		})
	})
	err := w.teller.Tell(t.Context(), notice())
	if got, want := rollout.KindOf(err), rollout.KindDenied; got != want {
		t.Fatalf("%v is %s, want %s: a repeat would not mend it", err, got, want)
	}
	for _, part := range []string{notice().Rollout, "NotAuthorizedForSourceException"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not speak of %q", err, part)
		}
	}
}

func anotherSource(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
	middleware.InitializeOutput, middleware.Metadata, error,
) {
	if put, ok := in.Parameters.(*eventbridge.PutEventsInput); ok {
		put.Entries[0].Source = aws.String("aws.ecs")
	}
	return next.HandleInitialize(ctx, in)
}

func TestTellUnavailable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Faults.Request = func(*wire.Call) *wire.Fault { return &wire.Fault{LoseRequest: true} }
	if err := w.teller.Tell(t.Context(), notice()); rollout.KindOf(err) != rollout.KindUnavailable {
		t.Errorf("%v, want an Unavailable error", err)
	}
}
