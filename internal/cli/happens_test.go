package cli_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/sluice-deploy/sluice/internal/harness"
)

func (w *scripted) build(args []string) error {
	committed := ""
	if len(args) == 3 {
		ago, err := time.ParseDuration(args[2])
		if err != nil {
			return fmt.Errorf("build: %w", err)
		}
		committed = fmt.Sprintf(`,"committedAt":%q`, w.Now().Add(-ago).Format(time.RFC3339))
	}
	detail := fmt.Sprintf(`{"app":"shop","build":"run-%s","images":{"web":"%s:%s"},"commit":%q,"author":"Dana <dana@example.com>"%s}`,
		args[1], repository, args[0], args[1], committed)
	_, err := w.aws.EventBridge.PutEvents(context.Background(), &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{{
		Source: aws.String("sluice.build"), DetailType: aws.String("Sluice Build Succeeded"), Detail: &detail,
	}}})
	w.RunFor(2 * time.Second) // until it is on its way
	return err
}

func (w *scripted) weigh(args []string) error {
	made := slices.IndexFunc(w.Stacks, func(s harness.Stack) bool { return s.Name == "shop-"+args[0] })
	if made < 0 {
		return fmt.Errorf("%s is not furnished", args[0])
	}
	out := w.Stacks[made].Outputs
	var tuples []elbtypes.TargetGroupTuple
	for i, group := range []string{"BlueGroup", "GreenGroup"}[:len(args)-1] {
		weight, err := strconv.ParseInt(args[1+i], 10, 32)
		if err != nil {
			return fmt.Errorf("weight: %w", err)
		}
		tuples = append(tuples, elbtypes.TargetGroupTuple{TargetGroupArn: aws.String(out[group]), Weight: aws.Int32(int32(weight))})
	}
	_, err := w.aws.ELB.ModifyRule(context.Background(), &elasticloadbalancingv2.ModifyRuleInput{
		RuleArn: aws.String(out["Rule"]), Actions: []elbtypes.Action{{
			Type: elbtypes.ActionTypeEnumForward, ForwardConfig: &elbtypes.ForwardActionConfig{TargetGroups: tuples},
		}},
	})
	return err
}
