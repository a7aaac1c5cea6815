package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
	"github.com/sluice-deploy/sluice/internal/terminal"
	"github.com/sluice-deploy/sluice/internal/traffic"
)

// face shows what is seen.
type face interface {
	show(seen sight)
	close() error
}

// face is a live picture on a terminal, else lines.
func (o *WatchOptions) face(stop context.CancelFunc) face {
	switch {
	case o.Output == asJSON:
		return &jsonFace{json.NewEncoder(o.Out)}
	case isTerminal(o.Out):
		return &liveFace{o.colors(), terminal.NewLive(o.Out, terminal.Foot{
			Help: "q or Ctrl-C ends the watching; the rollout goes on", Ending: "ending",
		}, stop)}
	default:
		return &lineFace{out: o.Out}
	}
}

// jsonFace writes how the environment stands, an object a line.
type jsonFace struct{ out *json.Encoder }

func (f *jsonFace) show(seen sight) {
	_ = f.out.Encode(seen.standing) //nolint:errchkjson // a pipe that is gone hears nothing
}

func (f *jsonFace) close() error { return nil }

// lineFace writes a line for each thing that is new.
type lineFace struct {
	out   io.Writer
	waits string // as it was told last
}

func (f *lineFace) close() error { return nil }

func (f *lineFace) show(seen sight) {
	for _, d := range seen.news() {
		_, _ = fmt.Fprintln(f.out, happened(seen.explanation.Rollout, d)) // as above
	}
	if seen.over() {
		return
	}
	if waits := waiting(seen.standing); waits != "" && waits != f.waits {
		_, _ = fmt.Fprintf(f.out, "%s  %s\n", seen.standing.At.Format("15:04:05"), waits)
		f.waits = waits
	}
}

// waiting is what the first rollout waits for, or that there is none; "" while it works.
func waiting(s steps.Standing) string {
	if r := s.Repair; r != nil {
		return fmt.Sprintf("%s  is being repaired, %s by %s: %s", r.Rollout, r.Move, r.By, cmp.Or(r.Phase, "begins"))
	}
	if len(s.Rollouts) == 0 {
		return "no rollout is under way; waits for one to begin"
	}
	r := s.Rollouts[0]
	switch {
	case r.Asks != nil && r.Waits != nil:
		return fmt.Sprintf("%s  waits for %s: sluice approve %s", r.Rollout, r.Waits.For, r.Asks.Approval)
	case r.Waits != nil && r.Waits.Until != nil:
		return fmt.Sprintf("%s  waits for %s, until %s", r.Rollout, r.Waits.For, clock(*r.Waits.Until, s.At))
	case r.Waits != nil:
		return fmt.Sprintf("%s  waits for %s", r.Rollout, r.Waits.For)
	default:
		return ""
	}
}

// happened is a decision in a line.
func happened(name string, d steps.Explained) string {
	line := fmt.Sprintf("%s  %s  %s: %s", d.At.UTC().Format("15:04:05"), name, cmp.Or(string(d.Phase), string(d.Of)), d.What)
	return strings.TrimRight(line, ": ") + parenthesis(d.Why)
}

// liveFace keeps a picture on a terminal.
type liveFace struct {
	colors terminal.Colors
	live   *terminal.Live
}

func (f *liveFace) show(seen sight) {
	f.live.Show(func(width, height int) string { return watched(f.colors, seen, width, height) })
}

func (f *liveFace) close() error { return f.live.Close() }

// watched draws how the environment stands, what flows, and below what was decided, the
// newest last. It has exactly height lines of at most width columns.
func watched(colors terminal.Colors, seen sight, width, height int) string {
	p := page{Colors: colors, width: width}
	p.standing(seen.standing)
	if len(seen.standing.Rollouts) == 0 && seen.standing.Repair == nil {
		p.add("", "  no rollout is under way; waits for one to begin")
	}
	p.add("", p.Dim.Render(terminal.Ruled("── requests and errors, the last half hour ", width)))
	p.flows(seen.minutes)
	p.add(p.Dim.Render(terminal.Ruled("── what was decided ", width)))
	var decided []string
	if e := seen.explanation; e != nil {
		for _, d := range e.Decisions {
			decided = append(decided, happened(e.Rollout, d))
		}
	}
	p.add(decided[max(len(decided)-max(height-len(p.lines), 0), 0):]...)
	for len(p.lines) < height {
		p.add("")
	}
	for i, line := range p.lines {
		p.lines[i] = ansi.Truncate(line, width, "…")
	}
	return strings.Join(p.lines[:max(height, 0)], "\n")
}

// flows draws what flowed to the slots, minute by minute, both to one scale.
func (p *page) flows(minutes map[rollout.Slot][]traffic.Minute) {
	slots := []rollout.Slot{rollout.Blue, rollout.Green}
	rates, errors := map[rollout.Slot][]float64{}, map[rollout.Slot][]float64{}
	mostRate, mostErrors := 0.0, 1.0 // less than a percent is no mountain
	for _, slot := range slots {
		for _, m := range minutes[slot] {
			rates[slot], errors[slot] = append(rates[slot], m.Rate()), append(errors[slot], m.Errors())
			mostRate, mostErrors = max(mostRate, m.Rate()), max(mostErrors, m.Errors())
		}
	}
	columns := min(max((p.width-45)/2, 5), watchedMinutes)
	for _, slot := range slots {
		if len(rates[slot]) == 0 {
			p.add(p.Of(slot).Render(fmt.Sprintf("  %-5s", slot)) + p.Dim.Render("  nothing is known yet"))
			continue
		}
		last := errors[slot][len(errors[slot])-1]
		failed := fmt.Sprintf("%5.1f%% failed", last)
		if last > 0 {
			failed = p.Bad.Render(failed)
		}
		p.add(p.Of(slot).Render(fmt.Sprintf("  %-5s  %s", slot, terminal.Spark(rates[slot], mostRate, columns))) +
			fmt.Sprintf(" %5.0f req/s  ", rates[slot][len(rates[slot])-1]) +
			p.Bad.Render(terminal.Spark(errors[slot], mostErrors, columns)) + " " + failed)
	}
}
