package cli

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-deploy/sluice/internal/emulator/live"
	"github.com/sluice-deploy/sluice/internal/localcloud"
)

// LocalOptions are the options of `sluice local`.
type LocalOptions struct {
	Process

	Port   int
	Speed  float64
	Images []string // REPOSITORY=COMMAND
	Lambda string   // goroutine or process
	State  string   // folder; "" keeps nothing
	Fresh  bool

	programs map[string]live.Program
}

// NewCmdLocal makes `sluice local`. The work is done by run.
func NewCmdLocal(p Process, run func(context.Context, *LocalOptions) error) *cobra.Command {
	o := &LocalOptions{Process: p}
	cmd := &cobra.Command{
		Use:   "local",
		Short: "Run a local cloud with Sluice in it, for any SDK or the aws CLI",
		Long: `Runs the emulated part of AWS on a port of 127.0.0.1 with Sluice installed from its
own template, and nothing else: no app and no load. Everything else is created
through its API. It takes any credentials.

Slack is a stand-in: a page of the port shows its channel #deploys, where people
press what Sluice asks, and the requests to Sluice are signed as Slack's. Function
URLs are reached over the port too, by the Host header or at a name below localhost.

ECS tasks run as processes of this machine. What stands for an image is said with
--image; COMMAND is split at spaces, and the process is given its port in PORT. A
task whose image has no command stops with CannotPullContainerError.

Sluice's own Lambda functions run as --lambda says: "goroutine" calls their code in
this process; "process" builds their deployment packages with scripts/build, for this
machine, and runs each as Lambda does: as a process that asks the Runtime API for
invocations, frozen between them, with Lambda's environment variables. What they print
is shown at a path of the port. Processes have this machine's clock, so --speed is 1
then. It needs Linux, Go, and Sluice's source where it is run.

With --state everything in the cloud is kept in a folder while it runs, a few seconds
after each change, and when it is stopped: every resource, table, object and message, and
what is under way. The next start with the folder goes on from there: rollouts, waits
and schedules where they stood, tasks as new processes, on the same port if that is free,
with Sluice as this program has it. A function that ran when the cloud ended has failed,
and what called it tries again. As much time has passed in the cloud as here; what
was due meanwhile happens at the start. Images are named with --image again. One process
has a folder at a time. Without --state nothing is kept, so that what one tries starts
from nothing and leaves nothing; --fresh does so with a folder too, and moves the state
that is there to the file cloud.before.

Exit status: 0 after Ctrl-C, 1 if it could not run, 2 for a wrong command line, 130
after Ctrl-C before it ran.`,
		Example: `  sluice local --port 4600
  sluice local --image 123456789012.dkr.ecr.us-east-1.amazonaws.com/shop="./shop --verbose"
  sluice local --state ~/.local/share/sluice-cloud  # go on from where it was stopped
  sluice local --lambda=process  # the packages that AWS gets, as processes
  AWS_ENDPOINT_URL=http://127.0.0.1:4600 aws stepfunctions list-state-machines`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkSpeed(o.Speed); err != nil {
				return err
			}
			if err := checkLambda(o.Lambda, o.Speed); err != nil {
				return err
			}
			if err := checkPort(o.Port); err != nil {
				return err
			}
			if o.Fresh && o.State == "" {
				return usagef("--fresh needs --state: without a folder every start is from nothing")
			}
			var err error
			if o.programs, err = programs(o.Images); err != nil {
				return err
			}
			return run(cmd.Context(), o)
		},
	}
	cmd.Flags().IntVar(&o.Port, "port", 0, "port of the cloud's endpoint; 0 is the one of before with --state, else a free one")
	cmd.Flags().StringVar(&o.State, "state", "", "`FOLDER` in which the cloud is kept between starts; none by default")
	cmd.Flags().BoolVar(&o.Fresh, "fresh", false, "begin anew in the folder of --state")
	cmd.Flags().Float64Var(&o.Speed, "speed", 1, "how many times as fast as yours the cloud's clock runs")
	cmd.Flags().StringArrayVar(&o.Images, "image", nil, "command that stands for an image, as `REPOSITORY=COMMAND`; may be repeated")
	lambdaFlag(cmd, &o.Lambda)
	return cmd
}

