package wire

import "time"

// Fault is what goes wrong with one request. The zero value is nothing.
type Fault struct {
	Delay       time.Duration // the request travels this much longer
	Err         error         // AWS answers with it (an API error) and does nothing
	LoseRequest bool          // the connection is reset before AWS has the request
	LoseAnswer  bool          // AWS does what was asked, then the connection is reset
	AnswerDelay time.Duration // the answer travels this much longer
}

// Identifier is a Handler that can say what a request asks for before it is
// handled. A transport's faults need one.
type Identifier interface {
	Identify(r *Request) *Call
}
