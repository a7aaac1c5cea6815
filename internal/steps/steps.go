// Package steps is the work behind each state of the machine, one file a state,
// and behind the events that wake it. A step loads what it needs by name, does one
// thing, and can be repeated: whatever it finds done, it leaves as it is.
//
// Errors are *rollout.Error; their kinds are the names that the machine catches.
package steps

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/sluice-deploy/sluice/internal/alarms"
	"github.com/sluice-deploy/sluice/internal/autoscaling"
	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/ecsservice"
	"github.com/sluice-deploy/sluice/internal/images"
	"github.com/sluice-deploy/sluice/internal/notify"
	"github.com/sluice-deploy/sluice/internal/pipelines"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/slack"
	"github.com/sluice-deploy/sluice/internal/store"
	"github.com/sluice-deploy/sluice/internal/traffic"
	"github.com/sluice-deploy/sluice/internal/waits"
)

// Spans of time that the machine and the deadman rest on.
const (
	// CanaryDeadline is how long the canary has to become healthy.
	CanaryDeadline = 30 * time.Minute
	// QueueDeadline is how long a rollout waits for the lock.
	QueueDeadline = 24 * time.Hour
	// Slack is how long after the end of a wait the deadman calls for recovery.
	Slack = 15 * time.Minute
)

// Steps does the work. All fields must be set.
type Steps struct {
	Store   *store.Store
	Reach   func(awsclient.Away) Reach
	Waker   waits.Waker
	Deadman waits.Deadman
	Teller  notify.Teller
	Keeper  images.Keeper
	SFN     *sfn.Client
	Machine string // ARN of the state machine
	Now     func() time.Time
	Log     *slog.Logger

	// People and programs that are asked and told. Answers and Notices have a
	// function try again later what could not be done.
	Slack     *slack.Client // nil where Slack is not set up
	Channels  Channels
	Pipelines func(region string) pipelines.Pipelines
	Answers   waits.Timer
	Notices   waits.Timer
}

// Reach is what steps work with in the account and Region of an environment.
type Reach struct {
	Services ecsservice.Services
	Traffic  traffic.Router
	Meter    traffic.Meter
	Alarms   alarms.Reader
	Scaling  autoscaling.Scaler
}

// in is the reach of an environment as a spec says it, and at that of one as a
// rollout found it.
func (s *Steps) in(spec rollout.Environment) Reach {
	return s.Reach(awsclient.Away{Region: spec.Region, Role: spec.Role})
}

func (s *Steps) at(site store.Site) Reach {
	return s.Reach(awsclient.Away{Region: site.Region, Role: site.Role})
}

// Run says for which rollout, and as which execution, a step works.
type Run struct {
	App         string `json:"app"`
	Environment string `json:"environment"`
	Rollout     string `json:"rollout"`
	Execution   string `json:"execution"` // ARN
	Format      int    `json:"format"`    // of what the machine sends, as the table's items have one
}

func (r Run) place() store.Place { return store.Place{App: r.App, Environment: r.Environment} }

// claim is the run's claim as far as it is known without the record: enough for
// moves of the owner that do not depend on its kind and number.
func (r Run) claim() store.Claim {
	return store.Claim{Place: r.place(), Execution: r.Execution, Rollout: r.Rollout}
}

// Wait is the token of a state that waits, and the moment that orders it.
type Wait struct {
	Token   string `json:"token"`
	Entered string `json:"entered"`
	Retry   int    `json:"retry"`
}

// since is when the state was entered, from where its timeout counts: a question that
// expires when it looks for the last time must not expire a moment later. Now, where
// that is not known.
func (w Wait) since(now time.Time) time.Time {
	if entered, err := time.Parse(time.RFC3339, w.Entered); err == nil && entered.Before(now) {
		return entered.UTC()
	}
	return now
}

// job is what the steps of an owner work on, and with.
type job struct {
	Reach

	claim   store.Claim
	record  store.Record
	release rollout.Release
	spec    rollout.Environment
	env     store.Environment
	snap    *store.Snapshot // nil before Prepare has made it
	read    []rollout.Alarm // that were asked, last
}

// load reads the record, the spec that the release was made with, and the
// environment, which the run must own.
func (s *Steps) load(ctx context.Context, run Run) (job, error) {
	var j job
	var err error
	if j.record, j.release, j.spec, err = s.about(ctx, run.Rollout); err != nil {
		return j, err
	}
	j.Reach, j.claim = s.in(j.spec), j.record.Claim(run.Execution)
	j.env, err = s.Store.Owned(ctx, j.claim)
	j.snap = j.env.SnapshotOf(run.Rollout)
	return j, err
}

