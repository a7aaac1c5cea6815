package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/sluice-deploy/sluice/internal/awsclient"
)

// The alias that everything calls functions by.
const alias = "live"

// aboutSluice is what findings about the installation itself are about.
func (d *Doctor) aboutSluice() string { return "stack " + d.Installation.Stack }

func (d *Doctor) examineInstallation(ctx context.Context) {
	d.stack()
	functions, err := d.resources(ctx)
	if err != nil {
		d.failed(d.aboutSluice(), "functions", err, "install Sluice again with make deploy")
	} else {
		d.functions(ctx, functions)
	}
	d.stateMachine(ctx)
	d.deadLetters(ctx)
	d.slack(ctx)
}

func (d *Doctor) stack() {
	i := d.Installation
	if !strings.HasSuffix(i.Status, "_COMPLETE") || strings.HasPrefix(i.Status, "DELETE") {
		d.problem(d.aboutSluice(), "stack", "it is "+i.Status, "wait until its update is over; if it failed, look at its events and deploy again")
		return
	}
	d.ok(d.aboutSluice(), "stack", fmt.Sprintf("%s, version %s", i.Status, i.Version))
}

// resources gives the names of the stack's functions, and keeps its roles.
func (d *Doctor) resources(ctx context.Context) ([]string, error) {
	var functions []string
	home := d.home()
	d.roles = map[string]string{}
	pages := cloudformation.NewListStackResourcesPaginator(d.cloudformation(), &cloudformation.ListStackResourcesInput{StackName: &d.Installation.Stack})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, awsclient.Wrap(err, "list the resources of stack %s", d.Installation.Stack)
		}
		for _, r := range page.StackResourceSummaries {
			name := aws.ToString(r.PhysicalResourceId)
			switch aws.ToString(r.ResourceType) {
			case "AWS::Lambda::Function":
				functions = append(functions, name)
			case "AWS::IAM::Role":
				d.roles[aws.ToString(r.LogicalResourceId)] = fmt.Sprintf("arn:%s:iam::%s:role/%s", home.Partition, home.AccountID, name)
			}
		}
	}
	slices.Sort(functions)
	return functions, nil
}

// functions wants the alias of every function on a published version of the newest code.
func (d *Doctor) functions(ctx context.Context, names []string) {
	var stale []string
	for _, name := range names {
		called, err := d.lambda().GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name, Qualifier: aws.String(alias)})
		if awsclient.Is(err, "ResourceNotFoundException") {
			stale = append(stale, name+" has no alias "+alias)
			continue
		}
		if err != nil {
			d.failed(d.aboutSluice(), "functions", awsclient.Wrap(err, "read function %s", name), "install Sluice again with make deploy")
			return
		}
		newest, err := d.lambda().GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
		switch {
		case err != nil:
			d.failed(d.aboutSluice(), "functions", awsclient.Wrap(err, "read function %s", name), "install Sluice again with make deploy")
			return
		case aws.ToString(called.Version) == "$LATEST":
			stale = append(stale, name+" is called without a published version")
		case aws.ToString(called.CodeSha256) != aws.ToString(newest.CodeSha256):
			stale = append(stale, fmt.Sprintf("%s is called in version %s, which is not its newest code", name, aws.ToString(called.Version)))
		}
	}
	if len(stale) > 0 {
		d.problem(d.aboutSluice(), "functions", strings.Join(stale, "; "), "somebody has changed them by hand: install Sluice again with make deploy")
		return
	}
	d.ok(d.aboutSluice(), "functions", "each is called in a published version of its newest code")
}

func (d *Doctor) stateMachine(ctx context.Context) {
	const remedy = "install Sluice again with make deploy"
	out, err := d.machine().DescribeStateMachine(ctx, &sfn.DescribeStateMachineInput{StateMachineArn: &d.Installation.Settings.Machine})
	switch {
	case awsclient.Is(err, "StateMachineDoesNotExist"):
		d.problem(d.aboutSluice(), "state machine", d.Installation.Settings.Machine+" does not exist", remedy)
	case err != nil:
		d.failed(d.aboutSluice(), "state machine", awsclient.Wrap(err, "read the state machine"), remedy)
	case out.Status != "ACTIVE":
		d.problem(d.aboutSluice(), "state machine", fmt.Sprintf("%s is %s", aws.ToString(out.Name), out.Status), remedy)
	default:
		d.ok(d.aboutSluice(), "state machine", aws.ToString(out.Name)+" is there")
	}
}

func (d *Doctor) deadLetters(ctx context.Context) {
	const check, remedy = "dead letters", "read them (docs/runbook.md), put right what kept them from being followed, and send them again"
	out, err := d.queue().GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &d.Installation.Settings.DeadLetters, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameApproximateNumberOfMessages},
	})
	if err != nil {
		d.failed(d.aboutSluice(), check, awsclient.Wrap(err, "read the queue of dead letters"), remedy)
		return
	}
	if n := out.Attributes[string(sqstypes.QueueAttributeNameApproximateNumberOfMessages)]; n != "0" {
		d.problem(d.aboutSluice(), check, "events that could not be followed: "+n, remedy)
		return
	}
	d.ok(d.aboutSluice(), check, "none")
}

// slack asks Slack whether it takes the token.
func (d *Doctor) slack(ctx context.Context) {
	if d.Steps.Slack == nil {
		d.ok(d.aboutSluice(), "slack", "not set up")
		return
	}
	if err := d.Steps.Slack.Test(ctx); err != nil {
		d.failed(d.aboutSluice(), "slack", err, "put the app's tokens into Sluice's Slack secret again (docs/slack.md)")
		return
	}
	d.ok(d.aboutSluice(), "slack", "it takes the bot token")
}
