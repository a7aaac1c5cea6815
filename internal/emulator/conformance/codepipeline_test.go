package conformance_test

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// action is an action of a type that AWS has.
func action(name string, category types.ActionCategory, provider string) types.ActionDeclaration {
	return types.ActionDeclaration{Name: &name, ActionTypeId: &types.ActionTypeId{
		Category: category, Owner: types.ActionOwnerAws, Provider: &provider, Version: new("1"),
	}}
}

// approvalPipeline gets its source from a bucket and asks before it would deploy.
func approvalPipeline(name string) *codepipeline.CreatePipelineInput {
	source := action("Fetch", types.ActionCategorySource, "S3")
	source.OutputArtifacts = []types.OutputArtifact{{Name: new("Source")}}
	source.Configuration = map[string]string{"S3Bucket": "builds", "S3ObjectKey": "shop.zip"}
	approval := action("Approve", types.ActionCategoryApproval, "Manual")
	approval.TimeoutInMinutes = new(int32(60))
	return &codepipeline.CreatePipelineInput{Pipeline: &types.PipelineDeclaration{
		Name: &name, RoleArn: new("arn:aws:iam::123456789012:role/pipeline"),
		ArtifactStore: &types.ArtifactStore{Type: types.ArtifactStoreTypeS3, Location: new("artifacts")},
		Stages: []types.StageDeclaration{
			{Name: new("Source"), Actions: []types.ActionDeclaration{source}},
			{Name: new("Production"), Actions: []types.ActionDeclaration{approval}},
		},
	}}
}

