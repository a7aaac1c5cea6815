package infra_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/sluice-deploy/sluice/internal/emulator/cloudformation"
	"github.com/sluice-deploy/sluice/internal/harness"
	"github.com/sluice-deploy/sluice/internal/harness/grants"
)

// spare are the grants that no test needs, with the reason why they are there.
func spare() map[string]string {
	const (
		build, pipeline, workflow = "infra/pipeline.yaml BuildRole", "infra/pipeline.yaml PipelineRole", "infra/github.yaml Role"
		here                      = ":${AWS::Region}:${AWS::AccountId}:"
		id                        = ":connection/01234567-89ab-cdef-0123-456789abcdef"
	)
	reasons := map[string]string{}
	because := func(reason, role, resource string, actions ...string) {
		for _, action := range actions {
			reasons[role+": Allow "+action+" on "+resource] = reason
		}
	}
	for _, images := range []struct{ role, repository string }{{build, "shop"}, {workflow, "shop"}, {workflow, "team/shop"}} {
		because("Docker pushes layers with it, and no build here pushes any (AWS: ECR User Guide, IAM permissions for pushing an image)",
			images.role, "arn:${AWS::Partition}:ecr"+here+"repository/"+images.repository,
			"ecr:BatchCheckLayerAvailability", "ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart")
	}
	because("CodeBuild logs with it, and CloudWatch Logs has no emulation",
		build, "arn:${AWS::Partition}:logs"+here+"log-group:/codebuild/shop-build:*", "logs:CreateLogStream", "logs:PutLogEvents")
	for _, role := range []string{build, pipeline} {
		because("artifacts are read by their versions, and objects have none in the emulation", role, "arn:${AWS::Partition}:s3:::${Artifacts}/*", "s3:GetObjectVersion")
		for _, service := range []string{"codeconnections", "codestar-connections"} {
			because("the source is read with it, and connections have no emulation", role, "arn:${AWS::Partition}:"+service+here[:len(here)-1]+id, service+":UseConnection")
		}
	}
	because("CodePipeline looks whether its bucket has versions, and the emulation of buckets has none (AWS: CodePipeline User Guide, CodePipeline service role policy)",
		pipeline, "arn:${AWS::Partition}:s3:::${Artifacts}", "s3:GetBucketVersioning")
	because("the build clones the source with it, and CodeCommit has no emulation", build, "arn:${AWS::Partition}:codecommit"+here+"shop", "codecommit:GitPull")
	because("the source is read with it, and CodeCommit has no emulation", pipeline, "arn:${AWS::Partition}:codecommit"+here+"shop",
		"codecommit:CancelUploadArchive", "codecommit:GetBranch", "codecommit:GetCommit", "codecommit:GetRepository",
		"codecommit:GetUploadArchiveStatus", "codecommit:UploadArchive")
	const packages = "packages come with it, and CodeArtifact has no emulation"
	because(packages, build, "arn:${AWS::Partition}:codeartifact"+here+"domain/example", "codeartifact:GetAuthorizationToken")
	because(packages, build, "arn:${AWS::Partition}:codeartifact"+here+"repository/example/npm", "codeartifact:GetRepositoryEndpoint", "codeartifact:ReadFromRepository")
	because(packages, build, "*", "sts:GetServiceBearerToken")
	return reasons
}

// TestMain runs the tests. When all have run and held, it wants the roles of
// infra/pipeline.yaml and infra/github.yaml to grant what a build, a workflow or a
// pipeline has needed, and nothing else.
func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if code == 0 && grants.AllRun() {
		for _, wrong := range needed.Judge(spare()) {
			fmt.Println(wrong)
			code = 1
		}
	}
	os.Exit(code)
}

// needed is the account of all workshops, which run side by side.
var needed = &grants.Ledger{}

// account keeps the account of the workshop's cloud until the test ends.
func (w *workshop) account() {
	var enter func([]harness.Stack)
	w.cloud.Do(func() { enter = needed.Watch(w.cloud.Partition) })
	w.t.Cleanup(func() { w.cloud.Do(func() { enter(w.stacks) }) })
}

// install makes a stack whose roles are accounted for.
func (w *workshop) install(template string, p parameters) *cloudformation.Stack {
	w.t.Helper()
	stack := mustDeploy(w.t, w.cloud, template, "delivery", p)
	w.stacks = append(w.stacks, harness.Stack{Stack: stack, Template: template, Cloud: w.cloud})
	return stack
}

// credentials are what a program finds in its environment to call with an access key.
func (w *workshop) credentials(accessKey string) []string {
	c, err := w.cloud.Config(accessKey).Credentials.Retrieve(w.t.Context())
	if err != nil {
		w.t.Error(err)
	}
	return []string{"AWS_ACCESS_KEY_ID=" + c.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + c.SecretAccessKey, "AWS_SESSION_TOKEN=" + c.SessionToken}
}
