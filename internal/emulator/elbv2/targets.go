package elbv2

import (
	"cmp"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// address is what tells a group's targets apart.
type address struct {
	id   string
	port int32
}

// target is one registered target.
type target struct {
	address
	zone  *string
	state types.TargetHealthStateEnum
	// reason and description say why; both are empty when it is healthy.
	reason      types.TargetHealthReasonEnum
	description string

	timer *loop.Timer // the next health check, or the end of draining
	// checking tells the answers of this run of health checks from those of
	// runs that have ended.
	checking       int
	passed, failed int // in a row
	healthySince   time.Time
	drained        []loop.Event // what happens when it has
}

var instanceForm = regexp.MustCompile(`^i-([0-9a-f]{8}|[0-9a-f]{17})$`)

// inOrder gives the targets by address.
func (g *group) inOrder() []*target {
	targets := make([]*target, 0, len(g.targets))
	for _, t := range g.targets {
		targets = append(targets, t)
	}
	slices.SortFunc(targets, func(x, y *target) int {
		return cmp.Or(cmp.Compare(x.id, y.id), cmp.Compare(x.port, y.port))
	})
	return targets
}

func (g *group) addressOf(d types.TargetDescription) address {
	return address{aws.ToString(d.Id), *orNumber(d.Port, *g.desc.Port)}
}

// checkTarget applies AWS's rules to a target's ID. There are no EC2 instances
// here, so none can be registered. AWS: ELBv2 API Reference, TargetDescription.
func (g *group) checkTarget(d types.TargetDescription) error {
	id := aws.ToString(d.Id)
	if g.desc.TargetType == types.TargetTypeEnumInstance {
		if !instanceForm.MatchString(id) {
			return wire.Errorf("ValidationError", "Instance ID '%s' is not valid", id)
		}
		return wire.Errorf("InvalidTarget", "The following targets are not in a running state and cannot be registered: '%s'", id)
	}
	ip, err := netip.ParseAddr(id)
	if err != nil || !ip.Is4() {
		return wire.Errorf("ValidationError", "The IP address '%s' is not a valid IPv4 address", id)
	}
	for _, block := range []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"} {
		if netip.MustParsePrefix(block).Contains(ip) {
			return nil
		}
	}
	return wire.Errorf("ValidationError", "The IP address '%s' is not within a private address range", id)
}

func (s *Service) registerTargets(_ *wire.Call, in *sdk.RegisterTargetsInput) (*sdk.RegisterTargetsOutput, error) {
	g, err := s.group(aws.ToString(in.TargetGroupArn))
	if err != nil {
		return nil, err
	}
	added := map[address]bool{}
	for _, d := range in.Targets {
		if err := g.checkTarget(d); err != nil {
			return nil, err
		}
		if _, there := g.targets[g.addressOf(d)]; !there {
			added[g.addressOf(d)] = true
		}
	}
	if len(g.targets)+len(added) > s.deps.Quotas.TargetsPerTargetGroup {
		return nil, wire.Errorf("TooManyTargets", "The maximum number of targets in target group '%s' has been reached", g.arn)
	}
	for _, d := range in.Targets {
		s.register(g, g.addressOf(d), d.AvailabilityZone)
	}
	return &sdk.RegisterTargetsOutput{}, nil
}

// register takes a target in; one that is draining starts anew, one that is
// there stays as it is.
func (s *Service) register(g *group, at address, zone *string) {
	t, there := g.targets[at]
	if there && t.state != types.TargetHealthStateEnumDraining {
		return
	}
	if !there {
		t = &target{address: at}
		g.targets[at] = t
	}
	t.zone = zone
	s.endDraining(t)
	s.startChecks(g, t)
}

func (s *Service) deregisterTargets(_ *wire.Call, in *sdk.DeregisterTargetsInput) (*sdk.DeregisterTargetsOutput, error) {
	g, err := s.group(aws.ToString(in.TargetGroupArn))
	if err != nil {
		return nil, err
	}
	for _, d := range in.Targets {
		if d.Port != nil {
			s.deregister(g, g.addressOf(d), nil)
			continue
		}
		for _, t := range g.inOrder() {
			if t.id == aws.ToString(d.Id) {
				s.deregister(g, t.address, nil)
			}
		}
	}
	return &sdk.DeregisterTargetsOutput{}, nil
}

