package cloudformation

import "github.com/aws/aws-sdk-go-v2/service/apigatewayv2"

// apiHandler creates HTTP APIs and what belongs to them. What there is of one is changed
// in place by no update here.
func apiHandler(kind string) (handler, bool) {
	switch kind {
	case "AWS::ApiGatewayV2::Api":
		return handler{create: createAPI, remove: removes("apigatewayv2", "DeleteApi", "ApiId")}, true
	case "AWS::ApiGatewayV2::Integration":
		return handler{create: createIntegration, remove: removesFromAPI("DeleteIntegration", "IntegrationId")}, true
	case "AWS::ApiGatewayV2::Route":
		return handler{create: createRoute, remove: removesFromAPI("DeleteRoute", "RouteId")}, true
	case "AWS::ApiGatewayV2::Stage":
		return handler{create: createStage, remove: removesFromAPI("DeleteStage", "StageName")}, true
	}
	return handler{}, false
}

func createAPI(r *request) (*created, error) {
	out, err := r.call("apigatewayv2", "CreateApi", &apigatewayv2.CreateApiInput{}, r.properties, nil)
	if err != nil {
		return nil, err
	}
	id := pick(out, "ApiId")
	return &created{id, map[string]string{"ApiId": id, "ApiEndpoint": pick(out, "ApiEndpoint")}}, nil
}

func createIntegration(r *request) (*created, error) {
	out, err := r.call("apigatewayv2", "CreateIntegration", &apigatewayv2.CreateIntegrationInput{}, r.properties, nil)
	if err != nil {
		return nil, err
	}
	id := pick(out, "IntegrationId")
	return &created{id, map[string]string{"IntegrationId": id}}, nil
}

func createRoute(r *request) (*created, error) {
	out, err := r.call("apigatewayv2", "CreateRoute", &apigatewayv2.CreateRouteInput{}, r.properties, nil)
	if err != nil {
		return nil, err
	}
	id := pick(out, "RouteId")
	return &created{id, map[string]string{"RouteId": id}}, nil
}

func createStage(r *request) (*created, error) {
	out, err := r.call("apigatewayv2", "CreateStage", &apigatewayv2.CreateStageInput{}, r.properties, nil)
	if err != nil {
		return nil, err
	}
	return &created{pick(out, "StageName"), nil}, nil
}

// removesFromAPI calls an operation that takes the API and what Ref gives.
func removesFromAPI(operation, member string) func(r *request) error {
	return func(r *request) error {
		_, err := r.ask("apigatewayv2", operation, map[string]any{"ApiId": r.was.properties.get("ApiId").String(), member: r.was.ref})
		return err
	}
}
