package elbv2

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// group is one target group.
type group struct {
	arn, name  string
	desc       types.TargetGroup // without what follows from rules
	healthy    codes
	attributes map[string]string
	tags       map[string]string
	// balancer is the load balancer whose rules name the group, or nil.
	balancer *balancer
	targets  map[address]*target
	// usable are the targets that may be sent requests.
	usable []Target
}

func (s *Service) createTargetGroup(_ *wire.Call, in *sdk.CreateTargetGroupInput) (*sdk.CreateTargetGroupOutput, error) {
	name := aws.ToString(in.Name)
	if err := checkTargetGroup(in); err != nil {
		return nil, err
	}
	desc := newTargetGroup(in)
	healthy, err := checkHealthCheck(&desc)
	if err != nil {
		return nil, err
	}
	tags, err := withTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	for _, g := range s.groups {
		if g.name != name {
			continue
		}
		desc.TargetGroupArn = g.desc.TargetGroupArn
		if !reflect.DeepEqual(g.desc, desc) {
			return nil, wire.Errorf("DuplicateTargetGroupName", "A target group with the same name '%s' exists, but with different settings", name)
		}
		return &sdk.CreateTargetGroupOutput{TargetGroups: []types.TargetGroup{g.describe()}}, nil
	}
	if len(s.groups) >= s.deps.Quotas.TargetGroups {
		return nil, wire.Errorf("TooManyTargetGroups", "The maximum number of target groups has been reached")
	}
	g := &group{
		arn: s.arn("targetgroup/" + name + "/" + s.loop.ID(16)), name: name, desc: desc, healthy: healthy,
		attributes: defaultAttributes(), tags: tags, targets: map[address]*target{},
	}
	g.desc.TargetGroupArn = aws.String(g.arn)
	s.groups[g.arn] = g
	return &sdk.CreateTargetGroupOutput{TargetGroups: []types.TargetGroup{g.describe()}}, nil
}

// newTargetGroup gives a group as asked for, with AWS's defaults.
// AWS: Application Load Balancers User Guide, health checks.
func newTargetGroup(in *sdk.CreateTargetGroupInput) types.TargetGroup {
	desc := types.TargetGroup{
		TargetGroupName:            in.Name,
		TargetType:                 in.TargetType,
		Protocol:                   in.Protocol,
		ProtocolVersion:            or(in.ProtocolVersion, "HTTP1"),
		Port:                       in.Port,
		VpcId:                      in.VpcId,
		IpAddressType:              in.IpAddressType,
		HealthCheckEnabled:         aws.Bool(in.HealthCheckEnabled == nil || *in.HealthCheckEnabled),
		HealthCheckProtocol:        in.HealthCheckProtocol,
		HealthCheckPort:            or(in.HealthCheckPort, "traffic-port"),
		HealthCheckPath:            or(in.HealthCheckPath, "/"),
		HealthCheckIntervalSeconds: orNumber(in.HealthCheckIntervalSeconds, 30),
		HealthCheckTimeoutSeconds:  orNumber(in.HealthCheckTimeoutSeconds, 5),
		HealthyThresholdCount:      orNumber(in.HealthyThresholdCount, 5),
		UnhealthyThresholdCount:    orNumber(in.UnhealthyThresholdCount, 2),
		Matcher:                    &types.Matcher{HttpCode: aws.String("200")},
	}
	orDefault(&desc.TargetType, types.TargetTypeEnumInstance)
	orDefault(&desc.IpAddressType, types.TargetGroupIpAddressTypeEnumIpv4)
	orDefault(&desc.HealthCheckProtocol, types.ProtocolEnumHttp)
	if in.Matcher != nil {
		desc.Matcher = in.Matcher
	}
	return desc
}

func orNumber(value *int32, otherwise int32) *int32 {
	if value == nil {
		return &otherwise
	}
	return value
}

