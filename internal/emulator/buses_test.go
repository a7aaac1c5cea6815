package emulator_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator"
	eventbus "github.com/sluice-deploy/sluice/internal/emulator/eventbridge"
	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
)

// busWorld is clouds with a queue each, to which a rule sends all events of shop.
type busWorld struct {
	home, other, european *emulator.Cloud
}

func newBusWorld(t *testing.T, o emulator.Options) *busWorld {
	t.Helper()
	home := newCloud(t, o)
	w := &busWorld{home: home, other: home.In(otherAccount, "us-east-1"), european: home.In(homeAccount, "eu-west-1")}
	for _, place := range []*emulator.Cloud{w.home, w.other, w.european} {
		createQueue(t, place, "inbox")
		w.send(t, place, "inbox", types.Target{Arn: aws.String("arn:aws:sqs:" + place.Region + ":" + place.Account + ":inbox")})
	}
	return w
}

// createQueue makes a queue that rules of its account may send to.
func createQueue(t *testing.T, place *emulator.Cloud, name string) {
	t.Helper()
	arn := "arn:aws:sqs:" + place.Region + ":" + place.Account + ":" + name
	_, err := sqs.NewFromConfig(config(place)).CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: map[string]string{
		"Policy": `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage",` +
			`"Resource":"` + arn + `","Condition":{"StringEquals":{"aws:SourceAccount":"` + place.Account + `"}}}}`,
	}})
	if err != nil {
		t.Fatal(err)
	}
}

func config(place *emulator.Cloud) aws.Config { return place.Config("admin-of-" + place.Account) }

// send puts a rule of this name that sends the events of shop to a target.
func (w *busWorld) send(t *testing.T, from *emulator.Cloud, name string, to types.Target) {
	t.Helper()
	client := eventbridge.NewFromConfig(config(from))
	if _, err := client.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: &name, EventPattern: aws.String(`{"source":["shop"]}`)}); err != nil {
		t.Fatal(err)
	}
	to.Id = aws.String("1")
	if _, err := client.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: &name, Targets: []types.Target{to}}); err != nil {
		t.Fatal(err)
	}
}

// toBus is a bus as a target whose dead letters go to the queue lost.
func (w *busWorld) toBus(t *testing.T, from, to *emulator.Cloud, role string) types.Target {
	t.Helper()
	createQueue(t, from, "lost")
	target := types.Target{
		Arn:              aws.String("arn:aws:events:" + to.Region + ":" + to.Account + ":event-bus/default"),
		DeadLetterConfig: &types.DeadLetterConfig{Arn: aws.String("arn:aws:sqs:" + from.Region + ":" + from.Account + ":lost")},
	}
	if role != "" {
		target.RoleArn = &role
	}
	return target
}

func putEvent(t *testing.T, config aws.Config, bus string) (string, error) {
	t.Helper()
	entry := types.PutEventsRequestEntry{Source: aws.String("shop"), DetailType: aws.String("Ordered"), Detail: aws.String(`{"n":1}`)}
	if bus != "" {
		entry.EventBusName = &bus
	}
	out, err := eventbridge.NewFromConfig(config).PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{entry}})
	if err != nil {
		return "", err
	}
	if out.Entries[0].EventId == nil {
		t.Fatalf("the entry was refused: %s", *out.Entries[0].ErrorMessage)
	}
	return *out.Entries[0].EventId, nil
}

// received are the messages of a queue, as account, region and id of the event and
// the error code that came with it.
func received(t *testing.T, place *emulator.Cloud, queue string) [][4]string {
	t.Helper()
	url := "https://sqs." + place.Region + ".amazonaws.com/" + place.Account + "/" + queue
	out, err := sqs.NewFromConfig(config(place)).ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: &url, MaxNumberOfMessages: 10, MessageAttributeNames: []string{"All"},
	})
	if err != nil {
		t.Fatal(err)
	}
	messages := [][4]string{}
	for _, m := range out.Messages {
		var e eventbus.Event
		if err := json.Unmarshal([]byte(*m.Body), &e); err != nil {
			t.Fatal(err)
		}
		messages = append(messages, [4]string{e.Account, e.Region, e.ID, aws.ToString(m.MessageAttributes["ERROR_CODE"].StringValue)})
	}
	return messages
}

func putPolicy(t *testing.T, place *emulator.Cloud, statements string) {
	t.Helper()
	_, err := eventbridge.NewFromConfig(config(place)).PutPermission(t.Context(), &eventbridge.PutPermissionInput{
		Policy: aws.String(`{"Version":"2012-10-17","Statement":` + statements + `}`),
	})
	if err != nil {
		t.Fatal(err)
	}
}

