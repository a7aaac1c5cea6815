package awsclient

import (
	"bytes"
	"fmt"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Whole sends each request of the SDK's clients in one piece, its body with its headers.
//
// The SDK closes a request's body as soon as the answer's headers are there, and net/http
// sends a body that it does not know before it has seen its end. An answer that is quick,
// or a process with little CPU, as a small Lambda function is, and net/http finds the body
// closed, takes that for an error, and closes the connection under the answer that is being
// read: "use of closed network connection" (aws-sdk-go-v2 issues 1825 and 2737).
func Whole(client aws.HTTPClient) aws.HTTPClient { return whole{client} }

type whole struct{ client aws.HTTPClient }

// Do implements aws.HTTPClient.
func (w whole) Do(req *http.Request) (*http.Response, error) {
	if req.Body != nil && req.Body != http.NoBody {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, fmt.Errorf("read the request's body: %w", err)
		}
		req = req.WithContext(req.Context()) // a copy
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	return w.client.Do(req) //nolint:wrapcheck // it is the SDK's
}
