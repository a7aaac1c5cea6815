package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-deploy/sluice/internal/approvals"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
	"github.com/sluice-deploy/sluice/internal/store"
)

// RepairOptions are the options of `sluice repair`.
type RepairOptions struct {
	Process

	Order  approvals.Order
	Wait   waitFlags
	Output outputFlag
	Target targetFlags
	Engine engineFlags
}

// NewCmdRepair makes `sluice repair`. The work is done by run.
func NewCmdRepair(p Process, run func(context.Context, *RepairOptions) error) *cobra.Command {
	o := &RepairOptions{Process: p}
	o.Order.Verb = approvals.Repair
	cmd := &cobra.Command{
		Use:   "repair APP ENV",
		Short: "Show what is half done in a Dirty environment, and get it out",
		Long: `An environment is Dirty when Sluice could neither go on nor back: nothing is rolled out
there until a person has chosen. Without --move it shows how things are, and each move
with what it would do or what stands in its way:

  back    all traffic on the slot that had it before the rollout
  accept  what has all the traffic now is what the environment runs

With --move an execution takes the environment over, does that, and lets go of it. No
slot with weight is scaled down, and no slot without a healthy target is given any.

Where the spec names operators of the environment, only they may.

Exit status: 0 when it is shown, begun, or with --wait repaired; 1 when Sluice could not
be asked; 2 for a wrong command line; 6 when it was refused; 7 when it is still, or
again, Dirty (--wait); 8 when --timeout was over.`,
		Example: `  sluice repair shop production
  sluice repair shop production --move back --wait`,
		Args: appAndEnv,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Order.App, o.Order.Environment = args[0], args[1]
			if move := store.Move(o.Order.Move); cmd.Flags().Changed("move") && move != store.MoveBack && move != store.MoveAccept {
				return usagef("--move is %q, want %s or %s", move, store.MoveBack, store.MoveAccept)
			}
			if o.Wait.wait && o.Order.Move == "" {
				return usagef("--wait waits for a --move; without one nothing is done")
			}
			return run(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVar(&o.Order.Move, "move", "", "what to do: `back` or accept")
	o.Wait.addTo(cmd, "until it is repaired")
	o.Output.addTo(cmd)
	o.Target.addTo(cmd)
	o.Engine.addTo(cmd, "repairs in this command, as if with --wait")
	return cmd
}

func runRepair(ctx context.Context, o *RepairOptions) error {
	inHere, err := o.Engine.here()
	if err != nil {
		return err
	}
	if o.Order.Move == "" {
		s, err := o.Engine.reader(ctx, o.Process, &o.Target, o.Order.App)
		if err != nil {
			return err
		}
		return showRepair(ctx, o, s)
	}
	if inHere {
		spec := rollout.Spec{App: o.Order.App}
		return workHere(ctx, work{o.Process, &o.Engine, &o.Target}, spec, func(ctx context.Context, h *here) error {
			o.Wait = forever()
			return o.repair(ctx, h.target, h.engine.Steps)
		})
	}
	t, err := o.Target.find(ctx, o.Process)
	if err != nil {
		return err
	}
	s, err := t.steps(o.Process)
	if err != nil {
		return err
	}
	return o.repair(ctx, t, s)
}

// repair orders the move.
func (o *RepairOptions) repair(ctx context.Context, t *target, s *steps.Steps) error {
	place := store.Place{App: o.Order.App, Environment: o.Order.Environment}
	if err := t.known(ctx, o.Process, place.App, place.Environment); err != nil {
		return err
	}
	if err := o.may(ctx, s); err != nil {
		return fmt.Errorf("repair %s: %w", place, err)
	}
	followed, err := t.order(ctx, o.Order)
	if err != nil {
		return fmt.Errorf("repair %s: %w", place, err)
	}
	said := "is being repaired, by an execution of " + followed.Rollout
	if o.Wait.wait {
		if err := t.untilFree(ctx, place, followed.Rollout, o.Wait); err != nil {
			return err
		}
		said = "is repaired, and free"
	}
	return o.Output.write(o.Out, followed, func(out io.Writer) error {
		_, err := fmt.Fprintf(out, "%s %s\n", place, said)
		return err
	})
}

// may is Refused for a move that something stands in the way of, as far as whoever calls
// may look. Sluice finds out for itself again.
func (o *RepairOptions) may(ctx context.Context, s *steps.Steps) error {
	ways, err := s.WaysOut(ctx, store.Place{App: o.Order.App, Environment: o.Order.Environment})
	if err != nil {
		return nil //nolint:nilerr // they may not look, and may order all the same
	}
	for _, way := range ways {
		if string(way.Move) == o.Order.Move && way.Obstacle != "" {
			return rollout.Errorf(rollout.KindRefused, "%s cannot be done: %s", way.Move, way.Obstacle)
		}
	}
	return nil
}

// untilFree waits until the rollout, or whichever it is for "", has let go of the
// environment.
func (t *target) untilFree(ctx context.Context, place store.Place, name string, w waitFlags) error {
	var has approvals.Having
	err := t.look(ctx, w, func() (bool, error) {
		has = approvals.Having{}
		err := t.client().Get(ctx, "/environments/"+place.App+"/"+place.Environment, &has)
		return has.Dirty != "" || has.Owner == nil || name != "" && has.Owner.Rollout != name, err
	})
	if err == nil && has.Dirty != "" {
		err = ended(rollout.Dirty, "%s is Dirty again: %s", place, has.Dirty)
	}
	return err
}

// repairPage is what is shown before somebody chooses.
type repairPage struct {
	Standing steps.Standing `json:"standing"`
	Moves    []steps.WayOut `json:"moves"` // none where the environment is not Dirty
}

func showRepair(ctx context.Context, o *RepairOptions, s *steps.Steps) error {
	app, env, err := findEnvironment(ctx, s.Store, o.Order.App, o.Order.Environment)
	if err != nil {
		return err
	}
	var shown repairPage
	if shown.Standing, err = s.Stands(ctx, app, env); err != nil {
		return err
	}
	if shown.Moves, err = s.WaysOut(ctx, store.Place{App: app.App, Environment: env.Name}); err != nil {
		return err
	}
	return o.Output.write(o.Out, shown, func(out io.Writer) error {
		p := newPage(o.Process)
		p.standing(shown.Standing)
		p.add("")
		if len(shown.Moves) == 0 {
			p.add("  It is not Dirty: there is nothing to repair.")
		}
		for _, m := range shown.Moves {
			p.move(m, app.App, env.Name, o.Engine)
		}
		return p.write(out)
	})
}

// move says what a move would do, or why it cannot.
func (p *page) move(m steps.WayOut, app, environment string, e engineFlags) {
	p.addf("  %s  %s", p.Title.Render(fmt.Sprintf("%-6s", m.Move)), m.Does)
	if m.Obstacle != "" {
		p.add("          " + p.Bad.Render("not now: "+strings.TrimSpace(m.Obstacle)))
		return
	}
	how := "--wait"
	if e.engine == engineHere {
		how = "--engine here"
	}
	p.addf("          sluice repair %s %s --move %s %s", app, environment, m.Move, how)
}
