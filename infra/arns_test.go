package infra_test

import (
	"encoding/json"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	buildtypes "github.com/aws/aws-sdk-go-v2/service/codebuild/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	schedulertypes "github.com/aws/aws-sdk-go-v2/service/scheduler/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/sluice-deploy/sluice/internal/emulator/cloudformation"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/harness"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// unmade are the patterns of what the local cloud makes no ARN of, and why.
func unmade() map[string]string {
	const notHere = "the local cloud has no such service; AWS: Service Authorization Reference"
	return map[string]string{
		`^arn:aws:s3:::`: "S3's API names buckets and objects by their names; AWS: Service Authorization Reference, S3",
		`^arn:aws:codepipeline:[^:]*:[^:]*:\*/\*/\*$`: "no API gives the ARN of an action; AWS: CodePipeline User Guide, ARNs and service resources",
		`^arn:aws:codepipeline:`:                      "the API names pipelines by their names; AWS: CodePipeline User Guide, ARNs and service resources",
		`^arn:aws:execute-api:`:                       "what is called of an HTTP API has an ARN that no API gives; AWS: Service Authorization Reference, API Gateway (execute-api)",
		`^arn:aws:codecommit:`:                        notHere,
		`^arn:aws:codeartifact:`:                      notHere,
		`:function:[^:]*:live$`:                       "an alias, which functions have where they are published",
		`^arn:aws:iam::\*:root$`:                      "a whole account as a principal, which nobody makes",
	}
}

// TestEveryPatternMeansSomething matches each ARN that a template makes of parts
// against the ARNs of what there is after a rollout here and one elsewhere: a
// pattern with a slip matches none.
func TestEveryPatternMeansSomething(t *testing.T) {
	t.Parallel()
	known := slices.Sorted(maps.Keys(arnsOfARollout(t)))
	whole := regexp.MustCompile(`arn:\$\{AWS::Partition\}:[^'"\s]+`)
	for _, template := range templates(t) {
		seen := map[string]bool{}
		for _, written := range whole.FindAllString(string(read(t, template)), -1) {
			pattern := filled(template, written)
			if seen[pattern] || explained(pattern) {
				continue
			}
			seen[pattern] = true
			glob := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*") + "$")
			if !slices.ContainsFunc(known, glob.MatchString) {
				t.Errorf("%s: %s means %s, and there is no such ARN", template, written, pattern)
			}
		}
	}
}

// filled is a pattern with what a stack here puts into it, and a wildcard for what
// only parameters and other resources say.
func filled(template, written string) string {
	stack := "*"
	if template == "template.yaml" {
		stack = "sluice"
	}
	out := strings.NewReplacer("${AWS::Partition}", "aws", "${AWS::Region}", "*", "${AWS::AccountId}", "*", "${AWS::StackName}", stack).Replace(written)
	return regexp.MustCompile(`\$\{[^}]*\}`).ReplaceAllString(out, "*")
}

func explained(pattern string) bool {
	for known := range unmade() {
		if regexp.MustCompile(known).MatchString(pattern) {
			return true
		}
	}
	return false
}

// arnsOfARollout are the ARNs that a rollout through an environment at home and one
// in another account has to do with.
func arnsOfARollout(t *testing.T) map[string]bool {
	t.Helper()
	l := loop.NewVirtual(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	t.Cleanup(l.Close)
	h, err := harness.New(l, harness.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	collect := func(values ...any) {
		for _, value := range values {
			text, err := json.Marshal(value)
			if err != nil {
				continue // an input with a stream
			}
			for _, arn := range regexp.MustCompile(`arn:aws:[^"\\\s]+`).FindAllString(string(text), -1) {
				found[arn] = true
			}
		}
	}
	h.Observe = func(_ *wire.Call, _, out any, err error) {
		if err == nil {
			collect(out)
		}
	}
	stack := h.Stacks[0].Stack // Sluice's own
	service := mustDeploy(t, h.Cloud, "infra/service.yaml", "shop-production", parameters{"Image": image})
	away := h.In("210987654321", "eu-west-1")
	there := mustDeploy(t, away, "infra/service.yaml", "shop-abroad", parameters{"Image": image, "Environment": "abroad"})
	remote := mustDeploy(t, away, "infra/remote.yaml", "remote", parameters{"Service": "shop-abroad", "Bus": bus})
	for _, s := range []*cloudformation.Stack{stack, service, there, remote} {
		for _, r := range s.Resources {
			collect(r.PhysicalID, r.Attributes) // not the properties, in which the policies stand
		}
	}
	release(t, h)
	return found
}

// release has a release go out through both environments, and makes what a spec or
// a build may name beside.
func release(t *testing.T, h *harness.Harness) {
	t.Helper()
	config := h.Config("AKIAPERSON")
	environment := func(name string) rollout.Environment {
		return rollout.Environment{
			Name: name, Cluster: "shop-" + name, Slots: rollout.Names{Blue: "shop-blue", Green: "shop-green"},
			Steps: []rollout.Step{{Weight: 100, Bake: time.Minute}}, Guard: time.Minute,
		}
	}
	abroad := environment("abroad")
	abroad.Region, abroad.Role, abroad.Wave = "eu-west-1", "arn:aws:iam::210987654321:role/sluice-remote", 2
	production := environment("production")
	production.Wave = 1
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(h.Steps.Register(t.Context(), rollout.Spec{
		App: "shop", Containers: map[string]string{"web": registry + "/shop"}, Triggers: rollout.Triggers{Event: true},
		Environments: []rollout.Environment{production, abroad},
	}))
	images := ecr.NewFromConfig(config)
	_, err := images.CreateRepository(t.Context(), &ecr.CreateRepositoryInput{RepositoryName: aws.String("shop")})
	must(err)
	_, err = images.PutImage(t.Context(), &ecr.PutImageInput{
		RepositoryName: aws.String("shop"), ImageTag: aws.String("v1"), ImageManifest: aws.String(`{"schemaVersion":2}`),
		ImageManifestMediaType: aws.String("application/vnd.oci.image.manifest.v1+json"),
	})
	must(err)
	_, err = images.SetRepositoryPolicy(t.Context(), &ecr.SetRepositoryPolicyInput{
		RepositoryName: aws.String("shop"), PolicyText: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
			`"Principal":{"AWS":"arn:aws:iam::210987654321:root"},` +
			`"Action":["ecr:BatchCheckLayerAvailability","ecr:GetDownloadUrlForLayer","ecr:BatchGetImage"]}]}`),
	})
	must(err)
	for _, group := range []string{h.Settings.Answers, h.Settings.Notices} {
		_, err = scheduler.NewFromConfig(config).CreateSchedule(t.Context(), &scheduler.CreateScheduleInput{
			Name: aws.String("again"), GroupName: &group, ScheduleExpression: aws.String("at(2027-01-01T00:00:00)"), ClientToken: aws.String("again-" + group),
			FlexibleTimeWindow: &schedulertypes.FlexibleTimeWindow{Mode: schedulertypes.FlexibleTimeWindowModeOff},
			Target:             &schedulertypes.Target{Arn: &h.Settings.Notify, RoleArn: &h.Settings.DeadmanRole},
		})
		must(err)
	}
	_, err = secretsmanager.NewFromConfig(config).CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: aws.String("sluice/webhook"), SecretString: aws.String("s"), ClientRequestToken: aws.String("01234567-89ab-cdef-0123-456789abcdef"),
	})
	must(err)
	_, err = eventbridge.NewFromConfig(config).DescribeEventBus(t.Context(), &eventbridge.DescribeEventBusInput{})
	must(err)
	_, err = sns.NewFromConfig(config).CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("deploys")})
	must(err)
	_, err = codebuild.NewFromConfig(config).CreateProject(t.Context(), &codebuild.CreateProjectInput{
		Name: aws.String("shop-build"), ServiceRole: aws.String("arn:aws:iam::123456789012:role/build"),
		Source:    &buildtypes.ProjectSource{Type: buildtypes.SourceTypeNoSource, Buildspec: aws.String("version: 0.2")},
		Artifacts: &buildtypes.ProjectArtifacts{Type: buildtypes.ArtifactsTypeNoArtifacts},
		Environment: &buildtypes.ProjectEnvironment{
			Type: buildtypes.EnvironmentTypeLinuxContainer, Image: aws.String("aws/codebuild/standard:7.0"), ComputeType: buildtypes.ComputeTypeBuildGeneral1Small,
		},
	})
	must(err)
	h.RunFor(30 * time.Minute) // ECS tries again to start what it could not pull before
	out, err := eventbridge.NewFromConfig(config).PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []eventtypes.PutEventsRequestEntry{{
		Source: aws.String("sluice.build"), DetailType: aws.String("Sluice Build Succeeded"),
		Detail: aws.String(`{"app":"shop","build":"1","images":{"web":"` + registry + `/shop:v1"}}`),
	}}})
	must(err)
	if out.FailedEntryCount != 0 {
		t.Fatalf("put the build's event: %+v", out.Entries)
	}
	h.RunFor(3 * time.Hour)
	deployment, err := h.Steps.Store.Deployment(t.Context(), "shop", 1)
	must(err)
	if state, why, _ := deployment.State(); state != "succeeded" {
		t.Fatalf("the release's deployment is %s: %s", state, why)
	}
}

