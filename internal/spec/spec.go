// Package spec reads sluice.yaml: it parses the file, fills in defaults and says
// everything that is wrong with it, with the line and column of each problem.
package spec

import (
	"fmt"
	"slices"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// What holds where the file says nothing.
const (
	// DefaultGuard is how long the old version is kept warm after a rollout.
	DefaultGuard = time.Hour
	// DefaultRetries is how often an inconclusive bake is repeated.
	DefaultRetries = 2
	// DefaultThen is what follows the last inconclusive bake.
	DefaultThen = rollout.ChooseRollback
	// DefaultQuorum is how many people have to approve.
	DefaultQuorum = 1
	// DefaultExpiry is how long a question stands.
	DefaultExpiry = 24 * time.Hour
	// DefaultOnExpiry is what its expiry means.
	DefaultOnExpiry = rollout.Reject
)

// Limits of a spec.
const (
	// MaxSize is the most bytes a file may have.
	MaxSize = 64 << 10
	// MaxSteps is the most steps an environment may have.
	MaxSteps = 20
	// MaxEnvironments is the most environments a spec may have.
	MaxEnvironments = 20
	// MaxWave is the highest number of a wave.
	MaxWave = 1000
	// MaxDuration is the longest bake or guard, and the longest that the question
	// before an environment may stand.
	MaxDuration = 30 * day
	// MaxStepExpiry is the longest that the question before a step may stand: it
	// holds the environment.
	MaxStepExpiry = 7 * day
	// MinKeep and MaxKeep bound how long decisions are kept.
	MinKeep = 1 * day
	MaxKeep = 3650 * day
	// MaxRetries is the most times that an inconclusive bake may be repeated.
	MaxRetries = 10
	// MaxApprovers is the most approvers or operators in a list.
	MaxApprovers = 50
	// MaxQuorum is the most people that an approval may need.
	MaxQuorum = 20
	// MaxChannels is the most channels that hear of an environment.
	MaxChannels = 20
	// MaxAlarms is the most alarms of an environment, each slot's counted: one call
	// of DescribeAlarms reads so many (AWS: CloudWatch API reference).
	MaxAlarms = 100
)

const day = 24 * time.Hour

// Parse reads a spec. filename is only named in the error, which is an *Error with
// all problems of the file.
func Parse(filename string, data []byte) (*rollout.Spec, error) {
	r := &reader{file: filename}
	root, ok := r.document(data)
	if !ok {
		return nil, r.err()
	}
	s := r.spec(root)
	if err := r.err(); err != nil {
		return nil, err
	}
	return s, nil
}

func (r *reader) spec(root place) *rollout.Spec {
	o := r.object(root, topFields())
	if !o.ok {
		return nil
	}
	s := &rollout.Spec{
		App:        r.matching(o.get("app"), namePattern, wantName),
		Containers: r.containers(o.get("containers")),
	}
	s.Triggers = r.triggers(o.get("triggers"), s.Containers)
	entries := r.environments(o.get("environments"))
	r.taskDefinitions(o.get("taskDefinition"), entries)
	everywhere := r.notify(o.get("notify"), entries)
	for _, c := range everywhere {
		s.Notify = append(s.Notify, c.Channel)
	}
	for _, e := range entries {
		s.Environments = append(s.Environments, e.environment())
	}
	s.Pipelines = r.pipelines(o.get("pipelines"))
	if keep := o.get("keep"); keep.given() {
		s.Keep = r.days(keep)
	}
	r.heard(everywhere, entries)
	return s
}

// taskDefinitions reads the file that counts where an environment names no other.
func (r *reader) taskDefinitions(p place, entries []*entry) {
	if !p.given() {
		return
	}
	file := r.matching(p, taskDefinitionPattern, wantTaskDefinition)
	for _, e := range entries {
		if e.TaskDefinition.File == "" {
			e.TaskDefinition.File = file
		}
	}
}

func (r *reader) containers(p place) map[string]string {
	o := r.open(p, "a mapping of container names to image repositories")
	if !o.ok {
		return nil
	}
	if len(o.names) == 0 {
		r.add(p, "an empty mapping", "at least one container")
		return nil
	}
	containers := map[string]string{}
	for _, name := range o.names {
		value := o.get(name)
		if !containerPattern.MatchString(name) {
			r.add(o.keys[name], fmt.Sprintf("the container name %q", name), wantContainer)
			continue
		}
		containers[name] = r.repository(value)
	}
	return containers
}

// repository reads an image repository: images are pinned by digest, so the file
// names neither tag nor digest.
func (r *reader) repository(p place) string {
	text, ok := r.text(p, wantRepository)
	if !ok || repositoryPattern.MatchString(text) {
		return text
	}
	if bare := taggedPattern.FindStringSubmatch(text); bare != nil {
		r.add(p, fmt.Sprintf("%q", text), "a repository without tag or digest: each release brings its own").Suggestion = fmt.Sprintf("%q", bare[1])
		return ""
	}
	r.add(p, fmt.Sprintf("%q", text), wantRepository)
	return ""
}

// repositoryNames are the names of the containers' repositories, in order.
func repositoryNames(containers map[string]string) []string {
	var names []string
	for _, uri := range containers {
		if m := repositoryPattern.FindStringSubmatch(uri); m != nil && !slices.Contains(names, m[1]) {
			names = append(names, m[1])
		}
	}
	slices.Sort(names)
	return names
}
