package demo

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/sluice-deploy/sluice/internal/emulator/slack"
	"github.com/sluice-deploy/sluice/internal/localcloud"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// headline is what a message in Slack said at its top from a moment on.
type headline struct {
	at   time.Time
	text string
}

// headlines are a message's, the oldest first.
func headlines(m slack.Message) []headline {
	var all []headline
	add := func(at time.Time, blocks []slack.Block) {
		text := headerOf(blocks)
		if len(all) == 0 || all[len(all)-1].text != text {
			all = append(all, headline{at, text})
		}
	}
	at := postedAt(m)
	for _, edit := range m.Edits {
		add(at, edit.Blocks)
		at = edit.At
	}
	add(at, m.Blocks)
	return all
}

func headerOf(blocks []slack.Block) string {
	for _, b := range blocks {
		if b.Type == "header" && b.Text != nil {
			return b.Text.Text
		}
	}
	return ""
}

// postedAt is when a message was posted, which its TS says.
func postedAt(m slack.Message) time.Time {
	var seconds, micros int64
	if _, err := fmt.Sscanf(m.TS, "%d.%d", &seconds, &micros); err != nil {
		return time.Time{}
	}
	return time.Unix(seconds, micros*int64(time.Microsecond/time.Nanosecond)).UTC()
}

// Conversation is what was said in Slack, and what else was to be delivered.
type Conversation struct {
	Messages, Edits, Replies int
	Wrong                    []string // what should not have been so, in sentences
}

// converse sees what was said about all rollouts, once Slack is up to date.
func (w *world) converse(ctx context.Context, scenarios ...Scenario) (Conversation, error) {
	var c Conversation
	rollouts := 0
	for _, s := range scenarios {
		for _, name := range []string{s.Staging, s.Rollout} {
			record, err := w.Steps.Store.Record(ctx, name)
			if rollout.KindOf(err) == rollout.KindNotFound {
				continue // the release came no further
			}
			if err != nil {
				return c, err
			}
			rollouts++
			if err := w.heard(ctx, &c, record); err != nil {
				return c, err
			}
		}
	}
	var posted []slack.Message
	w.Do(func() {
		posted = w.Slack.Messages(localcloud.Deploys)
		for _, m := range posted {
			c.Edits += len(m.Edits)
			c.Replies += len(w.Slack.Replies(localcloud.Deploys, m.TS))
		}
	})
	if c.Messages = len(posted); c.Messages != rollouts {
		c.Wrong = append(c.Wrong, fmt.Sprintf("#deploys has %d messages, want one for each of %d rollouts", c.Messages, rollouts))
	}
	letters, err := w.deadLetters(ctx)
	if letters != "0" && err == nil {
		c.Wrong = append(c.Wrong, letters+" dead letters, want none")
	}
	return c, err
}

// heard checks what Slack shows of a rollout that has ended.
func (w *world) heard(ctx context.Context, c *Conversation, record store.Record) error {
	last, err := w.lastHeadline(ctx, record)
	if err != nil {
		return err
	}
	if want := says(record.Outcome); !strings.HasSuffix(last, ": "+want) {
		c.Wrong = append(c.Wrong, fmt.Sprintf("the message about %s ends with the headline %q, want one that says %q", record.Name, last, want))
	}
	decisions, err := w.Steps.Store.Decisions(ctx, record.Name)
	for _, d := range decisions {
		if d.Of == store.DecidedNotice {
			c.Wrong = append(c.Wrong, record.Name+": "+d.What)
		}
	}
	return err
}

// says is what a message's headline ends with once its rollout has ended.
func says(o rollout.Outcome) string {
	switch o {
	case rollout.Succeeded:
		return "released"
	case rollout.RolledBack:
		return "rolled back"
	case rollout.Rejected:
		return "rejected"
	case rollout.Refused, rollout.Superseded, rollout.Dirty:
	}
	return string(o)
}

// soon is how long a message may take to be posted or brought up to date, on the
// cloud's clock: with room for Slack's limits, which put it off by a minute.
const soon = 5 * time.Minute

// lastHeadline is what the message about a rollout that has ended says, as soon as it
// is up to date and says how.
func (w *world) lastHeadline(ctx context.Context, record store.Record) (string, error) {
	last := ""
	begun := w.Now()
	return last, until(ctx, func() (bool, error) {
		all, err := w.Steps.Store.Messages(ctx, record.Name)
		if err != nil {
			return false, err
		}
		current := len(all) == 1 && all[0].Shown == all[0].Wanted
		w.Do(func() {
			for _, m := range w.Slack.Messages(localcloud.Deploys) {
				if current && m.TS == all[0].TS {
					last = headerOf(m.Blocks)
				}
			}
		})
		return current && strings.HasSuffix(last, ": "+says(record.Outcome)) || w.Now().Sub(begun) > soon, nil
	})
}

// awaitMessage waits until the message about a rollout is posted.
func (w *world) awaitMessage(ctx context.Context, name string) (store.Message, error) {
	begun := w.Now()
	var m store.Message
	return m, until(ctx, func() (bool, error) {
		all, err := w.Steps.Store.Messages(ctx, name)
		if err != nil {
			return false, err
		}
		if len(all) == 1 && all[0].TS != "" {
			m = all[0]
			return true, nil
		}
		if w.Now().Sub(begun) > soon {
			return false, fmt.Errorf("nothing is posted about %s after %v of the cloud's time", name, soon)
		}
		return false, nil
	})
}

// deadLetters is how many events Sluice could not take, and so lost.
func (w *world) deadLetters(ctx context.Context) (string, error) {
	client := sqs.NewFromConfig(w.Config("AKIAPERSON"))
	const count = sqstypes.QueueAttributeNameApproximateNumberOfMessages
	out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &w.Settings.DeadLetters, AttributeNames: []sqstypes.QueueAttributeName{count},
	})
	if err != nil {
		return "", fmt.Errorf("look for dead letters: %w", err)
	}
	return out.Attributes[string(count)], nil
}
