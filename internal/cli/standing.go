package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
	"github.com/sluice-deploy/sluice/internal/terminal"
)

// standing says how an environment stands.
func (p *page) standing(s steps.Standing) {
	p.addf("%s  %s", p.Title.Render(s.App+" "+s.Environment), p.Dim.Render("at "+clock(s.At, s.At)))
	p.addf("  runs   %s", runs(s))
	p.slots(s)
	for _, r := range s.Rollouts {
		p.add("")
		p.underWay(r, s.At)
	}
	if s.Repair != nil {
		p.add("", "  "+p.Warn.Render(repairing(*s.Repair, s.At)))
	}
	p.troubles(s)
}

// repairing is a way out of Dirty in a line.
func repairing(r steps.Repairing, now time.Time) string {
	line := fmt.Sprintf("%s is being repaired: %s chose %s", r.Rollout, r.By, r.Move)
	if r.Since != nil {
		line += fmt.Sprintf(" at %s (%s ago)", clock(*r.Since, now), span(now.Sub(*r.Since)))
	}
	if r.Phase != "" {
		line += ", now in " + r.Phase
	}
	return line
}

func runs(s steps.Standing) string {
	switch {
	case s.Runs == nil:
		return "no release yet"
	case s.Since == nil:
		return release(*s.Runs)
	default:
		return fmt.Sprintf("%s, since %s (%s)", release(*s.Runs), clock(*s.Since, s.At), span(s.At.Sub(*s.Since)))
	}
}

// release is a release in a line.
func release(b steps.Brief) string {
	line := fmt.Sprintf("release %d", b.Release)
	if b.Commit != "" {
		line += ", " + short(b.Commit)
	}
	if b.Author != "" {
		line += " by " + b.Author
	}
	return line
}

// slots draws the slots with the weights that the rule has, and the alarms.
func (p *page) slots(s steps.Standing) {
	if s.Rule.Now != nil {
		line := "  rule   " + s.Rule.Now.String()
		switch {
		case s.Rule.Foreign:
			line += p.Bad.Render(", not as Sluice left it: " + s.Rule.Recorded.String())
		case s.Rule.Recorded == nil:
			line += p.Dim.Render(", Sluice has not written it yet")
		}
		p.add(line)
	}
	p.add(p.Slots(drawn(s), p.drawnWidth())...)
	alarms := make([]rollout.Alarm, 0, len(s.Alarms))
	for _, a := range s.Alarms {
		alarms = append(alarms, a.Alarm)
	}
	if len(alarms) > 0 {
		p.add(p.Alarms(alarms))
	}
}

// drawn are the slots as they are drawn.
func drawn(s steps.Standing) []terminal.Slot {
	slots := make([]terminal.Slot, 0, len(s.Slots))
	for _, slot := range s.Slots {
		one := terminal.Slot{Name: slot.Slot, Weight: terminal.Unknown, Desired: slot.Desired, Healthy: slot.Healthy}
		switch {
		case slot.Release > 0:
			one.Version = fmt.Sprintf("release %d", slot.Release)
		case slot.Desired > 0:
			one.Version = slot.TaskDefinition[strings.LastIndex(slot.TaskDefinition, "/")+1:]
		}
		if s.Rule.Now != nil {
			one.Weight = s.Rule.Now.Of(slot.Slot)
		}
		slots = append(slots, one)
	}
	return slots
}

// underWay says how far a rollout is.
func (p *page) underWay(r steps.UnderWay, now time.Time) {
	line := "  " + p.Title.Render(r.Rollout)
	if r.Phase != "" {
		line += "  " + r.Phase
	}
	if r.Step > 0 {
		line += fmt.Sprintf(", step %d of %d", r.Step, r.Steps)
	}
	p.add(line + p.Dim.Render(fmt.Sprintf("  began %s (%s ago)", clock(r.Started, now), span(now.Sub(r.Started)))))
	if r.Kind == rollout.Back {
		p.addf("    goes back  from release %d to %s: %s", r.Leaves, release(r.Brings), r.Why)
	} else {
		p.addf("    brings     %s", release(r.Brings))
	}
	if r.Stopped != "" {
		p.add("    " + p.Bad.Render("goes back  "+r.Stopped))
	}
	if r.Waits != nil {
		p.addf("    waits for  %s%s", r.Waits.For, p.limit(r.Waits.Until, now))
	}
	if r.Asks != nil {
		p.asks(*r.Asks)
	}
}

// limit says when a wait is over.
func (p *page) limit(until *time.Time, now time.Time) string {
	if until == nil {
		return ", without limit"
	}
	return fmt.Sprintf(", until %s (%s)", clock(*until, now), span(max(until.Sub(now), 0)))
}

// asks says who has to answer, and how.
func (p *page) asks(a steps.Asked) {
	who := strings.Join(a.Approvers, ", ")
	if a.NotAuthor {
		who += "; not the author, " + a.Author
	}
	p.addf("    asks       %s: %s", a.Subject, who)
	so := fmt.Sprintf("%d of %d so far", len(a.Approved), a.Quorum)
	if len(a.Approved) > 0 {
		so += ": " + strings.Join(a.Approved, ", ")
	}
	p.addf("    approvals  %s", so)
	p.addf("    answer     %s", p.Title.Render("sluice approve "+a.Approval))
}

// troubles are what a person has to know, with what to do about it.
func (p *page) troubles(s steps.Standing) {
	var said []string
	if d := s.Dirty; d != nil {
		said = append(said, p.Bad.Render(fmt.Sprintf("  dirty since %s, by %s: %s", clock(d.At, s.At), d.Rollout, d.Why)),
			fmt.Sprintf("    nothing is rolled out until it is put right: see docs/runbook.md#dirty, then %s",
				p.Title.Render("sluice repair "+s.App+" "+s.Environment)))
	}
	held := slices.ContainsFunc(s.Rollouts, func(r steps.UnderWay) bool { return r.Phase == string(rollout.PhaseGate) })
	if c := s.Closed; c != nil && !held { // else it stands there
		said = append(said, p.Warn.Render(fmt.Sprintf("  closed%s: %s", p.limit(&c.Until, s.At), c.Why)))
	}
	stopped := slices.ContainsFunc(s.Rollouts, func(r steps.UnderWay) bool { return r.Stopped != "" })
	if l := s.Latch; l != nil && !stopped {
		said = append(said, p.Bad.Render(fmt.Sprintf("  latched: alarm %s went red at %s", l.Alarm, clock(l.At, s.At))))
	}
	if s.Rule.Foreign && s.Repair == nil { // which puts them right, or takes them as they are
		said = append(said, p.Bad.Render("  the rule has weights that Sluice did not write: put them back, or find out who changed them"))
	}
	for _, what := range s.Unread {
		said = append(said, p.Warn.Render("  not read: "+what))
	}
	if len(said) > 0 {
		p.add("")
		p.add(said...)
	}
}
