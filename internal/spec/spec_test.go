package spec_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/spec"
)

const full = `# The shop.
app: shop
containers:
  web: 123456789012.dkr.ecr.us-east-1.amazonaws.com/team/shop
  log_router: 123456789012.dkr.ecr.us-east-1.amazonaws.com/fluent-bit
triggers:
  - codebuild: {project: shop-build}
  - codebuild:
      project: shop-nightly
  - event
environments:
  - name: production
    cluster: production
    slots: {blue: shop-blue, green: shop-green}
    steps:
      - {weight: 10, bake: 90s}
      - {weight: 50%, bake: 10m}
      - weight: 100%
        bake: 2h30m
    alarms: ["shop-{slot}-5xx", shop-latency]
    windows:
      - {days: [mon, thu], from: "09:00", to: "16:30", zone: Europe/Berlin}
      - {days: [sat], from: "23:00", to: "02:00", zone: UTC}
    guard: 30m
    watchAfter: 24h
    acceptStickiness: true
    listenerRule: arn:aws:elasticloadbalancing:us-east-1:123456789012:listener-rule/app/web/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee
    targetGroups:
      blue: arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/blue/73e2d6bc24d8a067
      green: arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/green/73e2d6bc24d8a068
    inconclusive: {retries: 1, then: proceed}
    taskDefinition: deploy/production.yaml
taskDefinition: task-definition.json
`

func fullSpec() *rollout.Spec {
	return &rollout.Spec{
		App: "shop",
		Containers: map[string]string{
			"web":        "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/shop",
			"log_router": "123456789012.dkr.ecr.us-east-1.amazonaws.com/fluent-bit",
		},
		Triggers: rollout.Triggers{CodeBuild: []string{"shop-build", "shop-nightly"}, Event: true},
		Environments: []rollout.Environment{{
			Name: "production", Wave: 1, Cluster: "production", Slots: rollout.Names{Blue: "shop-blue", Green: "shop-green"},
			Steps: []rollout.Step{
				{Weight: 10, Bake: 90 * time.Second}, {Weight: 50, Bake: 10 * time.Minute}, {Weight: 100, Bake: 150 * time.Minute},
			},
			Windows: []rollout.Window{
				{Days: []time.Weekday{time.Monday, time.Thursday}, From: 9 * 60, To: 16*60 + 30, Zone: "Europe/Berlin"},
				{Days: []time.Weekday{time.Saturday}, From: 23 * 60, To: 2 * 60, Zone: "UTC"},
			},
			Alarms: []string{"shop-{slot}-5xx", "shop-latency"}, Guard: 30 * time.Minute, WatchAfter: 24 * time.Hour, AcceptStickiness: true,
			ListenerRule: "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener-rule/app/web/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee",
			TargetGroups: rollout.Names{
				Blue:  "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/blue/73e2d6bc24d8a067",
				Green: "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/green/73e2d6bc24d8a068",
			},
			Inconclusive:   rollout.InconclusiveRule{Retries: 1, Then: rollout.ChooseProceed},
			TaskDefinition: rollout.TaskDefinition{File: "deploy/production.yaml"},
		}},
	}
}

const least = `app: shop
containers: {web: 123456789012.dkr.ecr.us-east-1.amazonaws.com/shop}
triggers:
  - ecr: {tag: v*}
environments:
  - name: production
    cluster: production
    slots: {blue: shop-blue, green: shop-green}
    steps: [{weight: 100, bake: 5m}]
`

func leastSpec() *rollout.Spec {
	return &rollout.Spec{
		App:        "shop",
		Containers: map[string]string{"web": "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop"},
		Triggers:   rollout.Triggers{ECR: []rollout.ECRTrigger{{Repository: "shop", Tag: "v*"}}},
		Environments: []rollout.Environment{{
			Name: "production", Wave: 1, Cluster: "production", Slots: rollout.Names{Blue: "shop-blue", Green: "shop-green"},
			Steps: []rollout.Step{{Weight: 100, Bake: 5 * time.Minute}},
			Guard: time.Hour, Inconclusive: rollout.InconclusiveRule{Retries: 2, Then: rollout.ChooseRollback},
		}},
	}
}