func wantReceived(t *testing.T, place *emulator.Cloud, queue string, want ...[4]string) {
	t.Helper()
	if want == nil {
		want = [][4]string{}
	}
	if diff := cmp.Diff(want, received(t, place, queue)); diff != "" {
		t.Errorf("%s of %s in %s (-want +got):\n%s", queue, place.Account, place.Region, diff)
	}
}

const (
	homeBus  = "arn:aws:events:us-east-1:123456789012:event-bus/default"
	otherBus = "arn:aws:events:us-east-1:210987654321:event-bus/default"
)

func TestBusDeniesByPrincipalAndSource(t *testing.T) {
	t.Parallel()
	w := newBusWorld(t, emulator.Options{})
	c := w.home
	for _, name := range []string{"notifier", "stranger"} {
		role := createRole(t, c, name, `{"Service":"lambda.amazonaws.com"}`, `{"Effect":"Allow","Action":"events:PutEvents","Resource":"`+homeBus+`"}`)
		if err := c.Lambda.Register(name, lambda.FunctionConfig{Role: role}, lambda.InProcess(name, whoami{c, name})); err != nil {
			t.Fatal(err)
		}
	}
	deny := func(condition string) {
		putPolicy(t, c, `{"Sid":"OnlyTheNotifier","Effect":"Deny","Principal":"*","Action":"events:PutEvents","Resource":"`+homeBus+`","Condition":`+condition+`}`)
	}
	notifier, stranger := c.Config(c.Lambda.AccessKey("notifier")), c.Config(c.Lambda.AccessKey("stranger"))
	for _, condition := range []string{
		`{"StringEquals":{"events:source":"shop"},"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::123456789012:role/notifier"}}`,
		`{"StringEquals":{"events:detail-type":["Ordered"]},"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/notif*"}}`,
	} {
		deny(condition)
		if _, err := putEvent(t, notifier, ""); err != nil {
			t.Errorf("the notifier: %v, want its event taken", err)
		}
		_, err := putEvent(t, stranger, "")
		wantError(t, "the stranger", err, "AccessDeniedException", "User: arn:aws:sts::123456789012:assumed-role/stranger/stranger is not authorized to perform: events:PutEvents on resource: "+
			homeBus+" with an explicit deny in a resource-based policy")
	}
	deny(`{"StringEquals":{"events:source":"store"},"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::123456789012:role/notifier"}}`)
	if _, err := putEvent(t, stranger, ""); err != nil {
		t.Errorf("another source: %v, want it taken without an allow of the bus", err)
	}
}

func TestPutEventsOnAnotherAccountsBus(t *testing.T) {
	t.Parallel()
	w := newBusWorld(t, emulator.Options{})
	_, err := putEvent(t, config(w.home), otherBus)
	wantError(t, "without a policy", err, "AccessDeniedException", "is not authorized to perform: events:PutEvents on resource: "+otherBus+" because no resource-based policy allows the events:PutEvents action")
	_, err = eventbridge.NewFromConfig(config(w.other)).PutPermission(t.Context(), &eventbridge.PutPermissionInput{
		StatementId: aws.String("home"), Action: aws.String("events:PutEvents"), Principal: aws.String(homeAccount),
	})
	if err != nil {
		t.Fatal(err)
	}
	id, err := putEvent(t, config(w.home), otherBus)
	if err != nil {
		t.Fatal(err)
	}
	w.home.RunFor(time.Minute)
	wantReceived(t, w.other, "inbox", [4]string{homeAccount, "us-east-1", id, ""})
	wantReceived(t, w.home, "inbox")
	_, err = eventbridge.NewFromConfig(config(w.home)).PutRule(t.Context(), &eventbridge.PutRuleInput{
		Name: aws.String("r"), EventBusName: aws.String(otherBus), EventPattern: aws.String(`{"source":["shop"]}`),
	})
	wantError(t, "a rule on it", err, "ValidationException", "is not emulated")
}