func codepipelineStories() []story {
	create := approvalPipeline("shop")
	short := approvalPipeline("short")
	short.Pipeline.Stages = short.Pipeline.Stages[:1]
	const missing = "PipelineNotFoundException"
	state := ok(&codepipeline.GetPipelineStateInput{Name: new("shop")},
		want("StageStates.#", 2), want("StageStates.0.LatestExecution.Status", "Succeeded"),
		want("StageStates.1.LatestExecution.Status", "InProgress"), save("token", "StageStates.1.ActionStates.0.LatestExecution.Token"),
		save("execution", "StageStates.1.LatestExecution.PipelineExecutionId"))
	answer := func(stage, action, token string, status types.ApprovalStatus) *codepipeline.PutApprovalResultInput {
		return &codepipeline.PutApprovalResultInput{
			PipelineName: new("shop"), StageName: &stage, ActionName: &action, Token: &token,
			Result: &types.ApprovalResult{Status: status, Summary: new("by hand")},
		}
	}
	execution := func(id string) *codepipeline.GetPipelineExecutionInput {
		return &codepipeline.GetPipelineExecutionInput{PipelineName: new("shop"), PipelineExecutionId: &id}
	}
	const madeUp = "00000000-0000-4000-8000-000000000000"
	retry := func(stage, id string) *codepipeline.RetryStageExecutionInput {
		return &codepipeline.RetryStageExecutionInput{
			PipelineName: new("shop"), StageName: &stage, PipelineExecutionId: &id, RetryMode: types.StageRetryModeFailedActions,
		}
	}
	stop := func(pipeline string, abandon bool) *codepipeline.StopPipelineExecutionInput {
		return &codepipeline.StopPipelineExecutionInput{PipelineName: &pipeline, PipelineExecutionId: new("${execution}"), Abandon: abandon}
	}
	return []story{
		{name: "codepipeline/Pipelines", steps: []step{
			ok(create, want("Pipeline.Name", "shop"), want("Pipeline.Version", 1), want("Pipeline.Stages.1.Actions.0.RunOrder", 1)),
			fails("PipelineNameInUseException", create,
				moto("moto_server says InvalidStructureException; AWS: model, CreatePipeline has PipelineNameInUseException")),
			fails("InvalidStructureException", short),
			ok(&codepipeline.GetPipelineInput{Name: new("shop")}, want("Pipeline.Name", "shop"),
				want("Metadata.PipelineArn", "arn:aws:codepipeline:us-east-1:123456789012:shop"),
				moto("moto_server writes times as text; AWS: smithy.io, AWS JSON protocol: a timestamp is a number")),
			fails(missing, &codepipeline.GetPipelineInput{Name: new("none")}),
			ok(&codepipeline.ListPipelinesInput{}, want("Pipelines.#", 1), want("Pipelines.0.Name", "shop"),
				moto("moto_server writes times as text; AWS: smithy.io, AWS JSON protocol: a timestamp is a number")),
			fails("InvalidNextTokenException", &codepipeline.ListPipelinesInput{NextToken: new("made-up")},
				moto("moto_server does not page; AWS: model, ListPipelines has InvalidNextTokenException")),
			ok(&codepipeline.DeletePipelineInput{Name: new("shop")}),
			ok(&codepipeline.DeletePipelineInput{Name: new("shop")}),
			fails("ValidationException", &codepipeline.DeletePipelineInput{Name: new("no spaces")},
				moto("moto_server does not check; AWS: model, PipelineName has a pattern")),
			fails(missing, &codepipeline.GetPipelineInput{Name: new("shop")}),
		}},
		{
			name:    "codepipeline/Approvals",
			notMoto: "moto_server runs no pipelines; AWS: CodePipeline API Reference, PutApprovalResult",
			steps: []step{
				ok(create), state,
				ok(execution("${execution}"), want("PipelineExecution.Status", "InProgress"), want("PipelineExecution.Trigger.TriggerType", "CreatePipeline")),
				fails("PipelineExecutionNotFoundException", execution(madeUp)),
				fails(missing, &codepipeline.GetPipelineStateInput{Name: new("none")}),
				fails("InvalidApprovalTokenException", answer("Production", "Approve", madeUp, types.ApprovalStatusApproved)),
				fails("StageNotFoundException", answer("Staging", "Approve", "${token}", types.ApprovalStatusApproved)),
				fails("ActionNotFoundException", answer("Production", "Ask", "${token}", types.ApprovalStatusApproved)),
				ok(answer("Production", "Approve", "${token}", types.ApprovalStatusApproved)),
				fails("ApprovalAlreadyCompletedException", answer("Production", "Approve", "${token}", types.ApprovalStatusRejected)),
				ok(execution("${execution}"), want("PipelineExecution.Status", "Succeeded")),
				ok(&codepipeline.StartPipelineExecutionInput{Name: new("shop")}, save("second", "PipelineExecutionId")),
				fails(missing, &codepipeline.StartPipelineExecutionInput{Name: new("none")}),
				state,
				ok(answer("Production", "Approve", "${token}", types.ApprovalStatusRejected)),
				ok(execution("${second}"), want("PipelineExecution.Status", "Failed")),
				ok(&codepipeline.ListActionExecutionsInput{PipelineName: new("shop"), Filter: &types.ActionExecutionFilter{PipelineExecutionId: new("${second}")}},
					want("ActionExecutionDetails.#", 2), want("ActionExecutionDetails.0.ActionName", "Approve"), want("ActionExecutionDetails.0.Status", "Failed"),
					want("ActionExecutionDetails.0.Output.ExecutionResult.ExternalExecutionId", "${token}"),
					want("ActionExecutionDetails.1.Output.OutputArtifacts.0.S3location.Bucket", "artifacts")),
				fails(missing, &codepipeline.ListActionExecutionsInput{PipelineName: new("none")}),
			},
		},
		{
			name:    "codepipeline/RetryAndStop",
			notMoto: "moto_server runs no pipelines; AWS: CodePipeline API Reference, RetryStageExecution and StopPipelineExecution",
			steps: []step{
				ok(create), state,
				fails("StageNotRetryableException", retry("Production", "${execution}")),
				fails("StageNotFoundException", retry("Staging", "${execution}")),
				ok(answer("Production", "Approve", "${token}", types.ApprovalStatusRejected)),
				ok(retry("Production", "${execution}"), want("PipelineExecutionId", "${execution}")),
				state,
				fails(missing, stop("none", true)),
				ok(stop("shop", false), want("PipelineExecutionId", "${execution}")),
				ok(execution("${execution}"), want("PipelineExecution.Status", "Stopping")),
				fails("DuplicatedStopRequestException", stop("shop", false)),
				ok(stop("shop", true)),
				ok(execution("${execution}"), want("PipelineExecution.Status", "Stopped")),
				fails("PipelineExecutionNotStoppableException", stop("shop", true)),
				fails("InvalidApprovalTokenException", answer("Production", "Approve", "${token}", types.ApprovalStatusApproved)),
				ok(&codepipeline.StartPipelineExecutionInput{Name: new("shop")}),
				fails("NotLatestPipelineExecutionException", retry("Production", "${execution}")),
			},
		},
		{
			name:    "codepipeline/Jobs",
			notMoto: "moto_server has no jobs; AWS: CodePipeline API Reference, PutJobSuccessResult and PutJobFailureResult",
			steps:   jobSteps(),
		},
		{
			name:    "codepipeline/JobsOfNobody",
			notMoto: "moto_server has no jobs; AWS: CodePipeline API Reference, PutJobSuccessResult and PutJobFailureResult",
			steps: []step{
				fails("JobNotFoundException", &codepipeline.PutJobSuccessResultInput{JobId: new(madeUp)}),
				fails("ValidationException", &codepipeline.PutJobSuccessResultInput{JobId: new("made up")}),
				fails("JobNotFoundException", &codepipeline.PutJobFailureResultInput{JobId: new(madeUp), FailureDetails: &types.FailureDetails{
					Type: types.FailureTypeJobFailed, Message: new("by hand"),
				}}),
				fails("ValidationException", &codepipeline.PutJobFailureResultInput{JobId: new(madeUp), FailureDetails: &types.FailureDetails{
					Type: "Other", Message: new("by hand"),
				}}),
			},
		},
		{
			name:    "codepipeline/Expiry",
			notMoto: "moto_server runs no pipelines; AWS: CodePipeline User Guide, Quotas in AWS CodePipeline: approval timeout",
			steps: []step{
				ok(create), state,
				wait(time.Hour),
				ok(execution("${execution}"), want("PipelineExecution.Status", "Failed")),
				fails("InvalidApprovalTokenException", answer("Production", "Approve", "${token}", types.ApprovalStatusApproved)),
			},
		},
	}
}

