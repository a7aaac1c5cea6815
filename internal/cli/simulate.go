package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-deploy/sluice/internal/simulate"
)

// SimulateOptions are the options of `sluice simulate`.
type SimulateOptions struct {
	Process

	WhatIf  whatIfFlags
	Explore exploreFlags
	Output  outputFlag
}

// NewCmdSimulate makes `sluice simulate`. The work is done by run.
func NewCmdSimulate(p Process, run func(context.Context, *SimulateOptions) error) *cobra.Command {
	o := &SimulateOptions{Process: p}
	cmd := &cobra.Command{
		Use:   "simulate (--file FILE | STORY... | --seed N | --seeds N | --draw N | --every WHAT)",
		Short: "Try what would happen in a deployment by a spec, or look for a promise that breaks",
		Long: `Runs a deployment by a spec in a simulated world, on virtual time and without AWS: the
real state machine and functions of Sluice, with an app whose tasks and requests are
reckoned. It tells what would happen, how many requests a bad version would have
answered, and how long it takes until all is back.

A scenario is what goes wrong, as effects with commas between them, or a file that ends
in .yaml. With several, each is tried, and a table has them side by side.

` + effectsHelp() + `
A position is before, step1 (2, 3, …), guard or after, and may have a time behind it:
errors=3%@step1+90s. It counts in the last environment.

Without a spec, Sluice itself is tried: runs of stories, or of what a number draws, in
which anything goes wrong, and after every step it is looked whether each promise holds
(docs/reliability.md). A run follows from its command to the byte. One in which a promise
breaks is made as short as it gets, and told with the command that repeats it.

Exit status: 0 when it has been tried, whatever came of it, 1 when Sluice has broken a
promise, 2 for a wrong command line, spec or scenario.`,
		Example: `  sluice simulate -f sluice.yaml --scenario errors=3%@step1
  sluice simulate -f sluice.yaml --scenario leak=6m --scenario quiet --load 20/s
  sluice simulate -f sluice.yaml --scenario errors=50%@guard --svg guard.svg
  sluice simulate -f sluice.yaml --against careful.yaml --scenario all
  sluice simulate --seeds 10000
  sluice simulate good --fault die@120 --fault late@130
  sluice simulate bad queued --every fault --share 1/50`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Explore.stories = args
			return run(cmd.Context(), o)
		},
		ValidArgsFunction: cobra.FixedCompletions(storyNames(), cobra.ShellCompDirectiveNoFileComp),
	}
	o.WhatIf.addTo(cmd)
	o.Explore.addTo(cmd)
	o.Output.addTo(cmd)
	return cmd
}

// effectsHelp lists the effects for people.
func effectsHelp() string {
	var text strings.Builder
	for _, told := range simulate.Effects() {
		fmt.Fprintf(&text, "  %-21s  %s\n", told[0], told[1])
	}
	return text.String()
}

func runSimulate(ctx context.Context, o *SimulateOptions) error {
	switch {
	case o.WhatIf.file != "" && o.Explore.asked():
		return usagef("--file tries a spec; stories, --seed, --seeds, --draw and --every try Sluice: give one of the two")
	case o.WhatIf.file != "":
		return o.whatIf() //nolint:contextcheck // it runs on virtual time: nothing in it waits
	case o.Explore.asked():
		return o.explore(ctx.Err) //nolint:contextcheck // a run has a world of its own, which ends with it
	default:
		return usagef("name the spec that is to be tried: `sluice simulate --file %s`", specFile)
	}
}

// storyNames are the stories that Sluice is tried in.
func storyNames() []string {
	var names []string
	for _, p := range simulate.Stories() {
		names = append(names, p.Name)
	}
	return names
}

// whatIfFlags say what is tried by which specs.
type whatIfFlags struct {
	file, against string
	environments  []string
	scenarios     []string
	load          string
	tasks         int
	svg           string // the file that the picture goes to; "" is none
}

func (f *whatIfFlags) addTo(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVarP(&f.file, "file", "f", "", "the `file` with the spec that is tried")
	flags.StringArrayVar(&f.scenarios, "scenario", []string{"good"}, "what goes wrong: `EFFECTS`, a file, or all, for one of each kind; may be repeated")
	flags.StringVar(&f.against, "against", "", "another `file` with a spec that is tried beside it")
	flags.StringArrayVar(&f.environments, "env", nil, "the `environment` that it goes into; repeated, it goes through them in the spec's order (default the last)")
	flags.StringVar(&f.load, "load", "100/s", "`requests` a second that each environment gets")
	flags.IntVar(&f.tasks, "tasks", 2, "`number` of tasks of the slot with the traffic")
	flags.StringVar(&f.svg, "svg", "", "draw weights, errors and decisions over time into this `file`")
	for _, name := range []string{"file", "against"} {
		_ = cmd.MarkFlagFilename(name, "yaml", "yml") // the flag is there
	}
	_ = cmd.MarkFlagFilename("svg", "svg") // the flag is there
	_ = cmd.RegisterFlagCompletionFunc("scenario", completeScenario)
}

