// Package infra_test deploys the templates of this folder to the local cloud, and
// holds them and everything else that is not Go against the tools that know it.
package infra_test

import (
	"io/fs"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	aas "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/google/go-cmp/cmp"

	sluice "github.com/sluice-deploy/sluice"
	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/cloudformation"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
)

const (
	account = "123456789012"
	region  = "us-east-1"
	image   = account + ".dkr.ecr." + region + ".amazonaws.com/shop:v0"
	bus     = "arn:aws:events:us-east-1:123456789012:event-bus/default"
)

// parameters are a stack's.
type parameters = map[string]string

func newCloud(t *testing.T) *emulator.Cloud {
	t.Helper()
	l := loop.NewVirtual(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	t.Cleanup(l.Close)
	return emulator.New(l, emulator.Options{})
}

// deploy makes a stack of a file of the project.
func deploy(t *testing.T, c *emulator.Cloud, file, stack string, p parameters) (*cloudformation.Stack, error) {
	t.Helper()
	template, err := cloudformation.Load(file, read(t, file))
	if err != nil {
		t.Fatal(err)
	}
	return c.Deploy(template, emulator.Deployment{StackName: stack, Parameters: p, Files: sluice.Files})
}

func mustDeploy(t *testing.T, c *emulator.Cloud, file, stack string, p parameters) *cloudformation.Stack {
	t.Helper()
	s, err := deploy(t, c, file, stack, p)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// read gives a file of the project, which is embedded.
func read(t *testing.T, file string) []byte {
	t.Helper()
	text, err := fs.ReadFile(sluice.Files, file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// kinds are the resources that a stack has, by type.
func kinds(s *cloudformation.Stack) map[string]int {
	n := map[string]int{}
	for _, r := range s.Resources {
		n[r.Type]++
	}
	return n
}

// resource is one of a stack's.
func resource(t *testing.T, s *cloudformation.Stack, id string) cloudformation.Deployed {
	t.Helper()
	i := slices.IndexFunc(s.Resources, func(r cloudformation.Deployed) bool { return r.LogicalID == id })
	if i < 0 {
		t.Fatalf("stack %s has no resource %s", s.Name, id)
	}
	return s.Resources[i]
}

// TestServiceByItself makes the smallest stack: an image and nothing else.
func TestServiceByItself(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	s := mustDeploy(t, c, "infra/service.yaml", "shop", parameters{"Image": image})
	got := kinds(s)
	for kind, want := range map[string]int{
		"AWS::EC2::VPC": 1, "AWS::EC2::Subnet": 2, "AWS::EC2::NatGateway": 0, "AWS::ElasticLoadBalancingV2::LoadBalancer": 1,
		"AWS::ElasticLoadBalancingV2::Listener": 1, "AWS::ECS::Service": 2, "AWS::CloudWatch::Alarm": 4,
		"AWS::ApplicationAutoScaling::ScalingPolicy": 2,
	} {
		if got[kind] != want {
			t.Errorf("%d of %s, want %d", got[kind], kind, want)
		}
	}
	// One slot has the tasks that were asked for, the other none, and nothing raises it.
	services, err := ecs.NewFromConfig(c.Config("AKIAPERSON")).DescribeServices(t.Context(), &ecs.DescribeServicesInput{
		Cluster: aws.String(s.Outputs["Cluster"]), Services: []string{"shop-blue", "shop-green"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if blue, green := services.Services[0].DesiredCount, services.Services[1].DesiredCount; blue != 2 || green != 0 {
		t.Errorf("%d tasks wanted of blue and %d of green, want 2 and 0", blue, green)
	}
	targets, err := aas.NewFromConfig(c.Config("AKIAPERSON")).DescribeScalableTargets(t.Context(), &aas.DescribeScalableTargetsInput{
		ServiceNamespace: aastypes.ServiceNamespaceEcs, ResourceIds: []string{"service/shop-production/shop-green"},
		ScalableDimension: aastypes.ScalableDimensionECSServiceDesiredCount,
	})
	if err != nil {
		t.Fatal(err)
	}
	if green := targets.ScalableTargets[0]; *green.MinCapacity != 0 || !*green.SuspendedState.DynamicScalingOutSuspended {
		t.Errorf("green scales between %d and %d, suspended %+v; want from 0, suspended", *green.MinCapacity, *green.MaxCapacity, green.SuspendedState)
	}
	// In its own network a task has no other way out.
	network := resource(t, s, "BlueService").Properties["NetworkConfiguration"].(map[string]any)["AwsvpcConfiguration"].(map[string]any)
	if network["AssignPublicIp"] != "ENABLED" || len(network["Subnets"].([]any)) != 2 {
		t.Errorf("tasks stand in %v, want two subnets and a public address", network)
	}
}

// TestServiceWithACertificate serves HTTPS and sends HTTP there.
func TestServiceWithACertificate(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	s := mustDeploy(t, c, "infra/service.yaml", "shop", parameters{
		"Image": image, "Certificate": "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012",
		"RequestsPerTask": "600", "Architecture": "ARM64",
	})
	out, err := elb.NewFromConfig(c.Config("AKIAPERSON")).DescribeListeners(t.Context(), &elb.DescribeListenersInput{
		LoadBalancerArn: aws.String(s.Outputs["Balancer"]),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range out.Listeners {
		switch *l.Port {
		case 80:
			if r := l.DefaultActions[0].RedirectConfig; r == nil || *r.Protocol != "HTTPS" || *r.Port != "443" {
				t.Errorf("port 80 does %+v, want a redirect to HTTPS", l.DefaultActions[0])
			}
		case 443:
			if l.Protocol != elbtypes.ProtocolEnumHttps || !strings.Contains(*l.SslPolicy, "TLS13") || *l.ListenerArn != s.Outputs["Listener"] {
				t.Errorf("port 443 is %s with %s, the rule's listener is %s", l.Protocol, aws.ToString(l.SslPolicy), s.Outputs["Listener"])
			}
		default:
			t.Errorf("a listener on port %d", *l.Port)
		}
	}
	if n := len(out.Listeners); n != 2 {
		t.Errorf("%d listeners, want 2", n)
	}
	policies, err := aas.NewFromConfig(c.Config("AKIAPERSON")).DescribeScalingPolicies(t.Context(), &aas.DescribeScalingPoliciesInput{
		ServiceNamespace: aastypes.ServiceNamespaceEcs, PolicyNames: []string{"requests"},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, balancer, _ := strings.Cut(s.Outputs["Balancer"], ":loadbalancer/")
	var got []string
	for _, p := range policies.ScalingPolicies {
		got = append(got, *p.TargetTrackingScalingPolicyConfiguration.PredefinedMetricSpecification.ResourceLabel)
	}
	want := []string{balancer + "/" + afterLastColon(s.Outputs["BlueGroup"]), balancer + "/" + afterLastColon(s.Outputs["GreenGroup"])}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what requests are counted of (-want +got):\n%s", diff)
	}
}

func afterLastColon(arn string) string { return arn[strings.LastIndexByte(arn, ':')+1:] }

// TestServiceInAListener puts the rule into a listener that is there. What the
// alarms call the load balancer follows from it.
func TestServiceInAListener(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	first := mustDeploy(t, c, "infra/service.yaml", "shop", parameters{"Image": image})
	second := mustDeploy(t, c, "infra/service.yaml", "cart", parameters{
		"App": "cart", "Image": image, "Vpc": first.PhysicalIDs["Network"], "Priority": "20", "HostHeader": "cart.example.com",
		"Subnets": first.PhysicalIDs["FirstSubnet"] + "," + first.PhysicalIDs["SecondSubnet"], "TaskSubnets": "subnet-0a1b2c3d",
		"Listener": first.Outputs["Listener"], "BalancerSecurityGroup": first.PhysicalIDs["BalancerSecurity"],
	})
	if n := kinds(second)["AWS::ElasticLoadBalancingV2::LoadBalancer"] + kinds(second)["AWS::EC2::VPC"]; n != 0 {
		t.Errorf("the second stack made %d load balancers and networks, want none", n)
	}
	if second.Outputs["Listener"] != first.Outputs["Listener"] {
		t.Errorf("the rule is in %s, want %s", second.Outputs["Listener"], first.Outputs["Listener"])
	}
	network := resource(t, second, "GreenService").Properties["NetworkConfiguration"].(map[string]any)["AwsvpcConfiguration"].(map[string]any)
	if network["AssignPublicIp"] != "DISABLED" || len(network["Subnets"].([]any)) != 1 {
		t.Errorf("tasks stand in %v, want the private subnet and no public address", network)
	}
	alarms, err := cloudwatch.NewFromConfig(c.Config("AKIAPERSON")).DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: aws.String("cart-")})
	if err != nil {
		t.Fatal(err)
	}
	_, want, _ := strings.Cut(first.Outputs["Balancer"], ":loadbalancer/")
	seen := 0
	for _, alarm := range alarms.MetricAlarms {
		metrics := [][]string{}
		if alarm.MetricName != nil {
			metrics = append(metrics, []string{*alarm.Dimensions[0].Value})
		}
		for _, m := range alarm.Metrics {
			if m.MetricStat != nil {
				metrics = append(metrics, []string{*m.MetricStat.Metric.Dimensions[0].Value})
			}
		}
		for _, m := range metrics {
			seen++
			if m[0] != want {
				t.Errorf("alarm %s watches load balancer %s, want %s", *alarm.AlarmName, m[0], want)
			}
		}
	}
	if seen != 8 {
		t.Errorf("%d metrics are watched, want 8", seen)
	}
}

// TestTasksPullFromTheImagesRepository reads the repository off the image.
func TestTasksPullFromTheImagesRepository(t *testing.T) {
	t.Parallel()
	const digest = "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	for image, want := range map[string]string{
		"123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:v0":               "arn:aws:ecr:us-east-1:123456789012:repository/shop",
		"210987654321.dkr.ecr.eu-west-1.amazonaws.com/team/shop" + digest:    "arn:aws:ecr:eu-west-1:210987654321:repository/team/shop",
		"123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/team/shop:3f2c1e0": "arn:aws:ecr:cn-north-1:123456789012:repository/team/shop",
	} {
		t.Run(image, func(t *testing.T) {
			t.Parallel()
			s := mustDeploy(t, newCloud(t), "infra/service.yaml", "shop", parameters{"Image": image})
			document := resource(t, s, "ExecutionRole").Properties["Policies"].([]any)[0].(map[string]any)["PolicyDocument"].(map[string]any)
			pull := document["Statement"].([]any)[1].(map[string]any)
			if pull["Resource"] != want {
				t.Errorf("tasks may pull from %v, want %s", pull["Resource"], want)
			}
		})
	}
}

// TestParametersThatCannotWork are refused before anything is made, with a sentence
// that names the parameter.
func TestParametersThatCannotWork(t *testing.T) {
	t.Parallel()
	const (
		listener = "arn:aws:elasticloadbalancing:eu-west-1:210987654321:listener/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2"
		rule     = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener-rule/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee"
		subnets  = "subnet-0a1b2c3d,subnet-1a1b2c3d"
		cert     = "arn:aws:acm:us-east-1:123456789012:certificate/1"
	)
	service := func(p parameters) parameters {
		p["Image"] = image
		return p
	}
	for name, c := range map[string]struct {
		file string
		p    parameters
		says string
	}{
		"an image of Docker Hub":           {"service", parameters{"Image": "nginx:1"}, "Image is one of a private ECR repository"},
		"an image without tag or digest":   {"service", parameters{"Image": strings.TrimSuffix(image, ":v0")}, "Image is one of a private ECR repository"},
		"an app in capitals":               {"service", service(parameters{"App": "Shop"}), "App is a lower-case letter"},
		"a VPC without subnets":            {"service", service(parameters{"Vpc": "vpc-0a1b2c3d"}), "Vpc is given and Subnets is not"},
		"subnets without a VPC":            {"service", service(parameters{"Subnets": subnets}), "Subnets or TaskSubnets is given and Vpc is not"},
		"one subnet":                       {"service", service(parameters{"Vpc": "vpc-0a1b2c3d", "Subnets": "subnet-0a1b2c3d"}), "two or more subnet IDs"},
		"a listener without a VPC":         {"service", service(parameters{"Listener": listener, "BalancerSecurityGroup": "sg-0a1b2c3d"}), "Listener is given and Vpc is not"},
		"a listener without its group":     {"service", service(parameters{"Listener": listener, "Vpc": "vpc-0a1b2c3d", "Subnets": subnets}), "Without it the tasks would not let the load balancer in"},
		"a group without a listener":       {"service", service(parameters{"BalancerSecurityGroup": "sg-0a1b2c3d"}), "BalancerSecurityGroup is given and Listener is not"},
		"a listener and a certificate":     {"service", service(parameters{"Listener": listener, "Vpc": "vpc-0a1b2c3d", "Subnets": subnets, "BalancerSecurityGroup": "sg-0a1b2c3d", "Certificate": cert}), "Certificate is given together with Listener"},
		"a listener and a scheme":          {"service", service(parameters{"Listener": listener, "Vpc": "vpc-0a1b2c3d", "Subnets": subnets, "BalancerSecurityGroup": "sg-0a1b2c3d", "Scheme": "internal"}), "Scheme is given together with Listener"},
		"a rule as the listener":           {"service", service(parameters{"Listener": rule}), "Listener is the ARN of a listener"},
		"a listener that is not there":     {"service", service(parameters{"Listener": listener, "Vpc": "vpc-0a1b2c3d", "Subnets": subnets, "BalancerSecurityGroup": "sg-0a1b2c3d"}), "ListenerNotFound"},
		"another account's listener":       {"service", service(parameters{"Listener": strings.Replace(listener, "210987654321", "123456789012", 1), "Vpc": "vpc-0a1b2c3d", "Subnets": subnets, "BalancerSecurityGroup": "sg-0a1b2c3d"}), "not authorized to perform: elasticloadbalancing:CreateRule"},
		"more tasks than the most":         {"service", service(parameters{"Tasks": "9"}), "Maximum capacity cannot be less than minimum capacity"},
		"an architecture that is none":     {"service", service(parameters{"Architecture": "MIPS"}), "must be one of AllowedValues"},
		"remote: no such service stack":    {"remote", parameters{"Service": "cart", "Bus": bus}, "No export named cart-"},
		"remote: a bus of its own":         {"remote", parameters{"Service": "shop", "Bus": strings.Replace(bus, "default", "mine", 1)}, "Sluice listens to no other"},
		"remote: a role that is not ours":  {"remote", parameters{"Service": "shop", "Bus": bus, "RoleName": "deployer"}, "RoleName begins with sluice-remote"},
		"remote: a stack's name too long":  {"remote", parameters{"Service": "shop", "Bus": bus, "SluiceStack": strings.Repeat("s", 25)}, "at most 24 characters"},
		"remote: a repository by its host": {"remote", parameters{"Service": "shop", "Bus": bus, "Repository": image}, "Repository is the name of an ECR repository"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := newCloud(t).In("210987654321", "eu-west-1")
			if c.file == "remote" {
				mustDeploy(t, cloud, "infra/service.yaml", "shop", parameters{"Image": image})
			}
			_, err := deploy(t, cloud, "infra/"+c.file+".yaml", "stack", c.p)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("deployed with %v: %v, want an error that says %q", c.p, err, c.says)
			}
		})
	}
}

// TestRemoteInTheSameAccount makes no role: Sluice's functions reach another Region
// of their own account with their own.
func TestRemoteInTheSameAccount(t *testing.T) {
	t.Parallel()
	c := newCloud(t).In(account, "eu-west-1")
	mustDeploy(t, c, "infra/service.yaml", "shop", parameters{"Image": image})
	s := mustDeploy(t, c, "infra/remote.yaml", "remote", parameters{"Service": "shop", "Bus": bus, "Repository": "team/shop"})
	if n := kinds(s)["AWS::IAM::Role"]; n != 1 || s.Outputs["Role"] != "" {
		t.Errorf("%d roles and the output %q, want only the one that sends events", n, s.Outputs["Role"])
	}
	if n := kinds(s)["AWS::Events::Rule"]; n != 3 {
		t.Errorf("%d rules, want 3 with a repository", n)
	}
}

// decoded is a policy as it was written: IAM gives it in URL encoding.
func decoded(t *testing.T, document string) string {
	t.Helper()
	plain, err := url.QueryUnescape(document)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

// TestPipelineAndGitHubParameters makes the stacks that can work, whose grants are
// accounted for, and has the others refused before anything is made.
func TestPipelineAndGitHubParameters(t *testing.T) {
	t.Parallel()
	const connection = "arn:aws:codeconnections:us-east-1:123456789012:connection/01234567-89ab-cdef-0123-456789abcdef"
	for name, c := range map[string]struct {
		file string
		p    parameters
		says string // "" is good
	}{
		"GitHub":                    {"pipeline", parameters{"Repository": "example/shop", "Connection": connection}, ""},
		"an older connection":       {"pipeline", parameters{"Repository": "example/shop", "Connection": strings.Replace(connection, "codeconnections", "codestar-connections", 1)}, ""},
		"CodeCommit":                {"pipeline", parameters{"Repository": "shop", "Deploy": "event"}, ""},
		"packages":                  {"pipeline", parameters{"Repository": "shop", "Domain": "example", "Packages": "npm"}, ""},
		"a domain alone":            {"pipeline", parameters{"Repository": "shop", "Domain": "example"}, "Domain is given and Packages is not"},
		"packages alone":            {"pipeline", parameters{"Repository": "shop", "Packages": "npm"}, "Packages is given and Domain is not"},
		"a connection by its name":  {"pipeline", parameters{"Repository": "shop", "Connection": "github"}, "Connection is the ARN of a connection"},
		"a branch with a wildcard":  {"pipeline", parameters{"Repository": "shop", "Branch": "release/*"}, "Branch is one branch"},
		"no repository":             {"pipeline", parameters{}, "[Repository] must have values"},
		"both ways":                 {"pipeline", parameters{"Repository": "shop", "Deploy": "both"}, "must be one of AllowedValues"},
		"a workflow":                {"github", parameters{"Repository": "example/shop"}, ""},
		"an environment":            {"github", parameters{"Repository": "example/shop", "Environment": "production", "Images": "team/shop"}, ""},
		"every repository":          {"github", parameters{"Repository": "example/*"}, "without wildcards"},
		"an owner":                  {"github", parameters{"Repository": "example"}, "Repository is owner/name"},
		"a provider of others":      {"github", parameters{"Repository": "example/shop", "Provider": "arn:aws:iam::123456789012:oidc-provider/example.com"}, "OIDC provider of GitHub Actions"},
		"a repository with a colon": {"github", parameters{"Repository": "example/shop:ref:refs/heads/x"}, "Repository is owner/name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &workshop{t: t, cloud: newCloud(t)}
			if c.says == "" {
				w.account()
				w.install("infra/"+c.file+".yaml", c.p)
				return
			}
			if _, err := deploy(t, w.cloud, "infra/"+c.file+".yaml", "stack", c.p); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("with %v: %v, want %q", c.p, err, c.says)
			}
		})
	}
}
