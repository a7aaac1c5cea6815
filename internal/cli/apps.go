package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/spelling"
	"github.com/sluice-deploy/sluice/internal/store"
)

// AppsOptions are the options of `sluice apps`.
type AppsOptions struct {
	Process

	Output outputFlag
	Target targetFlags
}

// NewCmdApps makes `sluice apps`. The work is done by run.
func NewCmdApps(p Process, run func(context.Context, *AppsOptions) error) *cobra.Command {
	o := &AppsOptions{Process: p}
	cmd := &cobra.Command{
		Use:   "apps",
		Short: "List the registered apps and what each environment runs",
		Long: `Lists the registered apps, and for each of their environments the release that it
runs and what goes on in it.

Exit status: 0 when they are listed, 1 when not, 2 for a wrong command line.`,
		Example: `  sluice apps
  sluice apps --output json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), o) },
	}
	o.Output.addTo(cmd)
	o.Target.addTo(cmd)
	return cmd
}

// appLine is what is told of an app's environment.
type appLine struct {
	App         string `json:"app"`
	Environment string `json:"environment"`
	Release     int    `json:"release"` // 0 before the first
	Now         string `json:"now"`     // idle, dirty, or the rollout that has it
}

func runApps(ctx context.Context, o *AppsOptions) error {
	t, err := o.Target.find(ctx, o.Process)
	if err != nil {
		return err
	}
	s, err := t.steps(o.Process)
	if err != nil {
		return err
	}
	lines, err := appLines(ctx, s.Store)
	if err != nil {
		return err
	}
	return o.Output.write(o.Out, lines, func(out io.Writer) error {
		if len(lines) == 0 {
			_, err := fmt.Fprintln(out, "No app is registered; register one with `sluice apply`.")
			return err
		}
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(w, "APP\tENVIRONMENT\tRELEASE\tNOW") // Flush tells
		for _, l := range lines {
			release := "none"
			if l.Release > 0 {
				release = fmt.Sprint(l.Release)
			}
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", l.App, l.Environment, release, l.Now)
		}
		return w.Flush()
	})
}

func appLines(ctx context.Context, s *store.Store) ([]appLine, error) {
	names, err := s.Apps(ctx)
	if err != nil {
		return nil, err
	}
	lines := []appLine{}
	for _, name := range names {
		app, err := s.App(ctx, name)
		if err != nil {
			return nil, err
		}
		for _, environment := range app.Spec.Environments {
			env, err := s.Environment(ctx, store.Place{App: name, Environment: environment.Name})
			if err != nil {
				return nil, err
			}
			line := appLine{App: name, Environment: environment.Name, Now: "idle"}
			if env.Facts != nil {
				line.Release = env.Facts.Release
			}
			switch {
			case env.Dirty != nil:
				line.Now = "dirty: " + env.Dirty.Why
			case env.Owner != "":
				line.Now = env.Rollout
			}
			lines = append(lines, line)
		}
	}
	return lines, nil
}

// findApp reads a registered app. Where there is none of that name, the error names
// those that are near.
func findApp(ctx context.Context, s *store.Store, name string) (rollout.Spec, error) {
	app, err := s.App(ctx, name)
	if rollout.KindOf(err) != rollout.KindNotFound {
		return app.Spec, err
	}
	names, listErr := s.Apps(ctx)
	if listErr != nil {
		return app.Spec, err // the first says more
	}
	switch near := spelling.Near(name, names); {
	case len(names) == 0:
		return app.Spec, rollout.Errorf(rollout.KindNotFound, "app %q is not registered, and no other is; register it with `sluice apply`", name)
	case near != "":
		return app.Spec, rollout.Errorf(rollout.KindNotFound, "app %q is not registered; did you mean %q?", name, near)
	default:
		return app.Spec, rollout.Errorf(rollout.KindNotFound, "app %q is not registered; those that are: %s", name, strings.Join(names, ", "))
	}
}

// findEnvironment is findApp, and its environment.
func findEnvironment(ctx context.Context, s *store.Store, name, environment string) (rollout.Spec, rollout.Environment, error) {
	spec, err := findApp(ctx, s, name)
	if err != nil {
		return spec, rollout.Environment{}, err
	}
	env, err := environmentOf(spec, environment)
	return spec, env, err
}

// environmentOf is an environment of a spec. Where it has none of that name, the error
// names those that are near.
func environmentOf(spec rollout.Spec, name string) (rollout.Environment, error) {
	env, ok := spec.Environment(name)
	if ok {
		return env, nil
	}
	var names []string
	for _, e := range spec.Environments {
		names = append(names, e.Name)
	}
	if near := spelling.Near(name, names); near != "" {
		return env, rollout.Errorf(rollout.KindNotFound, "app %s has no environment %q; did you mean %q?", spec.App, name, near)
	}
	return env, rollout.Errorf(rollout.KindNotFound, "app %s has no environment %q; it has %s", spec.App, name, strings.Join(names, ", "))
}
