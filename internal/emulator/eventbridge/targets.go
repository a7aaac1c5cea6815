package eventbridge

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// maxTargets is how many targets a rule has (AWS: EventBridge quotas).
const maxTargets = 5

func (s *Service) putTargets(_ *wire.Call, in *eventbridge.PutTargetsInput) (*eventbridge.PutTargetsOutput, error) {
	_, r, err := s.findRule(in.EventBusName, in.Rule)
	if err != nil {
		return nil, err
	}
	targets := maps.Clone(r.targets)
	for _, t := range in.Targets {
		err := s.checkTarget(t)
		if err == nil && isBus(t) {
			err = s.checkBusTarget(t)
		}
		if err != nil {
			return nil, err
		}
		targets[*t.Id] = t
	}
	if len(targets) > maxTargets {
		return nil, tooMany()
	}
	r.targets = targets
	return &eventbridge.PutTargetsOutput{FailedEntries: []types.PutTargetsResultEntry{}}, nil
}

func (s *Service) checkTarget(t types.Target) error {
	if !isARN(*t.Arn) {
		return invalid("Parameter %s is not valid. Reason: Provided Arn is not in correct format.", *t.Arn)
	}
	if member := foreignParameters(t); member != "" {
		return notEmulated(member)
	}
	given := 0
	for _, is := range []bool{t.Input != nil, t.InputPath != nil, t.InputTransformer != nil} {
		if is {
			given++
		}
	}
	switch {
	case given > 1:
		return invalid("Only one of Input, InputPath, or InputTransformer must be provided for target %s.", *t.Id)
	case t.Input != nil && !json.Valid([]byte(*t.Input)):
		return invalid("JSON syntax error in input for target %s", *t.Id)
	}
	if t.InputPath != nil {
		if _, err := parsePath(*t.InputPath); err != nil {
			return invalid("InputPath for target %s: %s", *t.Id, err)
		}
	}
	if dlq := t.DeadLetterConfig; dlq != nil && dlq.Arn != nil && !partition.IsOf(*dlq.Arn, "sqs", s.region) {
		return invalid("Parameter DeadLetterConfig.Arn is not valid. Reason: %s is not an SQS queue.", *dlq.Arn)
	}
	return nil
}

// foreignParameters names the member of a target that belongs to a kind of
// target, or to a transformation, that is not emulated.
func foreignParameters(t types.Target) string {
	switch {
	case t.AppSyncParameters != nil:
		return "AppSyncParameters"
	case t.BatchParameters != nil:
		return "BatchParameters"
	case t.EcsParameters != nil:
		return "EcsParameters"
	case t.HttpParameters != nil:
		return "HttpParameters"
	case t.InputTransformer != nil:
		return "InputTransformer"
	case t.KinesisParameters != nil:
		return "KinesisParameters"
	case t.RedshiftDataParameters != nil:
		return "RedshiftDataParameters"
	case t.RunCommandParameters != nil:
		return "RunCommandParameters"
	case t.SageMakerPipelineParameters != nil:
		return "SageMakerPipelineParameters"
	case t.SqsParameters != nil:
		return "SqsParameters"
	}
	return ""
}

func isARN(s string) bool {
	parts := strings.SplitN(s, ":", 6)
	return len(parts) == 6 && parts[0] == "arn" && parts[1] != "" && parts[2] != "" && parts[5] != ""
}

func (s *Service) listTargetsByRule(_ *wire.Call, in *eventbridge.ListTargetsByRuleInput) (*eventbridge.ListTargetsByRuleOutput, error) {
	_, r, err := s.findRule(in.EventBusName, in.Rule)
	if err != nil {
		return nil, err
	}
	ids, next := page(slices.Sorted(maps.Keys(r.targets)), in.NextToken, in.Limit)
	out := &eventbridge.ListTargetsByRuleOutput{Targets: []types.Target{}, NextToken: next}
	for _, id := range ids {
		out.Targets = append(out.Targets, r.targets[id])
	}
	return out, nil
}

func (s *Service) removeTargets(_ *wire.Call, in *eventbridge.RemoveTargetsInput) (*eventbridge.RemoveTargetsOutput, error) {
	_, r, err := s.findRule(in.EventBusName, in.Rule)
	if err != nil {
		return nil, err
	}
	for _, id := range in.Ids {
		delete(r.targets, id)
	}
	return &eventbridge.RemoveTargetsOutput{FailedEntries: []types.RemoveTargetsResultEntry{}}, nil
}

// retries is a target's retry policy with EventBridge's defaults, 185 attempts
// within 24 hours (AWS: EventBridge User Guide, retry policy).
func retries(t types.Target) (attempts, ageSeconds int32) {
	attempts, ageSeconds = 185, 86400
	if p := t.RetryPolicy; p != nil {
		if p.MaximumRetryAttempts != nil {
			attempts = aws.ToInt32(p.MaximumRetryAttempts)
		}
		if p.MaximumEventAgeInSeconds != nil {
			ageSeconds = aws.ToInt32(p.MaximumEventAgeInSeconds)
		}
	}
	return attempts, ageSeconds
}
