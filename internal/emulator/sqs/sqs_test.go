package sqs_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	client "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"
)

func TestMessageComesWithItsAttributes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	url := w.queue(t, "q", nil)
	attributes := map[string]types.MessageAttributeValue{
		"ERROR_CODE": {DataType: aws.String("String"), StringValue: aws.String("NO_RESOURCE")},
		"n":          {DataType: aws.String("Number"), StringValue: aws.String("7")},
		"raw":        {DataType: aws.String("Binary"), BinaryValue: []byte{0, 1, 2}},
	}
	sent, err := w.client.SendMessage(t.Context(), &client.SendMessageInput{QueueUrl: url, MessageBody: aws.String("hello"), MessageAttributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	if want := "5d41402abc4b2a76b9719d911017c592"; *sent.MD5OfMessageBody != want {
		t.Errorf("digest of the body = %s, want %s", *sent.MD5OfMessageBody, want)
	}
	w.loop.RunFor(time.Second)
	got := w.receive(t, &client.ReceiveMessageInput{QueueUrl: url, MessageAttributeNames: []string{"All"}, MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"}})
	if len(got) != 1 {
		t.Fatalf("%d messages, want 1", len(got))
	}
	if *got[0].Body != "hello" || *got[0].MessageId != *sent.MessageId || *got[0].MD5OfMessageAttributes != *sent.MD5OfMessageAttributes {
		t.Errorf("message = %s %s %s, want as sent", *got[0].Body, *got[0].MessageId, *got[0].MD5OfMessageAttributes)
	}
	for name, want := range attributes {
		have := got[0].MessageAttributes[name]
		if aws.ToString(have.StringValue) != aws.ToString(want.StringValue) || string(have.BinaryValue) != string(want.BinaryValue) || *have.DataType != *want.DataType {
			t.Errorf("attribute %s = %+v, want %+v", name, have, want)
		}
	}
	want := map[string]string{
		"SenderId": "123456789012", "ApproximateReceiveCount": "1",
		"SentTimestamp": fmt.Sprint(start.UnixMilli()), "ApproximateFirstReceiveTimestamp": fmt.Sprint(start.Add(time.Second).UnixMilli()),
	}
	if diff := cmp.Diff(want, got[0].Attributes); diff != "" {
		t.Errorf("system attributes (-want +got):\n%s", diff)
	}
}

func TestOnlyTheAttributesAskedForCome(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		ask  []string
		want int
	}{{"None", nil, 0}, {"Name", []string{"a.b"}, 1}, {"Prefix", []string{"a.*"}, 2}, {"Any", []string{".*"}, 3}} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			url := w.queue(t, "q", nil)
			w.loop.Do(func() {
				if err := w.service.Send("arn:aws:sqs:us-east-1:123456789012:q", "x", map[string]string{"a.b": "1", "a.c": "2", "d": "3"}); err != nil {
					t.Error(err)
				}
			})
			got := w.receive(t, &client.ReceiveMessageInput{QueueUrl: url, MessageAttributeNames: tc.ask})
			if len(got) != 1 || len(got[0].MessageAttributes) != tc.want {
				t.Errorf("asked for %v: got %v, want %d attributes", tc.ask, got, tc.want)
			}
		})
	}
}

func TestReceivedMessageIsHiddenAndComesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	url := w.queue(t, "q", map[string]string{"VisibilityTimeout": "60"})
	w.send(t, url, "a")
	first := w.receive(t, &client.ReceiveMessageInput{QueueUrl: url})
	w.loop.RunFor(59 * time.Second)
	if got := w.bodies(t, url); got != nil {
		t.Errorf("received %v within the visibility timeout", got)
	}
	if got := w.count(t, url, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible); got != "1" {
		t.Errorf("messages in flight = %s, want 1", got)
	}
	w.loop.RunFor(time.Second)
	second := w.receive(t, &client.ReceiveMessageInput{QueueUrl: url})
	if len(second) != 1 {
		t.Fatalf("%d messages after the visibility timeout, want 1", len(second))
	}
	if *first[0].ReceiptHandle == *second[0].ReceiptHandle {
		t.Error("the second receive has the receipt handle of the first")
	}
	// The old handle deletes nothing, the new one does.
	w.delete(t, url, first[0].ReceiptHandle)
	if got := w.count(t, url, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible); got != "1" {
		t.Errorf("messages in flight after an old handle's delete = %s, want 1", got)
	}
	w.delete(t, url, second[0].ReceiptHandle)
	w.loop.RunFor(time.Hour)
	if got := w.bodies(t, url); got != nil {
		t.Errorf("received %v after it was deleted", got)
	}
	_, err := w.client.DeleteMessage(t.Context(), &client.DeleteMessageInput{QueueUrl: url, ReceiptHandle: aws.String("nonsense")})
	wantError(t, err, "ReceiptHandleIsInvalid", `The input receipt handle "nonsense" is not a valid receipt handle.`)
}

