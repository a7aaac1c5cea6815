package handler_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/sluice-deploy/sluice/internal/app"
	"github.com/sluice-deploy/sluice/internal/approvals"
	"github.com/sluice-deploy/sluice/internal/handler"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

const carl = "arn:aws:iam::" + account + ":user/carl"

// as is a function's handler that calls with the function's own credentials: only
// those may write to the bus for decisions.
func (w *world) as(function string) handler.Func {
	w.tb.Helper()
	wired, err := app.New(app.World{
		AWS: w.Config(w.Lambda.AccessKey("sluice-" + function)), HTTP: w.Web.Client(0), Now: w.Now, Log: slog.New(slog.NewTextHandler(w.log, nil)),
	}, w.Settings)
	if err != nil {
		w.tb.Fatal(err)
	}
	return wired.Handlers()[function]
}

// request is what a Function URL brings.
func request(method, path, body string) events.LambdaFunctionURLRequest {
	r := events.LambdaFunctionURLRequest{RawPath: path, Headers: map[string]string{}, Body: body}
	r.RequestContext.RequestID = "5d41402a-bc4b-4a76-b971-9d911017c592"
	r.RequestContext.HTTP.Method, r.RequestContext.HTTP.Path = method, path
	return r
}

// by is the request as AWS says that somebody has sent it.
func by(r events.LambdaFunctionURLRequest, arn string) events.LambdaFunctionURLRequest {
	r.RequestContext.Authorizer = &events.LambdaFunctionURLRequestContextAuthorizerDescription{
		IAM: &events.LambdaFunctionURLRequestContextAuthorizerIAMDescription{UserARN: arn},
	}
	return r
}

// sign gives the request the signature that Slack would.
func (w *world) sign(r events.LambdaFunctionURLRequest) events.LambdaFunctionURLRequest {
	headers := map[string]string{}
	for name, values := range w.Slack.Sign([]byte(r.Body), w.Now()) {
		headers[strings.ToLower(name)] = values[0]
	}
	r.Headers = headers
	return r
}

// serve has a function answer a request.
func (w *world) serve(f handler.Func, r events.LambdaFunctionURLRequest) events.LambdaFunctionURLResponse {
	w.tb.Helper()
	out, err := f.Invoke(w.tb.Context(), w.json(r))
	if err != nil {
		w.tb.Fatal(err)
	}
	var answer events.LambdaFunctionURLResponse
	if err := json.Unmarshal(out, &answer); err != nil {
		w.tb.Fatal(err)
	}
	return answer
}

// put is the decisions that came to the bus so far.
func (w *world) put() []approvals.Decision {
	w.tb.Helper()
	var all []approvals.Decision
	w.Do(func() {
		for _, e := range w.EventBridge.Recent() {
			if e.Source != approvals.Source {
				continue
			}
			var d approvals.Decision
			if err := json.Unmarshal(e.Detail, &d); err != nil {
				w.tb.Errorf("decision %s: %v", e.Detail, err)
			}
			all = append(all, d)
		}
	})
	return all
}

// ask makes an open question that carl may answer, in place of any before, and gives
// its ID.
func (w *world) ask() string {
	w.tb.Helper()
	const id = store.ApprovalPrefix + "0d5f3a2b7c1e9f8464b2a1c0"
	w.forget(id)
	_, _, err := w.Steps.Store.PutApproval(w.tb.Context(), store.Approval{
		ID: id, Place: store.Place{App: "shop"}, Hash: "4711", At: w.Now(),
		Rule:     rollout.Approval{Approvers: []string{carl}, Quorum: 1},
		Pipeline: &store.PipelineAction{Pipeline: "gone", Stage: "Production", Action: "Approve", Execution: "1", Token: "1d2f4a6b-0c3e-4f5a-8b7c-9d0e1f2a3b4c", Region: "us-east-1"},
	})
	if err != nil {
		w.tb.Fatal(err)
	}
	return id
}

