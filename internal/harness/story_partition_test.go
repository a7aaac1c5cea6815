package harness_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/google/go-cmp/cmp"

	sluice "github.com/sluice-deploy/sluice"
	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/cloudformation"
	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// partitions are AWS's, each with two Regions of its own.
var partitions = []struct{ name, region, other, domain string }{
	{partition.China, "cn-north-1", "cn-northwest-1", ".execute-api.cn-north-1.amazonaws.com.cn/"},
	{partition.GovCloud, "us-gov-west-1", "us-gov-east-1", ".execute-api.us-gov-west-1.amazonaws.com/"},
	{partition.AWS, "eu-west-1", "eu-central-1", ".lambda-url.eu-west-1.on.aws/"},
}

// newPartitionBox is a box in a Region, whose production is asked for in Slack and by the
// URL. It fails the test if anything of another partition is said in an answer of AWS.
func newPartitionBox(t *testing.T, name, region string) *box {
	t.Helper()
	approvers := []string{deployers, partition.IAM(region, homeAccount, "role/Deployers")}
	b := newBoxIn(t, region, func(s *rollout.Spec) {
		s.Environments[0].Approval = asking(func(a *rollout.Approval) { a.Approvers = approvers })
		s.Environments[0].Operators = approvers
	})
	b.people()
	b.observe(func(c *wire.Call, in, out any, err error) {
		text, broken := json.Marshal([]any{c.Caller.ARN, in, out})
		if broken != nil || err != nil {
			return
		}
		for _, p := range partitions {
			if p.name != name && strings.Contains(string(text), "arn:"+p.name+":") {
				t.Errorf("%s of %s speaks of partition %s: %s", c.Operation, c.Service, p.name, text)
			}
		}
	})
	return b
}

// written gathers the canary's weights as they are written from now on, green's.
func (b *box) written() *[]int32 {
	var all []int32
	b.observe(func(_ *wire.Call, in, _ any, err error) {
		write, ok := in.(*elb.ModifyRuleInput)
		if !ok || err != nil || aws.ToString(write.RuleArn) != b.service.Rule {
			return
		}
		for _, group := range write.Actions[len(write.Actions)-1].ForwardConfig.TargetGroups {
			if aws.ToString(group.TargetGroupArn) == b.service.GreenGroup {
				all = append(all, aws.ToInt32(group.Weight))
			}
		}
	})
	return &all
}

// Sluice works in every partition: a good version that is approved in Slack or by the URL
// takes all traffic, and an alarm brings a bad one back.
func TestEveryPartition(t *testing.T) {
	t.Parallel()
	approve := map[string]func(b *box, name string){
		"Slack": func(b *box, name string) {
			if out := b.press(ada, name, "approve"); out.Failure != "" {
				b.t.Fatalf("Approve: %s", out.Failure)
			}
		},
		"URL": func(b *box, name string) { b.approve(b.session("Deployers", "ann"), b.question(name).ID) },
	}
	versions := map[string]struct {
		share   float64
		path    []string
		weights []int32
		outcome rollout.Outcome
		slot    rollout.Slot
		because string
	}{
		"good": {0, whole, []int32{10, 50, 100}, rollout.Succeeded, rollout.Green, ""},
		"bad":  {0.08, way(begin, []string{"Shift", "Bake"}, back), []int32{10, 0}, rollout.RolledBack, rollout.Blue, "alarm shop-green-5xx went red"},
	}
	for _, p := range partitions {
		for way, answer := range approve {
			for kind, version := range versions {
				t.Run(fmt.Sprintf("%s/%s/%s", p.region, way, kind), func(t *testing.T) {
					t.Parallel()
					b := newPartitionBox(t, p.name, p.region)
					if !strings.Contains(b.DecideURL, p.domain) || !strings.Contains(b.SlackURL, p.domain) {
						t.Errorf("people decide at %s and %s, want hosts with %s", b.DecideURL, b.SlackURL, p.domain)
					}
					weights := b.written()
					name := b.build(failing(version.share, 4*time.Second), 1)
					b.untilAsked(name)
					answer(b, name)
					b.untilEnded(name)
					b.wantPath(name, version.path...)
					b.wantOutcome(name, version.outcome)
					if version.because != "" {
						b.wantReason(name, version.outcome, version.because)
					}
					if diff := cmp.Diff(version.weights, *weights); diff != "" {
						t.Errorf("weights of green (-want +got):\n%s", diff)
					}
					b.wantAtRest(version.slot, name)
				})
			}
		}
	}
}

