package steps

import (
	"context"
	"log/slog"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/slack"
	"github.com/sluice-deploy/sluice/internal/store"
)

// lease is how long whoever brings a message up to date may take: longer than a
// function lives.
const lease = 45 * time.Second

// rounds is how often a message that changes while it is brought up to date is
// looked at again at once.
const rounds = 3

// show brings a message in Slack up to date. Whoever has the lease also brings what
// came meanwhile.
func (s *Steps) show(ctx context.Context, m store.Message, later func(time.Duration)) error {
	for range rounds {
		held, m, err := s.Store.LeaseMessage(ctx, m.Subject, m.Channel, s.Now(), s.Now().Add(lease))
		if err != nil {
			return err
		}
		if !held {
			if m.Shown < m.Wanted {
				later(time.Minute) // somebody is at it; should they die, this looks again
			}
			return nil
		}
		failed := s.bringUp(ctx, m)
		if failed != nil {
			return s.missed(ctx, m, failed, later)
		}
		if err := s.Store.ShowedMessage(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// missed notes that a message could not be brought up to date, and gives up what has
// not worked for a day.
func (s *Steps) missed(ctx context.Context, m store.Message, why error, later func(time.Duration)) error {
	s.Log.LogAttrs(ctx, slog.LevelWarn, "message not up to date", slog.String("subject", m.Subject),
		slog.String("channel", m.Channel), slog.String("error", why.Error()))
	if m.Since != 0 && s.Now().Sub(time.Unix(m.Since, 0)) > keepTrying {
		if err := s.undelivered(ctx, m.Subject, "slack "+m.Channel, why); err != nil {
			return err
		}
		return s.Store.ShowedMessage(ctx, m)
	}
	wait, _ := pause(m.Tries, why)
	later(wait)
	return s.Store.MissedMessage(ctx, m, s.Now())
}

// bringUp posts a message or edits it, and adds to its thread what was decided since.
func (s *Steps) bringUp(ctx context.Context, m store.Message) error {
	if s.Slack == nil {
		return rollout.Errorf(rollout.KindRefused, "Slack is not set up: Sluice's stack has no SlackSecret")
	}
	card, lines, err := s.card(ctx, m.Subject)
	if err != nil {
		return err
	}
	message := slack.Render(card)
	at := slack.Posted{Channel: m.ID, TS: m.TS}
	if m.TS == "" {
		if at, err = s.Slack.Post(ctx, m.Channel, message); err != nil {
			return err
		}
		m.ID, m.TS = at.Channel, at.TS
		if err := s.Store.Posted(ctx, m); err != nil {
			return err
		}
	} else if err := s.Slack.Update(ctx, at, message); err != nil {
		return err
	}
	for _, line := range lines {
		if line.order <= m.Thread {
			continue
		}
		if _, err := s.Slack.Reply(ctx, at, slack.Line(line.at, line.text)); err != nil {
			return err
		}
		m.Thread = line.order
		if err := s.Store.Threaded(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// ShowAgain brings the message about a pipeline's approval up to date, where that
// did not work before.
func (s *Steps) ShowAgain(ctx context.Context, subject string) error {
	return s.bring(ctx, subject, s.Answers)
}
