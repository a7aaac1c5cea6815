package codepipeline

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// stage is a stage of a pipeline. It holds one execution at a time, and at most one
// waits to enter it.
// AWS: CodePipeline User Guide, How pipeline executions work, How executions are
// processed in SUPERSEDED mode.
type stage struct {
	pipeline *pipeline
	declared types.StageDeclaration
	index    int

	running *execution
	waiting *execution
	last    *execution // that entered
	status  types.StageExecutionStatus
	latest  map[string]*actionExecution // by the action's name
}

// execution is one run of a pipeline.
type execution struct {
	id         string
	pipeline   *pipeline
	trigger    types.ExecutionTrigger
	started    time.Time
	status     types.PipelineExecutionStatus
	supersedes string            // why it ended, if a newer one took its place
	artifacts  map[string]string // the keys of what actions gave, by name
	actions    []*actionExecution
}

// actionExecution is one run of an action.
type actionExecution struct {
	id        string
	execution *execution
	stage     *stage
	declared  types.ActionDeclaration
	started   time.Time
	changed   time.Time
	status    types.ActionExecutionStatus
	result    Result
	by        string // who decided an approval

	token  string // of an approval
	expiry *loop.Timer
}

// startPipelineExecution starts a run; the same token starts only one.
// AWS: CodePipeline API Reference, StartPipelineExecution.
func (s *Service) startPipelineExecution(c *wire.Call, in *codepipeline.StartPipelineExecutionInput) (*codepipeline.StartPipelineExecutionOutput, error) {
	p, err := s.find(*in.Name)
	switch {
	case err != nil:
		return nil, err
	case len(in.SourceRevisions) > 0:
		return nil, notEmulated("StartPipelineExecution with sourceRevisions")
	case len(in.Variables) > 0:
		return nil, notEmulated("StartPipelineExecution with variables")
	}
	token := aws.ToString(in.ClientRequestToken)
	if e := p.tokens[token]; e != nil {
		return &codepipeline.StartPipelineExecutionOutput{PipelineExecutionId: &e.id}, nil
	}
	e := s.start(p, types.ExecutionTrigger{TriggerType: types.TriggerTypeStartPipelineExecution, TriggerDetail: aws.String(s.caller(c))})
	if token != "" {
		p.tokens[token] = e
	}
	return &codepipeline.StartPipelineExecutionOutput{PipelineExecutionId: &e.id}, nil
}

func (s *Service) start(p *pipeline, trigger types.ExecutionTrigger) *execution {
	e := &execution{
		id: s.loop.UUID(), pipeline: p, trigger: trigger, started: s.loop.Now(),
		status: types.PipelineExecutionStatusInProgress, artifacts: map[string]string{},
	}
	p.executions = append(p.executions, e)
	s.tellPipeline(e, "STARTED")
	s.reach(e, p.stages[0])
	return e
}

// reach lets an execution into a stage, or has it wait for the one that is there in
// place of any older one that waits.
func (s *Service) reach(e *execution, st *stage) {
	if st.running == nil {
		s.enter(e, st)
		return
	}
	if older := st.waiting; older != nil {
		older.status = types.PipelineExecutionStatusSuperseded
		older.supersedes = "Superseded by execution " + e.id
		s.tellPipeline(older, "SUPERSEDED")
	}
	st.waiting = e
}

func (s *Service) enter(e *execution, st *stage) {
	st.running, st.last, st.status = e, e, types.StageExecutionStatusInProgress
	s.tellStage(e, st, "STARTED")
	s.runFrom(e, st, 1)
}

// runFrom starts the stage's actions of the lowest run order that is at least
// order; without any the stage has succeeded.
func (s *Service) runFrom(e *execution, st *stage, order int32) {
	var group []*actionExecution
	for _, a := range inOrder(st.declared.Actions) {
		if runOrder(a) < order || len(group) > 0 && runOrder(a) != runOrder(group[0].declared) {
			continue
		}
		group = append(group, s.newAction(e, st, a))
	}
	if len(group) == 0 {
		s.leave(e, st, types.StageExecutionStatusSucceeded)
		return
	}
	for _, a := range group {
		s.tellAction(a, "STARTED")
	}
	for _, a := range group {
		s.begin(a)
	}
}

