package cli

import (
	"context"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
	"github.com/sluice-deploy/sluice/internal/store"
)

// ExplainOptions are the options of `sluice explain`.
type ExplainOptions struct {
	Process

	Subject []string // ROLLOUT, APP/RELEASE, or APP and ENV
	Output  outputFlag
	Target  targetFlags
	Engine  engineFlags
}

// NewCmdExplain makes `sluice explain`. The work is done by run.
func NewCmdExplain(p Process, run func(context.Context, *ExplainOptions) error) *cobra.Command {
	o := &ExplainOptions{Process: p}
	cmd := &cobra.Command{
		Use:   "explain ROLLOUT | APP/RELEASE | APP ENV",
		Short: "Tell why a rollout went as it did: every decision with its inputs",
		Long: `Tells how a rollout ended and why, and then everything that was decided in it, in
order, with what each decision rested on. It is the rollout of that name, those of a
release, or the newest in an environment.

Exit status: 0 when it is told, however the rollout ended; 1 when not, 2 for a wrong
command line.`,
		Example: `  sluice explain shop-production-42
  sluice explain shop/42
  sluice explain shop production --output json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 && len(args) != 2 {
				return usagef("%s takes the name of a rollout, APP/RELEASE, or an app and an environment, found %s", cmd.CommandPath(), counted(len(args), "argument"))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Subject = args
			return run(cmd.Context(), o)
		},
	}
	o.Output.addTo(cmd)
	o.Target.addTo(cmd)
	o.Engine.addTo(cmd, "reads the state of `sluice deploy --engine here`")
	return cmd
}

func runExplain(ctx context.Context, o *ExplainOptions) error {
	s, err := o.Engine.reader(ctx, o.Process, &o.Target, appOf(o.Subject))
	if err != nil {
		return err
	}
	names, err := findRollouts(ctx, s, o.Subject)
	if err != nil {
		return err
	}
	all := []steps.Explanation{}
	for _, name := range names {
		one, err := s.Explain(ctx, name)
		if err != nil {
			return err
		}
		all = append(all, one)
	}
	return o.Output.write(o.Out, all, func(out io.Writer) error {
		page := newPage(o.Process)
		for i, one := range all {
			if i > 0 {
				page.add("")
			}
			page.explanation(one)
		}
		return page.write(out)
	})
}

// appOf is the app that is named, or "": the name of a rollout does not say it for sure.
func appOf(subject []string) string {
	app, _, ofRelease := strings.Cut(subject[0], "/")
	if len(subject) == 2 || ofRelease {
		return app
	}
	return ""
}

// findRollouts are the rollouts that are meant: the one of that name, those of a release,
// or the newest of an environment.
func findRollouts(ctx context.Context, s *steps.Steps, subject []string) ([]string, error) {
	if len(subject) == 2 {
		name, err := newest(ctx, s.Store, store.Place{App: subject[0], Environment: subject[1]})
		return []string{name}, err
	}
	app, number, ofRelease := strings.Cut(subject[0], "/")
	if !ofRelease {
		_, err := s.Store.Record(ctx, subject[0])
		if rollout.KindOf(err) == rollout.KindNotFound {
			err = rollout.Errorf(rollout.KindNotFound, "no rollout is named %q; `sluice history APP ENV` lists those there are", subject[0])
		}
		return subject, err
	}
	release, err := strconv.Atoi(number)
	if err != nil || release < 1 {
		return nil, usagef("%q is not APP/RELEASE, such as shop/42", subject[0])
	}
	if _, err := findApp(ctx, s.Store, app); err != nil {
		return nil, err
	}
	names, err := s.RolloutsOf(ctx, app, release)
	if err == nil && len(names) == 0 {
		err = rollout.Errorf(rollout.KindNotFound, "release %d of %s has no rollout yet", release, app)
	}
	return names, err
}

// newest is the name of an environment's newest rollout.
func newest(ctx context.Context, s *store.Store, place store.Place) (string, error) {
	if _, _, err := findEnvironment(ctx, s, place.App, place.Environment); err != nil {
		return "", err
	}
	for r, err := range s.Rollouts(ctx, place) {
		return r.Name, err
	}
	return "", rollout.Errorf(rollout.KindNotFound, "there was no rollout of %s %s yet", place.App, place.Environment)
}
