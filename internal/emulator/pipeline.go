package emulator

import (
	"strings"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/codepipeline"
	"github.com/sluice-deploy/sluice/internal/emulator/iam"
	"github.com/sluice-deploy/sluice/internal/emulator/iam/policy"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// pipelineSession is what a pipeline's sessions of its role are called, and how long
// they last. AWS documents neither; these are ours.
const (
	pipelineSession  = "codepipeline"
	pipelineLifetime = time.Hour
)

// invokeForPipeline invokes a function for a pipeline's action, as the role. The name
// may be all that Lambda takes for a function: CodePipeline hands it on (AWS:
// CodePipeline User Guide, AWS Lambda invoke action reference, which speaks of a name
// only; that one with an alias and an ARN work too is not documented).
func (c *Cloud) invokeForPipeline(roleARN, function string, payload []byte) error {
	const action = "lambda:InvokeFunction"
	who, arn := c.roleIdentity(roleARN, pipelineSession), function
	if !strings.HasPrefix(arn, "arn:") {
		arn = c.Lambda.ARN(function)
	}
	allowed := false
	if role := c.role(roleARN); role != nil {
		d, err := iam.Evaluate(policy.Request{
			Principal: iam.Principal(who, c.options.Organization), Action: action, Resource: arn,
			ResourceAccount: c.Account, Region: c.Region, Time: c.Now(),
		}, role)
		if err != nil {
			return err
		}
		allowed = d.Allowed
	}
	if !allowed {
		return wire.Errorf("AccessDeniedException", "User: %s is not authorized to perform: %s on resource: %s", who.ARN, action, arn)
	}
	return c.Lambda.InvokeAsync(function, payload)
}

// pipelineCredentials are a session of the role, for who works on artifacts.
func (c *Cloud) pipelineCredentials(roleARN string) (codepipeline.Credentials, error) {
	role := c.role(roleARN)
	if role == nil {
		return codepipeline.Credentials{}, wire.Errorf("AccessDenied", "CodePipeline is not authorized to perform AssumeRole on role %s", roleARN)
	}
	_, given := c.STS.Give(role, pipelineSession, pipelineLifetime)
	return codepipeline.Credentials{
		AccessKeyID: *given.AccessKeyId, SecretAccessKey: *given.SecretAccessKey, SessionToken: *given.SessionToken, Expires: *given.Expiration,
	}, nil
}
