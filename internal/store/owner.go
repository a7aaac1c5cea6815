package store

import (
	"context"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Owned reads the environment of a claim that must own it. LockLost if it does
// not.
func (s *Store) Owned(ctx context.Context, c Claim) (Environment, error) {
	env, err := s.Environment(ctx, c.Place)
	if err != nil {
		return env, err
	}
	if env.Owner != c.Execution {
		return env, lockLost(c, env)
	}
	return env, nil
}

// owned runs an update that only the owner may make. When the condition does not
// hold it gives LockLost if the claim is not the owner any more; otherwise held is
// false and the item tells why.
func (s *Store) owned(ctx context.Context, c Claim, u update) (bool, Environment, error) {
	u.key = c.Place.key()
	u.condition = "#owner = :me AND " + u.condition
	u.values[":me"] = c.Execution
	held, it, err := s.apply(ctx, u)
	if err != nil {
		return false, Environment{}, err
	}
	env, err := decode(it, c.Place)
	if err != nil {
		return false, env, err
	}
	if !held && env.Owner != c.Execution {
		return false, env, lockLost(c, env)
	}
	return held, env, nil
}

// StoreToken keeps the owner's token, over an older one only, and gives the item
// after the write. It can be repeated. It reports false, and changes nothing, when
// a newer token is there: the caller is an attempt that Step Functions has given up.
func (s *Store) StoreToken(ctx context.Context, c Claim, t Token) (bool, Environment, error) {
	held, env, err := s.owned(ctx, c, update{
		set: "SET #token = :token",
		condition: "(attribute_not_exists(#token) OR #token.#entered < :entered OR " +
			"(#token.#entered = :entered AND #token.#retry < :retry))",
		values: map[string]any{":token": t, ":entered": t.Entered, ":retry": t.Retry},
	})
	return held || err == nil && env.Token != nil && env.Token.Token == t.Token, env, err
}

// RaiseFence stops every writer of the claim's own rollout that still runs: what
// it decided under the old fence it cannot write any more. The rollout waits for
// nothing then, so nobody can end its last wait any more.
func (s *Store) RaiseFence(ctx context.Context, c Claim) (Environment, error) {
	_, env, err := s.owned(ctx, c, update{
		set:       "SET #fence = #fence + :one REMOVE #token",
		condition: "attribute_exists(#fence)",
		values:    map[string]any{":one": 1},
	})
	return env, err
}

// WriteSnapshot keeps the first snapshot of the rollout and gives the item with
// the one that counts, which may be an earlier attempt's.
func (s *Store) WriteSnapshot(ctx context.Context, c Claim, fence int, snap Snapshot) (Environment, error) {
	held, env, err := s.owned(ctx, c, update{
		set:       "SET #snapshot = :snapshot",
		condition: "#fence = :fence AND (attribute_not_exists(#snapshot) OR #snapshot.#rollout <> :rollout)",
		values:    map[string]any{":snapshot": snap, ":fence": fence, ":rollout": c.Rollout},
	})
	if err == nil && !held && env.SnapshotOf(c.Rollout) == nil {
		return env, fenced(c)
	}
	return env, err
}

// WriteIntent keeps what is about to be written to the rule. It is refused with
// AlarmRed or Aborted when the rollout must stop, and with LockLost when the fence
// was raised since the caller read it.
func (s *Store) WriteIntent(ctx context.Context, c Claim, intent Intent) error {
	held, env, err := s.owned(ctx, c, update{
		set:       "SET #intent = :intent",
		condition: "#fence = :fence AND " + unstopped(c.Kind),
		values:    withRollout(c, map[string]any{":intent": intent, ":fence": intent.Fence}),
	})
	if err != nil || held {
		return err
	}
	if err := env.Stopped(c.Rollout); err != nil {
		return err
	}
	return fenced(c)
}

// Commit makes the new facts the environment's, once: a rollout that has committed
// finds itself committed. AlarmRed or Aborted when the rollout must stop instead.
func (s *Store) Commit(ctx context.Context, c Claim, facts Facts, at time.Time) (Environment, error) {
	held, env, err := s.owned(ctx, c, update{
		set:       "SET #facts = :facts, #committed = :rollout, #committedAt = :at",
		condition: "(attribute_not_exists(#committed) OR #committed <> :rollout) AND " + unstopped(c.Kind),
		values:    map[string]any{":facts": facts, ":rollout": c.Rollout, ":at": at},
	})
	if err != nil || held || env.Committed == c.Rollout {
		return env, err
	}
	return env, env.Stopped(c.Rollout)
}

// CloseGuard ends the time in which an alarm flips the rollout back. A guard that
// is closed stays so. AlarmRed or Aborted when the rollout must go back instead.
func (s *Store) CloseGuard(ctx context.Context, c Claim) (Environment, error) {
	held, env, err := s.owned(ctx, c, update{
		set:       "SET #guardClosed = :rollout",
		condition: "(attribute_not_exists(#guardClosed) OR #guardClosed <> :rollout) AND " + unstopped(c.Kind),
		values:    map[string]any{":rollout": c.Rollout},
	})
	if err != nil || held || env.GuardClosed == c.Rollout {
		return env, err
	}
	return env, env.Stopped(c.Rollout)
}

// MarkDirty keeps that the environment needs a person. It stays locked.
func (s *Store) MarkDirty(ctx context.Context, c Claim, why string, at time.Time) error {
	_, _, err := s.owned(ctx, c, update{
		set:       "SET #dirty = :dirty",
		condition: "(attribute_not_exists(#dirty) OR #dirty.#rollout = :rollout)",
		values: map[string]any{
			":dirty":   DirtyMark{Rollout: c.Rollout, Why: why, At: at},
			":rollout": c.Rollout,
		},
	})
	return err
}

// TakeDirty makes the execution of a repair the owner of a Dirty environment, which is
// Dirty no more, and raises the fence. It reports whether the environment was as it was
// seen, and gives it as it is now.
func (s *Store) TakeDirty(ctx context.Context, seen Environment, r Repair) (bool, Environment, error) {
	held, it, err := s.apply(ctx, update{
		key:       seen.key(),
		set:       "SET #owner = :successor, #fence = #fence + :one, #repair = :repair REMOVE #dirty, #token",
		condition: "#owner = :dead AND #fence = :fence AND #dirty.#rollout = :rollout",
		values: map[string]any{
			":successor": r.Execution, ":one": 1, ":repair": r, ":dead": seen.Owner, ":fence": seen.Fence, ":rollout": seen.Dirty.Rollout,
		},
	})
	if err != nil {
		return false, Environment{}, err
	}
	env, err := decode(it, seen.Place)
	return held, env, err
}

// Latch marks the forward rollout that owns the environment red, unless its guard
// has closed. It reports whether the rollout is latched now, by this call or an
// earlier one, and gives the item, whose token is the one to wake.
func (s *Store) Latch(ctx context.Context, place Place, alarm string, at time.Time) (bool, Environment, error) {
	held, it, err := s.apply(ctx, update{
		key: place.key(),
		set: "SET #latchRollout = #rollout, #latchAlarm = :alarm, #latchAt = :at",
		condition: "attribute_exists(#owner) AND #kind = :forward AND attribute_not_exists(#dirty) AND " +
			"(attribute_not_exists(#guardClosed) OR #guardClosed <> #rollout) AND " +
			"(attribute_not_exists(#latchRollout) OR #latchRollout <> #rollout)",
		values: map[string]any{":alarm": alarm, ":at": at, ":forward": rollout.Forward},
	})
	if err != nil {
		return false, Environment{}, err
	}
	env, err := decode(it, place)
	latched := held || env.Owner != "" && env.LatchRollout == env.Rollout && env.GuardClosed != env.Rollout
	return latched, env, err
}

// Abortion asks a rollout to stop and go back.
type Abortion struct {
	Rollout     string
	Why         string
	Uncommitted bool // only if it has not committed
}

// Abort asks the forward rollout of that name to stop and go back. It reports
// whether that rollout owns the environment, and gives the item, whose token is
// the one to wake.
func (s *Store) Abort(ctx context.Context, place Place, a Abortion) (bool, Environment, error) {
	u := update{
		key: place.key(),
		set: "SET #abortRollout = :rollout, #abortWhy = :why",
		condition: "#rollout = :rollout AND #kind = :forward AND attribute_not_exists(#dirty) AND " +
			"(attribute_not_exists(#guardClosed) OR #guardClosed <> :rollout)",
		values: map[string]any{":rollout": a.Rollout, ":why": a.Why, ":forward": rollout.Forward},
	}
	if a.Uncommitted {
		u.condition += " AND (attribute_not_exists(#committed) OR #committed <> :rollout)"
	}
	held, it, err := s.apply(ctx, u)
	if err != nil {
		return false, Environment{}, err
	}
	env, err := decode(it, place)
	return held, env, err
}

// unstopped is the condition that nothing asks the rollout to stop. Nothing stops
// a rollback.
func unstopped(kind rollout.Kind) string {
	if kind == rollout.Back {
		return "attribute_exists(#fence)"
	}
	return "(attribute_not_exists(#abortRollout) OR #abortRollout <> :rollout) AND " +
		"(attribute_not_exists(#latchRollout) OR #latchRollout <> :rollout)"
}

// withRollout adds the rollout's name where unstopped asks for it; DynamoDB
// refuses values that no expression uses.
func withRollout(c Claim, values map[string]any) map[string]any {
	if c.Kind != rollout.Back {
		values[":rollout"] = c.Rollout
	}
	return values
}

func fenced(c Claim) error {
	return rollout.Errorf(rollout.KindLockLost, "%s was overtaken: the fence of %s was raised meanwhile", c.Execution, c.Place)
}
