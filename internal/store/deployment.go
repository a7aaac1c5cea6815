package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Deployment is a release on its way through its environments.
type Deployment struct {
	App          string           `dynamodbav:"app"`
	Release      int              `dynamodbav:"release"`
	At           time.Time        `dynamodbav:"at"`
	Environments map[string]Stage `dynamodbav:"environments"` // all that the release's spec has
	Stopped      *Stop            `dynamodbav:"stopped,omitempty"`
}

// Stage is how far a deployment is in one environment.
type Stage struct {
	Rollout   string          `dynamodbav:"rollout"`
	Wave      int             `dynamodbav:"wave"`
	Committed *time.Time      `dynamodbav:"committed,omitempty"`
	Halted    string          `dynamodbav:"halted,omitempty"` // why later waves must not go on
	Outcome   rollout.Outcome `dynamodbav:"outcome,omitempty"`
	Reason    string          `dynamodbav:"reason,omitempty"` // of the outcome
	EndedAt   *time.Time      `dynamodbav:"endedAt,omitempty"`
}

// Stop is the first environment at which a deployment did not go on, and why.
type Stop struct {
	Environment string    `dynamodbav:"environment"`
	Why         string    `dynamodbav:"why"`
	At          time.Time `dynamodbav:"at"`
}

// Halted says which environment of an earlier wave keeps a wave from going on, and
// why; "" if none does.
func (d *Deployment) Halted(wave int) (environment, why string) {
	for name, stage := range d.Environments {
		if stage.Halted != "" && stage.Wave < wave && (environment == "" || name < environment) {
			environment, why = name, stage.Halted
		}
	}
	return environment, why
}

// Through reports whether all environments of the wave, and of those before it,
// have committed and none has halted the deployment.
func (d *Deployment) Through(wave int) bool {
	for _, stage := range d.Environments {
		if stage.Wave <= wave && (stage.Committed == nil || stage.Halted != "") {
			return false
		}
	}
	return true
}

// Over reports whether the outcome of a deployment is decided: it has stopped in an
// environment whose rollout has come to its end, or all its rollouts have succeeded,
// guards included.
func (d *Deployment) Over() bool {
	if d.Stopped != nil {
		return d.Environments[d.Stopped.Environment].Outcome != ""
	}
	for _, stage := range d.Environments {
		if stage.Outcome != rollout.Succeeded {
			return false
		}
	}
	return true
}

func deploymentKey(app string, release int) key {
	return key{"app#" + app, fmt.Sprintf("deployment#%09d", release)}
}

// PutDeployment records a deployment if it is not recorded yet.
func (s *Store) PutDeployment(ctx context.Context, d Deployment) error {
	_, err := s.putNew(ctx, deploymentKey(d.App, d.Release), d)
	return err
}

// Deployment reads a release's deployment. NotFound if there is none.
func (s *Store) Deployment(ctx context.Context, app string, release int) (Deployment, error) {
	var d Deployment
	found, err := s.get(ctx, deploymentKey(app, release), &d)
	if err == nil && !found {
		err = rollout.Errorf(rollout.KindNotFound, "release %d of %s has no deployment", release, app)
	}
	return d, err
}

// DeploymentOf reads the deployment of what an app was released for, by the cause's
// key. NotFound if nothing came of it, or not yet.
func (s *Store) DeploymentOf(ctx context.Context, app, cause string) (Deployment, error) {
	var known numberItem
	found, err := s.get(ctx, causeKey(app, cause), &known)
	if err == nil && !found {
		err = rollout.Errorf(rollout.KindNotFound, "app %s has no release for %s", app, cause)
	}
	if err != nil {
		return Deployment{}, err
	}
	return s.Deployment(ctx, app, known.Number)
}

// The states of a deployment.
const (
	Going   = "going"
	Through = "succeeded"
	Halted  = "stopped"
)

// State is how the deployment stands, and where it has stopped, why and in which
// environment. It is through when every environment's rollout has ended well.
func (d *Deployment) State() (state, why, stopped string) {
	if d.Stopped != nil {
		return Halted, d.Stopped.Environment + ": " + d.Stopped.Why, d.Stopped.Environment
	}
	state = Through
	for _, name := range slices.Sorted(maps.Keys(d.Environments)) {
		switch stage := d.Environments[name]; stage.Outcome { //nolint:exhaustive // the others are all no success
		case rollout.Succeeded:
		case "":
			state = Going
		default:
			return Halted, name + ": " + string(stage.Outcome) + ": " + stage.Reason, name
		}
	}
	return state, "", ""
}

// SetCommitted notes that a deployment's rollout has committed in an environment,
// and gives the deployment as it is then. Of several that commit at once, the last
// sees the others.
func (s *Store) SetCommitted(ctx context.Context, place Place, release int, at time.Time) (Deployment, error) {
	return s.onStage(ctx, place, release, update{
		set:       "SET #environments.#here.#committed = if_not_exists(#environments.#here.#committed, :at)",
		condition: "attribute_exists(#environments.#here)",
		values:    map[string]any{":at": at},
	})
}

// SetEnded notes how a deployment's rollout ended in an environment, once.
func (s *Store) SetEnded(ctx context.Context, place Place, release int, outcome rollout.Outcome, reason string, at time.Time) (Deployment, error) {
	return s.onStage(ctx, place, release, update{
		set: "SET #environments.#here.#outcome = :outcome, #environments.#here.#reason = :reason, " +
			"#environments.#here.#endedAt = :at",
		condition: "attribute_exists(#environments.#here) AND attribute_not_exists(#environments.#here.#outcome)",
		values:    map[string]any{":outcome": outcome, ":reason": reason, ":at": at},
	})
}

// Halt keeps later waves of a deployment from going on, and why. The first reason
// counts.
func (s *Store) Halt(ctx context.Context, place Place, release int, why string, at time.Time) (Deployment, error) {
	return s.onStage(ctx, place, release, update{
		set:       "SET #environments.#here.#halted = :why, #stopped = if_not_exists(#stopped, :stop)",
		condition: "attribute_exists(#environments.#here) AND attribute_not_exists(#environments.#here.#halted)",
		values: map[string]any{
			":why": why, ":stop": Stop{Environment: place.Environment, Why: why, At: at},
		},
	})
}

// onStage runs an update of one environment of a deployment, and gives the
// deployment as it is then, whether the condition held or not.
func (s *Store) onStage(ctx context.Context, place Place, release int, u update) (Deployment, error) {
	u.key = deploymentKey(place.App, release)
	u.names = map[string]string{"#here": place.Environment}
	_, it, err := s.apply(ctx, u)
	var d Deployment
	switch {
	case err != nil:
		return d, err
	case it == nil:
		return d, rollout.Errorf(rollout.KindNotFound, "release %d of %s has no deployment", release, place.App)
	}
	return d, unmarshal(it, &d)
}
