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
)

// Limits of a spec.
const (
	// MaxSize is the most bytes a file may have.
	MaxSize = 64 << 10
	// MaxSteps is the most steps an environment may have.
	MaxSteps = 20
	// MaxDuration is the longest bake or guard.
	MaxDuration = 30 * 24 * time.Hour
	// MaxAlarms is the most alarms of an environment, each slot's counted: one call
	// of DescribeAlarms reads so many (AWS: CloudWatch API reference).
	MaxAlarms = 100
)

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
	o := r.object(root, fields{
		known: []string{"app", "containers", "triggers", "environments"},
		later: []string{"notify", "freezes", "windows"},
	})
	if !o.ok {
		return nil
	}
	s := &rollout.Spec{
		App:        r.matching(o.get("app"), namePattern, wantName),
		Containers: r.containers(o.get("containers")),
	}
	s.Triggers = r.triggers(o.get("triggers"), s.Containers)
	s.Environments = r.environments(o.get("environments"))
	return s
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

func (r *reader) environments(p place) []rollout.Environment {
	items, ok := r.list(p, "a list with one environment")
	if !ok {
		return nil
	}
	if len(items) == 0 {
		r.add(p, "an empty list", "a list with one environment")
		return nil
	}
	for _, item := range items[1:] {
		r.add(item, "another environment", "one environment: several come with a later version")
	}
	env, ok := r.environment(items[0])
	if !ok {
		return nil
	}
	return []rollout.Environment{env}
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
