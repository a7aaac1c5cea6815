// Package eventbridge emulates Amazon EventBridge: event buses, rules with event
// patterns, and the delivery of events to targets, at least once, with retries
// and dead-letter queues. Buses have policies, and rules may send events on to buses
// of other accounts and Regions.
package eventbridge

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Deps are what EventBridge reaches out to. Deliver is called on the loop, and
// done has to be called there, once.
type Deps struct {
	// Deliver hands a payload to a target. An error with a service's error code
	// decides whether it is tried again.
	Deliver func(to Address, payload []byte, done func(err error))
	// DeadLetter sends what a rule could not deliver to a queue.
	DeadLetter func(ruleARN, queueARN, body string, attributes map[string]string) error
	// Forward, if not nil, decides whether an event may be sent on to a bus. The context
	// is the condition keys that the event brings.
	Forward func(to Address, context map[string][]string) error
	// Peer is EventBridge in another account or Region. Without it there is no other.
	Peer func(account, region string) *Service
	// Fault, if not nil, says what befalls the delivery of an event to a target.
	Fault func(e Event, targetARN string) DeliveryFault
}

// Address is where a rule sends events: a target's ARN, and the ARN of the role that it is
// reached as, or "" if EventBridge comes itself.
type Address struct{ Rule, Target, Role string }

// DeliveryFault is what the promise of delivery at least once, in no order, and
// for some sources at best effort, allows to happen to an event.
type DeliveryFault struct {
	Lose   bool          // it never arrives
	Copies int           // it arrives that many times more
	Delay  time.Duration // it arrives that much later
}

// Service is EventBridge in one account and Region.
type Service struct {
	loop    *loop.Loop
	account string
	region  string
	deps    Deps `keep:"-"`
	buses   map[string]*bus
	recent  []Event
	// delivering is what targets have not answered yet, by number of those ever delivered.
	delivering map[int]*delivery
	delivered  int
}

// New gives EventBridge with its default bus.
func New(l *loop.Loop, account, region string, deps Deps) *Service {
	s := &Service{loop: l, account: account, region: region, deps: deps, buses: map[string]*bus{}, delivering: map[int]*delivery{}}
	s.addBus(defaultBus, "")
	return s
}

// Wire is the operations that are emulated.
func (s *Service) Wire() *wire.Service {
	return wire.NewService("events",
		wire.Op("CreateEventBus", s.createEventBus),
		wire.Op("DescribeEventBus", s.describeEventBus),
		wire.Op("ListEventBuses", s.listEventBuses),
		wire.Op("DeleteEventBus", s.deleteEventBus),
		wire.Op("PutRule", s.putRule),
		wire.Op("DescribeRule", s.describeRule),
		wire.Op("ListRules", s.listRules),
		wire.Op("EnableRule", s.enableRule),
		wire.Op("DisableRule", s.disableRule),
		wire.Op("DeleteRule", s.deleteRule),
		wire.Op("PutTargets", s.putTargets),
		wire.Op("ListTargetsByRule", s.listTargetsByRule),
		wire.Op("RemoveTargets", s.removeTargets),
		wire.Op("PutEvents", s.putEvents),
		wire.Op("PutPermission", s.putPermission),
		wire.Op("RemovePermission", s.removePermission),
		wire.Op("TestEventPattern", s.testEventPattern),
	)
}

func invalid(format string, args ...any) error {
	return wire.Errorf("ValidationException", format, args...)
}

// notEmulated refuses, by name, a member that AWS would accept.
func notEmulated(member string) error {
	return invalid("%s is not emulated", member)
}

func notFound(format string, args ...any) error {
	return wire.Errorf("ResourceNotFoundException", format, args...)
}

func tooMany() error {
	return wire.Errorf("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
}

// page is the part of names, which are sorted, from the token on, and the token
// of the next part.
func page(names []string, token *string, limit *int32) ([]string, *string) {
	for len(names) > 0 && names[0] < aws.ToString(token) {
		names = names[1:]
	}
	if limit != nil && len(names) > int(*limit) {
		return names[:*limit], aws.String(names[*limit])
	}
	return names, nil
}
