package cli

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-deploy/sluice/internal/simulate"
	"github.com/sluice-deploy/sluice/internal/spelling"
)

// exploreFlags say which runs are explored for a promise that is broken.
type exploreFlags struct {
	stories  []string
	seed     uint64
	seeds    int
	draw     int
	every    string // fault, pair, or interleaving
	share    string // K/N
	faults   []string
	noFaults bool
	without  []string
	trace    string
}

func (f *exploreFlags) addTo(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.Uint64Var(&f.seed, "seed", 0, "play the random run of this `number`")
	flags.IntVar(&f.seeds, "seeds", 0, "play this many random runs, from --seed (default 1) on")
	flags.IntVar(&f.draw, "draw", 0, "play this many runs, drawn from all there are")
	flags.StringVar(&f.every, "every", "", "play the stories with every `WHAT`: fault, pair or interleaving")
	flags.StringVar(&f.share, "share", "1/1", "of these runs only the `K/N` part: each N-th, from the K-th on")
	flags.StringArrayVar(&f.faults, "fault", nil, "in one run, what goes wrong instead, as `KIND@N`; may be repeated")
	flags.BoolVar(&f.noFaults, "no-faults", false, "in one run, nothing goes wrong")
	flags.StringArrayVar(&f.without, "without", nil, "in one run, leave out this `act`; may be repeated")
	flags.StringVar(&f.trace, "trace", "", "write all that happens in one run to this `file`")
	for name, values := range map[string][]string{"every": {"fault", "pair", "interleaving"}, "fault": simulate.Kinds()} {
		_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	}
}

// asked reports whether runs are to be explored.
func (f *exploreFlags) asked() bool {
	return len(f.stories) > 0 || f.seed > 0 || f.seeds > 0 || f.draw > 0 || f.every != ""
}

// one is the plan where a single run is asked for.
func (f *exploreFlags) one() (simulate.Plan, bool, error) {
	var p simulate.Plan
	switch {
	case f.seeds > 0 || f.draw > 0 || f.every != "" || len(f.stories) > 1:
		if len(f.faults) > 0 || f.noFaults || len(f.without) > 0 || f.trace != "" {
			return p, false, usagef("--fault, --no-faults, --without and --trace are for one run: of one story, or of one --seed")
		}
		return p, false, nil
	case len(f.stories) == 1:
		all, err := f.storied()
		if err != nil {
			return p, true, err
		}
		p = all[0]
	default:
		p = simulate.Random(f.seed)
	}
	if len(f.faults) > 0 || f.noFaults {
		p.Faults = nil
	}
	for _, text := range f.faults {
		fault, err := simulate.ParseFault(text)
		if err != nil {
			return p, true, usagef("--fault: %w", err)
		}
		p.Faults = append(p.Faults, fault)
	}
	for _, act := range f.without {
		var there bool
		if p, there = p.Without(act); !there {
			return p, true, usagef("--without %q: nobody does that; the acts are:\n%s", act, p.Describe())
		}
	}
	return p, true, nil
}

// storied are the stories that are named; all where none is.
func (f *exploreFlags) storied() ([]simulate.Plan, error) {
	all := simulate.Stories()
	if len(f.stories) == 0 {
		return all, nil
	}
	var names []string
	for _, p := range all {
		names = append(names, p.Name)
	}
	var some []simulate.Plan
	for _, name := range f.stories {
		i := slices.Index(names, name)
		if i < 0 {
			near := spelling.Near(name, names)
			if near != "" {
				near = fmt.Sprintf(", perhaps %q is meant", near)
			}
			return nil, usagef("there is no story %q%s; there are %s", name, near, strings.Join(names, ", "))
		}
		some = append(some, all[i])
	}
	return some, nil
}

// many are the plans where more than one run is asked for.
func (f *exploreFlags) many() (iter.Seq[simulate.Plan], error) {
	stories, err := f.storied()
	if err != nil {
		return nil, err
	}
	k, n, err := parseShare(f.share)
	if err != nil {
		return nil, err
	}
	var plans iter.Seq[simulate.Plan]
	switch {
	case f.draw > 0:
		plans = simulate.Draw(max(f.seed, 1), f.draw)
	case f.seeds > 0:
		plans = simulate.Seeded(max(f.seed, 1), f.seeds)
	case f.every == "":
		plans = slices.Values(stories)
	default:
		each, ok := map[string]func(simulate.Plan) iter.Seq[simulate.Plan]{
			"fault": simulate.Singles, "pair": simulate.MainPairs, "interleaving": simulate.Interleavings,
		}[f.every]
		if !ok {
			return nil, usagef("--every is %q, want fault, pair or interleaving", f.every)
		}
		plans = simulate.Each(stories, each)
	}
	return simulate.Share(plans, k, n), nil
}

func parseShare(text string) (k, n int, err error) {
	first, second, ok := strings.Cut(text, "/")
	k, err1 := strconv.Atoi(first)
	n, err2 := strconv.Atoi(second)
	if !ok || err1 != nil || err2 != nil || k < 1 || n < k {
		return 0, 0, usagef("--share is %q, want K/N, such as 1/10", text)
	}
	return k, n, nil
}

// explored is the answer of `sluice simulate` for many runs.
type explored struct {
	Runs    int            `json:"runs"`
	Faults  int            `json:"faults"`  // that came to something
	Calls   int            `json:"calls"`   // different calls of functions that one befell
	Virtual float64        `json:"virtual"` // hours that went by in the runs
	Kinds   map[string]int `json:"kinds"`   // how often each kind came to something
	Broken  []brokenRun    `json:"broken"`
}

