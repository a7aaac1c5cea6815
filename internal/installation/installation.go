// Package installation finds where Sluice is installed, and asks it what people ask:
// answers, steering, and orders such as a deployment.
package installation

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/sluice-deploy/sluice/internal/app"
	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// DefaultStack is the name of Sluice's stack where nobody chose another.
const DefaultStack = "sluice"

// Installation is where Sluice is, as its stack says.
type Installation struct {
	Stack    string
	Status   string // of the stack
	Version  string // what is installed
	Settings app.Settings
	URL      string // where callers of AWS decide and order
	Logs     string // name of the log group
	// Ahead is by how much the cloud's clock was ahead of this machine's when the
	// installation was found: next to nothing on AWS, more on a local cloud that runs
	// faster.
	Ahead time.Duration
}

// Find reads where an installation is from its stack: NotFound where there is no such
// stack, Refused where the stack is not Sluice's or not ready, and what AWS's own
// errors mean.
func Find(ctx context.Context, cfg aws.Config, stack string) (*Installation, error) {
	i := &Installation{Stack: stack}
	out, err := cloudformation.NewFromConfig(cfg).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &stack})
	if err != nil && strings.Contains(err.Error(), "does not exist") {
		return i, rollout.Errorf(rollout.KindNotFound,
			"there is no stack %q in %s: install Sluice with make deploy (docs/install.md), or name its stack with --stack and its Region with --region",
			stack, cfg.Region)
	}
	if err != nil {
		return i, awsclient.Wrap(err, "look for Sluice's stack %q in %s", stack, cfg.Region)
	}
	if at, ok := awsmiddleware.GetServerTime(out.ResultMetadata); ok {
		i.Ahead = time.Until(at) //nolint:forbidigo // what this is about
	}
	return i, i.read(out.Stacks[0])
}

// read takes what it needs from the stack's outputs.
func (i *Installation) read(stack types.Stack) error {
	i.Status = string(stack.StackStatus)
	outputs := map[string]string{}
	for _, o := range stack.Outputs {
		outputs[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
	}
	var absent []string
	s := &i.Settings
	for name, field := range map[string]*string{
		"Version": &i.Version, "DecideUrl": &i.URL, "Logs": &i.Logs,
		"Table": &s.Table, "Machine": &s.Machine, "DeadLetters": &s.DeadLetters, "DeadLettersArn": &s.LettersARN, "Recover": &s.Recover,
		"Approval": &s.Approval, "Notify": &s.Notify, "DeadmanRole": &s.DeadmanRole, "Answers": &s.Answers, "Notices": &s.Notices,
		"Decisions": &s.Decisions,
	} {
		if *field = outputs[name]; *field == "" {
			absent = append(absent, name)
		}
	}
	if len(absent) > 0 {
		return rollout.Errorf(rollout.KindRefused,
			"stack %q is %s and has no output %s: it is not an installation of Sluice, not one of this version, or it is not done yet",
			i.Stack, stack.StackStatus, strings.Join(slices.Sorted(slices.Values(absent)), ", "))
	}
	for _, p := range stack.Parameters {
		if aws.ToString(p.ParameterKey) == "SlackSecret" {
			s.SlackSecret = aws.ToString(p.ParameterValue)
		}
	}
	return nil
}

// Now is what the cloud's clock says, as far as this machine's can tell.
func (i *Installation) Now() time.Time {
	return time.Now().Add(i.Ahead) //nolint:forbidigo // a person's terminal has no other clock
}
