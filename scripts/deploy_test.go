package scripts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// url are approvals without Slack.
const url = "APPROVALS=url"

// noSecret is the ARN of a secret that is not there.
const noSecret = "SLACK_SECRET=arn:aws:secretsmanager:us-east-1:123456789012:secret:sluice/slack-AbCdEf"

func with(env ...string) []string { return env }

// Sluice is installed, changed, refused, and taken away with the real aws command.
func TestDeployAndDestroy(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	const ours = "BUCKET=sluice-artifacts-123456789012-us-east-1" // what is found without it, sooner

	o.does("scripts/deploy", with(url, "YES=1", "PLAN=1"), "AWS::StepFunctions::StateMachine")
	o.does("scripts/deploy", with(url), "runs in account 123456789012, Region us-east-1, as stack sluice", "Decisions without Slack go, signed by IAM, to: https://")
	o.does("scripts/deploy", nil, "No changes to deploy. Stack sluice-artifacts is up to date", "No changes to deploy. Stack sluice is up to date")
	o.does("scripts/deploy --dry-run", with(ours), "Nothing would change in stack sluice.")
	o.does("scripts/deploy", with(ours, "PLAN=1", "LOG_RETENTION=30"), "Modify", "AWS::Logs::LogGroup")

	o.fails("scripts/deploy", with(ours, noSecret), "and what was there before runs on. Why:",
		"Check: Received response status [FAILED] from custom resource. Message returned: parameter SlackSecret")
	o.fails("scripts/deploy", with(ours, "SLACK_SECRET="+o.slackSecret("xoxb-wrong")), "parameter SlackSecret", "invalid_auth")
	o.does("scripts/deploy", with(ours, "SLACK_SECRET="+o.slackSecret("xoxb-right")), "Slack sends what people press to: https://", "sluice slack manifest --url https://")

	o.fails("scripts/destroy", nil, "nobody is here to ask: Take away sluice?")
	o.does("scripts/destroy", with("YES=1"), "Stack sluice is gone.", "aws dynamodb delete-table --table-name sluice-Table-")
	o.does("scripts/destroy", with("YES=1", "ARTIFACTS=1"), "There is no stack sluice in account 123456789012, Region us-east-1.",
		"Bucket sluice-artifacts-123456789012-us-east-1 is gone.")
	o.does("scripts/destroy", with("YES=1", "ARTIFACTS=1"), "There is no bucket of ours.")
}

