package cli

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-deploy/sluice/internal/steps"
	"github.com/sluice-deploy/sluice/internal/store"
)

// MetricsOptions are the options of `sluice metrics`.
type MetricsOptions struct {
	Process

	App, Environment string // "" is all
	Since            string
	Output           outputFlag
	Target           targetFlags
	Engine           engineFlags
}

// NewCmdMetrics makes `sluice metrics`. The work is done by run.
func NewCmdMetrics(p Process, run func(context.Context, *MetricsOptions) error) *cobra.Command {
	o := &MetricsOptions{Process: p}
	cmd := &cobra.Command{
		Use:   "metrics [APP [ENV]]",
		Short: "Count how often releases go out, how fast, and how many fail",
		Long: `Counts, for each environment, the rollouts that began since a moment: deployments,
the lead time from the commit to 100 percent of the traffic, the share of releases
that failed, how long it took to restore, and the time from an alarm to the rule
back. All is computed from the records (docs/cli.md says how); medians are shown,
and --output json has more.

Exit status: 0 when it is counted, 1 when not, 2 for a wrong command line.`,
		Example: `  sluice metrics
  sluice metrics shop production --since 90d
  sluice metrics shop --since 2026-01-01 --output json`,
		Args: atMost(2, "argument"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.App, o.Environment = arg(args, 0), arg(args, 1)
			return run(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVar(&o.Since, "since", "30d", "`span` back from now, in hours, days or weeks: 36h, 30d, 12w; or a day: 2026-01-31")
	o.Output.addTo(cmd)
	o.Target.addTo(cmd)
	o.Engine.addTo(cmd, "reads the state of `sluice deploy --engine here`")
	return cmd
}

func runMetrics(ctx context.Context, o *MetricsOptions) error {
	if _, err := since(o.Since, o.Started); err != nil {
		return err
	}
	s, err := o.Engine.reader(ctx, o.Process, &o.Target, o.App)
	if err != nil {
		return err
	}
	from, err := since(o.Since, s.Now())
	if err != nil {
		return err
	}
	places, err := findPlaces(ctx, s.Store, o.App, o.Environment)
	if err != nil {
		return err
	}
	all := []steps.Delivery{}
	for _, p := range places {
		one, err := s.Deliveries(ctx, store.Place{App: p.spec.App, Environment: p.environment.Name}, from)
		if err != nil {
			return err
		}
		all = append(all, one)
	}
	return o.Output.write(o.Out, all, func(out io.Writer) error {
		page := newPage(o.Process)
		page.deliveries(all)
		return page.write(out)
	})
}

// since is the moment that a flag names.
func since(text string, now time.Time) (time.Time, error) {
	if day, err := time.Parse(time.DateOnly, text); err == nil && day.Before(now) {
		return day, nil
	}
	const longest = 10_000 // of any unit, and more than anybody keeps
	if n := len(text); n > 1 {
		unit := map[byte]time.Duration{'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}[text[n-1]]
		count, err := strconv.Atoi(text[:n-1])
		if err == nil && unit > 0 && count > 0 && count <= longest {
			return now.Add(-time.Duration(count) * unit), nil
		}
	}
	return now, usagef("--since is %q, want a span such as 36h, 30d or 12w, or a day that is over, such as 2026-01-31", text)
}

// deliveries is a row for each environment, and what the columns leave out.
func (p *page) deliveries(all []steps.Delivery) {
	if len(all) == 0 {
		p.add("No app is registered; register one with `sluice apply`.")
		return
	}
	rows := [][]string{{"APP", "ENVIRONMENT", "DEPLOYMENTS", "PER DAY", "LEAD TIME", "FROM RELEASE", "FAILED", "RESTORE", "ALARM TO BACK"}}
	unknown, forgotten := 0, 0
	for _, d := range all {
		rows = append(rows, delivery(d))
		unknown, forgotten = unknown+d.Unknown, forgotten+d.Forgotten
	}
	p.table(rows)
	p.add("", p.Dim.Render("since "+all[0].Since.Format("2006-01-02 15:04 UTC")+"; spans are medians"))
	if unknown > 0 {
		p.add(p.Dim.Render(fmt.Sprintf("of %s nobody told when the commit was made (docs/cli.md#sluice-metrics): not in LEAD TIME", counted(unknown, "deployment"))))
	}
	if forgotten > 0 {
		p.add(p.Dim.Render(fmt.Sprintf("of %s the decisions are not kept any more (keep, docs/spec.md): in no span", counted(forgotten, "rollout"))))
	}
}

func delivery(d steps.Delivery) []string {
	lead := middle(d.LeadTime)
	if d.LeadTime.Count == 0 && d.Unknown > 0 {
		lead = "unknown"
	}
	failed := "-"
	if d.FailureRate != nil {
		failed = fmt.Sprintf("%d of %d (%.0f%%)", d.Failed, d.Changes, 100**d.FailureRate)
	}
	return []string{
		d.App, d.Environment, fmt.Sprint(d.Deployments), fmt.Sprintf("%.2f", d.PerDay),
		lead, middle(d.FromRelease), failed, middle(d.Restore), middle(d.AlarmToBack),
	}
}

// middle is the median of spans.
func middle(s steps.Spans) string {
	switch {
	case s.Median == nil:
		return "-"
	case *s.Median < 10:
		return fmt.Sprintf("%.1fs", *s.Median)
	default:
		return span(time.Duration(*s.Median * float64(time.Second)))
	}
}