func (w *world) delete(t *testing.T, url, handle *string) {
	t.Helper()
	if _, err := w.client.DeleteMessage(t.Context(), &client.DeleteMessageInput{QueueUrl: url, ReceiptHandle: handle}); err != nil {
		t.Fatal(err)
	}
}

func TestAtMostAsManyAsAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	url := w.queue(t, "q", nil)
	for i := range 12 {
		w.send(t, url, fmt.Sprint(i))
	}
	var got []int
	for _, n := range []int32{0, 3, 10} {
		got = append(got, len(w.receive(t, &client.ReceiveMessageInput{QueueUrl: url, MaxNumberOfMessages: n})))
	}
	if diff := cmp.Diff([]int{1, 3, 8}, got); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

func TestLongPollWaitsForAMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	url := w.queue(t, "q", nil)
	w.loop.After(5*time.Second, func() {
		if err := w.service.Send("arn:aws:sqs:us-east-1:123456789012:q", "late", nil); err != nil {
			t.Error(err)
		}
	})
	got := w.receive(t, &client.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: 20, VisibilityTimeout: 10})
	if len(got) != 1 || *got[0].Body != "late" || !w.loop.Now().Equal(start.Add(5*time.Second)) {
		t.Errorf("received %v at %v, want the message when it was sent", got, w.loop.Now())
	}
	// It comes again when its visibility timeout ends, while a poll waits.
	if got := w.receive(t, &client.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: 20}); len(got) != 1 || !w.loop.Now().Equal(start.Add(15*time.Second)) {
		t.Errorf("received %v at %v, want the message after 15 s", got, w.loop.Now())
	}
	if got := w.receive(t, &client.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: 2}); got != nil || !w.loop.Now().Equal(start.Add(17*time.Second)) {
		t.Errorf("received %v at %v, want nothing after 17 s", got, w.loop.Now())
	}
}

func TestQueueOwnWaitAndDelay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	url := w.queue(t, "q", map[string]string{"DelaySeconds": "3", "ReceiveMessageWaitTimeSeconds": "10"})
	w.send(t, url, "a")
	if got := w.count(t, url, types.QueueAttributeNameApproximateNumberOfMessagesDelayed); got != "1" {
		t.Errorf("delayed messages = %s, want 1", got)
	}
	if got := w.bodies(t, url); len(got) != 1 || !w.loop.Now().Equal(start.Add(3*time.Second)) {
		t.Errorf("received %v at %v, want the message after 3 s", got, w.loop.Now())
	}
}

func TestMessagesExpire(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	url := w.queue(t, "q", map[string]string{"MessageRetentionPeriod": "60"})
	w.send(t, url, "a")
	w.loop.RunFor(59 * time.Second)
	if got := w.count(t, url, types.QueueAttributeNameApproximateNumberOfMessages); got != "1" {
		t.Errorf("messages before the end of retention = %s, want 1", got)
	}
	w.loop.RunFor(time.Second)
	if got := w.bodies(t, url); got != nil {
		t.Errorf("received %v after the end of retention", got)
	}
}

func TestRedriveToTheDeadLetterQueue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dead := w.queue(t, "dead", nil)
	url := w.queue(t, "q", map[string]string{
		"VisibilityTimeout": "1",
		"RedrivePolicy":     `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:123456789012:dead","maxReceiveCount":"2"}`,
	})
	w.send(t, url, "poison")
	var got []int
	for range 3 {
		got = append(got, len(w.bodies(t, url)))
		w.loop.RunFor(time.Second)
	}
	if diff := cmp.Diff([]int{1, 1, 0}, got); diff != "" {
		t.Errorf("receives (-want +got):\n%s", diff)
	}
	letters := w.receive(t, &client.ReceiveMessageInput{QueueUrl: dead, MessageSystemAttributeNames: []types.MessageSystemAttributeName{"DeadLetterQueueSourceArn", "SentTimestamp"}})
	if len(letters) != 1 || *letters[0].Body != "poison" {
		t.Fatalf("dead letters = %v, want the message", letters)
	}
	want := map[string]string{"DeadLetterQueueSourceArn": "arn:aws:sqs:us-east-1:123456789012:q", "SentTimestamp": fmt.Sprint(start.UnixMilli())}
	if diff := cmp.Diff(want, letters[0].Attributes); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
}

func TestMissingQueueHasTheOldCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.client.GetQueueUrl(t.Context(), &client.GetQueueUrlInput{QueueName: aws.String("nowhere")})
	wantError(t, err, "AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
	var typed *types.QueueDoesNotExist
	if !errors.As(err, &typed) {
		t.Errorf("error = %T, want a *types.QueueDoesNotExist in it", err)
	}
	w.loop.Do(func() {
		if err := w.service.Send("arn:aws:sqs:us-east-1:123456789012:nowhere", "x", nil); !errors.As(err, &typed) {
			t.Errorf("Send = %v, want a *types.QueueDoesNotExist", err)
		}
	})
}

func TestQueueLife(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	url := w.queue(t, "q", map[string]string{"VisibilityTimeout": "5"})
	if want := "https://sqs.us-east-1.amazonaws.com/123456789012/q"; *url != want {
		t.Errorf("URL = %s, want %s", *url, want)
	}
	if again := w.queue(t, "q", map[string]string{"VisibilityTimeout": "5"}); *again != *url {
		t.Errorf("the same queue again = %s, want %s", *again, *url)
	}
	_, err := w.client.CreateQueue(ctx, &client.CreateQueueInput{QueueName: aws.String("q"), Attributes: map[string]string{"VisibilityTimeout": "6"}})
	wantError(t, err, "QueueAlreadyExists", "VisibilityTimeout")
	w.send(t, url, "a")
	if _, err := w.client.PurgeQueue(ctx, &client.PurgeQueueInput{QueueUrl: url}); err != nil {
		t.Fatal(err)
	}
	if got := w.bodies(t, url); got != nil {
		t.Errorf("received %v after a purge", got)
	}
	_, err = w.client.PurgeQueue(ctx, &client.PurgeQueueInput{QueueUrl: url})
	wantError(t, err, "AWS.SimpleQueueService.PurgeQueueInProgress", "Only one PurgeQueue operation on q is allowed every 60 seconds.")
	if _, err := w.client.DeleteQueue(ctx, &client.DeleteQueueInput{QueueUrl: url}); err != nil {
		t.Fatal(err)
	}
	_, err = w.client.SendMessage(ctx, &client.SendMessageInput{QueueUrl: url, MessageBody: aws.String("x")})
	wantError(t, err, "AWS.SimpleQueueService.NonExistentQueue", "")
	_, err = w.client.CreateQueue(ctx, &client.CreateQueueInput{QueueName: aws.String("q")})
	wantError(t, err, "AWS.SimpleQueueService.QueueDeletedRecently", "60 seconds")
	w.loop.RunFor(time.Minute)
	w.queue(t, "q", nil)
}

