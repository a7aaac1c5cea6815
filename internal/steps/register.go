package steps

import (
	"context"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// Register makes a spec the app's: its triggers, and, where an environment moved
// to other services or another rule, a new claim. Refused when an environment that
// moved is not free, its rollouts would have the names of another app's, or it needs
// Slack and Slack is not set up.
func (s *Steps) Register(ctx context.Context, spec rollout.Spec) error {
	if spec.NeedsSlack() && s.Slack == nil {
		return rollout.Errorf(rollout.KindRefused,
			"the spec of %s asks or tells people in Slack, and Sluice's stack has no SlackSecret; set it up (docs/slack.md), or name IAM approvers only",
			spec.App)
	}
	for _, env := range spec.Environments {
		if env.TaskDefinition.File != "" && env.TaskDefinition.Text == "" {
			return rollout.Errorf(rollout.KindRefused, "the spec of %s names %s and was registered without it; register it with `sluice apply`",
				spec.App, env.TaskDefinition.File)
		}
	}
	before, err := s.Store.App(ctx, spec.App)
	if err != nil && rollout.KindOf(err) != rollout.KindNotFound {
		return err
	}
	for _, env := range spec.Environments {
		if err := s.claimNames(ctx, spec.App, env.Name); err != nil {
			return err
		}
		if err := s.moveSite(ctx, store.Place{App: spec.App, Environment: env.Name}, env); err != nil {
			return err
		}
	}
	if err := s.Store.PutApp(ctx, spec); err != nil {
		return err
	}
	wanted := map[string]bool{}
	for _, trigger := range spec.Keys() {
		wanted[trigger] = true
		if err := s.Store.PutTrigger(ctx, trigger, spec.App); err != nil {
			return err
		}
	}
	for _, trigger := range before.Spec.Keys() {
		if !wanted[trigger] {
			if err := s.Store.DropTrigger(ctx, trigger, spec.App); err != nil {
				return err
			}
		}
	}
	return nil
}

// claimNames keeps two apps from giving rollouts the same names, as shop-eu with an
// environment production and shop with eu-production would.
func (s *Steps) claimNames(ctx context.Context, app, environment string) error {
	for _, kind := range []rollout.Kind{rollout.Forward, rollout.Back} {
		prefix := rollout.NamePrefix(kind, app, environment)
		holder, err := s.Store.ClaimName(ctx, prefix, app)
		if err != nil {
			return err
		}
		if holder != app {
			return rollout.Errorf(rollout.KindRefused,
				"rollouts of %s into %s would be named %s-1 and so on, which is what app %s has; name the app or the environment otherwise",
				app, environment, prefix, holder)
		}
	}
	return nil
}

// moveSite forgets where a free environment was, if the spec has moved it, so that
// its next rollout begins anew.
func (s *Steps) moveSite(ctx context.Context, place store.Place, spec rollout.Environment) error {
	env, err := s.Store.Environment(ctx, place)
	if err != nil || env.Facts == nil {
		return err
	}
	site := env.Facts.Site
	if !moved(site, spec) {
		return nil
	}
	forgotten, err := s.Store.Forget(ctx, place, *env.Facts)
	if err != nil {
		return err
	}
	if !forgotten {
		return rollout.Errorf(rollout.KindRefused,
			"%s moves to other services or another rule, and %s has it; wait for its end", place, env.Rollout)
	}
	return s.Store.ReleaseRule(ctx, site.Rule, place)
}

// moved reports whether a spec says that the environment is elsewhere.
func moved(site store.Site, spec rollout.Environment) bool {
	return site.Region != spec.Region || site.Role != spec.Role || site.Cluster != spec.Cluster || site.Services != spec.Slots ||
		spec.ListenerRule != "" && spec.ListenerRule != site.Rule ||
		spec.TargetGroups != (rollout.Names{}) && spec.TargetGroups != site.TargetGroups
}
