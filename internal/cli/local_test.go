package cli_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/sluice-deploy/sluice/events"
	"github.com/sluice-deploy/sluice/internal/cli"
)

var endpointPattern = regexp.MustCompile(`AWS_ENDPOINT_URL=(\S+)`)

// startLocal runs `sluice local` on a free port until the test ends, and gives its
// endpoint.
func startLocal(t *testing.T, args ...string) string {
	t.Helper()
	m := endpointPattern.FindStringSubmatch(welcomed(t, "stepfunctions", args...))
	if m == nil {
		t.Fatal("sluice local told no endpoint")
	}
	return m[1]
}

// welcomed runs `sluice local` and gives what it prints, up to the line with a word.
func welcomed(t *testing.T, last string, args ...string) string {
	t.Helper()
	cache := t.TempDir() // state files of this test alone
	for _, variable := range []string{"XDG_CACHE_HOME", "HOME", "LocalAppData"} {
		t.Setenv(variable, cache)
	}
	ctx, cancel := context.WithCancel(t.Context())
	read, write := io.Pipe()
	p, _, errs := process(append([]string{"local", "--port", "0", "--speed", "100"}, args...)...)
	p.Out = write
	var running sync.WaitGroup
	status := -1
	running.Go(func() {
		status = cli.Main(ctx, p)
		_ = write.Close() // it never fails
	})
	t.Cleanup(func() {
		cancel()
		running.Wait()
		if status != 0 {
			t.Errorf("sluice local ended with %d: %s", status, errs)
		}
	})
	lines, said := bufio.NewScanner(read), ""
	for lines.Scan() {
		said += lines.Text() + "\n"
		if strings.Contains(lines.Text(), last) {
			running.Go(func() { _, _ = io.Copy(io.Discard, read) })
			return said
		}
	}
	t.Fatalf("sluice local told nothing of %q: %s", last, errs)
	return ""
}

// account is an SDK configuration for the local cloud.
func account(endpoint string) aws.Config {
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: &endpoint,
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	}
}

// emit runs `sluice emit`.
func emit(t *testing.T, args ...string) (status int, out, errs string) {
	t.Helper()
	p, o, e := process(append([]string{"emit"}, args...)...)
	return cli.Main(t.Context(), p), o.String(), e.String()
}

// sample copies a documented event to a file, changed as the pairs say.
func sample(t *testing.T, name string, changes ...string) string {
	t.Helper()
	text, err := events.Files.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(strings.NewReplacer(changes...).Replace(string(text))), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestEmit(t *testing.T) {
	endpoint := startLocal(t)

	// The only local cloud is found by itself. The app is not registered: the event
	// goes to the dead letters, with the reason.
	status, out, errs := emit(t, sample(t, "sluice-build-succeeded.json"))
	if status != 0 || !strings.Contains(out, "put Sluice Build Succeeded of sluice.build on the bus of "+endpoint) {
		t.Fatalf("emit ended with %d, said %q and %q", status, out, errs)
	}
	letters := sqs.NewFromConfig(account(endpoint))
	queues, err := letters.ListQueues(t.Context(), &sqs.ListQueuesInput{})
	if err != nil || len(queues.QueueUrls) != 1 {
		t.Fatalf("queues %v, error %v, want the dead letters'", queues, err)
	}
	received, err := letters.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: &queues.QueueUrls[0], WaitTimeSeconds: 20, MessageAttributeNames: []string{"All"},
	})
	if err != nil || len(received.Messages) != 1 {
		t.Fatalf("dead letters %v, error %v, want one", received, err)
	}
	text, err := json.Marshal(received.Messages[0])
	if err != nil || !strings.Contains(string(text), "is not registered") {
		t.Errorf("dead letter %s, want one that says that the app is not registered", text)
	}

	// Events of AWS services.
	if status, out, errs = emit(t, sample(t, "codebuild-build-succeeded.json"), "--endpoint", endpoint); status != 0 {
		t.Errorf("emit of CodeBuild's event ended with %d, said %q and %q", status, out, errs)
	}
	for name, change := range map[string][2]string{
		`field "account" is 999999999999, want 123456789012`: {`"account": "123456789012"`, `"account": "999999999999"`},
		`field "region" is eu-west-1, want us-east-1`:        {`"region": "us-east-1"`, `"region": "eu-west-1"`},
	} {
		status, _, errs := emit(t, sample(t, "codebuild-build-succeeded.json", change[0], change[1]), "--endpoint", endpoint)
		if status != 1 || !strings.Contains(errs, name) {
			t.Errorf("emit ended with %d and said %q, want 1 and %q", status, errs, name)
		}
	}
}

