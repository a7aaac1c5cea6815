package steps

import (
	"context"
	"fmt"

	"github.com/sluice-deploy/sluice/internal/pipelines"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/slack"
	"github.com/sluice-deploy/sluice/internal/store"
)

// PipelineAction is an approval action of a pipeline, as an event tells of it.
type PipelineAction struct {
	pipelines.Action

	Region    string
	Execution string // ID of the action's execution
}

// PipelineAsks asks people for a pipeline's approval that waits, for every app whose
// spec names the pipeline. It can be repeated.
func (s *Steps) PipelineAsks(ctx context.Context, a PipelineAction) error {
	apps, err := s.Store.Triggered(ctx, rollout.PipelineKey(a.Pipeline))
	if err != nil || len(apps) == 0 {
		return err
	}
	pending, err := s.Pipelines(a.Region).Pending(ctx, a.Action)
	if err != nil {
		return err
	}
	if pending == nil || pending.Execution != a.Execution {
		return nil // it has been answered meanwhile
	}
	for _, app := range apps {
		registered, err := s.Store.App(ctx, app)
		if err != nil {
			return err
		}
		entry, named := registered.Spec.Pipeline(a.Pipeline, a.Stage, a.Action.Action)
		if !named {
			continue
		}
		if err := s.askForPipeline(ctx, app, entry.Approval, a, *pending); err != nil {
			return err
		}
	}
	return s.stillAsked(ctx, a)
}

// stillAsked takes the questions back where the pipeline went on while they were
// asked: its event has come and gone.
func (s *Steps) stillAsked(ctx context.Context, a PipelineAction) error {
	pending, err := s.Pipelines(a.Region).Pending(ctx, a.Action)
	if err != nil || pending != nil && pending.Execution == a.Execution {
		return err
	}
	return s.PipelineMovedOn(ctx, a, "it does not wait any more")
}

func (s *Steps) askForPipeline(ctx context.Context, app string, rule rollout.Approval, a PipelineAction, pending pipelines.Pending) error {
	_, approval, err := s.Store.PutApproval(ctx, store.Approval{
		ID: pipelineApproval(a.Execution, app), Place: store.Place{App: app}, Hash: a.Execution, Rule: rule, At: s.Now(),
		Pipeline: &store.PipelineAction{
			Pipeline: a.Pipeline, Stage: a.Stage, Action: a.Action.Action, Execution: a.Execution, Token: pending.Token,
			Region: a.Region, Link: pending.Link, Summary: pending.Summary,
		},
	})
	if err != nil {
		return err
	}
	return s.showApproval(ctx, approval)
}

// pipelineApproval is the ID of the question that one app asks for an action's
// execution.
func pipelineApproval(execution, app string) string {
	return store.Binding{Rollout: execution, Step: rollout.BeforeAll, Hash: app}.ID()
}

// showApproval brings the message about a pipeline's approval up to date.
func (s *Steps) showApproval(ctx context.Context, a store.Approval) error {
	if a.Rule.Slack == "" {
		return nil
	}
	if err := s.Store.WantMessage(ctx, a.ID, a.Rule.Slack); err != nil {
		return err
	}
	return s.bring(ctx, a.ID, s.Answers)
}

