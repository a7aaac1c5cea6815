package steps

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/sluice-deploy/sluice/internal/approvals"
	"github.com/sluice-deploy/sluice/internal/notify"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
	"github.com/sluice-deploy/sluice/internal/waits"
)

// Decide keeps what a person decided and does it. What cannot be found out now, such
// as who is in a Slack group, is tried again later: a click is never lost. It can be
// repeated; the same decision acts once.
func (s *Steps) Decide(ctx context.Context, d approvals.Decision) error {
	if err := d.Check(); err != nil {
		return err
	}
	click := store.Click{
		ID: d.ID, Subject: d.Subject, Action: string(d.Action), Person: d.Person, Reason: d.Reason, Saw: d.Saw,
		At: d.At.UTC(), Channel: d.Channel, Wait: d.Wait,
	}
	if !d.Action.Answers() && d.Wait == "" {
		wait, err := s.waitOf(ctx, d.Subject)
		if err != nil {
			return err
		}
		click.Wait = wait
	}
	click, err := s.Store.PutClick(ctx, click)
	if err != nil || click.Done {
		return err
	}
	return s.act(ctx, click)
}

// DecideAgain does what is undone of the clicks on a subject.
func (s *Steps) DecideAgain(ctx context.Context, subject string) error {
	clicks, err := s.Store.Clicks(ctx, subject)
	if err != nil {
		return err
	}
	for _, click := range clicks {
		if click.Done {
			continue
		}
		if err := s.act(ctx, click); err != nil {
			return err
		}
	}
	return nil
}

// waitOf says which wait a rollout's owner is in, "" if it does not wait or there is
// no such rollout, which the click is told when it is acted on.
func (s *Steps) waitOf(ctx context.Context, name string) (string, error) {
	record, err := s.Store.Record(ctx, name)
	if err != nil {
		return "", ignoreNotFound(err)
	}
	env, err := s.Store.Environment(ctx, record.Place)
	if err != nil || env.Rollout != name || env.Token == nil {
		return "", err
	}
	return env.Token.Entered, nil
}

// patience is how long a click is tried.
const patience = 24 * time.Hour

// act does what a click asks for and notes what came of it.
func (s *Steps) act(ctx context.Context, click store.Click) error {
	work := s.steer
	if approvals.Action(click.Action).Answers() {
		work = s.vote
	}
	result, err := work(ctx, &click)
	switch rollout.KindOf(err) { //nolint:exhaustive // the others may pass
	case "":
		click.Done, click.Result = true, result
	case rollout.KindRefused, rollout.KindNotFound:
		click.Done, click.Refused, click.Result = true, true, err.Error()
	default:
		if s.Now().Sub(click.At) < patience {
			return s.postpone(ctx, click, err)
		}
		click.Done, click.Refused, click.Result = true, true, "given up after a day: "+err.Error()
	}
	if click.Refused {
		if err := s.recordRefusal(ctx, click); err != nil {
			return err
		}
	}
	if err := s.Store.Clicked(ctx, click); err != nil {
		return err
	}
	s.whisper(ctx, click)
	return s.showRefused(ctx, click)
}

// postpone has a click tried again later, in growing pauses.
func (s *Steps) postpone(ctx context.Context, click store.Click, why error) error {
	s.Log.LogAttrs(ctx, slog.LevelWarn, "click postponed", slog.String("subject", click.Subject),
		slog.String("action", click.Action), slog.String("error", why.Error()))
	wait, _ := pause(click.Tries, why)
	if err := s.Answers.Set(ctx, click.Subject, s.Now().Add(wait), waits.Again{Again: click.Subject}); err != nil {
		return err
	}
	click.Result = why.Error()
	return s.Store.Clicked(ctx, click)
}

