package adopt

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/spec"
)

func TestStepsOfCodeDeploy(t *testing.T) {
	t.Parallel()
	const m = time.Minute
	for _, c := range []struct {
		configuration string
		want          []rollout.Step
	}{
		{"CodeDeployDefault.ECSAllAtOnce", []rollout.Step{{Weight: 100, Bake: 5 * m}}},
		{"CodeDeployDefault.ECSCanary10Percent15Minutes", []rollout.Step{{Weight: 10, Bake: 15 * m}, {Weight: 100, Bake: 15 * m}}},
		{"CodeDeployDefault.ECSLinear50PercentEvery3Minutes", []rollout.Step{{Weight: 50, Bake: 3 * m}, {Weight: 100, Bake: 3 * m}}},
		{"CodeDeployDefault.ECSLinear30PercentEvery1Minutes", []rollout.Step{{Weight: 30, Bake: m}, {Weight: 60, Bake: m}, {Weight: 90, Bake: m}, {Weight: 100, Bake: m}}},
		{"our-own", nil},
		{"CodeDeployDefault.ECSLinear0PercentEvery1Minutes", nil},
	} {
		got, known := stepsOf(c.configuration)
		if diff := cmp.Diff(c.want, got); diff != "" || known != (c.want != nil) {
			t.Errorf("%s is known: %t (-want +got):\n%s", c.configuration, known, diff)
		}
	}
}

func TestNameOf(t *testing.T) {
	t.Parallel()
	for other, want := range map[string]string{
		"shop": "shop", "Shop_API": "shop-api", "1st-shop": "st-shop", "--": "", "": "",
		"a-very-long-name-of-a-service-indeed": "a-very-long-name-of-a-se", "a-very-long-name-of-a-s-indeed": "a-very-long-name-of-a-s",
	} {
		if got := NameOf(other); got != want {
			t.Errorf("%q makes %q, want %q", other, got, want)
		}
	}
}

// A draft is a spec, whatever it is of.
func TestDraftsAreSpecs(t *testing.T) {
	t.Parallel()
	r := running()
	r.Service.DeploymentController = &ecstypes.DeploymentController{Type: ecstypes.DeploymentControllerTypeCodeDeploy}
	beside, err := r.Draft("shop")
	if err != nil {
		t.Fatal(err)
	}
	(&CodeDeploy{Container: "proxy", Configuration: "our-own", Kept: 90 * time.Minute, Hooks: []string{"BeforeInstall"}, Alarms: []string{"shop errors"}}).Apply(&beside)
	for name, d := range map[string]Draft{"nothing": Nothing("on"), "beside": beside} {
		if _, err := spec.Parse("sluice.yaml", []byte(d.Spec())); err != nil {
			t.Errorf("%s: %v\n%s", name, err, d.Spec())
		}
	}
	if beside.Slots != (rollout.Names{Blue: "shop-blue", Green: "shop-green"}) || beside.Cluster != "shop-production" || beside.Template != "" {
		t.Errorf("a service of CodeDeploy's is a slot: %+v", beside)
	}
	if len(beside.Missing) != 1 || !strings.Contains(beside.Missing[0].Why, "Listener=arn:listener Priority=7 Port=8080") {
		t.Errorf("missing: %+v, want infra/service.yaml with the parameters", beside.Missing)
	}
	if len(beside.Notes) != 3 {
		t.Errorf("notes: %q, want one on the configuration, the hooks and the container each", beside.Notes)
	}
}

func running() Running {
	return Running{
		Cluster: "prod", Listener: "arn:listener", Free: 7,
		Service: ecstypes.Service{ServiceName: aws.String("shop"), DesiredCount: 3},
		Group:   elbtypes.TargetGroup{Port: aws.Int32(8080), VpcId: aws.String("vpc-1"), HealthCheckPath: aws.String("/")},
		Rule:    elbtypes.Rule{Priority: aws.String("8"), RuleArn: aws.String("arn:rule")},
		TaskDefinition: ecstypes.TaskDefinition{ContainerDefinitions: []ecstypes.ContainerDefinition{
			{Name: aws.String("web"), Image: aws.String("123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:1")},
		}},
	}
}

func TestNoDraft(t *testing.T) {
	t.Parallel()
	elsewhere := running()
	elsewhere.TaskDefinition.ContainerDefinitions[0].Image = aws.String("nginx:1")
	full := running()
	full.Free = 0
	for _, c := range []struct {
		name, says string
		r          Running
	}{
		{"an image elsewhere", "no image of shop is in a private repository of ECR (nginx:1)", elsewhere},
		{"no priority", "no priority is free before rule arn:rule", full},
	} {
		_, err := c.r.Draft("shop")
		if rollout.KindOf(err) != rollout.KindRefused || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want Refused that says %q", c.name, err, c.says)
		}
	}
}