// PipelineMovedOn is told that an approval action's execution has ended: whoever
// answered, and wherever, nobody is asked any more. An answer of people from here
// stays: whether the pipeline took it is found out when it is given.
func (s *Steps) PipelineMovedOn(ctx context.Context, a PipelineAction, state string) error {
	apps, err := s.Store.Triggered(ctx, rollout.PipelineKey(a.Pipeline))
	if err != nil {
		return err
	}
	for _, app := range apps {
		id := pipelineApproval(a.Execution, app)
		approval, err := s.Store.Approval(ctx, id)
		if rollout.KindOf(err) == rollout.KindNotFound {
			continue
		}
		if err != nil {
			return err
		}
		if approval.Standing == rollout.Open {
			_, approval, err = s.Store.Void(ctx, id, store.Voiding{
				Kind: rollout.KindSuperseded, Why: "the pipeline went on without an answer from here: " + state, At: s.Now(),
			})
		}
		if err == nil {
			err = s.showApproval(ctx, approval)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// answerPipeline gives a settled answer to the pipeline, once, and brings its
// message up to date, also where the pipeline cannot be told now.
func (s *Steps) answerPipeline(ctx context.Context, a store.Approval) error {
	settled := a.Standing == rollout.Approved || a.Standing == rollout.Refusal
	if !settled || a.Used != "" {
		return s.showApproval(ctx, a)
	}
	given, refused := s.give(ctx, a)
	if refused == nil {
		return s.showApproval(ctx, given)
	}
	if err := s.notGiven(ctx, &a, refused); err != nil {
		return err
	}
	return refused
}

// give tells the pipeline what people answered.
func (s *Steps) give(ctx context.Context, a store.Approval) (store.Approval, error) {
	p := a.Pipeline
	action := pipelines.Action{Pipeline: p.Pipeline, Stage: p.Stage, Action: p.Action}
	approved := a.Standing == rollout.Approved
	err := s.Pipelines(p.Region).Answer(ctx, action, p.Token, approved, a.Why)
	if err != nil && rollout.KindOf(err) != rollout.KindSuperseded {
		return a, err
	}
	if err == nil {
		return s.Store.Given(ctx, a.ID, p.Execution)
	}
	ended, err := s.Pipelines(p.Region).Ended(ctx, action, p.Execution)
	switch {
	case err != nil:
		return a, err
	case approved && ended == pipelines.Approved, !approved && ended == pipelines.Failed:
		return s.Store.Given(ctx, a.ID, p.Execution) // by this before, or by others alike
	}
	why := "the pipeline did not wait for it any more"
	if ended != pipelines.Unknown {
		why += fmt.Sprintf(": the action had %s", ended)
	}
	return s.Store.Overtake(ctx, a.ID, store.Voiding{
		Kind: rollout.KindSuperseded, Why: fmt.Sprintf("%s; %s", a.Why, why), At: s.Now(),
	})
}

// notGiven tells people that the pipeline does not take their answer, where that will
// not pass by itself. It is recorded once for an answer.
func (s *Steps) notGiven(ctx context.Context, a *store.Approval, why error) error {
	if !mayPass(why) {
		err := s.decided(ctx, a, store.Decision{
			Of: store.DecidedApproval, Kind: rollout.KindOf(why), At: a.SettledAt,
			What:   fmt.Sprintf("pipeline %s could not be told (%s); Sluice tries again for a day", a.Pipeline.Pipeline, rollout.KindOf(why)),
			Inputs: map[string]any{"approval": a.ID, "standing": a.Standing},
		})
		if err != nil {
			return err
		}
	}
	return s.showApproval(ctx, *a)
}

// pipelineCard is what a message about a pipeline's approval shows.
func (s *Steps) pipelineCard(ctx context.Context, id string) (slack.Card, []line, error) {
	a, err := s.Store.Approval(ctx, id)
	if err != nil {
		return slack.Card{}, nil, err
	}
	if a.Pipeline == nil {
		return slack.Card{}, nil, rollout.Errorf(rollout.KindInternal, "approval %s is not a pipeline's", id)
	}
	p := a.Pipeline
	c := slack.Card{
		App: a.Place.App, Headline: "pipeline " + p.Pipeline + " waits for approval", Tone: slack.Waiting,
		Why: p.Summary, Question: questionOf(&a, rollout.Environment{}),
		Links: []slack.Link{{Text: "pipeline", URL: fmt.Sprintf(
			"https://%[1]s.console.aws.amazon.com/codesuite/codepipeline/pipelines/%[2]s/view?region=%[1]s", p.Region, p.Pipeline)}},
	}
	if p.Link != "" {
		c.Links = append(c.Links, slack.Link{Text: "to review", URL: p.Link})
	}
	switch a.Standing {
	case rollout.Approved:
		c.Headline, c.Tone = "pipeline "+p.Pipeline+": approved", slack.Good
	case rollout.Refusal:
		c.Headline, c.Tone = "pipeline "+p.Pipeline+": rejected", slack.Bad
	case rollout.Void:
		c.Headline, c.Tone = "pipeline "+p.Pipeline+" went on", slack.Waiting
	case rollout.Open:
	}
	if a.Used == "" && (a.Standing == rollout.Approved || a.Standing == rollout.Refusal) {
		c.Headline, c.Tone = c.Headline+", which it was not told yet", slack.Waiting
	}
	decisions, err := s.Store.Decisions(ctx, id)
	return c, lines(decisions), err
}
