package cli_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
)

// weights waits for production's rule. The account's time goes on meanwhile.
func (w *scripted) weights(args []string) error {
	out := w.made(cluster).Outputs
	var has []string
	for limit := time.Now().Add(2 * time.Minute); time.Now().Before(limit); {
		rules, err := w.aws.ELB.DescribeRules(context.Background(), &elb.DescribeRulesInput{RuleArns: []string{out["Rule"]}})
		if err != nil {
			return err
		}
		weight := map[string]string{}
		for _, group := range rules.Rules[0].Actions[0].ForwardConfig.TargetGroups {
			weight[aws.ToString(group.TargetGroupArn)] = fmt.Sprint(aws.ToInt32(group.Weight))
		}
		if has = []string{weight[out["BlueGroup"]], weight[out["GreenGroup"]]}; slices.Equal(has, args) {
			return nil
		}
		w.RunFor(between)
		<-time.After(time.Millisecond) // for another process
	}
	return fmt.Errorf("the weights are %v, never %v", has, args)
}