// The path beside AWS's interface takes what PutEvents refuses, and nothing else.
func TestEventsPath(t *testing.T) {
	endpoint := startLocal(t)
	for _, c := range []struct {
		method, body string
		want         int
		says         string
	}{
		{http.MethodGet, "", http.StatusMethodNotAllowed, "posted"},
		{http.MethodPost, "{", http.StatusBadRequest, "not JSON"},
		{http.MethodPost, `{"source":"sluice.build","detail-type":"x","detail":{}}`, http.StatusBadRequest, "PutEvents"},
		{http.MethodPost, `{"source":"aws.ecr","detail-type":"x","detail":{}}`, http.StatusAccepted, "-"},
	} {
		req, err := http.NewRequestWithContext(t.Context(), c.method, endpoint+"/_sluice/events", strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close() // it was read to its end
		if err != nil || resp.StatusCode != c.want || !strings.Contains(string(text), c.says) {
			t.Errorf("%s %s: %d %q, error %v, want %d and %q", c.method, c.body, resp.StatusCode, text, err, c.want, c.says)
		}
	}
}

func TestEmitWithoutLocalCloud(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	status, _, errs := emit(t, sample(t, "sluice-build-succeeded.json"))
	if status != 1 || !strings.Contains(errs, "no local cloud is running; start one with `sluice local`") {
		t.Errorf("emit ended with %d and said %q, want 1 and what to do", status, errs)
	}
}

func TestEmitFindsTheEndpointInTheEnvironment(t *testing.T) {
	t.Parallel()
	p, _, errs := process("emit", sample(t, "sluice-build-succeeded.json"))
	p.Getenv = func(name string) string {
		if name == "AWS_ENDPOINT_URL" {
			return "ftp://elsewhere"
		}
		return ""
	}
	if status := cli.Main(t.Context(), p); status != 2 || !strings.Contains(errs.String(), `endpoint "ftp://elsewhere"`) {
		t.Errorf("emit ended with %d and said %q, want 2 and the endpoint", status, errs)
	}
}

// A task whose image has no command says how to give it one; one whose image has
// one runs.
func TestImages(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs the sleep command")
	}
	client := ecs.NewFromConfig(account(startLocal(t, "--image", "example.com/known=sleep 600")))
	if _, err := client.CreateCluster(t.Context(), &ecs.CreateClusterInput{ClusterName: aws.String("local")}); err != nil {
		t.Fatal(err)
	}
	for image, done := range map[string]func(types.Task) bool{
		"example.com/known:1": func(task types.Task) bool { return aws.ToString(task.LastStatus) == "RUNNING" },
		"example.com/unknown:1": func(task types.Task) bool {
			const want = "CannotPullContainerError: no program stands for the image example.com/unknown:1; give it one with `sluice local --image REPOSITORY=COMMAND`"
			return strings.Contains(aws.ToString(task.StoppedReason), want) ||
				len(task.Containers) > 0 && strings.Contains(aws.ToString(task.Containers[0].Reason), want)
		},
	} {
		family := regexp.MustCompile(`\W`).ReplaceAllString(image, "-")
		if _, err := client.RegisterTaskDefinition(t.Context(), &ecs.RegisterTaskDefinitionInput{
			Family: &family, RequiresCompatibilities: []types.Compatibility{types.CompatibilityFargate},
			NetworkMode: types.NetworkModeAwsvpc, Cpu: aws.String("256"), Memory: aws.String("512"),
			ContainerDefinitions: []types.ContainerDefinition{{Name: aws.String("web"), Image: &image}},
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := client.CreateService(t.Context(), &ecs.CreateServiceInput{
			Cluster: aws.String("local"), ServiceName: &family, TaskDefinition: &family, DesiredCount: aws.Int32(1),
			LaunchType: types.LaunchTypeFargate,
			NetworkConfiguration: &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{
				Subnets: []string{"subnet-0a1b2c3d"},
			}},
		}); err != nil {
			t.Fatal(err)
		}
		awaitTask(t, client, family, done)
	}
}

// awaitTask asks for the service's tasks until one is as it should be.
func awaitTask(t *testing.T, client *ecs.Client, service string, done func(types.Task) bool) {
	t.Helper()
	var last []types.Task
	for limit := time.Now().Add(20 * time.Second); time.Now().Before(limit); {
		for _, status := range []types.DesiredStatus{types.DesiredStatusRunning, types.DesiredStatusStopped} {
			list, err := client.ListTasks(t.Context(), &ecs.ListTasksInput{
				Cluster: aws.String("local"), ServiceName: &service, DesiredStatus: status,
			})
			if err != nil {
				t.Fatal(err)
			}
			if len(list.TaskArns) == 0 {
				continue
			}
			described, err := client.DescribeTasks(t.Context(), &ecs.DescribeTasksInput{Cluster: aws.String("local"), Tasks: list.TaskArns})
			if err != nil {
				t.Fatal(err)
			}
			last = described.Tasks
			if slices.ContainsFunc(described.Tasks, done) {
				return
			}
		}
	}
	text, err := json.Marshal(last)
	t.Fatalf("no task of %s is as it should be: %s (%v)", service, text, err)
}

// TestAWSCommand has the real aws CLI look at a running local cloud and change it.
func TestAWSCommand(t *testing.T) {
	command, err := exec.LookPath("aws")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("the aws CLI is not installed; the tests need it where CI is true")
		}
		t.Skip("the aws CLI is not installed")
	}
	endpoint := startLocal(t)
	run := func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), command, args...) //nolint:gosec // the aws CLI
		cmd.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+endpoint, "AWS_DEFAULT_REGION=us-east-1", "AWS_REGION=us-east-1",
			"AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local", "AWS_PAGER=", "AWS_MAX_ATTEMPTS=1", "AWS_DEFAULT_OUTPUT=text")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("aws %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	want := func(part string, args ...string) {
		t.Helper()
		if out := run(args...); !strings.Contains(out, part) {
			t.Errorf("aws %s: %q has no %q", strings.Join(args, " "), out, part)
		}
	}
	want("sluice", "stepfunctions", "list-state-machines")
	want("arn:aws:states", "stepfunctions", "create-state-machine", "--name", "two", "--role-arn", "arn:aws:iam::123456789012:role/two",
		"--definition", `{"QueryLanguage":"JSONata","StartAt":"A","States":{"A":{"Type":"Succeed"}}}`)
	want("local", "ecs", "create-cluster", "--cluster-name", "local")
	want("arn:aws:ecs:us-east-1:123456789012:cluster/local", "ecs", "list-clusters")
	want("app/local", "elbv2", "create-load-balancer", "--name", "local", "--subnets", "subnet-0a1b2c3d", "subnet-1a1b2c3d")
	want("app/local", "elbv2", "describe-load-balancers")
	run("cloudwatch", "put-metric-alarm", "--alarm-name", "busy", "--namespace", "Local", "--metric-name", "Load", "--statistic", "Average",
		"--period", "60", "--evaluation-periods", "1", "--threshold", "1", "--comparison-operator", "GreaterThanThreshold")
	run("cloudwatch", "set-alarm-state", "--alarm-name", "busy", "--state-value", "ALARM", "--state-reason", "a test says so")
	want("a test says so", "cloudwatch", "describe-alarm-history", "--alarm-name", "busy")
	run("dynamodb", "create-table", "--table-name", "things", "--billing-mode", "PAY_PER_REQUEST",
		"--attribute-definitions", "AttributeName=id,AttributeType=S", "--key-schema", "AttributeName=id,KeyType=HASH")
	run("dynamodb", "wait", "table-exists", "--table-name", "things")
	run("dynamodb", "put-item", "--table-name", "things", "--item", `{"id":{"S":"one"}}`)
	want("one", "dynamodb", "scan", "--table-name", "things")
	want("sluice", "events", "list-rules")
	want("0", "events", "put-events", "--entries", `[{"Source":"local","DetailType":"Test","Detail":"{}"}]`)
	want("True", "events", "test-event-pattern", "--event-pattern", `{"source":["local"]}`, "--event",
		`{"id":"1","account":"123456789012","source":"local","time":"2026-01-01T00:00:00Z","region":"us-east-1","resources":[],"detail-type":"Test","detail":{}}`)
	// The first version of the CLI has an endpoint of its own for SQS, whatever the environment says.
	want("123456789012/letters", "--endpoint-url", endpoint, "sqs", "create-queue", "--queue-name", "letters")
	run("ssm", "put-parameter", "--name", "/local/color", "--value", "blue", "--type", "String")
	want("blue", "ssm", "get-parameter", "--name", "/local/color")
}
