package cloudformation

import "github.com/aws/aws-sdk-go-v2/service/apigatewayv2"

// apiHandler creates HTTP APIs and what belongs to them. What there is of one is changed
// in place by no update here.
func apiHandler(kind string) (handler, bool) {
	switch kind {
	case "AWS::ApiGatewayV2::Api":
		return handler{create: createsOfAPI("CreateApi", &apigatewayv2.CreateApiInput{}, "ApiId", "ApiEndpoint"), remove: removes("apigatewayv2", "DeleteApi", "ApiId")}, true
	case "AWS::ApiGatewayV2::Integration":
		create := createsOfAPI("CreateIntegration", &apigatewayv2.CreateIntegrationInput{}, "IntegrationId")
		return handler{create: create, remove: removesFromAPI("DeleteIntegration", "IntegrationId")}, true
	case "AWS::ApiGatewayV2::Route":
		return handler{create: createsOfAPI("CreateRoute", &apigatewayv2.CreateRouteInput{}, "RouteId"), remove: removesFromAPI("DeleteRoute", "RouteId")}, true
	case "AWS::ApiGatewayV2::Stage":
		return handler{create: createsOfAPI("CreateStage", &apigatewayv2.CreateStageInput{}, "StageName"), remove: removesFromAPI("DeleteStage", "StageName")}, true
	}
	return handler{}, false
}

// createsOfAPI calls an operation that takes the properties as they are. Ref gives the
// first of the members of its answer, and GetAtt each.
func createsOfAPI(operation string, input any, members ...string) func(r *request) (*created, error) {
	return func(r *request) (*created, error) {
		out, err := r.call("apigatewayv2", operation, input, r.properties, nil)
		if err != nil {
			return nil, err
		}
		attributes := map[string]string{}
		for _, m := range members {
			attributes[m] = pick(out, m)
		}
		return &created{attributes[members[0]], attributes}, nil
	}
}

// removesFromAPI calls an operation that takes the API and what Ref gives.
func removesFromAPI(operation, member string) func(r *request) error {
	return func(r *request) error {
		_, err := r.ask("apigatewayv2", operation, map[string]any{"ApiId": r.was.properties.get("ApiId").String(), member: r.was.ref})
		return err
	}
}
