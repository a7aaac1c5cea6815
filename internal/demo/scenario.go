package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// plan is what a scenario is to be.
type plan struct {
	build       build
	app         *WebApp
	want        rollout.Outcome // of the rollout into production, once it is approved
	authorTries bool            // to approve it
}

// Scenario is how one of the two went.
type Scenario struct {
	Staging  string // the rollout into staging
	Rollout  string // the rollout into production
	Version  string // that they brought in
	Staged   rollout.Outcome
	Question Question
	Want     rollout.Outcome // how the rollout into production should end
	Got      rollout.Outcome
	Reason   string
	Weights  struct{ Want, Got rollout.Weights } // of production's rule at the end
	Early    string                              // what production's rollout did before it was approved; "" as it should be
	Traffic  Counts                              // of production, from the event to the end
	Took     time.Duration                       // of the cloud's time
}

// wrong is what should not have been so, in sentences.
func (s Scenario) wrong() []string {
	var all []string
	note := func(format string, args ...any) { all = append(all, fmt.Sprintf(s.Version+": "+format, args...)) }
	if s.Staged != rollout.Succeeded {
		note("the rollout into staging ended %q, want %s", s.Staged, rollout.Succeeded)
	}
	if s.Got != s.Want {
		note("the rollout into production ended %q, want %s: %s", s.Got, s.Want, s.Reason)
	}
	if s.Weights.Got != s.Weights.Want {
		note("production's weights are %s, want %s", s.Weights.Got, s.Weights.Want)
	}
	if s.Early != "" {
		note("production began before it was approved: %s", s.Early)
	}
	return append(all, s.Question.wrong(s.Version)...)
}

// patience is how long a rollout of the demo may take, on the cloud's clock: well
// above all its waits but the one for people.
const patience = 30 * time.Minute

// play has a build finish, has somebody approve it once it has gone through staging,
// and waits until its rollout into production has ended.
func (w *world) play(ctx context.Context, p plan) (Scenario, error) {
	s := Scenario{Version: p.app.Version, Want: p.want}
	before, err := w.weights(ctx, w.production)
	if err != nil {
		return s, err
	}
	counts, begun := w.production.load.Counts(), w.Now()
	release, err := w.finish(ctx, p.build, p.app)
	if err != nil {
		return s, err
	}
	s.Staging, s.Rollout = release.Name(stagingName), release.Name(productionName)
	if err := w.pass(ctx, &s, p.authorTries); err != nil {
		return s, err
	}
	s.Traffic, s.Took = w.production.load.Counts().Since(counts), w.Now().Sub(begun)
	s.Weights.Want = before
	if s.Want == rollout.Succeeded {
		s.Weights.Want = rollout.Weights{Blue: before.Green, Green: before.Blue}
	}
	s.Weights.Got, err = w.weights(ctx, w.production)
	return s, err
}

// pass takes a release through the question and to the end of production. What stops
// in staging comes no further.
func (w *world) pass(ctx context.Context, s *Scenario, authorTries bool) error {
	asked, err := w.awaitQuestion(ctx, s)
	if err != nil || asked == "" {
		return err
	}
	if err := w.answer(ctx, &s.Question, asked, authorTries); err != nil {
		return err
	}
	if s.Question.Standing == rollout.Refusal { // people said no, or nothing
		s.Want = rollout.Rejected
	}
	record, err := w.awaitEnd(ctx, s.Rollout)
	if err != nil {
		return err
	}
	s.Got, s.Reason = record.Outcome, record.Reason
	if record, err = w.awaitEnd(ctx, s.Staging); err != nil {
		return err
	}
	s.Staged = record.Outcome
	s.Early, err = w.early(ctx, s.Rollout, s.Question.answered)
	return err
}

// awaitEnd waits until people were told how a rollout ended.
func (w *world) awaitEnd(ctx context.Context, name string) (store.Record, error) {
	begun := w.Now()
	var record store.Record
	return record, until(ctx, func() (bool, error) {
		var err error
		if record, err = w.Steps.Store.Record(ctx, name); err != nil || record.Told {
			return err == nil, err
		}
		if w.Now().Sub(begun) > patience {
			return false, fmt.Errorf("rollout %s has not ended after %v of the cloud's time", name, patience)
		}
		return false, nil
	})
}

// early is the first thing that a rollout did before a moment, beside asking; "" if
// it did nothing.
func (w *world) early(ctx context.Context, name string, moment time.Time) (string, error) {
	decisions, err := w.Steps.Store.Decisions(ctx, name)
	if err != nil {
		return "", err
	}
	return before(decisions, moment), nil
}

// before is the first thing but asking that was done before a moment.
func before(decisions []store.Decision, moment time.Time) string {
	for _, d := range decisions {
		if d.Of != store.DecidedApproval && d.Phase != rollout.PhaseApprove && d.At.Before(moment) {
			return fmt.Sprintf("%s at %s", d.Phase, d.At.Format(clock))
		}
	}
	return ""
}
