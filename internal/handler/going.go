package handler

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/sluice-deploy/sluice/internal/approvals"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// goes tells of the deployment of an app's build.
func (d Decide) goes(ctx context.Context, which string) answer {
	app, escaped, _ := strings.Cut(which, "/")
	build, err := url.PathUnescape(escaped)
	if err != nil || app == "" || build == "" {
		return said(http.StatusBadRequest, "the path is /deployments/APP/BUILD")
	}
	deployment, err := d.Store.DeploymentOf(ctx, app, buildKey(build))
	switch {
	case rollout.KindOf(err) == rollout.KindNotFound:
		return said(http.StatusNotFound, "no deployment of build "+build+" of app "+app+" is known, or not yet")
	case err != nil:
		return d.failed(ctx, err)
	}
	out := approvals.Deploying{App: app, Release: deployment.Release, Environments: map[string]approvals.Rolling{}}
	out.State, out.Why, out.Stopped = deployment.State()
	for name, stage := range deployment.Environments {
		here, err := d.rolling(ctx, stage.Rollout)
		if err != nil && rollout.KindOf(err) != rollout.KindNotFound {
			return d.failed(ctx, err)
		}
		here.Rollout, here.Outcome, here.Why = stage.Rollout, stage.Outcome, stage.Reason // as the deployment knows them
		out.Environments[name] = here
	}
	return object(http.StatusOK, out)
}

// has tells which rollouts have to do with an environment.
func (d Decide) has(ctx context.Context, which string) answer {
	app, environment, _ := strings.Cut(which, "/")
	env, err := d.Store.Environment(ctx, store.Place{App: app, Environment: environment})
	if err != nil {
		return d.failed(ctx, err)
	}
	var out approvals.Having
	if env.Dirty != nil {
		out.Dirty = env.Dirty.Why
	}
	if env.Owner != "" {
		r, err := d.rolling(ctx, env.Rollout)
		if err != nil {
			return d.failed(ctx, err)
		}
		out.Owner = &r
	}
	if env.Asking != nil && env.Asking.Rollout != env.Rollout {
		r, err := d.rolling(ctx, env.Asking.Rollout)
		if err != nil {
			return d.failed(ctx, err)
		}
		if r.Approval != "" {
			out.Asking = &r
		}
	}
	return object(http.StatusOK, out)
}

// rolling tells of a rollout. NotFound if it has not begun.
func (d Decide) rolling(ctx context.Context, name string) (approvals.Rolling, error) {
	out := approvals.Rolling{Rollout: name}
	record, err := d.Store.Record(ctx, name)
	if err != nil {
		return out, err
	}
	if out.Outcome, out.Why = record.Outcome, record.Reason; out.Outcome != "" {
		return out, nil
	}
	env, err := d.Store.Environment(ctx, record.Place)
	switch {
	case err != nil:
		return out, err
	case env.Rollout == name && env.Token != nil:
		out.Phase = env.Token.Phase
	case env.Waiter != nil && env.Waiter.Rollout == name, env.RollbackWaiter != nil && env.RollbackWaiter.Rollout == name:
		out.Phase = rollout.PhaseLock
	case env.Held != nil && env.Held.Rollout == name && env.Rollout != name:
		out.Phase = rollout.PhaseGate
	}
	if record.Kind == rollout.Back {
		return out, nil
	}
	out.Approval, err = d.question(ctx, record)
	if out.Approval != "" && out.Phase == "" {
		out.Phase = rollout.PhaseApprove
	}
	return out, err
}

// question is the ID of the open question of a rollout, "" if there is none.
func (d Decide) question(ctx context.Context, record store.Record) (string, error) {
	release, err := d.Store.Release(ctx, record.Place.App, record.Release)
	if err != nil {
		return "", err
	}
	env, _ := release.Spec.Environment(record.Place.Environment)
	for step := rollout.BeforeAll; step < len(env.Steps); step++ {
		if step >= 0 && env.Steps[step].Approval == nil || step < 0 && env.Approval == nil {
			continue
		}
		a, err := d.Store.Approval(ctx, store.Binding{Rollout: record.Name, Step: step, Hash: release.Hash()}.ID())
		if err != nil && rollout.KindOf(err) != rollout.KindNotFound {
			return "", err
		}
		if err == nil && a.Standing == rollout.Open {
			return a.ID, nil
		}
	}
	return "", nil
}
