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
		for _, p := range registered.Spec.Pipelines {
			if p.Name != a.Pipeline || p.Stage != "" && p.Stage != a.Stage || p.Action != "" && p.Action != a.Action.Action {
				continue
			}
			if err := s.askForPipeline(ctx, app, p.Approval, a, *pending); err != nil {
				return err
			}
		}
	}
	return nil
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
// answered, and wherever, nobody is asked any more.
func (s *Steps) PipelineMovedOn(ctx context.Context, a PipelineAction, state string) error {
	apps, err := s.Store.Triggered(ctx, rollout.PipelineKey(a.Pipeline))
	if err != nil {
		return err
	}
	for _, app := range apps {
		held, approval, err := s.Store.Void(ctx, pipelineApproval(a.Execution, app), store.Voiding{
			Kind: rollout.KindSuperseded, Why: "the pipeline went on without an answer from here: " + state, At: s.Now(),
		})
		if rollout.KindOf(err) == rollout.KindNotFound {
			continue
		}
		if err != nil {
			return err
		}
		if !held {
			continue
		}
		if err := s.showApproval(ctx, approval); err != nil {
			return err
		}
	}
	return nil
}

// answerPipeline gives a settled answer to the pipeline, once, and brings its
// message up to date.
func (s *Steps) answerPipeline(ctx context.Context, a store.Approval) error {
	if a.Standing == rollout.Open {
		return s.showApproval(ctx, a)
	}
	p := a.Pipeline
	action := pipelines.Action{Pipeline: p.Pipeline, Stage: p.Stage, Action: p.Action}
	if a.Standing != rollout.Void && a.Used == "" {
		err := s.Pipelines(p.Region).Answer(ctx, action, p.Token, a.Standing == rollout.Approved, a.Why)
		if err != nil && rollout.KindOf(err) != rollout.KindSuperseded {
			return err
		}
		if a.Standing == rollout.Approved {
			if _, a, err = s.Store.Use(ctx, a.ID, p.Execution); err != nil {
				return err
			}
		}
	}
	return s.showApproval(ctx, a)
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
	decisions, err := s.Store.Decisions(ctx, id)
	return c, lines(decisions), err
}
