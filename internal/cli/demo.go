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

	Plain       bool
	Keep        bool
	Interactive bool
	Speed       float64
	Port        int
	Lambda      string // goroutine or process
}

// NewCmdDemo makes `sluice demo`. The work is done by run.
func NewCmdDemo(p Process, run func(context.Context, *DemoOptions) error) *cobra.Command {
	o := &DemoOptions{Process: p}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show a good release roll out and a bad one taken back, on a local cloud",
		Long: `Starts a local cloud with Sluice in it and a small web app in two environments,
"staging" and "production": each with two slots, a load balancer on a real port, real
processes, a steady load and CloudWatch alarms on the traffic that really flows. Slack
is a stand-in, which is a page of the local cloud. Then

  1. a build of a good version finishes: it goes through staging; Sluice asks in
     #deploys whether it may go on; Dana, its author, presses Approve and is refused;
     Ada presses it; it is rolled out in production over 10, 50 and 100 percent;
  2. a build of a version finishes that answers 8 percent of its requests with 500
     while a process gets more than five a second: staging is too quiet for that, Ada
     approves, and at 10 percent in production an alarm goes red and all traffic goes
     back.

AWS's own periods are kept (load balancer metrics once a minute, alarms, health
checks, bakes of minutes), on a clock that runs --speed times as fast as yours. The
presses are the demo's, with --interactive they are yours: open the page that it
names. What you reject ends as Rejected, and that is then as it should be.

Sluice's own Lambda functions run as --lambda says: "goroutine" calls their code in
this process; "process" builds their deployment packages with scripts/build, for this
machine, and runs each as Lambda does: as a process that asks the Runtime API for
invocations, frozen between them, with Lambda's environment variables. Processes have
this machine's clock, so the cloud's is no faster then and the demo takes about a
quarter of an hour. It needs Linux, Go, and Sluice's source where it is run.

Exit status: 0 if everything ended as it should, 1 if not, 2 for a wrong command line,
130 after Ctrl-C.`,
		Example: `  sluice demo                    # watch it
  sluice demo --interactive      # answer the questions yourself, in a browser
  sluice demo --plain            # one line for each happening, for scripts and CI
  sluice demo --keep             # leave the cloud running, for the page and the aws CLI
  sluice demo --speed 5          # a slower clock, for a slow machine
  sluice demo --lambda=process   # the packages that AWS gets, as processes`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.Lambda == lambdaProcess && !cmd.Flags().Changed("speed") {
				o.Speed = 1
			}
			if err := checkLambda(o.Lambda, o.Speed); err != nil {
				return err
			}
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
	cmd.Flags().BoolVar(&o.Interactive, "interactive", false, "leave the answers in Slack to you, at the page that it names")
	cmd.Flags().Float64Var(&o.Speed, "speed", 10, "how many times as fast as yours the cloud's clock runs; 1 with --lambda=process")
	lambdaFlag(cmd, &o.Lambda)
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
		Speed: o.Speed, Port: o.Port, Plain: plain, Keep: o.Keep, Interactive: o.Interactive, Started: o.Started, Out: o.Out, Log: log,
		Processes: o.Lambda == lambdaProcess,
	})
}
