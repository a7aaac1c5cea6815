package eventbridge

import "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

// isBus tells whether a target is an event bus.
func isBus(t types.Target) bool {
	_, is := parseBusARN(*t.Arn)
	return is
}

// checkBusTarget refuses what a target that is a bus may not have.
// AWS: EventBridge API Reference, PutTargets: Input, InputPath and InputTransformer are
// not available if the target is an event bus of a different account.
func (s *Service) checkBusTarget(t types.Target) error {
	if t.Input == nil && t.InputPath == nil {
		return nil
	}
	ref, _ := parseBusARN(*t.Arn)
	if ref.account != s.account {
		return invalid("Input, InputPath and InputTransformer are not available for target %s: %s is an event bus of a different account.", *t.Id, *t.Arn)
	}
	return notEmulated("Input or InputPath of an event bus, target " + *t.Id + ",")
}

// locate finds the service that has a bus, and the bus; nil for what is not there.
func (s *Service) locate(ref busRef) (*Service, *bus) {
	owner := s
	if !s.isOwn(ref) {
		if s.deps.Peer == nil {
			return nil, nil
		}
		if owner = s.deps.Peer(ref.account, ref.region); owner == nil {
			return nil, nil
		}
	}
	return owner, owner.buses[ref.name]
}

// forward sends an event on to the bus that a rule has as its target. The event stays
// as it was: account, Region and id are those of where it came from. It goes no
// further than to one other bus; a rule there that would send it on to a third is
// passed over.
// AWS: EventBridge User Guide, Sending and receiving events between AWS accounts
// (events are not sent on to a third account, and not on to a third bus of the account).
func (s *Service) forward(d *delivery) error {
	ref, _ := parseBusARN(*d.target.Arn)
	owner, b := s.locate(ref)
	if b == nil && ref.account == s.account {
		return notFound("Event bus %s does not exist.", ref.name)
	}
	if s.deps.Forward != nil {
		context := entryContext(d.event.Source, d.event.DetailType)
		context["aws:SourceArn"], context["events:eventBusInvocation"] = []string{d.ruleARN}, []string{"true"}
		if err := s.deps.Forward(d.address(), context); err != nil {
			return err
		}
	}
	e := d.event
	e.Bus, e.Forwarded = b.name, true
	owner.accept(b, e)
	return nil
}
