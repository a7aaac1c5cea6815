package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/spf13/cobra"

	"github.com/sluice-deploy/sluice/internal/adopt"
	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/spec"
)

// InitOptions are the options of `sluice init`.
type InitOptions struct {
	Process

	File, App                         string
	Force                             bool
	Service, AppSpec, Group, Ecspress string
	Application, DeploymentGroup      string // of CodeDeploy
	Output                            outputFlag
	Target                            targetFlags
}

// NewCmdInit makes `sluice init`. The work is done by run.
func NewCmdInit(p Process, run func(context.Context, *InitOptions) error) *cobra.Command {
	o := &InitOptions{Process: p}
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write a first sluice.yaml of what runs already, and say what is missing",
		Long: `Writes a sluice.yaml for an app that runs on ECS: from its service, from CodeDeploy's
appspec.yaml with the deployment group, or from an ecspresso configuration; without
any of them, one to start from. The service becomes the slot blue where it is; one that
CodeDeploy deploys stays beside Sluice's two until the traffic has moved. Nothing is
changed in the account.

With --appspec CodeDeploy is asked for the deployment group: the one of --application and
--deployment-group, the one that deploys --service, or the only one there is. Whoever may
not ask gives it with --group.

What Sluice needs beside it is said on standard error. The CloudFormation that makes it
is on standard output, to be kept in a file.

Exit status: 0 when the file is written, 1 when AWS could not be asked, 2 for a wrong
command line or file, 6 when the service is nothing that Sluice could roll out.`,
		Example: `  sluice init --service prod/shop > slots.yaml
  sluice init --ecspresso ecspresso.yml
  sluice init --appspec appspec.yaml --service prod/shop
  sluice init --appspec appspec.yaml --application shop --deployment-group prod
  sluice init --app shop`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), o) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.Service, "service", "", "the ECS service, as `CLUSTER/SERVICE`")
	flags.StringVar(&o.AppSpec, "appspec", "", "CodeDeploy's appspec.yaml, a `file`")
	flags.StringVar(&o.Application, "application", "", "CodeDeploy's application, by `name`; with --appspec")
	flags.StringVar(&o.DeploymentGroup, "deployment-group", "", "its deployment group, by `name`; with --appspec")
	flags.StringVar(&o.Group, "group", "", "the deployment group, a `file` with what aws deploy get-deployment-group printed")
	flags.StringVar(&o.Ecspress, "ecspresso", "", "an ecspresso configuration, a `file`")
	flags.StringVar(&o.App, "app", "", "the app's `name`; else the service's, or this folder's")
	flags.StringVarP(&o.File, "file", "f", specFile, "the `file` to write")
	flags.BoolVar(&o.Force, "force", false, "write over a file that is there")
	cmd.MarkFlagsMutuallyExclusive("service", "ecspresso")
	cmd.MarkFlagsMutuallyExclusive("appspec", "ecspresso")
	for _, flag := range []string{"service", "application", "deployment-group"} {
		cmd.MarkFlagsMutuallyExclusive("group", flag)
	}
	o.Output.addTo(cmd)
	o.Target.addTo(cmd)
	return cmd
}

// begun is the answer of `sluice init`.
type begun struct {
	File     string          `json:"file"`
	App      string          `json:"app"`
	Notes    []string        `json:"notes"`
	Missing  []adopt.Missing `json:"missing"`
	Template string          `json:"template"` // CloudFormation of what is missing; "" if nothing is
}

func runInit(ctx context.Context, o *InitOptions) error {
	if _, err := os.Stat(o.File); !o.Force && !errors.Is(err, os.ErrNotExist) {
		return usagef("%s is there already; --force writes over it, --file names another", o.File)
	}
	d, err := o.draft(ctx)
	if err != nil {
		return err
	}
	text := d.Spec()
	if _, err := spec.Parse(o.File, []byte(text)); err != nil {
		return usagef("what was found makes no spec; a name can be chosen with --app: %w", err)
	}
	if err := os.WriteFile(o.File, []byte(text), 0o644); err != nil { //nolint:gosec // it is no secret, and stands in a repository
		return fmt.Errorf("write the spec: %w", err)
	}
	answer := begun{File: o.File, App: d.App, Notes: append([]string{}, d.Notes...), Missing: append([]adopt.Missing{}, d.Missing...), Template: d.Template}
	return o.Output.write(o.Out, answer, func(out io.Writer) error {
		page := page{Colors: o.colors(), width: o.width()}
		page.begun(d, o.File)
		if err := page.write(o.Err); err != nil {
			return err
		}
		_, err := io.WriteString(out, d.Template)
		return err
	})
}

