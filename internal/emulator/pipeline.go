package emulator

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	buildtypes "github.com/aws/aws-sdk-go-v2/service/codebuild/types"

	"github.com/sluice-deploy/sluice/internal/emulator/codebuild"
	"github.com/sluice-deploy/sluice/internal/emulator/codepipeline"
	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// pipelineSession is what a pipeline's sessions of its role are called, and how long
// they last. AWS documents neither; these are ours.
const (
	pipelineSession  = "codepipeline"
	pipelineLifetime = time.Hour
)

// buildPoll is how often a pipeline looks whether its build has ended. AWS does not
// document it; this is ours.
const buildPoll = 5 * time.Second

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
	if _, err := c.assume("codepipeline", roleARN, "", pipelineSession); err != nil {
		return codepipeline.Credentials{}, wire.Errorf("AccessDenied", "CodePipeline is not authorized to perform AssumeRole on role %s", roleARN)
	}
	role := c.role(roleARN)
	_, given := c.STS.Give(role, pipelineSession, pipelineLifetime)
	return codepipeline.Credentials{
		AccessKeyID: *given.AccessKeyId, SecretAccessKey: *given.SecretAccessKey, SessionToken: *given.SessionToken, Expires: *given.Expiration,
	}, nil
}

// Assume gives a session of a role that a service of AWS takes for the sake of a
// resource, such as "codebuild" for a build, if the role trusts it: the access key, for
// Config or a client on the port. It must be called on the loop or while a virtual loop
// stands still.
func (c *Cloud) Assume(service, roleARN, sourceARN, session string) (accessKey string, err error) {
	if _, err := c.assume(service, roleARN, sourceARN, session); err != nil {
		return "", err
	}
	_, given := c.STS.Give(c.role(roleARN), session, pipelineLifetime)
	return *given.AccessKeyId, nil
}

// act does the work of a pipeline's action.
func (c *Cloud) act(a codepipeline.Action, done func(codepipeline.Result)) {
	switch {
	case *a.Type.Provider == "CodeBuild" && c.options.Builder != nil:
		c.build(a, done)
	case c.options.Action != nil:
		c.options.Action(a, done)
	default:
		done(codepipeline.Result{})
	}
}

// build has CodeBuild do a pipeline's action, and looks now and then whether it has, all
// as the pipeline's role.
// AWS: CodePipeline User Guide, AWS CodeBuild build and test action reference; Add
// permissions to the CodePipeline service role.
func (c *Cloud) build(a codepipeline.Action, done func(codepipeline.Result)) {
	project := a.Configuration["ProjectName"]
	may := func(action string) error {
		who, err := c.assume("codepipeline", a.Role, "", pipelineSession)
		if err == nil {
			err = c.permit(who, "codebuild:"+action, partition.ARN("codebuild", c.Region, c.Account, "project/"+project))
		}
		return err
	}
	// That errors begin so is seen in users' reports; the code is ours.
	failed := func(call string, err error) {
		done(codepipeline.Result{Failed: true, ErrorCode: "ConfigurationError", ErrorMessage: fmt.Sprintf("Error calling %s: %v", call, err)})
	}
	var b *buildtypes.Build
	err := may("StartBuild")
	if err == nil {
		b, err = c.CodeBuild.StartForPipeline(codebuild.ForPipeline{
			Project: project, Pipeline: a.Pipeline, Source: objectARN(c.Region, a.Inputs), Artifact: objectARN(c.Region, a.Outputs),
		})
	}
	if err != nil {
		failed("startBuild", err)
		return
	}
	var look func()
	look = func() {
		switch err := may("BatchGetBuilds"); {
		case err != nil:
			failed("batchGetBuilds", err)
		case b.BuildComplete:
			done(built(b))
		default:
			c.After(buildPoll, look)
		}
	}
	look()
}

// built is how a build ends a pipeline's action.
func built(b *buildtypes.Build) codepipeline.Result {
	_, id, _ := strings.Cut(*b.Id, ":")
	r := codepipeline.Result{ExternalID: id, Variables: map[string]string{}}
	for _, v := range b.ExportedEnvironmentVariables {
		r.Variables[*v.Name] = aws.ToString(v.Value)
	}
	if b.BuildStatus != buildtypes.StatusTypeSucceeded {
		// AWS goes on with the phase that failed.
		r.Failed, r.ErrorCode, r.ErrorMessage = true, "JobFailed", "Build terminated with state: "+string(b.BuildStatus)
	}
	return r
}

// objectARN is the ARN of the first artifact, or "".
func objectARN(region string, artifacts []codepipeline.Artifact) string {
	if len(artifacts) == 0 {
		return ""
	}
	return partition.Global("s3", region, "", artifacts[0].Bucket+"/"+artifacts[0].Key)
}

// startPipeline starts a pipeline for a rule.
func (c *Cloud) startPipeline(who wire.Identity, ruleARN, pipelineARN string) error {
	if err := c.permit(who, "codepipeline:StartPipelineExecution", pipelineARN); err != nil {
		return err
	}
	return c.CodePipeline.StartFor(ruleARN, pipelineARN[strings.LastIndexByte(pipelineARN, ':')+1:])
}
