package eventbridge_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	client "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/sluice-deploy/sluice/internal/emulator/eventbridge"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

const target = "arn:aws:lambda:us-east-1:123456789012:function:build"

// arrival is a payload that came to a target.
type arrival struct {
	after   time.Duration
	target  string
	payload string
}

type deadLetter struct {
	queue, body string
	attributes  map[string]string
}

// world is EventBridge with a client and with targets that note what comes.
type world struct {
	loop     *loop.Loop
	service  *eventbridge.Service
	client   *client.Client
	arrivals []arrival
	dead     []deadLetter
	// answer, if set, is the target's answer to a delivery.
	answer func() error
	fault  func(eventbridge.Event, string) eventbridge.DeliveryFault
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{loop: loop.NewVirtual(start)}
	w.service = eventbridge.New(w.loop, "123456789012", "us-east-1", eventbridge.Deps{
		Deliver: func(to eventbridge.Address, payload []byte, done func(error)) {
			w.arrivals = append(w.arrivals, arrival{w.loop.Now().Sub(start), to.Target, string(payload)})
			if w.answer == nil {
				done(nil)
				return
			}
			done(w.answer())
		},
		DeadLetter: func(_, queue, body string, attributes map[string]string) error {
			w.dead = append(w.dead, deadLetter{queue, body, attributes})
			return nil
		},
		Fault: func(e eventbridge.Event, targetARN string) eventbridge.DeliveryFault {
			if w.fault == nil {
				return eventbridge.DeliveryFault{}
			}
			return w.fault(e, targetARN)
		},
	})
	mux := wire.NewMux("123456789012", "us-east-1", w.service.Wire())
	w.client = client.NewFromConfig(aws.Config{
		Region:      "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		HTTPClient:  wire.NewTransport(w.loop, mux, wire.TransportOptions{}),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	})
	return w
}

// rule puts a rule with one target on the default bus.
func (w *world) rule(t *testing.T, name, pattern string, to types.Target) {
	t.Helper()
	if _, err := w.client.PutRule(t.Context(), &client.PutRuleInput{Name: &name, EventPattern: &pattern}); err != nil {
		t.Fatal(err)
	}
	if to.Id == nil {
		to.Id = aws.String("1")
	}
	if to.Arn == nil {
		to.Arn = aws.String(target)
	}
	if _, err := w.client.PutTargets(t.Context(), &client.PutTargetsInput{Rule: &name, Targets: []types.Target{to}}); err != nil {
		t.Fatal(err)
	}
}

// emit puts an alarm's event on the default bus.
func (w *world) emit(state string) {
	w.loop.Do(func() {
		w.service.Emit("aws.cloudwatch", "CloudWatch Alarm State Change", []string{"arn:aws:cloudwatch:us-east-1:123456789012:alarm:a"},
			map[string]any{"alarmName": "a", "state": map[string]string{"value": state}})
	})
}

func decode(t *testing.T, payload string) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal([]byte(payload), &out); err != nil {
		t.Fatalf("payload %q: %v", payload, err)
	}
	return out
}
