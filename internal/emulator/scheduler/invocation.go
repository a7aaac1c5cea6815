package scheduler

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"
	"github.com/aws/smithy-go"

	"github.com/sluice-deploy/sluice/internal/emulator/keep"
)

// maxBackoff is the longest wait between two attempts. AWS documents 185 attempts
// in 24 hours with exponential backoff and not its figures; with this one the
// attempts fill the day.
const maxBackoff = 480 * time.Second

// invocation is one call of a schedule's target, with its retries.
type invocation struct {
	schedule *schedule
	target   *types.Target
	due      time.Time
	id       string
	payload  string
	retries  int32
	remove   bool
}

// attempt is the next attempt at an invocation, tooOld its end, and fired the time of a
// schedule.
type (
	attempt struct {
		service    *Service
		invocation *invocation
	}
	tooOld struct {
		attempt

		failure failure
	}
	fired struct {
		service  *Service
		schedule *schedule
	}
)

var (
	_ = keep.Type[attempt]()
	_ = keep.Type[tooOld]()
	_ = keep.Type[fired]()
)

// Happen implements loop.Event.
func (a attempt) Happen() { a.service.attempt(a.invocation) }

// Happen implements loop.Event.
func (t tooOld) Happen() { t.service.bury(t.invocation, t.failure, "MaximumEventAgeInSeconds") }

// Happen implements loop.Event.
func (f fired) Happen() { f.service.fire(f.schedule) }

// Resume delivers again what was being delivered when the cloud was stopped: schedules
// invoke their targets at least once. It must be called on the loop.
func (s *Service) Resume() error {
	for _, id := range slices.Sorted(maps.Keys(s.delivering)) {
		s.loop.Post(func() { s.attempt(s.delivering[id]) })
	}
	return nil
}

// failure is why a target could not be invoked.
type failure struct{ code, message string }

func failureOf(err error) failure {
	f := failure{"InternalFailure", err.Error()}
	if api := smithy.APIError(nil); errors.As(err, &api) {
		f = failure{api.ErrorCode(), api.ErrorMessage()}
	}
	return f
}

// fire invokes the target as the schedule has it now; later changes of the
// schedule do not reach an invocation that has begun.
func (s *Service) fire(sch *schedule) {
	s.attempt(&invocation{
		schedule: sch, target: sch.in.Target, due: sch.due, id: s.loop.UUID(), payload: s.input(sch),
		remove: sch.in.ActionAfterCompletion == types.ActionAfterCompletionDelete,
	})
}

// input is the target's Input, or what Scheduler sends without one (EventBridge
// Scheduler User Guide, managing targets).
func (s *Service) input(sch *schedule) string {
	if sch.in.Target.Input != nil {
		return *sch.in.Target.Input
	}
	body, err := json.Marshal(struct {
		Version    string   `json:"version"`
		ID         string   `json:"id"`
		DetailType string   `json:"detail-type"`
		Source     string   `json:"source"`
		Account    string   `json:"account"`
		Time       string   `json:"time"`
		Region     string   `json:"region"`
		Resources  []string `json:"resources"`
		Detail     string   `json:"detail"`
	}{
		Version: "0", ID: s.loop.UUID(), DetailType: "Scheduled Event", Source: "aws.scheduler",
		Account: s.account, Time: sch.due.Format(time.RFC3339), Region: s.region,
		Resources: []string{sch.arn}, Detail: "{}",
	})
	if err != nil {
		panic(fmt.Sprintf("scheduler: the default notification is not JSON: %v", err))
	}
	return string(body)
}

// withContext puts in the context attributes that an Input may name (EventBridge
// Scheduler User Guide, adding context attributes).
func (v *invocation) withContext() string {
	return strings.NewReplacer(
		"<aws.scheduler.schedule-arn>", v.schedule.arn,
		"<aws.scheduler.scheduled-time>", v.due.Format(time.RFC3339),
		"<aws.scheduler.execution-id>", v.id,
		"<aws.scheduler.attempt-number>", strconv.Itoa(int(v.retries)+1),
	).Replace(v.payload)
}

// address is where the invocation goes. The source is the schedule's group: it is what a
// role's trust policy names (EventBridge Scheduler User Guide, confused deputy prevention).
func (v *invocation) address() Address {
	group := strings.Replace(v.schedule.arn[:strings.LastIndexByte(v.schedule.arn, '/')], ":schedule/", ":schedule-group/", 1)
	return Address{Group: group, Target: *v.target.Arn, Role: *v.target.RoleArn}
}

func (s *Service) attempt(v *invocation) {
	s.delivering[v.id] = v
	s.deps.Deliver(v.address(), []byte(v.withContext()), func(err error) {
		delete(s.delivering, v.id)
		if err == nil {
			s.complete(v)
			return
		}
		attempts, age := retries(v.target)
		end := v.due.Add(time.Duration(age) * time.Second)
		next := s.loop.Now().Add(backoff(v.retries))
		switch {
		case v.retries >= attempts:
			s.bury(v, failureOf(err), "MaximumRetryAttempts")
		case next.After(end):
			s.loop.Due(end, tooOld{attempt{s, v}, failureOf(err)})
		default:
			v.retries++
			s.loop.Due(next, attempt{s, v})
		}
	})
}

// backoff doubles from one second.
func backoff(retries int32) time.Duration {
	if retries >= 9 { // 2^9 s is above the limit
		return maxBackoff
	}
	return time.Second << retries
}

// retries is a target's retry policy with Scheduler's defaults, 185 attempts
// within 24 hours (EventBridge Scheduler API Reference, RetryPolicy).
func retries(t *types.Target) (attempts, ageSeconds int32) {
	attempts, ageSeconds = 185, 86400
	if p := t.RetryPolicy; p != nil {
		if p.MaximumRetryAttempts != nil {
			attempts = *p.MaximumRetryAttempts
		}
		if p.MaximumEventAgeInSeconds != nil {
			ageSeconds = *p.MaximumEventAgeInSeconds
		}
	}
	return attempts, ageSeconds
}

// complete removes a schedule that is to go after its invocation, unless it was
// replaced or set anew meanwhile.
func (s *Service) complete(v *invocation) {
	id := id(v.schedule.in.GroupName, v.schedule.in.Name)
	if v.remove && s.schedules[id] == v.schedule && v.schedule.due.Equal(v.due) {
		delete(s.schedules, id)
	}
}

// bury sends what could not be delivered to the target's dead-letter queue
// (EventBridge Scheduler User Guide, dead-letter queue).
func (s *Service) bury(v *invocation, f failure, exhausted string) {
	defer s.complete(v)
	if v.target.DeadLetterConfig == nil || aws.ToString(v.target.DeadLetterConfig.Arn) == "" {
		return
	}
	// What its queue does not take is lost on AWS too.
	_ = s.deps.DeadLetter(v.address(), *v.target.DeadLetterConfig.Arn, v.withContext(), map[string]string{
		"ERROR_CODE":                f.code,
		"ERROR_MESSAGE":             f.message,
		"EXECUTION_ID":              v.id,
		"EXHAUSTED_RETRY_CONDITION": exhausted,
		"IS_PAYLOAD_TRUNCATED":      "false",
		"RETRY_ATTEMPTS":            strconv.Itoa(int(v.retries)),
		"SCHEDULED_TIME":            v.due.Format(time.RFC3339),
		"SCHEDULE_ARN":              v.schedule.arn,
		"TARGET_ARN":                *v.target.Arn,
	})
}
