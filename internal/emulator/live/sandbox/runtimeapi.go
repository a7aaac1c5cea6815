package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
)

// runtimeAPI is what a process asks for invocations.
// AWS: Lambda Developer Guide, Using the Lambda runtime API for custom runtimes; what
// it says to a process that is out of turn is as in AWS's own emulator
// (github.com/aws/aws-lambda-runtime-interface-emulator, lambda/rapi).
type runtimeAPI struct {
	server *http.Server

	// polls takes the process's request for the next invocation, where it waits for
	// it.
	polls chan chan *invocation
	// initError takes what the process reports before its first poll.
	initError chan *lambda.FunctionError

	mu      sync.Mutex
	begun   bool        // it has polled
	current *invocation // nil before the first
}

// invocation is one that a process is given.
type invocation struct {
	id       string
	deadline time.Time
	arn      string
	trace    string
	client   string // the client context, "" for none
	payload  []byte

	answered bool
	answer   chan answer // of one
}

// answer is what the process made of an invocation.
type answer struct {
	payload []byte
	err     *lambda.FunctionError // nil if it did not fail
}

func newRuntimeAPI() *runtimeAPI {
	a := &runtimeAPI{polls: make(chan chan *invocation), initError: make(chan *lambda.FunctionError, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", a.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", a.response)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", a.failure)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", a.initFailure)
	a.server = newServer(mux)
	return a
}

// next waits for an invocation and gives it.
func (a *runtimeAPI) next(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	busy := a.current != nil && !a.current.answered
	a.begun = true
	a.mu.Unlock()
	if busy {
		outOfTurn(w, "Running", "Ready")
		return
	}
	given := make(chan *invocation, 1)
	select {
	case a.polls <- given:
	case <-r.Context().Done():
		return
	}
	select {
	case inv := <-given:
		a.give(w, inv)
	case <-r.Context().Done():
	}
}

func (a *runtimeAPI) give(w http.ResponseWriter, inv *invocation) {
	h := w.Header()
	h.Set("Lambda-Runtime-Aws-Request-Id", inv.id)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(inv.deadline.UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", inv.arn)
	h.Set("Lambda-Runtime-Trace-Id", inv.trace)
	if inv.client != "" {
		h.Set("Lambda-Runtime-Client-Context", inv.client)
	}
	h.Set("Content-Type", "application/json")
	_, _ = w.Write(inv.payload) // a process that is gone is noticed by its end
}

// begin makes an invocation the current one and gives it to the process that polls.
func (a *runtimeAPI) begin(inv *invocation, poll chan<- *invocation) {
	a.mu.Lock()
	a.current = inv
	a.mu.Unlock()
	poll <- inv
}

// response takes what the function answers.
func (a *runtimeAPI) response(w http.ResponseWriter, r *http.Request) {
	payload, err := read(w, r)
	if err != nil {
		return
	}
	if !a.settle(w, r, answer{payload: payload}) {
		return
	}
	if len(payload) > lambda.MaxResponse { // the one who invoked it is told so
		refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge",
			fmt.Sprintf("Exceeded maximum allowed payload size (%d bytes).", lambda.MaxResponse))
		return
	}
	accept(w)
}

// failure takes the function's error.
func (a *runtimeAPI) failure(w http.ResponseWriter, r *http.Request) {
	payload, err := read(w, r)
	if err != nil {
		return
	}
	if a.settle(w, r, answer{err: reported(r, payload)}) {
		accept(w)
	}
}

// settle takes the answer to the current invocation, if it is for that one and the
// first.
func (a *runtimeAPI) settle(w http.ResponseWriter, r *http.Request, is answer) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.current == nil || a.current.id != r.PathValue("id"):
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return false
	case a.current.answered:
		outOfTurn(w, "ResponseSent", "InvocationResponse")
		return false
	}
	a.current.answered = true
	a.current.answer <- is
	return true
}

// initFailure takes why the process cannot begin.
func (a *runtimeAPI) initFailure(w http.ResponseWriter, r *http.Request) {
	payload, err := read(w, r)
	if err != nil {
		return
	}
	a.mu.Lock()
	begun := a.begun
	a.mu.Unlock()
	if begun {
		outOfTurn(w, "Ready", "InitError")
		return
	}
	select {
	case a.initError <- reported(r, payload):
		accept(w)
	default:
		outOfTurn(w, "InitError", "InitError")
	}
}

// reported is an error as the process has reported it. Its type is the one in its
// text, by which a state machine catches it, or else that of the header.
func reported(r *http.Request, payload []byte) *lambda.FunctionError {
	var named struct {
		Type string `json:"errorType"`
	}
	_ = json.Unmarshal(payload, &named) // what is no object names no type
	if named.Type == "" {
		named.Type = r.Header.Get("Lambda-Runtime-Function-Error-Type")
	}
	if named.Type == "" {
		named.Type = "Runtime.Unknown"
	}
	return &lambda.FunctionError{Type: named.Type, Payload: payload}
}

// read takes the body, of one that is too long no more than shows it.
func read(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	payload, err := io.ReadAll(io.LimitReader(r.Body, lambda.MaxResponse+1))
	if err != nil {
		refuse(w, http.StatusBadRequest, "TruncatedHTTPRequest", "HTTP request detected as truncated")
		return nil, errors.New("truncated")
	}
	return payload, nil
}

func outOfTurn(w http.ResponseWriter, from, to string) {
	refuse(w, http.StatusForbidden, "InvalidStateTransition",
		fmt.Sprintf("State transition from %s to %s failed for runtime. Error: State transition is not allowed", from, to))
}

func accept(w http.ResponseWriter) {
	answerJSON(w, http.StatusAccepted, map[string]string{"status": "OK"})
}

func refuse(w http.ResponseWriter, status int, kind, message string) {
	answerJSON(w, status, map[string]string{"errorMessage": message, "errorType": kind})
}

func answerJSON(w http.ResponseWriter, status int, body map[string]string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // a map of strings
	}
	_, _ = w.Write(text) // a process that is gone is noticed by its end
}
