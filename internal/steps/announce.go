package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/sluice-deploy/sluice/internal/notify"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/slack"
	"github.com/sluice-deploy/sluice/internal/store"
	"github.com/sluice-deploy/sluice/internal/waits"
)

// Deliverer delivers a notice to a channel, in one attempt. Unavailable or Throttled
// when another may do better.
type Deliverer interface {
	Deliver(ctx context.Context, c rollout.Channel, n notify.Notice) error
}

// Channels deliver to the kinds of channels beside Slack.
type Channels struct{ SNS, Webhook, Teams Deliverer }

func (c Channels) of(channel rollout.Channel) Deliverer {
	switch {
	case channel.SNS != "":
		return c.SNS
	case channel.Webhook != "":
		return c.Webhook
	default:
		return c.Teams
	}
}

// keepTrying is how long a notice that cannot be delivered is tried again. Then that
// is recorded, and no more is done.
const keepTrying = 24 * time.Hour

// pause is how long to wait after that many attempts: a minute, doubled each time, at
// most a quarter of an hour, and as long as the other side asks for. It reports
// whether it is the other side's wish.
func pause(tries int, why error) (time.Duration, bool) {
	wait := min(time.Minute<<min(tries, 10), 15*time.Minute)
	asked := time.Duration(0)
	var slow *slack.RateLimited
	if errors.As(why, &slow) {
		asked = slow.After
	}
	var later *notify.RetryLater
	if errors.As(why, &later) {
		asked = later.After
	}
	return max(wait, asked), asked > 0
}

// Announce brings a notice to the channels that the release's spec names. What
// cannot be delivered is tried again later, and never fails a rollout. It can be
// repeated.
func (s *Steps) Announce(ctx context.Context, n notify.Notice) error {
	release, name, err := s.heard(ctx, n)
	if err != nil {
		return err
	}
	return errors.Join(s.tellPipeline(ctx, release), s.announce(ctx, n, release.Spec, name))
}

// announce brings a notice to the channels of its environment.
func (s *Steps) announce(ctx context.Context, n notify.Notice, spec rollout.Spec, name string) error {
	env, ok := spec.Environment(n.Environment)
	if !ok {
		return nil
	}
	text, err := json.Marshal(n)
	if err != nil {
		return fmt.Errorf("encode a notice of %s: %w", name, err)
	}
	for _, channel := range spec.Channels(env) {
		switch {
		case channel.Slack != "" && n.Rollout != "":
			err = s.Store.WantMessage(ctx, name, channel.Slack)
		case channel.Slack == "" && channel.Hears(n.Moment):
			_, err = s.Store.PutDelivery(ctx, store.Delivery{
				Subject: name, Key: store.DeliveryKey(n.ID, n.At, channel), Channel: channel, Notice: string(text),
			}, s.Now())
		}
		if err != nil {
			return err
		}
	}
	return s.AnnounceAgain(ctx, name)
}

// heard is the release that a notice is about, whose spec names the channels, and
// under which name what is to be delivered is kept.
func (s *Steps) heard(ctx context.Context, n notify.Notice) (rollout.Release, string, error) {
	if n.Rollout == "" { // an alarm after the guard, with nothing to go back to
		release, err := s.Store.Release(ctx, n.App, n.Release)
		return release, release.Name(n.Environment), err
	}
	record, err := s.Store.Record(ctx, n.Rollout)
	if err != nil {
		return rollout.Release{}, "", err
	}
	release, err := s.Store.Release(ctx, record.Place.App, record.Release)
	return release, n.Rollout, err
}

// AnnounceAgain delivers what is undelivered about a rollout, a pipeline's approval, or
// a deployment that a pipeline waits for, and has itself called again for what cannot
// be delivered now.
func (s *Steps) AnnounceAgain(ctx context.Context, subject string) error {
	return s.bring(ctx, subject, s.Notices)
}

// round is one go at what is undelivered about a subject.
type round struct {
	again time.Duration        // when to look again; 0 is never
	quiet map[string]time.Time // until when receivers want to be left alone, by the channel's address
}

func (r *round) later(wait time.Duration) {
	if r.again == 0 || wait < r.again {
		r.again = max(wait, time.Second)
	}
}

