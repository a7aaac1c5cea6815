package spec

import (
	"fmt"
	"strings"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// environments reads the list of environments, each of which differs from those
// before it.
func (r *reader) environments(p place) []*entry {
	want := fmt.Sprintf("a list of 1 to %d environments", MaxEnvironments)
	items, ok := r.list(p, want)
	switch {
	case !ok:
		return nil
	case len(items) == 0:
		r.add(p, "an empty list", want)
		return nil
	case len(items) > MaxEnvironments:
		r.add(items[MaxEnvironments], fmt.Sprintf("%d environments", len(items)), fmt.Sprintf("at most %d", MaxEnvironments))
		return nil
	}
	var entries []*entry
	var before *entry
	for _, item := range items {
		e, ok := r.environment(item, before)
		if !ok {
			continue
		}
		r.distinct(e, entries)
		entries = append(entries, e)
		before = e
	}
	return entries
}

// wave reads an environment's wave: that after the one before, where it says none.
func (r *reader) wave(p place, before *entry) int {
	last := 0
	if before != nil {
		last = before.Wave
	}
	if !p.given() {
		return last + 1
	}
	want := fmt.Sprintf("a whole number from 1 to %d", MaxWave)
	wave, ok := r.integer(p, want)
	switch {
	case !ok:
		return last
	case wave < 1 || wave > MaxWave:
		r.add(p, fmt.Sprint(wave), want)
		return last
	case wave < last:
		r.add(p, fmt.Sprint(wave), fmt.Sprintf("at least %d, the wave of %s before it: waves never fall in the order of the file", last, before))
		return last
	}
	return wave
}

// distinct checks that an environment has a name and services that none before it
// has.
func (r *reader) distinct(e *entry, before []*entry) {
	for _, other := range before {
		name := e.at.get("name")
		switch {
		case e.Name == "" || other.Name == "":
		case e.Name == other.Name:
			r.add(name, fmt.Sprintf("%q again", e.Name), "every environment's name once")
		case sameNames(e.Name, other.Name):
			r.add(name, fmt.Sprintf("%q beside %q", e.Name, other.Name), "another name: rollouts back in one would be named as rollouts in the other")
		}
		if service := shared(e.Environment, other.Environment); service != "" {
			r.add(e.at.get("slots"), fmt.Sprintf("the service %q, which %s has in the same region, account and cluster", service, other), "services that no other environment has")
		}
	}
}

// sameNames tells whether rollouts in one environment could be named as rollouts
// back in the other.
func sameNames(a, b string) bool {
	const app = "app"
	back := func(env string) string { return rollout.NamePrefix(rollout.Back, app, env) }
	forward := func(env string) string { return rollout.NamePrefix(rollout.Forward, app, env) }
	return back(a) == forward(b) || back(b) == forward(a)
}

// shared is the service that two environments have in common, "" if they have none.
func shared(a, b rollout.Environment) string {
	if a.Cluster == "" || !sameCluster(a, b) {
		return ""
	}
	for _, service := range []string{a.Slots.Blue, a.Slots.Green} {
		if service != "" && (service == b.Slots.Blue || service == b.Slots.Green) {
			return service
		}
	}
	return ""
}

// sameCluster compares clusters by what the file says: an ARN with an ARN, a name
// by its region and account.
func sameCluster(a, b rollout.Environment) bool {
	if strings.HasPrefix(a.Cluster, "arn:") && strings.HasPrefix(b.Cluster, "arn:") {
		return a.Cluster == b.Cluster
	}
	name := func(e rollout.Environment) string { return e.Cluster[strings.LastIndex(e.Cluster, "/")+1:] }
	return name(a) == name(b) && a.Region == b.Region && account(a.Role) == account(b.Role)
}