func definedSpec() *rollout.Spec {
	s := leastSpec()
	s.Environments[0].TaskDefinition.File = "task.json"
	return s
}

func pipelineSpec() *rollout.Spec {
	s := leastSpec()
	s.Triggers = rollout.Triggers{CodePipeline: true}
	return s
}

func TestParse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, source string
		want         *rollout.Spec
	}{
		{"everything", full, fullSpec()},
		{"several environments", several, severalSpec()},
		{"defaults", least, leastSpec()},
		{"windows line ends", strings.ReplaceAll(least, "\n", "\r\n"), leastSpec()},
		{"a pipeline", strings.Replace(least, "ecr: {tag: v*}", "codepipeline", 1), pipelineSpec()},
		{"a pipeline as a mapping", strings.Replace(least, "ecr: {tag: v*}", "codepipeline: {}", 1), pipelineSpec()},
		{"one task definition for all", "taskDefinition: task.json\n" + least, definedSpec()},
		{"named repository", strings.Replace(least, "ecr: {tag: v*}", "ecr: {repository: shop, tag: v*}", 1), leastSpec()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := spec.Parse("sluice.yaml", []byte(tt.source))
			if err != nil {
				t.Fatalf("Parse: %v", err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("spec (-want +got):\n%s", diff)
			}
		})
	}
}

