// Package demo shows Sluice's main job on a local cloud: a good version rolled out
// through staging, a question in Slack and production, and a bad one taken back,
// under load, with the alarms of the traffic that really flowed. The app's tasks are
// real processes, and the load goes through a real port. Only Slack and its people
// are pretended: what they press is signed and sent as Slack does.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/sluice-deploy/sluice/internal/localcloud"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Options say how the demo runs.
type Options struct {
	Speed float64 // of the cloud's clock, in seconds a second
	Port  int     // of the cloud's endpoint; 0 is a free one
	Plain bool    // lines instead of a live screen
	Keep  bool    // the cloud goes on until the context ends
	// Interactive leaves the answers to whoever opens the stand-in for Slack.
	Interactive bool
	// Processes has Sluice's functions run as processes of their deployment packages,
	// which needs Speed 1.
	Processes bool

	Started time.Time
	Out     io.Writer
	Log     *slog.Logger // of Sluice's functions
}

// looked is how often the timeline is brought up to date.
const looked = 200 * time.Millisecond

// ErrFailed says that a scenario did not end as it should.
var ErrFailed = errors.New("the demo did not end as it should")

// face shows the demo to people.
type face interface {
	// show brings the state and what has happened since.
	show(State, []Happening)
	// close ends a live screen, so that lines can follow.
	close() error
}

// Run runs the demo. ErrFailed if it ended otherwise than it should; the context's
// error if that ended first.
func Run(ctx context.Context, o Options) error {
	w, err := open(ctx, o)
	if err == nil {
		defer w.close()
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return err
	}
	server, err := localcloud.Serve(ctx, w.Cloud, o.Port)
	if err != nil {
		return err
	}
	defer server.Close()
	w.page = server.Page
	watching := newWatcher(w)
	report, err := w.follow(ctx, watching, o)
	if err != nil {
		return err
	}
	if o.Keep {
		report.Page = w.page
	}
	writeReport(o.Out, report)
	if o.Keep {
		if err := w.keep(ctx, o, server, watching); err != nil {
			return err
		}
	}
	if !report.OK() {
		return ErrFailed
	}
	return nil
}

// follow plays the scenarios and shows them.
func (w *world) follow(ctx context.Context, look *watcher, o Options) (report Report, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	shown := newFace(o, cancel)
	defer func() { err = errors.Join(err, shown.close()) }()
	stop := make(chan struct{})
	var watch sync.WaitGroup
	var failed error
	watch.Go(func() {
		if failed = look.follow(ctx, stop, shown); failed != nil {
			cancel()
		}
	})
	report, err = w.scenarios(ctx)
	close(stop)
	watch.Wait()
	switch {
	case failed != nil:
		return report, failed
	case ctx.Err() != nil: // whatever came of that
		return report, ctx.Err()
	case err != nil:
		return report, err
	}
	s, news, err := look.look(ctx) // what has happened since the last look
	if err == nil {
		shown.show(s, news)
	}
	return report, err
}

func newFace(o Options, stop context.CancelFunc) face {
	if o.Plain {
		return plain{o.Out}
	}
	return newScreen(o.Out, stop)
}

// scenarios plays the good version, then the bad one.
func (w *world) scenarios(ctx context.Context) (Report, error) {
	r := Report{Speed: w.Speed()}
	w.say(fmt.Sprintf("the cloud's clock runs %g times as fast as yours", w.Speed()), fmt.Sprintf("the app: %s, Slack: %s", w.production.load.URL, w.page))
	if w.processes {
		w.say("Sluice's functions are processes of their deployment packages", "")
	}
	if err := w.awaitFirsts(ctx); err != nil {
		return r, err
	}
	r.FirstEvent = time.Since(w.started)
	var err error
	if r.Good, err = w.good(ctx); err != nil {
		return r, err
	}
	begun := w.Now()
	if r.Bad, err = w.bad(ctx); err != nil {
		return r, err
	}
	if r.Bad.Got == rollout.RolledBack {
		if r.Return, err = w.measureReturn(begun, r.Bad.Weights.Want); err != nil {
			return r, err
		}
	}
	r.Slack, err = w.converse(ctx, r.Good, r.Bad)
	r.All, r.Elapsed, r.Memory = w.production.load.Counts(), time.Since(w.started), peakMemory()
	return r, err
}

// good plays the scenario of the good version, whose author tries to approve it.
func (w *world) good(ctx context.Context) (Scenario, error) {
	w.say(fmt.Sprintf("1 of 2: a build of %s finishes, a good version", goodVersion), "")
	b, err := goodBuild()
	if err != nil {
		return Scenario{}, err
	}
	return w.play(ctx, plan{
		build: b, app: &WebApp{Version: goodVersion, Latency: appLatency}, want: rollout.Succeeded, authorTries: true,
	})
}

// bad plays the scenario of the bad version.
func (w *world) bad(ctx context.Context) (Scenario, error) {
	w.say(fmt.Sprintf("2 of 2: a build of %s finishes, a bad version", badVersion), fmt.Sprintf(
		"%g percent of answers are 500 while a process gets more than %d requests a second; staging is too quiet for that",
		failShare*100, failAbove))
	b, err := badBuild()
	if err != nil {
		return Scenario{}, err
	}
	return w.play(ctx, plan{
		build: b, app: &WebApp{Version: badVersion, FailShare: failShare, FailAbove: failAbove, Latency: appLatency},
		want: rollout.RolledBack,
	})
}
