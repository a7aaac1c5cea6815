package store

import (
	"context"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// freezes is the key under which all freezes are; there are few.
const freezes = "freezes"

// freezeItem is a freeze as the table holds it.
type freezeItem struct {
	Freeze  rollout.Freeze `dynamodbav:"freeze"`
	Expires int64          `dynamodbav:"expires"`
}

// freezeKey is that of the one freeze of a scope.
func freezeKey(app, environment string) key {
	return key{freezes, "scope#" + app + "#" + environment}
}

// PutFreeze freezes an app, one of its environments, or with "" every app, in place of a
// freeze of the same scope.
func (s *Store) PutFreeze(ctx context.Context, f rollout.Freeze) error {
	return s.put(ctx, freezeKey(f.App, f.Environment), freezeItem{f, f.Until.Unix()})
}

// Freeze reads the freeze of exactly that scope, and reports whether there is one.
func (s *Store) Freeze(ctx context.Context, app, environment string) (rollout.Freeze, bool, error) {
	var it freezeItem
	found, err := s.get(ctx, freezeKey(app, environment), &it)
	return it.Freeze, found, err
}

// Freezes reads those that are not over.
func (s *Store) Freezes(ctx context.Context, now time.Time) ([]rollout.Freeze, error) {
	var all []rollout.Freeze
	err := s.query(ctx, freezes, "scope#", func(it item) error {
		var one freezeItem
		if err := unmarshal(it, &one); err != nil {
			return err
		}
		if now.Before(one.Freeze.Until) {
			all = append(all, one.Freeze)
		}
		return nil
	})
	return all, err
}

// Hold keeps the claim's token at the gate before an environment, over an older rollout's
// or an older token of its own. It reports whether it is there, and gives the environment
// as it was before, or as it is.
func (s *Store) Hold(ctx context.Context, c Claim, t Token) (held bool, before Environment, err error) {
	if before, err = s.Environment(ctx, c.Place); err != nil {
		return false, before, err
	}
	w := Waiter{
		Execution: c.Execution, Rollout: c.Rollout, Kind: c.Kind, Number: c.Number, Token: t.Token, Entered: t.Entered, Retry: t.Retry,
	}
	held, it, err := s.apply(ctx, update{
		key: c.Place.key(),
		set: "SET #held = :held, #app = :app, #environment = :environment",
		condition: "attribute_not_exists(#held) OR #held.#number < :number OR " +
			"(#held.#execution = :me AND (#held.#entered < :entered OR (#held.#entered = :entered AND #held.#retry <= :retry))) OR " +
			"(#held.#number = :number AND #held.#execution <> :me)",
		values: map[string]any{
			":held": w, ":number": c.Number, ":me": c.Execution, ":entered": t.Entered, ":retry": t.Retry,
			":app": c.Place.App, ":environment": c.Place.Environment,
		},
	})
	if err != nil || held {
		return held, before, err
	}
	before, err = decode(it, c.Place)
	return false, before, err
}

// Waits reports whether a rollout is kept outside of the environment: in its queue, or at
// its gate. What was held there stays written when it has passed.
func (e *Environment) Waits(name string) bool {
	return e.Waiter != nil && e.Waiter.Rollout == name || e.Held != nil && e.Held.Rollout == name
}