// draft is what the flags ask for.
func (o *InitOptions) draft(ctx context.Context) (adopt.Draft, error) {
	cluster, service, ok := strings.Cut(o.Service, "/")
	switch {
	case o.Service != "" && (!ok || cluster == "" || service == ""):
		return adopt.Draft{}, usagef("--service is %q, want CLUSTER/SERVICE", o.Service)
	case o.AppSpec != "":
		return o.codeDeploy(ctx, adopt.Wanted{Application: o.Application, Group: o.DeploymentGroup, Cluster: cluster, Service: service})
	case o.Application != "" || o.DeploymentGroup != "" || o.Group != "":
		return adopt.Draft{}, usagef("--application, --deployment-group and --group are CodeDeploy's; give its appspec.yaml too, with --appspec")
	case o.Service != "":
		return o.running(ctx, cluster, service)
	case o.Ecspress != "":
		text, err := readInput("--ecspresso", o.Ecspress)
		if err != nil {
			return adopt.Draft{}, err
		}
		e, err := adopt.ReadEcspresso(o.Ecspress, text)
		if err != nil {
			return adopt.Draft{}, &usageError{err}
		}
		if o.Target.region == "" && o.Target.endpoint == "" && o.Getenv("AWS_ENDPOINT_URL") == "" {
			o.Target.region = e.Region
		}
		return o.running(ctx, e.Cluster, e.Service)
	}
	app := o.App
	if app == "" {
		folder, err := filepath.Abs(".")
		if err != nil {
			return adopt.Draft{}, fmt.Errorf("find this folder's name: %w", err)
		}
		if app = adopt.NameOf(filepath.Base(folder)); app == "" {
			return adopt.Draft{}, usagef("name the app with --app; the folder's name %q makes none", filepath.Base(folder))
		}
	}
	return adopt.Nothing(app), nil
}

// running drafts of a service that runs.
func (o *InitOptions) running(ctx context.Context, cluster, service string) (adopt.Draft, error) {
	t, err := o.Target.reach(ctx, o.Process)
	if err != nil {
		return adopt.Draft{}, err
	}
	found, err := adopt.Find(ctx, awsclient.New(t.AWS), cluster, service)
	if err != nil {
		return adopt.Draft{}, err
	}
	app := o.App
	if app == "" {
		app = adopt.NameOf(service)
	}
	return found.Draft(app)
}

// codeDeploy drafts of what CodeDeploy deploys.
func (o *InitOptions) codeDeploy(ctx context.Context, want adopt.Wanted) (adopt.Draft, error) {
	var c adopt.CodeDeploy
	if err := readWith("--appspec", o.AppSpec, c.ReadAppSpec); err != nil {
		return adopt.Draft{}, err
	}
	if o.Group != "" {
		if err := readWith("--group", o.Group, c.ReadGroup); err != nil {
			return adopt.Draft{}, err
		}
	} else {
		t, err := o.Target.reach(ctx, o.Process)
		if err != nil {
			return adopt.Draft{}, err
		}
		if err := c.FindGroup(ctx, codedeploy.NewFromConfig(t.AWS), want); err != nil {
			return adopt.Draft{}, err
		}
	}
	d, err := o.running(ctx, c.Cluster, c.Service)
	if err == nil {
		c.Apply(&d)
	}
	return d, err
}

// readWith reads a file that a flag names.
func readWith(flag, file string, read func(string, []byte) error) error {
	text, err := readInput(flag, file)
	if err != nil {
		return err
	}
	if err := read(file, text); err != nil {
		return &usageError{err}
	}
	return nil
}

func readInput(flag, file string) ([]byte, error) {
	text, err := os.ReadFile(file) //nolint:gosec // the user names it
	if err != nil {
		return nil, usagef("%s: %w", flag, err)
	}
	return text, nil
}

// begun draws what was written and what is missing.
func (p *page) begun(d adopt.Draft, file string) {
	p.addf("%s is written: app %s, slots %s and %s in cluster %s", file, p.Title.Render(d.App), d.Slots.Blue, d.Slots.Green, d.Cluster)
	for _, note := range d.Notes {
		p.add(p.Warn.Render("  note     " + note))
	}
	for _, m := range d.Missing {
		p.add(p.Bad.Render("  missing  " + m.What))
		p.addf("           %s", m.Why)
	}
	if d.Template != "" {
		p.add("The CloudFormation that makes what is missing follows; after it is deployed:")
	}
	p.addf("Next: look at %s, then `sluice apply` and `sluice doctor`.", file)
}
