package harness_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// partitions are AWS's, each with a Region of its own.
var partitions = []struct{ name, region, domain string }{
	{partition.China, "cn-north-1", ".execute-api.cn-north-1.amazonaws.com.cn/"},
	{partition.GovCloud, "us-gov-west-1", ".execute-api.us-gov-west-1.amazonaws.com/"},
	{partition.AWS, "eu-west-1", ".lambda-url.eu-west-1.on.aws/"},
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
