package cli

import (
	"context"
	"time"

	"github.com/sluice-deploy/sluice/internal/approvals"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// Pauses between looks, by this machine's clock: a local cloud is asked more often,
// because it may run faster and nobody pays for it.
const (
	lookPause      = 3 * time.Second
	localLookPause = 200 * time.Millisecond
)

// pause waits for the next look.
func (t *target) pause(ctx context.Context) error {
	pause := lookPause
	if t.Local != "" {
		pause = localLookPause
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(pause):
		return nil
	}
}

// followTime is how long an order or a decision is waited for until Sluice has done it.
// Its function may be tried again when AWS is busy.
const followTime = 2 * time.Minute

// acted is how far Sluice is with what it took.
type acted struct {
	done, refused bool
	result        string
}

// untilActed reads an answer again and again until Sluice has acted on what it took:
// Refused, with why, where it did not do it.
func (t *target) untilActed(ctx context.Context, path string, answer any, now func() acted) error {
	for until := time.Now().Add(followTime); time.Now().Before(until); {
		err := t.client().Get(ctx, path, answer)
		switch {
		case err != nil && rollout.KindOf(err) != rollout.KindNotFound: // its event has not come yet
			return err
		case err == nil && now().refused:
			return rollout.Errorf(rollout.KindRefused, "%s", now().result)
		case err == nil && now().done:
			return nil
		}
		if err := t.pause(ctx); err != nil {
			return err
		}
	}
	why := "it may still be: look with `sluice status`, and into the dead letters (docs/runbook.md)"
	if now().result != "" {
		why = "it is tried again: " + now().result
	}
	return rollout.Errorf(rollout.KindUnavailable, "it was taken, and is not done after %v; %s", followTime, why)
}

// order places an order and waits until Sluice has followed it.
func (t *target) order(ctx context.Context, o approvals.Order) (store.Order, error) {
	var followed store.Order
	if err := t.client().Post(ctx, "/orders", o, &followed); err != nil {
		return followed, err
	}
	err := t.untilActed(ctx, "/orders/"+followed.ID, &followed, func() acted {
		return acted{followed.Done, followed.Refused, followed.Result}
	})
	return followed, err
}

// known is NotFound, with what may be meant, for an app or an environment that is not
// registered; "" is any. Whoever may not look is told by Sluice itself.
func (t *target) known(ctx context.Context, p Process, app, environment string) error {
	s, err := t.steps(p)
	if err != nil {
		return err
	}
	if environment == "" {
		_, err = findApp(ctx, s.Store, app)
	} else {
		_, _, err = findEnvironment(ctx, s.Store, app, environment)
	}
	if rollout.KindOf(err) == rollout.KindNotFound {
		return err
	}
	return nil
}
