package lambda

import (
	"net/http"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Proxied is a request that an HTTP API hands on, in its stage $default.
type Proxied struct {
	Request             *wire.Request
	API, Host, RouteKey string
	AccessKey           string        // of the caller, where the route asks for IAM
	Caller              wire.Identity // likewise
}

// Proxy invokes a function with a request of an HTTP API, in payload format 2.0, and
// answers as the API does. Whether the API may is not asked here.
// AWS: API Gateway Developer Guide, Create AWS Lambda proxy integrations for HTTP APIs;
// Troubleshooting issues with HTTP API Lambda integrations.
func (s *Service) Proxy(functionARN string, p Proxied, reply func(*wire.Response)) {
	t, err := s.find(functionARN, "")
	if err != nil {
		reply(APIAnswer(p.Request, http.StatusInternalServerError, "Internal Server Error"))
		return
	}
	var who *urlAuthorizer
	if p.Caller.ARN != "" {
		who = &urlAuthorizer{urlIdentity{
			AccessKey: p.AccessKey, AccountID: p.Caller.Account, CallerID: p.Caller.UserID, UserARN: p.Caller.ARN, UserID: p.Caller.UserID,
		}}
	}
	payload := s.httpPayload(door{id: p.API, host: p.Host, route: p.RouteKey, account: s.account}, p.Request, who)
	if len(payload) > maxRequest {
		reply(APIAnswer(p.Request, http.StatusRequestEntityTooLarge, "Request Entity Too Large"))
		return
	}
	s.start(t, request{requestID: s.loop.UUID(), payload: payload, done: func(result Result) {
		if result.Err == nil && result.FunctionError == "" {
			if resp, err := urlResponse(p.Request, result.Payload); err == nil {
				reply(resp)
				return
			}
		}
		reply(APIAnswer(p.Request, http.StatusInternalServerError, "Internal Server Error"))
	}})
}

// APIAnswer is an answer of API Gateway itself.
func APIAnswer(r *wire.Request, status int, message string) *wire.Response {
	return urlAnswer(r, status, "", encode(map[string]string{"message": message}))
}
