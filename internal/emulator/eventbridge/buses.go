package eventbridge

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

const defaultBus = "default"

type bus struct {
	name, description string
	created           time.Time
	rules             map[string]*rule
}

func (s *Service) addBus(name, description string) *bus {
	b := &bus{name: name, description: description, created: s.loop.Now(), rules: map[string]*rule{}}
	s.buses[name] = b
	return b
}

func (s *Service) arn(resource string) string {
	return "arn:aws:events:" + s.region + ":" + s.account + ":" + resource
}

func (s *Service) busARN(b *bus) string { return s.arn("event-bus/" + b.name) }

// busName is the name in a bus's name or ARN; none is the default bus.
func busName(nameOrARN *string) string {
	name := aws.ToString(nameOrARN)
	if name == "" {
		return defaultBus
	}
	if _, after, isARN := strings.Cut(name, ":event-bus/"); isARN {
		return after
	}
	return name
}

func (s *Service) findBus(nameOrARN *string) (*bus, error) {
	name := busName(nameOrARN)
	b, ok := s.buses[name]
	if !ok {
		return nil, notFound("Event bus %s does not exist.", name)
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
		Name: &b.name, Arn: aws.String(s.busARN(b)), Description: optional(b.description),
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
			Name: &b.name, Arn: aws.String(s.busARN(b)), Description: optional(b.description),
			CreationTime: &b.created, LastModifiedTime: &b.created,
		})
	}
	return out, nil
}

func (s *Service) deleteEventBus(_ *wire.Call, in *eventbridge.DeleteEventBusInput) (*eventbridge.DeleteEventBusOutput, error) {
	name := busName(in.Name)
	b, ok := s.buses[name]
	switch {
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
