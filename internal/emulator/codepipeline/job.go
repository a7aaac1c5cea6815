package codepipeline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"

	"github.com/sluice-deploy/sluice/internal/emulator/keep"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// How long an action waits for its function. A function that says that it is not done
// yet is asked again with a new job, and each of its answers starts the short time
// anew.
// AWS: CodePipeline User Guide, Quotas in AWS CodePipeline.
const (
	jobTimeout      = 20 * time.Minute
	functionTimeout = 24 * time.Hour
	// askAgain is how long after such an answer the function is invoked again. What
	// AWS takes is not documented; this is ours.
	askAgain = 30 * time.Second
)

// job is one question of an action to its function.
type job struct {
	id       string
	action   *actionExecution
	answered bool
}

// call begins an action that invokes a function.
func (s *Service) call(a *actionExecution) {
	// What AWS says then is not documented.
	a.expiry = s.loop.DueIn(functionTimeout, over{s, a, Result{Failed: true, ErrorCode: "JobFailed", ErrorMessage: "The action did not succeed within 24 hours."}})
	s.give(a, "")
}

// give asks the action's function with a new job. A function that cannot be invoked
// fails the action, in words of ours; one that fails does not.
func (s *Service) give(a *actionExecution, continuation string) {
	if a.status != types.ActionExecutionStatusInProgress {
		return
	}
	a.job = &job{id: s.loop.UUID(), action: a}
	s.jobs[a.job.id] = a.job
	function := a.configuration["FunctionName"]
	payload, err := s.event(a, continuation)
	if err == nil {
		err = s.deps.Invoke(s.roleOf(a), function, payload)
	}
	if err != nil {
		s.end(a, Result{Failed: true, ErrorCode: "ConfigurationError", ErrorMessage: fmt.Sprintf("The AWS Lambda function %s could not be invoked: %v", function, err)})
		return
	}
	// The message is AWS's; its code is not documented.
	a.silence = s.loop.DueIn(jobTimeout, over{s, a, Result{
		Failed: true, ErrorCode: "JobFailed",
		ErrorMessage: "The AWS Lambda function " + function + " failed to return a result. Check the function to verify that it has " +
			"permission to call the PutJobSuccessResult action and that it made a call to PutJobSuccessResult.",
	}})
}

// over is the end of an action that has waited too long, and asked the time at which a
// function is asked again.
type (
	over struct {
		service *Service
		action  *actionExecution
		result  Result
	}
	asked struct {
		service      *Service
		action       *actionExecution
		continuation string
	}
)

var (
	_ = keep.Type[over]()
	_ = keep.Type[asked]()
)

// Happen implements loop.Event.
func (o over) Happen() {
	o.result.ExternalID = o.action.result.ExternalID
	o.service.end(o.action, o.result)
}

// Happen implements loop.Event.
func (a asked) Happen() { a.service.give(a.action, a.continuation) }

// Resume ends the actions whose work others did when the cloud was stopped. It must be
// called on the loop.
func (s *Service) Resume() error {
	for _, name := range slices.Sorted(maps.Keys(s.pipelines)) {
		for _, e := range s.pipelines[name].executions {
			for _, a := range e.actions {
				if a.handed && a.status == types.ActionExecutionStatusInProgress {
					s.loop.Post(func() {
						s.end(a, Result{Failed: true, ErrorCode: "JobFailed", ErrorMessage: "The local cloud was stopped while the action ran."})
					})
				}
			}
		}
	}
	return nil
}

// roleOf is the role that an action is done with.
func (s *Service) roleOf(a *actionExecution) string {
	if a.declared.RoleArn != nil {
		return *a.declared.RoleArn
	}
	return *a.execution.pipeline.declared.RoleArn
}

// jobEvent is what a function is invoked with.
// AWS: CodePipeline User Guide, Invoke an AWS Lambda function in a pipeline, Example
// JSON event; Lambda Developer Guide, Using AWS Lambda with AWS CodePipeline.
type jobEvent struct {
	Job struct {
		ID      string  `json:"id"`
		Account string  `json:"accountId"`
		Data    jobData `json:"data"`
	} `json:"CodePipeline.job"`
}

type jobData struct {
	Action       jobAction      `json:"actionConfiguration"`
	Inputs       []jobArtifact  `json:"inputArtifacts"`
	Outputs      []jobArtifact  `json:"outputArtifacts"`
	Credentials  jobCredentials `json:"artifactCredentials"`
	Continuation string         `json:"continuationToken,omitempty"`
	Key          *jobKey        `json:"encryptionKey,omitempty"`
}

type jobAction struct {
	Configuration map[string]string `json:"configuration"`
}

type jobArtifact struct {
	Location struct {
		S3 struct {
			Bucket string `json:"bucketName"`
			Key    string `json:"objectKey"`
		} `json:"s3Location"`
		Type types.ArtifactLocationType `json:"type"`
	} `json:"location"`
	Revision *string `json:"revision"`
	Name     string  `json:"name"`
}

