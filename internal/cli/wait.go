package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-deploy/sluice/internal/approvals"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// waitFlags say whether, and how long, a command waits for an outcome.
type waitFlags struct {
	wait    bool
	timeout time.Duration
}

func (w *waitFlags) addTo(cmd *cobra.Command, until string) {
	cmd.Flags().BoolVar(&w.wait, "wait", false, "wait "+until+"; the exit status says how it ended")
	cmd.Flags().DurationVar(&w.timeout, "timeout", 24*time.Hour, "how long --wait waits, by your clock; what goes on is not stopped")
}

// over reports whether the outcome of a deployment is known.
func over(g approvals.Deploying) bool {
	return g.State == store.Through || g.State == store.Halted && g.Environments[g.Stopped].Outcome != ""
}

// says is what there is to tell of a rollout, "" for nothing.
func says(r approvals.Rolling) string {
	switch {
	case r.Outcome != "" && r.Why != "":
		return fmt.Sprintf("%s: %s", r.Outcome, r.Why)
	case r.Outcome != "":
		return string(r.Outcome)
	case r.Approval != "":
		return fmt.Sprintf("waits for an approval: sluice approve %s", r.Rollout)
	case r.Phase == rollout.PhaseGate:
		return "is held by a freeze or by its windows: sluice freezes"
	case r.Phase == rollout.PhaseLock:
		return "waits for the rollout before it"
	default:
		return string(r.Phase)
	}
}

// news writes what is new of rollouts, each thing once.
type news struct {
	out  io.Writer
	told map[string]string
}

func (n *news) tell(name string, r approvals.Rolling) {
	text := says(r)
	if text == "" || n.told[name] == text {
		return
	}
	n.told[name] = text
	_, _ = fmt.Fprintf(n.out, "%s  %s\n", name, text) // nobody has to read it
}

// untilDeployed waits for the outcome of an order's deployment. What happens meanwhile is
// told on p.Err.
func (t *target) untilDeployed(ctx context.Context, p Process, app, order string, w waitFlags) (approvals.Deploying, error) {
	told := news{p.Err, map[string]string{}}
	var g approvals.Deploying
	err := t.look(ctx, w, func() (bool, error) {
		err := t.client().Get(ctx, "/deployments/"+app+"/"+url.PathEscape(order), &g)
		for _, name := range slices.Sorted(maps.Keys(g.Environments)) {
			told.tell(name, g.Environments[name])
		}
		return over(g), err
	})
	if err != nil {
		return g, err
	}
	if g.State == store.Through {
		return g, nil
	}
	return g, ended(g.Environments[g.Stopped].Outcome, "release %d of %s did not get through: %s", g.Release, g.App, g.Why)
}

// untilRolled waits for the outcome of a rollout.
func (t *target) untilRolled(ctx context.Context, p Process, name string, w waitFlags) (approvals.Rolling, error) {
	told := news{p.Err, map[string]string{}}
	var r approvals.Rolling
	err := t.look(ctx, w, func() (bool, error) {
		err := t.client().Get(ctx, "/rollouts/"+name, &r)
		told.tell(name, r)
		return r.Outcome != "", err
	})
	if err != nil || r.Outcome == rollout.Succeeded {
		return r, err
	}
	return r, ended(r.Outcome, "%s ended %s: %s", name, r.Outcome, r.Why)
}

// look looks again and again until there is an end, or the time is over. A moment in
// which the installation cannot be reached ends nothing.
func (t *target) look(ctx context.Context, w waitFlags, over func() (bool, error)) error {
	for until := time.Now().Add(w.timeout); ; {
		done, err := over()
		passing := rollout.KindOf(err) == rollout.KindUnavailable
		switch {
		case err != nil && !passing:
			return err
		case err == nil && done:
			return nil
		case time.Now().After(until):
			return &statusError{exitTimedOut, fmt.Errorf("not over after %v; it goes on: see `sluice status`", w.timeout)}
		}
		if err := t.pause(ctx); err != nil {
			return err
		}
	}
}

// ended is the error of an outcome that is no success, with its exit status.
func ended(outcome rollout.Outcome, format string, args ...any) error {
	status := exitFailed
	switch outcome {
	case rollout.RolledBack:
		status = exitRolledBack
	case rollout.Rejected:
		status = exitRejected
	case rollout.Superseded:
		status = exitSuperseded
	case rollout.Refused:
		status = exitRefused
	case rollout.Dirty:
		status = exitDirty
	case rollout.Succeeded:
	}
	return &statusError{status, fmt.Errorf(format, args...)}
}
