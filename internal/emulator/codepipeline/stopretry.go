package codepipeline

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// stopPipelineExecution stops a run: its actions come to their end, or are abandoned,
// and no others begin. The messages are ours.
// AWS: CodePipeline API Reference, StopPipelineExecution; User Guide, How pipeline
// executions are stopped.
func (s *Service) stopPipelineExecution(_ *wire.Call, in *codepipeline.StopPipelineExecutionInput) (*codepipeline.StopPipelineExecutionOutput, error) {
	p, err := s.find(*in.PipelineName)
	if err != nil {
		return nil, err
	}
	e, err := p.findExecution(*in.PipelineExecutionId)
	if err != nil {
		return nil, &types.PipelineExecutionNotStoppableException{Message: aws.String(err.Error())}
	}
	switch {
	case e.status == types.PipelineExecutionStatusStopping && (e.abandoned || !in.Abandon):
		return nil, &types.DuplicatedStopRequestException{Message: aws.String("Pipeline execution " + e.id + " is being stopped already")}
	case e.status == types.PipelineExecutionStatusStopping:
	case e.status != types.PipelineExecutionStatusInProgress:
		return nil, &types.PipelineExecutionNotStoppableException{Message: aws.String(fmt.Sprintf("Pipeline execution %s is %s", e.id, e.status))}
	default:
		e.status = types.PipelineExecutionStatusStopping
		s.tellPipeline(e, "STOPPING")
	}
	e.abandoned = in.Abandon
	s.stop(e)
	return &codepipeline.StopPipelineExecutionOutput{PipelineExecutionId: &e.id}, nil
}

// stop takes a run out of the stage that it is in, or waits for.
func (s *Service) stop(e *execution) {
	for _, st := range e.pipeline.stages {
		switch e {
		case st.waiting:
			st.waiting = nil
			e.status = types.PipelineExecutionStatusStopped
			s.tellPipeline(e, "STOPPED")
		case st.running:
			if st.status != types.StageExecutionStatusStopping {
				st.status = types.StageExecutionStatusStopping
				s.tellStage(e, st, "STOPPING")
			}
			if e.abandoned {
				s.abandon(e, st)
			}
		}
	}
}

func (s *Service) abandon(e *execution, st *stage) {
	for _, a := range e.latestOf(st) {
		if a.status == types.ActionExecutionStatusInProgress {
			s.close(a, types.ActionExecutionStatusAbandoned, "ABANDONED")
		}
	}
	s.leave(e, st, types.StageExecutionStatusStopped)
}

// retryStageExecution runs the failed actions of a stage again, or all of them.
// AWS: CodePipeline API Reference, RetryStageExecution.
func (s *Service) retryStageExecution(_ *wire.Call, in *codepipeline.RetryStageExecutionInput) (*codepipeline.RetryStageExecutionOutput, error) {
	p, err := s.find(*in.PipelineName)
	if err != nil {
		return nil, err
	}
	st, err := p.findStage(*in.StageName)
	if err != nil {
		return nil, err
	}
	failed := []*actionExecution{}
	e, err := p.findExecution(*in.PipelineExecutionId)
	if err == nil && st.last == e {
		failed = st.unsuccessful()
	}
	switch {
	case err != nil || len(failed) == 0 && st.last == e || st.running == e:
		return nil, &types.StageNotRetryableException{Message: aws.String("Stage '" + *in.StageName + "' has no failed actions of pipeline execution " + *in.PipelineExecutionId)}
	case st.last != e:
		return nil, &types.NotLatestPipelineExecutionException{
			Message: aws.String("Pipeline execution " + e.id + " is not the latest in stage '" + *in.StageName + "'"),
		}
	}
	e.status, e.attempt, e.abandoned = types.PipelineExecutionStatusInProgress, e.attempt+1, false
	st.running, st.status, st.retried = e, types.StageExecutionStatusInProgress, s.loop.Now()
	s.tellPipeline(e, "RESUMED")
	s.tellStage(e, st, "RESUMED")
	if in.RetryMode == types.StageRetryModeAllActions {
		s.runFrom(e, st, 1)
	} else {
		s.again(failed)
	}
	return &codepipeline.RetryStageExecutionOutput{PipelineExecutionId: &e.id}, nil
}

// unsuccessful are the actions of the last run in the stage that failed or were
// abandoned.
func (st *stage) unsuccessful() []*actionExecution {
	var found []*actionExecution
	for _, a := range st.last.latestOf(st) {
		if a.status == types.ActionExecutionStatusFailed || a.status == types.ActionExecutionStatusAbandoned {
			found = append(found, a)
		}
	}
	return found
}

// again runs actions once more.
func (s *Service) again(actions []*actionExecution) {
	group := make([]*actionExecution, len(actions))
	for i, a := range actions {
		group[i] = s.newAction(a.execution, a.stage, a.declared)
		s.tellAction(group[i], "STARTED")
	}
	for _, a := range group {
		s.begin(a)
	}
}

// retriedAt is when the execution was last retried in the stage, as events write it;
// "" if it never was.
func (st *stage) retriedAt(e *execution) string {
	if st.last != e || st.retried.IsZero() {
		return ""
	}
	return clock(st.retried)
}