// TestRemoteTrustsWhoComes holds the roles that infra/remote.yaml trusts against the
// roles of Sluice's stack that may assume one elsewhere.
func TestRemoteTrustsWhoComes(t *testing.T) {
	t.Parallel()
	l := loop.NewVirtual(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	t.Cleanup(l.Close)
	h, err := harness.New(l, harness.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	var come []string
	client := iam.NewFromConfig(h.Config("AKIAPERSON"))
	roles, err := client.ListRoles(t.Context(), &iam.ListRolesInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, role := range roles.Roles {
		if mayAssume(t, client, *role.RoleName) {
			come = append(come, *role.Arn)
		}
	}
	away := h.In("210987654321", "eu-west-1")
	mustDeploy(t, away, "infra/service.yaml", "shop", parameters{"Image": image})
	stack := mustDeploy(t, away, "infra/remote.yaml", "remote", parameters{"Service": "shop", "Bus": bus})
	trust := resource(t, stack, "Remote").Properties["AssumeRolePolicyDocument"].(map[string]any)["Statement"].([]any)[0].(map[string]any)
	trusted := trust["Condition"].(map[string]any)["ArnLike"].(map[string]any)["aws:PrincipalArn"].([]any)
	if len(trusted) != len(come) {
		t.Errorf("%d roles are trusted, and %d may come: %v", len(trusted), len(come), come)
	}
	for _, pattern := range trusted {
		glob := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(pattern.(string)), `\*`, "[^-]*") + "$")
		if !slices.ContainsFunc(come, glob.MatchString) {
			t.Errorf("%v is trusted, and no role of Sluice's stack that may assume it is so named", pattern)
		}
	}
}

// mayAssume tells whether a role's policies have it assume Sluice's roles elsewhere.
func mayAssume(t *testing.T, client *iam.Client, role string) bool {
	t.Helper()
	var documents []string
	attached, err := client.ListAttachedRolePolicies(t.Context(), &iam.ListAttachedRolePoliciesInput{RoleName: &role})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range attached.AttachedPolicies {
		if strings.HasPrefix(*p.PolicyArn, "arn:aws:iam::aws:") {
			continue // AWS's own
		}
		version, err := client.GetPolicyVersion(t.Context(), &iam.GetPolicyVersionInput{PolicyArn: p.PolicyArn, VersionId: aws.String("v1")})
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, *version.PolicyVersion.Document)
	}
	inline, err := client.ListRolePolicies(t.Context(), &iam.ListRolePoliciesInput{RoleName: &role})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range inline.PolicyNames {
		p, err := client.GetRolePolicy(t.Context(), &iam.GetRolePolicyInput{RoleName: &role, PolicyName: &name})
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, *p.PolicyDocument)
	}
	return slices.ContainsFunc(documents, func(d string) bool { return strings.Contains(decoded(t, d), "sluice-remote") })
}
