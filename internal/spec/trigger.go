package spec

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// triggers reads what starts a deployment. Builds, pushes and a stage of CodePipeline
// exclude each other: the push that a build makes, and the build that a pipeline runs,
// would start a second deployment.
func (r *reader) triggers(p place, containers map[string]string) rollout.Triggers {
	const want = "a list of triggers: codebuild, ecr, event or codepipeline"
	var t rollout.Triggers
	items, ok := r.list(p, want)
	if !ok {
		return t
	}
	if len(items) == 0 {
		r.add(p, "an empty list", want)
	}
	before := ""
	for _, item := range items {
		kind := sortOf(r.trigger(item, containers, &t))
		if before != "" && kind != "" && kind != before {
			r.add(item, before+" and "+kind+" together",
				"builds (codebuild, event), pushes (ecr) or a stage of a pipeline (codepipeline), one of the three: a build that pushes, or that a pipeline runs, would start two deployments")
			break
		}
		before = cmp.Or(kind, before)
	}
	return t
}

// sortOf is a kind of triggers that can be together.
func sortOf(kind string) string {
	switch kind {
	case "codebuild", "event":
		return "builds"
	case "ecr":
		return "pushes"
	case "codepipeline":
		return "a pipeline"
	default:
		return ""
	}
}

// trigger reads one entry and gives its kind, "" if it has none that is known.
func (r *reader) trigger(p place, containers map[string]string, t *rollout.Triggers) string {
	if name, ok := p.node.(*ast.StringNode); ok && (name.Value == "event" || name.Value == "codepipeline") {
		r.plain(p, name.Value, t)
		return name.Value
	}
	o := r.object(p, triggerFields())
	if o.ok && len(o.keys) == 0 {
		r.add(p, "an empty mapping", oneOf(triggerFields().names()))
	}
	if len(o.names) == 0 {
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
	case "event", "codepipeline":
		r.object(value, fields{})
		r.plain(p, kind, t)
	}
	return kind
}

// plain reads a trigger that has no fields.
func (r *reader) plain(p place, kind string, t *rollout.Triggers) {
	given := &t.Event
	if kind == "codepipeline" {
		given = &t.CodePipeline
	}
	if *given {
		r.add(p, kind+" again", "every trigger once")
	}
	*given = true
}

func (r *reader) codebuild(p place, t *rollout.Triggers) {
	o := r.object(p, codebuildFields())
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
	o := r.object(p, pushFields())
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