// Who may not use the URL is kept out where an HTTP API stands in for it, and nobody is
// believed whom Slack has not signed for.
func TestWhoIsKeptOutOfEveryPartition(t *testing.T) {
	t.Parallel()
	for _, p := range partitions {
		t.Run(p.region, func(t *testing.T) {
			t.Parallel()
			b := newPartitionBox(t, p.name, p.region)
			name := b.build(good, 1)
			b.untilAsked(name)
			body := fmt.Sprintf(`{"action":"approve","subject":%q}`, b.question(name).ID)
			for who, credentials := range map[string]aws.Credentials{
				"nobody": {}, "a role without the permission": b.roleThatMay("Idle", `"Action":"sts:GetCallerIdentity","Resource":"*"`),
			} {
				if got := b.ask(credentials, http.MethodPost, "/decisions", body); got.status != http.StatusForbidden {
					t.Errorf("%s was answered %d %s, want 403", who, got.status, got.body)
				}
			}
			req, err := http.NewRequestWithContext(b.ctx(), http.MethodPost, b.SlackURL, strings.NewReader("payload={}"))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := b.Web.Client(30 * time.Second).Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusUnauthorized {
				t.Errorf("what Slack has not signed was answered %d, want 401", resp.StatusCode)
			}
			b.wantStanding(name, rollout.Open)
		})
	}
}

// An environment of another account and Region of the partition is reached by
// infra/remote.yaml.
func TestElsewhereInEveryPartition(t *testing.T) {
	t.Parallel()
	for _, p := range partitions {
		t.Run(p.region, func(t *testing.T) {
			t.Parallel()
			env := abroad(p.other, partition.IAM(p.region, otherAccount, "role/"+remoteName))
			b := newBoxIn(t, p.region, func(s *rollout.Spec) { s.Environments = []rollout.Environment{env} })
			b.open(env)
			name := into("abroad", b.build(good, 1))
			b.untilEnded(name)
			b.wantPath(name, whole...)
			b.in("abroad").wantAtRest(rollout.Green, name)
			b.in("abroad").wantNothingFailed()
			bad := into("abroad", b.build(failing(0.08, 4*time.Second), 1))
			b.untilEnded(bad)
			b.wantPath(bad, way(begin, []string{"Shift", "Bake"}, back)...)
			b.wantReason(bad, rollout.RolledBack, "alarm shop-blue-5xx went red")
			b.in("abroad").wantAtRest(rollout.Green, bad)
		})
	}
}

// GitHub's role may ask Sluice how far a deployment is, in every partition, and where an
// HTTP API answers nothing else.
func TestGitHubInEveryPartition(t *testing.T) {
	t.Parallel()
	for _, p := range partitions {
		t.Run(p.region, func(t *testing.T) {
			t.Parallel()
			b := newPartitionBox(t, p.name, p.region)
			github := b.deployInfra("github", map[string]string{"App": "till", "Repository": "example/till", "Images": "shop"})
			if role, images := github.Outputs["Role"], github.Outputs["Images"]; partition.OfARN(role) != p.name || images != b.repository() {
				t.Errorf("outputs are role %s and images %s, want the partition %s and %s", role, images, p.name, b.repository())
			}
			role := b.IAM.Role(github.PhysicalIDs["Role"])
			if role == nil {
				t.Fatalf("there is no role %s", github.PhysicalIDs["Role"])
			}
			var credentials aws.Credentials
			b.Do(func() {
				_, given := b.STS.Give(role, "run-4711", time.Hour)
				credentials = aws.Credentials{AccessKeyID: *given.AccessKeyId, SecretAccessKey: *given.SecretAccessKey, SessionToken: *given.SessionToken}
			})
			if got := b.ask(credentials, http.MethodGet, "/deployments/till/4711", ""); got.status != http.StatusNotFound {
				t.Errorf("the role's question about a deployment was answered %d %s, want 404: there is none", got.status, got.body)
			}
			if got := b.ask(credentials, http.MethodPost, "/decisions", `{"action":"approve","subject":"x"}`); p.name != partition.AWS && got.status != http.StatusForbidden {
				t.Errorf("the role's decision was answered %d %s, want 403", got.status, got.body)
			}
		})
	}
}

// deployInfra makes a stack of a template of infra/ in the home Region.
func (b *box) deployInfra(name string, parameters map[string]string) *cloudformation.Stack {
	b.t.Helper()
	file := "infra/" + name + ".yaml"
	text, err := fs.ReadFile(sluice.Files, file)
	if err != nil {
		b.t.Fatal(err)
	}
	template, err := cloudformation.Load(file, text)
	if err != nil {
		b.t.Fatal(err)
	}
	stack, err := b.Deploy(template, emulator.Deployment{StackName: name, Parameters: parameters, Files: sluice.Files})
	if err != nil {
		b.t.Fatal(err)
	}
	return stack
}
