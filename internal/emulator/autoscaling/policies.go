package autoscaling

import (
	"cmp"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	aas "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"

	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// policy is a scaling policy of a target. It is kept and told, and does nothing by
// itself: the local cloud measures neither CPU nor memory, so it makes none of the
// alarms that AWS makes for one.
type policy struct {
	name, arn string
	createdAt time.Time
	tracking  *types.TargetTrackingScalingPolicyConfiguration
}

// putScalingPolicy makes a policy, or changes the one of that name.
// AWS: Application Auto Scaling API Reference, PutScalingPolicy.
func (s *Service) putScalingPolicy(_ *wire.Call, in *aas.PutScalingPolicyInput) (*aas.PutScalingPolicyOutput, error) {
	if err := onlyECS(in.ServiceNamespace, in.ScalableDimension); err != nil {
		return nil, err
	}
	id, name := aws.ToString(in.ResourceId), aws.ToString(in.PolicyName)
	t, ok := s.targets[id]
	if !ok {
		return nil, notFound(in.ServiceNamespace, id, in.ScalableDimension)
	}
	if in.PolicyType != types.PolicyTypeTargetTrackingScaling {
		return nil, validation("The local cloud emulates scaling policies of type TargetTrackingScaling, not " +
			cmp.Or(string(in.PolicyType), string(types.PolicyTypeStepScaling)) + ".")
	}
	if err := checkTracking(in.TargetTrackingScalingPolicyConfiguration); err != nil {
		return nil, err
	}
	metric := in.TargetTrackingScalingPolicyConfiguration.PredefinedMetricSpecification.PredefinedMetricType
	at := -1
	for i, p := range t.policies {
		switch {
		case p.name == name:
			at = i
		case p.tracking.PredefinedMetricSpecification.PredefinedMetricType == metric:
			return nil, validation("Only one TargetTrackingScaling policy for a given metric specification is allowed.")
		}
	}
	if at < 0 {
		_, arn, _ := strings.Cut(t.arn, ":scalable-target/")
		t.policies = append(t.policies, policy{name: name, createdAt: s.loop.Now(), arn: partition.ARN("autoscaling", s.region, s.account,
			"scalingPolicy:"+arn+":resource/ecs/"+id+":policyName/"+name)})
		at = len(t.policies) - 1
	}
	t.policies[at].tracking = in.TargetTrackingScalingPolicyConfiguration
	return &aas.PutScalingPolicyOutput{PolicyARN: aws.String(t.policies[at].arn)}, nil
}

func checkTracking(c *types.TargetTrackingScalingPolicyConfiguration) error {
	if c == nil || c.TargetValue == nil {
		return validation("TargetTrackingScalingPolicyConfiguration is required for a policy of type TargetTrackingScaling.")
	}
	if c.CustomizedMetricSpecification != nil || c.PredefinedMetricSpecification == nil {
		return validation("The local cloud emulates scaling policies with a PredefinedMetricSpecification only.")
	}
	label := aws.ToString(c.PredefinedMetricSpecification.ResourceLabel)
	switch metric := c.PredefinedMetricSpecification.PredefinedMetricType; metric {
	case types.MetricTypeECSServiceAverageCPUUtilization, types.MetricTypeECSServiceAverageMemoryUtilization:
		if label != "" {
			return validation("ResourceLabel is only for the metric ALBRequestCountPerTarget.")
		}
	case types.MetricTypeALBRequestCountPerTarget:
		parts := strings.Split(label, "/")
		if len(parts) != 6 || parts[0] != "app" || parts[3] != "targetgroup" {
			return validation("ResourceLabel '" + label + "' is not of the form app/load-balancer-name/id/targetgroup/target-group-name/id.")
		}
	default:
		return validation("The metric " + string(metric) + " is not one of ECS services.")
	}
	return nil
}

func (s *Service) deleteScalingPolicy(_ *wire.Call, in *aas.DeleteScalingPolicyInput) (*aas.DeleteScalingPolicyOutput, error) {
	if err := onlyECS(in.ServiceNamespace, in.ScalableDimension); err != nil {
		return nil, err
	}
	id, name := aws.ToString(in.ResourceId), aws.ToString(in.PolicyName)
	if t, ok := s.targets[id]; ok {
		if at := slices.IndexFunc(t.policies, func(p policy) bool { return p.name == name }); at >= 0 {
			t.policies = slices.Delete(t.policies, at, at+1)
			return &aas.DeleteScalingPolicyOutput{}, nil
		}
	}
	return nil, &types.ObjectNotFoundException{Message: aws.String("No scaling policy found for service namespace: " +
		string(in.ServiceNamespace) + ", resource ID: " + id + ", scalable dimension: " + string(in.ScalableDimension) + ", policy name: " + name)}
}

func (s *Service) describeScalingPolicies(_ *wire.Call, in *aas.DescribeScalingPoliciesInput) (*aas.DescribeScalingPoliciesOutput, error) {
	if in.ScalableDimension != "" && in.ResourceId == nil {
		return nil, validation("A resource ID must be specified if a scalable dimension is specified.")
	}
	if err := onlyECS(in.ServiceNamespace, cmp.Or(in.ScalableDimension, types.ScalableDimensionECSServiceDesiredCount)); err != nil {
		return nil, err
	}
	var found []types.ScalingPolicy
	for id, t := range s.targets {
		for _, p := range t.policies {
			if (in.ResourceId == nil || *in.ResourceId == id) && (len(in.PolicyNames) == 0 || slices.Contains(in.PolicyNames, p.name)) {
				found = append(found, p.describe(id))
			}
		}
	}
	slices.SortFunc(found, func(a, b types.ScalingPolicy) int {
		return cmp.Or(strings.Compare(*a.ResourceId, *b.ResourceId), strings.Compare(*a.PolicyName, *b.PolicyName))
	})
	page, next, err := pageOf(found, in.MaxResults, in.NextToken)
	return &aas.DescribeScalingPoliciesOutput{ScalingPolicies: page, NextToken: next}, err
}

func (p policy) describe(resourceID string) types.ScalingPolicy {
	return types.ScalingPolicy{
		PolicyARN: aws.String(p.arn), PolicyName: aws.String(p.name), PolicyType: types.PolicyTypeTargetTrackingScaling,
		ServiceNamespace: types.ServiceNamespaceEcs, ScalableDimension: types.ScalableDimensionECSServiceDesiredCount,
		ResourceId: aws.String(resourceID), CreationTime: aws.Time(p.createdAt), TargetTrackingScalingPolicyConfiguration: p.tracking,
	}
}

// maxPage is AWS's limit of scalable targets, and of scaling policies, in one answer.
const maxPage = 50

// pageOf is the part of what was found that one answer gives, and the token of the
// next.
func pageOf[T any](found []T, most *int32, token *string) ([]T, *string, error) {
	size := cmp.Or(aws.ToInt32(most), maxPage)
	if size < 1 || size > maxPage {
		return nil, nil, validation("MaxResults must be between 1 and 50.")
	}
	start, err := position(token, len(found))
	if err != nil {
		return nil, nil, err
	}
	end := min(start+int(size), len(found))
	if end == len(found) {
		return found[start:end], nil, nil
	}
	return found[start:end], aws.String(base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(end)))), nil
}

// position is where a page's token says that it begins.
func position(token *string, length int) (int, error) {
	if token == nil {
		return 0, nil
	}
	invalid := &types.InvalidNextTokenException{Message: aws.String("The next token supplied was invalid.")}
	text, err := base64.RawURLEncoding.DecodeString(*token)
	if err != nil {
		return 0, invalid
	}
	at, err := strconv.Atoi(string(text))
	if err != nil || at < 0 || at > length {
		return 0, invalid
	}
	return at, nil
}
