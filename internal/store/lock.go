package store

import (
	"context"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Claim is a rollout that wants, or has, an environment.
type Claim struct {
	Place     Place
	Execution string // ARN
	Rollout   string
	Kind      rollout.Kind
	Number    int
	Entered   string // EnteredTime of the state that asks, for Acquire and Yield
}

// lane is the pair of attributes of one kind of rollout: its waiting place, and
// the highest number that has let go. Rollbacks have their own and go first.
type lane struct{ waiter, ended string }

func laneOf(kind rollout.Kind) lane {
	if kind == rollout.Back {
		return lane{"#rollbackWaiter", "#rollbackEnded"}
	}
	return lane{"#waiter", "#ended"}
}

// Acquire takes a free environment for the claim, or finds that it has it. It
// reports whether it does, and gives the item as it is now. One that has it changes
// nothing, so that a late repeat cannot raise the fence under its own writers. A
// number that has let go already takes nothing, so a late write of an ended rollout
// is harmless, and neither does one that a newer forward rollout has come after.
func (s *Store) Acquire(ctx context.Context, c Claim) (bool, Environment, error) {
	l := laneOf(c.Kind)
	u := update{
		key: c.Place.key(),
		set: "SET #owner = :me, #rollout = :rollout, #kind = :kind, #number = :number, " +
			"#app = :app, #environment = :environment, #locked = :entered, #fence = if_not_exists(#fence, :zero) + :one",
		condition: "attribute_not_exists(#owner) AND attribute_not_exists(#dirty) AND " +
			"(attribute_not_exists(" + l.ended + ") OR " + l.ended + " < :number)",
		values: map[string]any{
			":me": c.Execution, ":rollout": c.Rollout, ":kind": c.Kind, ":number": c.Number,
			":app": c.Place.App, ":environment": c.Place.Environment, ":entered": c.Entered, ":zero": 0, ":one": 1,
		},
	}
	if c.Kind == rollout.Forward {
		u.set += ", #newest = :number"
		u.condition += " AND (attribute_not_exists(#newest) OR #newest <= :number)"
	}
	held, it, err := s.apply(ctx, u)
	if err != nil {
		return false, Environment{}, err
	}
	env, err := decode(it, c.Place)
	return held || env.Owner == c.Execution && env.Dirty == nil, env, err
}

// Queuing is how a claim waits for the lock.
type Queuing struct {
	Token Token
	Since time.Time // when the rollout first asked for the lock
	Why   string    // rollbacks: who or what asked, for the rollout that they stop
}

// Queue puts the claim into its lane's waiting place, over an older rollout or an
// older token of its own, while another execution owns the environment. It
// reports whether the token waits there, by this call or a repeat of it, and gives
// the item after the write, or as it is. A rollback also asks the forward rollout
// that runs to stop, and does not wait behind a Dirty one.
func (s *Store) Queue(ctx context.Context, c Claim, q Queuing) (bool, Environment, error) {
	token := q.Token
	l := laneOf(c.Kind)
	w := Waiter{
		Execution: c.Execution, Rollout: c.Rollout, Kind: c.Kind, Number: c.Number,
		Token: token.Token, Entered: token.Entered, Retry: token.Retry, Since: q.Since,
	}
	u := update{
		key: c.Place.key(),
		set: "SET " + l.waiter + " = :waiter",
		condition: "attribute_exists(#owner) AND #owner <> :me AND " +
			"(attribute_not_exists(" + l.ended + ") OR " + l.ended + " < :number) AND " +
			"(attribute_not_exists(" + l.waiter + ") OR " + l.waiter + ".#number < :number OR " +
			"(" + l.waiter + ".#execution = :me AND (" + l.waiter + ".#entered < :entered OR " +
			"(" + l.waiter + ".#entered = :entered AND " + l.waiter + ".#retry < :retry))))",
		values: map[string]any{
			":me": c.Execution, ":waiter": w, ":number": c.Number,
			":entered": token.Entered, ":retry": token.Retry,
		},
	}
	if c.Kind == rollout.Back {
		u.set += ", #abortRollout = #rollout, #abortWhy = :why"
		u.condition += " AND attribute_not_exists(#dirty)"
		u.values[":why"] = q.Why
	} else {
		u.set += ", #newest = :number"
		u.condition += " AND (attribute_not_exists(#newest) OR #newest <= :number)"
	}
	held, it, err := s.apply(ctx, u)
	if err != nil {
		return false, Environment{}, err
	}
	env, err := decode(it, c.Place)
	waiter := env.Waiting(c.Kind)
	return held || waiter != nil && waiter.Token == token.Token, env, err
}

// Waiting is the rollout that waits in the lane of that kind, nil if none does.
func (e *Environment) Waiting(kind rollout.Kind) *Waiter {
	if kind == rollout.Back {
		return e.RollbackWaiter
	}
	return e.Waiter
}

// LeaveQueue takes the execution out of its lane's waiting place, if it is there.
func (s *Store) LeaveQueue(ctx context.Context, c Claim) error {
	l := laneOf(c.Kind)
	_, _, err := s.apply(ctx, update{
		key:       c.Place.key(),
		set:       "REMOVE " + l.waiter,
		condition: l.waiter + ".#execution = :me",
		values:    map[string]any{":me": c.Execution},
	})
	return err
}

// HandOver lets go of the environment: to the rollback that waits, else to the
// release that waits, else to nobody. Facts, if given, replace the environment's
// own in the same write. It gives the grant whose token has to be woken, nil if
// nobody waits. When the environment was handed over before by this execution it
// gives that grant again. LockLost if the execution has not got it otherwise, and
// Dirty while it waits for a person: it stays locked then.
func (s *Store) HandOver(ctx context.Context, c Claim, facts *Facts) (*Grant, error) {
	for {
		env, err := s.Environment(ctx, c.Place)
		if err != nil {
			return nil, err
		}
		if env.Owner != c.Execution {
			if env.Granted != nil && env.Granted.From == c.Execution {
				return env.Granted, nil
			}
			if env.HasEnded(c.Kind, c.Number) {
				return nil, nil //nolint:nilnil // it let go before, and nobody waited
			}
			return nil, lockLost(c, env)
		}
		if env.Dirty != nil {
			return nil, rollout.Errorf(rollout.KindDirty, "%s stays locked until it is repaired: %s", c.Place, env.Dirty.Why)
		}
		held, it, err := s.apply(ctx, handOver(c, &env, facts, true))
		if err != nil {
			return nil, err
		}
		if !held {
			continue // somebody joined or left the queue meanwhile, or it is Dirty now
		}
		return granted(it, c)
	}
}

// granted is the grant of a hand-over that was just written, nil if nobody waited.
func granted(it item, c Claim) (*Grant, error) {
	after, err := decode(it, c.Place)
	if err != nil || after.Owner == "" || after.Granted == nil || after.Granted.From != c.Execution {
		return nil, err
	}
	return after.Granted, nil
}

// Yield lets go of an environment in which a rollout has not begun, as HandOver does, but
// the rollout may come again. It gives the grant whose token has to be woken, nil if nobody
// waits, the execution does not own the environment, or it is Dirty. LockLost where the
// execution has got it after the state was entered that asks: that one was given up, and
// the rollout has gone on.
func (s *Store) Yield(ctx context.Context, c Claim) (*Grant, error) {
	for {
		env, err := s.Environment(ctx, c.Place)
		if err != nil || env.Owner != c.Execution || env.Dirty != nil {
			return nil, err
		}
		if env.Locked != "" && env.Locked >= c.Entered {
			return nil, rollout.Errorf(rollout.KindLockLost, "%s has got %s at %s and goes on; what was entered at %s is over",
				c.Execution, c.Place, env.Locked, c.Entered)
		}
		u := handOver(c, &env, nil, false)
		u.condition += " AND #fence = :fence"
		u.values[":fence"] = env.Fence
		held, it, err := s.apply(ctx, u)
		if err != nil {
			return nil, err
		}
		if held {
			return granted(it, c)
		} // else somebody joined or left the queue meanwhile
	}
}

// HasEnded reports whether a rollout of that kind and number, or a later one, has
// let go of the environment.
func (e *Environment) HasEnded(kind rollout.Kind, number int) bool {
	if kind == rollout.Back {
		return e.RollbackEnded >= number
	}
	return e.Ended >= number
}

// handOver is the write that lets go of the environment, for the last time or not.
func handOver(c Claim, env *Environment, facts *Facts, last bool) update {
	u := update{
		key:       c.Place.key(),
		condition: "#owner = :me AND attribute_not_exists(#dirty)",
		values:    map[string]any{":me": c.Execution, ":one": 1},
	}
	set := "SET #fence = #fence + :one"
	if last {
		set += ", " + laneOf(c.Kind).ended + " = :number"
		u.values[":number"] = c.Number
	}
	if facts != nil {
		set += ", #facts = :facts"
		u.values[":facts"] = facts
	}
	next, from := env.RollbackWaiter, "#rollbackWaiter"
	if next == nil {
		next, from = env.Waiter, "#waiter"
		u.condition += " AND attribute_not_exists(#rollbackWaiter)"
	}
	if next == nil {
		u.condition += " AND attribute_not_exists(#waiter)"
		u.set = set + " REMOVE #owner, #rollout, #kind, #number, #token, #locked"
		return u
	}
	u.condition += " AND " + from + ".#token = :token"
	u.set = set + ", #owner = :owner, #rollout = :rollout, #kind = :kind, #number = :next, #locked = :entered, #granted = :grant" +
		" REMOVE " + from + ", #token"
	u.values[":token"] = next.Token
	u.values[":owner"] = next.Execution
	u.values[":rollout"] = next.Rollout
	u.values[":kind"] = next.Kind
	u.values[":next"] = next.Number
	u.values[":entered"] = next.Entered
	u.values[":grant"] = Grant{From: c.Execution, Token: next.Token}
	return u
}

// TakeOver makes successor the owner in place of a dead execution and raises the
// fence. It reports whether the dead one still owned the environment under that
// fence, and gives the item as it is now.
func (s *Store) TakeOver(ctx context.Context, place Place, dead, successor string, fence int) (bool, Environment, error) {
	held, it, err := s.apply(ctx, update{
		key:       place.key(),
		set:       "SET #owner = :successor, #fence = #fence + :one REMOVE #token",
		condition: "#owner = :dead AND #fence = :fence AND attribute_not_exists(#dirty)",
		values:    map[string]any{":dead": dead, ":successor": successor, ":fence": fence, ":one": 1},
	})
	if err != nil {
		return false, Environment{}, err
	}
	env, err := decode(it, place)
	return held, env, err
}

// Forget drops the facts of a free environment, if they are still these. It
// reports whether it did.
func (s *Store) Forget(ctx context.Context, place Place, facts Facts) (bool, error) {
	held, _, err := s.apply(ctx, update{
		key:       place.key(),
		set:       "REMOVE #facts",
		condition: "attribute_not_exists(#owner) AND attribute_not_exists(#dirty) AND #facts.#release = :release",
		values:    map[string]any{":release": facts.Release},
	})
	return held, err
}

// lockLost says that somebody else owns the environment.
func lockLost(c Claim, env Environment) error {
	if env.Owner == "" {
		return rollout.Errorf(rollout.KindLockLost, "%s does not own %s any more; nobody does", c.Execution, c.Place)
	}
	return rollout.Errorf(rollout.KindLockLost, "%s does not own %s any more; %s does", c.Execution, c.Place, env.Owner)
}
