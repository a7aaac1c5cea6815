package codepipeline

import (
	"slices"
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
	retried time.Time  // when the last was retried here
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
	attempt    int                          // raised with each retry of a stage
	abandoned  bool                         // by who stopped it
	supersedes string                       // why it ended, if a newer one took its place
	artifacts  map[string]stored            // what actions gave, by name
	variables  map[string]map[string]string // what actions told, by namespace
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

	// configuration is the declared one, its variables resolved.
	configuration map[string]string
	// keys are where its artifacts go.
	keys map[string]string

	token   string // of an approval
	job     *job   // that its function was last asked with
	percent *int32 // of its work, as the function told
	handed  bool   // to what does its work
	expiry  *loop.Timer
	silence *loop.Timer
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
		status: types.PipelineExecutionStatusInProgress, attempt: 1, artifacts: map[string]stored{},
		variables: map[string]map[string]string{},
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
	st.running, st.last, st.retried, st.status = e, e, time.Time{}, types.StageExecutionStatusInProgress
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
		status: types.ActionExecutionStatusInProgress, configuration: declared.Configuration, keys: s.newKeys(e, declared),
	}
	e.actions = append(e.actions, a)
	st.latest[*declared.Name] = a
	return a
}

// begin has an action do its work.
func (s *Service) begin(a *actionExecution) {
	var err error
	if a.configuration, err = a.execution.resolve(a.declared.Configuration); err != nil {
		s.end(a, Result{Failed: true, ErrorCode: "ConfigurationError", ErrorMessage: err.Error()})
		return
	}
	switch {
	case isApproval(a.declared):
		s.ask(a)
	case isFunction(a.declared):
		s.call(a)
	case s.deps.Action == nil:
		s.end(a, Result{})
	default:
		a.handed = true
		s.deps.Action(Action{
			Pipeline: *a.execution.pipeline.declared.Name, Stage: *a.stage.declared.Name, Name: *a.declared.Name,
			Execution: a.execution.id, ExecutionID: a.id, Role: s.roleOf(a), Type: *a.declared.ActionTypeId, Configuration: a.configuration,
			Inputs: s.inputsOf(a), Outputs: s.outputsOf(a),
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
	a.result = r
	if r.Failed {
		s.close(a, types.ActionExecutionStatusFailed, "FAILED")
	} else {
		a.keep()
		s.close(a, types.ActionExecutionStatusSucceeded, "SUCCEEDED")
	}
	hasFailed := false
	for _, other := range e.latestOf(st) {
		if other.status == types.ActionExecutionStatusInProgress {
			return
		}
		hasFailed = hasFailed || other.status == types.ActionExecutionStatusFailed
	}
	switch {
	case e.status == types.PipelineExecutionStatusStopping:
		s.leave(e, st, types.StageExecutionStatusStopped)
	case hasFailed:
		s.leave(e, st, types.StageExecutionStatusFailed)
	default:
		s.runFrom(e, st, runOrder(a.declared)+1)
	}
}

// close ends an action and what it waits for.
func (s *Service) close(a *actionExecution, status types.ActionExecutionStatus, state string) {
	a.expiry.Stop()
	a.silence.Stop()
	a.changed, a.status = s.loop.Now(), status
	s.tellAction(a, state)
}

// latestOf is the last run of each action that the execution has run in a stage.
func (e *execution) latestOf(st *stage) []*actionExecution {
	var latest []*actionExecution
	for _, a := range e.actions {
		if a.stage != st {
			continue
		}
		same := func(other *actionExecution) bool { return *other.declared.Name == *a.declared.Name }
		latest = append(slices.DeleteFunc(latest, same), a)
	}
	return latest
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
	case status == types.StageExecutionStatusStopped:
		s.tellStage(e, st, "STOPPED")
		e.status = types.PipelineExecutionStatusStopped
		s.tellPipeline(e, "STOPPED")
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
