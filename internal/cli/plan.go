package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/spf13/cobra"

	"github.com/sluice-deploy/sluice/internal/images"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
	"github.com/sluice-deploy/sluice/internal/store"
)

// PlanOptions are the options of `sluice plan`.
type PlanOptions struct {
	Process

	Spec        specFlags
	Environment string // "" is all
	Images      []string
	Release     int // whose images are taken; 0 is none
	Output      outputFlag
	Target      targetFlags
}

// NewCmdPlan makes `sluice plan`. The work is done by run.
func NewCmdPlan(p Process, run func(context.Context, *PlanOptions) error) *cobra.Command {
	o := &PlanOptions{Process: p}
	cmd := &cobra.Command{
		Use:   "plan [APP]",
		Short: "Show what a deployment would do, and change nothing",
		Long: `Shows what a deployment of images would do in each environment as the account is now:
which slot takes them, what becomes of the task definition, steps, approvals and
alarms, how long it takes at least and what it costs; and everything that it would be
refused for. Nothing is changed.

The spec is that of a file, or with APP the registered one. It looks with your
permissions, not with Sluice's.

Exit status: 0 when nothing is in the way, 6 when the deployment would be refused, 1
when not all could be looked at, 2 for a wrong command line or a spec with mistakes.`,
		Example: `  sluice plan --image 123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:3f2c1e0
  sluice plan shop --image web=…/shop:3f2c1e0 --image proxy=…/proxy:7 --env staging
  sluice plan shop --release 41 --output json`,
		Args: atMost(1, "app"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.Spec.take(cmd, args); err != nil {
				return err
			}
			return run(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	o.Spec.addTo(cmd)
	flags.StringArrayVar(&o.Images, "image", nil, "`IMAGE`, or CONTAINER=IMAGE for an app of several containers; may be repeated")
	flags.IntVar(&o.Release, "release", 0, "the images of this release, by its `number`")
	flags.StringVar(&o.Environment, "env", "", "this environment alone")
	cmd.MarkFlagsMutuallyExclusive("image", "release")
	cmd.MarkFlagsOneRequired("image", "release")
	o.Output.addTo(cmd)
	o.Target.addTo(cmd)
	return cmd
}

// planned is the answer of `sluice plan`. Durations are in nanoseconds, as the spec's are.
type planned struct {
	App          string            `json:"app"`
	Release      int               `json:"release"` // the number that is next now
	Images       map[string]string `json:"images"`  // by digest
	Hash         string            `json:"hash"`    // of release and spec, which approvals are bound to
	Spec         string            `json:"spec"`    // the file, "" for the registered one
	Registered   bool              `json:"registered"`
	Environments []steps.Planned   `json:"environments"`
	Commits      time.Duration     `json:"commits"` // at least, until all environments have it
	Ends         time.Duration     `json:"ends"`    // at least, until the last guard is over
	Usage        rollout.Usage     `json:"usage"`
	Dollars      float64           `json:"dollars"`
}

func runPlan(ctx context.Context, o *PlanOptions) error {
	t, err := o.Target.find(ctx, o.Process)
	if err != nil {
		return err
	}
	s, err := t.steps(o.Process)
	if err != nil {
		return err
	}
	answer, release, err := o.release(ctx, t, s.Store)
	if err != nil {
		return err
	}
	if err := answer.look(ctx, s, release); err != nil {
		return err
	}
	page := page{Colors: o.colors(), width: o.width()}
	page.plan(&answer)
	if err := o.Output.write(o.Out, answer, page.write); err != nil {
		return err
	}
	if n := answer.problems(); n > 0 {
		return &statusError{exitRefused, fmt.Errorf("%s would be refused: %s", release.App, counted(n, "problem"))}
	}
	return nil
}

// release is what would be released now.
func (o *PlanOptions) release(ctx context.Context, t *target, s *store.Store) (planned, rollout.Release, error) {
	var r rollout.Release
	found, err := o.Spec.find(ctx, o.Process, s)
	if err != nil {
		return planned{}, r, err
	}
	if o.Environment != "" {
		if _, err := environmentOf(found.spec, o.Environment); err != nil {
			return planned{}, r, err
		}
	}
	r.App, r.Number = found.spec.App, found.counter+1
	if r.Spec, err = found.spec.Within(o.Environment); err != nil {
		return planned{}, r, err
	}
	if r.Images, err = o.images(ctx, t, s, found.spec); err != nil {
		return planned{}, r, err
	}
	return planned{
		App: r.App, Release: r.Number, Images: r.Images, Hash: r.Hash(), Spec: found.file, Registered: found.registered,
		Environments: []steps.Planned{},
	}, r, nil
}

// images are those that the command line names, by digest.
func (o *PlanOptions) images(ctx context.Context, t *target, s *store.Store, spec rollout.Spec) (map[string]string, error) {
	if o.Release != 0 {
		before, err := s.Release(ctx, spec.App, o.Release)
		return before.Images, err
	}
	named, err := imagesOf(o.Images)
	if err != nil {
		return nil, err
	}
	containers := slices.Sorted(maps.Keys(spec.Containers))
	if only, ok := named[""]; ok && len(named) == 1 && len(containers) == 1 {
		named = map[string]string{containers[0]: only}
	}
	for _, container := range containers {
		if named[container] == "" {
			return nil, usagef("app %s has a container %q; give its image with --image %s=IMAGE", spec.App, container, container)
		}
	}
	refs, err := images.Check(spec, named)
	if err != nil {
		return nil, &usageError{err}
	}
	pinned := map[string]string{}
	for container, ref := range refs {
		if pinned[container], err = (images.Resolver{ECR: ecr.NewFromConfig(t.AWS)}).Pin(ctx, ref); err != nil {
			return nil, fmt.Errorf("container %s: %w", container, err)
		}
	}
	return pinned, nil
}

// look plans each environment.
func (p *planned) look(ctx context.Context, s *steps.Steps, release rollout.Release) error {
	plans := map[string]rollout.Plan{}
	for _, wave := range release.Spec.Waves() {
		for _, env := range wave {
			one, err := s.Plan(ctx, release, env.Name)
			if err != nil {
				return err
			}
			plan := rollout.Plan{Steps: env.Steps}
			if one.Approach != nil {
				plan = one.Approach.Plan
			}
			plans[env.Name] = plan
			p.Environments = append(p.Environments, one)
			p.Usage = p.Usage.Add(plan.Usage())
		}
	}
	p.Commits, p.Ends = release.Spec.Least(plans)
	p.Dollars = p.Usage.Dollars()
	return nil
}

func (p *planned) problems() int {
	n := 0
	for _, env := range p.Environments {
		n += len(env.Problems)
	}
	return n
}
