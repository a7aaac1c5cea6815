package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-deploy/sluice/internal/approvals"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// FreezeOptions are the options of `sluice freeze` and `sluice thaw`.
type FreezeOptions struct {
	Process

	Order  approvals.Order
	All    bool
	Until  string // a time, or a duration from now
	Output outputFlag
	Target targetFlags
}

// NewCmdFreeze makes `sluice freeze`. The work is done by run.
func NewCmdFreeze(p Process, run func(context.Context, *FreezeOptions) error) *cobra.Command {
	o := &FreezeOptions{Process: p}
	o.Order.Verb = approvals.Freeze
	cmd := &cobra.Command{
		Use:   "freeze APP [ENV] | --all",
		Short: "Keep rollouts from beginning, until a time",
		Long: `Keeps rollouts from beginning: in an app, in one environment of it, or everywhere. A
rollout that is under way goes on, and rollbacks begin as ever. What is held begins by
itself when the freeze ends. A freeze of the same scope is replaced.

--until is a time with its zone, or how long from now.

Exit status: 0 when it is frozen, 1 when Sluice could not be asked, 2 for a wrong
command line, 6 when it was refused.`,
		Example: `  sluice freeze shop production --until 2026-12-01T08:00:00+01:00 --reason "the sale"
  sluice freeze --all --until 36h --reason "the network is being moved"`,
		Args: o.scope,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if strings.TrimSpace(o.Order.Reason) == "" {
				return usagef("give a --reason: who is held by the freeze wants to know")
			}
			if o.Until == "" {
				return usagef("give its end with --until, such as 36h or 2026-12-01T08:00:00+01:00")
			}
			return run(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVar(&o.Until, "until", "", "`when` it ends: a time such as 2026-12-01T08:00:00+01:00, or a duration such as 36h")
	cmd.Flags().StringVar(&o.Order.Reason, "reason", "", "why, for whoever is held by it")
	o.addTo(cmd)
	return cmd
}

// NewCmdThaw makes `sluice thaw`. The work is done by run.
func NewCmdThaw(p Process, run func(context.Context, *FreezeOptions) error) *cobra.Command {
	o := &FreezeOptions{Process: p}
	o.Order.Verb = approvals.Thaw
	cmd := &cobra.Command{
		Use:   "thaw APP [ENV] | --all",
		Short: "End a freeze early",
		Long: `Ends the freeze of an app, of one environment of it, or of everything: exactly the one
that was put so. What it held begins, unless another freeze or the windows of its
environment hold it still. Where the spec names operators, only they may.

Exit status: 0 when it is thawed, 1 when Sluice could not be asked, 2 for a wrong
command line, 6 when it was refused.`,
		Example: `  sluice thaw shop production
  sluice thaw --all`,
		Args: o.scope,
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), o) },
	}
	o.addTo(cmd)
	return cmd
}

func (o *FreezeOptions) addTo(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&o.All, "all", false, "every app")
	o.Output.addTo(cmd)
	o.Target.addTo(cmd)
}

// scope reads the arguments.
func (o *FreezeOptions) scope(cmd *cobra.Command, args []string) error {
	all, err := cmd.Flags().GetBool("all")
	switch {
	case err != nil:
		return err
	case all != (len(args) == 0) || len(args) > 2:
		return usagef("%s takes an app, an app and an environment, or --all", cmd.CommandPath())
	}
	if len(args) > 0 {
		o.Order.App = args[0]
	}
	if len(args) > 1 {
		o.Order.Environment = args[1]
	}
	return nil
}

// end is when a freeze is to end, by the cloud's clock.
func (o *FreezeOptions) end(now time.Time) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, o.Until)
	if err != nil {
		span, spanErr := time.ParseDuration(o.Until)
		if spanErr != nil {
			return at, usagef("--until is %q, want a time such as 2026-12-01T08:00:00+01:00, or a duration such as 36h", o.Until)
		}
		at = now.Add(span)
	}
	if !at.After(now) {
		return at, usagef("--until is %q, which is not after now", o.Until)
	}
	return at.UTC().Truncate(time.Second), nil
}

func runFreeze(ctx context.Context, o *FreezeOptions) error {
	t, err := o.Target.find(ctx, o.Process)
	if err != nil {
		return err
	}
	if o.Order.Verb == approvals.Freeze {
		if o.Order.Until, err = o.end(t.Now()); err != nil {
			return err
		}
	}
	if o.Order.App != "" {
		if err := t.known(ctx, o.Process, o.Order.App, o.Order.Environment); err != nil {
			return err
		}
	}
	scope := rollout.Freeze{App: o.Order.App, Environment: o.Order.Environment}.Scope()
	followed, err := t.order(ctx, o.Order)
	if err != nil {
		return fmt.Errorf("%s %s: %w", o.Order.Verb, scope, err)
	}
	return o.Output.write(o.Out, followed, func(out io.Writer) error {
		_, err := fmt.Fprintf(out, "%s is %s\n", scope, followed.Result)
		return err
	})
}

// FreezesOptions are the options of `sluice freezes`.
type FreezesOptions struct {
	Process

	Output outputFlag
	Target targetFlags
}

// NewCmdFreezes makes `sluice freezes`. The work is done by run.
func NewCmdFreezes(p Process, run func(context.Context, *FreezesOptions) error) *cobra.Command {
	o := &FreezesOptions{Process: p}
	cmd := &cobra.Command{
		Use:   "freezes",
		Short: "List what is frozen, by whom, why and until when",
		Long: `Lists the freezes that are not over.

Exit status: 0 when they are listed, 1 when not, 2 for a wrong command line.`,
		Example: `  sluice freezes`,
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), o) },
	}
	o.Output.addTo(cmd)
	o.Target.addTo(cmd)
	return cmd
}

func runFreezes(ctx context.Context, o *FreezesOptions) error {
	t, err := o.Target.find(ctx, o.Process)
	if err != nil {
		return err
	}
	s, err := t.steps(o.Process)
	if err != nil {
		return err
	}
	freezes, err := s.Store.Freezes(ctx, t.Now())
	if err != nil {
		return err
	}
	if freezes == nil {
		freezes = []rollout.Freeze{}
	}
	return o.Output.write(o.Out, freezes, func(out io.Writer) error {
		if len(freezes) == 0 {
			_, err := fmt.Fprintln(out, "Nothing is frozen.")
			return err
		}
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(w, "WHAT\tUNTIL\tBY\tREASON") // Flush tells
		for _, f := range freezes {
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", f.Scope(), f.Until.Format(time.RFC3339), f.Person.Name, f.Reason)
		}
		return w.Flush()
	})
}
