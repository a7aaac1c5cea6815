package localcloud

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/live"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/harness"
)

// Options say what local cloud is started.
type Options struct {
	Speed    float64 // of its clock, in seconds a second
	Programs map[string]live.Program
	Advice   string    // about an image without a program
	Output   io.Writer // of the programs; nil throws it away
	Log      *slog.Logger
	// Provision is how long a task takes until its containers start; 0 is the ECS
	// emulation's own.
	Provision time.Duration
}

// Cloud is a local cloud with Sluice in it, whose tasks are processes, and a few
// people in its stand-in for Slack.
type Cloud struct {
	*harness.Harness

	Host *live.Host

	loop    *loop.Loop
	stop    context.CancelFunc
	running sync.WaitGroup
}

// Start starts a local cloud. Close ends it, also when the context has ended: what
// waits for the cloud until then hears back.
func Start(ctx context.Context, o Options) (*Cloud, error) {
	l := loop.NewLive(o.Speed)
	c := &Cloud{
		loop: l,
		Host: live.New(l, live.Options{
			Programs: o.Programs, Advice: o.Advice, Output: o.Output,
			Seed: uint64(l.Now().UnixNano()), //nolint:gosec // any number will do
		}),
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	c.stop = stop
	c.running.Go(func() { _ = l.Run(running) }) // it ends with its context
	var err error
	if c.Harness, err = harness.New(l, harness.Options{ //nolint:contextcheck // it has none: the cloud answers at once
		Cloud: emulator.Options{Runner: c.Host, Traffic: c.Host, RequestTimeout: awsclient.CallTimeout, ProvisionTime: o.Provision},
		Slack: workspace(o.Speed),
		Log:   o.Log,
	}); err != nil {
		c.Close()
		return nil, err
	}
	l.Do(func() {
		c.Host.Observe = c.ELBv2.Observe
		invite(c.Slack)
	})
	return c, nil
}

// Close ends the cloud and every process of it.
func (c *Cloud) Close() {
	c.stop()
	c.running.Wait()
	c.Host.Close()
	c.loop.Close()
}
