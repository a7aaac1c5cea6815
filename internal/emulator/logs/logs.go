// Package logs emulates Amazon CloudWatch Logs: groups, streams, and events that are
// found by time, stream and filter pattern. A group keeps its newest events, so that a
// cloud that runs for long does not grow.
package logs

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// kept is how many events a group keeps, and keptStreams how many streams. AWS has no such
// limits.
const kept, keptStreams = 20_000, 2_000

// Service is CloudWatch Logs in one account and Region. Its methods run on the loop.
type Service struct {
	loop            *loop.Loop
	account, region string
	groups          map[string]*group
	events          int64 // ever
}

type group struct {
	name    string
	created time.Time
	days    *int32 // of retention; nil is for ever
	streams map[string]*stream
	order   []*stream // as they were created
	events  []event   // by time, then as they came
}

type stream struct {
	name                            string
	created                         time.Time
	firstEvent, lastEvent, lastTook *time.Time // nil while there is no event
}

type event struct {
	number   int64
	stream   *stream
	at, took time.Time
	message  string
}

// New gives CloudWatch Logs without groups.
func New(l *loop.Loop, account, region string) *Service {
	return &Service{loop: l, account: account, region: region, groups: map[string]*group{}}
}

// Wire is the operations that are emulated.
func (s *Service) Wire() *wire.Service {
	return wire.NewService("logs",
		wire.Op("CreateLogGroup", s.createLogGroup),
		wire.Op("CreateLogStream", s.createLogStream),
		wire.Op("DeleteLogGroup", s.deleteLogGroup),
		wire.Op("DeleteRetentionPolicy", s.deleteRetentionPolicy),
		wire.Op("DescribeLogGroups", s.describeLogGroups),
		wire.Op("DescribeLogStreams", s.describeLogStreams),
		wire.Op("FilterLogEvents", s.filterLogEvents),
		wire.Op("PutLogEvents", s.putLogEvents),
		wire.Op("PutRetentionPolicy", s.putRetentionPolicy),
	)
}

// Has reports whether there is a group.
func (s *Service) Has(group string) bool { return s.groups[group] != nil }

// Create makes a group, if there is none of that name.
func (s *Service) Create(name string) {
	if !s.Has(name) {
		s.groups[name] = &group{name: name, created: s.loop.Now(), streams: map[string]*stream{}}
	}
}

// Open makes a stream, unless it is there, for what a service of AWS writes itself. False
// if there is no such group. What is written to a group that was deleted since is lost.
func (s *Service) Open(groupName, streamName string) (write func(at time.Time, line string), ok bool) {
	g := s.groups[groupName]
	if g == nil {
		return nil, false
	}
	st := g.streams[streamName]
	if st == nil {
		st = g.add(streamName, s.loop.Now())
	}
	return func(at time.Time, line string) {
		if line != "" { // AWS takes no event without a message
			s.put(g, st, at, line)
		}
	}, true
}

func (g *group) add(name string, now time.Time) *stream {
	st := &stream{name: name, created: now}
	g.streams[name] = st
	g.order = append(g.order, st)
	if len(g.order) > keptStreams {
		delete(g.streams, g.order[0].name)
		g.order = g.order[1:]
	}
	return st
}

// put keeps an event at its place in time.
func (s *Service) put(g *group, st *stream, at time.Time, message string) {
	s.events++
	now := s.loop.Now()
	at = at.Truncate(time.Millisecond)
	i := len(g.events)
	for i > 0 && g.events[i-1].at.After(at) {
		i--
	}
	g.events = append(g.events, event{})
	copy(g.events[i+1:], g.events[i:])
	g.events[i] = event{number: s.events, stream: st, at: at, took: now, message: message}
	if len(g.events) > kept {
		g.events = append(make([]event, 0, kept), g.events[kept/10:]...)
	}
	if st.firstEvent == nil || at.Before(*st.firstEvent) {
		st.firstEvent = &at
	}
	if st.lastEvent == nil || at.After(*st.lastEvent) {
		st.lastEvent = &at
	}
	st.lastTook = &now
}

func (s *Service) arn(resource string) string {
	return partition.ARN("logs", s.region, s.account, resource)
}

// find is the group of a name or, where an operation takes one, of an identifier: a name
// or an ARN.
// AWS: CloudWatch Logs API Reference, FilterLogEvents: one of the two has to be given.
func (s *Service) find(name, identifier *string) (*group, error) {
	switch {
	case name != nil && identifier != nil:
		return nil, invalid("LogGroup name and LogGroup identifier are mutually exclusive.")
	case name == nil && identifier == nil:
		return nil, invalid("LogGroup name or LogGroup identifier must be specified.")
	case identifier != nil:
		short := strings.TrimSuffix(*identifier, ":*")
		short = strings.TrimPrefix(short, s.arn("log-group:"))
		name = &short
	}
	g := s.groups[*name]
	if g == nil {
		return nil, notFound("The specified log group does not exist.")
	}
	return g, nil
}

func invalid(message string) error {
	return &types.InvalidParameterException{Message: &message}
}

func notFound(message string) error {
	return &types.ResourceNotFoundException{Message: &message}
}

func exists(message string) error {
	return &types.ResourceAlreadyExistsException{Message: &message}
}

// unlike refuses a part of an operation that is not here.
func unlike(what string) error { return wire.Errorf("NotImplemented", "%s is not emulated", what) }

// millis is a time as this API has it.
func millis(t time.Time) *int64 { return aws.Int64(t.UnixMilli()) }

func millisOrNone(t *time.Time) *int64 {
	if t == nil {
		return nil
	}
	return millis(*t)
}

// page is the part of a sorted list from the token on, of at most limit, and the token of
// the next part.
func page(names []string, token *string, limit int) ([]string, *string, error) {
	if token != nil {
		from := 0
		for from < len(names) && names[from] != *token {
			from++
		}
		if from == len(names) {
			return nil, nil, invalid("The specified nextToken is invalid.")
		}
		names = names[from:]
	}
	if len(names) > limit {
		return names[:limit], &names[limit], nil
	}
	return names, nil, nil
}
