package steps

import (
	"context"
	"time"

	"github.com/sluice-deploy/sluice/internal/notify"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// LockInput is a rollout that wants its environment, and the token to wake when
// it has it.
type LockInput struct {
	Run
	Wait
	Seconds int `json:"seconds"` // until Step Functions looks again
}

// LockOutput is whether the rollout has its environment, and behind which it waits.
type LockOutput struct {
	Has    bool   `json:"has"`
	Behind string `json:"behind,omitempty"`
}

// attempts is how often Lock looks at a queue that changes under its hands.
const attempts = 5

// Lock takes the environment or waits in line for it. It uses up the approval that
// stands before the environment: without one nobody gets there. Closed, with the seconds
// until it may be tried again, for what a freeze or the windows hold. Superseded when a
// newer release has come, Refused when a rollback meets a Dirty environment, the wait
// has been too long, or an earlier environment has stopped the deployment.
func (s *Steps) Lock(ctx context.Context, in LockInput) (LockOutput, error) {
	record, err := s.Store.Record(ctx, in.Rollout)
	if err != nil {
		return LockOutput{}, err
	}
	claim := record.Claim(in.Execution)
	claim.Entered = in.Entered
	again := s.Now().Add(time.Duration(in.Seconds) * time.Second)
	if err := s.Deadman.Arm(ctx, in.Rollout, again.Add(Slack)); err != nil {
		return LockOutput{}, err
	}
	if err := s.admit(ctx, record, claim); err != nil {
		return LockOutput{}, err
	}
	for range attempts {
		got, before, err := s.Store.Acquire(ctx, claim)
		if err != nil {
			return LockOutput{}, err
		}
		if got {
			if err := s.replaceQuestion(ctx, record); err != nil {
				return LockOutput{}, err
			}
			return LockOutput{Has: true}, s.Waker.Wake(ctx, in.Token)
		}
		out := LockOutput{Behind: before.Rollout}
		since := s.since(claim, &before)
		if err := s.mayWait(record, since, &before); err != nil {
			return out, err
		}
		token := store.Token{Token: in.Token, Entered: in.Entered, Retry: in.Retry}
		queued, env, err := s.Store.Queue(ctx, claim, store.Queuing{Token: token, Since: since, Why: record.Why})
		if err != nil {
			return out, err
		}
		if queued {
			return out, s.queued(ctx, record, displaced(claim, &before), &env)
		}
		if waiter := env.Waiting(claim.Kind); waiter != nil && waiter.Execution == claim.Execution {
			return out, nil // a newer attempt of ours waits already
		}
	}
	return LockOutput{}, rollout.Errorf(rollout.KindUnavailable, "the queue of %s changes too fast", claim.Place)
}

// admit uses up the approval that the spec asks for before the environment, and is Closed
// where a freeze or the windows keep the rollout from beginning; it has no place in the
// queue then.
func (s *Steps) admit(ctx context.Context, record store.Record, claim store.Claim) error {
	if record.Kind == rollout.Back {
		return nil
	}
	_, release, spec, err := s.about(ctx, record.Name)
	if err != nil {
		return err
	}
	if spec.Approval != nil {
		asked := question{record: record, release: release, step: rollout.BeforeAll, rule: *spec.Approval}
		if err := s.use(ctx, asked); err != nil {
			return err
		}
	}
	if release.Cause.BreakGlass != "" {
		return nil // Prepare tells of it, as it begins
	}
	err = s.atGate(ctx, record, release, spec)
	if rollout.KindOf(err) == rollout.KindClosed {
		if left := s.Store.LeaveQueue(ctx, claim); left != nil {
			return left
		}
	}
	return err
}

// since is when the rollout first asked for the lock.
func (s *Steps) since(claim store.Claim, env *store.Environment) time.Time {
	if w := env.Waiting(claim.Kind); w != nil && w.Execution == claim.Execution {
		return w.Since
	}
	return s.Now()
}

// mayWait says why a rollout must not wait for an environment that it did not get.
func (s *Steps) mayWait(record store.Record, since time.Time, env *store.Environment) error {
	waiter := env.Waiting(record.Kind)
	switch {
	case record.Kind == rollout.Back && env.Dirty != nil:
		return rollout.Errorf(rollout.KindRefused, "%s is Dirty (%s); repair it first", record.Place, env.Dirty.Why)
	case record.Kind == rollout.Forward && env.Newest > record.Number:
		return rollout.Errorf(rollout.KindSuperseded, "release %d of %s has come after release %d",
			env.Newest, record.Place, record.Number)
	case waiter != nil && waiter.Number > record.Number:
		return rollout.Errorf(rollout.KindSuperseded, "%s has come after %s", waiter.Rollout, record.Name)
	case env.HasEnded(record.Kind, record.Number):
		return rollout.Errorf(rollout.KindLockLost, "%s has let go of %s before", record.Name, record.Place)
	case s.Now().Sub(since) > QueueDeadline:
		return rollout.Errorf(rollout.KindRefused, "%s was not free for %v; %s has it", record.Place, QueueDeadline, env.Rollout)
	default:
		return nil
	}
}

// displaced is the older rollout whose waiting place the claim has taken.
func displaced(claim store.Claim, before *store.Environment) *store.Waiter {
	waiter := before.Waiting(claim.Kind)
	if waiter == nil || waiter.Execution == claim.Execution {
		return nil
	}
	return waiter
}

// queued wakes whom the new waiter concerns: the one it displaced, who is asked for
// an older release, a rollout in its guard, which yields, and a forward rollout that a
// rollback stops.
func (s *Steps) queued(ctx context.Context, record store.Record, displaced *store.Waiter, env *store.Environment) error {
	if err := s.replaceQuestion(ctx, record); err != nil {
		return err
	}
	if err := s.mayGoOn(ctx, record); err != nil {
		return err
	}
	if displaced != nil {
		err := s.Waker.FailWith(ctx, displaced.Token, rollout.Errorf(rollout.KindSuperseded,
			"%s has come after %s", record.Name, displaced.Rollout))
		if err != nil {
			return err
		}
	}
	if displaced == nil {
		s.mention(ctx, record, notify.Notice{
			Moment: rollout.MomentQueued, Phase: rollout.PhaseLock, Why: env.Rollout + " has the environment",
		})
	}
	if env.Token == nil {
		return nil
	}
	if stopped := env.Stopped(env.Rollout); stopped != nil {
		return s.failWait(ctx, env, stopped, map[string]any{"by": record.Name, "why": record.Why})
	}
	if env.Token.Phase == rollout.PhaseGuard {
		return s.Waker.Wake(ctx, env.Token.Token)
	}
	return nil
}
