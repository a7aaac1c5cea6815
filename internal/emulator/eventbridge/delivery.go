package eventbridge

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/smithy-go"

	"github.com/sluice-deploy/sluice/internal/emulator/keep"
)

const (
	// latency is how long an event takes from the bus to a target. AWS names a
	// typical half second end to end, and no figure for this part of it.
	latency = 50 * time.Millisecond
	// maxBackoff is the longest wait between two attempts. AWS documents 185
	// attempts in 24 hours with exponential backoff and not its figures; with this
	// one the attempts fill the day. Its jitter is left out, so that runs repeat.
	maxBackoff = 480 * time.Second
)

// delivery is one event on its way to one target.
type delivery struct {
	event    Event
	ruleARN  string
	target   types.Target
	accepted time.Time
	retries  int32
	id       int // among those under way; 0 before it was
}

// number gives the delivery its id.
func (d *delivery) number(s *Service) int {
	if d.id == 0 {
		s.delivered++
		d.id = s.delivered
	}
	return d.id
}

// Resume delivers again what was being delivered when the cloud was stopped: events come
// at least once. It must be called on the loop.
func (s *Service) Resume() error {
	for _, id := range slices.Sorted(maps.Keys(s.delivering)) {
		s.loop.Post(func() { s.attempt(s.delivering[id]) })
	}
	return nil
}

func (d *delivery) address() Address {
	return Address{Rule: d.ruleARN, Target: *d.target.Arn, Role: aws.ToString(d.target.RoleArn)}
}

func (s *Service) send(d *delivery) {
	var fault DeliveryFault
	if s.deps.Fault != nil {
		fault = s.deps.Fault(d.event, *d.target.Arn)
	}
	if fault.Lose {
		return
	}
	for range 1 + fault.Copies {
		each := *d
		s.loop.DueIn(latency+fault.Delay, attempt{s, &each})
	}
}

// attempt is the next attempt at a delivery, and tooOld its end.
type (
	attempt struct {
		service  *Service
		delivery *delivery
	}
	tooOld struct {
		attempt

		failure failure
	}
)

var (
	_ = keep.Type[attempt]()
	_ = keep.Type[tooOld]()
)

// Happen implements loop.Event.
func (a attempt) Happen() { a.service.attempt(a.delivery) }

// Happen implements loop.Event.
func (t tooOld) Happen() { t.service.bury(t.delivery, t.failure, "MaximumEventAgeInSeconds") }

func (s *Service) attempt(d *delivery) {
	if isBus(d.target) {
		if err := s.forward(d); err != nil {
			s.again(d, failureOf(err))
		}
		return
	}
	body, err := payload(d.target, d.event.JSON())
	if err != nil {
		s.bury(d, failure{code: "INVALID_JSON", message: err.Error()}, "")
		return
	}
	s.delivering[d.number(s)] = d
	s.deps.Deliver(d.address(), body, func(err error) {
		delete(s.delivering, d.id)
		if err != nil {
			s.again(d, failureOf(err))
		}
	})
}

// again tries once more after a failure, or gives up.
func (s *Service) again(d *delivery, f failure) {
	attempts, age := retries(d.target)
	end := d.accepted.Add(time.Duration(age) * time.Second)
	next := s.loop.Now().Add(backoff(d.retries))
	switch {
	case !f.retriable:
		s.bury(d, f, "")
	case d.retries >= attempts:
		s.bury(d, f, "MaximumRetryAttempts")
	case next.After(end):
		s.loop.Due(end, tooOld{attempt{s, d}, f})
	default:
		d.retries++
		s.loop.Due(next, attempt{s, d})
	}
}

// backoff doubles from one second.
func backoff(retries int32) time.Duration {
	if retries >= 9 { // 2^9 s is above the limit
		return maxBackoff
	}
	return time.Second << retries
}

// bury sends an event that could not be delivered to the target's dead-letter
// queue, with the attributes that AWS gives it (EventBridge User Guide, using
// dead-letter queues). Without a queue the event is dropped.
func (s *Service) bury(d *delivery, f failure, exhausted string) {
	if d.target.DeadLetterConfig == nil || d.target.DeadLetterConfig.Arn == nil {
		return
	}
	attributes := map[string]string{
		"RULE_ARN":      d.ruleARN,
		"TARGET_ARN":    *d.target.Arn,
		"ERROR_CODE":    f.code,
		"ERROR_MESSAGE": f.message,
	}
	if exhausted != "" {
		attributes["EXHAUSTED_RETRY_CONDITION"] = exhausted
		attributes["RETRY_ATTEMPTS"] = strconv.Itoa(int(d.retries))
	}
	// An event that its queue does not take is lost on AWS too.
	_ = s.deps.DeadLetter(d.ruleARN, *d.target.DeadLetterConfig.Arn, string(d.event.JSON()), attributes)
}

// failure is a target's error in EventBridge's words.
type failure struct {
	code, message string
	retriable     bool
}

// failureOf sorts a target's error: what is gone or forbidden is not tried again
// (AWS: EventBridge User Guide, retry policy and dead-letter queue error codes).
func failureOf(err error) failure {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return failure{code: "ERROR_FROM_TARGET", message: err.Error(), retriable: true}
	}
	f := failure{message: api.ErrorMessage()}
	switch api.ErrorCode() {
	case "ResourceNotFoundException", "StateMachineDoesNotExist", "QueueDoesNotExist",
		"AWS.SimpleQueueService.NonExistentQueue", "NotFoundException", "NotFound", "ClusterNotFoundException":
		f.code = "NO_RESOURCE"
	case "AccessDeniedException", "AccessDenied", "AuthorizationError", "KMSAccessDeniedException":
		f.code = "NO_PERMISSIONS"
	case "ValidationException", "InvalidParameterException", "InvalidParameterValueException",
		"InvalidRequestContentException", "InvalidArn", "InvalidExecutionInput", "InvalidName", "InvalidParameter",
		"RequestTooLargeException":
		f.code = "INVALID_PARAMETER"
	case "ThrottlingException", "TooManyRequestsException", "Throttling", "RequestThrottled":
		f.code, f.retriable = "THROTTLING", true
	default:
		f.code, f.retriable = "ERROR_FROM_TARGET", true
	}
	return f
}