// programs reads the values of --image.
func programs(images []string) (map[string]live.Program, error) {
	all := map[string]live.Program{}
	for _, image := range images {
		repository, command, _ := strings.Cut(image, "=")
		words := strings.Fields(command)
		if repository == "" || len(words) == 0 {
			return nil, usagef("--image is %q, want REPOSITORY=COMMAND", image)
		}
		if _, twice := all[repository]; twice {
			return nil, usagef("--image names %q twice", repository)
		}
		all[repository] = live.Program{Path: words[0], Args: words[1:]}
	}
	return all, nil
}

func runLocal(ctx context.Context, o *LocalOptions) error {
	var folder *localcloud.Folder
	if o.State != "" {
		var err error
		if folder, err = localcloud.OpenFolder(o.State, o.Fresh); err != nil {
			return err
		}
		defer folder.Close()
	}
	start := localcloud.Start
	if o.Lambda == lambdaProcess {
		start = localcloud.StartBuilt
		_, _ = fmt.Fprintln(o.Err, "The packages of Sluice's functions are built; the first time this takes minutes.") // nobody has to read it
	}
	cloud, err := start(ctx, localcloud.Options{
		Speed: o.Speed, Programs: o.programs, Output: o.Err, Folder: folder,
		Advice: "give it one with `sluice local --image REPOSITORY=COMMAND`",
		Log:    slog.New(slog.NewTextHandler(o.Err, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		return err
	}
	defer cloud.Close()
	server, err := serve(ctx, o, cloud, folder)
	if err != nil {
		return err
	}
	defer server.Close()
	if folder != nil {
		if err := cloud.Keep(folder, server.Port()); err != nil {
			return err
		}
	}
	if err := welcome(o, cloud, server); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// serve puts the cloud on the port that was asked for, or else the one of before.
func serve(ctx context.Context, o *LocalOptions, cloud *localcloud.Cloud, folder *localcloud.Folder) (*localcloud.Server, error) {
	if o.Port == 0 && folder != nil && folder.Port() != 0 {
		if server, err := localcloud.Serve(ctx, cloud, folder.Port()); err == nil {
			return server, nil
		}
		_, _ = fmt.Fprintf(o.Err, "Port %d, on which the cloud was, is taken; it is on another one now.\n", folder.Port()) // nobody has to read it
	}
	return localcloud.Serve(ctx, cloud, o.Port)
}

// welcome says how to reach what runs.
func welcome(o *LocalOptions, cloud *localcloud.Cloud, server *localcloud.Server) error {
	_, err := fmt.Fprintf(o.Out, `The local cloud runs; Ctrl-C ends it. Its clock runs at %[1]g times the speed of yours.
  export AWS_ENDPOINT_URL=%[2]s AWS_REGION=%[3]s AWS_DEFAULT_REGION=%[3]s AWS_ACCESS_KEY_ID=%[4]s AWS_SECRET_ACCESS_KEY=%[5]s
  aws stepfunctions list-state-machines

Slack is a stand-in, with a few people, their group @deployers (%[6]s) and #deploys:
  %[7]s

Decisions come in from terminals at the Function URL %[8]s, here:
  curl --aws-sigv4 aws:amz:%[3]s:lambda --user %[4]s:%[5]s %[9]sapprovals/ID
  curl --aws-sigv4 aws:amz:%[3]s:lambda --user %[4]s:%[5]s --json '{"action":"approve","subject":"ID"}' %[9]sdecisions
`, o.Speed, server.Endpoint, cloud.Region, localcloud.AccessKey, localcloud.SecretKey, localcloud.Deployers, server.Page,
		cloud.DecideURL, server.Local(cloud.DecideURL))
	if err == nil && o.State != "" {
		_, err = fmt.Fprintf(o.Out, "\nWhat is in the cloud is kept in %s; it goes on from there with --state.\n", o.State)
	}
	if err == nil && o.Lambda == lambdaProcess {
		_, err = fmt.Fprintf(o.Out, "\nSluice's functions are processes of their deployment packages. What they print:\n  curl %s%s\n", server.Endpoint, localcloud.LogsPath)
	}
	if err != nil {
		return fmt.Errorf("tell the endpoint: %w", err)
	}
	return nil
}
