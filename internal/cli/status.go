package cli

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
	"github.com/sluice-deploy/sluice/internal/store"
)

// StatusOptions are the options of `sluice status`.
type StatusOptions struct {
	Process

	App, Environment string // "" is all
	Output           outputFlag
	Target           targetFlags
	Engine           engineFlags
}

// NewCmdStatus makes `sluice status`. The work is done by run.
func NewCmdStatus(p Process, run func(context.Context, *StatusOptions) error) *cobra.Command {
	o := &StatusOptions{Process: p}
	cmd := &cobra.Command{
		Use:   "status [APP [ENV]]",
		Short: "Show what environments run and what goes on in them",
		Long: `Shows what each environment runs and in which slot, the weights of its rule, its
alarms, and the rollouts under way: how far they are, what they wait for and until
when, and who has to answer. Where a person is needed it says what to do.

What AWS does not tell now is listed and does not keep the rest from being shown.

Exit status: 0 when it is shown, 1 when not, 2 for a wrong command line.`,
		Example: `  sluice status
  sluice status shop
  sluice status shop production --output json`,
		Args: atMost(2, "argument"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.App, o.Environment = arg(args, 0), arg(args, 1)
			return run(cmd.Context(), o)
		},
	}
	o.Output.addTo(cmd)
	o.Target.addTo(cmd)
	o.Engine.addTo(cmd, "reads the state of `sluice deploy --engine here`")
	return cmd
}

func runStatus(ctx context.Context, o *StatusOptions) error {
	s, err := o.Engine.reader(ctx, o.Process, &o.Target, o.App)
	if err != nil {
		return err
	}
	places, err := findPlaces(ctx, s.Store, o.App, o.Environment)
	if err != nil {
		return err
	}
	all := []steps.Standing{}
	for _, p := range places {
		one, err := s.Stands(ctx, p.spec, p.environment)
		if err != nil {
			return err
		}
		all = append(all, one)
	}
	return o.Output.write(o.Out, all, func(out io.Writer) error {
		page := newPage(o.Process)
		if len(all) == 0 {
			page.add("No app is registered; register one with `sluice apply`.")
		}
		for i, one := range all {
			if i > 0 {
				page.add("")
			}
			page.standing(one)
		}
		return page.write(out)
	})
}

// place is an app's environment as it is registered.
type place struct {
	spec        rollout.Spec
	environment rollout.Environment
}

// findPlaces gives the environment, all of an app, or all there are.
func findPlaces(ctx context.Context, s *store.Store, app, environment string) ([]place, error) {
	if environment != "" {
		spec, env, err := findEnvironment(ctx, s, app, environment)
		return []place{{spec, env}}, err
	}
	names := []string{app}
	if app == "" {
		var err error
		if names, err = s.Apps(ctx); err != nil {
			return nil, err
		}
	}
	var all []place
	for _, name := range names {
		spec, err := findApp(ctx, s, name)
		if err != nil {
			return nil, err
		}
		for _, env := range spec.Environments {
			all = append(all, place{spec, env})
		}
	}
	return all, nil
}
