package harness_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codebuild/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// announce has CodeBuild finish a build that exports the image, "" for none.
func (b *box) announce(image string) {
	b.t.Helper()
	b.builds++
	build := types.Build{
		Id:          aws.String(fmt.Sprintf("shop-build:%08d-0000-4000-8000-000000000000", b.builds)),
		BuildStatus: types.StatusTypeSucceeded,
	}
	if image != "" {
		build.ExportedEnvironmentVariables = []types.ExportedEnvironmentVariable{{Name: aws.String("IMAGE"), Value: &image}}
	}
	b.Do(func() {
		err := b.CodeBuild.RecordBuild(build)
		if err == nil {
			err = b.CodeBuild.Announce(*build.Id)
		}
		if err != nil {
			b.t.Error(err)
		}
	})
}

// tell puts our own event on the bus.
func (b *box) tell(app, image string) {
	b.t.Helper()
	out, err := b.aws.EventBridge.PutEvents(b.ctx(), &eventbridge.PutEventsInput{Entries: []eventtypes.PutEventsRequestEntry{{
		Source: aws.String("sluice.build"), DetailType: aws.String("Sluice Build Succeeded"), Detail: aws.String(ownDetail(app, image)),
	}}})
	if err != nil || out.FailedEntryCount != 0 {
		b.t.Fatalf("put an event: %+v, %v", out, err)
	}
}

func ownDetail(app, image string) string {
	return fmt.Sprintf(`{"app":%q,"build":"ci-1","images":{"web":%q}}`, app, image)
}

