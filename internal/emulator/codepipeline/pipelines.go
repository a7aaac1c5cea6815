package codepipeline

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"

	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// createPipeline makes a pipeline, which runs at once.
// AWS: CodePipeline User Guide, Create a pipeline, stages, and actions.
func (s *Service) createPipeline(c *wire.Call, in *codepipeline.CreatePipelineInput) (*codepipeline.CreatePipelineOutput, error) {
	d := *in.Pipeline
	if _, exists := s.pipelines[*d.Name]; exists {
		return nil, wire.Errorf("PipelineNameInUseException", "A pipeline with the name '%s' already exists in account '%s'", *d.Name, s.account)
	}
	err := s.check(&d)
	if err == nil {
		err = checkTags(in.Tags)
	}
	if err != nil {
		return nil, err
	}
	p := &pipeline{
		declared: complete(d), arn: partition.ARN("codepipeline", s.region, s.account, *d.Name),
		created: s.loop.Now(), tokens: map[string]*execution{},
	}
	for i, st := range p.declared.Stages {
		p.stages = append(p.stages, &stage{pipeline: p, declared: st, index: i, latest: map[string]*actionExecution{}})
	}
	s.pipelines[*d.Name] = p
	s.start(p, types.ExecutionTrigger{TriggerType: types.TriggerTypeCreatePipeline, TriggerDetail: aws.String(s.caller(c))})
	return &codepipeline.CreatePipelineOutput{Pipeline: &p.declared, Tags: in.Tags}, nil
}

// checkTags refuses tags of AWS's own.
// AWS: CodePipeline API Reference, CreatePipeline.
func checkTags(tags []types.Tag) error {
	const most = 50
	if len(tags) > most {
		return wire.Errorf("TooManyTagsException", "The pipeline has %d tags. It can have at most %d", len(tags), most)
	}
	for _, tag := range tags {
		if strings.HasPrefix(*tag.Key, "aws:") {
			return wire.Errorf("InvalidTagsException", "Not allowed to modify system tags. System tags start with 'aws:'. Key: %s", *tag.Key)
		}
	}
	return nil
}

// complete fills in what is declared by leaving it out.
func complete(d types.PipelineDeclaration) types.PipelineDeclaration {
	d.Version = aws.Int32(1)
	d.ExecutionMode = types.ExecutionModeSuperseded
	if d.PipelineType == "" {
		d.PipelineType = types.PipelineTypeV1
	}
	d.Stages = slices.Clone(d.Stages)
	for i, st := range d.Stages {
		d.Stages[i].Actions = slices.Clone(st.Actions)
		for j, a := range st.Actions {
			a.RunOrder = aws.Int32(runOrder(a))
			if a.Configuration == nil {
				a.Configuration = map[string]string{}
			}
			d.Stages[i].Actions[j] = a
		}
	}
	return d
}

func (s *Service) getPipeline(_ *wire.Call, in *codepipeline.GetPipelineInput) (*codepipeline.GetPipelineOutput, error) {
	p, err := s.find(*in.Name)
	if err != nil {
		return nil, err
	}
	if in.Version != nil && *in.Version != *p.declared.Version {
		return nil, wire.Errorf("PipelineVersionNotFoundException", "Pipeline '%s' does not have a version %d", *in.Name, *in.Version)
	}
	return &codepipeline.GetPipelineOutput{
		Pipeline: &p.declared,
		Metadata: &types.PipelineMetadata{PipelineArn: &p.arn, Created: &p.created, Updated: &p.created},
	}, nil
}

func (s *Service) listPipelines(_ *wire.Call, in *codepipeline.ListPipelinesInput) (*codepipeline.ListPipelinesOutput, error) {
	limit := 1000
	if in.MaxResults != nil {
		limit = int(*in.MaxResults)
	}
	names, next, err := page(slices.Sorted(maps.Keys(s.pipelines)), func(name string) string { return name }, in.NextToken, limit)
	if err != nil {
		return nil, err
	}
	out := &codepipeline.ListPipelinesOutput{Pipelines: []types.PipelineSummary{}, NextToken: next}
	for _, name := range names {
		p := s.pipelines[name]
		out.Pipelines = append(out.Pipelines, types.PipelineSummary{
			Name: p.declared.Name, Version: p.declared.Version, PipelineType: p.declared.PipelineType,
			ExecutionMode: p.declared.ExecutionMode, Created: &p.created, Updated: &p.created,
		})
	}
	return out, nil
}

// deletePipeline deletes the pipeline and what it runs. One that is not there is
// deleted too, as on AWS.
func (s *Service) deletePipeline(_ *wire.Call, in *codepipeline.DeletePipelineInput) (*codepipeline.DeletePipelineOutput, error) {
	if p := s.pipelines[*in.Name]; p != nil {
		for _, e := range p.executions {
			for _, a := range e.actions {
				a.expiry.Stop()
				a.silence.Stop()
			}
		}
		delete(s.pipelines, *in.Name)
	}
	return &codepipeline.DeletePipelineOutput{}, nil
}
