package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-deploy/sluice/internal/approvals"
)

// DeployOptions are the options of `sluice deploy`.
type DeployOptions struct {
	Process

	App, Environment string
	Images           []string // IMAGE or CONTAINER=IMAGE
	Order            approvals.Order
	Committed        string // when the commit was made; "" is as git knows it
	Wait             waitFlags
	Engine           engineFlags
	Output           outputFlag
	Target           targetFlags
}

// NewCmdDeploy makes `sluice deploy`. The work is done by run.
func NewCmdDeploy(p Process, run func(context.Context, *DeployOptions) error) *cobra.Command {
	o := &DeployOptions{Process: p}
	cmd := &cobra.Command{
		Use:   "deploy [APP]",
		Short: "Make a release of images and send it through the app's environments",
		Long: `Makes a release of images, pinned by digest, with the app's registered spec, and sends
it through the app's environments as an event of a build would. Without APP it is the
app of the sluice.yaml in this folder.

Who may: whom IAM lets call Sluice's URL (docs/cli.md). A rollout does not depend on
this command: it goes on when the command ends.

With --engine here there is no installation: this command runs the state machine itself,
with your credentials, until the rollouts have ended, and keeps its state in a file.
Alarms are looked at every five seconds. It takes the spec of the sluice.yaml in this
folder; you are told here, not by its notify. At the terminal you approve what it asks,
and steer by typing pause, resume, promote or abort and Enter. Ctrl-C asks whether to
roll back or to leave all as it is, without a terminal it rolls back, and a second one
leaves. What is left, or was cut off, is taken back first the next time. Status, history,
explain and metrics take --engine here too, from another terminal; rollback and repair
when no other command works with the state.

Exit status: 0 when the release is made or, with --wait, got through all of its
environments; 1 when Sluice could not be asked; 2 for a wrong command line; with
--wait 3 when it was rolled back, 4 rejected, 5 superseded by a newer release, 7 when
it needs a person (dirty), 8 when --timeout was over; 6 when it was refused. With
--engine here as with --wait, and 130 when it was left as it was.`,
		Example: `  sluice deploy shop --image 123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:3f2c1e0
  sluice deploy shop --image web=…/shop:3f2c1e0 --image proxy=…/proxy:7
  sluice deploy --commit $(git rev-parse HEAD) --wait
  sluice deploy shop --commit 3f2c1e0a9d5b --env staging
  sluice deploy --engine here --image …/shop:3f2c1e0 --profile trial`,
		Args: atMost(1, "app"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("break-glass") && strings.TrimSpace(o.Order.BreakGlass) == "" {
				return usagef("--break-glass needs a reason, for everybody who is told of it")
			}
			o.App = arg(args, 0)
			if err := o.checkEngine(cmd); err != nil {
				return err
			}
			return run(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&o.Images, "image", nil, "`IMAGE`, or CONTAINER=IMAGE for an app of several containers; may be repeated")
	flags.StringVar(&o.Order.Commit, "commit", "", "the commit that is deployed; without --image, the images that are tagged with it,\nor with its first 12 characters")
	flags.StringVar(&o.Committed, "committed", "", "when the commit was made, a `time` such as 2026-03-02T08:57:11Z, for the lead time of\nsluice metrics; without it, as git knows the commit in this folder")
	flags.StringVar(&o.Environment, "env", "", "this environment alone, and none that the spec has before or after it")
	flags.StringVar(&o.Order.Author, "author", "", "the commit's author, an e-mail address, where a role deploys: who may not approve with\nnotAuthor. Whoever is known by an e-mail address is the author, and another is refused")
	flags.StringVar(&o.Order.Link, "link", "", "address of the build, for people")
	flags.StringVar(&o.Order.BreakGlass, "break-glass", "", "pass freezes and windows, for this `reason`; everybody is told")
	o.Wait.addTo(cmd, "until the deployment is over")
	o.Engine.addTo(cmd, "runs the state machine in this command")
	o.Output.addTo(cmd)
	o.Target.addTo(cmd)
	return cmd
}

// deployed is the answer of `sluice deploy`.
type deployed struct {
	App     string               `json:"app"`
	Release int                  `json:"release"`
	Order   string               `json:"order"` // its id, by which the deployment is known: GET /deployments/APP/ORDER
	Going   *approvals.Deploying `json:"deployment,omitempty"`
}

func runDeploy(ctx context.Context, o *DeployOptions) error {
	order, err := o.order(ctx)
	if err != nil {
		return err
	}
	if o.Engine.engine == engineHere {
		return deployHere(ctx, o, order)
	}
	t, err := o.Target.find(ctx, o.Process)
	if err != nil {
		return err
	}
	if err := t.known(ctx, o.Process, order.App, order.Environment); err != nil {
		return err
	}
	followed, err := t.order(ctx, order)
	if err != nil {
		return fmt.Errorf("deploy %s: %w", order.App, err)
	}
	out := deployed{App: order.App, Release: followed.Release, Order: followed.ID}
	if !o.Wait.wait {
		return o.Output.write(o.Out, out, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "release %d of %s is on its way; see `sluice status %s`\n", out.Release, out.App, out.App)
			return err
		})
	}
	_, _ = fmt.Fprintf(o.Err, "release %d of %s is on its way\n", out.Release, out.App) // nobody has to read it
	g, outcome := t.untilDeployed(ctx, o.Process, order.App, followed.ID, o.Wait)
	out.Going = &g
	return o.Output.writeEnd(o.Out, out, fmt.Sprintf("release %d of %s got through", out.Release, out.App), outcome)
}

// order is what the command line orders.
func (o *DeployOptions) order(ctx context.Context) (approvals.Order, error) {
	order := o.Order
	order.Verb, order.App, order.Environment = approvals.Deploy, o.App, o.Environment
	if order.App == "" {
		if _, err := os.Stat(specFile); err != nil {
			return order, usagef("name the app, or run this where its %s is", specFile)
		}
		parsed, err := readSpec(specFile)
		if err != nil {
			return order, err
		}
		order.App = parsed.App
	}
	if len(o.Images) == 0 && order.Commit == "" {
		return order, usagef("say what to deploy, with --image or --commit")
	}
	var err error
	if order.Committed, err = o.committed(ctx); err != nil {
		return order, err
	}
	order.Images, err = imagesOf(o.Images)
	return order, err
}

// imagesOf reads what --image says: images by their containers, "" for one that names
// none. It is nil without any.
func imagesOf(texts []string) (map[string]string, error) {
	var images map[string]string
	for _, text := range texts {
		container, image, named := strings.Cut(text, "=")
		if !named {
			container, image = "", text
		}
		if image == "" {
			return nil, usagef("--image is %q, want IMAGE or CONTAINER=IMAGE", text)
		}
		if images == nil {
			images = map[string]string{}
		}
		if _, twice := images[container]; twice {
			return nil, usagef("--image %q: its container has an image already; say CONTAINER=IMAGE for each", text)
		}
		images[container] = image
	}
	return images, nil
}
