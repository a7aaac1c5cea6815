package sns_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	client "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/sns"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

const queueARN, functionARN = "arn:aws:sqs:us-east-1:123456789012:jobs", "arn:aws:lambda:us-east-1:123456789012:function:f"

// delivered is a message as it reached a subscriber.
type delivered struct {
	to, body   string
	attributes map[string]types.MessageAttributeValue
}

// world is SNS with a client, and what it delivered.
type world struct {
	*loop.Loop
	client *client.Client
	topic  *string
	got    []delivered
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{Loop: loop.NewVirtual(start)}
	t.Cleanup(w.Close)
	service := sns.New(w.Loop, "123456789012", "us-east-1", sns.Deps{
		Queue: func(_, arn, body string, attributes map[string]types.MessageAttributeValue) error {
			w.got = append(w.got, delivered{arn, body, attributes})
			return nil
		},
		Function: func(_, arn string, payload []byte) error {
			w.got = append(w.got, delivered{to: arn, body: string(payload)})
			return nil
		},
	})
	mux := wire.NewMux("123456789012", "us-east-1", service.Wire())
	w.client = client.NewFromConfig(aws.Config{
		Region:      "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		HTTPClient:  wire.NewTransport(w.Loop, mux, wire.TransportOptions{}),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	})
	out, err := w.client.CreateTopic(t.Context(), &client.CreateTopicInput{Name: new("deploys")})
	if err != nil {
		t.Fatal(err)
	}
	w.topic = out.TopicArn
	return w
}

func (w *world) subscribe(t *testing.T, protocol, endpoint string, attributes map[string]string) *string {
	t.Helper()
	out, err := w.client.Subscribe(t.Context(), &client.SubscribeInput{TopicArn: w.topic, Protocol: &protocol, Endpoint: &endpoint, Attributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	return out.SubscriptionArn
}

// publish gives the message's id, once it was delivered.
func (w *world) publish(t *testing.T, in client.PublishInput) string {
	t.Helper()
	in.TopicArn = w.topic
	out, err := w.client.Publish(t.Context(), &in)
	if err != nil {
		t.Fatal(err)
	}
	if len(w.got) > 0 {
		t.Errorf("delivered %v at once, want later", w.got)
	}
	w.RunFor(time.Second)
	return *out.MessageId
}

func attributes() map[string]types.MessageAttributeValue {
	return map[string]types.MessageAttributeValue{
		"app":  {DataType: new("String"), StringValue: new("shop")},
		"data": {DataType: new("Binary"), BinaryValue: []byte{0, 1}},
		"n":    {DataType: new("Number"), StringValue: new("7")},
	}
}

func TestQueueGetsANotification(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	subscription := w.subscribe(t, "sqs", queueARN, nil)
	id := w.publish(t, client.PublishInput{Subject: new("Hi"), Message: new("v2 <is> out"), MessageAttributes: attributes()})
	if len(w.got) != 1 || w.got[0].to != queueARN || w.got[0].attributes != nil {
		t.Fatalf("delivered %+v, want one message without attributes to the queue", w.got)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(w.got[0].body), &got); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Signature", "SigningCertURL"} {
		if got[name] == "" || got[name] == nil {
			t.Errorf("the notification has no %s", name)
		}
		delete(got, name)
	}
	want := map[string]any{
		"Type": "Notification", "MessageId": id, "TopicArn": *w.topic, "Subject": "Hi", "Message": "v2 <is> out",
		"Timestamp": "2026-01-01T00:00:00.030Z", "SignatureVersion": "1",
		"UnsubscribeURL": "https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=" + *subscription,
		"MessageAttributes": map[string]any{
			"app": map[string]any{"Type": "String", "Value": "shop"}, "data": map[string]any{"Type": "Binary", "Value": "AAE="},
			"n": map[string]any{"Type": "Number", "Value": "7"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("notification (-want +got):\n%s", diff)
	}
}

func TestFunctionGetsAnEvent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	subscription := w.subscribe(t, "lambda", functionARN, nil)
	id := w.publish(t, client.PublishInput{Message: new("v2 is out")})
	if len(w.got) != 1 || w.got[0].to != functionARN {
		t.Fatalf("delivered %+v, want one event to the function", w.got)
	}
	var got struct {
		Records []map[string]any `json:"Records"`
	}
	if err := json.Unmarshal([]byte(w.got[0].body), &got); err != nil {
		t.Fatal(err)
	}
	message, _ := got.Records[0]["Sns"].(map[string]any)
	for _, name := range []string{"Signature", "SigningCertUrl"} {
		if message[name] == "" || message[name] == nil {
			t.Errorf("the event has no %s", name)
		}
		delete(message, name)
	}
	want := []map[string]any{{
		"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": *subscription,
		"Sns": map[string]any{
			"Type": "Notification", "MessageId": id, "TopicArn": *w.topic, "Subject": nil, "Message": "v2 is out",
			"Timestamp": "2026-01-01T00:00:00.030Z", "SignatureVersion": "1", "MessageAttributes": map[string]any{},
			"UnsubscribeUrl": "https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=" + *subscription,
		},
	}}
	if diff := cmp.Diff(want, got.Records); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}

func TestRawDeliveryAndStructure(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.subscribe(t, "sqs", queueARN, map[string]string{"RawMessageDelivery": "true"})
	w.publish(t, client.PublishInput{
		Message: new(`{"default":"for all","sqs":"for queues","lambda":7}`), MessageStructure: new("json"), MessageAttributes: attributes(),
	})
	if len(w.got) != 1 || w.got[0].body != "for queues" {
		t.Fatalf("delivered %+v, want the message for queues", w.got)
	}
	if got := w.got[0].attributes; len(got) != 3 || *got["n"].StringValue != "7" || string(got["data"].BinaryValue) != "\x00\x01" {
		t.Errorf("attributes = %v, want those of the message", got)
	}
}

func TestNothingGoesToWhoLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	left := w.subscribe(t, "sqs", queueARN, nil)
	if again := w.subscribe(t, "sqs", queueARN, nil); *again != *left {
		t.Errorf("subscribing again = %s, want %s", *again, *left)
	}
	if _, err := w.client.Unsubscribe(t.Context(), &client.UnsubscribeInput{SubscriptionArn: left}); err != nil {
		t.Fatal(err)
	}
	w.publish(t, client.PublishInput{Message: new("x")})
	if len(w.got) != 0 {
		t.Errorf("delivered %+v, want nothing", w.got)
	}
	out, err := w.client.GetTopicAttributes(t.Context(), &client.GetTopicAttributesInput{TopicArn: w.topic})
	if err != nil {
		t.Fatal(err)
	}
	if got := out.Attributes["SubscriptionsDeleted"]; got != "1" {
		t.Errorf("SubscriptionsDeleted = %s, want 1", got)
	}
}

func TestPublishRefused(t *testing.T) {
	t.Parallel()
	message := new("hello")
	attribute := func(kind, value string) map[string]types.MessageAttributeValue {
		return map[string]types.MessageAttributeValue{"a": {DataType: &kind, StringValue: &value}}
	}
	tests := map[string]struct {
		in   client.PublishInput
		want string
	}{
		"Empty":             {client.PublishInput{Message: new("")}, "InvalidParameter: Invalid parameter: Empty message"},
		"TooLong":           {client.PublishInput{Message: new(strings.Repeat("x", 262145))}, "InvalidParameter: Invalid parameter: Message too long"},
		"LongWithAttribute": {client.PublishInput{Message: new(strings.Repeat("x", 262140)), MessageAttributes: attribute("String", "x")}, "InvalidParameter: Invalid parameter: Message too long"},
		"SubjectLines":      {client.PublishInput{Message: message, Subject: new("a\nb")}, "InvalidParameter: Invalid parameter: Subject"},
		"SubjectNotASCII":   {client.PublishInput{Message: message, Subject: new("ä")}, "InvalidParameter: Invalid parameter: Subject"},
		"SubjectSpace":      {client.PublishInput{Message: message, Subject: new(" a")}, "InvalidParameter: Invalid parameter: Subject"},
		"Structure":         {client.PublishInput{Message: message, MessageStructure: new("json")}, "Message Structure - JSON message body failed to parse"},
		"NoDefault":         {client.PublishInput{Message: new(`{"sqs":"x"}`), MessageStructure: new("json")}, "Message Structure - No default entry in JSON message body"},
		"OtherStructure":    {client.PublishInput{Message: message, MessageStructure: new("xml")}, "Invalid parameter: MessageStructure"},
		"Number":            {client.PublishInput{Message: message, MessageAttributes: attribute("Number", "x")}, "Could not cast message attribute 'a' value to number."},
		"NoValue":           {client.PublishInput{Message: message, MessageAttributes: attribute("String", "")}, "must contain non-empty message attribute value"},
		"Phone":             {client.PublishInput{Message: message, PhoneNumber: new("+1")}, "PhoneNumber Reason: it is not emulated"},
		"Group":             {client.PublishInput{Message: message, MessageGroupId: new("g")}, "MessageGroupId Reason: it is not emulated"},
		"Deduplication":     {client.PublishInput{Message: message, MessageDeduplicationId: new("d")}, "not valid for this topic type"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if test.in.PhoneNumber == nil {
				test.in.TopicArn = w.topic
			}
			_, err := w.client.Publish(t.Context(), &test.in)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error = %v, want %q", err, test.want)
			}
		})
	}
}

func TestRefusedByName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	subscribe := func(protocol, endpoint string, attributes map[string]string) error {
		_, err := w.client.Subscribe(t.Context(), &client.SubscribeInput{TopicArn: w.topic, Protocol: &protocol, Endpoint: &endpoint, Attributes: attributes})
		return err
	}
	create := func(in client.CreateTopicInput) error {
		_, err := w.client.CreateTopic(t.Context(), &in)
		return err
	}
	tests := map[string]struct {
		err  error
		want string
	}{
		"Email":         {subscribe("email", "a@example.com", nil), "Protocol Reason: email is not emulated"},
		"Pigeon":        {subscribe("pigeon", "x", nil), "Does not support this protocol string: pigeon"},
		"Endpoint":      {subscribe("sqs", "jobs", nil), "Invalid parameter: SQS endpoint ARN"},
		"OtherAccount":  {subscribe("sqs", "arn:aws:sqs:us-east-1:210987654321:jobs", nil), "another account or Region is not emulated"},
		"Filter":        {subscribe("sqs", queueARN, map[string]string{"FilterPolicy": "{}"}), "FilterPolicy is not emulated"},
		"RawToFunction": {subscribe("lambda", functionARN, map[string]string{"RawMessageDelivery": "true"}), "does not support raw message delivery"},
		"FIFO":          {create(client.CreateTopicInput{Name: new("a.fifo")}), "a FIFO topic is not emulated"},
		"Key":           {create(client.CreateTopicInput{Name: new("a"), Attributes: map[string]string{"KmsMasterKeyId": "k"}}), "KmsMasterKeyId is not emulated"},
		"Different":     {create(client.CreateTopicInput{Name: new("deploys"), Attributes: map[string]string{"DisplayName": "D"}}), "Topic already exists with different attributes"},
		"Tags":          {create(client.CreateTopicInput{Name: new("deploys"), Tags: []types.Tag{{Key: new("a"), Value: new("b")}}}), "Topic already exists with different tags"},
	}
	for name, test := range tests {
		if _, ok := errors.AsType[*types.InvalidParameterException](test.err); !ok || !strings.Contains(test.err.Error(), test.want) {
			t.Errorf("%s: error = %v, want an InvalidParameterException with %q", name, test.err, test.want)
		}
	}
}

func TestListTopicsPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 100 {
		if _, err := w.client.CreateTopic(t.Context(), &client.CreateTopicInput{Name: new("topic" + strings.Repeat("x", i))}); err != nil {
			t.Fatal(err)
		}
	}
	pages := client.NewListTopicsPaginator(w.client, &client.ListTopicsInput{})
	var sizes []int
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(page.Topics))
	}
	if diff := cmp.Diff([]int{100, 1}, sizes); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
}
