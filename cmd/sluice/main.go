// Command sluice runs Sluice on a local cloud: see `sluice --help`.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/sluice-deploy/sluice/internal/cli"
)

func main() { os.Exit(run(time.Now())) }

func run(started time.Time) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	return cli.Main(ctx, cli.Process{
		Args: os.Args[1:], Getenv: os.Getenv, In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Started: started,
	})
}
