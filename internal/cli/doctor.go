package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/sluice-deploy/sluice/internal/doctor"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// DoctorOptions are the options of `sluice doctor`.
type DoctorOptions struct {
	Process

	Spec        specFlags
	Environment string // "" is all
	Output      outputFlag
	Target      targetFlags
}

// NewCmdDoctor makes `sluice doctor`. The work is done by run.
func NewCmdDoctor(p Process, run func(context.Context, *DoctorOptions) error) *cobra.Command {
	o := &DoctorOptions{Process: p}
	cmd := &cobra.Command{
		Use:   "doctor [APP [ENV]] | doctor --file FILE [ENV]",
		Short: "Look for what would make a deployment fail, and say what to do about it",
		Long: `Examines the installation of Sluice and what is around an app's environments: whether
a deployment would be refused or would fail for what can be seen now. Each check is
ok, a problem with its remedy, or not checked, with why. Nothing is changed.

Without APP it is the sluice.yaml in this folder, and where there is none, all
registered apps. It looks with your permissions, not with Sluice's: what you may not
see is not checked.

Exit status: 0 when there is no problem, 1 when there is one, 2 for a wrong command
line or a spec with mistakes.`,
		Example: `  sluice doctor
  sluice doctor shop production
  sluice doctor --file deploy/sluice.yaml --output json`,
		Args: atMost(2, "argument"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("file") {
				if len(args) > 1 {
					return usagef("give an app, for its registered spec, or --file, not both")
				}
				o.Environment = arg(args, 0)
			} else {
				o.Spec.app, o.Environment = arg(args, 0), arg(args, 1)
			}
			return run(cmd.Context(), o)
		},
	}
	o.Spec.addTo(cmd)
	o.Output.addTo(cmd)
	o.Target.addTo(cmd)
	return cmd
}

func runDoctor(ctx context.Context, o *DoctorOptions) error {
	t, err := o.Target.find(ctx, o.Process)
	if err != nil {
		return err
	}
	s, err := t.steps(o.Process)
	if err != nil {
		return err
	}
	patients, err := o.patients(ctx, s.Store)
	if err != nil {
		return err
	}
	d := doctor.Doctor{Installation: *t.Installation, Steps: s, AWS: t.AWS, HTTP: t.world()}
	d.Examine(ctx, patients)
	page := page{Colors: o.colors(), width: o.width()}
	page.findings(d.Findings())
	if err := o.Output.write(o.Out, d.Findings(), page.write); err != nil {
		return err
	}
	if n := count(d.Findings(), doctor.Problem); n > 0 {
		return errors.New(counted(n, "problem"))
	}
	return nil
}

// patients are the apps, and of each the environments, that are asked for.
func (o *DoctorOptions) patients(ctx context.Context, s *store.Store) ([]doctor.Patient, error) {
	names := []string{o.Spec.app}
	if _, err := os.Stat(o.Spec.file); o.Spec.app == "" && errors.Is(err, os.ErrNotExist) && o.Spec.file == specFile {
		if names, err = s.Apps(ctx); err != nil {
			return nil, err
		}
	}
	var all []doctor.Patient
	for _, name := range names {
		flags := specFlags{app: name, file: o.Spec.file}
		found, err := flags.find(ctx, o.Process, s)
		if err != nil {
			return nil, err
		}
		p := doctor.Patient{
			Spec: found.spec, File: found.file, Registered: found.registered, Counter: found.counter, Environments: found.spec.Environments,
		}
		if o.Environment != "" {
			one, err := environmentOf(found.spec, o.Environment)
			if err != nil {
				return nil, err
			}
			p.Environments = []rollout.Environment{one}
		}
		all = append(all, p)
	}
	return all, nil
}

func count(findings []doctor.Finding, status doctor.Status) int {
	n := 0
	for _, f := range findings {
		if f.Status == status {
			n++
		}
	}
	return n
}

// findings draws what was found, by what it is about.
func (p *page) findings(all []doctor.Finding) {
	about := ""
	for _, f := range all {
		if f.About != about {
			if about != "" {
				p.add("")
			}
			about = f.About
			p.add(p.Title.Render(about))
		}
		p.finding(f)
	}
	p.add("")
	p.addf("%d ok, %s, %d not checked", count(all, doctor.OK), counted(count(all, doctor.Problem), "problem"), count(all, doctor.Unchecked))
}

func (p *page) finding(f doctor.Finding) {
	line := fmt.Sprintf("%-16s %s", f.Check, f.What)
	switch f.Status {
	case doctor.OK:
		p.add("  " + p.Good.Render("✓") + " " + line)
	case doctor.Problem:
		p.add("  " + p.Bad.Render("✗ "+line))
		if f.Remedy != "" {
			p.addf("%21s%s", "", f.Remedy)
		}
	case doctor.Unchecked:
		p.add("  " + p.Warn.Render("? "+fmt.Sprintf("%-16s not checked: %s", f.Check, f.What)))
	}
}
