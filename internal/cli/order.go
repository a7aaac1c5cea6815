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

// order places an order and waits until Sluice has followed it: Refused, with why, where
// it did not.
func (t *target) order(ctx context.Context, o approvals.Order) (store.Order, error) {
	var placed struct {
		ID string `json:"id"`
	}
	if err := t.client().Post(ctx, "/orders", o, &placed); err != nil {
		return store.Order{}, err
	}
	for until := time.Now().Add(followTime); time.Now().Before(until); {
		var followed store.Order
		err := t.client().Get(ctx, "/orders/"+placed.ID, &followed)
		switch {
		case err != nil && rollout.KindOf(err) != rollout.KindNotFound: // its event has not come yet
			return followed, err
		case err == nil && followed.Refused:
			return followed, rollout.Errorf(rollout.KindRefused, "%s", followed.Result)
		case err == nil && followed.Done:
			return followed, nil
		}
		if err := t.pause(ctx); err != nil {
			return followed, err
		}
	}
	return store.Order{}, rollout.Errorf(rollout.KindUnavailable,
		"order %s was taken and is not done after %v; it may still be: look with `sluice status`, and into the dead letters (docs/runbook.md)",
		placed.ID, followTime)
}
