package adopt

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	aas "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Find reads a service and what is around it. NotFound where it is not there, Refused
// where it is nothing that Sluice could roll out: it has to be behind one target group
// of an Application Load Balancer.
func Find(ctx context.Context, c awsclient.Clients, cluster, service string) (Running, error) {
	r := Running{Cluster: cluster[strings.LastIndex(cluster, "/")+1:]}
	out, err := c.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: &cluster, Services: []string{service}})
	if awsclient.Is(err, "ClusterNotFoundException") {
		return r, rollout.Errorf(rollout.KindNotFound, "there is no cluster %q in %s; `aws ecs list-clusters` lists those that are", cluster, c.ECS.Options().Region)
	}
	if err != nil {
		return r, awsclient.Wrap(err, "read service %s of cluster %s", service, cluster)
	}
	if len(out.Services) == 0 || aws.ToString(out.Services[0].Status) != "ACTIVE" {
		return r, rollout.Errorf(rollout.KindNotFound, "cluster %q has no service %q; `aws ecs list-services --cluster %s` lists those that it has", cluster, service, cluster)
	}
	r.Service = out.Services[0]
	if n := len(r.Service.LoadBalancers); n != 1 || r.Service.LoadBalancers[0].TargetGroupArn == nil {
		return r, rollout.Errorf(rollout.KindRefused,
			"service %s has %d target groups, and Sluice moves traffic between two groups of an Application Load Balancer; it must have one", service, n)
	}
	for _, read := range []func(context.Context, awsclient.Clients) error{
		r.readTaskDefinition, r.readGroup, r.readRule, r.readGreen, r.readScaling, r.readAlarms,
	} {
		if err := read(ctx, c); err != nil {
			return r, err
		}
	}
	return r, nil
}

func (r *Running) readTaskDefinition(ctx context.Context, c awsclient.Clients) error {
	out, err := c.ECS.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: r.Service.TaskDefinition})
	if err != nil {
		return awsclient.Wrap(err, "read task definition %s", aws.ToString(r.Service.TaskDefinition))
	}
	r.TaskDefinition = *out.TaskDefinition
	return nil
}

func (r *Running) readGroup(ctx context.Context, c awsclient.Clients) error {
	group := aws.ToString(r.Service.LoadBalancers[0].TargetGroupArn)
	out, err := c.ELB.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{TargetGroupArns: []string{group}})
	if err != nil {
		return awsclient.Wrap(err, "read target group %s", group)
	}
	r.Group = out.TargetGroups[0]
	if len(r.Group.LoadBalancerArns) != 1 || !strings.Contains(r.Group.LoadBalancerArns[0], ":loadbalancer/app/") {
		return rollout.Errorf(rollout.KindRefused, "target group %s is behind no Application Load Balancer, and Sluice moves traffic by a rule of one", group)
	}
	attributes, err := c.ELB.DescribeTargetGroupAttributes(ctx, &elb.DescribeTargetGroupAttributesInput{TargetGroupArn: &group})
	if err != nil {
		return awsclient.Wrap(err, "read the attributes of target group %s", group)
	}
	r.Attributes = attributes.Attributes
	return nil
}

// forwarding is a rule that forwards to the group.
type forwarding struct {
	listener string
	rule     elbtypes.Rule
	free     int // a priority before it that is nobody's
}

// readRule finds the rule, of all listeners, that divides the group's traffic, or else the
// one that forwards to it.
func (r *Running) readRule(ctx context.Context, c awsclient.Clients) error {
	var all []forwarding
	listeners := elb.NewDescribeListenersPaginator(c.ELB, &elb.DescribeListenersInput{LoadBalancerArn: &r.Group.LoadBalancerArns[0]})
	for listeners.HasMorePages() {
		page, err := listeners.NextPage(ctx)
		if err != nil {
			return awsclient.Wrap(err, "list the listeners of %s", r.Group.LoadBalancerArns[0])
		}
		for _, l := range page.Listeners {
			found, err := r.searchListener(ctx, c, aws.ToString(l.ListenerArn))
			if err != nil {
				return err
			}
			all = append(all, found...)
		}
	}
	divides := slices.DeleteFunc(slices.Clone(all), func(f forwarding) bool { return len(groupsOf(f.rule)) < 2 || aws.ToBool(f.rule.IsDefault) })
	if len(divides) > 0 {
		all = divides // the others stay behind it
	}
	if len(all) != 1 {
		return rollout.Errorf(rollout.KindRefused,
			"%d listener rules forward to target group %s; Sluice has one rule divide the traffic, so let one do it", len(all), aws.ToString(r.Group.TargetGroupArn))
	}
	r.Listener, r.Rule, r.Free = all[0].listener, all[0].rule, all[0].free
	return nil
}

// searchListener gives the rules of a listener that forward to the group.
func (r *Running) searchListener(ctx context.Context, c awsclient.Clients, listener string) ([]forwarding, error) {
	var found []forwarding
	taken := map[int]bool{}
	rules := elb.NewDescribeRulesPaginator(c.ELB, &elb.DescribeRulesInput{ListenerArn: &listener})
	for rules.HasMorePages() {
		page, err := rules.NextPage(ctx)
		if err != nil {
			return nil, awsclient.Wrap(err, "list the rules of %s", listener)
		}
		for _, rule := range page.Rules {
			if n, err := strconv.Atoi(aws.ToString(rule.Priority)); err == nil {
				taken[n] = true
			}
			if slices.Contains(groupsOf(rule), aws.ToString(r.Group.TargetGroupArn)) {
				found = append(found, forwarding{listener: listener, rule: rule})
			}
		}
	}
	for i := range found {
		found[i].free = before(aws.ToString(found[i].rule.Priority), taken)
	}
	return found, nil
}

