package steps

import (
	"context"
	"fmt"
	"time"

	"github.com/sluice-deploy/sluice/internal/notify"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// RepairRequest asks for a way out of Dirty.
type RepairRequest struct {
	Place store.Place
	Move  store.Move
	Order string // what makes two requests the same
	By    string // who asks, for people
}

// Repair starts an execution that takes a Dirty environment over, does what was chosen
// and lets go of it, once for its order. It gives the rollout that is repaired. Refused
// when the environment is not Dirty, or a write may still be under way.
func (s *Steps) Repair(ctx context.Context, req RepairRequest) (string, error) {
	env, err := s.Store.Environment(ctx, req.Place)
	if err != nil {
		return "", err
	}
	if r := env.Repair; r != nil && r.Order == req.Order {
		return RolloutOf(r.Execution), s.repairAgain(ctx, &env)
	}
	if env.Dirty == nil {
		return "", rollout.Errorf(rollout.KindRefused, "%s is not Dirty; there is nothing to repair", req.Place)
	}
	if err := s.repairable(&env, req.Move); err != nil {
		return "", err
	}
	record, err := s.Store.Record(ctx, env.Dirty.Rollout)
	if err != nil {
		return "", err
	}
	// Should this call die half-way, there is another to come.
	if err := s.Deadman.Arm(ctx, record.Name, s.Now().Add(Slack)); err != nil {
		return "", err
	}
	repair := store.Repair{
		Move: req.Move, Order: req.Order, By: req.By, At: s.Now(), Execution: s.executionARN(fmt.Sprintf("%s-r%d", record.Name, env.Fence+1)),
	}
	taken, after, err := s.Store.TakeDirty(ctx, env, repair)
	if err != nil {
		return "", err
	}
	if !taken {
		return "", rollout.Errorf(rollout.KindRefused, "%s has changed meanwhile; look again with `sluice repair %s %s`",
			req.Place, req.Place.App, req.Place.Environment)
	}
	return record.Name, s.startRecovery(ctx, record, &after, repair.Execution)
}

// repaired tells that an environment is Dirty no more, at the end of a repair.
func (s *Steps) repaired(ctx context.Context, record store.Record, env *store.Environment, phase rollout.Phase) {
	if r := env.Repair; r != nil && RolloutOf(r.Execution) == record.Name {
		s.mention(ctx, record, notify.Notice{Moment: rollout.MomentRepaired, Phase: phase, Why: fmt.Sprintf("%s chose %q", r.By, r.Move)})
	}
}

// Repairing is a way out of Dirty that is under way.
type Repairing struct {
	Rollout string     `json:"rollout"` // the one that was Dirty
	Move    store.Move `json:"move"`    // what was chosen
	By      string     `json:"by"`      // who chose it, by name
	Since   *time.Time `json:"since"`   // nil where it is not recorded
	Phase   string     `json:"phase"`   // the state that its execution is in; "" where that cannot be read
}

// repair notes the way out of Dirty that is under way, by its own execution or by one
// that has taken that over.
func (l *look) repair(ctx context.Context) {
	chosen := l.env.Repair
	if chosen == nil || RolloutOf(chosen.Execution) != l.env.Rollout {
		return
	}
	r := Repairing{Rollout: l.env.Rollout, Move: chosen.Move, By: chosen.By}
	if !chosen.At.IsZero() {
		r.Since = &chosen.At
	}
	var err error
	if r.Phase, _, err = l.stateOf(ctx, l.env.Owner); err != nil {
		l.unread("state of the repair of "+r.Rollout, err)
	}
	l.out.Repair = &r
}

// repairAgain starts the execution of a repair whose starter died before it could.
func (s *Steps) repairAgain(ctx context.Context, env *store.Environment) error {
	if env.Owner != env.Repair.Execution {
		return nil // it has let go of the environment
	}
	record, err := s.Store.Record(ctx, env.Rollout)
	if err != nil {
		return err
	}
	return s.startRecovery(ctx, record, env, env.Owner)
}

// repairable is Refused where a move must not begin. Whether it can be done as things are
// is for its execution to find out, which leaves the environment Dirty if not.
func (s *Steps) repairable(env *store.Environment, move store.Move) error {
	switch left := SettleTime - s.Now().Sub(env.Dirty.At); {
	case move != store.MoveBack && move != store.MoveAccept:
		return rollout.Errorf(rollout.KindRefused, "there is no move %q; there are %s and %s", move, store.MoveBack, store.MoveAccept)
	case left > 0:
		return rollout.Errorf(rollout.KindRefused, "%s may have a write under way still; repair it in %v", env.Rollout, left.Round(time.Second))
	default:
		return nil
	}
}

// WayOut is a move out of Dirty: what it does, and what stands in its way.
type WayOut struct {
	Move     store.Move `json:"move"`
	Does     string     `json:"does"`
	Obstacle string     `json:"obstacle"` // "" where it can be done
}

// WaysOut are the moves out of Dirty as things are, none where the environment is not
// Dirty.
func (s *Steps) WaysOut(ctx context.Context, place store.Place) ([]WayOut, error) {
	env, err := s.Store.Environment(ctx, place)
	if err != nil || env.Dirty == nil {
		return nil, err
	}
	return s.moves(ctx, &env), nil
}

func (s *Steps) moves(ctx context.Context, env *store.Environment) []WayOut {
	back := WayOut{Move: store.MoveBack, Does: "lets go of the environment; the rollout had not touched it"}
	accept := WayOut{Move: store.MoveAccept, Does: "takes what has the traffic for what runs", Obstacle: "the rollout had not begun"}
	snap := env.SnapshotOf(env.Rollout)
	if snap == nil {
		return []WayOut{back, accept}
	}
	stable := snap.StableSlot()
	back.Does = fmt.Sprintf("puts all traffic on %s (%s), which had it before, takes %s to no tasks, and gives autoscaling its settings back",
		stable, snap.Of(stable).Service, stable.Other())
	back.Obstacle = obstacle(s.mayGoBack(ctx, snap))
	slot, err := s.whole(ctx, snap)
	if accept.Obstacle = obstacle(err); err == nil {
		what := "what ran before"
		if slot == snap.Plan.Canary {
			what = "the new release"
		}
		accept.Does = fmt.Sprintf("takes %s (%s), which has all the traffic with %s, for what the environment runs, and takes %s to no tasks",
			slot, snap.Of(slot).Service, what, slot.Other())
	}
	return []WayOut{back, accept}
}

func obstacle(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// mayGoBack says why the slot that had the traffic cannot take it again.
func (s *Steps) mayGoBack(ctx context.Context, snap *store.Snapshot) error {
	rule, err := s.readRule(ctx, snap)
	if err != nil || rule.Weights == snap.Weights {
		return err
	}
	return s.mayTake(ctx, snap, snap.StableSlot())
}

// mayTake says why a slot cannot have all the traffic.
func (s *Steps) mayTake(ctx context.Context, snap *store.Snapshot, slot rollout.Slot) error {
	if snap.Plan.First && slot == snap.StableSlot() {
		return rollout.Errorf(rollout.KindDirty, "it was the first release, and nothing ran before it")
	}
	healthy, err := s.at(snap.Site).Traffic.Healthy(ctx, snap.Site.TargetGroups.Of(slot))
	if err == nil && healthy == 0 {
		err = rollout.Errorf(rollout.KindDirty, "%s (%s) has no healthy target", slot, snap.Of(slot).Service)
	}
	return err
}

// whole is the slot that has all the traffic, and can take it.
func (s *Steps) whole(ctx context.Context, snap *store.Snapshot) (rollout.Slot, error) {
	rule, err := s.readRule(ctx, snap)
	if err != nil {
		return "", err
	}
	for _, slot := range []rollout.Slot{rollout.Blue, rollout.Green} {
		if rule.Weights.Of(slot) == 100 {
			return slot, s.mayTake(ctx, snap, slot)
		}
	}
	return "", rollout.Errorf(rollout.KindDirty, "listener rule %s has %s, so no slot has all the traffic; move it by hand, or choose %s",
		rule.ARN, rule.Weights, store.MoveBack)
}

// accepted is what is so once a slot was accepted: the release that the rollout brought,
// or the one before it. brings is the rollout's release.
func accepted(snap *store.Snapshot, slot rollout.Slot, brings int) *store.Facts {
	facts := store.Facts{Site: snap.Site, Stable: slot, Weights: rollout.Toward(slot, 100)}
	switch {
	case slot == snap.Plan.Canary:
		facts.Release = brings
		if snap.Facts != nil {
			facts.Previous = snap.Facts.Release
		}
	case snap.Facts != nil:
		facts.Release, facts.Previous = snap.Facts.Release, snap.Facts.Previous
	}
	return &facts
}

// Accept takes the slot that has all the traffic for what the environment runs: the other
// slot goes to no tasks, autoscaling follows, and the environment is let go of. Nothing is
// written to the rule. Dirty when no slot has all the traffic, or it is not healthy.
func (s *Steps) Accept(ctx context.Context, in Run) (Ending, error) {
	j, err := s.loadMoving(ctx, in)
	if err != nil {
		return s.endedBefore(ctx, in, err)
	}
	slot, err := s.whole(ctx, j.snap)
	if err != nil {
		return Ending{}, err
	}
	if err := s.empty(ctx, j.snap, slot.Other()); err != nil {
		return Ending{}, err
	}
	if scaling := j.snap.Of(j.snap.StableSlot()).Scaling; scaling != nil && j.snap.Of(slot).Scaling != nil {
		if err := j.Scaling.Set(ctx, j.snap.Site.Cluster, j.snap.Of(slot).Service, *scaling); err != nil {
			return Ending{}, err
		}
	}
	s.repaired(ctx, j.record, &j.env, rollout.PhaseAccept)
	ending := Ending{Outcome: rollout.Dirty, Reason: "accepted " + string(slot) + " as it is"}
	return s.finish(ctx, j.record, j.claim, ending, accepted(j.snap, slot, j.record.Release))
}