func (s *Service) newAction(e *execution, st *stage, declared types.ActionDeclaration) *actionExecution {
	now := s.loop.Now()
	a := &actionExecution{
		id: s.loop.UUID(), execution: e, stage: st, declared: declared, started: now, changed: now,
		status: types.ActionExecutionStatusInProgress,
	}
	e.actions = append(e.actions, a)
	st.latest[*declared.Name] = a
	return a
}

// begin has an action do its work.
func (s *Service) begin(a *actionExecution) {
	switch {
	case isApproval(a.declared):
		s.ask(a)
	case s.deps.Action == nil:
		s.end(a, Result{})
	default:
		s.deps.Action(Action{
			Pipeline: *a.execution.pipeline.declared.Name, Stage: *a.stage.declared.Name, Name: *a.declared.Name,
			Execution: a.execution.id, ExecutionID: a.id, Type: *a.declared.ActionTypeId, Configuration: a.declared.Configuration,
		}, func(r Result) { s.end(a, r) })
	}
}

// end records how an action ended, once. When it was the last of its run order, the
// stage goes on; a failed one lets the others of its run order come to their end.
func (s *Service) end(a *actionExecution, r Result) {
	e, st := a.execution, a.stage
	if a.status != types.ActionExecutionStatusInProgress || s.pipelines[*e.pipeline.declared.Name] != e.pipeline {
		return
	}
	a.expiry.Stop()
	a.result, a.changed, a.status = r, s.loop.Now(), types.ActionExecutionStatusSucceeded
	state := "SUCCEEDED"
	if r.Failed {
		a.status, state = types.ActionExecutionStatusFailed, "FAILED"
	} else {
		s.keepArtifacts(a)
	}
	s.tellAction(a, state)
	hasFailed := false
	for _, other := range e.actions {
		if other.stage != st || runOrder(other.declared) != runOrder(a.declared) {
			continue
		}
		if other.status == types.ActionExecutionStatusInProgress {
			return
		}
		hasFailed = hasFailed || other.status == types.ActionExecutionStatusFailed
	}
	if hasFailed {
		s.leave(e, st, types.StageExecutionStatusFailed)
		return
	}
	s.runFrom(e, st, runOrder(a.declared)+1)
}

// leave ends a stage for an execution, sends it on, and lets in the one that waits.
func (s *Service) leave(e *execution, st *stage, status types.StageExecutionStatus) {
	st.running, st.status = nil, status
	next := st.index + 1
	switch {
	case status == types.StageExecutionStatusFailed:
		s.tellStage(e, st, "FAILED")
		e.status = types.PipelineExecutionStatusFailed
		s.tellPipeline(e, "FAILED")
	case next < len(e.pipeline.stages):
		s.tellStage(e, st, "SUCCEEDED")
		s.reach(e, e.pipeline.stages[next])
	default:
		s.tellStage(e, st, "SUCCEEDED")
		e.status = types.PipelineExecutionStatusSucceeded
		s.tellPipeline(e, "SUCCEEDED")
	}
	if newer := st.waiting; newer != nil && st.running == nil {
		st.waiting = nil
		s.enter(newer, st)
	}
}

// keepArtifacts gives an action's artifacts a place in the pipeline's bucket.
func (s *Service) keepArtifacts(a *actionExecution) {
	const nameLength, keyLength = 10, 7
	for _, artifact := range a.declared.OutputArtifacts {
		name := *artifact.Name
		a.execution.artifacts[name] = *a.execution.pipeline.declared.Name + "/" + name[:min(len(name), nameLength)] + "/" + s.loop.ID(keyLength)
	}
}
