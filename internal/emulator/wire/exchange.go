package wire

import (
	"fmt"
	"io"
	"net/http"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
)

// Exchange carries an HTTP request to a function on the loop and waits for what it
// answers, as a Transport does: a coroutine gives way, any other caller waits for,
// or on a virtual loop drives, the loop. An error comes back as net/http's client
// would give it.
func Exchange(l *loop.Loop, req *http.Request, send func(r *Request, done func(*Response, error))) (*http.Response, error) {
	body, err := readBody(req)
	if err != nil {
		return nil, err
	}
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	await := l.Await
	if co := loop.FromContext(req.Context()); co != nil {
		await = co.Await
	}
	var resp *Response
	var failed error
	await(func(done func()) {
		r := newRequest(req, body)
		r.ID = l.UUID()
		send(r, func(answer *Response, err error) {
			resp, failed = answer, err
			done()
		})
	})
	if failed != nil {
		return nil, wrapSendError(req, failed)
	}
	return httpResponse(req, resp), nil
}

func readBody(req *http.Request) ([]byte, error) {
	if req.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, fmt.Errorf("read the body of %s %s: %w", req.Method, req.URL, err)
	}
	if err := req.Body.Close(); err != nil {
		return nil, fmt.Errorf("close the body of %s %s: %w", req.Method, req.URL, err)
	}
	return body, nil
}