// slackSecret keeps what Slack is said to have given, and gives the secret's ARN.
func (o office) slackSecret(token string) string {
	o.t.Helper()
	out, err := secretsmanager.NewFromConfig(o.cloud.Config("local")).CreateSecret(o.t.Context(), &secretsmanager.CreateSecretInput{
		Name: aws.String("sluice/" + token), SecretString: aws.String(`{"signingSecret": "8f742231b10e8888abcd99yyyzzz85a5", "botToken": "` + token + `"}`),
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return *out.ARN
}

// Whatever is wrong before anything is made is said in a sentence.
func TestScriptsRefuse(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.bucket("123456789012", "us-east-1", "mine")
	o.bucket("210987654321", "eu-west-1", "sluice-artifacts-123456789012-eu-west-1") // the name is taken
	role := o.role("tasks", "/", "ecs-tasks.amazonaws.com")
	o.role("team", "/shop/", "ecs-tasks.amazonaws.com")
	deaf := o.role("machine", "/", "states.amazonaws.com")
	bare := only(t, "bash", "dirname", "basename")
	const inProgress, stuck = "UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED"
	for name, c := range map[string]struct {
		script string
		env    []string
		wants  []string
	}{
		"no aws command":         {"scripts/deploy", with("PATH=" + bare), with("deploy: the aws command is not here")},
		"no Region":              {"scripts/deploy", with("AWS_REGION="), with("deploy: no Region is set; set AWS_REGION")},
		"nobody signed in":       {"scripts/destroy", with("AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY="), with("credentials", "destroy: AWS does not know who asks; sign in")},
		"an option that is none": {"scripts/deploy --force", nil, with(`deploy: unknown option "--force"; there is --dry-run`)},
		"an option for destroy":  {"scripts/destroy --force", nil, with(`destroy: unknown option "--force"; there is none`)},
		"a stack's bad name":     {"scripts/deploy", with("STACK=my_sluice"), with(`deploy: STACK is "my_sluice"; it has up to 40 letters`)},
		"a stack's long name":    {"scripts/destroy", with("STACK=s" + strings.Repeat("x", 40)), with("it has up to 40 letters")},
		"a stack that changes":   {"scripts/deploy", with("PATH=" + o.cloudIn(inProgress)), with("deploy: stack sluice is being changed (UPDATE_IN_PROGRESS); try again")},
		"destroy, that changes":  {"scripts/destroy", with("PATH=" + o.cloudIn(inProgress)), with("destroy: stack sluice is being changed (UPDATE_IN_PROGRESS); try again")},
		"a stack that is stuck":  {"scripts/deploy", with("PATH=" + o.cloudIn(stuck)), with("deploy: stack sluice is in UPDATE_ROLLBACK_FAILED", "continue-update-rollback --stack-name sluice")},

		"no way to approve":      {"scripts/deploy", nil, with("deploy: where do approvals come from? Set SLACK_SECRET")},
		"nobody to agree":        {"scripts/deploy", with(url), with("deploy: nobody is here to ask: The code needs a bucket in account 123456789012, Region us-east-1.")},
		"a bucket that is taken": {"scripts/deploy", with(url, "YES=1", "AWS_REGION=eu-west-1"), with("deploy: the bucket for the code is not as infra/artifacts.yaml says", "Bucket: ")},
		"a bucket that is none":  {"scripts/deploy", with(url, "BUCKET=nowhere"), with("S3 Bucket does not exist", "deploy: the code did not get into bucket nowhere")},

		"not a secret":        {"scripts/deploy", with("BUCKET=mine", "STACK=not-a-secret", "SLACK_SECRET=xoxb-1"), with("SlackSecret is the whole ARN of a secret", "deploy: stack not-a-secret was not made; what CloudFormation has against it is said above")},
		"Slack and no secret": {"scripts/deploy", with("BUCKET=mine", "STACK=no-secret", "APPROVALS=slack"), with("Approvals is slack, so SlackSecret has to be the ARN of the secret", "deploy: stack no-secret was not made")},
		"a plan that fails":   {"scripts/deploy", with("BUCKET=mine", "STACK=no-plan", "APPROVALS=slack", "PLAN=1"), with("deploy: CloudFormation does not take it:", "Approvals is slack, so SlackSecret has to be")},

		"a role that is not there": {"scripts/deploy", with(url, "TASK_ROLES="+role+","+role+"2"), with("deploy: TASK_ROLES: there is no role arn:aws:iam::123456789012:role/tasks2; make it first")},
		"a role without its path":  {"scripts/deploy", with(url, "TASK_ROLES=arn:aws:iam::123456789012:role/team"), with("deploy: TASK_ROLES: there is no role arn:aws:iam::123456789012:role/team; the one of that name is arn:aws:iam::123456789012:role/shop/team")},
		"a role of the machine":    {"scripts/deploy", with(url, "TASK_ROLES="+deaf), with("role arn:aws:iam::123456789012:role/machine does not trust ecs-tasks.amazonaws.com")},
		"a role of others":         {"scripts/deploy", with(url, "TASK_ROLES=arn:aws:iam::210987654321:role/tasks"), with("is of another account; tasks of account 123456789012 can take only its own roles")},
		"a role's name":            {"scripts/deploy", with(url, "TASK_ROLES=tasks"), with(`deploy: TASK_ROLES: "tasks" is not the ARN of a role`)},
		"a role nobody may see":    {"scripts/deploy", append(o.blind(), url, "TASK_ROLES="+role+"2", "BUCKET=nowhere"), with("deploy: role arn:aws:iam::123456789012:role/tasks2 was not checked, as you may not iam:GetRole on it", "deploy: the code did not get into bucket nowhere")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mine := o
			mine.t = t
			mine.fails(c.script, c.env, c.wants...)
			mine.wantNoStack(c.env)
		})
	}
}

// wantNoStack looks for the stack that a script with this environment would have made.
func (o office) wantNoStack(env []string) {
	o.t.Helper()
	name := "sluice"
	for _, e := range env {
		if stack, ok := strings.CutPrefix(e, "STACK="); ok {
			name = stack
		}
	}
	out, err := cloudformation.NewFromConfig(o.cloud.Config("local")).DescribeStacks(o.t.Context(), &cloudformation.DescribeStacksInput{StackName: &name})
	if err == nil {
		o.t.Errorf("stack %s is there, %s", name, out.Stacks[0].StackStatus)
	}
}

// A first installation that fails says so, and what follows it.
func TestFirstInstallationFails(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.bucket("123456789012", "us-east-1", "mine")
	o.fails("scripts/deploy", with(noSecret, "BUCKET=mine"), "Check: Received response status [FAILED]",
		"deploy: the installation of sluice failed. Put right what it says, take away what is left with make destroy, and deploy again. Why:")
	o.fails("scripts/deploy", with(noSecret, "BUCKET=mine"), "deploy: stack sluice is in ROLLBACK_COMPLETE: it was never made, or not wholly taken away")
	o.does("scripts/destroy", with("YES=1"), "Stack sluice is gone.", "aws dynamodb delete-table --table-name sluice-Table-")
}

// Whoever sits at a terminal is asked what lacks.
func TestQuestionsAtATerminal(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	const secret, region = "ARN of the secret for Slack (docs/slack.md); empty for approvals without Slack:", "Which Region?" //nolint:gosec // a question
	for _, c := range []struct {
		script    string
		env       []string
		questions [][2]string
		fails     bool
		want      string
	}{
		{"scripts/deploy", with("AWS_REGION="), [][2]string{{region, ""}}, true, "deploy: no Region is set; set AWS_REGION"},
		{"scripts/deploy", nil, [][2]string{{secret, ""}, {"(private, encrypted)? [y/N]", ""}}, true, "deploy: without a bucket there is no deployment; set BUCKET"},
		{"scripts/deploy", with("AWS_REGION=", "PLAN=1"), [][2]string{{region, "us-east-1"}, {secret, ""}, {"(private, encrypted)? [y/N]", "y"}}, false, "AWS::StepFunctions::StateMachine"},
		{"scripts/destroy", with("ARTIFACTS=1"), [][2]string{{"Delete bucket sluice-artifacts-123456789012-us-east-1 with all code of every installation? [y/N]", "n"}}, true, "destroy: the bucket stays"},
	} {
		shown, err := o.answers(c.script, c.env, c.questions...)
		if (err != nil) != c.fails || !strings.Contains(shown, c.want) {
			t.Errorf("%s %v, with %q typed: %v, shows\n%s\nwant failure %t and %q", c.script, c.env, c.questions, err, shown, c.fails, c.want)
		}
	}
}

func (o office) bucket(account, region, name string) {
	o.t.Helper()
	in := &s3.CreateBucketInput{Bucket: &name}
	if region != "us-east-1" {
		in.CreateBucketConfiguration = &s3types.CreateBucketConfiguration{LocationConstraint: s3types.BucketLocationConstraint(region)}
	}
	if _, err := s3.NewFromConfig(o.cloud.In(account, region).Config("local"+account)).CreateBucket(o.t.Context(), in); err != nil {
		o.t.Fatal(err)
	}
}

// role makes a role that a service may assume, and gives its ARN.
func (o office) role(name, path, service string) string {
	o.t.Helper()
	out, err := iam.NewFromConfig(o.cloud.Config("local")).CreateRole(o.t.Context(), &iam.CreateRoleInput{
		RoleName: &name, Path: &path,
		AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"sts:AssumeRole"}]}`),
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return *out.Role.Arn
}

// blind are credentials of a role that may do all but look at roles.
func (o office) blind() []string {
	o.t.Helper()
	client := iam.NewFromConfig(o.cloud.Config("local"))
	made, err := client.CreateRole(o.t.Context(), &iam.CreateRoleInput{
		RoleName: aws.String("installer"), MaxSessionDuration: aws.Int32(43200), // 7 minutes by the wall clock
		AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}]}`),
	})
	if err != nil {
		o.t.Fatal(err)
	}
	if _, err := client.PutRolePolicy(o.t.Context(), &iam.PutRolePolicyInput{
		RoleName: aws.String("installer"), PolicyName: aws.String("blind"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"iam:GetRole","Resource":"*"}]}`),
	}); err != nil {
		o.t.Fatal(err)
	}
	session, err := sts.NewFromConfig(o.cloud.Config("local")).AssumeRole(o.t.Context(), &sts.AssumeRoleInput{RoleArn: made.Role.Arn, RoleSessionName: aws.String("ann"), DurationSeconds: aws.Int32(43200)})
	if err != nil {
		o.t.Fatal(err)
	}
	c := session.Credentials
	return with("AWS_ACCESS_KEY_ID="+*c.AccessKeyId, "AWS_SECRET_ACCESS_KEY="+*c.SecretAccessKey, "AWS_SESSION_TOKEN="+*c.SessionToken)
}

// only is a PATH on which only these programs are.
func only(t *testing.T, programs ...string) string {
	t.Helper()
	folder := t.TempDir()
	for _, program := range programs {
		found, err := exec.LookPath(program)
		if err == nil {
			err = os.Symlink(found, filepath.Join(folder, program))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// cloudIn is a PATH with an aws command whose cloud has a stack in a status that the
// local cloud is in for too short, or never. It can do nothing else.
func (o office) cloudIn(status string) string {
	o.t.Helper()
	folder := o.t.TempDir()
	text := "#!/bin/sh\ncase \"$*\" in\n'sts get-caller-identity '*) echo 123456789012 ;;\n" +
		"'cloudformation describe-stacks --stack-name sluice '*) printf 'Status\\t" + status + "\\n' ;;\n*) exit 99 ;;\nesac\n"
	if err := os.WriteFile(filepath.Join(folder, "aws"), []byte(text), 0o700); err != nil { //nolint:gosec // a program is run
		o.t.Fatal(err)
	}
	return folder + string(os.PathListSeparator) + os.Getenv("PATH")
}