func checkTargetGroup(in *sdk.CreateTargetGroupInput) error {
	refused := func(what string) error {
		return wire.Errorf("InvalidConfigurationRequest", "Target groups with %s are not emulated", what)
	}
	if err := checkName("Target group", aws.ToString(in.Name)); err != nil {
		return err
	}
	switch {
	case in.TargetType == types.TargetTypeEnumLambda || in.TargetType == types.TargetTypeEnumAlb:
		return refused("target type '" + string(in.TargetType) + "'")
	case in.Protocol == "":
		return wire.Errorf("ValidationError", "A protocol must be specified")
	case in.Protocol != types.ProtocolEnumHttp:
		return refused("protocol '" + string(in.Protocol) + "'")
	case in.ProtocolVersion != nil && *in.ProtocolVersion != "HTTP1":
		return refused("protocol version '" + *in.ProtocolVersion + "'")
	case in.IpAddressType == types.TargetGroupIpAddressTypeEnumIpv6:
		return refused("IP address type 'ipv6'")
	case in.TargetControlPort != nil:
		return refused("a target control port")
	case in.Port == nil:
		return wire.Errorf("ValidationError", "A port must be specified")
	case in.VpcId == nil:
		return wire.Errorf("ValidationError", "A VPC ID must be specified")
	}
	return nil
}

// checkHealthCheck applies AWS's rules to the health check and gives the codes
// that count as healthy. AWS: ELBv2 API Reference, CreateTargetGroup.
func checkHealthCheck(g *types.TargetGroup) (codes, error) {
	port, err := strconv.Atoi(*g.HealthCheckPort)
	switch {
	case !*g.HealthCheckEnabled:
		return nil, wire.Errorf("ValidationError", "Health check enabled must be true for target groups with target type '%s'", g.TargetType)
	case g.HealthCheckProtocol != types.ProtocolEnumHttp:
		return nil, wire.Errorf("InvalidConfigurationRequest", "Health checks with protocol '%s' are not emulated", g.HealthCheckProtocol)
	case *g.HealthCheckPort != "traffic-port" && (err != nil || port < 1 || port > 65535):
		return nil, wire.Errorf("ValidationError", "Health check port '%s' must be a number between 1 and 65535 or 'traffic-port'", *g.HealthCheckPort)
	case !strings.HasPrefix(*g.HealthCheckPath, "/"):
		return nil, wire.Errorf("ValidationError", "Health check path '%s' must begin with a '/' character", *g.HealthCheckPath)
	case *g.HealthCheckTimeoutSeconds >= *g.HealthCheckIntervalSeconds:
		return nil, wire.Errorf("ValidationError", "Health check timeout '%d' must be smaller than the interval '%d'", *g.HealthCheckTimeoutSeconds, *g.HealthCheckIntervalSeconds)
	case g.Matcher.GrpcCode != nil || g.Matcher.HttpCode == nil:
		return nil, wire.Errorf("ValidationError", "Health check matcher HTTP code must be specified")
	}
	return parseCodes(*g.Matcher.HttpCode)
}

// codes are ranges of HTTP status codes, both ends included.
type codes [][2]int

func (c codes) has(status int) bool {
	return slices.ContainsFunc(c, func(r [2]int) bool { return r[0] <= status && status <= r[1] })
}

// parseCodes reads a matcher, such as "200,202" or "200-299".
// AWS: ELBv2 API Reference, Matcher.
func parseCodes(matcher string) (codes, error) {
	var parsed codes
	for part := range strings.SplitSeq(matcher, ",") {
		from, to, isRange := strings.Cut(part, "-")
		if !isRange {
			to = from
		}
		low, errLow := strconv.Atoi(from)
		high, errHigh := strconv.Atoi(to)
		if errLow != nil || errHigh != nil || low > high || low < 200 || high > 499 {
			return nil, wire.Errorf("ValidationError", "Health check matcher HTTP code '%s' must be within '200-499'", matcher)
		}
		parsed = append(parsed, [2]int{low, high})
	}
	return parsed, nil
}

func (g *group) describe() types.TargetGroup {
	out := g.desc
	if g.balancer != nil {
		out.LoadBalancerArns = []string{g.balancer.arn}
	}
	return out
}

