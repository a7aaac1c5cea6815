package eventbridge

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

const defaultBus = "default"

type bus struct {
	name, description string
	created           time.Time
	rules             map[string]*rule
	policy            *busPolicy // nil if it has none
}

func (s *Service) addBus(name, description string) *bus {
	b := &bus{name: name, description: description, created: s.loop.Now(), rules: map[string]*rule{}}
	s.buses[name] = b
	return b
}

func (s *Service) arn(resource string) string {
	return partition.ARN("events", s.region, s.account, resource)
}

func (s *Service) busARN(b *bus) string { return s.arn("event-bus/" + b.name) }

// busRef is what a request says of a bus: its name, and whose it is.
type busRef struct{ account, region, name string }

// parseBus reads a bus's name or ARN; none is the default bus.
func (s *Service) parseBus(nameOrARN *string) busRef {
	name := aws.ToString(nameOrARN)
	if name == "" {
		name = defaultBus
	}
	if ref, isARN := parseBusARN(name); isARN {
		return ref
	}
	return busRef{s.account, s.region, name}
}

func parseBusARN(arn string) (busRef, bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[2] != "events" {
		return busRef{}, false
	}
	name, isBus := strings.CutPrefix(parts[5], "event-bus/")
	return busRef{account: parts[4], region: parts[3], name: name}, isBus
}

func (b busRef) arn() string {
	return partition.ARN("events", b.region, b.account, "event-bus/"+b.name)
}

func (s *Service) isOwn(b busRef) bool { return b.account == s.account && b.region == s.region }

// findBus finds a bus of this account and Region.
func (s *Service) findBus(nameOrARN *string) (*bus, error) {
	ref := s.parseBus(nameOrARN)
	if !s.isOwn(ref) {
		return nil, notEmulated("an operation but PutEvents on " + ref.arn() + ", a bus of another account or Region,")
	}
	b, ok := s.buses[ref.name]
	if !ok {
		return nil, notFound("Event bus %s does not exist.", ref.name)
	}
	return b, nil
}

func (s *Service) createEventBus(_ *wire.Call, in *eventbridge.CreateEventBusInput) (*eventbridge.CreateEventBusOutput, error) {
	switch {
	case in.EventSourceName != nil:
		return nil, notEmulated("EventSourceName")
	case in.DeadLetterConfig != nil:
		return nil, notEmulated("DeadLetterConfig of an event bus")
	case in.KmsKeyIdentifier != nil:
		return nil, notEmulated("KmsKeyIdentifier")
	case in.LogConfig != nil:
		return nil, notEmulated("LogConfig")
	case strings.Contains(*in.Name, "/"):
		return nil, invalid("Event bus name must not contain '/'.")
	}
	if _, exists := s.buses[*in.Name]; exists {
		return nil, wire.Errorf("ResourceAlreadyExistsException", "Event bus %s already exists.", *in.Name)
	}
	b := s.addBus(*in.Name, aws.ToString(in.Description))
	return &eventbridge.CreateEventBusOutput{EventBusArn: aws.String(s.busARN(b)), Description: in.Description}, nil
}

func (s *Service) describeEventBus(_ *wire.Call, in *eventbridge.DescribeEventBusInput) (*eventbridge.DescribeEventBusOutput, error) {
	b, err := s.findBus(in.Name)
	if err != nil {
		return nil, err
	}
	return &eventbridge.DescribeEventBusOutput{
		Name: &b.name, Arn: aws.String(s.busARN(b)), Description: optional(b.description), Policy: b.policy.text(),
		CreationTime: &b.created, LastModifiedTime: &b.created,
	}, nil
}

func (s *Service) listEventBuses(_ *wire.Call, in *eventbridge.ListEventBusesInput) (*eventbridge.ListEventBusesOutput, error) {
	names := withPrefix(slices.Sorted(maps.Keys(s.buses)), in.NamePrefix)
	names, next := page(names, in.NextToken, in.Limit)
	out := &eventbridge.ListEventBusesOutput{EventBuses: []types.EventBus{}, NextToken: next}
	for _, name := range names {
		b := s.buses[name]
		out.EventBuses = append(out.EventBuses, types.EventBus{
			Name: &b.name, Arn: aws.String(s.busARN(b)), Description: optional(b.description), Policy: b.policy.text(),
			CreationTime: &b.created, LastModifiedTime: &b.created,
		})
	}
	return out, nil
}

func (s *Service) deleteEventBus(_ *wire.Call, in *eventbridge.DeleteEventBusInput) (*eventbridge.DeleteEventBusOutput, error) {
	ref := s.parseBus(in.Name)
	name := ref.name
	b, ok := s.buses[name]
	switch {
	case !s.isOwn(ref):
		_, err := s.findBus(in.Name)
		return nil, err
	case name == defaultBus:
		return nil, invalid("Cannot delete event bus default.")
	case ok && len(b.rules) > 0:
		return nil, invalid("Event bus %s can't be deleted since it has rules.", name)
	}
	delete(s.buses, name)
	return &eventbridge.DeleteEventBusOutput{}, nil
}

func withPrefix(names []string, prefix *string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, aws.ToString(prefix)) })
}

// optional is a string member that is absent when empty.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
