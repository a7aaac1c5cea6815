package steps

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/sluice-deploy/sluice/internal/approvals"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// recordRefusal keeps that a click was refused, and why.
func (s *Steps) recordRefusal(ctx context.Context, click store.Click) error {
	of, about := store.DecidedCommand, click.Subject
	if approvals.Action(click.Action).Answers() {
		of = store.DecidedApproval
		a, err := s.Store.Approval(ctx, click.Subject)
		switch {
		case rollout.KindOf(err) == rollout.KindNotFound:
		case err != nil:
			return err
		case a.Rollout != "":
			about = a.Rollout
		}
	}
	keep, err := s.keep(ctx, about)
	if err != nil {
		return err
	}
	return s.Store.Decided(ctx, store.Decision{
		Rollout: about, At: s.Now(), Of: of, Kind: rollout.KindRefused, What: click.Result, Inputs: clickInputs(&click), Keep: keep,
	})
}

// keep is how long decisions about a rollout, or about a pipeline's approval, are
// kept: as the spec says that the rollout was made with, and for the approval the
// app's. Of what there is no trace of, they are kept for ever.
func (s *Steps) keep(ctx context.Context, about string) (time.Duration, error) {
	if !strings.HasPrefix(about, store.ApprovalPrefix) {
		record, err := s.Store.Record(ctx, about)
		return record.Keep, ignoreNotFound(err)
	}
	a, err := s.Store.Approval(ctx, about)
	if err != nil {
		return 0, ignoreNotFound(err)
	}
	app, err := s.Store.App(ctx, a.Place.App)
	return app.Spec.Keep, ignoreNotFound(err)
}

func ignoreNotFound(err error) error {
	if rollout.KindOf(err) == rollout.KindNotFound {
		return nil
	}
	return err
}

// clickInputs is who, when, by which way, and what they saw.
func clickInputs(c *store.Click) map[string]any {
	inputs := map[string]any{
		"who": c.Person.Name, "id": c.Person.ID, "way": string(c.Person.Way), "at": c.At.Format(time.RFC3339Nano),
		"action": c.Action, "subject": c.Subject, "click": c.ID,
	}
	for name, value := range map[string]string{"reason": c.Reason, "saw": c.Saw, "email": c.Person.Email} {
		if value != "" {
			inputs[name] = value
		}
	}
	return inputs
}

// whisper tells a person in Slack, and nobody else, that their click was refused. It
// never fails what was decided.
func (s *Steps) whisper(ctx context.Context, click store.Click) {
	if !click.Refused || click.Channel == "" || click.Person.Way != rollout.BySlack || s.Slack == nil {
		return
	}
	if err := s.Slack.Whisper(ctx, click.Channel, click.Person.ID, click.Result); err != nil {
		s.Log.LogAttrs(ctx, slog.LevelWarn, "refusal not told", slog.String("subject", click.Subject),
			slog.String("error", err.Error()))
	}
}

// showRefused has a pipeline's message tell of an answer that was refused; a
// rollout's does with the next that happens.
func (s *Steps) showRefused(ctx context.Context, click store.Click) error {
	if !click.Refused || !approvals.Action(click.Action).Answers() {
		return nil
	}
	a, err := s.Store.Approval(ctx, click.Subject)
	if err != nil || a.Pipeline == nil {
		return ignoreNotFound(err)
	}
	return s.showApproval(ctx, a)
}
