package localcloud

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/live"
	"github.com/sluice-deploy/sluice/internal/emulator/live/sandbox"
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
	// Packages is the folder with the functions' deployment packages, as BuildFunctions
	// makes them for this machine: each invocation runs one as a process, which needs
	// Speed 1. "" has them called in this process.
	Packages string
	// Provision is how long a task takes until its containers start; 0 is the ECS
	// emulation's own.
	Provision time.Duration
	// Folder, if not nil, is where the cloud goes on from what was kept (see Cloud.Keep).
	Folder *Folder
}

// Cloud is a local cloud with Sluice in it, whose tasks are processes, and a few
// people in its stand-in for Slack.
type Cloud struct {
	*harness.Harness

	Host *live.Host
	// Logs are what the functions have printed, where they are processes.
	Logs *sandbox.Logs

	functions *sandbox.Host // nil where they are called in this process

	keeping *keeping // nil while it is not kept

	loop    *loop.Loop
	stop    context.CancelFunc
	running sync.WaitGroup
	log     *slog.Logger
}

// Start starts a local cloud. Close ends it, also when the context has ended: what
// waits for the cloud until then hears back.
func Start(ctx context.Context, o Options) (*Cloud, error) {
	l := loop.NewLive(o.Speed)
	c := &Cloud{
		loop: l, Logs: new(sandbox.Logs), log: o.Log,
		Host: live.New(l, live.Options{
			Programs: o.Programs, Advice: o.Advice, Output: o.Output,
			Seed: uint64(l.Now().UnixNano()), //nolint:gosec // any number will do
		}),
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	c.stop = stop
	c.running.Go(func() { _ = l.Run(running) }) // it ends with its context
	if err := c.install(o); err != nil {        //nolint:contextcheck // it has none: the cloud answers at once
		c.Close()
		return nil, err
	}
	return c, nil
}

// install makes the cloud and Sluice in it.
func (c *Cloud) install(o Options) error {
	options := harness.Options{
		Cloud: emulator.Options{Runner: c.Host, Traffic: c.Host, RequestTimeout: awsclient.CallTimeout, ProvisionTime: o.Provision},
		Slack: workspace(o.Speed),
		Log:   o.Log,
	}
	var err error
	if o.Folder != nil {
		if options.Kept, err = o.Folder.kept(time.Now(), o.Packages != ""); err != nil {
			return err
		}
	}
	if o.Packages != "" {
		c.Logs.Tell = warn(o.Log)
		if c.functions, err = sandbox.New(c.loop, c.Logs); err != nil {
			return err
		}
		options.Cloud.Package = c.functions.Package
		options.Function = c.packed(o.Packages)
	}
	options.Made = c.made
	c.Harness, err = harness.New(c.loop, options)
	switch {
	case err != nil && options.Kept != nil:
		return o.Folder.refused(err)
	case err == nil && options.Kept == nil:
		c.Do(func() { invite(c.Slack) })
	}
	return err
}

// made joins the cloud to what is around it, before anything happens in it.
func (c *Cloud) made(made *emulator.Cloud) {
	made.Do(func() { c.Host.Observe = made.Flowed })
	if c.functions != nil {
		c.show(made)
	}
}

// show shows functions that are processes the cloud.
func (c *Cloud) show(made *emulator.Cloud) {
	c.functions.Serve(sandbox.World{
		Handler: made.Handler(), Knows: made.Web.Knows,
		Config: func(function string) aws.Config { return made.Config(made.Lambda.AccessKey(function)) },
	})
}

// packed gives the code of functions from their packages in a folder.
func (c *Cloud) packed(folder string) func(name string) (lambda.Code, error) {
	return func(name string) (lambda.Code, error) {
		pack, err := os.ReadFile(filepath.Join(folder, name+".zip")) //nolint:gosec // the caller's folder
		if err != nil {
			return lambda.Code{}, fmt.Errorf("read the package of function %s: %w", name, err)
		}
		code, err := c.functions.Package(pack)
		code.Zip = nil // the next process brings its own
		return code, err
	}
}

// warn passes on what functions print, but what is known to be no warning.
func warn(log *slog.Logger) func(sandbox.Line) {
	return func(l sandbox.Line) {
		var record struct {
			Level slog.Level `json:"level"`
		}
		if json.Unmarshal([]byte(l.Text), &record) == nil && record.Level < slog.LevelWarn {
			return
		}
		log.Warn("a function printed", slog.String("function", l.Function), slog.String("version", l.Version), slog.String("text", l.Text))
	}
}

// Close ends the cloud and every process of it. If it is kept, functions that run may
// first come to an end.
func (c *Cloud) Close() {
	if c.keeping != nil {
		c.keeping.end()
	}
	c.stop()
	c.running.Wait()
	if c.functions != nil {
		c.functions.Close()
	}
	c.Host.Close()
	c.loop.Close()
}
