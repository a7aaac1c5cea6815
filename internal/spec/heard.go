package spec

import (
	"fmt"
	"slices"
	"strings"
)

// heard checks, when all channels are known, what each environment's channels are
// together: none twice, not too many, and one for Slack approvers to be asked in.
func (r *reader) heard(everywhere []channel, entries []*entry) {
	told := map[string]bool{} // the places that a problem names already
	for _, e := range entries {
		slack := r.together(everywhere, e, told)
		if e.Name == "" || r.wrong("notify") || r.wrong(e.at.place.child("notify")) {
			continue // a channel that is wrong may be the one
		}
		for _, a := range e.approvals() {
			r.asked(a, slack, "a channel here, or a slack channel in notify: the Slack approvers would not be asked")
		}
	}
}

// wrong tells whether something at or below a path is.
func (r *reader) wrong(path string) bool {
	return slices.ContainsFunc(r.problems, func(p *Problem) bool { return strings.HasPrefix(p.Field, path) })
}

// approvals are the environment's and its steps'.
func (e *entry) approvals() []*approval {
	if e.approval == nil {
		return e.steps
	}
	return append([]*approval{e.approval}, e.steps...)
}

// together checks the channels that hear of an environment, and tells whether one
// is Slack's.
func (r *reader) together(everywhere []channel, e *entry, told map[string]bool) bool {
	slack := false
	seen := map[string]bool{}
	problem := func(p place, found, want string) {
		if !told[p.path] {
			told[p.path] = true
			r.add(p, found, want)
		}
	}
	count := 0
	for _, list := range [][]channel{everywhere, e.notify} {
		for _, c := range list {
			slack = slack || c.slack()
			address := c.Address()
			if address != "" && seen[address] {
				problem(c.at.place, address+" again", fmt.Sprintf("every channel once for environment %s", e))
			}
			seen[address] = true
			if count++; count == MaxChannels+1 {
				problem(c.at.place, fmt.Sprintf("more than %d channels for environment %s", MaxChannels, e), fmt.Sprintf("at most %d", MaxChannels))
			}
		}
	}
	return slack
}
