package steps

import (
	"context"

	"github.com/sluice-deploy/sluice/internal/notify"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// finish is the end of every rollout that had the environment: the outcome is
// recorded, the environment handed over and the next one woken, people are told,
// and last the deadman is removed. Each part can be repeated.
func (s *Steps) finish(ctx context.Context, record store.Record, claim store.Claim, ending Ending, facts *store.Facts) (Ending, error) {
	record, err := s.Store.End(ctx, record.Name, ending.Outcome, ending.Reason, s.Now())
	if err != nil {
		return Ending{}, err
	}
	grant, err := s.Store.HandOver(ctx, claim, facts)
	if err != nil {
		return Ending{}, err
	}
	if grant != nil {
		if err := s.Waker.Wake(ctx, grant.Token); err != nil {
			return Ending{}, err
		}
	}
	return s.farewell(ctx, record)
}

// farewell tells people of a recorded ending, once it is recorded that they were
// told removes the deadman, and gives the ending.
func (s *Steps) farewell(ctx context.Context, record store.Record) (Ending, error) {
	if err := s.ended(ctx, record); err != nil {
		return Ending{}, err
	}
	if err := s.voidQuestions(ctx, record); err != nil {
		return Ending{}, err
	}
	if !record.Told {
		notice := notify.Notice{
			Moment: rollout.MomentEnded, Phase: rollout.PhaseRetire, Outcome: record.Outcome, Why: record.Reason, At: record.EndedAt,
		}
		if err := s.tell(ctx, record, notice); err != nil {
			return Ending{}, err
		}
		if err := s.Store.SetTold(ctx, record.Name); err != nil {
			return Ending{}, err
		}
	}
	ending := Ending{Outcome: record.Outcome, Reason: record.Reason}
	return ending, s.Deadman.Disarm(ctx, record.Name)
}

// endedBefore is for a last step that is repeated after its hand-over: the
// environment is somebody else's, but this execution has let go of it itself, so
// only the rest of the end is done. Any other loss of the lock stays one.
func (s *Steps) endedBefore(ctx context.Context, run Run, lost error) (Ending, error) {
	if rollout.KindOf(lost) != rollout.KindLockLost {
		return Ending{}, lost
	}
	record, err := s.Store.Record(ctx, run.Rollout)
	if err != nil {
		return Ending{}, err
	}
	if record.Outcome == "" || record.Execution != run.Execution {
		return Ending{}, lost
	}
	return s.finish(ctx, record, record.Claim(run.Execution), Ending{Outcome: record.Outcome, Reason: record.Reason}, nil)
}

// Leave ends a rollout that never had the environment: it leaves the queue. If it
// was handed the environment meanwhile, it hands it on.
func (s *Steps) Leave(ctx context.Context, in BackInput) (Ending, error) {
	record, err := s.Store.Record(ctx, in.Rollout)
	if err != nil {
		return Ending{}, err
	}
	claim := record.Claim(in.Execution)
	if err := s.Store.LeaveQueue(ctx, claim); err != nil {
		return Ending{}, err
	}
	ending := Ending{Outcome: leaving(in.Cause.Kind()), Reason: in.Cause.Reason()}
	env, err := s.Store.Environment(ctx, claim.Place)
	if err != nil {
		return Ending{}, err
	}
	if env.Owner == claim.Execution {
		return s.finish(ctx, record, claim, ending, nil)
	}
	record, err = s.Store.End(ctx, record.Name, ending.Outcome, ending.Reason, s.Now())
	if err != nil {
		return Ending{}, err
	}
	return s.farewell(ctx, record)
}

// leaving is the outcome of a rollout that ended before it began.
func leaving(kind rollout.ErrorKind) rollout.Outcome {
	switch kind { //nolint:exhaustive // whatever else kept it from beginning
	case rollout.KindSuperseded:
		return rollout.Superseded
	case rollout.KindRejected:
		return rollout.Rejected
	default:
		return rollout.Refused
	}
}

// voidQuestions ends what was asked for a rollout that is over and is not used.
func (s *Steps) voidQuestions(ctx context.Context, record store.Record) error {
	if record.Kind == rollout.Back {
		return nil
	}
	_, release, spec, err := s.about(ctx, record.Name)
	if rollout.KindOf(err) == rollout.KindRefused {
		return nil // its spec does not know the environment, so nothing was asked
	}
	if err != nil {
		return err
	}
	asked := []int{}
	if spec.Approval != nil {
		asked = append(asked, rollout.BeforeAll)
	}
	for i, step := range spec.Steps {
		if step.Approval != nil {
			asked = append(asked, i)
		}
	}
	over := rollout.Errorf(rollout.KindRefused, "%s is over: %s", record.Name, record.Outcome)
	for _, step := range asked {
		if err := s.void(ctx, question{record: record, release: release, step: step}.id(), over); err != nil {
			return err
		}
	}
	return nil
}

// Dirty keeps, before the execution fails, that a person has to put the
// environment right. It stays locked.
func (s *Steps) Dirty(ctx context.Context, in BackInput) (Ending, error) {
	if err := s.Store.MarkDirty(ctx, in.claim(), in.Cause.Reason(), s.Now()); err != nil {
		return Ending{}, err
	}
	record, err := s.Store.End(ctx, in.Rollout, rollout.Dirty, in.Cause.Reason(), s.Now())
	if err != nil {
		return Ending{}, err
	}
	return s.farewell(ctx, record)
}
