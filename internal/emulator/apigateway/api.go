package apigateway

import (
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"

	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/web"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// The one stage that is emulated, and the route for what no other takes.
const defaultName = "$default"

type api struct {
	id, name     string
	description  *string
	created      time.Time
	open         bool              // it has its stage
	routes       map[string]*route // by key
	integrations map[string]string // functions' ARNs, by id
}

type route struct {
	id, key     string
	iam         bool
	integration string
}

func (s *Service) createAPI(_ *wire.Call, in *apigatewayv2.CreateApiInput) (*apigatewayv2.CreateApiOutput, error) {
	if err := emulated(in, "Name", "ProtocolType", "Description"); err != nil {
		return nil, err
	}
	if in.ProtocolType != types.ProtocolTypeHttp {
		return nil, badRequest("ProtocolType " + string(in.ProtocolType) + " is not emulated")
	}
	a := &api{
		id: s.loop.ID(10), name: *in.Name, description: in.Description, created: s.loop.Now(),
		routes: map[string]*route{}, integrations: map[string]string{},
	}
	s.apis[a.id] = a
	s.serveAt(a)
	return &apigatewayv2.CreateApiOutput{
		ApiId: &a.id, ApiEndpoint: aws.String("https://" + s.host(a)), Name: &a.name, ProtocolType: types.ProtocolTypeHttp,
		Description: a.description, CreatedDate: &a.created,
	}, nil
}

// serveAt has the web know the API's hosts.
func (s *Service) serveAt(a *api) {
	for _, host := range s.hosts(a) {
		s.deps.Web.Host(host, web.SiteFunc(func(r *wire.Request, reply func(*wire.Response)) { s.serve(a, r, reply) }))
	}
}

// Resume has the web know the APIs that were kept. It must be called on the loop.
func (s *Service) Resume() error {
	for _, a := range s.apis {
		s.serveAt(a)
	}
	return nil
}

// hosts are AWS's own name and one that finds its way to a port of this machine by itself
// (RFC 6761, section 6.3).
func (s *Service) hosts(a *api) []string {
	return []string{s.host(a), a.id + ".execute-api." + s.region + ".localhost"}
}

func (s *Service) host(a *api) string {
	return a.id + ".execute-api." + s.region + "." + partition.Domain(s.region)
}

func (s *Service) find(id *string) (*api, error) {
	if a := s.apis[*id]; a != nil {
		return a, nil
	}
	return nil, notFound("API", s.account+":"+*id)
}

func (s *Service) getAPI(_ *wire.Call, in *apigatewayv2.GetApiInput) (*apigatewayv2.GetApiOutput, error) {
	a, err := s.find(in.ApiId)
	if err != nil {
		return nil, err
	}
	return &apigatewayv2.GetApiOutput{
		ApiId: &a.id, ApiEndpoint: aws.String("https://" + s.host(a)), Name: &a.name, ProtocolType: types.ProtocolTypeHttp,
		Description: a.description, CreatedDate: &a.created,
	}, nil
}

func (s *Service) deleteAPI(_ *wire.Call, in *apigatewayv2.DeleteApiInput) (*apigatewayv2.DeleteApiOutput, error) {
	a, err := s.find(in.ApiId)
	if err != nil {
		return nil, err
	}
	for _, host := range s.hosts(a) {
		s.deps.Web.Remove(host)
	}
	delete(s.apis, a.id)
	return &apigatewayv2.DeleteApiOutput{}, nil
}

func (s *Service) createIntegration(_ *wire.Call, in *apigatewayv2.CreateIntegrationInput) (*apigatewayv2.CreateIntegrationOutput, error) {
	a, err := s.find(in.ApiId)
	if err == nil {
		err = emulated(in, "ApiId", "IntegrationType", "IntegrationUri", "PayloadFormatVersion")
	}
	uri := aws.ToString(in.IntegrationUri)
	switch {
	case err != nil:
		return nil, err
	case in.IntegrationType != types.IntegrationTypeAwsProxy, aws.ToString(in.PayloadFormatVersion) != "2.0":
		return nil, badRequest("only integrations AWS_PROXY with PayloadFormatVersion 2.0 are emulated")
	case !partition.IsOf(uri, "lambda", s.region):
		return nil, badRequest("Invalid function ARN or invalid uri")
	}
	id := s.loop.ID(7)
	a.integrations[id] = uri
	return &apigatewayv2.CreateIntegrationOutput{
		IntegrationId: &id, IntegrationType: in.IntegrationType, IntegrationUri: &uri, PayloadFormatVersion: in.PayloadFormatVersion,
	}, nil
}

func (s *Service) deleteIntegration(_ *wire.Call, in *apigatewayv2.DeleteIntegrationInput) (*apigatewayv2.DeleteIntegrationOutput, error) {
	a, err := s.find(in.ApiId)
	switch {
	case err != nil:
		return nil, err
	case a.integrations[*in.IntegrationId] == "":
		return nil, notFound("Integration", *in.IntegrationId)
	}
	for _, r := range a.routes {
		if r.integration == *in.IntegrationId {
			return nil, &types.ConflictException{Message: aws.String("Cannot delete Integration '" + *in.IntegrationId + "' because it is referenced by a Route.")}
		}
	}
	delete(a.integrations, *in.IntegrationId)
	return &apigatewayv2.DeleteIntegrationOutput{}, nil
}

// routeKey is $default, or a method and a path. Paths with parameters are not emulated.
var routeKey = regexp.MustCompile(`^(\$default|(ANY|GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) /[^{}\s]*)$`)

func (s *Service) createRoute(_ *wire.Call, in *apigatewayv2.CreateRouteInput) (*apigatewayv2.CreateRouteOutput, error) {
	a, err := s.find(in.ApiId)
	if err == nil {
		err = emulated(in, "ApiId", "RouteKey", "AuthorizationType", "Target")
	}
	if err != nil {
		return nil, err
	}
	integration, ok := strings.CutPrefix(aws.ToString(in.Target), "integrations/")
	r := &route{id: s.loop.ID(7), key: *in.RouteKey, iam: in.AuthorizationType == types.AuthorizationTypeAwsIam, integration: integration}
	switch {
	case !ok || a.integrations[integration] == "":
		return nil, notFound("Integration", integration)
	case !routeKey.MatchString(r.key):
		return nil, badRequest("the route key " + r.key + " is not emulated")
	case !r.iam && in.AuthorizationType != "" && in.AuthorizationType != types.AuthorizationTypeNone:
		return nil, badRequest("AuthorizationType " + string(in.AuthorizationType) + " is not emulated")
	case a.routes[r.key] != nil:
		return nil, &types.ConflictException{Message: aws.String("Route with key " + r.key + " already exists for this API")}
	}
	a.routes[r.key] = r
	return &apigatewayv2.CreateRouteOutput{RouteId: &r.id, RouteKey: &r.key, AuthorizationType: in.AuthorizationType, Target: in.Target}, nil
}

func (s *Service) deleteRoute(_ *wire.Call, in *apigatewayv2.DeleteRouteInput) (*apigatewayv2.DeleteRouteOutput, error) {
	a, err := s.find(in.ApiId)
	if err != nil {
		return nil, err
	}
	for key, r := range a.routes {
		if r.id == *in.RouteId {
			delete(a.routes, key)
			return &apigatewayv2.DeleteRouteOutput{}, nil
		}
	}
	return nil, notFound("Route", *in.RouteId)
}

func (s *Service) createStage(_ *wire.Call, in *apigatewayv2.CreateStageInput) (*apigatewayv2.CreateStageOutput, error) {
	a, err := s.find(in.ApiId)
	if err == nil {
		err = emulated(in, "ApiId", "StageName", "AutoDeploy")
	}
	switch {
	case err != nil:
		return nil, err
	case *in.StageName != defaultName || !aws.ToBool(in.AutoDeploy):
		return nil, badRequest("only the stage $default with AutoDeploy is emulated")
	case a.open:
		return nil, &types.ConflictException{Message: aws.String("Stage already exists")}
	}
	a.open = true
	return &apigatewayv2.CreateStageOutput{StageName: in.StageName, AutoDeploy: in.AutoDeploy}, nil
}

func (s *Service) deleteStage(_ *wire.Call, in *apigatewayv2.DeleteStageInput) (*apigatewayv2.DeleteStageOutput, error) {
	a, err := s.find(in.ApiId)
	switch {
	case err != nil:
		return nil, err
	case *in.StageName != defaultName || !a.open:
		return nil, notFound("stage", *in.StageName)
	}
	a.open = false
	return &apigatewayv2.DeleteStageOutput{}, nil
}
