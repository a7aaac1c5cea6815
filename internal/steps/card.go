package steps

import (
	"context"
	"fmt"
	"strings"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/slack"
	"github.com/sluice-deploy/sluice/internal/store"
)

// portrait is what a card is made of.
type portrait struct {
	record    store.Record
	release   rollout.Release
	spec      rollout.Environment
	env       store.Environment
	approval  *store.Approval // asked last; nil if nobody was asked
	decisions []store.Decision
}

// mine reports whether the rollout has its environment.
func (p *portrait) mine() bool { return p.env.Rollout == p.record.Name && p.env.Owner != "" }

func (p *portrait) snapshot() *store.Snapshot { return p.env.SnapshotOf(p.record.Name) }

// card is what a message about a rollout, or about a pipeline's approval, shows now,
// and the lines of its thread.
func (s *Steps) card(ctx context.Context, subject string) (slack.Card, []line, error) {
	if strings.HasPrefix(subject, store.ApprovalPrefix) {
		return s.pipelineCard(ctx, subject)
	}
	p, err := s.portray(ctx, subject)
	if err != nil {
		return slack.Card{}, nil, err
	}
	c := slack.Card{
		App: p.record.Place.App, Environment: p.record.Place.Environment, Rollout: p.record.Name,
		Release: p.record.Release, Back: p.record.Kind == rollout.Back,
		Weights: p.weights(), Controls: p.controls(), Links: p.links(),
	}
	if p.mine() && p.env.Token != nil {
		c.Wait = p.env.Token.Entered
	}
	c.Headline, c.Tone, c.Why = p.headline()
	if snap := p.snapshot(); snap != nil {
		c.Canary = snap.Plan.Canary
	}
	if p.approval != nil {
		c.Question = questionOf(p.approval, p.spec)
	}
	if c.Changes, err = s.changes(ctx, &p); err != nil {
		return c, nil, err
	}
	if c.Earlier, err = s.earlier(ctx, &p); err != nil {
		return c, nil, err
	}
	return c, lines(p.decisions), nil
}

func (s *Steps) portray(ctx context.Context, name string) (portrait, error) {
	var p portrait
	var err error
	if p.record, p.release, p.spec, err = s.about(ctx, name); err != nil && rollout.KindOf(err) != rollout.KindRefused {
		return p, err
	}
	if p.env, err = s.Store.Environment(ctx, p.record.Place); err != nil {
		return p, err
	}
	if p.decisions, err = s.Store.Decisions(ctx, name); err != nil {
		return p, err
	}
	p.approval, err = s.lastAsked(ctx, &p)
	return p, err
}

// lastAsked is the question of the rollout that was asked last, nil if none was.
func (s *Steps) lastAsked(ctx context.Context, p *portrait) (*store.Approval, error) {
	if p.record.Kind == rollout.Back {
		return nil, nil //nolint:nilnil // nobody is asked before a rollback
	}
	asked := []int{}
	for i := len(p.spec.Steps) - 1; i >= 0; i-- {
		if p.spec.Steps[i].Approval != nil {
			asked = append(asked, i)
		}
	}
	if p.spec.Approval != nil {
		asked = append(asked, rollout.BeforeAll)
	}
	for _, step := range asked {
		a, err := s.Store.Approval(ctx, question{record: p.record, release: p.release, step: step}.id())
		switch {
		case err == nil:
			return &a, nil
		case rollout.KindOf(err) != rollout.KindNotFound:
			return nil, err
		}
	}
	return nil, nil //nolint:nilnil // nobody was asked yet
}

// headline says what is so now.
func (p *portrait) headline() (headline string, tone slack.Tone, why string) {
	if p.record.Outcome != "" {
		headline, tone = outcomeLine(p.record)
		return headline, tone, p.record.Reason
	}
	waiter := p.env.Waiting(p.record.Kind)
	switch {
	case p.approval != nil && p.approval.Standing == rollout.Open:
		return "waits for approval", slack.Waiting, ""
	case waiter != nil && waiter.Rollout == p.record.Name:
		return "waits for " + p.env.Rollout, slack.Waiting, ""
	case !p.mine() && p.env.Waits(p.record.Name):
		return "is held by a freeze or its windows", slack.Waiting, ""
	case !p.mine() && p.approval != nil && p.approval.Standing == rollout.Refusal:
		return "rejected", slack.Bad, p.approval.Why
	case !p.mine():
		return "begins", slack.Moving, p.record.Why
	}
	if why := p.env.Stopped(p.record.Name); why != nil && p.env.GuardClosed != p.record.Name {
		return "goes back", slack.Bad, why.Error()
	}
	weights := p.weights()
	switch {
	case p.env.Committed == p.record.Name:
		return "released, the old version is kept warm", slack.Good, ""
	case p.env.Token != nil && p.env.Token.Phase == rollout.PhaseHold:
		return "paused at " + percent(weights, p.snapshot()), slack.Waiting, ""
	case weights != nil && p.snapshot() != nil:
		return percent(weights, p.snapshot()) + " on the new version", slack.Moving, ""
	default:
		return "the new version starts", slack.Moving, p.record.Why
	}
}