// bring delivers what is undelivered about a subject; timer has the caller tried
// again.
func (s *Steps) bring(ctx context.Context, subject string, timer waits.Timer) error {
	r := round{quiet: map[string]time.Time{}}
	messages, err := s.Store.Messages(ctx, subject)
	if err != nil {
		return err
	}
	for _, m := range messages {
		if err := s.show(ctx, m, r.later); err != nil {
			return err
		}
	}
	deliveries, err := s.Store.Deliveries(ctx, subject)
	if err != nil {
		return err
	}
	deliveries = slices.DeleteFunc(deliveries, func(d store.Delivery) bool { return d.Done })
	for _, d := range deliveries {
		if d.Asked {
			r.quiet[d.Channel.Address()] = time.Unix(0, d.Due)
		}
	}
	for _, d := range deliveries {
		if err := s.deliver(ctx, d, &r); err != nil {
			return err
		}
	}
	if r.again == 0 {
		return nil
	}
	return timer.Set(ctx, subject, s.Now().Add(r.again), waits.Again{Again: subject})
}

// attempt is more than an attempt to deliver takes, with what is written about it.
const attempt = 15 * time.Second

// deliver tries to deliver one notice, if it is due.
func (s *Steps) deliver(ctx context.Context, d store.Delivery, r *round) error {
	now, due := s.Now(), time.Unix(0, d.Due)
	if quiet := r.quiet[d.Channel.Address()]; quiet.After(due) {
		due = quiet
	}
	if due.After(now) {
		r.later(due.Sub(now))
		return nil
	}
	if end, ok := ctx.Deadline(); ok && end.Sub(now) < attempt {
		r.later(time.Second) // others have taken the function's time
		return nil
	}
	held, err := s.Store.TakeDelivery(ctx, d, now, now.Add(lease))
	if err != nil {
		return err
	}
	if !held {
		r.later(lease) // somebody is at it; should they die, this looks again
		return nil
	}
	if d.Job != nil {
		return s.deliverAnswer(ctx, d, r)
	}
	var n notify.Notice
	if err := json.Unmarshal([]byte(d.Notice), &n); err != nil {
		return rollout.Errorf(rollout.KindInternal, "a notice of %s cannot be read: %w", d.Subject, err)
	}
	failed := s.Channels.of(d.Channel).Deliver(ctx, d.Channel, n)
	switch {
	case failed == nil:
		return s.Store.Delivered(ctx, d)
	case mayPass(failed) && s.Now().Sub(time.Unix(d.Since, 0)) <= keepTrying:
		return s.putOff(ctx, d, failed, r)
	}
	if err := s.undelivered(ctx, d.Subject, d.Channel.Address(), failed); err != nil {
		return err
	}
	return s.Store.Delivered(ctx, d)
}

// putOff has a notice tried again after a pause.
func (s *Steps) putOff(ctx context.Context, d store.Delivery, why error, r *round) error {
	s.Log.LogAttrs(ctx, slog.LevelWarn, "notice not delivered yet", slog.String("subject", d.Subject),
		slog.String("channel", d.Channel.Address()), slog.String("error", why.Error()))
	wait, asked := pause(d.Tries, why)
	due := s.Now().Add(wait)
	if asked {
		r.quiet[d.Channel.Address()] = due
	}
	r.later(wait)
	return s.Store.Defer(ctx, d, due, asked)
}

// mayPass reports whether another attempt may do better.
func mayPass(err error) bool {
	kind := rollout.KindOf(err)
	return kind == rollout.KindUnavailable || kind == rollout.KindThrottled
}

// undelivered records that a notice was given up.
func (s *Steps) undelivered(ctx context.Context, subject, address string, why error) error {
	keep, err := s.keep(ctx, subject)
	if err != nil {
		return err
	}
	return s.Store.Decided(ctx, store.Decision{
		Rollout: subject, At: s.Now(), Of: store.DecidedNotice, Kind: rollout.KindOf(why),
		What: fmt.Sprintf("not delivered to %s: %v", address, why), Keep: keep,
		Inputs: map[string]any{"channel": address},
	})
}
