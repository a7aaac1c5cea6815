package adopt

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Spec is the draft as a commented sluice.yaml.
func (d *Draft) Spec() string {
	var w writer
	w.line("# yaml-language-server: $schema=https://raw.githubusercontent.com/sluice-deploy/sluice/main/schema/sluice.schema.json")
	w.line("# How Sluice rolls %s out. `sluice validate` checks this file, `sluice doctor` what it names, and `sluice apply`", d.App)
	w.line("# registers it. All that it may say: https://github.com/sluice-deploy/sluice/blob/main/docs/spec.md")
	w.line("app: %s", quoted(d.App))
	w.line("")
	w.line("# Containers that a release brings new images for, and their repositories, without tag or digest.")
	w.line("containers:")
	for _, name := range slices.Sorted(maps.Keys(d.Repository)) {
		w.line("  %s: %s", quoted(name), d.Repository[name])
	}
	for _, name := range slices.Sorted(maps.Keys(d.Others)) {
		w.line("  # %s runs %s, which is in no private repository of ECR: it stays as it is.", name, d.Others[name])
	}
	w.line("")
	w.line("# What starts a deployment: our own event, which any CI can put, and `sluice deploy`. Others, in its place:")
	w.line("#   - codebuild: {project: %s-build}", d.App)
	w.line("#   - codepipeline")
	w.line("triggers:")
	w.line("  - event")
	w.line("")
	w.line("environments:")
	w.line("  # Put staging before it, if there is one: a release goes through them in this order.")
	w.line("  - name: production")
	w.line("    cluster: %s", quoted(d.Cluster))
	w.line("    slots: {blue: %s, green: %s}", quoted(d.Slots.Blue), quoted(d.Slots.Green))
	w.line("    # Somebody has to say yes before a rollout begins:")
	w.line("    # approval: {slack: \"#deploys\", approvers: [U024BE7LH], notAuthor: true}")
	w.line("    # So many percent of the traffic go to the new version, for so long, watched.")
	w.line("    steps:")
	for _, step := range d.Steps {
		w.line("      - {weight: %d, bake: %s}", step.Weight, brief(step.Bake))
	}
	d.alarms(&w)
	w.line("    # How long the old version is kept at full size after that, to go back to at once.")
	w.line("    guard: %s", brief(d.Guard))
	return w.String()
}

func (d *Draft) alarms(w *writer) {
	w.line("    # One of these that goes red takes all traffic back. {slot} stands for blue and green.")
	w.line("    alarms:")
	for _, name := range d.Alarms {
		w.line("      - %s", strconv.Quote(name))
	}
}

// writer puts lines together.
type writer struct{ strings.Builder }

func (w *writer) line(format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) } // it cannot fail

// quoted is a name as YAML has it: in quotation marks where it would be read as
// something else.
func quoted(name string) string {
	if strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" || strings.Trim(name, "0123456789-_") == "" ||
		slices.Contains([]string{"true", "false", "null", "yes", "no", "on", "off", "y", "n"}, strings.ToLower(name)) {
		return strconv.Quote(name)
	}
	return name
}

// brief is a duration as a spec has it.
func brief(d time.Duration) string {
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}

// stepsOf are the steps of a deployment configuration of CodeDeploy, and whether it is
// one that AWS predefines (AWS: CodeDeploy User Guide, deployment configurations).
func stepsOf(configuration string) ([]rollout.Step, bool) {
	var percent, minutes int
	name := strings.TrimPrefix(configuration, "CodeDeployDefault.")
	if name == "ECSAllAtOnce" {
		return []rollout.Step{{Weight: 100, Bake: 5 * time.Minute}}, true
	}
	if n, _ := fmt.Sscanf(name, "ECSCanary%dPercent%dMinutes", &percent, &minutes); n == 2 && percent > 0 && percent < 100 && minutes > 0 {
		bake := time.Duration(minutes) * time.Minute
		return []rollout.Step{{Weight: percent, Bake: bake}, {Weight: 100, Bake: bake}}, true
	}
	if n, _ := fmt.Sscanf(name, "ECSLinear%dPercentEvery%dMinutes", &percent, &minutes); n == 2 && percent > 0 && minutes > 0 {
		var steps []rollout.Step
		for weight := percent; weight < 100; weight += percent {
			steps = append(steps, rollout.Step{Weight: weight, Bake: time.Duration(minutes) * time.Minute})
		}
		return append(steps, rollout.Step{Weight: 100, Bake: time.Duration(minutes) * time.Minute}), true
	}
	return nil, false
}