// completeScenario completes the kinds of effects; files complete by themselves.
func completeScenario(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	names := []cobra.Completion{cobra.CompletionWithDesc("all", "one of each kind")}
	for _, told := range simulate.Effects() {
		names = append(names, cobra.CompletionWithDesc(told[0], told[1]))
	}
	return names, cobra.ShellCompDirectiveDefault
}

// tried is the answer of `sluice simulate --file`: what came of each scenario by each
// spec.
type tried struct {
	Spec         string             `json:"spec"` // the file
	App          string             `json:"app"`
	Environments []string           `json:"environments"`
	Outcomes     []simulate.Outcome `json:"outcomes"`

	said string // what it does, in a line
}

func (o *SimulateOptions) whatIf() error {
	scenarios, err := o.WhatIf.read()
	if err != nil {
		return err
	}
	files := []string{o.WhatIf.file}
	if o.WhatIf.against != "" {
		files = append(files, o.WhatIf.against)
	}
	var all []tried
	for _, file := range files {
		one, err := o.try(file, scenarios)
		if err != nil {
			return err
		}
		all = append(all, one)
	}
	if o.WhatIf.svg != "" {
		if err := o.draw(all); err != nil {
			return err
		}
	}
	page := page{Colors: o.colors(), width: o.width()}
	page.tried(all)
	if err := o.Output.write(o.Out, all, page.write); err != nil {
		return err
	}
	return broken(all)
}

// broken is the first promise of Sluice's that did not hold.
func broken(all []tried) error {
	for _, one := range all {
		for _, outcome := range one.Outcomes {
			if outcome.Broken != "" {
				return fmt.Errorf("scenario %q: Sluice broke a promise, which is a mistake of its own: %s", outcome.Scenario, outcome.Broken)
			}
		}
	}
	return nil
}

// read reads the scenarios that are named.
func (f *whatIfFlags) read() ([]simulate.Scenario, error) {
	var all []simulate.Scenario
	for _, named := range f.scenarios {
		if named == "all" {
			all = append(all, simulate.OfEachKind()...)
			continue
		}
		s, err := readScenario(named)
		if err != nil {
			return nil, &usageError{err}
		}
		all = append(all, s)
	}
	return all, nil
}

func readScenario(named string) (simulate.Scenario, error) {
	if !simulate.IsScenarioFile(named) {
		return simulate.ParseScenario(named)
	}
	text, err := os.ReadFile(named) //nolint:gosec // the file that its user names
	if err != nil {
		return simulate.Scenario{}, fmt.Errorf("read the scenario: %w", err)
	}
	return simulate.ReadScenario(named, text)
}

// try plays the scenarios by a spec.
func (o *SimulateOptions) try(file string, scenarios []simulate.Scenario) (tried, error) {
	out := tried{Spec: file, Environments: []string{}, Outcomes: []simulate.Outcome{}}
	spec, err := readSpec(file)
	if err != nil {
		return out, err
	}
	load, err := simulate.ParseLoad(o.WhatIf.load)
	if err != nil {
		return out, usagef("--load: %w", err)
	}
	if o.WhatIf.tasks < 1 || o.WhatIf.tasks > 100 {
		return out, usagef("--tasks is %d, want 1 to 100", o.WhatIf.tasks)
	}
	t := simulate.Trial{Spec: *spec, Environments: o.WhatIf.environments, Load: load, Tasks: o.WhatIf.tasks}
	for _, s := range scenarios {
		outcome, err := t.Try(s)
		if err != nil {
			return out, &usageError{fmt.Errorf("%s: %w", file, err)}
		}
		out.Outcomes = append(out.Outcomes, outcome)
	}
	out.App, out.Environments, out.said = spec.App, t.Names(), t.Says()
	return out, nil
}

// draw writes the picture.
func (o *SimulateOptions) draw(all []tried) error {
	var panels []simulate.Panel
	for i := range all[0].Outcomes {
		end := 0.0
		for _, one := range all {
			end = max(end, one.Outcomes[i].Ended)
		}
		for _, one := range all {
			title := one.App + " " + strings.Join(one.Environments, ", ") + ": " + one.Outcomes[i].Scenario
			if len(all) > 1 {
				title += " by " + filepath.Base(one.Spec)
			}
			panels = append(panels, simulate.Panel{Title: title, Outcome: one.Outcomes[i], End: end})
		}
	}
	if err := os.WriteFile(o.WhatIf.svg, []byte(simulate.Picture(panels)), 0o600); err != nil {
		return fmt.Errorf("write the picture: %w", err)
	}
	return nil
}
