package emulator

import (
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/codepipeline"
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
	who, err := c.assume("codepipeline", roleARN, "", pipelineSession)
	if err != nil {
		return err
	}
	return c.invokeAsync(who, c.functionARN(function), payload)
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
