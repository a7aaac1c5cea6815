package codepipeline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// approvalTimeout is how long an approval waits if it does not say (AWS:
// CodePipeline User Guide, Quotas in AWS CodePipeline).
const approvalTimeout = 7 * 24 * time.Hour

// ask opens an approval and tells its topic. Without an answer in time, or if the
// topic cannot be told, the action fails.
func (s *Service) ask(a *actionExecution) {
	timeout := approvalTimeout
	if minutes := a.declared.TimeoutInMinutes; minutes != nil {
		timeout = time.Duration(*minutes) * time.Minute
	}
	a.token = s.loop.UUID()
	expires := s.loop.Now().Add(timeout)
	// What AWS says of an approval that nobody answered is not documented.
	a.expiry = s.loop.Due(expires, over{s, a, Result{Failed: true, ErrorMessage: "The approval was not answered in time."}})
	topic := a.declared.Configuration["NotificationArn"]
	if topic == "" {
		return
	}
	if err := s.notify(topic, a, expires); err != nil {
		s.end(a, Result{Failed: true, ErrorCode: "ConfigurationError", ErrorMessage: fmt.Sprintf("notify topic %s: %v", topic, err)})
	}
}

// notification is what an approval's topic is told.
// AWS: CodePipeline User Guide, JSON data format for manual approval notifications.
type notification struct {
	Region      string           `json:"region"`
	ConsoleLink string           `json:"consoleLink"`
	Approval    notifiedApproval `json:"approval"`
}

type notifiedApproval struct {
	Pipeline     string `json:"pipelineName"`
	Stage        string `json:"stageName"`
	Action       string `json:"actionName"`
	Token        string `json:"token"`
	Expires      string `json:"expires"` // without seconds
	ExternalLink string `json:"externalEntityLink,omitempty"`
	ReviewLink   string `json:"approvalReviewLink"`
	CustomData   string `json:"customData,omitempty"`
}

func (s *Service) notify(topic string, a *actionExecution, expires time.Time) error {
	if s.deps.Publish == nil {
		return errors.New("there is no SNS")
	}
	pipeline, stage, action := *a.execution.pipeline.declared.Name, *a.stage.declared.Name, *a.declared.Name
	console := "https://console.aws.amazon.com/codepipeline/home?region=" + s.region + "#/view/" + pipeline
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	err := enc.Encode(notification{Region: s.region, ConsoleLink: console, Approval: notifiedApproval{
		Pipeline: pipeline, Stage: stage, Action: action, Token: a.token, Expires: expires.UTC().Format("2006-01-02T15:04Z"),
		ExternalLink: a.declared.Configuration["ExternalEntityLink"], CustomData: a.declared.Configuration["CustomData"],
		ReviewLink: console + "/" + stage + "/" + action + "/approve/" + a.token,
	}})
	if err != nil {
		return fmt.Errorf("encode the notification: %w", err)
	}
	subject := "APPROVAL NEEDED: AWS CodePipeline " + pipeline + " for action " + action
	const longest = 100 // of a subject in SNS
	return s.deps.Publish(*a.execution.pipeline.declared.RoleArn, topic, subject[:min(len(subject), longest)], string(bytes.TrimSpace(body.Bytes())))
}

// putApprovalResult answers an approval.
// AWS: CodePipeline API Reference, PutApprovalResult.
func (s *Service) putApprovalResult(c *wire.Call, in *codepipeline.PutApprovalResultInput) (*codepipeline.PutApprovalResultOutput, error) {
	a, err := s.findApproval(in)
	if err != nil {
		return nil, err
	}
	a.by = s.caller(c)
	// The answer is recorded before the pipeline goes on.
	now := s.loop.Now()
	s.end(a, Result{Failed: in.Result.Status == types.ApprovalStatusRejected, Summary: *in.Result.Summary})
	return &codepipeline.PutApprovalResultOutput{ApprovedAt: &now}, nil
}

// findApproval finds the open approval of a token.
func (s *Service) findApproval(in *codepipeline.PutApprovalResultInput) (*actionExecution, error) {
	p, err := s.find(*in.PipelineName)
	if err != nil {
		return nil, err
	}
	st, err := p.findStage(*in.StageName)
	if err != nil {
		return nil, err
	}
	isDeclared := false
	for _, declared := range st.declared.Actions {
		isDeclared = isDeclared || *declared.Name == *in.ActionName
	}
	if !isDeclared {
		return nil, &types.ActionNotFoundException{Message: aws.String("Stage '" + *in.StageName + "' does not have an action with name '" + *in.ActionName + "'")}
	}
	for _, e := range p.executions {
		for _, a := range e.actions {
			if a.stage != st || *a.declared.Name != *in.ActionName || a.token != *in.Token {
				continue
			}
			return a, a.answerable()
		}
	}
	return nil, badToken()
}

// answerable refuses a second answer, and one that comes after the approval failed
// by itself.
func (a *actionExecution) answerable() error {
	switch {
	case a.by != "":
		return &types.ApprovalAlreadyCompletedException{Message: aws.String("The approval action has already been approved or rejected.")}
	case a.status != types.ActionExecutionStatusInProgress:
		return badToken()
	}
	return nil
}

func badToken() error {
	return &types.InvalidApprovalTokenException{Message: aws.String("The approval request already received a response or has expired.")}
}
