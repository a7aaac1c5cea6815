package spec

import (
	"fmt"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// pipelines reads the pipelines whose manual approvals are asked for here.
func (r *reader) pipelines(p place) []rollout.Pipeline {
	if !p.given() {
		return nil
	}
	items, ok := r.list(p, "a list of pipelines")
	if !ok {
		return nil
	}
	var pipelines []rollout.Pipeline
	type key struct{ pipeline, stage, action string }
	seen := map[key]string{}
	for _, item := range items {
		pipeline, ok := r.pipeline(item)
		if !ok {
			continue
		}
		pipelines = append(pipelines, pipeline)
		k := key{pipeline.Name, pipeline.Stage, pipeline.Action}
		if first := seen[k]; first != "" && k.pipeline != "" {
			r.add(item, fmt.Sprintf("the pipeline, stage and action of %s again", first), "each once")
			continue
		}
		seen[k] = item.path
	}
	return pipelines
}

func (r *reader) pipeline(p place) (rollout.Pipeline, bool) {
	o := r.object(p, pipelineFields())
	if !o.ok {
		return rollout.Pipeline{}, false
	}
	pipeline := rollout.Pipeline{Name: r.matching(o.get("pipeline"), pipelinePattern, wantPipeline)}
	if stage := o.get("stage"); stage.given() {
		pipeline.Stage = r.matching(stage, pipelinePattern, wantStage)
	}
	if action := o.get("action"); action.given() {
		pipeline.Action = r.matching(action, pipelinePattern, wantAction)
	}
	if a := r.approval(o.get("approval"), 0); a != nil {
		r.asked(a, false, "a channel: the Slack approvers would not be asked")
		pipeline.Approval = a.Approval
	}
	return pipeline, true
}
