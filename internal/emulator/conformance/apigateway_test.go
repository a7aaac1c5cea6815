package conformance_test

import (
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

func apigatewayStories() []story {
	const missing = "NotFoundException"
	function := new("arn:aws:lambda:us-east-1:123456789012:function:echo")
	integration := func(api string) *apigatewayv2.CreateIntegrationInput {
		return &apigatewayv2.CreateIntegrationInput{
			ApiId: &api, IntegrationType: types.IntegrationTypeAwsProxy, IntegrationUri: function, PayloadFormatVersion: new("2.0"),
		}
	}
	route := func(api string) *apigatewayv2.CreateRouteInput {
		return &apigatewayv2.CreateRouteInput{
			ApiId: &api, RouteKey: new("POST /slack"), AuthorizationType: types.AuthorizationTypeNone, Target: new("integrations/${integration}"),
		}
	}
	stage := func(api string) *apigatewayv2.CreateStageInput {
		return &apigatewayv2.CreateStageInput{ApiId: &api, StageName: new("$default"), AutoDeploy: new(true)}
	}
	return []story{{
		name: "apigatewayv2/HTTPAPIs", notMoto: "moto_server has no functions behind its APIs; AWS: API Gateway V2 API Reference", steps: []step{
			ok(&apigatewayv2.CreateApiInput{Name: new("sluice"), ProtocolType: types.ProtocolTypeHttp}, save("api", "ApiId"),
				like("ApiEndpoint", `https://[a-z0-9]{10}\.execute-api\.us-east-1\.amazonaws\.com`)),
			fails("BadRequestException", &apigatewayv2.CreateApiInput{Name: new("sluice"), ProtocolType: types.ProtocolTypeWebsocket}),
			ok(&apigatewayv2.GetApiInput{ApiId: new("${api}")}, want("Name", "sluice"), want("ProtocolType", "HTTP")),
			fails(missing, &apigatewayv2.GetApiInput{ApiId: new("none")}),
			ok(integration("${api}"), save("integration", "IntegrationId"), want("PayloadFormatVersion", "2.0")),
			fails(missing, integration("none")),
			ok(route("${api}"), save("route", "RouteId"), want("RouteKey", "POST /slack")),
			fails("ConflictException", route("${api}")),
			ok(stage("${api}"), want("StageName", "$default")),
			fails("ConflictException", stage("${api}")),
			fails("ConflictException", &apigatewayv2.DeleteIntegrationInput{ApiId: new("${api}"), IntegrationId: new("${integration}")}),
			ok(&apigatewayv2.DeleteStageInput{ApiId: new("${api}"), StageName: new("$default")}),
			fails(missing, &apigatewayv2.DeleteStageInput{ApiId: new("${api}"), StageName: new("$default")}),
			ok(&apigatewayv2.DeleteRouteInput{ApiId: new("${api}"), RouteId: new("${route}")}),
			fails(missing, &apigatewayv2.DeleteRouteInput{ApiId: new("${api}"), RouteId: new("${route}")}),
			ok(&apigatewayv2.DeleteIntegrationInput{ApiId: new("${api}"), IntegrationId: new("${integration}")}),
			fails(missing, &apigatewayv2.DeleteIntegrationInput{ApiId: new("${api}"), IntegrationId: new("${integration}")}),
			ok(&apigatewayv2.DeleteApiInput{ApiId: new("${api}")}),
			fails(missing, &apigatewayv2.DeleteApiInput{ApiId: new("${api}")}),
		},
	}}
}
