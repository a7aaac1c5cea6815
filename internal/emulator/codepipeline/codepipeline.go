// Package codepipeline emulates AWS CodePipeline as far as manual approvals and
// Lambda functions need it: pipelines that run their stages in order, in SUPERSEDED
// mode, actions that wait for a person, and actions that wait for a function's word.
// What the other actions do is not emulated: they succeed at once, or as Deps.Action
// says.
package codepipeline

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Deps are what CodePipeline reaches out to. All are called on the loop.
type Deps struct {
	// Emit puts an AWS service's event on the default bus; nil drops it.
	Emit func(source, detailType string, resources []string, detail any)
	// Publish tells a topic, as the pipeline's role, of an approval that waits. Needed
	// by approvals that have a topic.
	Publish func(roleARN, topicARN, subject, message string) error
	// Invoke has a function run later with the payload, as the role; an error says why
	// it cannot be. Credentials are a session of the role. Both are needed by actions
	// that invoke functions.
	Invoke      func(roleARN, function string, payload []byte) error
	Credentials func(roleARN string) (Credentials, error)
	// Action does the work of every other action and calls done on the loop, once.
	// With nil every such action succeeds at once.
	Action func(a Action, done func(Result))
	// Caller is the ARN of whoever has an access key. Nil is an IAM user of the
	// account named after the key.
	Caller func(accessKey string) string
}

// Action is an action that runs.
type Action struct {
	Pipeline    string
	Stage       string
	Name        string
	Execution   string // the pipeline's
	ExecutionID string // the action's
	Role        string // ARN of the role that it is done with
	Type        types.ActionTypeId
	// Configuration is what the pipeline declares for it, its variables resolved.
	Configuration map[string]string
	// Inputs are the artifacts that it works on, and Outputs where it is to leave its
	// own.
	Inputs, Outputs []Artifact
}

// Artifact is an object in the pipeline's bucket.
type Artifact struct{ Name, Bucket, Key string }

// Credentials are a session of a role.
type Credentials struct {
	AccessKeyID, SecretAccessKey, SessionToken string
	Expires                                    time.Time
}

// Result is how an action ended. The zero value is success.
type Result struct {
	// Failed says that it failed, with the code and the message that CodePipeline
	// shows.
	Failed       bool
	ErrorCode    string
	ErrorMessage string

	ExternalID  string // of the work in the service that did it
	ExternalURL string
	Summary     string

	// Variables are the output variables of the action, and Revision is that of its
	// artifacts, where it is a source.
	Variables map[string]string
	Revision  string
}

// Service is CodePipeline in one account and Region.
type Service struct {
	loop      *loop.Loop
	account   string
	region    string
	deps      Deps `keep:"-"`
	pipelines map[string]*pipeline
	jobs      map[string]*job
}

// New gives CodePipeline without pipelines.
func New(l *loop.Loop, account, region string, deps Deps) *Service {
	return &Service{loop: l, account: account, region: region, deps: deps, pipelines: map[string]*pipeline{}, jobs: map[string]*job{}}
}

// Wire is the operations that are emulated.
func (s *Service) Wire() *wire.Service {
	return wire.NewService("codepipeline",
		wire.Op("CreatePipeline", s.createPipeline),
		wire.Op("DeletePipeline", s.deletePipeline),
		wire.Op("GetPipeline", s.getPipeline),
		wire.Op("GetPipelineExecution", s.getPipelineExecution),
		wire.Op("GetPipelineState", s.getPipelineState),
		wire.Op("ListActionExecutions", s.listActionExecutions),
		wire.Op("ListPipelines", s.listPipelines),
		wire.Op("PutApprovalResult", s.putApprovalResult),
		wire.Op("PutJobFailureResult", s.putJobFailureResult),
		wire.Op("PutJobSuccessResult", s.putJobSuccessResult),
		wire.Op("RetryStageExecution", s.retryStageExecution),
		wire.Op("StartPipelineExecution", s.startPipelineExecution),
		wire.Op("StopPipelineExecution", s.stopPipelineExecution),
	)
}

// pipeline is a pipeline with what it runs.
type pipeline struct {
	declared   types.PipelineDeclaration
	arn        string
	created    time.Time
	stages     []*stage
	executions []*execution          // in the order in which they were started
	tokens     map[string]*execution // by the client's request token
}

func (s *Service) find(name string) (*pipeline, error) {
	p := s.pipelines[name]
	if p == nil {
		return nil, &types.PipelineNotFoundException{
			Message: aws.String("Account '" + s.account + "' does not have a pipeline with name '" + name + "'"),
		}
	}
	return p, nil
}

func (p *pipeline) findStage(name string) (*stage, error) {
	for _, st := range p.stages {
		if *st.declared.Name == name {
			return st, nil
		}
	}
	return nil, &types.StageNotFoundException{Message: aws.String("Pipeline '" + *p.declared.Name + "' does not have a stage with name '" + name + "'")}
}

// caller is the ARN of who made a call.
func (s *Service) caller(c *wire.Call) string {
	if s.deps.Caller != nil {
		return s.deps.Caller(c.AccessKey)
	}
	return partition.IAM(s.region, s.account, "user/"+c.AccessKey)
}

// notEmulated refuses, by name, what AWS would accept.
func notEmulated(what string) error {
	return wire.Errorf("ValidationException", "%s is not emulated", what)
}

// page is the part of a list from the token on, and the token of the next part.
func page[T any](all []T, id func(T) string, token *string, limit int) ([]T, *string, error) {
	if token != nil {
		from := 0
		for from < len(all) && id(all[from]) != *token {
			from++
		}
		if from == len(all) {
			return nil, nil, wire.Errorf("InvalidNextTokenException", "The next token %s was specified in an invalid format.", *token)
		}
		all = all[from:]
	}
	if len(all) > limit {
		return all[:limit], aws.String(id(all[limit])), nil
	}
	return all, nil, nil
}
