package simulate

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// mirror keeps what the table and AWS hold now, as each request leaves it. The sender is
// nil where it is no function.
func (r *Run) mirror(s *sent, in, out any) {
	switch in := in.(type) {
	case *dynamodb.UpdateItemInput:
		if out, ok := out.(*dynamodb.UpdateItemOutput); ok {
			r.wrote(s, out.Attributes)
		}
	case *dynamodb.PutItemInput:
		r.wrote(s, in.Item)
	case *dynamodb.TransactWriteItemsInput:
		for _, item := range in.TransactItems {
			if item.Put != nil {
				r.wrote(s, item.Put.Item)
			}
		}
	case *dynamodb.GetItemInput:
		if out, ok := out.(*dynamodb.GetItemOutput); ok && s != nil && aws.ToBool(in.ConsistentRead) {
			r.learnt(s, out.Item)
		}
	case *elb.ModifyRuleInput:
		if p := r.ruled(aws.ToString(in.RuleArn)); p != nil {
			r.readRule(p)
		}
	case *elb.DescribeRulesInput:
		if len(in.RuleArns) == 1 && s != nil {
			if p := r.ruled(in.RuleArns[0]); p != nil {
				p.read = r.Now()
			}
		}
	case *ecs.DescribeServicesInput:
		if out, ok := out.(*ecs.DescribeServicesOutput); ok && s != nil {
			r.sized(s, out)
		}
	case *elb.DescribeTargetHealthInput:
		if out, ok := out.(*elb.DescribeTargetHealthOutput); ok && s != nil {
			s.work.healthy[aws.ToString(in.TargetGroupArn)] = healthy(out.TargetHealthDescriptions)
		}
	case *cloudwatch.SetAlarmStateInput:
		r.trace.note(r.Now(), "alarm", "%s is %s", aws.ToString(in.AlarmName), in.StateValue)
	}
}

// keyOf is an item's key.
func keyOf(item map[string]dbtypes.AttributeValue) (pk, sk string) {
	text := func(name string) string {
		if v, ok := item[name].(*dbtypes.AttributeValueMemberS); ok {
			return v.Value
		}
		return ""
	}
	return text("pk"), text("sk")
}

// wrote keeps an item that was written, where it is one of those that promises are about.
func (r *Run) wrote(s *sent, item map[string]dbtypes.AttributeValue) {
	pk, sk := keyOf(item)
	switch {
	case strings.HasPrefix(pk, "app#") && strings.HasPrefix(sk, "environment#"):
		p := r.place(pk[len("app#"):], sk[len("environment#"):])
		var env store.Environment
		if p == nil || attributevalue.UnmarshalMap(item, &env) != nil {
			return
		}
		before := p.env
		p.env = env
		r.learnt(s, item)
		r.onEnvironment(p, before)
	case pk == "freezes":
		var freeze struct {
			Freeze rollout.Freeze `dynamodbav:"freeze"`
		}
		if attributevalue.UnmarshalMap(item, &freeze) == nil {
			r.frozen[freeze.Freeze.App] = frozen{freeze.Freeze, r.Now()}
		}
	case strings.HasPrefix(pk, "order#"):
		r.onOrder(item)
	case strings.HasPrefix(pk, "rollout#") && sk == "record":
		var record store.Record
		if attributevalue.UnmarshalMap(item, &record) != nil {
			return
		}
		before := r.records[record.Name]
		r.records[record.Name] = record
		if before.Outcome == "" && record.Outcome != "" {
			r.trace.note(r.Now(), "outcome", "%s: %s. %s", record.Name, record.Outcome, record.Reason)
		}
	}
}

// onOrder notes an order that was refused.
func (r *Run) onOrder(item map[string]dbtypes.AttributeValue) {
	var order struct {
		Verb, Result string
		Refused      bool
	}
	if attributevalue.UnmarshalMap(item, &order) == nil && order.Refused {
		r.trace.note(r.Now(), "act", "%s is refused: %s", order.Verb, order.Result)
		r.unseen = append(r.unseen, Act{Verb: order.Verb, Args: order.Result})
	}
}

// learnt notes that a function has seen its execution own the environment.
func (r *Run) learnt(s *sent, item map[string]dbtypes.AttributeValue) {
	pk, sk := keyOf(item)
	if s == nil || pk != "app#"+s.work.App || sk != "environment#"+s.work.Environment {
		return
	}
	if p := r.place(s.work.App, s.work.Environment); p != nil && p.env.Owner == s.work.Execution {
		s.work.proved, s.work.proofs = r.Now(), 0
	}
}

// sized notes how large the stable slot is, as a function was told.
func (r *Run) sized(s *sent, out *ecs.DescribeServicesOutput) {
	p := r.place(s.work.App, s.work.Environment)
	if p == nil {
		return
	}
	snap := p.env.SnapshotOf(s.work.Rollout)
	if snap == nil {
		return
	}
	for _, service := range out.Services {
		if aws.ToString(service.ServiceName) == snap.Of(snap.StableSlot()).Service {
			s.work.size = int(service.DesiredCount)
		}
	}
}

func healthy(all []elbtypes.TargetHealthDescription) int {
	n := 0
	for _, target := range all {
		if target.TargetHealth != nil && target.TargetHealth.State == elbtypes.TargetHealthStateEnumHealthy {
			n++
		}
	}
	return n
}

// ruled is the environment of a rule, or nil.
func (r *Run) ruled(rule string) *place {
	for _, p := range r.places {
		if p.service.Rule == rule {
			return p
		}
	}
	return nil
}

// readRule keeps what an environment's rule holds now.
func (r *Run) readRule(p *place) {
	var found elb.DescribeRulesOutput
	if err := r.call("elasticloadbalancingv2", "describeRules", map[string][]string{"RuleArns": {p.service.Rule}}, &found); err != nil {
		r.trace.note(r.Now(), "weights", "%s: %v", p.Place, err)
		return
	}
	var now rollout.Weights
	for _, rule := range found.Rules {
		for _, action := range rule.Actions {
			if action.ForwardConfig == nil {
				continue
			}
			for _, tuple := range action.ForwardConfig.TargetGroups {
				switch slot, _ := p.slotOf(aws.ToString(tuple.TargetGroupArn)); slot {
				case rollout.Blue:
					now.Blue = int(aws.ToInt32(tuple.Weight))
				case rollout.Green:
					now.Green = int(aws.ToInt32(tuple.Weight))
				}
			}
		}
	}
	if now != p.weights {
		r.trace.note(r.Now(), "weights", "%s: %s", p.Place, now)
		defer r.weighed(p)
	}
	p.weights = now
}

// healthyNow is how many healthy targets a group has.
func (r *Run) healthyNow(group string) int {
	var found elb.DescribeTargetHealthOutput
	if err := r.call("elasticloadbalancingv2", "describeTargetHealth", map[string]string{"TargetGroupArn": group}, &found); err != nil {
		return 0
	}
	return healthy(found.TargetHealthDescriptions)
}
