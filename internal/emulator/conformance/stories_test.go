package conformance_test

import "slices"

// stories are all there are.
func stories() []story {
	return slices.Concat(
		apigatewayStories(), autoscalingStories(), cloudformationStories(), cloudwatchStories(), codebuildStories(), codedeployStories(), codepipelineStories(), dynamodbStories(), ecrStories(), ecsStories(),
		elbv2Stories(), eventsStories(), iamStories(), lambdaStories(), logsStories(), s3Stories(), schedulerStories(), secretsmanagerStories(),
		snsStories(), sqsStories(), ssmStories(), stepfunctionsStories(), stsStories(),
	)
}
