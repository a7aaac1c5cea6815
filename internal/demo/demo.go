// Package demo shows Sluice's main job on a local cloud: a good version rolled out,
// and a bad one taken back, under load, with the alarms of the traffic that really
// flowed. The app's tasks are real processes, and the load goes through a real
// port.
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
	Speed   float64 // of the cloud's clock, in seconds a second
	Port    int     // of the cloud's endpoint; 0 is a free one
	Plain   bool    // lines instead of a live screen
	Keep    bool    // the cloud goes on until the context ends
	Started time.Time
	Out     io.Writer
	Log     *slog.Logger // of Sluice's functions
}

// loadRate is how many requests a second the demo sends, by the wall clock.
const loadRate = 200

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
	e, err := open(ctx, o)
	if err == nil {
		defer e.close()
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return err
	}
	server, err := localcloud.Serve(ctx, e.Cloud.Cloud, o.Port)
	if err != nil {
		return err
	}
	defer server.Close()
	w := newWatcher(e)
	report, err := e.follow(ctx, w, o)
	if err != nil {
		return err
	}
	writeReport(o.Out, report)
	if o.Keep {
		if err := e.keep(ctx, o, server, w); err != nil {
			return err
		}
	}
	if !report.OK() {
		return ErrFailed
	}
	return nil
}

// follow plays the scenarios and shows them.
func (e *environment) follow(ctx context.Context, w *watcher, o Options) (report Report, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	shown := newFace(o, cancel)
	defer func() { err = errors.Join(err, shown.close()) }()
	watching, stop := context.WithCancel(ctx)
	var watch sync.WaitGroup
	var failed error
	watch.Go(func() {
		if failed = e.watch(watching, w, shown); failed != nil {
			cancel()
		}
	})
	report, err = e.scenarios(ctx)
	stop()
	watch.Wait()
	switch {
	case failed != nil:
		return report, failed
	case ctx.Err() != nil: // whatever came of that
		return report, ctx.Err()
	case err != nil:
		return report, err
	}
	s, news, err := w.look(ctx) // what has happened since the last look
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

// watch shows how things are until the context ends.
func (e *environment) watch(ctx context.Context, w *watcher, screen face) error {
	ticker := time.NewTicker(looked)
	defer ticker.Stop()
	for {
		s, news, err := w.look(ctx)
		if ctx.Err() != nil {
			return nil // it was told to end, and that cut its look off
		}
		if err != nil {
			return err
		}
		screen.show(s, news)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// scenarios plays the good version, then the bad one.
func (e *environment) scenarios(ctx context.Context) (Report, error) {
	r := Report{Speed: e.Speed()}
	e.say(fmt.Sprintf("the cloud's clock runs %g times as fast as yours; the app is at %s", e.Speed(), e.load.URL))
	if err := e.awaitFirst(ctx); err != nil {
		return r, err
	}
	r.FirstEvent = time.Since(e.started)
	e.say(fmt.Sprintf("1 of 2: a build of %s finishes, a good version", goodVersion))
	good, err := goodBuild()
	if err == nil {
		r.Good, err = e.play(ctx, good, &WebApp{Version: goodVersion, Latency: appLatency}, rollout.Succeeded)
	}
	if err != nil {
		return r, err
	}
	e.say(fmt.Sprintf("2 of 2: a build of %s finishes, a bad version: it answers %g percent of its requests with 500 "+
		"from second %g of its processes on, by your clock", badVersion, failShare*100, failAfter.Seconds()))
	begun := e.Now()
	bad, err := badBuild()
	if err == nil {
		r.Bad, err = e.play(ctx, bad, &WebApp{
			Version: badVersion, FailShare: failShare, FailAfter: failAfter, Latency: appLatency,
		}, rollout.RolledBack)
	}
	if err == nil && r.Bad.OK() {
		r.Return, err = e.measureReturn(begun, r.Bad.Weights.Want)
	}
	r.All, r.Elapsed, r.Memory = e.load.Counts(), time.Since(e.started), peakMemory()
	return r, err
}
