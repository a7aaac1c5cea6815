// Package scheduler emulates Amazon EventBridge Scheduler: one-time schedules and
// their groups, invoked at least once, with retries and dead-letter queues.
//
// AWS invokes within the minute of the schedule's time; here it is at the second
// that the expression names. Of a flexible window it is the beginning. Recurring
// schedules are refused by name.
package scheduler

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Deps are what the Scheduler reaches out to. Deliver is called on the loop, and
// done has to be called there, once.
type Deps struct {
	// Deliver hands a payload to a target.
	Deliver func(to Address, payload []byte, done func(err error))
	// DeadLetter sends what could not be delivered there to a queue.
	DeadLetter func(from Address, queueARN, body string, attributes map[string]string) error
}

// Address is where a schedule of a group calls, and the role that it calls as; all are ARNs.
type Address struct{ Group, Target, Role string }

// Service is EventBridge Scheduler in one account and Region.
type Service struct {
	loop      *loop.Loop
	account   string
	region    string
	deps      Deps                 `keep:"-"`
	schedules map[string]*schedule // by group and name
	groups    map[string]*group
	tokens    tokens
	// delivering is what targets have not answered yet, by id.
	delivering map[string]*invocation
}

// New gives a Scheduler without schedules.
func New(l *loop.Loop, account, region string, deps Deps) *Service {
	s := &Service{
		loop: l, account: account, region: region, deps: deps, schedules: map[string]*schedule{}, groups: map[string]*group{},
		delivering: map[string]*invocation{},
	}
	s.addGroup(defaultGroup)
	return s
}

// Pending are the schedules that are there, by group and name. It must be called on the loop.
func (s *Service) Pending() []string { return slices.Sorted(maps.Keys(s.schedules)) }

// Wire is the operations that are emulated.
func (s *Service) Wire() *wire.Service {
	return wire.NewService("scheduler",
		wire.Op("CreateSchedule", s.createSchedule),
		wire.Op("UpdateSchedule", s.updateSchedule),
		wire.Op("GetSchedule", s.getSchedule),
		wire.Op("ListSchedules", s.listSchedules),
		wire.Op("DeleteSchedule", s.deleteSchedule),
		wire.Op("CreateScheduleGroup", s.createScheduleGroup),
		wire.Op("GetScheduleGroup", s.getScheduleGroup),
		wire.Op("ListScheduleGroups", s.listScheduleGroups),
		wire.Op("DeleteScheduleGroup", s.deleteScheduleGroup),
	)
}

func invalid(format string, args ...any) error {
	return &types.ValidationException{Message: aws.String(fmt.Sprintf(format, args...))}
}

// notEmulated refuses, by name, what AWS would accept.
func notEmulated(what string) error { return invalid("%s is not emulated", what) }

func notFound(format string, args ...any) error {
	return &types.ResourceNotFoundException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func conflict(format string, args ...any) error {
	return &types.ConflictException{Message: aws.String(fmt.Sprintf(format, args...))}
}

// remembered is how long a client token counts. AWS does not document it; it is
// longer than any client repeats a request.
const remembered = time.Hour

// tokens are the client tokens of requests that were done, the oldest first.
type tokens []token

type token struct {
	value   string
	request string // what it was used for
	at      time.Time
}

// seen reports whether a request with this token was done before. The same token
// for another request is a conflict.
func (t *tokens) seen(value *string, request string, now time.Time) (bool, error) {
	for len(*t) > 0 && now.Sub((*t)[0].at) > remembered {
		*t = (*t)[1:]
	}
	for _, done := range *t {
		if value != nil && done.value == *value {
			if done.request != request {
				return false, conflict("The client token %s was used for a request with other parameters.", *value)
			}
			return true, nil
		}
	}
	return false, nil
}

func (t *tokens) add(value *string, request string, now time.Time) {
	if value != nil {
		*t = append(*t, token{value: *value, request: request, at: now})
	}
}