// brokenRun is a run in which a promise did not hold, made as short as it gets.
type brokenRun struct {
	Command  string   `json:"command"` // that repeats it
	Promise  string   `json:"promise"`
	Why      string   `json:"why"`
	Run      int      `json:"run"` // which of the runs it was
	Timeline []string `json:"timeline"`

	plan string
}

// mostBroken is how many broken runs are enough to look at.
const mostBroken = 5

// explore plays runs, until they are to end, and tells what came of those that were played.
func (o *SimulateOptions) explore(ended func() error) error {
	p, single, err := o.Explore.one()
	if err != nil {
		return err
	}
	if single {
		return o.playOne(p)
	}
	plans, err := o.Explore.many()
	if err != nil {
		return err
	}
	out := explored{Kinds: map[string]int{}, Broken: []brokenRun{}}
	befallen := map[string]bool{}
	simulate.Explore(plans, func(r simulate.Result) bool {
		out.add(r, befallen)
		if o.Output == asText && out.Runs%100 == 0 {
			_, _ = fmt.Fprintf(o.Err, "%d runs, %d broken\n", out.Runs, len(out.Broken)) // nobody has to read it
		}
		return len(out.Broken) < mostBroken && ended() == nil
	})
	if err := o.Output.write(o.Out, out, out.print); err != nil {
		return err
	}
	return errors.Join(out.failed(), ended())
}

func (e *explored) add(r simulate.Result, befallen map[string]bool) {
	e.Runs++
	e.Virtual += r.Took.Hours()
	e.Faults += len(r.Struck)
	for _, f := range r.Struck {
		e.Kinds[f.Kind]++
		if call, ok := r.Befallen(f); ok {
			befallen[call] = true
		}
	}
	e.Calls = len(befallen)
	if r.Broken != nil {
		e.Broken = append(e.Broken, brokenOf(simulate.Shrink(r), e.Runs))
	}
}

func brokenOf(r simulate.Result, run int) brokenRun {
	b := brokenRun{Command: r.Plan.Command(), Promise: r.Broken.Promise, Why: r.Broken.Why, Run: run, plan: r.Plan.Describe()}
	for _, n := range r.Trace.Timeline() {
		b.Timeline = append(b.Timeline, n.String())
	}
	return b
}

func (e *explored) failed() error {
	if len(e.Broken) > 0 {
		return fmt.Errorf("a promise was broken in %d of %d runs", len(e.Broken), e.Runs)
	}
	return nil
}

func (e *explored) print(w io.Writer) error {
	for _, b := range e.Broken {
		if _, err := fmt.Fprintf(w, "broken: %s\n%s\n  %s\n%s%s\n\n", b.Promise, b.Why, b.Command, b.plan, strings.Join(b.Timeline, "\n")); err != nil {
			return fmt.Errorf("write: %w", err)
		}
	}
	_, err := fmt.Fprintf(w, "%d runs of %.0f hours in all, %d faults at %d different calls: %d broken promises\n",
		e.Runs, e.Virtual, e.Faults, e.Calls, len(e.Broken))
	if err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

// played is the answer of `sluice simulate` for one run.
type played struct {
	Command  string     `json:"command"`
	Sum      string     `json:"sum"` // of all that happened, to the byte
	Lines    int        `json:"lines"`
	Requests int        `json:"requests"`
	Outcomes []string   `json:"outcomes"`
	Undone   []string   `json:"undone"` // acts whose moment never came
	Broken   *brokenRun `json:"broken,omitempty"`
	Timeline []string   `json:"timeline"`
}

func (o *SimulateOptions) playOne(p simulate.Plan) error {
	sum := sha256.New()
	r, err := o.playTraced(p, sum)
	if err != nil {
		return err
	}
	out := played{
		Command: p.Command(), Sum: hex.EncodeToString(sum.Sum(nil)), Lines: r.Trace.Lines(), Requests: r.Requests, Outcomes: r.Outcomes, Undone: []string{}, Timeline: []string{},
	}
	for _, a := range r.Undone {
		out.Undone = append(out.Undone, a.String())
	}
	for _, n := range r.Trace.Timeline() {
		out.Timeline = append(out.Timeline, n.String())
	}
	if r.Broken != nil {
		b := brokenOf(r, 1)
		out.Broken = &b
	}
	err = o.Output.write(o.Out, out, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s%s\n\n%d requests by functions in %s; sum %.12s\n",
			p.Describe(), strings.Join(out.Timeline, "\n"), r.Requests, r.Took.Round(time.Second), out.Sum)
		if err != nil {
			return fmt.Errorf("write: %w", err)
		}
		return nil
	})
	if err == nil && r.Broken != nil {
		err = fmt.Errorf("a promise was broken: %s: %s", r.Broken.Promise, r.Broken.Why)
	}
	return err
}

// playTraced plays a run, and writes all that happens to a file too, where that is asked
// for.
func (o *SimulateOptions) playTraced(p simulate.Plan, to io.Writer) (simulate.Result, error) {
	if o.Explore.trace == "" {
		return simulate.Traced(p, to), nil
	}
	file, err := os.Create(o.Explore.trace)
	if err != nil {
		return simulate.Result{}, fmt.Errorf("write the trace: %w", err)
	}
	text := bufio.NewWriter(file)
	r := simulate.Traced(p, io.MultiWriter(to, text))
	if err := errors.Join(text.Flush(), file.Close()); err != nil {
		return r, fmt.Errorf("write the trace: %w", err)
	}
	return r, nil
}