// jobSteps answer the jobs of an action that invokes a function.
func jobSteps() []step {
	create := approvalPipeline("shop")
	invoke := action("Invoke", types.ActionCategoryInvoke, "Lambda")
	invoke.Configuration = map[string]string{"FunctionName": "worker"}
	create.Pipeline.Stages[1].Actions = []types.ActionDeclaration{invoke}
	receive := func(name string) step {
		return ok(receiveForGood("${url}"), want("Messages.#", 1), save(name, "Messages.0.Body"))
	}
	state := func(wants ...option) step {
		wants = append(wants, save("execution", "StageStates.1.LatestExecution.PipelineExecutionId"))
		return ok(&codepipeline.GetPipelineStateInput{Name: new("shop")}, wants...)
	}
	latest := "StageStates.1.ActionStates.0.LatestExecution."
	return []step{
		createQueue("jobs"),
		ok(&iam.CreateRoleInput{RoleName: new("pipeline"), AssumeRolePolicyDocument: new(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["codepipeline.amazonaws.com","lambda.amazonaws.com"]},"Action":"sts:AssumeRole"}]}`)}),
		ok(&iam.PutRolePolicyInput{RoleName: new("pipeline"), PolicyName: new("invoke"), PolicyDocument: new(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"*"}]}`)}),
		ok(&lambda.CreateFunctionInput{
			FunctionName: new("worker"), Role: new("arn:aws:iam::123456789012:role/pipeline"), Runtime: lambdatypes.RuntimeProvidedal2023,
			Handler: new("bootstrap"), Code: &lambdatypes.FunctionCode{ZipFile: deploymentPackage()},
		}),
		ok(create), wait(time.Second), receive("first"),
		ok(&codepipeline.PutJobSuccessResultInput{
			JobId: new("${first}"), ContinuationToken: new("t"), ExecutionDetails: &types.ExecutionDetails{Summary: new("half"), PercentComplete: new(int32(50))},
		}),
		state(want(latest+"Status", "InProgress"), want(latest+"Summary", "half"), want(latest+"PercentComplete", 50)),
		fails("InvalidJobStateException", &codepipeline.PutJobSuccessResultInput{JobId: new("${first}")}),
		wait(time.Minute), receive("second"),
		ok(&codepipeline.PutJobFailureResultInput{JobId: new("${second}"), FailureDetails: &types.FailureDetails{
			Type: types.FailureTypeConfigurationError, Message: new("by hand"),
		}}),
		state(want(latest+"Status", "Failed"), want(latest+"ErrorDetails.Code", "ConfigurationError"), want(latest+"ErrorDetails.Message", "by hand")),
		fails("InvalidJobStateException", &codepipeline.PutJobFailureResultInput{JobId: new("${second}"), FailureDetails: &types.FailureDetails{
			Type: types.FailureTypeJobFailed, Message: new("again"),
		}}),
		ok(&codepipeline.RetryStageExecutionInput{
			PipelineName: new("shop"), StageName: new("Production"), PipelineExecutionId: new("${execution}"), RetryMode: types.StageRetryModeAllActions,
		}),
		wait(time.Second), receive("third"),
		ok(&codepipeline.PutJobSuccessResultInput{JobId: new("${third}")}),
		state(want(latest+"Status", "Succeeded")),
	}
}
