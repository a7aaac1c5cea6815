package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
	"github.com/sluice-deploy/sluice/internal/store"
)

// HistoryOptions are the options of `sluice history`.
type HistoryOptions struct {
	Process

	Place  store.Place
	Limit  int
	Output outputFlag
	Target targetFlags
	Engine engineFlags
}

// NewCmdHistory makes `sluice history`. The work is done by run.
func NewCmdHistory(p Process, run func(context.Context, *HistoryOptions) error) *cobra.Command {
	o := &HistoryOptions{Process: p}
	cmd := &cobra.Command{
		Use:   "history APP ENV",
		Short: "List the rollouts of an environment, the newest first",
		Long: `Lists the rollouts of an environment, the newest first: what each brought, how it
ended and why, when it began and how long it took, approvals included. What was
decided in one is told by ` + "`sluice explain`" + `.

Exit status: 0 when they are listed, 1 when not, 2 for a wrong command line.`,
		Example: `  sluice history shop production
  sluice history shop production --limit 100 --output json`,
		Args: appAndEnv,
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.Limit < 1 {
				return usagef("--limit is %d, want at least 1", o.Limit)
			}
			o.Place = store.Place{App: args[0], Environment: args[1]}
			return run(cmd.Context(), o)
		},
	}
	cmd.Flags().IntVar(&o.Limit, "limit", 20, "how many at most")
	o.Output.addTo(cmd)
	o.Target.addTo(cmd)
	o.Engine.addTo(cmd, "reads the state of `sluice deploy --engine here`")
	return cmd
}

func runHistory(ctx context.Context, o *HistoryOptions) error {
	s, err := o.Engine.reader(ctx, o.Process, &o.Target, o.Place.App)
	if err != nil {
		return err
	}
	if _, _, err := findEnvironment(ctx, s.Store, o.Place.App, o.Place.Environment); err != nil {
		return err
	}
	all, err := s.History(ctx, o.Place, o.Limit)
	if err != nil {
		return err
	}
	return o.Output.write(o.Out, all, func(out io.Writer) error {
		page := newPage(o.Process)
		if len(all) == 0 {
			page.addf("There was no rollout of %s %s yet.", o.Place.App, o.Place.Environment)
			return page.write(out)
		}
		rows := [][]string{{"ROLLOUT", "RELEASE", "COMMIT", "AUTHOR", "OUTCOME", "BEGAN", "TOOK", "WHY"}}
		for _, one := range all {
			rows = append(rows, page.past(one))
		}
		page.table(rows)
		return page.write(out)
	})
}

// past is a rollout as a row.
func (p *page) past(one steps.Past) []string {
	release, why := fmt.Sprint(one.Brings.Release), one.Reason
	if one.Kind == rollout.Back {
		release = fmt.Sprintf("%d to %d", one.Leaves, one.Brings.Release)
		if why == "" || why == one.Why {
			why = one.Why
		} else {
			why = one.Why + "; " + why
		}
	}
	outcome := p.Phase(string(one.Outcome))
	if one.Outcome == "" {
		outcome = "under way"
	}
	return []string{
		one.Rollout, release, cmp.Or(short(one.Brings.Commit), "-"), cmp.Or(one.Brings.Author, "-"), outcome,
		one.Started.UTC().Format("2006-01-02 15:04 UTC"), span(time.Duration(one.Seconds) * time.Second), cmp.Or(why, "-"),
	}
}