func TestRuleSendsEventsToAnotherAccount(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		policy string // of the receiving bus; "" for none
		role   string // of the target: what it may do; "" for no role
		trust  string
		lost   string // error code of the dead letter; "" if it arrives
	}{
		"Allowed":            {allow(`{"AWS":"123456789012"}`, `{}`), "", "", ""},
		"NotAllowed":         {"", "", "", "NO_PERMISSIONS"},
		"OtherAllowed":       {allow(`{"AWS":"333333333333"}`, `{}`), "", "", "NO_PERMISSIONS"},
		"ByRule":             {allow(`{"AWS":"123456789012"}`, `{"ArnLike":{"aws:SourceArn":"arn:aws:events:*:*:rule/onward"}}`), "", "", ""},
		"OrganizationNoRole": {allow(`"*"`, `{"StringEquals":{"aws:PrincipalOrgID":"o-example"}}`), "", "", "NO_PERMISSIONS"},
		"OrganizationRole":   {allow(`"*"`, `{"StringEquals":{"aws:PrincipalOrgID":"o-example"}}`), `{"Effect":"Allow","Action":"events:PutEvents","Resource":"` + otherBus + `"}`, "events.amazonaws.com", ""},
		"RoleMayNot":         {allow(`{"AWS":"123456789012"}`, `{}`), `{"Effect":"Allow","Action":"events:PutEvents","Resource":"` + homeBus + `"}`, "events.amazonaws.com", "NO_PERMISSIONS"},
		"RoleIsNotForEvents": {allow(`{"AWS":"123456789012"}`, `{}`), `{"Effect":"Allow","Action":"*","Resource":"*"}`, "lambda.amazonaws.com", "NO_PERMISSIONS"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newBusWorld(t, emulator.Options{Organization: "o-example"})
			if tc.policy != "" {
				putPolicy(t, w.other, tc.policy)
			}
			role := ""
			if tc.role != "" {
				role = createRole(t, w.home, "sender", `{"Service":"`+tc.trust+`"}`, tc.role)
			}
			w.send(t, w.home, "onward", w.toBus(t, w.home, w.other, role))
			id, err := putEvent(t, config(w.home), "")
			if err != nil {
				t.Fatal(err)
			}
			w.home.RunFor(time.Minute)
			if tc.lost != "" {
				wantReceived(t, w.other, "inbox")
				wantReceived(t, w.home, "lost", [4]string{homeAccount, "us-east-1", id, tc.lost})
				return
			}
			wantReceived(t, w.other, "inbox", [4]string{homeAccount, "us-east-1", id, ""})
			wantReceived(t, w.home, "lost")
		})
	}
}

// allow is a statement of the other account's bus.
func allow(principal, condition string) string {
	return `{"Sid":"s","Effect":"Allow","Principal":` + principal + `,"Action":"events:PutEvents","Resource":"` + otherBus + `","Condition":` + condition + `}`
}

func TestEventsGoToOneOtherBusAndNotOn(t *testing.T) {
	t.Parallel()
	w := newBusWorld(t, emulator.Options{})
	w.send(t, w.home, "onward", w.toBus(t, w.home, w.european, ""))
	w.send(t, w.european, "onward", w.toBus(t, w.european, w.other, ""))
	putPolicy(t, w.other, allow(`{"AWS":"123456789012"}`, `{}`))
	id, err := putEvent(t, config(w.home), "")
	if err != nil {
		t.Fatal(err)
	}
	w.home.RunFor(time.Minute)
	wantReceived(t, w.european, "inbox", [4]string{homeAccount, "us-east-1", id, ""})
	wantReceived(t, w.other, "inbox")
	wantReceived(t, w.european, "lost")
	recent := w.european.EventBridge.Recent()
	if len(recent) != 1 || !recent[0].Forwarded || recent[0].Bus != "default" {
		t.Errorf("events of the second bus = %+v, want the one that was sent on", recent)
	}
	// What begins there goes on from there.
	id, err = putEvent(t, config(w.european), "")
	if err != nil {
		t.Fatal(err)
	}
	w.home.RunFor(time.Minute)
	wantReceived(t, w.other, "inbox", [4]string{homeAccount, "eu-west-1", id, ""})
}

func TestBusThatIsNotThere(t *testing.T) {
	t.Parallel()
	w := newBusWorld(t, emulator.Options{})
	target := w.toBus(t, w.home, w.home, "")
	target.Arn = aws.String("arn:aws:events:us-east-1:123456789012:event-bus/none")
	w.send(t, w.home, "onward", target)
	id, err := putEvent(t, config(w.home), "")
	if err != nil {
		t.Fatal(err)
	}
	w.home.RunFor(time.Minute)
	wantReceived(t, w.home, "lost", [4]string{homeAccount, "us-east-1", id, "NO_RESOURCE"})
}
