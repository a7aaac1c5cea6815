package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sluice-deploy/sluice/internal/approvals"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// RollbackOptions are the options of `sluice rollback`.
type RollbackOptions struct {
	Process

	Order  approvals.Order
	Wait   waitFlags
	Output outputFlag
	Target targetFlags
	Engine engineFlags
}

// NewCmdRollback makes `sluice rollback`. The work is done by run.
func NewCmdRollback(p Process, run func(context.Context, *RollbackOptions) error) *cobra.Command {
	o := &RollbackOptions{Process: p}
	o.Order.Verb = approvals.Rollback
	cmd := &cobra.Command{
		Use:   "rollback APP ENV",
		Short: "Put an environment's traffic back on an earlier release, at once",
		Long: `Starts a rollback rollout: all traffic goes to an earlier release, by default the one
before. It aborts a rollout that is under way there and goes before all that wait. It
skips approvals, steps, bakes, freezes and red alarms, and no safety: the slot that
gets the traffic has to be healthy, and nothing with traffic is scaled down.

Who may: whom IAM lets call Sluice's URL and, where the spec names operators of the
environment, only those.

Exit status: 0 when it has begun or, with --wait, succeeded; 1 when Sluice could not
be asked; 2 for a wrong command line; 3 when it could not go there and traffic stayed
(--wait); 6 when it was refused; 7 when it needs a person (--wait); 8 when --timeout
was over.`,
		Example: `  sluice rollback shop production --wait
  sluice rollback shop production --to 41 --reason "checkout is slow"`,
		Args: appAndEnv,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Order.App, o.Order.Environment = args[0], args[1]
			if cmd.Flags().Changed("to") && o.Order.To < 1 {
				return usagef("--to is %d, want the number of a release, from 1; see `sluice history %s %s`", o.Order.To, args[0], args[1])
			}
			return run(cmd.Context(), o)
		},
	}
	cmd.Flags().IntVar(&o.Order.To, "to", 0, "number of the `release` to go to (default: the one before)")
	cmd.Flags().StringVar(&o.Order.Reason, "reason", "", "why, for whoever reads it later")
	o.Wait.addTo(cmd, "until the traffic is back")
	o.Output.addTo(cmd)
	o.Target.addTo(cmd)
	o.Engine.addTo(cmd, "rolls back in this command, as if with --wait")
	return cmd
}

func runRollback(ctx context.Context, o *RollbackOptions) error {
	inHere, err := o.Engine.here()
	if err != nil {
		return err
	}
	if inHere {
		spec := rollout.Spec{App: o.Order.App}
		return workHere(ctx, work{o.Process, &o.Engine, &o.Target}, spec, func(ctx context.Context, h *here) error {
			o.Wait = forever()
			return o.roll(ctx, h.target)
		})
	}
	t, err := o.Target.find(ctx, o.Process)
	if err != nil {
		return err
	}
	return o.roll(ctx, t)
}

// roll orders the rollback.
func (o *RollbackOptions) roll(ctx context.Context, t *target) error {
	if err := t.known(ctx, o.Process, o.Order.App, o.Order.Environment); err != nil {
		return err
	}
	followed, err := t.order(ctx, o.Order)
	if err != nil {
		return fmt.Errorf("roll %s %s back: %w", o.Order.App, o.Order.Environment, err)
	}
	r := approvals.Rolling{Rollout: followed.Rollout}
	said := "has begun"
	var outcome error
	if o.Wait.wait {
		r, outcome = t.untilRolled(ctx, o.Process, followed.Rollout, o.Wait)
		said = "succeeded"
	}
	return o.Output.writeEnd(o.Out, r, followed.Rollout+" "+said, outcome)
}
