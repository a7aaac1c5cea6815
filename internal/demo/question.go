package demo

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/sluice-deploy/sluice/internal/localcloud"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/slack"
	"github.com/sluice-deploy/sluice/internal/store"
)

// Question is how people were asked, and what they said.
type Question struct {
	Open     time.Duration // how long, of the cloud's time
	Standing rollout.Standing
	Why      string // such as "approved by Ada Okafor"
	Tried    bool   // the author pressed Approve
	Refusal  string // what the author alone read then
	Moved    string // what the author's press changed all the same; "" as it should be

	answered time.Time
}

// wrong is what should not have been so, of the version's question.
func (q Question) wrong(version string) []string {
	var all []string
	if q.Standing != rollout.Approved && q.Standing != rollout.Refusal {
		all = append(all, fmt.Sprintf("%s: the question before production stands at %q, want an answer", version, q.Standing))
	}
	if q.Tried && q.Refusal == "" {
		all = append(all, version+": the author pressed Approve and was not refused")
	}
	if q.Moved != "" {
		all = append(all, version+": the author's press changed something: "+q.Moved)
	}
	return all
}

// awaitQuestion waits until people are asked whether the release may go on, and gives
// the question's ID: "" when the release ended before.
func (w *world) awaitQuestion(ctx context.Context, s *Scenario) (string, error) {
	begun := w.Now()
	id := ""
	return id, until(ctx, func() (bool, error) {
		env, err := w.Steps.Store.Environment(ctx, w.production.place)
		if err == nil && env.Asking != nil && env.Asking.Rollout == s.Rollout {
			id = env.Asking.Approval
			return true, nil
		}
		if err != nil {
			return false, err
		}
		record, err := w.Steps.Store.Record(ctx, s.Staging)
		if err != nil && rollout.KindOf(err) != rollout.KindNotFound {
			return false, err
		}
		if s.Staged = record.Outcome; s.Staged != "" && s.Staged != rollout.Succeeded {
			s.Reason = fmt.Sprintf("it stopped in staging: %s", record.Reason)
			return true, nil
		}
		if w.Now().Sub(begun) > patience {
			return false, fmt.Errorf("nobody was asked about %s after %v of the cloud's time", s.Rollout, patience)
		}
		return false, nil
	})
}

// moment is how long a pretend person looks at a message before they press, by the
// wall clock.
const moment = 1200 * time.Millisecond

// answer has the demo's people answer a question, or waits for those outside, and
// notes what came of it.
func (w *world) answer(ctx context.Context, q *Question, id string, authorTries bool) error {
	a, err := w.Steps.Store.Approval(ctx, id)
	if err != nil {
		return err
	}
	m, err := w.awaitMessage(ctx, a.Rollout)
	if err != nil {
		return err
	}
	if w.interactive {
		w.say("your turn: "+w.page, fmt.Sprintf("press Approve or Reject as Ada or Bob, until %s", a.ExpiresAt().Format(clock)))
	} else if err := w.pretend(ctx, q, a, m, authorTries); err != nil {
		return err
	}
	err = until(ctx, func() (bool, error) {
		if a, err = w.Steps.Store.Approval(ctx, id); err == nil && !w.interactive && w.Now().Sub(a.At) > patience {
			err = fmt.Errorf("question %s is not answered after %v of the cloud's time", id, patience)
		}
		return a.Standing != rollout.Open, err
	})
	q.Standing, q.Why, q.answered, q.Open = a.Standing, a.Why, a.SettledAt, a.SettledAt.Sub(a.At)
	return err
}

// pretend has people press who are not there.
func (w *world) pretend(ctx context.Context, q *Question, a store.Approval, m store.Message, authorTries bool) error {
	if authorTries {
		if err := w.pressAs(ctx, localcloud.Dana, a, m); err != nil {
			return err
		}
		if err := w.seeRefusal(ctx, q, a, m); err != nil {
			return err
		}
	}
	return w.pressAs(ctx, localcloud.Ada, a, m)
}

// pressAs has a person press Approve a moment from now: what Slack sends for that is
// signed and goes to Sluice's Function URL. A question that somebody else has
// answered meanwhile, on the page, is left.
func (w *world) pressAs(ctx context.Context, who string, a store.Approval, m store.Message) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(moment):
	}
	out, err := w.Slack.Press(who, m.ID, m.TS, string(slack.Approve))
	if err == nil && out.Failure != "" {
		err = fmt.Errorf("they see %q", out.Failure)
	}
	if err == nil {
		return nil
	}
	now, failed := w.Steps.Store.Approval(ctx, a.ID)
	if failed == nil && now.Standing != rollout.Open {
		return nil
	}
	return fmt.Errorf("press Approve of %s as %s: %w", a.Rollout, localcloud.Called(who), err)
}

// seeRefusal waits until the author alone reads why their press does not count, and
// looks whether it has moved something.
func (w *world) seeRefusal(ctx context.Context, q *Question, a store.Approval, m store.Message) error {
	q.Tried = true
	begun := w.Now()
	err := until(ctx, func() (bool, error) {
		w.Do(func() {
			if told := w.Slack.Ephemerals(m.ID, localcloud.Dana); len(told) > 0 {
				q.Refusal = told[len(told)-1].Text
			}
		})
		return q.Refusal != "" || w.Now().Sub(begun) > patience, nil
	})
	if err != nil {
		return err
	}
	now, err := w.Steps.Store.Approval(ctx, a.ID)
	if err != nil {
		return err
	}
	counted := slices.ContainsFunc(now.Cast(), func(v rollout.Vote) bool { return v.Person.ID == localcloud.Dana })
	path := w.path(a.Rollout)
	switch {
	case counted:
		q.Moved = "it was counted"
	case now.Standing == rollout.Open && (len(path) == 0 || path[len(path)-1] != string(rollout.PhaseApprove)):
		q.Moved = fmt.Sprintf("%s went %v", a.Rollout, path)
	}
	return nil
}