// about reads a rollout's record, its release, and the environment's part of the
// spec that the release was made with.
func (s *Steps) about(ctx context.Context, name string) (store.Record, rollout.Release, rollout.Environment, error) {
	record, err := s.Store.Record(ctx, name)
	if err != nil {
		return record, rollout.Release{}, rollout.Environment{}, err
	}
	release, err := s.Store.Release(ctx, record.Place.App, record.Release)
	if err != nil {
		return record, release, rollout.Environment{}, err
	}
	spec, ok := release.Spec.Environment(record.Place.Environment)
	if !ok {
		err = rollout.Errorf(rollout.KindRefused, "the spec of release %d of %s has no environment %q",
			release.Number, record.Place.App, record.Place.Environment)
	}
	return record, release, spec, err
}

// loadMoving is load for a step after Prepare, which needs the snapshot.
func (s *Steps) loadMoving(ctx context.Context, run Run) (job, error) {
	j, err := s.load(ctx, run)
	if err == nil && j.snap == nil {
		err = rollout.Errorf(rollout.KindInternal, "rollout %s has no snapshot; Prepare has not been here", run.Rollout)
	}
	return j, err
}

// hold keeps the token of a waiting owner and moves the deadman behind the wait's
// end. It reports false for an attempt that Step Functions has given up.
func (s *Steps) hold(ctx context.Context, claim store.Claim, phase rollout.Phase, w Wait, span time.Duration) (bool, store.Environment, error) {
	until := s.Now().Add(span)
	current, env, err := s.Store.StoreToken(ctx, claim, store.Token{
		Token: w.Token, Phase: phase, Entered: w.Entered, Retry: w.Retry, Until: until,
	})
	if err != nil || !current {
		return false, env, err
	}
	return true, env, s.Deadman.Arm(ctx, claim.Rollout, until.Add(Slack))
}

// tell puts a notice of a rollout on the bus. One that has no time is of now; one
// that has is the same notice however often it is told.
func (s *Steps) tell(ctx context.Context, r store.Record, n notify.Notice) error {
	n.App, n.Environment, n.Rollout, n.Release = r.Place.App, r.Place.Environment, r.Name, r.Release
	if n.At.IsZero() {
		n.At = s.Now()
	}
	return s.Teller.Tell(ctx, n)
}

// mention is tell for what a rollout does not depend on: that it could not be told
// is logged, and the next notice brings what this one would have.
func (s *Steps) mention(ctx context.Context, r store.Record, n notify.Notice) {
	if err := s.tell(ctx, r, n); err != nil {
		s.Log.LogAttrs(ctx, slog.LevelWarn, "notice not told", slog.String("rollout", r.Name),
			slog.String("moment", string(n.Moment)), slog.String("error", err.Error()))
	}
}

// failWait ends the owner's wait, if it waits, with the error, and keeps why and what
// that rested on. The steps' own decisions are kept by their handler.
func (s *Steps) failWait(ctx context.Context, env *store.Environment, why error, inputs map[string]any) error {
	d := store.Decision{
		Rollout: env.Rollout, At: s.Now(), Of: stoppedBy(why), Kind: rollout.KindOf(why), What: why.Error(), Inputs: inputs,
	}
	if env.Token != nil {
		d.Phase = env.Token.Phase
		if err := s.Waker.FailWith(ctx, env.Token.Token, why); err != nil {
			return err
		}
	}
	if snap := env.SnapshotOf(env.Rollout); snap != nil {
		d.Keep = snap.Keep
		return s.Store.Decided(ctx, d)
	}
	var err error
	if d.Keep, err = s.keep(ctx, env.Rollout); err != nil {
		return err
	}
	return s.Store.Decided(ctx, d)
}

// stoppedBy is what the decision to stop a rollout is about.
func stoppedBy(why error) store.DecisionKind {
	switch rollout.KindOf(why) { //nolint:exhaustive // nothing else stops one
	case rollout.KindAlarmRed:
		return store.DecidedAlarm
	case rollout.KindAborted:
		return store.DecidedCommand
	default:
		return store.DecidedStep
	}
}

// concerned does work for every environment that events about the ARN concern. One
// environment's trouble does not keep the others from hearing of it.
func (s *Steps) concerned(ctx context.Context, arn string, work func(store.Place) error) error {
	places, err := s.Store.Watching(ctx, arn)
	if err != nil {
		return err
	}
	var errs []error
	for _, place := range places {
		if err := work(place); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", place, err))
		}
	}
	return errors.Join(errs...)
}
