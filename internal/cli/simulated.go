package cli

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/sluice-deploy/sluice/internal/simulate"
)

// tried draws what came of scenarios: each by itself, and where there are several, a
// table of all.
func (p *page) tried(all []tried) {
	scenarios := len(all[0].Outcomes)
	for i, one := range all {
		if i > 0 {
			p.add("")
		}
		p.addf("%s  %s", p.Title.Render(one.App+" "+strings.Join(one.Environments, ", ")), p.Dim.Render("by "+one.Spec))
		p.add(one.said)
		p.world(one.Outcomes[0])
		if len(all) == 1 {
			for _, o := range one.Outcomes {
				p.add("")
				p.outcome(o, len(one.Environments) > 1)
			}
		}
	}
	switch {
	case len(all) > 1:
		p.add("")
		p.sideBySide(all)
	case scenarios > 1:
		p.add("")
		p.summary(all[0].Outcomes)
	}
}

// world says in what world it was tried.
func (p *page) world(o simulate.Outcome) {
	p.addf("  world    %s, %s requests/s, on virtual time", counted(o.Tasks, "task"), number(o.Load))
	for _, note := range o.Notes {
		p.addf("           %s", note)
	}
	for i, a := range o.Alarms {
		if i == 0 {
			p.add("  alarms   are only names in the spec, and stood for:")
		}
		p.addf("           %s: %s", a.Alarm, a.Measures)
	}
}

// outcome draws one scenario's.
func (p *page) outcome(o simulate.Outcome, several bool) {
	p.addf("%s  %s", p.Title.Render(o.Scenario), p.Phase(string(o.Outcome)))
	if effects := strings.Join(o.Effects, ", "); o.Scenario != strings.Join(o.Effects, ",") {
		p.add(p.Dim.Render(fmt.Sprintf("  %s, at %s requests/s", effects, number(o.Load))))
	}
	column := 0
	for _, e := range o.Timeline {
		column = max(column, ansi.StringWidth(whose(e, several)))
	}
	for _, e := range o.Timeline {
		line := fmt.Sprintf("  %9s  %-*s  ", "+"+simulate.Span(e.At), column, whose(e, several))
		what := ansi.Wordwrap(e.What, max(p.drawnWidth()-ansi.StringWidth(line)-1, 30), " ")
		for i, part := range strings.Split(what, "\n") {
			if e.Bad {
				part = p.Bad.Render(part)
			}
			if i > 0 {
				line = strings.Repeat(" ", ansi.StringWidth(line))
			}
			p.add(line + part)
		}
	}
	p.numbers(o)
}

// whose is who an event is of: a state, and where there are several environments, in which.
func whose(e simulate.Event, several bool) string {
	if several && e.Environment != "" {
		return e.Environment + " " + e.Who
	}
	return e.Who
}

// numbers are what a scenario comes to.
func (p *page) numbers(o simulate.Outcome) {
	if o.Reason != "" {
		p.addf("  why      %s", o.Reason)
	}
	p.addf("  new      %s", answers(o.New))
	if o.Trouble != nil && o.New.Bad() > 0 {
		p.addf("           of them since the trouble began at +%s: %s", simulate.Span(*o.Trouble), answers(o.WhileBad))
	}
	p.addf("  old      %s", answers(o.Old))
	if o.Full != nil {
		p.addf("  full     at +%s all traffic was on the new version", simulate.Span(*o.Full))
	}
	if after := simulate.Seconds(o.Trouble, o.Noticed); after != nil {
		p.addf("  noticed  %s after the trouble began", simulate.Span(*after))
	}
	if after := simulate.Seconds(o.Trouble, o.Back); after != nil {
		p.addf("  back     %s after the trouble began all traffic was on the old version again", simulate.Span(*after))
	}
	p.addf("  ended    at +%s; %.2f US cent, and %.1f hours of a task more than before", simulate.Span(o.Ended), 100*o.Dollars, o.TaskHours)
	for _, e := range o.Unmet {
		p.add(p.Warn.Render(fmt.Sprintf("  unmet    %s: its moment did not come", e)))
	}
	if o.Broken != "" {
		p.add(p.Bad.Render("  broken   " + o.Broken))
	}
}

// answers are requests and how many of them were answered badly.
func answers(a simulate.Answers) string {
	text := counted(a.Requests, "request")
	switch {
	case a.Failed > 0 && a.Slow > 0:
		return text + fmt.Sprintf(", %d failed and %d slow", a.Failed, a.Slow)
	case a.Slow > 0:
		return text + fmt.Sprintf(", %d slow", a.Slow)
	default:
		return text + fmt.Sprintf(", %d failed", a.Failed)
	}
}

// columns are what a table of outcomes tells of each.
func columns() []string {
	return []string{"OUTCOME", "FULL", "NOTICED", "BACK", "ENDED", "TO NEW", "BAD", "US CENT", "TASK HOURS"}
}

func cells(o simulate.Outcome) []string {
	return []string{
		string(o.Outcome), orDash(o.Full), orDash(simulate.Seconds(o.Trouble, o.Noticed)), orDash(simulate.Seconds(o.Trouble, o.Back)),
		simulate.Span(o.Ended), fmt.Sprint(o.New.Requests), fmt.Sprint(o.New.Bad() + o.Old.Bad()), fmt.Sprintf("%.2f", 100*o.Dollars), fmt.Sprintf("%.1f", o.TaskHours),
	}
}

// summary has a row for each scenario.
func (p *page) summary(all []simulate.Outcome) {
	rows := [][]string{append([]string{"SCENARIO"}, columns()...)}
	for _, o := range all {
		rows = append(rows, append([]string{o.Scenario}, cells(o)...))
	}
	p.table(rows)
	p.legend()
}

// sideBySide has a row for each scenario by each spec.
func (p *page) sideBySide(all []tried) {
	rows := [][]string{append([]string{"SCENARIO", "SPEC"}, columns()...)}
	for i := range all[0].Outcomes {
		for _, one := range all {
			o := one.Outcomes[i]
			rows = append(rows, append([]string{o.Scenario, one.Spec}, cells(o)...))
		}
	}
	p.table(rows)
	p.legend()
}

func (p *page) legend() {
	p.add("",
		p.Dim.Render("FULL, ENDED: since the build; NOTICED, BACK: since the trouble began. TO NEW: requests to the new version;"),
		p.Dim.Render("BAD: failed or slower than 0.5 s, of both versions. TASK HOURS: of tasks beside those that ran before."))
}

func orDash(seconds *float64) string {
	if seconds == nil {
		return "-"
	}
	return simulate.Span(*seconds)
}

func number(n float64) string { return fmt.Sprintf("%g", n) }
