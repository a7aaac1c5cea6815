package sqs

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// poller is a receiver that waits for messages.
type poller struct {
	in         *sqs.ReceiveMessageInput
	visibility time.Duration
	timer      *loop.Timer
	reply      func(*sqs.ReceiveMessageOutput, error)
}

func (s *Service) receiveMessage(_ *wire.Call, in *sqs.ReceiveMessageInput, reply func(*sqs.ReceiveMessageOutput, error)) {
	q, err := s.byURL(in.QueueUrl)
	if err == nil {
		err = checkReceive(in)
	}
	if err != nil {
		reply(nil, err)
		return
	}
	p := &poller{in: in, visibility: q.settings.visibility, reply: reply}
	if in.VisibilityTimeout > 0 {
		p.visibility = time.Duration(in.VisibilityTimeout) * time.Second
	}
	if s.answer(q, p) {
		return
	}
	wait := q.settings.wait
	if in.WaitTimeSeconds > 0 {
		wait = time.Duration(in.WaitTimeSeconds) * time.Second
	}
	if wait == 0 {
		reply(&sqs.ReceiveMessageOutput{}, nil)
		return
	}
	q.pollers = append(q.pollers, p)
	p.timer = s.loop.After(wait, func() { //nolint:forbidigo // it ends with the client that waits
		q.pollers = slices.DeleteFunc(q.pollers, func(other *poller) bool { return other == p })
		p.reply(&sqs.ReceiveMessageOutput{}, nil)
	})
	s.wakeForNext(q)
}

func checkReceive(in *sqs.ReceiveMessageInput) error {
	switch {
	case in.MaxNumberOfMessages < 0 || in.MaxNumberOfMessages > 10:
		return invalidValue("Value %d for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.", in.MaxNumberOfMessages)
	case in.WaitTimeSeconds < 0 || in.WaitTimeSeconds > 20:
		return invalidValue("Value %d for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.", in.WaitTimeSeconds)
	case in.VisibilityTimeout < 0 || in.VisibilityTimeout > 43200:
		return invalidValue("Value %d for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and 43200, if provided.", in.VisibilityTimeout)
	case in.ReceiveRequestAttemptId != nil:
		return invalidValue("The request include parameter that is not valid for this queue type.")
	}
	return nil
}

// answer replies to a receiver if there are messages for it.
func (s *Service) answer(q *queue, p *poller) bool {
	messages := s.take(q, max(1, int(p.in.MaxNumberOfMessages)), p.visibility)
	if len(messages) == 0 {
		return false
	}
	out := &sqs.ReceiveMessageOutput{}
	for _, m := range messages {
		out.Messages = append(out.Messages, m.describe(p.in))
	}
	p.reply(out, nil)
	return true
}

// serve answers the receivers that wait, as far as there are messages.
func (s *Service) serve(q *queue) {
	for len(q.pollers) > 0 {
		p := q.pollers[0]
		if !s.answer(q, p) {
			break
		}
		p.timer.Stop()
		q.pollers = q.pollers[1:]
	}
	s.wakeForNext(q)
}

// wakeForNext serves again when the next message appears, if anyone waits.
func (s *Service) wakeForNext(q *queue) {
	q.wake.Stop()
	if len(q.pollers) == 0 || len(q.messages) == 0 {
		return
	}
	next := slices.MinFunc(q.messages, func(a, b *message) int { return a.visible.Compare(b.visible) })
	q.wake = s.loop.At(next.visible, func() { s.serve(q) }) //nolint:forbidigo // it ends with the clients that wait
}

// describe is a message with what the receiver asked for.
func (m *message) describe(in *sqs.ReceiveMessageInput) types.Message {
	out := types.Message{
		MessageId: &m.id, Body: &m.body, ReceiptHandle: aws.String(m.receipt),
		MD5OfBody: aws.String(md5Of([]byte(m.body))), Attributes: m.system(in),
	}
	for _, name := range sortedNames(m.attributes) {
		if asked(in.MessageAttributeNames, name) {
			if out.MessageAttributes == nil {
				out.MessageAttributes = map[string]types.MessageAttributeValue{}
			}
			out.MessageAttributes[name] = m.attributes[name]
		}
	}
	if len(out.MessageAttributes) > 0 {
		out.MD5OfMessageAttributes = aws.String(md5OfAttributes(out.MessageAttributes))
	}
	return out
}

// asked reports whether a receiver's list has an attribute: by name, by "All" or
// ".*", or by a prefix and ".*".
func asked(names []string, name string) bool {
	return slices.ContainsFunc(names, func(want string) bool {
		if prefix, ok := strings.CutSuffix(want, ".*"); ok {
			return prefix == "" || name == prefix || strings.HasPrefix(name, prefix+".")
		}
		return want == "All" || want == name
	})
}

// system is the attributes that SQS itself gives a message.
func (m *message) system(in *sqs.ReceiveMessageInput) map[string]string {
	names := slices.Clone(in.MessageSystemAttributeNames)
	for _, old := range in.AttributeNames { //nolint:staticcheck // clients still send the deprecated list
		names = append(names, types.MessageSystemAttributeName(old))
	}
	milliseconds := func(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }
	have := map[types.MessageSystemAttributeName]string{
		types.MessageSystemAttributeNameSenderId:                         m.sender,
		types.MessageSystemAttributeNameSentTimestamp:                    milliseconds(m.sent),
		types.MessageSystemAttributeNameApproximateReceiveCount:          strconv.Itoa(m.receives),
		types.MessageSystemAttributeNameApproximateFirstReceiveTimestamp: milliseconds(m.first),
	}
	if m.source != "" {
		have[types.MessageSystemAttributeNameDeadLetterQueueSourceArn] = m.source
	}
	var out map[string]string
	for name, value := range have {
		if slices.Contains(names, name) || slices.Contains(names, types.MessageSystemAttributeNameAll) {
			if out == nil {
				out = map[string]string{}
			}
			out[string(name)] = value
		}
	}
	return out
}
