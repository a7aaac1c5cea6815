package wire

import "time"

// Fault is what goes wrong with one request. The zero value is nothing.
type Fault struct {
	// Freeze is how long the client stands still before it sends; its own timeout waits
	// with it.
	Freeze time.Duration
	// Hold, when set, is called when the request has travelled; AWS has it when arrive is
	// called.
	Hold        func(arrive func())
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