// vote counts a person's answer to a question.
func (s *Steps) vote(ctx context.Context, click *store.Click) (string, error) {
	a, err := s.Store.Approval(ctx, click.Subject)
	if err != nil {
		return "", err
	}
	answer := rollout.Answer(click.Action)
	if click.Saw != "" && click.Saw != a.Hash {
		return "", rollout.Errorf(rollout.KindRefused, "what you were shown is not what is asked now: look again, then answer")
	}
	if answer == rollout.Reject && strings.TrimSpace(click.Reason) == "" {
		return "", rollout.Errorf(rollout.KindRefused, "a rejection needs a reason")
	}
	person, err := s.identify(ctx, click.Person, a.Rule.Approvers, a.Rule.NotAuthor || a.Rule.Quorum > 1)
	if err != nil {
		return "", err
	}
	click.Person = person
	if err := a.Rule.May(person, answer, a.Author); err != nil {
		return "", err
	}
	vote := rollout.Vote{Person: person, Answer: answer, Reason: click.Reason, Saw: seen(click, &a), At: click.At}
	counted, a, err := s.Store.Vote(ctx, a.ID, vote)
	if err != nil {
		return "", err
	}
	if !counted {
		return "", s.notCounted(ctx, a, person)
	}
	inputs := clickInputs(click)
	inputs["saw"], inputs["quorum"], inputs["approvers"] = vote.Saw, a.Rule.Quorum, a.Rule.Approvers
	err = s.decided(ctx, &a, store.Decision{
		At: click.At, Of: store.DecidedApproval, Inputs: inputs,
		What: fmt.Sprintf("%s %s it", person.Name, approvals.Action(click.Action).Past()),
	})
	if err != nil {
		return "", err
	}
	return string(answer), s.follow(ctx, a)
}

// seen is the hash that a person was shown: a Slack message's button belongs to one
// question, which is bound to one hash.
func seen(click *store.Click, a *store.Approval) string {
	if click.Saw != "" {
		return click.Saw
	}
	return a.Hash
}

// notCounted says why a vote was not counted.
func (s *Steps) notCounted(ctx context.Context, a store.Approval, person rollout.Person) error {
	a, err := s.settle(ctx, a)
	switch {
	case err != nil:
		return err
	case a.Standing != rollout.Open:
		return rollout.Errorf(rollout.KindRefused, "this is not open any more: %s", a.Why)
	default:
		return rollout.Errorf(rollout.KindRefused, "%s has answered this already", person.Name)
	}
}

// follow does what follows from a vote: it settles the question, wakes what waits for
// the answer, or answers the pipeline, and tells.
func (s *Steps) follow(ctx context.Context, a store.Approval) error {
	a, err := s.settle(ctx, a)
	if err != nil {
		return err
	}
	if a.Pipeline != nil {
		return s.answerPipeline(ctx, a)
	}
	if a.Token != nil && a.Standing == rollout.Approved {
		err = s.Waker.Wake(ctx, a.Token.Token)
	} else if a.Token != nil && a.Standing != rollout.Open {
		err = s.Waker.FailWith(ctx, a.Token.Token, answered(&a))
	}
	if err != nil {
		return err
	}
	record, err := s.Store.Record(ctx, a.Rollout)
	if err != nil {
		return err
	}
	s.mention(ctx, record, notify.Notice{Moment: rollout.MomentAnswered, Phase: phaseOf(&a), Why: a.Why})
	return nil
}

// identify finds out what a list of approvers needs to know of a person: which of its
// Slack groups they are in, and, if asked for, their e-mail address.
func (s *Steps) identify(ctx context.Context, p rollout.Person, list []string, email bool) (rollout.Person, error) {
	if p.Way != rollout.BySlack {
		return p, nil
	}
	if s.Slack == nil {
		return p, rollout.Errorf(rollout.KindRefused, "Slack is not set up: Sluice's stack has no SlackSecret")
	}
	if !slices.Contains(list, p.ID) {
		for _, one := range list {
			if !strings.HasPrefix(one, "S") {
				continue
			}
			members, err := s.Slack.Members(ctx, one)
			if err != nil {
				return p, fmt.Errorf("read who is in %s: %w", one, err)
			}
			if slices.Contains(members, p.ID) {
				p.Groups = append(p.Groups, one)
			}
		}
	}
	if !email || !p.In(list) {
		return p, nil
	}
	name, address, err := s.Slack.Email(ctx, p.ID)
	if err != nil {
		return p, fmt.Errorf("read the profile of %s: %w", p.Name, err)
	}
	if name != "" {
		p.Name = name
	}
	p.Email = strings.ToLower(address)
	return p, nil
}