// forward brings our own event as another account's bus forwards it here.
func (b *box) forward(account, image string) {
	b.t.Helper()
	event, err := json.Marshal(map[string]any{
		"version": "0", "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa", "source": "sluice.build",
		"detail-type": "Sluice Build Succeeded", "account": account, "region": "us-east-1",
		"time": b.Now().Format(time.RFC3339), "resources": []string{}, "detail": json.RawMessage(ownDetail("shop", image)),
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.Do(func() {
		if err := b.Lambda.InvokeAsync("sluice-build", event); err != nil {
			b.t.Error(err)
		}
	})
}

// deadLetters are the messages in Sluice's queue for them.
func (b *box) deadLetters() []sqstypes.Message {
	b.t.Helper()
	out, err := b.aws.SQS.ReceiveMessage(b.ctx(), &sqs.ReceiveMessageInput{
		QueueUrl: &b.Settings.DeadLetters, MaxNumberOfMessages: 10, MessageAttributeNames: []string{"All"},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return out.Messages
}

// An event that cannot be followed lies with the dead letters, says why, and moves
// nothing.
func TestEventsThatCannotBeFollowed(t *testing.T) {
	t.Parallel()
	const (
		foreign = "999999999999"
		cart    = "123456789012.dkr.ecr.us-east-1.amazonaws.com/cart"
	)
	for _, c := range []struct {
		name  string
		event func(b *box)
		kind  rollout.ErrorKind
		says  []string
	}{
		{
			"a build without an image", func(b *box) { b.announce("") },
			rollout.KindEventInvalid,
			[]string{`container "web"`, "export IMAGE_WEB", "imagedefinitions.json"},
		},
		{
			"a tag that ECR does not know", func(b *box) { b.announce(repository + ":gone") },
			rollout.KindEventInvalid,
			[]string{"ECR has no image " + repository + ":gone"},
		},
		{
			"a foreign repository", func(b *box) { b.announce(cart + ":v0") },
			rollout.KindEventInvalid,
			[]string{cart + ":v0", "the spec of shop names, " + repository},
		},
		{
			"an app that is not registered", func(b *box) { b.tell("cart", repository+":v0") },
			rollout.KindNotFound,
			[]string{`app "cart" is not registered`, "register its sluice.yaml"},
		},
		{
			"a foreign account", func(b *box) { b.forward(foreign, repository+":v0") },
			rollout.KindEventInvalid,
			[]string{foreign, `app "shop" takes builds of 123456789012 only`},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			c.event(b)
			b.RunFor(time.Hour) // whoever tries again has tried
			letters := b.deadLetters()
			if len(letters) != 1 {
				t.Fatalf("%d dead letters, want 1", len(letters))
			}
			kind, reason := letters[0].MessageAttributes["KIND"].StringValue, aws.ToString(letters[0].MessageAttributes["REASON"].StringValue)
			if aws.ToString(kind) != string(c.kind) {
				t.Errorf("the dead letter is of kind %s, want %s", aws.ToString(kind), c.kind)
			}
			for _, part := range c.says {
				if !strings.Contains(reason, part) {
					t.Errorf("the reason %q does not say %q", reason, part)
				}
			}
			if !json.Valid([]byte(aws.ToString(letters[0].Body))) {
				t.Errorf("the dead letter is not the event: %s", aws.ToString(letters[0].Body))
			}
			b.wantUntouched()
		})
	}
}

// wantUntouched checks that nothing was started and no traffic moved.
func (b *box) wantUntouched() {
	b.t.Helper()
	out, err := b.aws.SFN.ListExecutions(b.ctx(), &sfn.ListExecutionsInput{StateMachineArn: &b.Settings.Machine})
	if err != nil {
		b.t.Fatal(err)
	}
	if len(out.Executions) != 0 {
		b.t.Errorf("%d executions were started, want none", len(out.Executions))
	}
	if got, want := b.weights(), rollout.Toward(rollout.Blue, 100); got != want {
		b.t.Errorf("weights are %s, want %s", got, want)
	}
	b.wantNoTraffic(rollout.Green)
}

// replace gives the environment's rule other actions.
func (b *box) replace(actions []elbtypes.Action) {
	b.t.Helper()
	if _, err := b.aws.ELB.ModifyRule(b.ctx(), &elb.ModifyRuleInput{RuleArn: &b.service.Rule, Actions: actions}); err != nil {
		b.t.Fatal(err)
	}
}

// third adds a target group of somebody else to the rule.
func (b *box) third() {
	b.t.Helper()
	out, err := b.aws.ELB.CreateTargetGroup(b.ctx(), &elb.CreateTargetGroupInput{
		Name: aws.String("third"), Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(8080), VpcId: aws.String("vpc-0a1b2c3d"),
		TargetType: elbtypes.TargetTypeEnumIp,
	})
	if err != nil {
		b.t.Fatal(err)
	}
	actions := b.rule().Actions
	forward := actions[0].ForwardConfig
	forward.TargetGroups = append(forward.TargetGroups, elbtypes.TargetGroupTuple{
		TargetGroupArn: out.TargetGroups[0].TargetGroupArn, Weight: aws.Int32(0),
	})
	b.replace(actions)
}

// deleteRule takes the environment's rule away.
func (b *box) deleteRule() {
	b.t.Helper()
	if _, err := b.aws.ELB.DeleteRule(b.ctx(), &elb.DeleteRuleInput{RuleArn: &b.service.Rule}); err != nil {
		b.t.Fatal(err)
	}
}

// A spec that does not fit what is there refuses the rollout: its record says what
// is wrong and what to do, nothing is started and no traffic moves.
func TestSpecsThatDoNotFit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		spec func(*rollout.Spec)
		aws  func(b *box)
		says []string
	}{
		{
			name: "a slot's service is missing",
			spec: func(s *rollout.Spec) { s.Environments[0].Slots.Green = "shop-gruen" },
			says: []string{"green slot is missing", `cluster "shop-production" has no service "shop-gruen"`},
		},
		{
			name: "the cluster is missing",
			spec: func(s *rollout.Spec) { s.Environments[0].Cluster = "elsewhere" },
			says: []string{`cluster "elsewhere" does not exist`},
		},
		{
			name: "both slots have one target group",
			spec: func(s *rollout.Spec) { s.Environments[0].Slots.Green = "shop-blue" },
			says: []string{"both slots have the target group", "each needs its own"},
		},
		{
			name: "a third target group",
			aws:  (*box).third,
			says: []string{"forwards to 3 target groups", "exactly"},
		},
		{
			name: "the rule cannot be found",
			aws:  (*box).deleteRule,
			says: []string{"is in no listener rule", "forward to it"},
		},
		{
			name: "the rule that the spec names is gone",
			spec: func(s *rollout.Spec) {
				s.Environments[0].ListenerRule = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener-rule/app/shop-production/" +
					"50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee"
			},
			says: []string{"listener rule arn:", "9683b2d02a6cabee", "does not exist"},
		},
		{
			name: "an alarm is missing",
			spec: func(s *rollout.Spec) { s.Environments[0].Alarms = append(s.Environments[0].Alarms, "shop-saturation") },
			says: []string{"shop-saturation", "MISSING"},
		},
		{
			name: "a container that the tasks have not",
			spec: func(s *rollout.Spec) { s.Containers = map[string]string{"app": repository} },
			says: []string{`container "app"`, "it has web"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			if c.spec != nil {
				spec := shop()
				c.spec(&spec)
				if err := b.Steps.Register(b.ctx(), spec); err != nil {
					t.Fatal(err)
				}
			}
			if c.aws != nil {
				c.aws(b)
			}
			name := b.roll(good)
			b.wantOutcome(name, rollout.Refused)
			b.wantPath(name, way([]string{"Start", "Approve", "Lock", "Prepare"}, back)...)
			record := b.record(name)
			for _, part := range c.says {
				if !strings.Contains(record.Reason, part) {
					t.Errorf("the reason %q does not say %q", record.Reason, part)
				}
			}
			if !record.Told {
				t.Error("nobody was told")
			}
			if kind := b.lastError(name); kind != rollout.KindRefused {
				t.Errorf("the decisions say %q, want %s", kind, rollout.KindRefused)
			}
			if env := b.environment(); env.Owner != "" || env.Facts != nil {
				t.Errorf("the environment is not as it was: %+v", env)
			}
			b.wantNoTraffic(rollout.Green)
			b.wantNoDeadman(name)
		})
	}
}
