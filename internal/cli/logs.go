package cli

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/spf13/cobra"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/logs"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
	"github.com/sluice-deploy/sluice/internal/store"
)

// LogsOptions are the options of `sluice logs`.
type LogsOptions struct {
	Process

	Subject     []string // ROLLOUT, or APP and ENV
	Follow      bool
	Since       time.Duration // 0 is the whole rollout
	App, Sluice bool          // only that; neither is both
	Output      outputFlag
	Target      targetFlags
}

// NewCmdLogs makes `sluice logs`. The work is done by run.
func NewCmdLogs(p Process, run func(context.Context, *LogsOptions) error) *cobra.Command {
	o := &LogsOptions{Process: p}
	cmd := &cobra.Command{
		Use:   "logs ROLLOUT | APP ENV",
		Short: "Show the app's and Sluice's log lines of a rollout, by time",
		Long: `Shows what the app's tasks and Sluice's functions logged while a rollout went on: that
of the name, or the newest in an environment. The app's lines are those of both slots,
of containers with the log driver awslogs; Sluice's are those that name the rollout.
--output json writes one object a line.

Exit status: 0 when they are shown, with --follow once the rollout has ended; 1 when
not, 2 for a wrong command line, 130 when --follow is interrupted.`,
		Example: `  sluice logs shop production --follow
  sluice logs shop-production-42 --app
  sluice logs shop production --since 10m --output json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 && len(args) != 2 || len(args) == 1 && strings.Contains(args[0], "/") {
				return usagef("%s takes the name of a rollout, or an app and an environment, found %q", cmd.CommandPath(), strings.Join(args, " "))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.Since < 0 || o.Since == 0 && cmd.Flags().Changed("since") {
				return usagef("--since is %v, want a span above zero, such as 10m", o.Since)
			}
			o.Subject = args
			return run(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&o.Follow, "follow", "f", false, "show lines as they come, until the rollout has ended")
	flags.DurationVar(&o.Since, "since", 0, "`span` back from now, such as 10m; else the whole rollout")
	flags.BoolVar(&o.App, "app", false, "the app's lines alone")
	flags.BoolVar(&o.Sluice, "sluice", false, "Sluice's lines alone")
	cmd.MarkFlagsMutuallyExclusive("app", "sluice")
	o.Output.addTo(cmd)
	o.Target.addTo(cmd)
	return cmd
}

func runLogs(ctx context.Context, o *LogsOptions) error {
	t, err := o.Target.find(ctx, o.Process)
	if err != nil {
		return err
	}
	s, err := t.steps(o.Process)
	if err != nil {
		return err
	}
	names, err := findRollouts(ctx, s, o.Subject)
	if err != nil {
		return err
	}
	record, err := s.Store.Record(ctx, names[0])
	if err != nil {
		return err
	}
	l := logged{target: t, options: o, page: newPage(o.Process), seen: map[string]time.Time{}}
	if !o.App {
		l.add(t.AWS, logs.OfRollout(t.Logs, t.AWS.Region, record.Name))
	}
	if !o.Sluice {
		if err := l.addApp(ctx, s, record); err != nil {
			return err
		}
	}
	return l.show(ctx, s, record)
}

// logged is the lines that are shown.
type logged struct {
	*target

	options *LogsOptions
	page    page
	sources []readable
	seen    map[string]time.Time // lines that were shown, by source and ID
}

// readable is a source, and who reads it.
type readable struct {
	logs.Source

	reader logs.Reader
}

// add adds a source, once.
func (l *logged) add(cfg aws.Config, s logs.Source) {
	if !slices.ContainsFunc(l.sources, func(r readable) bool { return r.Source == s }) {
		l.sources = append(l.sources, readable{s, logs.Reader{Logs: cloudwatchlogs.NewFromConfig(cfg)}})
	}
}

// addApp adds the logs of the task definitions that the rollout made and that the slots
// have now.
func (l *logged) addApp(ctx context.Context, s *steps.Steps, record store.Record) error {
	_, env, err := findEnvironment(ctx, s.Store, record.Place.App, record.Place.Environment)
	if err != nil {
		return err
	}
	away := awsclient.Away{Region: env.Region, Role: env.Role}
	slots, err := s.Reach(away).Services.Describe(ctx, env.Cluster, env.Slots)
	if err != nil {
		return err
	}
	cfg := away.Config(l.AWS, l.Now)
	made := []string{record.TaskDefinition, slots[rollout.Blue].TaskDefinition, slots[rollout.Green].TaskDefinition}
	slices.Sort(made)
	var elsewhere []string
	for _, arn := range slices.Compact(made) {
		if arn == "" {
			continue
		}
		out, err := ecs.NewFromConfig(cfg).DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: &arn})
		if err != nil {
			return awsclient.Wrap(err, "read task definition %s", arn)
		}
		sources, others := logs.OfTasks(out.TaskDefinition)
		for _, source := range sources {
			l.add(cfg, source)
		}
		elsewhere = append(elsewhere, others...)
	}
	return l.silent(elsewhere)
}

// silent says which containers' lines cannot be shown. It is an error if nothing else is
// to be.
func (l *logged) silent(containers []string) error {
	slices.Sort(containers)
	for _, name := range slices.Compact(containers) {
		err := rollout.Errorf(rollout.KindNotFound,
			"the lines of container %s are not in CloudWatch Logs: give it the log driver awslogs in logConfiguration of its task definition, or look where its own driver sends them", name)
		if len(l.sources) == 0 {
			return err
		}
		_, _ = fmt.Fprintln(l.options.Err, err) // nobody has to read it
	}
	return nil
}

const (
	// late is how long after its time a line may come.
	late = time.Minute
	// tail is how long after its end a rollout may still log.
	tail = 10 * time.Second
)

// show writes the lines there are, and with --follow those that come until the rollout has
// ended.
func (l *logged) show(ctx context.Context, s *steps.Steps, record store.Record) error {
	from := record.At
	if l.options.Since > 0 {
		from = l.Now().Add(-l.options.Since)
	}
	for {
		to := l.Now()
		if record.Outcome != "" {
			to = record.EndedAt.Add(tail)
		}
		if err := l.write(ctx, from, to); err != nil {
			return err
		}
		if !l.options.Follow || record.Outcome != "" {
			return nil
		}
		if later := to.Add(-late); later.After(from) {
			from = later
		}
		if err := l.pause(ctx); err != nil {
			return err
		}
		var err error
		if record, err = s.Store.Record(ctx, record.Name); err != nil {
			return err
		}
	}
}

// write writes what was not written yet of a span.
func (l *logged) write(ctx context.Context, from, to time.Time) error {
	if from.After(to) {
		return nil
	}
	var all []iter.Seq2[logs.Line, error]
	for _, r := range l.sources {
		all = append(all, r.reader.Lines(ctx, r.Source, from, to))
	}
	for line, err := range logs.Merged(all) {
		if err != nil {
			return err
		}
		if err := l.writeLine(line); err != nil {
			return err
		}
	}
	for id, at := range l.seen {
		if at.Before(from) {
			delete(l.seen, id)
		}
	}
	return nil
}

func (l *logged) writeLine(line logs.Line) error {
	if l.options.Follow {
		id := line.From + " " + line.ID
		if _, again := l.seen[id]; again {
			return nil
		}
		l.seen[id] = line.At
	}
	if l.options.Output == asJSON {
		return writeJSONLine(l.options.Out, line)
	}
	_, err := fmt.Fprintln(l.options.Out, l.page.logLine(line))
	return err
}

// logLine is a line for people: when, who, what.
func (p *page) logLine(line logs.Line) string {
	const at = "2006-01-02 15:04:05.000"
	from, text := p.Blue.Render(line.From+"/"+cmp.Or(line.Task[:min(len(line.Task), shortTask)], "-")), line.Text
	if line.From == logs.Sluice {
		from, text = p.Title.Render(line.From), p.sluiceLine(line.Text)
	}
	return p.Dim.Render(line.At.Format(at)) + "  " + from + "  " + text
}

// shortTask is how much of a task's id tells it from others.
const shortTask = 8
