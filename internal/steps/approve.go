package steps

import (
	"context"
	"strings"
	"time"

	"github.com/sluice-deploy/sluice/internal/notify"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// AskOutput is the question that is asked; "" where nobody has to be.
type AskOutput struct {
	Approval string `json:"approval,omitempty"`
}

// Approve stands before an environment's lock: it asks, where the spec says so, and
// waits for the answer. A newer release's question replaces an older one's, even
// where the newer one needs none. Superseded, Rejected (by a person, or because time
// ran out), or Refused when an earlier environment has stopped the deployment.
func (s *Steps) Approve(ctx context.Context, in WaitInput) (AskOutput, error) {
	record, release, spec, err := s.about(ctx, in.Rollout)
	if err != nil {
		return AskOutput{}, err
	}
	if err := s.Deadman.Arm(ctx, in.Rollout, s.Now().Add(in.span()+Slack)); err != nil {
		return AskOutput{}, err
	}
	if err := s.replaceQuestion(ctx, record); err != nil {
		return AskOutput{}, err
	}
	if spec.Approval == nil {
		if err := s.mayGoOn(ctx, record); err != nil {
			return AskOutput{}, err
		}
		return AskOutput{}, s.Waker.Wake(ctx, in.Token)
	}
	asked := question{record: record, release: release, step: rollout.BeforeAll, rule: *spec.Approval}
	current, approval, err := s.ask(ctx, asked, in.Wait)
	if err != nil || !current {
		return AskOutput{}, err
	}
	out := AskOutput{Approval: approval.ID}
	held, env, err := s.Store.Ask(ctx, record.Place, store.Asking{
		Rollout: record.Name, Number: record.Number, Approval: approval.ID,
	})
	if err != nil {
		return out, err
	}
	if !held {
		return out, newerThan(record, &env)
	}
	if err := s.mayGoOn(ctx, record); err != nil {
		return out, err
	}
	return out, s.heed(ctx, approval, in.Token)
}

// newerThan says which release has come after the rollout's.
func newerThan(record store.Record, env *store.Environment) error {
	newest := env.Newest
	if env.Asking != nil {
		newest = max(newest, env.Asking.Number)
	}
	return rollout.Errorf(rollout.KindSuperseded, "release %d of %s has come after release %d", newest, record.Place, record.Number)
}

// replaceQuestion ends an older rollout that stands before the environment: it voids the
// question, or ends the wait at the gate. It comes before the newer one's own, so that a
// repeat finds it still.
func (s *Steps) replaceQuestion(ctx context.Context, record store.Record) error {
	env, err := s.Store.Environment(ctx, record.Place)
	if err != nil {
		return err
	}
	if err := s.replaceHeld(ctx, record, &env); err != nil {
		return err
	}
	if env.Asking == nil || env.Asking.Number >= record.Number {
		return nil
	}
	return s.void(ctx, env.Asking.Approval, rollout.Errorf(rollout.KindSuperseded,
		"%s has come after %s", record.Name, env.Asking.Rollout))
}

// question is what is to be asked.
type question struct {
	record  store.Record
	release rollout.Release
	step    int // rollout.BeforeAll, or the step's index
	rule    rollout.Approval
}

func (q question) id() string {
	return store.Binding{Rollout: q.record.Name, Step: q.step, Hash: q.release.Hash()}.ID()
}

// ask asks a question, once, tells people at every look, and keeps the token of the
// state that waits for the answer. It reports false for an attempt that Step Functions
// has given up. Refused when nobody could answer.
func (s *Steps) ask(ctx context.Context, q question, w Wait) (bool, store.Approval, error) {
	if q.rule.NotAuthor && !strings.Contains(q.release.Cause.Author, "@") {
		return false, store.Approval{}, rollout.Errorf(rollout.KindRefused,
			"the author may not approve release %d of %s, and its author is %q; have the build name the author's e-mail address (docs/events.md)",
			q.release.Number, q.record.Place.App, q.release.Cause.Author)
	}
	now := w.since(s.Now())
	_, approval, err := s.Store.PutApproval(ctx, store.Approval{
		ID: q.id(), Place: q.record.Place, Rollout: q.record.Name, Step: q.step, Release: q.release.Number,
		Hash: q.release.Hash(), Author: q.release.Cause.Author, Rule: q.rule, At: now,
		Deadline: now.Add(q.rule.Expires).UnixNano(),
	})
	if err != nil {
		return false, approval, err
	}
	current, approval, err := s.Store.StoreApprovalToken(ctx, approval.ID, store.Token{
		Token: w.Token, Entered: w.Entered, Retry: w.Retry,
	})
	if err != nil || !current {
		return false, approval, err
	}
	phase := rollout.PhaseAsk
	if q.step == rollout.BeforeAll {
		phase = rollout.PhaseApprove
	}
	// At every look again: where it could not be told, it is then.
	s.mention(ctx, q.record, notify.Notice{Moment: rollout.MomentAsked, Phase: phase, At: approval.At})
	return true, approval, err
}

// heed looks at a question for the state that waits for its answer: it settles what
// can be settled, and wakes or fails the wait accordingly.
func (s *Steps) heed(ctx context.Context, a store.Approval, token string) error {
	a, err := s.settle(ctx, a)
	if err != nil {
		return err
	}
	switch a.Standing {
	case rollout.Approved:
		return s.Waker.Wake(ctx, token)
	case rollout.Refusal, rollout.Void:
		return answered(&a)
	case rollout.Open:
	}
	return nil
}

// answered is what a question that is not open and not approved means to what
// waits for it.
func answered(a *store.Approval) error {
	kind := rollout.KindRejected
	if a.Standing == rollout.Void {
		kind = a.VoidKind
	}
	return rollout.Errorf(kind, "%s", a.Why)
}

// settle ends a question if its votes or the time say so. A vote that came in between
// is counted. What a question has ended with is recorded, at every look again: whoever
// ended it may have died before it was.
func (s *Steps) settle(ctx context.Context, a store.Approval) (store.Approval, error) {
	for a.Standing == rollout.Open {
		standing, why := a.Rule.Stands(a.Cast(), a.ExpiresAt(), s.Now())
		if standing == rollout.Open {
			return a, nil
		}
		_, after, err := s.Store.Settle(ctx, a, standing, why, s.Now())
		if err != nil {
			return a, err
		}
		a = after
	}
	if a.Standing == rollout.Void {
		return a, nil
	}
	return a, s.decided(ctx, &a, store.Decision{
		At: a.SettledAt, Of: store.DecidedApproval, What: a.Why,
		Inputs: map[string]any{
			"approval": a.ID, "hash": a.Hash, "step": a.Step, "standing": a.Standing, "votes": len(a.Votes), "quorum": a.Rule.Quorum,
		},
	})
}

// decided keeps a decision about a question, with its rollout or, if it has none,
// under its own ID.
func (s *Steps) decided(ctx context.Context, a *store.Approval, d store.Decision) error {
	d.Rollout, d.Phase = a.Rollout, phaseOf(a)
	if d.At.IsZero() {
		d.At = s.Now()
	}
	if d.Rollout == "" {
		d.Rollout = a.ID
	}
	keep, err := s.keep(ctx, d.Rollout)
	if err != nil {
		return err
	}
	d.Keep = keep
	return s.Store.Decided(ctx, d)
}

func phaseOf(a *store.Approval) rollout.Phase {
	switch {
	case a.Pipeline != nil:
		return ""
	case a.Step == rollout.BeforeAll:
		return rollout.PhaseApprove
	default:
		return rollout.PhaseAsk
	}
}

// void ends a question that nobody needs an answer to any more, and fails what
// waits for it. It can be repeated: what waits is failed again.
func (s *Steps) void(ctx context.Context, id string, why error) error {
	_, a, err := s.Store.Void(ctx, id, store.Voiding{Kind: rollout.KindOf(why), Why: why.Error(), At: s.Now()})
	if rollout.KindOf(err) == rollout.KindNotFound {
		return nil // it was never asked
	}
	if err != nil || a.Standing != rollout.Void || a.Token == nil {
		return err
	}
	return s.Waker.FailWith(ctx, a.Token.Token, answered(&a))
}

// use uses up the approval that stands before a step of a rollout, or before all of
// it. Unapproved if it was not given; what the answer was, if it was another.
func (s *Steps) use(ctx context.Context, q question) error {
	used, a, err := s.Store.Use(ctx, q.id(), q.record.Name)
	switch {
	case rollout.KindOf(err) == rollout.KindNotFound:
		return rollout.Errorf(rollout.KindUnapproved, "nobody was asked yet; look again after %d seconds", lookSeconds(q.rule))
	case err != nil || used:
		return err
	case a.Standing == rollout.Refusal || a.Standing == rollout.Void:
		return answered(&a)
	default:
		return rollout.Errorf(rollout.KindUnapproved, "it is not approved yet; look again after %d seconds", lookSeconds(q.rule))
	}
}

func lookSeconds(rule rollout.Approval) int { return int(rule.Look() / time.Second) }

// Ask is a question before a step: the rollout has its environment, so an alarm, or
// a person who aborts, ends the wait as well. Rejected and what stops a rollout send
// it back.
func (s *Steps) Ask(ctx context.Context, in WaitInput) (AskOutput, error) {
	j, err := s.loadMoving(ctx, in.Run)
	if err != nil {
		return AskOutput{}, err
	}
	rule := j.snap.Plan.Steps[in.Step].Approval
	if rule == nil {
		return AskOutput{}, rollout.Errorf(rollout.KindInternal, "step %d of %s needs no approval", in.Step, in.Rollout)
	}
	current, _, err := s.hold(ctx, j.claim, rollout.PhaseAsk, in.Wait, in.span())
	if err != nil || !current {
		return AskOutput{}, err
	}
	current, approval, err := s.ask(ctx, question{record: j.record, release: j.release, step: in.Step, rule: *rule}, in.Wait)
	if err != nil || !current {
		return AskOutput{}, err
	}
	out := AskOutput{Approval: approval.ID}
	if j.env, err = s.Store.Owned(ctx, j.claim); err != nil {
		return out, err
	}
	if err := j.env.Stopped(in.Rollout); err != nil {
		return out, err
	}
	return out, s.heed(ctx, approval, in.Token)
}