// before is a priority that comes before another and is nobody's, 0 if there is none
// (AWS: ELBv2 API Reference, CreateRule: 1 to 50000).
func before(priority string, taken map[int]bool) int {
	n, err := strconv.Atoi(priority)
	if err != nil { // the default rule comes last
		const last = 50000
		n = last + 1
	}
	for n--; n > 0; n-- {
		if !taken[n] {
			return n
		}
	}
	return 0
}

// groupsOf are the target groups that a rule forwards to.
func groupsOf(rule elbtypes.Rule) []string {
	var groups []string
	for _, action := range rule.Actions {
		if action.Type != elbtypes.ActionTypeEnumForward {
			continue
		}
		if action.ForwardConfig == nil {
			groups = append(groups, aws.ToString(action.TargetGroupArn))
			continue
		}
		for _, tuple := range action.ForwardConfig.TargetGroups {
			groups = append(groups, aws.ToString(tuple.TargetGroupArn))
		}
	}
	return groups
}

// readGreen finds the service behind the rule's other target group, where it has one.
func (r *Running) readGreen(ctx context.Context, c awsclient.Clients) error {
	groups := groupsOf(r.Rule)
	if len(groups) != 2 {
		return nil
	}
	pages := ecs.NewListServicesPaginator(c.ECS, &ecs.ListServicesInput{Cluster: &r.Cluster, MaxResults: aws.Int32(10)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return awsclient.Wrap(err, "list the services of cluster %s", r.Cluster)
		}
		if len(page.ServiceArns) == 0 {
			continue
		}
		out, err := c.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: &r.Cluster, Services: page.ServiceArns})
		if err != nil {
			return awsclient.Wrap(err, "read the services of cluster %s", r.Cluster)
		}
		for _, s := range out.Services {
			if aws.ToString(s.ServiceName) != aws.ToString(r.Service.ServiceName) && behind(s, groups) {
				r.Green = aws.ToString(s.ServiceName)
			}
		}
	}
	return nil
}

func behind(s ecstypes.Service, groups []string) bool {
	return slices.ContainsFunc(s.LoadBalancers, func(b ecstypes.LoadBalancer) bool { return slices.Contains(groups, aws.ToString(b.TargetGroupArn)) })
}

func (r *Running) readScaling(ctx context.Context, c awsclient.Clients) error {
	id := "service/" + r.Cluster + "/" + aws.ToString(r.Service.ServiceName)
	out, err := c.AutoScaling.DescribeScalableTargets(ctx, &aas.DescribeScalableTargetsInput{
		ServiceNamespace: aastypes.ServiceNamespaceEcs, ScalableDimension: aastypes.ScalableDimensionECSServiceDesiredCount, ResourceIds: []string{id},
	})
	if err != nil {
		return awsclient.Wrap(err, "read the scalable target of %s", id)
	}
	if len(out.ScalableTargets) == 0 {
		return nil
	}
	r.Scaling = &out.ScalableTargets[0]
	policies, err := c.AutoScaling.DescribeScalingPolicies(ctx, &aas.DescribeScalingPoliciesInput{ServiceNamespace: aastypes.ServiceNamespaceEcs, ResourceId: &id})
	if err != nil {
		return awsclient.Wrap(err, "read the scaling policies of %s", id)
	}
	r.Policies = policies.ScalingPolicies
	return nil
}

// readAlarms finds the alarms on metrics of the rule's groups.
func (r *Running) readAlarms(ctx context.Context, c awsclient.Clients) error {
	blue := fullName(aws.ToString(r.Group.TargetGroupArn))
	pages := cloudwatch.NewDescribeAlarmsPaginator(c.CloudWatch, &cloudwatch.DescribeAlarmsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return awsclient.Wrap(err, "list the alarms")
		}
		for _, a := range page.MetricAlarms {
			for _, group := range groupsOf(r.Rule) {
				switch name := fullName(group); {
				case !watches(a, name):
				case name == blue:
					r.Alarms = append(r.Alarms, a)
				default:
					r.GreenAlarms = append(r.GreenAlarms, aws.ToString(a.AlarmName))
				}
			}
		}
	}
	return nil
}

// fullName is a target group as metrics name it: targetgroup/NAME/ID.
func fullName(arn string) string { return arn[strings.LastIndex(arn, ":")+1:] }

// watches reports whether an alarm is on a metric of a target group.
func watches(a cwtypes.MetricAlarm, group string) bool {
	of := func(dimensions []cwtypes.Dimension) bool {
		return slices.ContainsFunc(dimensions, func(d cwtypes.Dimension) bool {
			return aws.ToString(d.Name) == groupDimension && aws.ToString(d.Value) == group
		})
	}
	return of(a.Dimensions) || slices.ContainsFunc(a.Metrics, func(m cwtypes.MetricDataQuery) bool {
		return m.MetricStat != nil && m.MetricStat.Metric != nil && of(m.MetricStat.Metric.Dimensions)
	})
}

// groupDimension is the dimension of a load balancer's metrics that names the group.
const groupDimension = "TargetGroup"