// forget takes a question out of the table.
func (w *world) forget(id string) {
	w.tb.Helper()
	_, err := w.aws.DynamoDB.DeleteItem(w.tb.Context(), &dynamodb.DeleteItemInput{TableName: &w.Settings.Table, Key: map[string]ddbtypes.AttributeValue{
		"pk": &ddbtypes.AttributeValueMemberS{Value: "approval#" + id}, "sk": &ddbtypes.AttributeValueMemberS{Value: "approval"},
	}})
	if err != nil {
		w.tb.Fatal(err)
	}
}

// decided is the event of carl's answer to a question.
func decided(question string) fields {
	return event(approvals.Source, approvals.DetailType, fields{
		"id": "1", "action": "approve", "subject": question, "at": "2026-03-01T11:59:00Z",
		"person": fields{"way": "iam", "id": carl, "name": "carl"},
	})
}

// pipe makes a pipeline that waits for an approval, named by an app of its own, and
// gives the event that says so and the ID of the question that it leads to.
func (w *world) pipe() (started fields, question string) {
	w.tb.Helper()
	err := w.Steps.Register(w.tb.Context(), rollout.Spec{App: "infra", Containers: map[string]string{"web": registry + "/shop"}, Pipelines: []rollout.Pipeline{
		{Name: "infra", Approval: rollout.Approval{Approvers: []string{carl}, Quorum: 1}},
	}})
	if err != nil {
		w.tb.Fatal(err)
	}
	client := codepipeline.NewFromConfig(w.Config("AKIAPERSON"))
	act := func(name, provider string, category types.ActionCategory) types.ActionDeclaration {
		return types.ActionDeclaration{Name: &name, ActionTypeId: &types.ActionTypeId{
			Category: category, Owner: types.ActionOwnerAws, Provider: &provider, Version: aws.String("1"),
		}}
	}
	source := act("Fetch", "S3", types.ActionCategorySource)
	source.OutputArtifacts = []types.OutputArtifact{{Name: aws.String("SourceCode")}}
	_, err = client.CreatePipeline(w.tb.Context(), &codepipeline.CreatePipelineInput{Pipeline: &types.PipelineDeclaration{
		Name: aws.String("infra"), RoleArn: aws.String("arn:aws:iam::" + account + ":role/pipeline"),
		ArtifactStore: &types.ArtifactStore{Type: types.ArtifactStoreTypeS3, Location: aws.String("artifacts")},
		Stages: []types.StageDeclaration{
			{Name: aws.String("Source"), Actions: []types.ActionDeclaration{source}},
			{Name: aws.String("Production"), Actions: []types.ActionDeclaration{act("Approve", "Manual", types.ActionCategoryApproval)}},
		},
	}})
	if err != nil {
		w.tb.Fatal(err)
	}
	out, err := client.GetPipelineState(w.tb.Context(), &codepipeline.GetPipelineStateInput{Name: aws.String("infra")})
	if err != nil {
		w.tb.Fatal(err)
	}
	execution := aws.ToString(out.StageStates[1].ActionStates[0].LatestExecution.ActionExecutionId)
	return actionEvent(execution, "STARTED"), store.Binding{Rollout: execution, Step: rollout.BeforeAll, Hash: "infra"}.ID()
}

func actionEvent(execution, state string) fields {
	return event("aws.codepipeline", "CodePipeline Action Execution State Change", fields{
		"pipeline": "infra", "stage": "Production", "action": "Approve", "action-execution-id": execution, "state": state,
		"region": "us-east-1", "type": fields{"owner": "AWS", "provider": "Manual", "category": "Approval", "version": "1"},
	})
}

// interaction is what Slack posts when a button is pressed.
func interaction(action, value string) string {
	return "payload=" + fmt.Sprintf(`{"type":"block_actions","user":{"id":"U1","username":"ada"},"trigger_id":"1.2.3",`+
		`"channel":{"id":"C1","name":"deploys"},"message":{"ts":"1.2"},"container":{"channel_id":"C1","message_ts":"1.2"},`+
		`"actions":[{"type":"button","action_id":%q,"block_id":"b","value":%q}]}`, action, value)
}