// deregister drains a target for the group's delay and takes it out; one in a
// group without load balancer has nothing to drain. Then the event happens, if it is not
// nil.
func (s *Service) deregister(g *group, at address, then loop.Event) {
	t, there := g.targets[at]
	if !there {
		if then != nil {
			s.loop.Post(then.Happen)
		}
		return
	}
	if then != nil {
		t.drained = append(t.drained, then)
	}
	if t.state == types.TargetHealthStateEnumDraining {
		return
	}
	if g.balancer == nil {
		s.remove(g, t)
		return
	}
	s.stopChecks(t)
	s.setState(g, t, types.TargetHealthStateEnumDraining, types.TargetHealthReasonEnumDeregistrationInProgress)
	t.timer = s.loop.DueIn(g.seconds(deregistrationDelay), drained{s, g, t})
}

// remove takes a target out at once.
func (s *Service) remove(g *group, t *target) {
	s.stopChecks(t)
	delete(g.targets, t.address)
	s.setState(g, t, types.TargetHealthStateEnumUnused, types.TargetHealthReasonEnumNotRegistered)
	s.endDraining(t)
}

func (s *Service) endDraining(t *target) {
	for _, then := range t.drained {
		s.loop.Post(then.Happen)
	}
	t.drained = nil
}

func (s *Service) describeTargetHealth(_ *wire.Call, in *sdk.DescribeTargetHealthInput) (*sdk.DescribeTargetHealthOutput, error) {
	g, err := s.group(aws.ToString(in.TargetGroupArn))
	if err != nil {
		return nil, err
	}
	if len(in.Include) > 0 {
		return nil, wire.Errorf("InvalidConfigurationRequest", "Anomaly detection of targets is not emulated")
	}
	asked := g.inOrder()
	if len(in.Targets) > 0 {
		asked = nil
	}
	for _, d := range in.Targets {
		t, there := g.targets[g.addressOf(d)]
		if !there {
			t = &target{address: g.addressOf(d), state: types.TargetHealthStateEnumUnused, reason: types.TargetHealthReasonEnumNotRegistered}
			t.description = describe(t.reason)
		}
		asked = append(asked, t)
	}
	out := &sdk.DescribeTargetHealthOutput{}
	for _, t := range asked {
		out.TargetHealthDescriptions = append(out.TargetHealthDescriptions, g.health(t))
	}
	return out, nil
}

func (g *group) health(t *target) types.TargetHealthDescription {
	out := types.TargetHealthDescription{
		Target:       &types.TargetDescription{Id: aws.String(t.id), Port: aws.Int32(t.port), AvailabilityZone: t.zone},
		TargetHealth: &types.TargetHealth{State: t.state, Reason: t.reason},
	}
	if t.description != "" {
		out.TargetHealth.Description = aws.String(t.description)
	}
	if t.reason != types.TargetHealthReasonEnumNotRegistered {
		out.HealthCheckPort = aws.String(strconv.Itoa(int(g.checkPort(t))))
	}
	return out
}

// Register registers an address with a target group, as ECS does for its tasks.
func (s *Service) Register(groupARN, ip string, port int32) error {
	g, err := s.group(groupARN)
	if err != nil {
		return err
	}
	d := types.TargetDescription{Id: aws.String(ip), Port: aws.Int32(port)}
	if err := g.checkTarget(d); err != nil {
		return err
	}
	s.register(g, address{ip, port}, nil)
	return nil
}

// Deregister starts draining an address. When it has drained, or was not
// registered, the event happens on the loop.
func (s *Service) Deregister(groupARN, ip string, port int32, then loop.Event) {
	g, ok := s.groups[groupARN]
	if !ok {
		s.loop.Post(then.Happen)
		return
	}
	s.deregister(g, address{ip, port}, then)
}

// State gives a target's health as DescribeTargetHealth shows it, or "" for an
// address that is not registered.
func (s *Service) State(groupARN, ip string, port int32) string {
	if g, ok := s.groups[groupARN]; ok {
		if t, ok := g.targets[address{ip, port}]; ok {
			return string(t.state)
		}
	}
	return ""
}

// Watch has fn called on the loop whenever a target's state has changed, soon
// after it did. A target that is taken out becomes unused.
func (s *Service) Watch(fn func(groupARN, ip string, port int32, state string)) {
	s.watchers = append(s.watchers, fn)
}

// Exists reports whether there is such a target group.
func (s *Service) Exists(groupARN string) bool {
	_, ok := s.groups[groupARN]
	return ok
}

// Attached reports whether a load balancer's rule names the target group.
func (s *Service) Attached(groupARN string) bool {
	g, ok := s.groups[groupARN]
	return ok && g.balancer != nil
}
