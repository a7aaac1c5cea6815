package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sluice-deploy/sluice/internal/ecsservice"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
)

// plan draws what a deployment would do.
func (p *page) plan(a *planned) {
	p.addf("%s  %s", p.Title.Render(fmt.Sprintf("%s release %d", a.App, a.Release)), p.Dim.Render(a.origin()))
	for _, container := range slices.Sorted(maps.Keys(a.Images)) {
		p.addf("  image    %s  %s", container, a.Images[container])
	}
	p.addf("  hash     %s", a.Hash)
	p.add(p.Dim.Render("           approvals are bound to it; another release before this one changes number and hash"))
	for _, env := range a.Environments {
		p.add("")
		p.plannedEnvironment(env)
	}
	p.add("")
	p.addf("takes  at least %s until all have it, %s until the last guard is over", span(a.Commits), span(a.Ends))
	p.add(p.Dim.Render("       and what answers, other rollouts and the canaries' start take besides"))
	p.addf("costs  about %.2f US cent, beside the canaries' tasks", 100*a.Dollars)
	p.add(p.Dim.Render(fmt.Sprintf("       %d state transitions, %d invocations, %d events, %d requests to the table, without a stop",
		a.Usage.Transitions, a.Usage.Invocations, a.Usage.Events, a.Usage.Reads+a.Usage.Writes)))
}

// origin is where the spec is from.
func (a *planned) origin() string {
	switch {
	case a.Spec == "":
		return "by the registered spec"
	case a.Registered:
		return "by " + a.Spec + ", which is registered"
	default:
		return "by " + a.Spec + ", which is not what is registered: `sluice apply` comes first"
	}
}

func (p *page) plannedEnvironment(e steps.Planned) {
	p.addf("%s  %s", p.Title.Render(e.Environment), p.Dim.Render(fmt.Sprintf("wave %d, %s", e.Wave, e.Rollout)))
	if a := e.Approach; a != nil {
		p.approach(e, *a)
	}
	if e.Approval != nil {
		p.addf("  approval %s", approval(*e.Approval))
	}
	if e.Approach != nil {
		for i, step := range e.Approach.Steps {
			p.step(i, step)
		}
	}
	p.addf("  guard    %s with both versions at full size", span(e.Guard))
	if len(e.Alarms) > 0 {
		p.add(p.Alarms(e.Alarms))
	}
	if e.Closed != nil {
		p.add(p.Warn.Render(fmt.Sprintf("  held     until %s: %s", e.Closed.Until.UTC().Format("2006-01-02 15:04 UTC"), e.Closed.Why)))
	}
	for _, note := range e.Notes {
		p.add(p.Warn.Render("  note     " + note))
	}
	for _, problem := range e.Problems {
		p.add(p.Bad.Render("  problem  " + problem.What))
	}
}

// approach draws where the release goes, and what becomes of the task definition.
func (p *page) approach(e steps.Planned, a steps.Approach) {
	stable := a.Canary.Other()
	now := "no release of Sluice's"
	if e.Runs > 0 {
		now = fmt.Sprintf("release %d", e.Runs)
	}
	if a.First {
		now = "nothing"
	}
	p.addf("  now      %s in %s (%s of %s), %s", now, p.Of(stable).Render(string(stable)), e.Services.Of(stable), e.Cluster, a.Weights)
	p.addf("  canary   %s (%s) starts with %s", p.Of(a.Canary).Render(string(a.Canary)), e.Services.Of(a.Canary), counted(a.Tasks, "task"))
	switch a.TaskDefinition {
	case "":
		p.addf("  task     a new revision of %s, from %s", a.Family, nameOf(a.Base))
	case a.Base:
		p.addf("  task     %s, as it runs now", nameOf(a.TaskDefinition))
	default:
		p.addf("  task     %s, which is there already", nameOf(a.TaskDefinition))
	}
	for _, c := range a.Changes {
		p.change(c)
	}
}

func (p *page) change(c ecsservice.Change) {
	p.addf("    %s", c.Field)
	if c.Before != "" {
		p.add(p.Bad.Render("      - " + c.Before))
	}
	if c.After != "" {
		p.add(p.Good.Render("      + " + c.After))
	}
}

func (p *page) step(i int, s rollout.Step) {
	line := fmt.Sprintf("  step %-3d %3d%%, watched for %s", i+1, s.Weight, span(s.Bake))
	if s.Approval != nil {
		line += ", after an approval: " + approval(*s.Approval)
	}
	p.add(line)
}

// approval is who has to agree.
func approval(a rollout.Approval) string {
	text := fmt.Sprintf("%d of %s", a.Quorum, strings.Join(a.Approvers, ", "))
	if a.Slack != "" {
		text += ", asked in " + a.Slack
	}
	text += ", within " + span(a.Expires)
	if a.OnExpiry == rollout.Approve {
		text += " or nobody rejects it"
	}
	if a.NotAuthor {
		text += ", not the author"
	}
	return text
}

// nameOf is a task definition's family and revision.
func nameOf(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }
