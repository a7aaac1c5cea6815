package elbv2

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// balancer is one load balancer.
type balancer struct {
	desc      types.LoadBalancer
	arn, id   string
	name      string
	tags      map[string]string
	listeners []*listener // by port
	// groups are the target groups its rules name, by ARN.
	groups map[string]*group
	// routed is what its nodes route by: the listeners as they were
	// PropagationTime ago.
	routed []Listener
	// minute is what flowed since the last full minute, by target group; under
	// "" what it answered itself.
	minute map[string]*tally
	// stale says that its nodes are about to be told what they route by, and deleted that it
	// is gone.
	stale   bool `keep:"-"`
	deleted bool
}

var nameForm = regexp.MustCompile(`^[A-Za-z0-9-]+$`)

// checkName applies the rule that names of load balancers and target groups
// share. AWS: ELBv2 API Reference, CreateLoadBalancer and CreateTargetGroup.
func checkName(kind, name string) error {
	switch {
	case len(name) > 32:
		return wire.Errorf("ValidationError", "%s name '%s' cannot be longer than '32' characters", kind, name)
	case !nameForm.MatchString(name):
		return wire.Errorf("ValidationError", "%s name '%s' can only contain characters that are alphanumeric characters and hyphens(-)", kind, name)
	case strings.HasPrefix(name, "-") || strings.HasSuffix(name, "-"):
		return wire.Errorf("ValidationError", "%s name '%s' cannot begin or end with '-'", kind, name)
	}
	return nil
}

func (s *Service) createLoadBalancer(_ *wire.Call, in *sdk.CreateLoadBalancerInput) (*sdk.CreateLoadBalancerOutput, error) {
	subnets, err := checkLoadBalancer(in)
	if err != nil {
		return nil, err
	}
	tags, err := withTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	name := aws.ToString(in.Name)
	desc := types.LoadBalancer{
		LoadBalancerName:  in.Name,
		Type:              types.LoadBalancerTypeEnumApplication,
		Scheme:            in.Scheme,
		IpAddressType:     in.IpAddressType,
		SecurityGroups:    slices.Clone(in.SecurityGroups),
		AvailabilityZones: s.zones(subnets),
	}
	orDefault(&desc.Scheme, types.LoadBalancerSchemeEnumInternetFacing)
	orDefault(&desc.IpAddressType, types.IpAddressTypeIpv4)
	for _, b := range s.balancers {
		if b.name != name {
			continue
		}
		if !b.sameSettings(desc) {
			return nil, wire.Errorf("DuplicateLoadBalancerName", "A load balancer with the same name '%s' exists, but with different settings", name)
		}
		return &sdk.CreateLoadBalancerOutput{LoadBalancers: []types.LoadBalancer{b.desc}}, nil
	}
	if len(s.balancers) >= s.deps.Quotas.LoadBalancers {
		return nil, wire.Errorf("TooManyLoadBalancers", "The maximum number of load balancers has been reached")
	}
	b := s.addBalancer(desc, tags)
	return &sdk.CreateLoadBalancerOutput{LoadBalancers: []types.LoadBalancer{b.desc}}, nil
}

// addBalancer takes a checked load balancer in and starts its provisioning.
func (s *Service) addBalancer(desc types.LoadBalancer, tags map[string]string) *balancer {
	b := &balancer{
		desc: desc, id: s.loop.ID(16), name: aws.ToString(desc.LoadBalancerName), tags: tags,
		groups: map[string]*group{}, minute: map[string]*tally{},
	}
	b.arn = s.arn("loadbalancer/app/" + b.name + "/" + b.id)
	b.desc.LoadBalancerArn = aws.String(b.arn)
	b.desc.DNSName = aws.String(s.dnsName(b))
	b.desc.CreatedTime = aws.Time(s.loop.Now().Truncate(10 * time.Millisecond))
	b.desc.State = &types.LoadBalancerState{Code: types.LoadBalancerStateEnumProvisioning}
	s.balancers[b.arn] = b
	s.loop.DueIn(s.deps.ProvisioningTime, provisioned{s, b})
	s.startMinutes()
	return b
}

// setSecurityGroups gives a load balancer other security groups, which keep nobody
// out here. AWS: Elastic Load Balancing API Reference, SetSecurityGroups.
func (s *Service) setSecurityGroups(_ *wire.Call, in *sdk.SetSecurityGroupsInput) (*sdk.SetSecurityGroupsOutput, error) {
	b, err := s.balancer(*in.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	if in.EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic != "" {
		return nil, wire.Errorf("InvalidConfigurationRequest", "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic is not of load balancers of type 'application'")
	}
	b.desc.SecurityGroups = slices.Clone(in.SecurityGroups)
	return &sdk.SetSecurityGroupsOutput{SecurityGroupIds: b.desc.SecurityGroups}, nil
}

// setSubnets has a load balancer stand in other subnets.
// AWS: Elastic Load Balancing API Reference, SetSubnets.
func (s *Service) setSubnets(_ *wire.Call, in *sdk.SetSubnetsInput) (*sdk.SetSubnetsOutput, error) {
	b, err := s.balancer(*in.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	subnets, err := checkLoadBalancer(&sdk.CreateLoadBalancerInput{Name: &b.name, Subnets: in.Subnets, SubnetMappings: in.SubnetMappings})
	if err != nil {
		return nil, err
	}
	b.desc.AvailabilityZones = s.zones(subnets)
	if in.IpAddressType != "" {
		b.desc.IpAddressType = in.IpAddressType
	}
	return &sdk.SetSubnetsOutput{AvailabilityZones: b.desc.AvailabilityZones, IpAddressType: b.desc.IpAddressType}, nil
}

func checkLoadBalancer(in *sdk.CreateLoadBalancerInput) ([]string, error) {
	name := aws.ToString(in.Name)
	if err := checkName("Load balancer", name); err != nil {
		return nil, err
	}
	if strings.HasPrefix(name, "internal-") {
		return nil, wire.Errorf("ValidationError", "Load balancer name '%s' cannot begin with 'internal-'", name)
	}
	if in.Type != "" && in.Type != types.LoadBalancerTypeEnumApplication {
		return nil, wire.Errorf("InvalidConfigurationRequest", "Load balancers of type '%s' are not emulated", in.Type)
	}
	if in.IpamPools != nil || in.CustomerOwnedIpv4Pool != nil {
		return nil, wire.Errorf("InvalidConfigurationRequest", "Address pools of load balancers are not emulated")
	}
	subnets := slices.Clone(in.Subnets)
	if len(subnets) > 0 && len(in.SubnetMappings) > 0 {
		return nil, wire.Errorf("ValidationError", "You must specify either subnets or subnet mappings, not both")
	}
	for _, mapping := range in.SubnetMappings {
		subnets = append(subnets, aws.ToString(mapping.SubnetId))
	}
	slices.Sort(subnets)
	if len(slices.Compact(subnets)) < 2 {
		return nil, wire.Errorf("ValidationError", "At least two subnets in two different Availability Zones must be specified")
	}
	return slices.Compact(subnets), nil
}

// zones puts each subnet into a zone of its own, in order.
func (s *Service) zones(subnets []string) []types.AvailabilityZone {
	zones := make([]types.AvailabilityZone, 0, len(subnets))
	for i, subnet := range subnets {
		zones = append(zones, types.AvailabilityZone{
			SubnetId: aws.String(subnet),
			ZoneName: aws.String(s.region + string(rune('a'+i%26))),
		})
	}
	return zones
}

func (s *Service) dnsName(b *balancer) string {
	number, err := strconv.ParseUint(b.id[:8], 16, 32)
	if err != nil {
		panic("elbv2: an id that is not hexadecimal: " + b.id)
	}
	host := b.name + "-" + strconv.FormatUint(number, 10) + "." + s.region + ".elb." + partition.Domain(s.region)
	if b.desc.Scheme == types.LoadBalancerSchemeEnumInternal {
		return "internal-" + host
	}
	return host
}

func (b *balancer) sameSettings(desc types.LoadBalancer) bool {
	return b.desc.Scheme == desc.Scheme && b.desc.IpAddressType == desc.IpAddressType &&
		slices.Equal(b.desc.SecurityGroups, desc.SecurityGroups) &&
		slices.EqualFunc(b.desc.AvailabilityZones, desc.AvailabilityZones, func(x, y types.AvailabilityZone) bool {
			return aws.ToString(x.SubnetId) == aws.ToString(y.SubnetId)
		})
}

func (s *Service) describeLoadBalancers(_ *wire.Call, in *sdk.DescribeLoadBalancersInput) (*sdk.DescribeLoadBalancersOutput, error) {
	if len(in.LoadBalancerArns) > 0 && len(in.Names) > 0 {
		return nil, wire.Errorf("ValidationError", "Load balancer names and load balancer ARNs cannot be specified at the same time")
	}
	found := inOrder(s.balancers)
	found, err := chosen(found, in.LoadBalancerArns, func(b *balancer) string { return b.arn }, notFound("LoadBalancerNotFound", "Load balancer"))
	if err != nil {
		return nil, err
	}
	found, err = chosen(found, in.Names, func(b *balancer) string { return b.name }, notFound("LoadBalancerNotFound", "Load balancer"))
	if err != nil {
		return nil, err
	}
	found, next, err := page(found, func(b *balancer) string { return b.arn }, in.Marker, in.PageSize)
	if err != nil {
		return nil, err
	}
	out := &sdk.DescribeLoadBalancersOutput{NextMarker: next}
	for _, b := range found {
		out.LoadBalancers = append(out.LoadBalancers, b.desc)
	}
	return out, nil
}

// chosen gives the items whose keys are asked for, all when none are.
func chosen[T any](items []T, keys []string, key func(T) string, missing func(string) error) ([]T, error) {
	if len(keys) == 0 {
		return items, nil
	}
	var found []T
	for _, wanted := range keys {
		at := slices.IndexFunc(items, func(item T) bool { return key(item) == wanted })
		if at < 0 {
			return nil, missing(wanted)
		}
		found = append(found, items[at])
	}
	return found, nil
}

// notFound makes the error for a resource that is not there.
func notFound(code, kind string) func(string) error {
	return func(key string) error { return wire.Errorf(code, "%ss '[%s]' not found", kind, key) }
}

func (s *Service) balancer(arn string) (*balancer, error) {
	if err := s.checkARN(arn, "loadbalancer", "load balancer"); err != nil {
		return nil, err
	}
	b, ok := s.balancers[arn]
	if !ok {
		return nil, wire.Errorf("LoadBalancerNotFound", "Load balancer '%s' not found", arn)
	}
	return b, nil
}

func (s *Service) deleteLoadBalancer(_ *wire.Call, in *sdk.DeleteLoadBalancerInput) (*sdk.DeleteLoadBalancerOutput, error) {
	arn := aws.ToString(in.LoadBalancerArn)
	if err := s.checkARN(arn, "loadbalancer", "load balancer"); err != nil {
		return nil, err
	}
	b, ok := s.balancers[arn]
	if !ok {
		return &sdk.DeleteLoadBalancerOutput{}, nil
	}
	for _, l := range slices.Clone(b.listeners) {
		s.removeListener(l)
	}
	delete(s.balancers, b.arn)
	b.deleted = true
	s.deps.Traffic.Remove(b.arn)
	return &sdk.DeleteLoadBalancerOutput{}, nil
}