func TestQueueAttributes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	url := w.queue(t, "q", nil)
	w.loop.RunFor(time.Minute)
	if _, err := w.client.SetQueueAttributes(ctx, &client.SetQueueAttributesInput{QueueUrl: url, Attributes: map[string]string{"VisibilityTimeout": "7"}}); err != nil {
		t.Fatal(err)
	}
	out, err := w.client.GetQueueAttributes(ctx, &client.GetQueueAttributesInput{QueueUrl: url, AttributeNames: []types.QueueAttributeName{"All"}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"QueueArn": "arn:aws:sqs:us-east-1:123456789012:q", "VisibilityTimeout": "7", "DelaySeconds": "0",
		"MessageRetentionPeriod": "345600", "MaximumMessageSize": "1048576", "ReceiveMessageWaitTimeSeconds": "0", "SqsManagedSseEnabled": "true",
		"ApproximateNumberOfMessages": "0", "ApproximateNumberOfMessagesDelayed": "0", "ApproximateNumberOfMessagesNotVisible": "0",
		"CreatedTimestamp": fmt.Sprint(start.Unix()), "LastModifiedTimestamp": fmt.Sprint(start.Add(time.Minute).Unix()),
	}
	if diff := cmp.Diff(want, out.Attributes); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	url := w.queue(t, "q", map[string]string{"MaximumMessageSize": "1024"})
	create := func(name string, attributes map[string]string) error {
		_, err := w.client.CreateQueue(ctx, &client.CreateQueueInput{QueueName: &name, Attributes: attributes})
		return err
	}
	send := func(in client.SendMessageInput) error {
		in.QueueUrl = url
		_, err := w.client.SendMessage(ctx, &in)
		return err
	}
	receive := func(in client.ReceiveMessageInput) error {
		in.QueueUrl = url
		_, err := w.client.ReceiveMessage(ctx, &in)
		return err
	}
	for _, tc := range []struct {
		name          string
		err           error
		code, message string
	}{
		{"Name", create("a b", nil), "InvalidParameterValue", "Can only include alphanumeric characters"},
		{"FIFO", create("q.fifo", map[string]string{"FifoQueue": "true"}), "AWS.SimpleQueueService.UnsupportedOperation", "A FIFO queue is not emulated"},
		{"AttributeValue", create("x", map[string]string{"VisibilityTimeout": "43201"}), "InvalidAttributeValue", "VisibilityTimeout"},
		{"RedriveTarget", create("x", map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:123456789012:no","maxReceiveCount":1}`}), "InvalidParameterValue", "Dead letter target does not exist."},
		{"RedriveCount", create("x", map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:123456789012:q","maxReceiveCount":0}`}), "InvalidParameterValue", "maxReceiveCount"},
		{"Empty", send(client.SendMessageInput{MessageBody: aws.String("")}), "MissingParameter", "The request must contain the parameter MessageBody."},
		{"TooLong", send(client.SendMessageInput{MessageBody: aws.String(strings.Repeat("x", 1025))}), "InvalidParameterValue", "Message must be shorter than 1024 bytes."},
		{"Characters", send(client.SendMessageInput{MessageBody: aws.String("a\u0001")}), "InvalidMessageContents", "allowed characters"},
		{"AttributeType", send(client.SendMessageInput{MessageBody: aws.String("a"), MessageAttributes: map[string]types.MessageAttributeValue{"n": {DataType: aws.String("Text"), StringValue: aws.String("x")}}}), "InvalidParameterValue", "Binary, Number, String"},
		{"Deduplication", send(client.SendMessageInput{MessageBody: aws.String("a"), MessageDeduplicationId: aws.String("x")}), "InvalidParameterValue", "not valid for this queue type"},
		{"Max", receive(client.ReceiveMessageInput{MaxNumberOfMessages: 11}), "InvalidParameterValue", "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided."},
		{"Wait", receive(client.ReceiveMessageInput{WaitTimeSeconds: 21}), "InvalidParameterValue", "WaitTimeSeconds"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			wantError(t, tc.err, tc.code, tc.message)
		})
	}
}

func TestListQueues(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{"b2", "a", "b1", "b3"} {
		w.queue(t, name, nil)
	}
	out, err := w.client.ListQueues(t.Context(), &client.ListQueuesInput{QueueNamePrefix: aws.String("b"), MaxResults: aws.Int32(2)})
	if err != nil {
		t.Fatal(err)
	}
	rest, err := w.client.ListQueues(t.Context(), &client.ListQueuesInput{QueueNamePrefix: aws.String("b"), MaxResults: aws.Int32(2), NextToken: out.NextToken})
	if err != nil {
		t.Fatal(err)
	}
	base := "https://sqs.us-east-1.amazonaws.com/123456789012/"
	if diff := cmp.Diff([]string{base + "b1", base + "b2", base + "b3"}, append(out.QueueUrls, rest.QueueUrls...)); diff != "" {
		t.Errorf("queues (-want +got):\n%s", diff)
	}
	if rest.NextToken != nil {
		t.Errorf("the last page has the token %s", *rest.NextToken)
	}
}

func TestDigestOfAttributes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	url := w.queue(t, "q", nil)
	sent, err := w.client.SendMessage(t.Context(), &client.SendMessageInput{
		QueueUrl: url, MessageBody: aws.String("x"),
		MessageAttributes: map[string]types.MessageAttributeValue{"timestamp": {DataType: aws.String("Number"), StringValue: aws.String("1493147359900")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := "235c5c510d26fb653d073faed50ae77c"; *sent.MD5OfMessageAttributes != want {
		t.Errorf("digest = %s, want %s", *sent.MD5OfMessageAttributes, want)
	}
}