// The release keeps the spec it was made with as JSON.
func TestSpecKeepsItsJSON(t *testing.T) {
	t.Parallel()
	for _, want := range []func() *rollout.Spec{fullSpec, severalSpec} {
		first, err := json.Marshal(want())
		if err != nil {
			t.Fatalf("marshal: %v", err)
		}
		var back rollout.Spec
		if err := json.Unmarshal(first, &back); err != nil {
			t.Fatalf("unmarshal: %v", err)
		}
		if diff := cmp.Diff(want(), &back); diff != "" {
			t.Errorf("after a round trip (-want +got):\n%s", diff)
		}
		for range 20 {
			again, err := json.Marshal(want())
			if err != nil || string(again) != string(first) {
				t.Fatalf("marshal again = %s, %v\nwant %s", again, err, first)
			}
		}
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	const wantStep = "a list of steps such as [{weight: 10, bake: 10m}, {weight: 100, bake: 10m}]"
	tests := []problemTest{
		{"app missing", "app: shop\n", "", `sluice.yaml:1:1: app: found nothing, want 1 to 24 lower-case letters, digits and hyphens, a letter first and no hyphen last`},
		{"app name", "app: shop", "app: Shop_", `sluice.yaml:1:6: app: found "Shop_", want 1 to 24 lower-case letters, digits and hyphens, a letter first and no hyphen last`},
		{"app is a number", "app: shop", "app: 12", `sluice.yaml:1:6: app: found 12, want 1 to 24 lower-case letters, digits and hyphens, a letter first and no hyphen last; put it in quotes if it is meant as text`},
		{"unknown field", "app:", "ap:", `sluice.yaml:1:1: ap: found an unknown field "ap", want one of app, containers, triggers, environments, notify, pipelines, keep, taskDefinition; did you mean "app"?` + "\n" + `sluice.yaml:1:1: app: found nothing, want 1 to 24 lower-case letters, digits and hyphens, a letter first and no hyphen last`},
		{"unknown field in a step", "weight: 100,", "weigth: 100,", `sluice.yaml:9:13: environments[0].steps[0].weight: found nothing, want a whole number from 1 to 100, as 10 or 10%` + "\n" + `sluice.yaml:9:14: environments[0].steps[0].weigth: found an unknown field "weigth", want one of weight, bake, approval; did you mean "weight"?`},
		{"unknown field like no other", "    cluster", "    colour: red\n    cluster", `sluice.yaml:7:5: environments[0].colour: found an unknown field "colour", want one of name, wave, region, role, cluster, slots, approval, operators, windows, steps, alarms, notify, guard, watchAfter, acceptStickiness, listenerRule, targetGroups, inconclusive, taskDefinition`},
		{"duplicate field", "    cluster", "    name: again\n    cluster", `sluice.yaml:7:5: environments[0].name: found the field again, want it once (first on line 6)`},
		{"containers missing", "containers: {web: 123456789012.dkr.ecr.us-east-1.amazonaws.com/shop}", "containers:", `sluice.yaml:2:1: containers: found nothing, want a mapping of container names to image repositories`},
		{"no container", "{web: 123456789012.dkr.ecr.us-east-1.amazonaws.com/shop}", "{}", `sluice.yaml:2:13: containers: found an empty mapping, want at least one container`},
		{"container name", "{web:", "{we b:", `sluice.yaml:2:14: containers.we b: found the container name "we b", want 1 to 255 letters, digits, hyphens and underscores`},
		{"image tag", "com/shop}", "com/shop:v1}", `sluice.yaml:2:19: containers.web: found "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:v1", want a repository without tag or digest: each release brings its own; did you mean "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop"?`},
		{"image digest", "com/shop}", "com/shop@sha256:00}", `sluice.yaml:2:19: containers.web: found "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop@sha256:00", want a repository without tag or digest: each release brings its own; did you mean "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop"?`},
		{"not ECR", "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop", "docker.io/library/nginx", `sluice.yaml:2:19: containers.web: found "docker.io/library/nginx", want an Amazon ECR repository such as 123456789012.dkr.ecr.us-east-1.amazonaws.com/shop`},
		{"triggers missing", "triggers:\n  - ecr: {tag: v*}\n", "", `sluice.yaml:1:1: triggers: found nothing, want a list of triggers: codebuild, ecr, event or codepipeline`},
		{"triggers empty", "\n  - ecr: {tag: v*}", " []", `sluice.yaml:3:11: triggers: found an empty list, want a list of triggers: codebuild, ecr, event or codepipeline`},
		{"builds and pushes", "  - ecr", "  - event\n  - ecr", `sluice.yaml:5:5: triggers[1]: found builds and pushes together, want builds (codebuild, event), pushes (ecr) or a stage of a pipeline (codepipeline), one of the three: a build that pushes, or that a pipeline runs, would start two deployments`},
		{"a pipeline and builds", "  - ecr: {tag: v*}", "  - codepipeline\n  - codebuild: {project: shop}", `sluice.yaml:5:5: triggers[1]: found a pipeline and builds together, want builds (codebuild, event), pushes (ecr) or a stage of a pipeline (codepipeline), one of the three: a build that pushes, or that a pipeline runs, would start two deployments`},
		{"pushes and a pipeline", "  - ecr: {tag: v*}", "  - ecr: {tag: v*}\n  - codepipeline: {}", `sluice.yaml:5:5: triggers[1]: found pushes and a pipeline together, want builds (codebuild, event), pushes (ecr) or a stage of a pipeline (codepipeline), one of the three: a build that pushes, or that a pipeline runs, would start two deployments`},
		{"a pipeline's name", "ecr: {tag: v*}", "codepipeline: {name: x}", `sluice.yaml:4:20: triggers[0].codepipeline.name: found an unknown field "name", want no fields`},
		{"a pipeline twice", "  - ecr: {tag: v*}", "  - codepipeline\n  - codepipeline", `sluice.yaml:5:5: triggers[1]: found codepipeline again, want every trigger once`},
		{"unknown trigger", "ecr: {tag: v*}", "codebild: {project: x}", `sluice.yaml:4:5: triggers[0].codebild: found an unknown field "codebild", want one of codebuild, ecr, event, codepipeline; did you mean "codebuild"?`},
		{"trigger is a word", "ecr: {tag: v*}", "push", `sluice.yaml:4:5: triggers[0]: found "push", want a mapping with codebuild, ecr, event, codepipeline`},
		{"two triggers in one", "ecr: {tag: v*}", "{codebuild: {project: shop}, event: {}}", `sluice.yaml:4:5: triggers[0]: found codebuild and event, want one trigger in each entry of the list`},
		{"project missing", "ecr: {tag: v*}", "codebuild: {}", `sluice.yaml:4:16: triggers[0].codebuild.project: found nothing, want the name of a CodeBuild project`},
		{"project twice", "ecr: {tag: v*}", "codebuild: {project: shop}\n  - codebuild: {project: shop}", `sluice.yaml:5:26: triggers[1].codebuild.project: found "shop" again, want every project once`},
		{"foreign repository", "ecr: {tag: v*}", "ecr: {repository: shopp}", `sluice.yaml:4:23: triggers[0].ecr.repository: found "shopp", want the repository of a container: "shop"; did you mean "shop"?`},
		{"empty trigger", "{tag: v*}", "{tag: v*}\n  - {}", `sluice.yaml:5:5: triggers[1]: found an empty mapping, want one of codebuild, ecr, event, codepipeline`},
		{"only an empty trigger", "\n  - ecr: {tag: v*}", " [{}]", `sluice.yaml:3:12: triggers[0]: found an empty mapping, want one of codebuild, ecr, event, codepipeline`},
		{"tag pattern", "tag: v*", `tag: "[v"`, `sluice.yaml:4:16: triggers[0].ecr.tag: found "[v", want a pattern for tags, such as release-*`},
		{"analysis", "    cluster", "    analysis: {minRequests: 5, maxErrorRateIncrease: 0.5%}\n    cluster", `sluice.yaml:7:5: environments[0].analysis: found the field analysis, want no such field yet: it comes with a later version`},
		{"cluster", "cluster: production", "cluster: my cluster", `sluice.yaml:7:14: environments[0].cluster: found "my cluster", want the name or ARN of an ECS cluster`},
		{"slots missing", "    slots: {blue: shop-blue, green: shop-green}\n", "", `sluice.yaml:6:5: environments[0].slots: found nothing, want a mapping with blue, green`},
		{"one slot missing", ", green: shop-green", "", `sluice.yaml:8:12: environments[0].slots.green: found nothing, want the name of an ECS service`},
		{"same slots", "green: shop-green", "green: shop-blue", `sluice.yaml:8:37: environments[0].slots.green: found "shop-blue", want another name than that of blue`},
		{"steps missing", "    steps: [{weight: 100, bake: 5m}]\n", "", `sluice.yaml:6:5: environments[0].steps: found nothing, want ` + wantStep},
		{"steps empty", "[{weight: 100, bake: 5m}]", "[]", `sluice.yaml:9:12: environments[0].steps: found an empty list, want ` + wantStep},
		{"many steps", "[{weight: 100, bake: 5m}]", "[" + strings.Repeat("{weight: 1, bake: 5m}, ", 20) + "{weight: 100, bake: 5m}]", `sluice.yaml:9:473: environments[0].steps[20]: found 21 steps, want at most 20`},
		{"weights fall", "[{", "[{weight: 10, bake: 1m}, {weight: 5, bake: 1m}, {", `sluice.yaml:9:46: environments[0].steps[1].weight: found 5, want a weight above 10 (weights rise step by step)`},
		{"weights end early", "weight: 100", "weight: 50", `sluice.yaml:9:22: environments[0].steps[0].weight: found 50, want 100: the last step moves all traffic`},
		{"weight above 100", "weight: 100", "weight: 101", `sluice.yaml:9:22: environments[0].steps[0].weight: found 101, want a whole number from 1 to 100, as 10 or 10%`},
		{"a blank before the sign", "weight: 100", "weight: 10 %", `sluice.yaml:9:22: environments[0].steps[0].weight: found "10 %", want a whole number from 1 to 100, as 10 or 10%`},
		{"percent above 100", "weight: 100", "weight: 110%", `sluice.yaml:9:22: environments[0].steps[0].weight: found "110%", want a whole number from 1 to 100, as 10 or 10%`},
		{"weight in words", "weight: 100", "weight: ten", `sluice.yaml:9:22: environments[0].steps[0].weight: found "ten", want a whole number from 1 to 100, as 10 or 10%`},
		{"weight below zero", "weight: 100", "weight: -5%", `sluice.yaml:9:22: environments[0].steps[0].weight: found "-5%", want a whole number from 1 to 100, as 10 or 10%`},
		{"percent with fraction", "weight: 100", "weight: 10.5%", `sluice.yaml:9:22: environments[0].steps[0].weight: found "10.5%", want a whole number from 1 to 100, as 10 or 10%`},
		{"no percent", "weight: 100", "weight: 0%", `sluice.yaml:9:22: environments[0].steps[0].weight: found "0%", want a whole number from 1 to 100, as 10 or 10%`},
		{"percents fall", "[{", "[{weight: 10%, bake: 1m}, {weight: 5%, bake: 1m}, {", `sluice.yaml:9:47: environments[0].steps[1].weight: found "5%", want a weight above 10 (weights rise step by step)`},
		{"weight with fraction", "weight: 100", "weight: 99.5", `sluice.yaml:9:22: environments[0].steps[0].weight: found 99.5, want a whole number from 1 to 100, as 10 or 10%`},
		{"huge weight", "weight: 100", "weight: 99999999999999999999", `sluice.yaml:9:22: environments[0].steps[0].weight: found "99999999999999999999", want a whole number from 1 to 100, as 10 or 10%`},
		{"bake missing", ", bake: 5m", "", `sluice.yaml:9:13: environments[0].steps[0].bake: found nothing, want a duration above zero such as 90s, 10m, 1h or 2h30m`},
		{"bake zero", "bake: 5m", "bake: 0s", `sluice.yaml:9:33: environments[0].steps[0].bake: found "0s", want a duration above zero such as 90s, 10m, 1h or 2h30m`},
		{"bake without unit", "bake: 5m", "bake: 5", `sluice.yaml:9:33: environments[0].steps[0].bake: found 5, want a duration above zero such as 90s, 10m, 1h or 2h30m`},
		{"bake below a second", "bake: 5m", "bake: 1500ms", `sluice.yaml:9:33: environments[0].steps[0].bake: found "1500ms", want a duration above zero such as 90s, 10m, 1h or 2h30m`},
		{"bake too long", "bake: 5m", "bake: 721h", `sluice.yaml:9:33: environments[0].steps[0].bake: found "721h", want at most 720h`},
		{"guard zero", "    cluster", "    guard: 0m\n    cluster", `sluice.yaml:7:12: environments[0].guard: found "0m", want a duration above zero such as 90s, 10m, 1h or 2h30m`},
		{"alarms", "    cluster", "    alarms: one\n    cluster", `sluice.yaml:7:13: environments[0].alarms: found "one", want a list of alarm names`},
		{"alarm placeholder", "    cluster", "    alarms: ['{color}-5xx']\n    cluster", `sluice.yaml:7:14: environments[0].alarms[0]: found "{color}-5xx", want no other placeholder than {slot}`},
		{"alarm twice", "    cluster", "    alarms: [a, b, a]\n    cluster", `sluice.yaml:7:20: environments[0].alarms[2]: found "a" again, want every name once`},
		{"alarm empty", "    cluster", "    alarms: ['']\n    cluster", `sluice.yaml:7:14: environments[0].alarms[0]: found "", want the name of an alarm`},
		{"stickiness", "    cluster", "    acceptStickiness: yes\n    cluster", `sluice.yaml:7:23: environments[0].acceptStickiness: found "yes", want true or false`},
		{"rule", "    cluster", "    listenerRule: rule-1\n    cluster", `sluice.yaml:7:19: environments[0].listenerRule: found "rule-1", want the ARN of an Application Load Balancer's listener rule`},
		{"target group missing", "    cluster", "    targetGroups: {blue: arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/blue/73e2d6bc24d8a067}\n    cluster", `sluice.yaml:7:19: environments[0].targetGroups.green: found nothing, want the ARN of a target group`},
		{"task definition elsewhere", "app: shop", "app: shop\ntaskDefinition: /etc/task.json", `sluice.yaml:2:17: taskDefinition: found "/etc/task.json", want the path of a .json, .yaml or .yml file from the folder of this one`},
		{"task definition in another form", "    cluster", "    taskDefinition: task.toml\n    cluster", `sluice.yaml:7:21: environments[0].taskDefinition: found "task.toml", want the path of a .json, .yaml or .yml file from the folder of this one`},
		{"inconclusive", "    cluster", "    inconclusive: {retries: 11, then: rolback}\n    cluster", `sluice.yaml:7:29: environments[0].inconclusive.retries: found 11, want a whole number from 0 to 10` + "\n" + `sluice.yaml:7:39: environments[0].inconclusive.then: found "rolback", want rollback or proceed; did you mean "rollback"?`},
		{"anchor and alias", "{blue: shop-blue, green: shop-green}", "{blue: &b shop-blue, green: *b}", `sluice.yaml:8:19: found an anchor, want plain YAML without anchors, aliases, merge keys, tags and complex keys` + "\n" + `sluice.yaml:8:40: found an alias, want plain YAML without anchors, aliases, merge keys, tags and complex keys`},
		{"merge key", "app: shop", "<<: {app: shop}", `sluice.yaml:1:1: found a merge key, want plain YAML without anchors, aliases, merge keys, tags and complex keys`},
		{"tag", "app: shop", "app: !!str shop", `sluice.yaml:1:6: found a tag, want plain YAML without anchors, aliases, merge keys, tags and complex keys`},
		{"complex key", "app: shop", "? app\n: shop", `sluice.yaml:1:1: found a complex key, want plain YAML without anchors, aliases, merge keys, tags and complex keys`},
		{"tab", "    cluster", "\tcluster", `sluice.yaml:7:1: found what is not YAML (found character '\t' that cannot start any token), want a spec in YAML`},
		{"second document", "triggers", "---\ntriggers", `sluice.yaml:4:1: found a second YAML document, want one document in the file`},
		{"everything wrong at once", least, "app: 1\nenvironments: {}\n", `sluice.yaml:1:1: containers: found nothing, want a mapping of container names to image repositories` + "\n" +
			`sluice.yaml:1:1: triggers: found nothing, want a list of triggers: codebuild, ecr, event or codepipeline` + "\n" +
			`sluice.yaml:1:6: app: found 1, want 1 to 24 lower-case letters, digits and hyphens, a letter first and no hyphen last; put it in quotes if it is meant as text` + "\n" +
			`sluice.yaml:2:15: environments: found a mapping, want a list of 1 to 20 environments`},
		{"empty file", least, "", `sluice.yaml:1:1: found nothing, want a spec`},
		{"only a comment", least, "# soon\n", `sluice.yaml:1:1: found nothing, want a spec`},
		{"a list", least, "- app\n", `sluice.yaml:1:1: found a list, want a mapping with app, containers, triggers, environments, notify, pipelines, keep, taskDefinition`},
		{"not YAML", least, "app: [\n", `sluice.yaml:1:6: found what is not YAML (sequence end token ']' not found), want a spec in YAML`},
		{"not text", least, "app: \xff\n", `sluice.yaml:1:1: found bytes that are not UTF-8, want a text file`},
		{"huge", least, strings.Repeat("#", 70000), `sluice.yaml:1:1: found 70000 bytes, want a file of at most 65536 bytes`},
		{"nested", least, strings.Repeat("[", 2000), `sluice.yaml:1:1: found nesting that no spec has, want at most 1000 brackets and 200 columns of indentation`},
	}
	testProblems(t, least, tests)
}

// problemTest is a spec made wrong in one place, and what is said about it.
type problemTest struct {
	name     string
	old, new string // replaced in a spec that is right
	want     string
}

func testProblems(t *testing.T, right string, tests []problemTest) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(right, tt.old) {
				t.Fatalf("the spec does not contain %q", tt.old)
			}
			source := []byte(strings.Replace(right, tt.old, tt.new, 1))
			_, err := spec.Parse("sluice.yaml", source)
			if value, plain := spec.Value(source); plain {
				agree(t, value, err)
			}
			var problems *spec.Error
			if !errors.As(err, &problems) {
				t.Fatalf("error = %v, want a *spec.Error", err)
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if got := rollout.KindOf(err); got != rollout.KindSpecInvalid {
				t.Errorf("kind = %s, want %s", got, rollout.KindSpecInvalid)
			}
		})
	}
}

func TestTooManyAlarms(t *testing.T) {
	t.Parallel()
	var alarms strings.Builder
	for i := range 51 {
		fmt.Fprintf(&alarms, "      - 'a%d-{slot}'\n", i)
	}
	_, err := spec.Parse("s", []byte(strings.Replace(least, "    cluster", "    alarms:\n"+alarms.String()+"    cluster", 1)))
	if want := "s:8:7: environments[0].alarms: found 102 alarms, want at most 100, counting both slots"; err == nil || err.Error() != want {
		t.Errorf("error = %v\nwant    %s", err, want)
	}
}
