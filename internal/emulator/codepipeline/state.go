package codepipeline

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// getPipelineState tells what is in each stage and what its actions did last.
// AWS: CodePipeline API Reference, GetPipelineState.
func (s *Service) getPipelineState(_ *wire.Call, in *codepipeline.GetPipelineStateInput) (*codepipeline.GetPipelineStateOutput, error) {
	p, err := s.find(*in.Name)
	if err != nil {
		return nil, err
	}
	out := &codepipeline.GetPipelineStateOutput{
		PipelineName: p.declared.Name, PipelineVersion: p.declared.Version, Created: &p.created, Updated: &p.created,
	}
	for _, st := range p.stages {
		out.StageStates = append(out.StageStates, st.state())
	}
	return out, nil
}

func (st *stage) state() types.StageState {
	state := types.StageState{StageName: st.declared.Name, InboundTransitionState: &types.TransitionState{Enabled: true}}
	if st.last != nil {
		state.LatestExecution = stageExecution(st.last, st.status)
	}
	if st.waiting != nil {
		state.InboundExecution = stageExecution(st.waiting, types.StageExecutionStatusInProgress)
		state.InboundExecutions = []types.StageExecution{*state.InboundExecution}
	}
	for _, declared := range st.declared.Actions {
		state.ActionStates = append(state.ActionStates, types.ActionState{ActionName: declared.Name, LatestExecution: st.latest[*declared.Name].state()})
	}
	return state
}

func stageExecution(e *execution, status types.StageExecutionStatus) *types.StageExecution {
	return &types.StageExecution{PipelineExecutionId: &e.id, Status: status, Type: types.ExecutionTypeStandard}
}

// state is the action's latest run; nil if it never ran. Only an open approval
// shows its token.
func (a *actionExecution) state() *types.ActionExecution {
	if a == nil {
		return nil
	}
	state := &types.ActionExecution{
		ActionExecutionId: &a.id, Status: a.status, LastStatusChange: &a.changed,
		Summary: text(a.result.Summary), LastUpdatedBy: text(a.by),
		ExternalExecutionId: text(a.result.ExternalID), ExternalExecutionUrl: text(a.result.ExternalURL),
		ErrorDetails: a.result.details(), PercentComplete: a.percent,
	}
	if a.status == types.ActionExecutionStatusInProgress {
		state.Token = text(a.token)
	}
	return state
}

// text is nil for none.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func (r Result) details() *types.ErrorDetails {
	if r.ErrorCode == "" && r.ErrorMessage == "" {
		return nil
	}
	d := types.ErrorDetails{Code: text(r.ErrorCode), Message: text(r.ErrorMessage)}
	return &d
}

// findExecution finds a run of a pipeline.
func (p *pipeline) findExecution(id string) (*execution, error) {
	at := slices.IndexFunc(p.executions, func(e *execution) bool { return e.id == id })
	if at < 0 {
		return nil, &types.PipelineExecutionNotFoundException{
			Message: aws.String("Pipeline execution with id '" + id + "' does not exist for pipeline with name '" + *p.declared.Name + "'"),
		}
	}
	return p.executions[at], nil
}

func (s *Service) getPipelineExecution(_ *wire.Call, in *codepipeline.GetPipelineExecutionInput) (*codepipeline.GetPipelineExecutionOutput, error) {
	p, err := s.find(*in.PipelineName)
	if err != nil {
		return nil, err
	}
	e, err := p.findExecution(*in.PipelineExecutionId)
	if err != nil {
		return nil, err
	}
	return &codepipeline.GetPipelineExecutionOutput{PipelineExecution: &types.PipelineExecution{
		PipelineName: p.declared.Name, PipelineVersion: p.declared.Version, PipelineExecutionId: &e.id,
		Status: e.status, StatusSummary: text(e.supersedes), ArtifactRevisions: []types.ArtifactRevision{},
		ExecutionMode: p.declared.ExecutionMode, ExecutionType: types.ExecutionTypeStandard, Trigger: &e.trigger,
	}}, nil
}

// listActionExecutions gives what actions did, the newest first.
// AWS: CodePipeline API Reference, ListActionExecutions.
func (s *Service) listActionExecutions(_ *wire.Call, in *codepipeline.ListActionExecutionsInput) (*codepipeline.ListActionExecutionsOutput, error) {
	p, err := s.find(*in.PipelineName)
	if err != nil {
		return nil, err
	}
	executions := p.executions
	if in.Filter != nil {
		if in.Filter.LatestInPipelineExecution != nil {
			return nil, notEmulated("ListActionExecutions with latestInPipelineExecution")
		}
		if id := in.Filter.PipelineExecutionId; id != nil {
			e, err := p.findExecution(*id)
			if err != nil {
				return nil, err
			}
			executions = []*execution{e}
		}
	}
	limit := 100
	if in.MaxResults != nil {
		limit = int(*in.MaxResults)
	}
	actions, next, err := page(newestFirst(executions), func(a *actionExecution) string { return a.id }, in.NextToken, limit)
	if err != nil {
		return nil, err
	}
	out := &codepipeline.ListActionExecutionsOutput{ActionExecutionDetails: []types.ActionExecutionDetail{}, NextToken: next}
	for _, a := range actions {
		out.ActionExecutionDetails = append(out.ActionExecutionDetails, s.detail(a))
	}
	return out, nil
}

func newestFirst(executions []*execution) []*actionExecution {
	var all []*actionExecution
	for _, e := range executions {
		all = append(all, e.actions...)
	}
	slices.Reverse(all)
	slices.SortStableFunc(all, func(a, b *actionExecution) int { return b.started.Compare(a.started) })
	return all
}

func (s *Service) detail(a *actionExecution) types.ActionExecutionDetail {
	// The token of an approval is also its external id (AWS: CodePipeline API
	// Reference, PutApprovalResult, token).
	external := a.result.ExternalID
	if a.token != "" {
		external = a.token
	}
	return types.ActionExecutionDetail{
		PipelineExecutionId: &a.execution.id, ActionExecutionId: &a.id, PipelineVersion: a.execution.pipeline.declared.Version,
		StageName: a.stage.declared.Name, ActionName: a.declared.Name, Status: a.status,
		StartTime: &a.started, LastUpdateTime: &a.changed, UpdatedBy: text(a.by),
		Input: &types.ActionExecutionInput{
			ActionTypeId: a.declared.ActionTypeId, Configuration: a.declared.Configuration, ResolvedConfiguration: a.configuration, Namespace: a.declared.Namespace,
			RoleArn: a.declared.RoleArn, Region: &s.region, InputArtifacts: s.details(a, inputs(a)),
		},
		Output: &types.ActionExecutionOutput{
			OutputArtifacts: s.details(a, outputs(a)), OutputVariables: a.variables(),
			ExecutionResult: &types.ActionExecutionResult{
				ExternalExecutionId: text(external), ExternalExecutionSummary: text(a.result.Summary),
				ExternalExecutionUrl: text(a.result.ExternalURL), ErrorDetails: a.result.details(),
			},
		},
	}
}
