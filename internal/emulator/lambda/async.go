package lambda

import (
	"encoding/json"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/sluice-deploy/sluice/internal/emulator/keep"
)

// DeadLetter is an event that Lambda gave up, and why. ErrorCode is the HTTP
// status of the last attempt. The queue's message carries RequestID (String),
// ErrorCode (Number) and ErrorMessage (String) as attributes.
// AWS: Lambda Developer Guide, Adding a dead-letter queue.
type DeadLetter struct {
	Function     string // whose event it was
	QueueARN     string
	Body         []byte
	RequestID    string
	ErrorCode    int
	ErrorMessage string
}

// InvokeAsync puts an event into the function's queue. The function runs later;
// when it fails, it runs again after one and after two minutes; when it is
// throttled, at growing intervals until the event is too old; then the event
// goes to the dead-letter queue, if there is one.
// AWS: Lambda Developer Guide, How Lambda handles errors and retries with
// asynchronous invocation.
func (s *Service) InvokeAsync(arnOrName string, payload []byte) error {
	t, err := s.find(arnOrName, "")
	if err != nil {
		return err
	}
	return s.enqueue(t, payload)
}

// enqueue accepts an event.
func (s *Service) enqueue(t target, payload []byte) error {
	payload, err := checkPayload(payload, maxEvent, types.InvocationTypeEvent)
	if err != nil {
		return err
	}
	e := &event{service: s, function: t.name, qualifier: t.qualifier, id: s.loop.UUID(), payload: payload, born: s.loop.Now(), wait: time.Second}
	s.loop.Post(e.Happen)
	return nil
}

// event is one asynchronous invocation on its way.
type event struct {
	service             *Service
	function, qualifier string
	id                  string
	payload             []byte
	born                time.Time

	failures int           // attempts in which the function ran and failed
	wait     time.Duration // before the next attempt after a throttle
	status   int           // of the last attempt; 0 before there was one
	message  string        // what went wrong in it
}

var _ = keep.Type[*event]()

// Happen implements loop.Event: it runs the function, each time the version that an alias leads to then, which
// AWS does not document. The event of what is gone is dropped.
func (e *event) Happen() {
	t, err := e.service.find(e.function, e.qualifier)
	if err != nil {
		return
	}
	if e.tried() && e.service.loop.Now().Sub(e.born) > t.own().eventInvoke.maximumAge() {
		e.giveUp(t)
		return
	}
	e.service.attempted[e.id] = e
	e.service.start(t, request{requestID: e.id, payload: e.payload, done: func(r Result) { e.ended(t, r) }})
}

func (e *event) tried() bool { return e.status != 0 }

func (e *event) ended(t target, r Result) {
	const longestWait = 5 * time.Minute
	delete(e.service.attempted, e.id)
	e.status, e.message = r.StatusCode, r.message()
	switch {
	case r.Err != nil:
		e.service.loop.DueIn(e.wait, e)
		e.wait = min(2*e.wait, longestWait)
	case r.FunctionError == "":
	case e.failures >= t.own().eventInvoke.maximumAttempts():
		e.giveUp(t)
	default:
		e.failures++
		e.service.loop.DueIn(time.Duration(e.failures)*time.Minute, e)
	}
}

// giveUp sends the event to the function's dead-letter queue. An event whose
// queue refuses it is lost, as on AWS, which counts it in DeadLetterErrors.
func (e *event) giveUp(t target) {
	queue := t.version.config.DeadLetterARN
	if queue == "" || e.service.deps.DeadLetter == nil {
		return
	}
	letter := DeadLetter{
		Function: t.name, QueueARN: queue, Body: e.payload,
		RequestID: e.id, ErrorCode: e.status, ErrorMessage: e.message,
	}
	if err := e.service.deps.DeadLetter(letter); err != nil {
		e.service.deadLetterErrors++
	}
}

// DeadLetterErrors is how many events were lost because the dead-letter queue
// refused them.
func (s *Service) DeadLetterErrors() int { return s.deadLetterErrors }

// message is what went wrong, its first kilobyte.
func (r Result) message() string {
	const limit = 1024
	text := ""
	if r.Err != nil {
		text = r.Err.Error()
	} else {
		var failure messages.InvokeResponse_Error
		if err := json.Unmarshal(r.Payload, &failure); err == nil {
			text = failure.Message
		}
	}
	return text[:min(len(text), limit)]
}
