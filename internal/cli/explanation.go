package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
	"github.com/sluice-deploy/sluice/internal/store"
)

// explanation says how a rollout ended and why, and then what was decided.
func (p *page) explanation(e steps.Explanation) {
	line := p.Title.Render(e.Rollout) + "  " + p.Phase(cmp.Or(string(e.Outcome), "under way"))
	took := "after " + span(time.Duration(e.Seconds)*time.Second)
	if e.Ended == nil {
		took = "since " + span(time.Duration(e.Seconds)*time.Second)
	}
	p.add(line + " " + took)
	if e.Reason != "" {
		p.addf("  why      %s", e.Reason)
	}
	if r := e.Red; r != nil {
		p.red(*r)
	}
	if e.Kind == rollout.Back {
		p.addf("  back     from release %d to %s; %s", e.Leaves, release(e.Brings), e.Why)
	} else {
		p.addf("  brings   %s", release(e.Brings))
	}
	p.addf("  began    %s", e.Started.UTC().Format("2006-01-02 15:04:05 UTC"))
	p.add("")
	if len(e.Decisions) == 0 {
		p.add("  " + gone(e))
	}
	for _, d := range e.Decisions {
		if d.Phase == rollout.PhaseRollback || d.Phase == rollout.PhaseRestore {
			d.Why = strings.TrimPrefix(d.Why, e.Reason) // it stands above
		}
		p.decision(d)
	}
}

// gone says why there are no decisions.
func gone(e steps.Explanation) string {
	if e.Keep > 0 {
		return fmt.Sprintf("No decision is left: the spec has them kept for %s.", span(e.Keep))
	}
	return "Nothing was decided yet."
}

// red says what the alarm was, and how soon the traffic was back.
func (p *page) red(r steps.Red) {
	p.addf("  alarm    %s at %s%s", p.Bad.Render(r.Alarm), r.At.UTC().Format("15:04:05 UTC"), parenthesis(r.Reason))
	if r.Seconds != nil {
		p.addf("  back     %.1f s after the alarm all traffic was off the new version", *r.Seconds)
	}
}

func parenthesis(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

// decision is one line for what was decided, and one for what it rested on.
func (p *page) decision(d steps.Explained) {
	what := d.What
	if d.Kind != "" || d.Of == store.DecidedAlarm {
		what = p.Bad.Render(what)
	}
	if d.Kind == rollout.KindUnapproved || d.Kind == rollout.KindNotReady { // it looks again
		what = p.Warn.Render(d.What)
	}
	if d.Why != "" {
		what += ": " + d.Why
	}
	about := cmp.Or(string(d.Phase), string(d.Of))
	at := "+" + span(time.Duration(d.After*float64(time.Second)))
	p.add(strings.TrimRight(fmt.Sprintf("  %7s  %-12s %s", at, about, what), " "))
	if inputs := inputsOf(d); inputs != "" {
		const indent = "                         "
		width := max(p.drawnWidth()-len(indent), 20)
		for line := range strings.SplitSeq(ansi.Wordwrap(inputs, width, " "), "\n") {
			p.add(indent + p.Dim.Render(line))
		}
	}
}

// plumbing are inputs that tie a decision to the machine, and those that its sentence, or
// what stands above, has already. JSON has them all.
func plumbing() []string {
	return []string{
		"execution", "entered", "retry", "click", "dead", "successor", "fence", "subject", // ties
		"cause", "why", "has", "behind", "seconds", "weights", "size", "taskDefinition", "verdict", "next", "outcome",
	}
}

// inputsOf is what a decision rested on, in a line.
func inputsOf(d steps.Explained) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(d.Inputs)) {
		text := input(d.Inputs[name])
		switch {
		case slices.Contains(plumbing(), name) || text == "":
		case name == "reason" && d.Of != store.DecidedAlarm && d.Of != store.DecidedCommand: // the outcome's
		case name == "inconclusive" && text == "0":
		case name == "step": // people count from 1; before all of them is none
			if i, ok := d.Inputs[name].(float64); ok && i >= 0 {
				parts = append(parts, fmt.Sprintf("step %g", i+1))
			}
		case name == "plan":
			parts = append(parts, plan(d.Inputs[name]))
		default:
			parts = append(parts, name+" "+text)
		}
	}
	return strings.Join(parts, " · ")
}

// plan is the steps that a rollout is to take.
func plan(value any) string {
	var p rollout.Plan
	if text, err := json.Marshal(value); err != nil || json.Unmarshal(text, &p) != nil {
		return "plan " + input(value)
	}
	var all []string
	for _, step := range p.Steps {
		all = append(all, fmt.Sprintf("%d percent for %s", step.Weight, span(step.Bake)))
	}
	return "plan " + strings.Join(all, ", ")
}

// input is an input's value in words.
func input(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return fmt.Sprintf("%g", v)
	case []any:
		var all []string
		for _, one := range v {
			all = append(all, input(one))
		}
		return strings.Join(all, ", ")
	case map[string]any:
		return inputMap(v)
	default:
		return fmt.Sprint(v)
	}
}

// inputMap is an alarm as "name OK", and anything else as its fields.
func inputMap(v map[string]any) string {
	if v["name"] != nil && v["state"] != nil {
		return fmt.Sprintf("%v %v", v["name"], v["state"])
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(v)) {
		if text := input(v[name]); text != "" {
			all = append(all, name+" "+text)
		}
	}
	return "{" + strings.Join(all, ", ") + "}"
}
