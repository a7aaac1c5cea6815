package apigateway

import (
	"net/http"
	"strings"

	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// serve answers a request to an API.
// AWS: API Gateway Developer Guide, Create routes for HTTP APIs; Control access to HTTP
// APIs with IAM authorization.
func (s *Service) serve(a *api, r *wire.Request, reply func(*wire.Response)) {
	matched := a.route(r)
	if !a.open || matched == nil {
		reply(lambda.APIAnswer(r, http.StatusNotFound, "Not Found"))
		return
	}
	p := lambda.Proxied{Request: r, API: a.id, Host: s.host(a), RouteKey: matched.key}
	if matched.iam {
		var ok bool
		if p.AccessKey, p.Caller, ok = s.admit(a, r); !ok {
			reply(lambda.APIAnswer(r, http.StatusForbidden, "Forbidden"))
			return
		}
	}
	s.deps.Invoke(s.arn(a, strings.Replace(matched.key, " /", "/", 1)), a.integrations[matched.integration], p, reply)
}

// route is the most specific one, or nil.
func (a *api) route(r *wire.Request) *route {
	for _, key := range []string{r.Method + " " + r.Path, "ANY " + r.Path} {
		if found := a.routes[key]; found != nil {
			return found
		}
	}
	return a.routes[defaultName]
}

// admit tells who has signed a request, if he may use the API.
func (s *Service) admit(a *api, r *wire.Request) (key string, who wire.Identity, ok bool) {
	key, region, service := r.SignedFor()
	signed := r.Header.Get("Authorization")
	if key == "" || region != s.region || service != "execute-api" ||
		!strings.Contains(signed, "SignedHeaders=") || !strings.Contains(signed, "Signature=") {
		return "", wire.Identity{}, false
	}
	who, err := s.deps.Identity(key, r.Header.Get("X-Amz-Security-Token"))
	return key, who, err == nil && s.deps.MayInvoke(who, s.arn(a, r.Method+r.Path))
}

// arn is that of something in the API's stage.
func (s *Service) arn(a *api, what string) string {
	return partition.ARN("execute-api", s.region, s.account, a.id+"/"+defaultName+"/"+what)
}
