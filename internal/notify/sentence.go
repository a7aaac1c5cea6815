package notify

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Sentence is a notice for people, on one line: one or two sentences, and what the
// notice gives as its reason.
func Sentence(n Notice) string {
	text := fmt.Sprintf("%s %s: %s", n.App, n.Environment, happened(n))
	if n.Weights != nil {
		text += " " + traffic(*n.Weights)
	}
	return oneLine(text)
}

func happened(n Notice) string {
	release := releaseOf(n)
	switch n.Moment {
	case rollout.MomentAsked:
		return clause(release+" waits for an approval", n.Why)
	case rollout.MomentAnswered:
		return clause("somebody has answered the question about "+release, n.Why)
	case rollout.MomentQueued:
		return clause(release+" waits for another rollout to leave the environment", n.Why)
	case rollout.MomentHeld:
		return clause(release+" is held before it begins", n.Why)
	case rollout.MomentBroken:
		return clause("GLASS BROKEN: "+release+" begins in spite of a freeze or the windows", n.Why)
	case rollout.MomentBegun:
		return clause(release+" starts beside what the environment runs", n.Why)
	case rollout.MomentShifted:
		return clause(release+" takes more traffic", n.Why)
	case rollout.MomentJudged:
		if n.Kind != "" {
			return clause(release+" did not pass", n.Why)
		}
		return clause(release+" was judged", n.Why)
	case rollout.MomentPaused:
		return clause(release+" is paused", n.Why)
	case rollout.MomentResumed:
		return clause(release+" goes on", n.Why)
	case rollout.MomentCommitted:
		return clause(release+" is what the environment runs now", n.Why)
	case rollout.MomentRolledBack:
		return clause(release+" went back", n.Why)
	case rollout.MomentEnded:
		return ended(n)
	case rollout.MomentRepaired:
		return clause("what "+release+" left Dirty is repaired", n.Why)
	}
	if n.Outcome != "" {
		return ended(n)
	}
	return clause(fmt.Sprintf("%s is in %s", release, n.Phase), n.Why)
}

func ended(n Notice) string {
	release := releaseOf(n)
	switch n.Outcome {
	case rollout.Succeeded:
		return clause(release+" succeeded", n.Why)
	case rollout.RolledBack:
		return clause(release+" was rolled back", n.Why)
	case rollout.Superseded:
		return clause(release+" gave way to a newer release", n.Why)
	case rollout.Refused:
		return clause(release+" was refused", n.Why)
	case rollout.Rejected:
		return clause(release+" was rejected", n.Why)
	case rollout.Dirty:
		return clause(release+" is stuck and needs a person", n.Why)
	}
	return clause(release, n.Why)
}

// releaseOf names what the rollout brings in. The app and environment are known, so
// the rollout's name tells its kind.
func releaseOf(n Notice) string {
	back := rollout.NamePrefix(rollout.Back, n.App, n.Environment) + "-"
	if strings.HasPrefix(n.Rollout, back) {
		return fmt.Sprintf("release %d (a rollback)", n.Release)
	}
	return fmt.Sprintf("release %d", n.Release)
}

// clause is a sentence of what happened and why.
func clause(what, why string) string {
	if why = strings.TrimSuffix(strings.TrimSpace(why), "."); why == "" {
		return what + "."
	}
	return what + ": " + why + "."
}

func traffic(w rollout.Weights) string {
	if slot, whole := w.Whole(); whole {
		return fmt.Sprintf("All traffic is on %s.", slot)
	}
	return fmt.Sprintf("Blue has %d percent of the traffic, green %d.", w.Blue, w.Green)
}

// oneLine gives text in which every run of spaces and line breaks is one space, and
// nothing is that cannot be seen.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "\uFFFD")), " ")
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text)
}

// cut gives at most that many characters of a text. What is left out is marked.
func cut(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most-3]) + "..."
}
