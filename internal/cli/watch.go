package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
	"github.com/sluice-deploy/sluice/internal/store"
	"github.com/sluice-deploy/sluice/internal/traffic"
)

// WatchOptions are the options of `sluice watch`.
type WatchOptions struct {
	Process

	App, Environment string
	Wait             waitFlags
	Output           outputFlag
	Target           targetFlags
}

// NewCmdWatch makes `sluice watch`. The work is done by run.
func NewCmdWatch(p Process, run func(context.Context, *WatchOptions) error) *cobra.Command {
	o := &WatchOptions{Process: p}
	cmd := &cobra.Command{
		Use:   "watch APP ENV",
		Short: "Watch a rollout until it has ended",
		Long: `Watches the rollout that has an environment, or waits for one to begin: weights,
requests and errors of each slot, alarms, what is decided, what is waited for and
until when. On a terminal it is a live picture, which q or Ctrl-C ends; elsewhere a
line for each thing that happens. The rollout does not depend on it.

Exit status: 0 when the rollout succeeded, 1 when it could not be watched, 2 for a
wrong command line, 3 when it was rolled back, 4 rejected, 5 superseded by a newer
release, 6 refused, 7 when it needs a person (dirty), 8 when --timeout was over, 130
when somebody ended the watching.`,
		Example: `  sluice watch shop production
  sluice watch shop production --timeout 1h
  sluice watch shop production --output json | jq .rule.now`,
		Args: appAndEnv,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.App, o.Environment = args[0], args[1]
			return run(cmd.Context(), o)
		},
	}
	cmd.Flags().DurationVar(&o.Wait.timeout, "timeout", 24*time.Hour, "how long it watches, by your clock; what goes on is not stopped")
	o.Output.addTo(cmd)
	o.Target.addTo(cmd)
	return cmd
}

func runWatch(ctx context.Context, o *WatchOptions) error {
	t, err := o.Target.find(ctx, o.Process)
	if err != nil {
		return err
	}
	s, err := t.steps(o.Process)
	if err != nil {
		return err
	}
	spec, env, err := findEnvironment(ctx, s.Store, o.App, o.Environment)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	screen := o.face(stop)
	w := watcher{steps: s, place: place{spec, env}}
	if w.before, err = newest(ctx, s.Store, w.at()); err != nil && rollout.KindOf(err) != rollout.KindNotFound {
		return err
	}
	var last sight
	err = t.look(ctx, o.Wait, func() (bool, error) {
		if err := t.onTime(ctx, s); err != nil {
			return false, err
		}
		seen, err := w.look(ctx)
		if err != nil {
			return false, err
		}
		last = seen
		screen.show(seen)
		return seen.over(), nil
	})
	if closed := screen.close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return o.end(last)
}

// end says how the rollout has ended.
func (o *WatchOptions) end(last sight) error {
	e := last.explanation
	if e.Outcome != rollout.Succeeded {
		return ended(e.Outcome, "%s ended %s: %s; see `sluice explain %s`", e.Rollout, e.Outcome, e.Reason, e.Rollout)
	}
	if o.Output == asJSON {
		return nil // its last line says so
	}
	_, err := fmt.Fprintf(o.Out, "%s succeeded after %s\n", e.Rollout, span(time.Duration(e.Seconds)*time.Second))
	return err
}

// sight is what was seen at a look.
type sight struct {
	standing    steps.Standing
	minutes     map[rollout.Slot][]traffic.Minute
	explanation *steps.Explanation // of the rollout that is followed; nil before there is one
	fresh       int                // how many of its decisions are new
}

// over reports whether the rollout that is followed has ended.
func (s sight) over() bool { return s.explanation != nil && s.explanation.Outcome != "" }

// news is what was decided since the last look.
func (s sight) news() []steps.Explained {
	if s.explanation == nil {
		return nil
	}
	return s.explanation.Decisions[len(s.explanation.Decisions)-s.fresh:]
}

// watcher looks at an environment again and again.
type watcher struct {
	steps    *steps.Steps
	place    place
	before   string // the newest rollout when it began to watch
	followed string // the rollout; "" before there is one
	told     int    // decisions of it
}

func (w *watcher) at() store.Place {
	return store.Place{App: w.place.spec.App, Environment: w.place.environment.Name}
}

// find is the rollout to follow: the first that is under way, or one that has begun and
// ended between two looks.
func (w *watcher) find(ctx context.Context, s steps.Standing) error {
	if len(s.Rollouts) > 0 {
		w.followed = s.Rollouts[0].Rollout
		return nil
	}
	name, err := newest(ctx, w.steps.Store, w.at())
	if rollout.KindOf(err) == rollout.KindNotFound {
		return nil
	}
	if name != w.before {
		w.followed = name
	}
	return err
}

// watchedMinutes is how far back the picture goes.
const watchedMinutes = 30

func (w *watcher) look(ctx context.Context) (sight, error) {
	var s sight
	var err error
	if s.standing, err = w.steps.Stands(ctx, w.place.spec, w.place.environment); err != nil {
		return s, err
	}
	if s.minutes, err = w.steps.Flows(ctx, w.place.environment, s.standing, watchedMinutes); err != nil {
		s.standing.Unread = append(s.standing.Unread, fmt.Sprintf("requests: %v", err))
	}
	if w.followed == "" {
		if err := w.find(ctx, s.standing); err != nil || w.followed == "" {
			return s, err
		}
	}
	e, err := w.steps.Explain(ctx, w.followed)
	if err != nil {
		return s, err
	}
	s.explanation, s.fresh = &e, len(e.Decisions)-w.told
	w.told = len(e.Decisions)
	return s, nil
}
