// Package apigateway emulates the part of Amazon API Gateway that puts Lambda functions
// behind HTTP: HTTP APIs with the stage $default, whose routes hand requests to functions
// in payload format 2.0 and let in everybody, or whom IAM allows.
//
// Changes show at once, as with a stage that deploys by itself.
package apigateway

import (
	"reflect"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"

	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/web"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Deps are what the service reaches out to, on the loop.
type Deps struct {
	// Web has the hosts of the APIs.
	Web *web.Web
	// Identity tells who has an access key and the session token that comes with it.
	Identity func(key, token string) (wire.Identity, error)
	// MayInvoke decides whether a caller may use a route, which is an ARN.
	MayInvoke func(who wire.Identity, routeARN string) bool
	// Invoke hands a request to a function for a route, which is an ARN.
	Invoke func(routeARN, functionARN string, p lambda.Proxied, reply func(*wire.Response))
}

// Service is API Gateway in one account and Region.
type Service struct {
	loop            *loop.Loop
	account, region string
	deps            Deps `keep:"-"`
	apis            map[string]*api
}

// New gives an API Gateway without APIs.
func New(l *loop.Loop, account, region string, deps Deps) *Service {
	return &Service{loop: l, account: account, region: region, deps: deps, apis: map[string]*api{}}
}

// Wire lists the operations that are emulated.
func (s *Service) Wire() *wire.Service {
	return wire.NewService("apigatewayv2",
		wire.Op("CreateApi", s.createAPI),
		wire.Op("CreateIntegration", s.createIntegration),
		wire.Op("CreateRoute", s.createRoute),
		wire.Op("CreateStage", s.createStage),
		wire.Op("DeleteApi", s.deleteAPI),
		wire.Op("DeleteIntegration", s.deleteIntegration),
		wire.Op("DeleteRoute", s.deleteRoute),
		wire.Op("DeleteStage", s.deleteStage),
		wire.Op("GetApi", s.getAPI),
	)
}

func badRequest(message string) error { return &types.BadRequestException{Message: &message} }

func notFound(kind, id string) error {
	return &types.NotFoundException{Message: aws.String("Invalid " + kind + " identifier specified " + id)}
}

// emulated refuses, by name, a member of an input that is set and not among some.
func emulated(in any, members ...string) error {
	v := reflect.ValueOf(in).Elem()
	for _, f := range reflect.VisibleFields(v.Type()) {
		if f.IsExported() && !v.FieldByIndex(f.Index).IsZero() && !slices.Contains(members, f.Name) {
			return badRequest(f.Name + " is not emulated")
		}
	}
	return nil
}