func percent(w *rollout.Weights, snap *store.Snapshot) string {
	if w == nil || snap == nil {
		return "0 percent"
	}
	return fmt.Sprintf("%d percent", w.Of(snap.Plan.Canary))
}

func outcomeLine(r store.Record) (string, slack.Tone) {
	switch r.Outcome {
	case rollout.Succeeded:
		if r.Kind == rollout.Back {
			return fmt.Sprintf("back on release %d", r.Release), slack.Good
		}
		return "released", slack.Good
	case rollout.RolledBack:
		return "rolled back", slack.Bad
	case rollout.Superseded:
		return "superseded by a newer release", slack.Waiting
	case rollout.Refused:
		return "could not begin", slack.Bad
	case rollout.Rejected:
		return "rejected", slack.Bad
	case rollout.Dirty:
		return "needs a person: Dirty", slack.Bad
	default:
		return string(r.Outcome), slack.Bad
	}
}

// weights is what the rollout last wrote to the rule; nil before it did.
func (p *portrait) weights() *rollout.Weights {
	var last *rollout.Weights
	for _, d := range p.decisions {
		if w := weightsIn(d); w != nil {
			last = w
		}
	}
	return last
}

// controls are what people may do now.
func (p *portrait) controls() []slack.Action {
	if !p.mine() || p.record.Outcome != "" || p.record.Kind == rollout.Back || len(p.spec.Operators) == 0 ||
		p.env.GuardClosed == p.record.Name || p.env.Dirty != nil || p.env.Stopped(p.record.Name) != nil {
		return nil
	}
	if p.env.Token == nil {
		return []slack.Action{slack.Abort}
	}
	switch p.env.Token.Phase { //nolint:exhaustive // elsewhere there is nothing to steer
	case rollout.PhaseBake:
		return []slack.Action{slack.Promote, slack.Pause, slack.Abort}
	case rollout.PhaseHold:
		return []slack.Action{slack.Resume, slack.Abort}
	default:
		return []slack.Action{slack.Abort}
	}
}

func (p *portrait) links() []slack.Link {
	var links []slack.Link
	if p.release.Cause.Link != "" {
		text := "build"
		if p.release.Cause.Job != "" {
			text = "pipeline"
		}
		links = append(links, slack.Link{Text: text, URL: p.release.Cause.Link})
	}
	if parts := strings.Split(p.record.Execution, ":"); len(parts) > 3 {
		links = append(links, slack.Link{Text: "execution", URL: fmt.Sprintf(
			"https://%[1]s.console.aws.amazon.com/states/home?region=%[1]s#/v2/executions/details/%[2]s", parts[3], p.record.Execution)})
	}
	return links
}

// questionOf is a question as people are shown it.
func questionOf(a *store.Approval, spec rollout.Environment) *slack.Question {
	q := &slack.Question{
		Approval: a.ID, Subject: "before " + a.Place.Environment, Approvers: a.Rule.Approvers, Quorum: a.Rule.Quorum,
		NotAuthor: a.Rule.NotAuthor, Expires: a.ExpiresAt(), OnExpiry: a.Rule.OnExpiry, Hash: a.Hash,
		Open: a.Standing == rollout.Open, Result: a.Why,
	}
	switch {
	case a.Pipeline != nil:
		q.Subject = fmt.Sprintf("at stage %s, action %s", a.Pipeline.Stage, a.Pipeline.Action)
	case a.Step >= 0 && a.Step < len(spec.Steps):
		q.Subject = fmt.Sprintf("before step %d (%d percent)", a.Step+1, spec.Steps[a.Step].Weight)
	}
	for _, v := range a.Cast() {
		vote := slack.Vote{Name: v.Person.Name, Answer: v.Answer, Reason: v.Reason, At: v.At}
		if v.Person.Way == rollout.BySlack {
			vote.User = v.Person.ID
		}
		q.Votes = append(q.Votes, vote)
	}
	return q
}