type jobCredentials struct {
	AccessKeyID     string `json:"accessKeyId"`
	SecretAccessKey string `json:"secretAccessKey"`
	SessionToken    string `json:"sessionToken"`
	Expires         int64  `json:"expirationTime"` // Unix milliseconds
}

type jobKey struct {
	ID   string                  `json:"id"`
	Type types.EncryptionKeyType `json:"type"`
}

func (s *Service) event(a *actionExecution, continuation string) ([]byte, error) {
	credentials, err := s.deps.Credentials(s.roleOf(a))
	if err != nil {
		return nil, err
	}
	var e jobEvent
	e.Job.ID, e.Job.Account = a.job.id, s.account
	e.Job.Data = jobData{
		Action: jobAction{a.configuration}, Inputs: []jobArtifact{}, Outputs: []jobArtifact{}, Continuation: continuation,
		Credentials: jobCredentials{
			credentials.AccessKeyID, credentials.SecretAccessKey, credentials.SessionToken, credentials.Expires.UnixMilli(),
		},
	}
	for _, artifact := range s.inputsOf(a) {
		e.Job.Data.Inputs = append(e.Job.Data.Inputs, newJobArtifact(artifact, a.execution.artifacts[artifact.Name].revision))
	}
	for _, artifact := range s.outputsOf(a) {
		e.Job.Data.Outputs = append(e.Job.Data.Outputs, newJobArtifact(artifact, ""))
	}
	if key := s.store(a.execution.pipeline).EncryptionKey; key != nil {
		e.Job.Data.Key = &jobKey{*key.Id, key.Type}
	}
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		return nil, fmt.Errorf("encode job %s: %w", a.job.id, err)
	}
	return bytes.TrimSpace(body.Bytes()), nil
}

func newJobArtifact(a Artifact, revision string) jobArtifact {
	j := jobArtifact{Name: a.Name, Revision: text(revision)}
	j.Location.S3.Bucket, j.Location.S3.Key, j.Location.Type = a.Bucket, a.Key, types.ArtifactLocationTypeS3
	return j
}

// findJob finds a job that waits for an answer. An answer to one that has one, or
// whose action is over, is refused. The messages are ours.
func (s *Service) findJob(id string) (*job, error) {
	j := s.jobs[id]
	switch {
	case j == nil:
		return nil, &types.JobNotFoundException{Message: aws.String("Job " + id + " does not exist")}
	case j.answered:
		return nil, &types.InvalidJobStateException{Message: aws.String("Job " + id + " has been answered already")}
	case j.action.status != types.ActionExecutionStatusInProgress:
		return nil, &types.InvalidJobStateException{
			Message: aws.String(fmt.Sprintf("Job %s cannot be updated: its action is %s", id, j.action.status)),
		}
	}
	return j, nil
}

// putJobSuccessResult ends a job well. With a continuation token the action goes on:
// its function is invoked again, with the token, for a new job.
// AWS: CodePipeline API Reference, PutJobSuccessResult.
func (s *Service) putJobSuccessResult(_ *wire.Call, in *codepipeline.PutJobSuccessResultInput) (*codepipeline.PutJobSuccessResultOutput, error) {
	if in.CurrentRevision != nil {
		return nil, notEmulated("PutJobSuccessResult with currentRevision")
	}
	if in.ContinuationToken != nil && len(in.OutputVariables) > 0 {
		return nil, wire.Errorf("ValidationException", "Output variables cannot be given together with a continuation token")
	}
	j, err := s.findJob(*in.JobId)
	if err != nil {
		return nil, err
	}
	a := j.action
	j.answered = true
	result := Result{Variables: in.OutputVariables}
	if d := in.ExecutionDetails; d != nil {
		result.Summary, result.ExternalID, a.percent = aws.ToString(d.Summary), aws.ToString(d.ExternalExecutionId), d.PercentComplete
	}
	if in.ContinuationToken == nil {
		s.end(a, result)
		return &codepipeline.PutJobSuccessResultOutput{}, nil
	}
	a.result, a.changed = result, s.loop.Now()
	a.silence.Stop()
	s.loop.DueIn(askAgain, asked{s, a, *in.ContinuationToken})
	return &codepipeline.PutJobSuccessResultOutput{}, nil
}

// putJobFailureResult ends a job, and with it its action, as failed.
// AWS: CodePipeline API Reference, PutJobFailureResult.
func (s *Service) putJobFailureResult(_ *wire.Call, in *codepipeline.PutJobFailureResultInput) (*codepipeline.PutJobFailureResultOutput, error) {
	j, err := s.findJob(*in.JobId)
	if err != nil {
		return nil, err
	}
	j.answered = true
	s.end(j.action, Result{
		Failed: true, ErrorCode: string(in.FailureDetails.Type), ErrorMessage: *in.FailureDetails.Message,
		ExternalID: aws.ToString(in.FailureDetails.ExternalExecutionId),
	})
	return &codepipeline.PutJobFailureResultOutput{}, nil
}
