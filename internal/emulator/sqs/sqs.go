// Package sqs emulates Amazon SQS standard queues: visibility timeouts, long
// polling, retention, delays and redrive to dead-letter queues.
//
// Two things are better here than AWS promises: a short poll sees every message,
// and messages come in the order they were sent. The SDK's types cannot tell a
// zero from an absent VisibilityTimeout, WaitTimeSeconds or DelaySeconds: a zero
// means the queue's own value.
package sqs

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Service is SQS in one account and Region.
type Service struct {
	loop    *loop.Loop
	account string
	region  string
	queues  map[string]*queue
	deleted map[string]time.Time
}

// New gives SQS without queues.
func New(l *loop.Loop, account, region string) *Service {
	return &Service{loop: l, account: account, region: region, queues: map[string]*queue{}, deleted: map[string]time.Time{}}
}

// Wire is the operations that are emulated.
func (s *Service) Wire() *wire.Service {
	return wire.NewService("sqs",
		wire.Op("CreateQueue", s.createQueue),
		wire.Op("GetQueueUrl", s.getQueueURL),
		wire.Op("ListQueues", s.listQueues),
		wire.Op("DeleteQueue", s.deleteQueue),
		wire.Op("PurgeQueue", s.purgeQueue),
		wire.Op("GetQueueAttributes", s.getQueueAttributes),
		wire.Op("SetQueueAttributes", s.setQueueAttributes),
		wire.Op("SendMessage", s.sendMessage),
		wire.AsyncOp("ReceiveMessage", s.receiveMessage),
		wire.Op("DeleteMessage", s.deleteMessage),
	)
}

// Send puts a message with string attributes on a queue, as an AWS service does.
// It must be called on the loop. A queue that is not there is a
// *types.QueueDoesNotExist.
func (s *Service) Send(queueARN, body string, attributes map[string]string) error {
	q := s.byARN(queueARN)
	if q == nil {
		return noQueue()
	}
	typed := map[string]types.MessageAttributeValue{}
	for name, value := range attributes {
		typed[name] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String(value)}
	}
	if err := q.check(body, typed); err != nil {
		return err
	}
	s.enqueue(q, &message{body: body, attributes: typed, sender: s.account}, 0)
	return nil
}

// noQueue carries the code of SQS's older Query protocol, which its clients
// still see.
func noQueue() error {
	return &types.QueueDoesNotExist{
		Message:           aws.String("The specified queue does not exist."),
		ErrorCodeOverride: aws.String("AWS.SimpleQueueService.NonExistentQueue"),
	}
}

func invalidValue(format string, args ...any) error {
	return wire.Errorf("InvalidParameterValue", format, args...)
}

// notEmulated refuses, by name, what AWS would accept.
func notEmulated(what string) error {
	return &types.UnsupportedOperation{
		Message:           aws.String(what + " is not emulated"),
		ErrorCodeOverride: aws.String("AWS.SimpleQueueService.UnsupportedOperation"),
	}
}
