package codepipeline

import (
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"
)

// The details of CodePipeline's events.
// AWS: CodePipeline User Guide, Monitoring CodePipeline events.
type pipelineChange struct {
	Pipeline  string  `json:"pipeline"`
	Execution string  `json:"execution-id"`
	Started   string  `json:"start-time"`
	Trigger   trigger `json:"execution-trigger"`
	State     string  `json:"state"`
	Version   decimal `json:"version"`
	Attempt   decimal `json:"pipeline-execution-attempt"`
}

type trigger struct {
	Type   types.TriggerType `json:"trigger-type"`
	Detail string            `json:"trigger-detail"`
}

type stageChange struct {
	Pipeline  string  `json:"pipeline"`
	Version   decimal `json:"version"`
	Execution string  `json:"execution-id"`
	Started   string  `json:"start-time"`
	Stage     string  `json:"stage"`
	State     string  `json:"state"`
	Attempt   decimal `json:"pipeline-execution-attempt"`
	Retried   string  `json:"stage-last-retry-attempt-time,omitempty"`
}

type actionChange struct {
	Pipeline  string     `json:"pipeline"`
	Execution string     `json:"execution-id"`
	Started   string     `json:"start-time"`
	Stage     string     `json:"stage"`
	Result    *result    `json:"execution-result,omitempty"`
	Inputs    []artifact `json:"input-artifacts,omitempty"`
	Outputs   []artifact `json:"output-artifacts,omitempty"`
	ID        string     `json:"action-execution-id"`
	Action    string     `json:"action"`
	State     string     `json:"state"`
	Region    string     `json:"region"`
	Type      actionType `json:"type"`
	Version   decimal    `json:"version"`
	Attempt   decimal    `json:"pipeline-execution-attempt"`
}

type result struct {
	URL       string `json:"external-execution-url,omitempty"`
	Summary   string `json:"external-execution-summary,omitempty"`
	ID        string `json:"external-execution-id,omitempty"`
	ErrorCode string `json:"error-code,omitempty"`
}

type artifact struct {
	Name     string   `json:"name"`
	Location location `json:"s3location"`
}

type location struct {
	Bucket string `json:"bucket"`
	Key    string `json:"key"`
}

type actionType struct {
	Owner    types.ActionOwner    `json:"owner"`
	Provider string               `json:"provider"`
	Category types.ActionCategory `json:"category"`
	Version  string               `json:"version"`
}

// decimal is a number as CodePipeline's events write it: 3.0.
type decimal float64

// MarshalJSON writes one digit after the point.
func (d decimal) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(d), 'f', 1, 64), nil
}

// clock is a time as CodePipeline's events write it.
func clock(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func (s *Service) emit(p *pipeline, kind string, detail any) {
	if s.deps.Emit != nil {
		s.deps.Emit("aws.codepipeline", "CodePipeline "+kind+" Execution State Change", []string{p.arn}, detail)
	}
}

func (s *Service) tellPipeline(e *execution, state string) {
	s.emit(e.pipeline, "Pipeline", pipelineChange{
		Pipeline: *e.pipeline.declared.Name, Execution: e.id, Started: clock(e.started),
		Trigger: trigger{e.trigger.TriggerType, aws.ToString(e.trigger.TriggerDetail)}, State: state,
		Version: decimal(*e.pipeline.declared.Version), Attempt: decimal(e.attempt),
	})
}

func (s *Service) tellStage(e *execution, st *stage, state string) {
	s.emit(e.pipeline, "Stage", stageChange{
		Pipeline: *e.pipeline.declared.Name, Version: decimal(*e.pipeline.declared.Version), Execution: e.id,
		Started: clock(e.started), Stage: *st.declared.Name, State: state, Attempt: decimal(e.attempt), Retried: st.retriedAt(e),
	})
}

// tellAction tells of an action's change. An approval's token is not in it.
func (s *Service) tellAction(a *actionExecution, state string) {
	p, t := a.execution.pipeline, a.declared.ActionTypeId
	change := actionChange{
		Pipeline: *p.declared.Name, Execution: a.execution.id, Started: clock(a.execution.started), Stage: *a.stage.declared.Name,
		Inputs: s.places(a, inputs(a)), Outputs: s.places(a, outputs(a)),
		ID: a.id, Action: *a.declared.Name, State: state, Region: s.region,
		Type:    actionType{Owner: t.Owner, Provider: *t.Provider, Category: t.Category, Version: *t.Version},
		Version: decimal(*p.declared.Version), Attempt: decimal(a.execution.attempt),
	}
	r := result{URL: a.result.ExternalURL, Summary: a.result.Summary, ID: a.result.ExternalID, ErrorCode: a.result.ErrorCode}
	if r.Summary == "" {
		r.Summary = a.result.ErrorMessage
	}
	if r != (result{}) {
		change.Result = &r
	}
	s.emit(p, "Action", change)
}
