package codepipeline

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"
)

// connected is the provider of source actions, and of triggers, that read a repository
// through a connection.
const connected = "CodeStarSourceConnection"

// checkTriggers refuses triggers that AWS would refuse, in words of ours, and all but
// pushes to branches that are named, which alone are emulated.
// AWS: CodePipeline User Guide, Triggers and filtering.
func checkTriggers(d *types.PipelineDeclaration) error {
	if len(d.Triggers) > 0 && d.PipelineType != types.PipelineTypeV2 {
		return badStructure("Pipeline has triggers, which only pipelines of type V2 have")
	}
	for _, t := range d.Triggers {
		g := t.GitConfiguration
		switch {
		case len(g.PullRequest) > 0:
			return notEmulated("a trigger with pullRequest")
		case len(g.Push) == 0:
			return badStructure("The trigger of source action '%s' has no push filter", *g.SourceActionName)
		case connection(d, *g.SourceActionName) == "":
			return badStructure("The trigger names '%s', which is no source action of a connection", *g.SourceActionName)
		}
		for _, push := range g.Push {
			b := push.Branches
			if push.Tags != nil || push.FilePaths != nil || b == nil || len(b.Excludes) > 0 || strings.ContainsAny(strings.Join(b.Includes, ""), "*?[{!") {
				return notEmulated("a trigger with tags, filePaths, or branches that are not all named")
			}
		}
	}
	return nil
}

// sourceAction is the first stage's action of that name, or one without a configuration.
func sourceAction(d *types.PipelineDeclaration, name string) types.ActionDeclaration {
	at := slices.IndexFunc(d.Stages[0].Actions, func(a types.ActionDeclaration) bool { return *a.Name == name })
	if at < 0 {
		return types.ActionDeclaration{}
	}
	return d.Stages[0].Actions[at]
}

// connection is the one that a source action reads by; "" if there is none.
func connection(d *types.PipelineDeclaration, action string) string {
	a := sourceAction(d, action)
	if a.ActionTypeId == nil || *a.ActionTypeId.Provider != connected {
		return ""
	}
	return a.Configuration["ConnectionArn"]
}

// Push is a push to a branch, of which a connection tells.
type Push struct{ Connection, Repository, Branch string }

// Pushed starts the pipelines that a push triggers. It must be called on the loop.
func (s *Service) Pushed(push Push) {
	for _, name := range slices.Sorted(maps.Keys(s.pipelines)) {
		p := s.pipelines[name]
		if slices.ContainsFunc(p.declared.Triggers, func(t types.PipelineTriggerDeclaration) bool { return push.triggers(&p.declared, t) }) {
			// What AWS gives as the detail is not documented; this is ours.
			s.start(p, types.ExecutionTrigger{TriggerType: types.TriggerTypeWebhookV2, TriggerDetail: aws.String(push.Connection)})
		}
	}
}

func (push Push) triggers(d *types.PipelineDeclaration, t types.PipelineTriggerDeclaration) bool {
	action := *t.GitConfiguration.SourceActionName
	if connection(d, action) != push.Connection || sourceAction(d, action).Configuration["FullRepositoryId"] != push.Repository {
		return false
	}
	return slices.ContainsFunc(t.GitConfiguration.Push, func(f types.GitPushFilter) bool { return slices.Contains(f.Branches.Includes, push.Branch) })
}

// StartFor starts a pipeline for a rule of EventBridge. It must be called on the loop.
func (s *Service) StartFor(ruleARN, name string) error {
	p, err := s.find(name)
	if err != nil {
		return err
	}
	s.start(p, types.ExecutionTrigger{TriggerType: types.TriggerTypeCloudWatchEvent, TriggerDetail: &ruleARN})
	return nil
}
