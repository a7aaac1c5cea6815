package sqs_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	client "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/sqs"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// world is SQS with a client, which checks the digests of what it sends and gets.
type world struct {
	loop    *loop.Loop
	service *sqs.Service
	client  *client.Client
}

func newWorld(t *testing.T) *world {
	t.Helper()
	l := loop.NewVirtual(start)
	service := sqs.New(l, "123456789012", "us-east-1")
	mux := wire.NewMux("123456789012", "us-east-1", service.Wire())
	return &world{loop: l, service: service, client: client.NewFromConfig(aws.Config{
		Region:      "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		HTTPClient:  wire.NewTransport(l, mux, wire.TransportOptions{}),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	})}
}

// queue makes a queue and gives its URL.
func (w *world) queue(t *testing.T, name string, attributes map[string]string) *string {
	t.Helper()
	out, err := w.client.CreateQueue(t.Context(), &client.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	return out.QueueUrl
}

func (w *world) send(t *testing.T, url *string, body string) {
	t.Helper()
	if _, err := w.client.SendMessage(t.Context(), &client.SendMessageInput{QueueUrl: url, MessageBody: &body}); err != nil {
		t.Fatal(err)
	}
}

func (w *world) receive(t *testing.T, in *client.ReceiveMessageInput) []types.Message {
	t.Helper()
	out, err := w.client.ReceiveMessage(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out.Messages
}

// bodies is the bodies of all messages that can be received now.
func (w *world) bodies(t *testing.T, url *string) []string {
	t.Helper()
	var out []string
	for _, m := range w.receive(t, &client.ReceiveMessageInput{QueueUrl: url, MaxNumberOfMessages: 10}) {
		out = append(out, *m.Body)
	}
	return out
}

func (w *world) count(t *testing.T, url *string, name types.QueueAttributeName) string {
	t.Helper()
	out, err := w.client.GetQueueAttributes(t.Context(), &client.GetQueueAttributesInput{QueueUrl: url, AttributeNames: []types.QueueAttributeName{name}})
	if err != nil {
		t.Fatal(err)
	}
	return out.Attributes[string(name)]
}

func wantError(t *testing.T, err error, code, message string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) {
		t.Errorf("error = %v, want %s", err, code)
		return
	}
	if api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), message) {
		t.Errorf("error = %s: %s, want %s: %s", api.ErrorCode(), api.ErrorMessage(), code, message)
	}
}
