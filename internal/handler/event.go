package handler

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Event is the envelope that EventBridge delivers (AWS: EventBridge User Guide,
// event structure).
type Event struct {
	ID         string          `json:"id"`
	Source     string          `json:"source"`
	DetailType string          `json:"detail-type"`
	Account    string          `json:"account"`
	Region     string          `json:"region"`
	Time       time.Time       `json:"time"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`
}

// kind is what an event is told apart by.
type kind struct{ source, detailType string }

// listener does what one kind of event asks for.
type listener func(ctx context.Context, e Event) error

// Letters is the queue for events that nobody can follow.
type Letters struct {
	SQS *sqs.Client
	URL string
}

// Events makes a handler of listeners. A kind without one is logged and let be. An
// event that cannot be understood or followed goes to the dead letters with the
// reason; what may succeed later is given back to Lambda, which tries again.
func Events(log *slog.Logger, letters Letters, listeners map[kind]listener) Func {
	return func(ctx context.Context, payload []byte) ([]byte, error) {
		err := dispatch(ctx, log, payload, listeners)
		if err != nil && !final(err) {
			log.LogAttrs(ctx, slog.LevelError, "event not followed", slog.String("kind", string(rollout.KindOf(err))),
				slog.String("reason", err.Error()))
		}
		if err == nil || !final(err) {
			return []byte("null"), err
		}
		log.LogAttrs(ctx, slog.LevelWarn, "event refused", slog.String("kind", string(rollout.KindOf(err))),
			slog.String("reason", err.Error()))
		return []byte("null"), letters.put(ctx, payload, err)
	}
}

// final reports whether trying again would give the same; of several errors, every
// one.
func final(err error) bool {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		return !slices.ContainsFunc(several.Unwrap(), func(one error) bool { return !final(one) })
	}
	switch rollout.KindOf(err) { //nolint:exhaustive // the others may pass
	case rollout.KindEventInvalid, rollout.KindNotFound, rollout.KindRefused, rollout.KindSpecInvalid:
		return true
	default:
		return false
	}
}

func dispatch(ctx context.Context, log *slog.Logger, payload []byte, listeners map[kind]listener) error {
	var e Event
	if err := json.Unmarshal(payload, &e); err != nil {
		return rollout.Errorf(rollout.KindEventInvalid, "not an EventBridge event: %w", err)
	}
	listen, ok := listeners[kind{e.Source, e.DetailType}]
	if !ok {
		log.LogAttrs(ctx, slog.LevelInfo, "event ignored: nobody listens to its kind", slog.String("source", e.Source),
			slog.String("detail_type", e.DetailType), slog.String("id", e.ID))
		return nil
	}
	return listen(ctx, e)
}

// detail decodes an event's detail.
func detail[T any](e Event) (T, error) {
	var d T
	if err := json.Unmarshal(e.Detail, &d); err != nil {
		return d, rollout.Errorf(rollout.KindEventInvalid, "detail of %q: %w", e.DetailType, err)
	}
	return d, nil
}

// missing says that an event lacks a field.
func missing(e Event, field string) error {
	return rollout.Errorf(rollout.KindEventInvalid, "%q event %s has no %s", e.DetailType, e.ID, field)
}

// maxName is the longest text, in bytes, that an event may give for a name of ours
// that becomes a key of the table.
const maxName = 1024

// tooLong says that an event has more in a field than it can be.
func tooLong(e Event, field string) error {
	return rollout.Errorf(rollout.KindEventInvalid, "%q event %s: %s is longer than %d bytes", e.DetailType, e.ID, field, maxName)
}

// sendable is an event, which is JSON, with the two characters escaped that JSON may
// hold as they are and SQS refuses (AWS: SQS API Reference, SendMessage).
func sendable(payload []byte) string {
	return strings.NewReplacer("\ufffe", `\ufffe`, "\uffff", `\uffff`).Replace(string(payload))
}

// put sends an event to the dead letters, with the reason as attributes.
func (l Letters) put(ctx context.Context, payload []byte, reason error) error {
	text := reason.Error()
	_, err := l.SQS.SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl: &l.URL, MessageBody: aws.String(sendable(payload)),
		MessageAttributes: map[string]types.MessageAttributeValue{
			"KIND":   {DataType: aws.String("String"), StringValue: aws.String(string(rollout.KindOf(reason)))},
			"REASON": {DataType: aws.String("String"), StringValue: &text},
		},
	})
	if err != nil {
		return awsclient.Wrap(err, "put an event into the dead letters (%s)", text)
	}
	return nil
}
