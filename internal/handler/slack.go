package handler

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sluice-deploy/sluice/internal/approvals"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/slack"
	"github.com/sluice-deploy/sluice/internal/store"
)

// Slack hears of what people press and write in Slack, behind a Function URL that
// anybody can reach. What Slack has not signed goes no further. It finds out who
// pressed what and puts that on the bus; whether they may is decided behind it.
type Slack struct {
	Store    *store.Store
	Verifier slack.Verifier
	Client   slack.Client
	Bus      approvals.Bus
	Now      func() time.Time
	Log      *slog.Logger
}

const (
	// maxInteraction is more than any interaction has: Slack's messages have at most
	// 50 blocks of a few thousand characters, and come back with the press.
	maxInteraction = 512 << 10
	// seenFor is how long a request is remembered: longer than its timestamp counts,
	// which is five minutes to either side.
	seenFor = 15 * time.Minute
)

// Handler serves the Function URL. Slack waits three seconds for an answer (Slack:
// Handling user interaction in your Slack apps); so nothing is done here but to find
// out who pressed what, which takes two calls.
func (s Slack) Handler() Func { return urlFunc(maxInteraction, s.serve) }

func (s Slack) serve(ctx context.Context, r request) answer {
	if r.method() != http.MethodPost {
		return said(http.StatusMethodNotAllowed, "Slack posts its interactions")
	}
	key, err := s.Verifier.Verify(ctx, r.header, r.body)
	if err != nil {
		return s.refuse(ctx, err)
	}
	first, err := s.Store.Seen(ctx, key, s.Now().Add(seenFor))
	if err != nil {
		return s.refuse(ctx, err)
	}
	if !first {
		return s.refuse(ctx, &slack.Forged{Reason: "the request was sent before"})
	}
	pressed, err := slack.Parse(r.body)
	if err != nil {
		s.Log.LogAttrs(ctx, slog.LevelWarn, "interaction not understood", slog.String("error", err.Error()))
		return said(http.StatusBadRequest, "the interaction cannot be understood")
	}
	if pressed == nil {
		return answer{status: http.StatusOK}
	}
	return s.pressed(ctx, key, *pressed)
}

// refuse answers what cannot be taken. Who forges is told nothing that helps.
func (s Slack) refuse(ctx context.Context, err error) answer {
	var forged *slack.Forged
	if errors.As(err, &forged) {
		s.Log.LogAttrs(ctx, slog.LevelWarn, "request refused: not from Slack", slog.String("reason", forged.Reason))
		return said(http.StatusUnauthorized, "this request is not from Slack")
	}
	s.Log.LogAttrs(ctx, slog.LevelError, "interaction not taken", slog.String("error", err.Error()))
	return said(http.StatusInternalServerError, "Sluice cannot take this now; try again")
}

// pressed opens the dialog for a reason where one is needed, and puts everything
// else on the bus.
func (s Slack) pressed(ctx context.Context, key string, i slack.Interaction) answer {
	if !i.Submitted && i.Action == slack.Reject {
		err := s.Client.OpenReason(ctx, i.Trigger, slack.Dialog{
			Action: i.Action, Subject: i.Subject, Title: "Reject", About: "Why should this not go on? Everybody who looks at the rollout reads it.",
			Channel: i.Channel, TS: i.TS,
		})
		if err != nil {
			return s.refuse(ctx, err)
		}
		return answer{status: http.StatusOK}
	}
	reason := strings.TrimSpace(i.Reason)
	if i.Submitted && reason == "" {
		return answer{http.StatusOK, slack.ReasonMissing("A reason is needed.")}
	}
	if utf8.RuneCountInString(reason) > approvals.MaxReason {
		return answer{http.StatusOK, slack.ReasonMissing("The reason is too long.")}
	}
	d := approvals.Decision{
		ID: key, Action: approvals.Action(i.Action), Subject: i.Subject, Wait: i.Wait, Reason: reason, At: s.Now().UTC(), Channel: i.Channel,
		Person: rollout.Person{Way: rollout.BySlack, ID: i.User, Name: i.UserName},
	}
	if d.Person.Name == "" {
		d.Person.Name = i.User
	}
	if err := d.Check(); err != nil {
		s.Log.LogAttrs(ctx, slog.LevelWarn, "interaction not understood", slog.String("error", err.Error()))
		return said(http.StatusBadRequest, "the interaction cannot be understood")
	}
	if err := s.Bus.Put(ctx, d); err != nil {
		return s.refuse(ctx, err)
	}
	return answer{status: http.StatusOK}
}
