package store

import (
	"context"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Message is the one message in a Slack channel that follows a rollout, or asks
// for a pipeline's approval.
type Message struct {
	Subject string `dynamodbav:"subject"` // the rollout's name, or the approval's ID
	Channel string `dynamodbav:"channel"` // as the spec has it

	ID     string `dynamodbav:"id,omitempty"`    // the channel's, once it was posted
	TS     string `dynamodbav:"ts,omitempty"`    // the message's
	Wanted int    `dynamodbav:"wanted"`          // raised with everything that happens
	Shown  int    `dynamodbav:"shown"`           // what Wanted was when it was last brought up to date
	Thread string `dynamodbav:"thread"`          // sort key of the last decision that the thread has
	Lease  int64  `dynamodbav:"lease"`           // until then somebody brings it up to date; Unix nanoseconds
	Since  int64  `dynamodbav:"since,omitempty"` // since when it cannot be; Unix seconds, 0: it can
	Tries  int    `dynamodbav:"tries,omitempty"` // since then
}

func messageKey(subject, channel string) key {
	return key{"outbox#" + subject, "message#" + channel}
}

// WantMessage notes that a message is not up to date any more.
func (s *Store) WantMessage(ctx context.Context, subject, channel string) error {
	_, _, err := s.apply(ctx, update{
		key: messageKey(subject, channel),
		set: "SET #subject = :subject, #channel = :channel, #shown = if_not_exists(#shown, :zero), " +
			"#lease = if_not_exists(#lease, :zero), #wanted = if_not_exists(#wanted, :zero) + :one",
		condition: "attribute_exists(pk) OR attribute_not_exists(pk)",
		values:    map[string]any{":subject": subject, ":channel": channel, ":zero": 0, ":one": 1},
	})
	return err
}

// LeaseMessage takes on to bring a message up to date, until a time. It reports
// false while somebody else has taken it on, or when it is up to date.
func (s *Store) LeaseMessage(ctx context.Context, subject, channel string, now, until time.Time) (bool, Message, error) {
	held, it, err := s.apply(ctx, update{
		key:       messageKey(subject, channel),
		set:       "SET #lease = :until",
		condition: "#lease < :now AND #shown < #wanted",
		values:    map[string]any{":now": now.UnixNano(), ":until": until.UnixNano()},
	})
	var m Message
	if err == nil && it != nil {
		err = unmarshal(it, &m)
	}
	return held, m, err
}

// Posted notes where a message was posted.
func (s *Store) Posted(ctx context.Context, m Message) error {
	return s.onMessage(ctx, m, "SET #id = :id, #ts = :ts", map[string]any{":id": m.ID, ":ts": m.TS})
}

// Threaded notes which decision the message's thread has last.
func (s *Store) Threaded(ctx context.Context, m Message) error {
	return s.onMessage(ctx, m, "SET #thread = :thread", map[string]any{":thread": m.Thread})
}

// ShowedMessage gives the lease back of a message that shows what was wanted when it
// was taken.
func (s *Store) ShowedMessage(ctx context.Context, m Message) error {
	return s.onMessage(ctx, m, "SET #shown = :shown, #lease = :zero REMOVE #since, #tries",
		map[string]any{":shown": m.Wanted, ":zero": 0})
}

// MissedMessage gives the lease back of a message that could not be brought up to
// date.
func (s *Store) MissedMessage(ctx context.Context, m Message, now time.Time) error {
	return s.onMessage(ctx, m, "SET #lease = :zero, #tries = if_not_exists(#tries, :zero) + :one, #since = if_not_exists(#since, :now)",
		map[string]any{":zero": 0, ":one": 1, ":now": now.Unix()})
}

func (s *Store) onMessage(ctx context.Context, m Message, set string, values map[string]any) error {
	_, _, err := s.apply(ctx, update{
		key: messageKey(m.Subject, m.Channel), set: set, condition: "attribute_exists(pk)", values: values,
	})
	return err
}

// Messages reads the messages of a subject.
func (s *Store) Messages(ctx context.Context, subject string) ([]Message, error) {
	return queryAll[Message](ctx, s, "outbox#"+subject, "message#")
}

// Delivery is a notice on its way to a channel that is not Slack, or the answer that a
// job of CodePipeline waits for.
type Delivery struct {
	Subject string          `dynamodbav:"subject"` // the rollout's name, or the action's first job
	Key     string          `dynamodbav:"key"`     // of the notice and the channel, or the job's ID
	Channel rollout.Channel `dynamodbav:"channel"`
	Notice  string          `dynamodbav:"notice"`        // JSON
	Job     *Job            `dynamodbav:"job,omitempty"` // in place of Channel and Notice
	Since   int64           `dynamodbav:"since"`         // Unix seconds
	Due     int64           `dynamodbav:"due"`           // nobody tries it before; Unix nanoseconds
	Asked   bool            `dynamodbav:"asked"`         // it is the receiver that wants to be left alone until then
	Tries   int             `dynamodbav:"tries"`
	Done    bool            `dynamodbav:"done"` // delivered, or given up
	Expires int64           `dynamodbav:"expires"`
}

// Job is a job of CodePipeline that waits to hear of a release's deployment.
type Job struct {
	App     string `dynamodbav:"app"`
	Release int    `dynamodbav:"release"`
	Went    bool   `dynamodbav:"went,omitempty"` // it was answered that the deployment goes on
}

// delivered is how long the table remembers that a notice was delivered, so that a
// repeat of its event is not.
const delivered = 7 * 24 * time.Hour

// PutDelivery notes a notice that is to be delivered, once, and gives it as it is.
func (s *Store) PutDelivery(ctx context.Context, d Delivery, now time.Time) (Delivery, error) {
	d.Since, d.Expires = now.Unix(), now.Add(delivered).Unix()
	k := deliveryKey(d)
	wrote, err := s.putNew(ctx, k, d)
	if err != nil || wrote {
		return d, err
	}
	_, err = s.get(ctx, k, &d)
	return d, err
}

// TakeDelivery takes on to try a notice that is due, so that nobody else does before
// until. It reports false when it is not due, or done.
func (s *Store) TakeDelivery(ctx context.Context, d Delivery, now, until time.Time) (bool, error) {
	held, _, err := s.apply(ctx, update{
		key: deliveryKey(d), set: "SET #due = :until, #tries = #tries + :one",
		condition: "#done = :false AND #due <= :now",
		values:    map[string]any{":until": until.UnixNano(), ":now": now.UnixNano(), ":one": 1, ":false": false},
	})
	return held, err
}

// Delivered notes that a notice was delivered, or is given up.
func (s *Store) Delivered(ctx context.Context, d Delivery) error {
	_, _, err := s.apply(ctx, update{
		key: deliveryKey(d), set: "SET #done = :true", condition: "attribute_exists(pk)", values: map[string]any{":true": true},
	})
	return err
}

// Defer notes when a notice is to be tried again, and whether the receiver asked for
// that.
func (s *Store) Defer(ctx context.Context, d Delivery, due time.Time, asked bool) error {
	_, _, err := s.apply(ctx, update{
		key: deliveryKey(d), set: "SET #due = :due, #asked = :asked", condition: "attribute_exists(pk)",
		values: map[string]any{":due": due.UnixNano(), ":asked": asked},
	})
	return err
}

// Hasten makes an answer due now that nobody has tried to give yet.
func (s *Store) Hasten(ctx context.Context, d Delivery, now time.Time) error {
	_, _, err := s.apply(ctx, update{
		key: deliveryKey(d), set: "SET #due = :now", condition: "#done = :false AND #tries = :zero",
		values: map[string]any{":now": now.UnixNano(), ":false": false, ":zero": 0},
	})
	return err
}

// Went notes that a job was answered that the deployment goes on, and when to look
// whether CodePipeline has come back for the rest.
func (s *Store) Went(ctx context.Context, d Delivery, due time.Time) error {
	_, _, err := s.apply(ctx, update{
		key: deliveryKey(d), set: "SET #due = :due, #job.#went = :true", condition: "attribute_exists(pk)",
		values: map[string]any{":due": due.UnixNano(), ":true": true},
	})
	return err
}

func deliveryKey(d Delivery) key { return key{"outbox#" + d.Subject, "notice#" + d.Key} }

// Deliveries reads a rollout's notices, delivered or not, in the order of their times.
func (s *Store) Deliveries(ctx context.Context, subject string) ([]Delivery, error) {
	return queryAll[Delivery](ctx, s, "outbox#"+subject, "notice#")
}

// Click is a person's answer or command as it came, kept before anything else is
// done about it.
type Click struct {
	ID      string         `dynamodbav:"id"`
	Subject string         `dynamodbav:"subject"` // approval ID, or rollout
	Action  string         `dynamodbav:"action"`
	Person  rollout.Person `dynamodbav:"person"`
	Reason  string         `dynamodbav:"reason,omitempty"`
	Saw     string         `dynamodbav:"saw,omitempty"`
	At      time.Time      `dynamodbav:"at"`
	Channel string         `dynamodbav:"channel,omitempty"` // Slack's, where to answer
	Wait    string         `dynamodbav:"wait,omitempty"`    // when the state was entered whose wait it is to end
	Done    bool           `dynamodbav:"done"`
	Tries   int            `dynamodbav:"tries"`
	Result  string         `dynamodbav:"result,omitempty"` // what came of it
	Refused bool           `dynamodbav:"refused,omitempty"`
	Expires int64          `dynamodbav:"expires"`
}

// clicks is how long the table keeps clicks; what they decided is in the decisions.
const clicks = 30 * 24 * time.Hour

// PutClick keeps a click, once for its ID, and gives it as it is.
func (s *Store) PutClick(ctx context.Context, c Click) (Click, error) {
	c.Expires = c.At.Add(clicks).Unix()
	k := clickKey(c)
	wrote, err := s.putNew(ctx, k, c)
	if err != nil || wrote {
		return c, err
	}
	_, err = s.get(ctx, k, &c)
	return c, err
}

// Clicked notes what came of a click. Once it is done it stays so.
func (s *Store) Clicked(ctx context.Context, c Click) error {
	_, _, err := s.apply(ctx, update{
		key: clickKey(c), set: "SET #done = :done, #result = :result, #refused = :refused, #tries = #tries + :one",
		condition: "attribute_exists(pk) AND #done = :false",
		values: map[string]any{
			":done": c.Done, ":result": c.Result, ":refused": c.Refused, ":one": 1, ":false": false,
		},
	})
	return err
}

// Clicks reads the clicks on a subject in the order of their times.
func (s *Store) Clicks(ctx context.Context, subject string) ([]Click, error) {
	return queryAll[Click](ctx, s, "clicks#"+subject, "2")
}

// orderly is a time whose text sorts as the times do.
const orderly = "2006-01-02T15:04:05.000000000Z"

func clickKey(c Click) key {
	return key{"clicks#" + c.Subject, c.At.UTC().Format(orderly) + "#" + c.ID}
}

// Seen notes that a request was seen, by its key, until a time. It reports false
// when it was seen before.
func (s *Store) Seen(ctx context.Context, request string, until time.Time) (bool, error) {
	return s.putNew(ctx, key{"seen#" + request, "request"}, struct {
		Expires int64 `dynamodbav:"expires"`
	}{until.Unix()})
}

// queryAll reads items of one kind.
func queryAll[T any](ctx context.Context, s *Store, pk, prefix string) ([]T, error) {
	var all []T
	err := s.query(ctx, pk, prefix, func(it item) error {
		var one T
		if err := unmarshal(it, &one); err != nil {
			return err
		}
		all = append(all, one)
		return nil
	})
	return all, err
}

// DeliveryKey tells deliveries apart and orders them: of a notice of that ID and time
// to a channel.
func DeliveryKey(notice string, at time.Time, c rollout.Channel) string {
	return at.UTC().Format(orderly) + "#" + short(notice+" "+c.Address())
}
