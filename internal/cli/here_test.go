package cli_test

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/rogpeppe/go-internal/testscript"
)

// holds waits until a file that a command in the background writes matches a pattern.
func holds(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("it takes a file and a pattern, and is not negated")
	}
	pattern := regexp.MustCompile(args[1])
	for limit := time.Now().Add(2 * time.Minute); time.Now().Before(limit); {
		text, _ := os.ReadFile(ts.MkAbs(args[0])) // it may not be there yet
		if pattern.Match(text) {
			return
		}
		<-time.After(time.Millisecond) // for another process
	}
	ts.Fatalf("%s never matched %s", args[0], args[1])
}

// weights looks at production's rule.
func (w *scripted) weights(args []string) error {
	out := w.made(cluster).Outputs
	rules, err := w.aws.ELB.DescribeRules(context.Background(), &elb.DescribeRulesInput{RuleArns: []string{out["Rule"]}})
	if err != nil {
		return err
	}
	has := map[string]string{}
	for _, group := range rules.Rules[0].Actions[0].ForwardConfig.TargetGroups {
		has[aws.ToString(group.TargetGroupArn)] = fmt.Sprint(aws.ToInt32(group.Weight))
	}
	if got := []string{has[out["BlueGroup"]], has[out["GreenGroup"]]}; got[0] != args[0] || got[1] != args[1] {
		return fmt.Errorf("the weights are %v, want %v", got, args)
	}
	return nil
}