func (s *Service) describeTargetGroups(_ *wire.Call, in *sdk.DescribeTargetGroupsInput) (*sdk.DescribeTargetGroupsOutput, error) {
	found := inOrder(s.groups)
	asked := 0
	for _, given := range []bool{in.LoadBalancerArn != nil, len(in.Names) > 0, len(in.TargetGroupArns) > 0} {
		if given {
			asked++
		}
	}
	if asked > 1 {
		return nil, wire.Errorf("ValidationError", "Only one of load balancer ARN, target group names and target group ARNs can be specified")
	}
	if in.LoadBalancerArn != nil {
		b, err := s.balancer(*in.LoadBalancerArn)
		if err != nil {
			return nil, err
		}
		found = inOrder(b.groups)
	}
	missing := func(string) error { return errTargetGroupNotFound() }
	found, err := chosen(found, in.Names, func(g *group) string { return g.name }, missing)
	if err != nil {
		return nil, err
	}
	found, err = chosen(found, in.TargetGroupArns, func(g *group) string { return g.arn }, missing)
	if err != nil {
		return nil, err
	}
	found, next, err := page(found, func(g *group) string { return g.arn }, in.Marker, in.PageSize)
	if err != nil {
		return nil, err
	}
	out := &sdk.DescribeTargetGroupsOutput{NextMarker: next}
	for _, g := range found {
		out.TargetGroups = append(out.TargetGroups, g.describe())
	}
	return out, nil
}

func (s *Service) group(arn string) (*group, error) {
	if err := s.checkARN(arn, "targetgroup", "target group"); err != nil {
		return nil, err
	}
	g, ok := s.groups[arn]
	if !ok {
		return nil, errTargetGroupNotFound()
	}
	return g, nil
}

func errTargetGroupNotFound() error {
	return wire.Errorf("TargetGroupNotFound", "One or more target groups not found")
}

func (s *Service) modifyTargetGroup(_ *wire.Call, in *sdk.ModifyTargetGroupInput) (*sdk.ModifyTargetGroupOutput, error) {
	g, err := s.group(aws.ToString(in.TargetGroupArn))
	if err != nil {
		return nil, err
	}
	desc := g.desc
	desc.HealthCheckPort = or(in.HealthCheckPort, *desc.HealthCheckPort)
	desc.HealthCheckPath = or(in.HealthCheckPath, *desc.HealthCheckPath)
	desc.HealthCheckIntervalSeconds = orNumber(in.HealthCheckIntervalSeconds, *desc.HealthCheckIntervalSeconds)
	desc.HealthCheckTimeoutSeconds = orNumber(in.HealthCheckTimeoutSeconds, *desc.HealthCheckTimeoutSeconds)
	desc.HealthyThresholdCount = orNumber(in.HealthyThresholdCount, *desc.HealthyThresholdCount)
	desc.UnhealthyThresholdCount = orNumber(in.UnhealthyThresholdCount, *desc.UnhealthyThresholdCount)
	if in.HealthCheckProtocol != "" {
		desc.HealthCheckProtocol = in.HealthCheckProtocol
	}
	if in.HealthCheckEnabled != nil {
		desc.HealthCheckEnabled = in.HealthCheckEnabled
	}
	if in.Matcher != nil {
		desc.Matcher = in.Matcher
	}
	healthy, err := checkHealthCheck(&desc)
	if err != nil {
		return nil, err
	}
	g.desc, g.healthy = desc, healthy
	return &sdk.ModifyTargetGroupOutput{TargetGroups: []types.TargetGroup{g.describe()}}, nil
}

func (s *Service) deleteTargetGroup(_ *wire.Call, in *sdk.DeleteTargetGroupInput) (*sdk.DeleteTargetGroupOutput, error) {
	arn := aws.ToString(in.TargetGroupArn)
	if err := s.checkARN(arn, "targetgroup", "target group"); err != nil {
		return nil, err
	}
	g, ok := s.groups[arn]
	if !ok {
		return &sdk.DeleteTargetGroupOutput{}, nil
	}
	if g.balancer != nil {
		return nil, wire.Errorf("ResourceInUse", "Target group '%s' is currently in use by a listener or a rule", g.arn)
	}
	for _, t := range g.inOrder() {
		s.remove(g, t)
	}
	delete(s.groups, g.arn)
	return &sdk.DeleteTargetGroupOutput{}, nil
}
