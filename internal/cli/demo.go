package cli

import (
	"context"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/sluice-deploy/sluice/internal/demo"
)

// DemoOptions are the options of `sluice demo`.
type DemoOptions struct {
	Process

	Plain bool
	Keep  bool
	Speed float64
	Port  int
}

// NewCmdDemo makes `sluice demo`. The work is done by run.
func NewCmdDemo(p Process, run func(context.Context, *DemoOptions) error) *cobra.Command {
	o := &DemoOptions{Process: p}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show a good release roll out and a bad one taken back, on a local cloud",
		Long: `Starts a local cloud with Sluice in it and an environment "production" of a small
web app: two slots, a load balancer on a real port, real processes, a steady load
and CloudWatch alarms on the traffic that really flows. Then

  1. a build of a good version finishes: it is rolled out over 10, 50 and 100 percent;
  2. a build of a version finishes that answers 8 percent of its requests with 500
     from the fourth second of its processes on: an alarm goes red and all traffic
     goes back.

AWS's own periods are kept (load balancer metrics once a minute, alarms, health
checks, bakes of minutes), on a clock that runs --speed times as fast as yours.

Exit status: 0 if both ended as they should, 1 if not, 2 for a wrong command line,
130 after Ctrl-C.`,
		Example: `  sluice demo                    # watch it
  sluice demo --plain            # one line for each happening, for scripts and CI
  sluice demo --keep             # leave the cloud running for the aws CLI
  sluice demo --speed 5          # a slower clock, for a slow machine`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkSpeed(o.Speed); err != nil {
				return err
			}
			if err := checkPort(o.Port); err != nil {
				return err
			}
			return run(cmd.Context(), o)
		},
	}
	cmd.Flags().BoolVar(&o.Plain, "plain", false, "print lines; so it does by itself where there is no terminal")
	cmd.Flags().BoolVar(&o.Keep, "keep", false, "leave the local cloud running until Ctrl-C")
	cmd.Flags().Float64Var(&o.Speed, "speed", 10, "how many times as fast as yours the cloud's clock runs")
	cmd.Flags().IntVar(&o.Port, "port", 0, "port of the cloud's endpoint; 0 is a free one")
	return cmd
}

func runDemo(ctx context.Context, o *DemoOptions) error {
	plain := o.Plain || !isTerminal(o.Out)
	log := slog.New(slog.DiscardHandler)
	if plain {
		log = slog.New(slog.NewTextHandler(o.Err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	return demo.Run(ctx, demo.Options{
		Speed: o.Speed, Port: o.Port, Plain: plain, Keep: o.Keep, Started: o.Started, Out: o.Out, Log: log,
	})
}
