package spec

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// triggers reads what starts a deployment. Builds and pushes exclude each other:
// the push that a build makes would start a second deployment.
func (r *reader) triggers(p place, containers map[string]string) rollout.Triggers {
	const want = "a list of triggers: codebuild, ecr or event"
	var t rollout.Triggers
	items, ok := r.list(p, want)
	if !ok {
		return t
	}
	if len(items) == 0 {
		r.add(p, "an empty list", want)
	}
	var builds, pushes bool
	for _, item := range items {
		kind := r.trigger(item, containers, &t)
		builds = builds || kind == "codebuild" || kind == "event"
		pushes = pushes || kind == "ecr"
		if builds && pushes {
			r.add(item, "builds and pushes together", "builds (codebuild, event) or pushes (ecr), not both: a build that pushes would start two deployments")
			break
		}
	}
	return t
}

// trigger reads one entry and gives its kind, "" if it has none that is known.
func (r *reader) trigger(p place, containers map[string]string, t *rollout.Triggers) string {
	if name, ok := p.node.(*ast.StringNode); ok && name.Value == "event" {
		r.event(p, t)
		return "event"
	}
	o := r.object(p, fields{known: []string{"codebuild", "ecr", "event"}, later: []string{"codepipeline"}})
	if !o.ok || len(o.names) == 0 {
		return ""
	}
	if len(o.names) > 1 {
		r.add(p, strings.Join(o.names, " and "), "one trigger in each entry of the list")
		return ""
	}
	kind := o.names[0]
	value := o.get(kind)
	switch kind {
	case "codebuild":
		r.codebuild(value, t)
	case "ecr":
		r.ecr(value, containers, t)
	case "event":
		r.object(value, fields{})
		r.event(p, t)
	}
	return kind
}

func (r *reader) event(p place, t *rollout.Triggers) {
	if t.Event {
		r.add(p, "event again", "every trigger once")
	}
	t.Event = true
}

func (r *reader) codebuild(p place, t *rollout.Triggers) {
	o := r.object(p, fields{known: []string{"project"}})
	if !o.ok {
		return
	}
	project := r.matching(o.get("project"), projectPattern, wantProject)
	if slices.Contains(t.CodeBuild, project) {
		r.add(o.get("project"), fmt.Sprintf("%q again", project), "every project once")
	}
	t.CodeBuild = append(t.CodeBuild, project)
}

// ecr reads a push trigger. Without a repository it is that of every container.
func (r *reader) ecr(p place, containers map[string]string, t *rollout.Triggers) {
	o := r.object(p, fields{known: []string{"repository", "tag"}})
	if !o.ok {
		return
	}
	tag := r.tag(o.get("tag"))
	repositories := repositoryNames(containers)
	if p := o.get("repository"); p.given() {
		name, ok := r.text(p, "the name of a container's repository")
		if !ok {
			return
		}
		if !slices.Contains(repositories, name) {
			r.add(p, fmt.Sprintf("%q", name), "the repository of a container: "+quotedList(repositories)).Suggestion = suggest(name, repositories)
			return
		}
		repositories = []string{name}
	}
	for _, name := range repositories {
		trigger := rollout.ECRTrigger{Repository: name, Tag: tag}
		if slices.Contains(t.ECR, trigger) {
			r.add(p, fmt.Sprintf("repository %q with tag %q again", name, tag), "every trigger once")
			continue
		}
		t.ECR = append(t.ECR, trigger)
	}
}

// tag reads a pattern in which * stands for any characters; no tag is every tag.
func (r *reader) tag(p place) string {
	if !p.given() {
		return ""
	}
	const want = "a pattern for tags, such as release-*"
	pattern, ok := r.text(p, want)
	if !ok {
		return ""
	}
	if _, err := path.Match(pattern, "tag"); err != nil || pattern == "" {
		r.add(p, fmt.Sprintf("%q", pattern), want)
	}
	return pattern
}
