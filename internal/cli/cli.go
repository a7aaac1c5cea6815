// Package cli is the sluice command: a file for each of its commands. Errors are a
// sentence on standard error; what they mean for scripts is in the exit status.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/charmbracelet/x/term"
	"github.com/spf13/cobra"

	"github.com/sluice-deploy/sluice/internal/demo"
	"github.com/sluice-deploy/sluice/internal/spelling"
)

// usageError is a mistake in the command line or in a file that it names.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// Process is what a command has of the process it runs in.
type Process struct {
	Args    []string // without the program's name
	Getenv  func(string) string
	In      io.Reader
	Out     io.Writer
	Err     io.Writer
	Started time.Time
	Speed   float64 // of the clock of an engine that runs here, in seconds a second; 0 is the wall clock's
}

// Main runs the command of the process's arguments until it ends or the context
// does, and gives the exit status.
func Main(ctx context.Context, p Process) int {
	root := newRoot(p) //nolint:contextcheck // commands get the context when they are executed
	root.SetArgs(p.Args)
	root.SetOut(p.Out)
	root.SetErr(p.Err)
	err := root.ExecuteContext(ctx)
	if errors.Is(err, context.Canceled) {
		return exitInterrupted
	}
	if err != nil {
		_, _ = fmt.Fprintf(p.Err, "sluice: %v\n", err)
	}
	return statusOf(err)
}

func newRoot(p Process) *cobra.Command {
	root := &cobra.Command{
		Use:   "sluice",
		Short: "Blue/green and canary deployments for Amazon ECS",
		Long: `Sluice rolls releases out to Amazon ECS step by step, watched by your alarms, and
takes all traffic back when one goes red.

Commands work on the installation of Sluice in your AWS account and Region, by the
default chain of credentials, or on a local cloud that runs on this machine.

Exit status: 0 when all went as it should, 1 when it did not, 2 when the command
line or a file named in it is wrong, 3 to 8 where a command says so, 130 after Ctrl-C.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknown(cmd, args[0])
			}
			return nil
		},
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usagef("%w; see `%s --help`", err, cmd.CommandPath())
	})
	root.AddGroup(
		&cobra.Group{ID: "before", Title: "Before a deployment:"}, &cobra.Group{ID: "deployments", Title: "Deployments:"},
		&cobra.Group{ID: "looking", Title: "What goes on, and went on:"}, &cobra.Group{ID: "local", Title: "Without AWS:"},
	)
	add := func(group string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(completing(c, p))
		}
	}
	add("before",
		NewCmdInit(p, runInit),
		NewCmdValidate(p, runValidate),
		newCmdSchema(p),
		NewCmdApply(p, runApply),
		NewCmdApps(p, runApps),
		NewCmdDoctor(p, runDoctor),
		NewCmdPlan(p, runPlan),
		NewCmdSimulate(p, runSimulate),
	)
	add("deployments",
		NewCmdDeploy(p, runDeploy),
		NewCmdRollback(p, runRollback),
	)
	add("deployments", NewCmdsDecide(p, runDecide)...)
	add("deployments",
		NewCmdFreeze(p, runFreeze),
		NewCmdThaw(p, runFreeze),
		NewCmdFreezes(p, runFreezes),
		NewCmdRepair(p, runRepair),
	)
	add("looking",
		NewCmdStatus(p, runStatus),
		NewCmdWatch(p, runWatch),
		NewCmdHistory(p, runHistory),
		NewCmdExplain(p, runExplain),
		NewCmdLogs(p, runLogs),
		NewCmdMetrics(p, runMetrics),
		NewCmdGraph(p, runGraph),
	)
	add("local",
		NewCmdDemo(p, runDemo),
		NewCmdLocal(p, runLocal),
		NewCmdEmit(p, runEmit),
	)
	root.AddCommand(newCmdSlack(p), newCmdApp(p))
	return root
}

// newCmdApp is the app that the demo rolls out. It is a command of this binary, so
// that the demo needs nothing else.
func newCmdApp(p Process) *cobra.Command {
	return &cobra.Command{
		Use: demo.AppCommand, Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return demo.ServeWebApp(cmd.Context(), p.Getenv) },
	}
}

// noArgs and oneArg say in a sentence what is wrong with the arguments.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%s takes no arguments, found %q", cmd.CommandPath(), args[0])
	}
	return nil
}

func oneArg(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usagef("%s takes one %s, found %d", cmd.CommandPath(), name, len(args))
		}
		return nil
	}
}

// appAndEnv takes the arguments that name an environment.
func appAndEnv(cmd *cobra.Command, args []string) error {
	if len(args) != 2 {
		return usagef("%s takes an app and an environment, found %s", cmd.CommandPath(), counted(len(args), "argument"))
	}
	return nil
}

func atMost(n int, name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > n {
			return usagef("%s takes at most %s, found %d", cmd.CommandPath(), counted(n, name), len(args))
		}
		return nil
	}
}

// arg is an argument, "" where it was left out.
func arg(args []string, i int) string {
	if i < len(args) {
		return args[i]
	}
	return ""
}

// checkSpeed and checkPort check the flags of those names.
func checkSpeed(speed float64) error {
	const slowest, fastest = 0.1, 100
	if !(speed >= slowest && speed <= fastest) { // also not NaN
		return usagef("--speed is %g, want a number from %g to %g", speed, slowest, float64(fastest))
	}
	return nil
}

func checkPort(port int) error {
	if port < 0 || port > 65535 {
		return usagef("--port is %d, want a port from 1 to 65535, or 0 for a free one", port)
	}
	return nil
}

// isTerminal reports whether what a process reads or writes is a terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(f.Fd())
}

// unknown says that there is no such command, and which may be meant.
func unknown(root *cobra.Command, name string) error {
	var names []string
	for _, c := range root.Commands() {
		names = append(names, c.Name())
	}
	if near := spelling.Near(name, names); near != "" {
		return usagef("unknown command %q; did you mean %q?", name, near)
	}
	return usagef("unknown command %q; see `sluice --help`", name)
}
