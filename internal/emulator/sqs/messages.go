package sqs

import (
	"encoding/base64"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// maxAttributes is how many attributes a message has (AWS: SQS Developer Guide,
// message metadata).
const maxAttributes = 10

type message struct {
	id, body   string
	attributes map[string]types.MessageAttributeValue
	sender     string
	source     string // the queue it was moved from, as a dead letter
	sent       time.Time
	visible    time.Time // when it is to be had (again)
	first      time.Time // when it was first received
	receives   int
	receipt    string // of the last receive
}

// check refuses a message that SQS would refuse.
func (q *queue) check(body string, attributes map[string]types.MessageAttributeValue) error {
	if body == "" {
		return wire.Errorf("MissingParameter", "The request must contain the parameter MessageBody.")
	}
	for _, r := range body {
		if !allowed(r) {
			return &types.InvalidMessageContents{Message: aws.String("Invalid binary character was found in the message body, the set of allowed characters is #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF")}
		}
	}
	if len(attributes) > maxAttributes {
		return invalidValue("Number of message attributes [%d] exceeds the allowed maximum [%d].", len(attributes), maxAttributes)
	}
	size := len(body)
	for _, name := range sortedNames(attributes) {
		a := attributes[name]
		if err := checkAttribute(name, a); err != nil {
			return err
		}
		size += len(name) + len(aws.ToString(a.DataType)) + len(aws.ToString(a.StringValue)) + len(a.BinaryValue)
	}
	if size > q.settings.maxSize {
		return invalidValue("One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", q.settings.maxSize)
	}
	return nil
}

func allowed(r rune) bool {
	return r == 0x9 || r == 0xA || r == 0xD || (r >= 0x20 && r <= 0xD7FF) || (r >= 0xE000 && r <= 0xFFFD) || (r >= 0x10000 && r <= utf8.MaxRune)
}

func checkAttribute(name string, a types.MessageAttributeValue) error {
	kind, _, _ := strings.Cut(aws.ToString(a.DataType), ".")
	switch kind {
	case "String", "Number":
		if aws.ToString(a.StringValue) == "" {
			return invalidValue("Message (user) attribute '%s' must contain a non-empty value of type 'String'.", name)
		}
	case "Binary":
		if len(a.BinaryValue) == 0 {
			return invalidValue("Message (user) attribute '%s' must contain a non-empty value of type 'Binary'.", name)
		}
	default:
		return invalidValue("The type of message (user) attribute '%s' is invalid. You must use only the following supported type prefixes: Binary, Number, String.", name)
	}
	return nil
}

func (s *Service) sendMessage(_ *wire.Call, in *sqs.SendMessageInput) (*sqs.SendMessageOutput, error) {
	q, err := s.byURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	switch {
	case in.MessageDeduplicationId != nil:
		return nil, invalidValue("The request include parameter that is not valid for this queue type.")
	case in.MessageGroupId != nil:
		return nil, notEmulated("MessageGroupId")
	case len(in.MessageSystemAttributes) > 0:
		return nil, notEmulated("MessageSystemAttributes")
	case in.DelaySeconds < 0 || in.DelaySeconds > 900:
		return nil, invalidValue("Value %d for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.", in.DelaySeconds)
	}
	if err := q.check(aws.ToString(in.MessageBody), in.MessageAttributes); err != nil {
		return nil, err
	}
	delay := q.settings.delay
	if in.DelaySeconds > 0 {
		delay = time.Duration(in.DelaySeconds) * time.Second
	}
	m := &message{body: *in.MessageBody, attributes: in.MessageAttributes, sender: s.account}
	s.enqueue(q, m, delay)
	out := &sqs.SendMessageOutput{MessageId: &m.id, MD5OfMessageBody: aws.String(md5Of([]byte(m.body)))}
	if len(m.attributes) > 0 {
		out.MD5OfMessageAttributes = aws.String(md5OfAttributes(m.attributes))
	}
	return out, nil
}

func (s *Service) enqueue(q *queue, m *message, delay time.Duration) {
	m.id = s.loop.UUID()
	m.sent = s.loop.Now()
	m.visible = m.sent.Add(delay)
	q.messages = append(q.messages, m)
	s.serve(q)
}

// expire drops the messages that are older than the retention period.
func (q *queue) expire(now time.Time) {
	q.messages = slices.DeleteFunc(q.messages, func(m *message) bool { return now.Sub(m.sent) >= q.settings.retention })
}

// take gives up to n messages to a receiver, and moves those that were received
// too often to the dead-letter queue.
func (s *Service) take(q *queue, n int, visibility time.Duration) []*message {
	now := s.loop.Now()
	q.expire(now)
	var taken, dead []*message
	for _, m := range q.messages {
		if len(taken) == n {
			break
		}
		if m.visible.After(now) {
			continue
		}
		if q.settings.maxReceives > 0 && m.receives >= q.settings.maxReceives && s.byARN(q.settings.deadLetterARN) != nil {
			dead = append(dead, m)
			continue
		}
		m.receives++
		if m.first.IsZero() {
			m.first = now
		}
		m.visible = now.Add(visibility)
		m.receipt = base64.StdEncoding.EncodeToString([]byte(q.arn + " " + m.id + " " + s.loop.ID(16)))
		taken = append(taken, m)
	}
	s.bury(q, dead)
	return taken
}

// bury moves messages to the queue's dead-letter queue. They keep the time they
// were sent (AWS: SQS Developer Guide, dead-letter queues) and are counted anew.
func (s *Service) bury(q *queue, dead []*message) {
	if len(dead) == 0 {
		return
	}
	q.messages = slices.DeleteFunc(q.messages, func(m *message) bool { return slices.Contains(dead, m) })
	to := s.byARN(q.settings.deadLetterARN)
	for _, m := range dead {
		m.source, m.receives = q.arn, 0
		to.messages = append(to.messages, m)
	}
	s.loop.Post(func() { s.serve(to) })
}

func (s *Service) deleteMessage(_ *wire.Call, in *sqs.DeleteMessageInput) (*sqs.DeleteMessageOutput, error) {
	q, err := s.byURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	handle, err := base64.StdEncoding.DecodeString(*in.ReceiptHandle)
	if parts := strings.Fields(string(handle)); err != nil || len(parts) != 3 || parts[0] != q.arn {
		return nil, &types.ReceiptHandleIsInvalid{Message: aws.String(`The input receipt handle "` + *in.ReceiptHandle + `" is not a valid receipt handle.`)}
	}
	// A handle of an earlier receive is accepted and deletes nothing.
	q.messages = slices.DeleteFunc(q.messages, func(m *message) bool { return m.receipt == *in.ReceiptHandle })
	return &sqs.DeleteMessageOutput{}, nil
}
