package sandbox_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/live/sandbox"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// TestMain makes this program the function, where Lambda's variables say so.
func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		serveFunction()
		return
	}
	os.Exit(m.Run())
}

// world is a Lambda whose functions are processes, with the function f.
type world struct {
	t       *testing.T
	loop    *loop.Loop
	service *lambda.Service
	host    *sandbox.Host
	logs    sandbox.Logs
}

func newWorld(t *testing.T, cloud http.HandlerFunc) *world {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("deployment packages hold Linux programs")
	}
	w := &world{t: t, loop: loop.NewLive(1)}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { _ = w.loop.Run(ctx); close(ended) }()
	host, err := sandbox.New(w.loop, &w.logs)
	if err != nil {
		t.Fatal(err)
	}
	w.host = host
	w.service = lambda.New(w.loop, "123456789012", "us-east-1", lambda.Deps{Package: host.Package})
	host.Serve(sandbox.World{
		Handler: cloud,
		Knows:   func(host string) bool { return host == "slack.com" || host == "plain.example.com" },
		Config: func(function string) aws.Config {
			return aws.Config{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider(w.service.AccessKey(function), "secret", "token")}
		},
	})
	t.Cleanup(func() {
		host.Close()
		if n := host.Processes(); n != 0 {
			t.Errorf("%d processes are left", n)
		}
		stop()
		<-ended
		if t.Failed() {
			for _, line := range w.logs.Lines() {
				t.Log(line)
			}
		}
	})
	return w
}

// bootstrap is the program that becomes this one, as the function that MODE names.
func bootstrap(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return "#!/bin/sh\nexec '" + self + "'\n"
}

// pack is a deployment package with one file.
func pack(t *testing.T, name, text string, mode os.FileMode) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	header := &zip.FileHeader{Name: name}
	header.SetMode(mode)
	f, err := z.CreateHeader(header)
	if err == nil {
		_, err = f.Write([]byte(text))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// register makes this program the function f, of the mode that its variables name.
func (w *world) register(config lambda.FunctionConfig) {
	w.t.Helper()
	w.registerPack(config, pack(w.t, "bootstrap", bootstrap(w.t), 0o755))
}

func (w *world) registerPack(config lambda.FunctionConfig, pack []byte) {
	w.t.Helper()
	w.put("f", config, pack)
}

// registerAs is register under another name.
func (w *world) registerAs(name string, config lambda.FunctionConfig) {
	w.t.Helper()
	w.put(name, config, pack(w.t, "bootstrap", bootstrap(w.t), 0o755))
}

func (w *world) put(name string, config lambda.FunctionConfig, pack []byte) {
	w.t.Helper()
	if config.Timeout == 0 {
		config.Timeout = 30 * time.Second
	}
	code, err := w.host.Package(pack)
	if err == nil {
		w.loop.Do(func() { err = w.service.Register(name, config, code) })
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// client is a real SDK client of the world's Lambda.
func (w *world) client() *sdk.Client {
	return sdk.NewFromConfig(aws.Config{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		HTTPClient: wire.NewTransport(w.loop, wire.NewMux("123456789012", "us-east-1", w.service.Wire()), wire.TransportOptions{}),
	})
}

func mode(mode string, more ...string) lambda.FunctionConfig {
	variables := map[string]string{"MODE": mode}
	for i := 0; i < len(more); i += 2 {
		variables[more[i]] = more[i+1]
	}
	return lambda.FunctionConfig{Environment: variables}
}

func (w *world) invoke(name, payload string) lambda.Result {
	var r lambda.Result
	w.loop.Await(func(done func()) {
		w.service.Invoke(name, []byte(payload), func(got lambda.Result) { r = got; done() })
	})
	return r
}

// hush replaces the request's id and the folder in an error.
func (w *world) hush(payload []byte) string {
	text := string(payload)
	if _, after, ok := strings.Cut(text, "RequestId: "); ok {
		id, _, _ := strings.Cut(after, " ")
		text = strings.ReplaceAll(text, id, "ID")
	}
	if at := strings.Index(text, os.TempDir()); at >= 0 {
		end := at + strings.Index(text[at:], "/bootstrap")
		text = strings.ReplaceAll(text, text[at:end], "FOLDER")
	}
	return text
}

// eventually waits until cond holds.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !cond(); {
		if time.Now().After(deadline) {
			t.Fatalf("%s has not come", what)
		}
		<-time.After(time.Millisecond)
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		config  lambda.FunctionConfig
		want    string
		errType string
	}{
		"OK":              {mode("echo"), `{"a":1}`, ""},
		"ErrReturned":     {mode("error"), `{"errorMessage":"the table is gone","errorType":"TableGoneError"}`, "TableGoneError"},
		"ErrExit":         {mode("exit"), `{"errorMessage":"RequestId: ID Error: Runtime exited with error: exit status 3","errorType":"Runtime.ExitError"}`, "Runtime.ExitError"},
		"ErrKilled":       {mode("kill"), `{"errorMessage":"RequestId: ID Error: Runtime exited with error: signal: killed","errorType":"Runtime.ExitError"}`, "Runtime.ExitError"},
		"ErrInitExit":     {mode("initexit"), `{"errorMessage":"RequestId: ID Error: Runtime exited with error: exit status 1","errorType":"Runtime.ExitError"}`, "Runtime.ExitError"},
		"ErrInitReported": {mode("initerror"), `{"errorMessage":"no settings","errorType":"NoSettings"}`, "NoSettings"},
		"ErrTooLarge": {
			mode("large"),
			`{"errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes).","errorType":"Function.ResponseSizeTooLarge"}`,
			"Function.ResponseSizeTooLarge",
		},
		"ErrHeaderNamesType": {mode("headererror"), `"it broke"`, "Function.Broken"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			w.register(test.config)
			got := w.invoke("f", `{"a":1}`)
			if text := w.hush(got.Payload); text != test.want || got.ErrorType != test.errType || got.Err != nil {
				t.Errorf("answer %s of type %q, error %v; want %s of type %q", text, got.ErrorType, got.Err, test.want, test.errType)
			}
		})
	}
}

// A response that is too large is refused to the process, too.
func TestTooLargeIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.register(mode("large"))
	w.invoke("f", `{}`)
	eventually(t, "what the process was told", func() bool { return len(w.logs.Lines()) > 0 })
	if got, want := w.logs.Lines()[0].Text, "too large: 413 RequestEntityTooLarge"; got != want {
		t.Errorf("the process was told %q, want %q", got, want)
	}
}

func TestPanicEndsTheEnvironment(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.register(mode("panic"))
	got := w.invoke("f", `{}`)
	if !strings.Contains(string(got.Payload), `"errorMessage":"down","errorType":"string"`) || got.ErrorType != "string" {
		t.Errorf("answer %s of type %q, want the panic", got.Payload, got.ErrorType)
	}
	eventually(t, "the end of the process", func() bool { return w.host.Processes() == 0 })
	if got := w.invoke("f", `{}`); got.ErrorType != "string" {
		t.Errorf("the next one ends with %s of type %q, want a new environment's panic", got.Payload, got.ErrorType)
	}
}

// What a process says out of turn is refused, and harms nothing.
func TestRuntimeAPIOutOfTurn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.register(mode("outofturn"))
	got := strings.Split(strings.Trim(string(w.invoke("f", `{}`).Payload), `"`), "|")
	want := []string{
		"next while it runs: 403 InvalidStateTransition",
		"response to another: 400 InvalidRequestID",
		"error of another: 400 InvalidRequestID",
		"init error: 403 InvalidStateTransition",
		"nowhere: 404 ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	// What came after the first answer is told with the next invocation.
	got = strings.Split(strings.Trim(string(w.invoke("f", `{}`).Payload), `"`), "|")
	if diff := cmp.Diff([]string{"a second response: 403 InvalidStateTransition"}, got); diff != "" {
		t.Errorf("answers after the first (-want +got):\n%s", diff)
	}
}

func TestTimeoutKillsTheProcess(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	config := mode("hang")
	config.Timeout = time.Second
	w.register(config)
	got := w.invoke("f", `{}`)
	if want := `{"errorMessage":"RequestId: ID Error: Task timed out after 1.00 seconds","errorType":"Sandbox.Timedout"}`; w.hush(got.Payload) != want {
		t.Errorf("answer %s, want %s", w.hush(got.Payload), want)
	}
	eventually(t, "the end of the process", func() bool { return w.host.Processes() == 0 })
}

// An environment that did not start is started again in the invocation.
func TestStartIsTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.register(mode("secondstart", "MARK", t.TempDir()+"/started"))
	if got := w.invoke("f", `{"a":1}`); string(got.Payload) != `{"a":1}` {
		t.Errorf("answer %s, want the payload", got.Payload)
	}
}

// state is the state of a process as Linux has it: T is stopped.
func state(t *testing.T, pid string) string {
	t.Helper()
	stat, err := os.ReadFile("/proc/" + pid + "/stat") //nolint:gosec // a process of the test
	if err != nil {
		return ""
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	return after[:1]
}

func TestProcessesAreReusedAndFrozenBetween(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.register(mode("pid"))
	first := string(w.invoke("f", `{}`).Payload)
	eventually(t, "the state T: stopped", func() bool { return state(t, first) == "T" })
	if second := string(w.invoke("f", `{}`).Payload); second != first {
		t.Errorf("the next invocation ran in process %s, want %s again", second, first)
	}
	w.register(mode("pid", "CHANGED", "yes"))
	eventually(t, "the end of the process of what was replaced", func() bool { return w.host.Processes() == 0 })
	if third := string(w.invoke("f", `{}`).Payload); third == first {
		t.Errorf("the new configuration ran in the old process %s", third)
	}
}

func TestProcessForEachConcurrentInvocation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.register(mode("pid"))
	const n = 3
	pids := make(chan string, n)
	w.loop.Do(func() {
		for range n {
			w.service.Invoke("f", nil, func(r lambda.Result) { pids <- string(r.Payload) })
		}
	})
	different := map[string]bool{}
	for range n {
		different[<-pids] = true
	}
	if len(different) != n || w.host.Processes() != n {
		t.Errorf("%d invocations at a time ran in processes %v, and %d are left; want %d and %d", n, different, w.host.Processes(), n, n)
	}
}

// The process that died while nothing ran is not used again.
func TestDeadEnvironmentIsNotUsed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.register(mode("pid"))
	first := string(w.invoke("f", `{}`).Payload)
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	p, err := os.FindProcess(pid)
	if err == nil {
		err = p.Kill()
	}
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the end of the process", func() bool { return w.host.Processes() == 0 })
	if got := w.invoke("f", `{}`); got.FunctionError != "" || string(got.Payload) == first {
		t.Errorf("answer %s, %s; want that of another process", got.Payload, got.FunctionError)
	}
}

func TestBadPackages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for name, bad := range map[string][]byte{"not a zip": []byte("hello"), "escaping": pack(t, "../bootstrap", "", 0o755)} {
		_, err := w.host.Package(bad)
		if want := "Could not unzip uploaded file. Please check your file, then try to upload again."; err == nil || err.Error() != want {
			t.Errorf("%s: error = %v, want %s", name, err, want)
		}
	}
	entry := func(why string) string {
		return `{"errorMessage":"RequestId: ID Error: ` + why + `","errorType":"Runtime.InvalidEntrypoint"}`
	}
	for want, bad := range map[string][]byte{
		entry("Couldn't find valid bootstrap(s): [FOLDER/bootstrap /opt/bootstrap]"): pack(t, "main", "", 0o755),
		entry("fork/exec FOLDER/bootstrap: permission denied"):                       pack(t, "bootstrap", "#!/bin/sh\n", 0o644),
		entry("fork/exec FOLDER/bootstrap: exec format error"):                       pack(t, "bootstrap", "hello", 0o755),
	} {
		w.registerPack(lambda.FunctionConfig{}, bad)
		if got := w.hush(w.invoke("f", `{}`).Payload); got != want {
			t.Errorf("answer %s\nwant   %s", got, want)
		}
	}
}

func TestRefusedWhereTheClockIsAnother(t *testing.T) {
	t.Parallel()
	for want, l := range map[string]*loop.Loop{
		"cannot run in virtual time":                              loop.NewVirtual(time.Unix(0, 0)),
		"cannot run in a cloud whose clock runs 10 times as fast": loop.NewLive(10),
	} {
		if _, err := sandbox.New(l, new(sandbox.Logs)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error = %v, want %q", err, want)
		}
	}
}

// A process gets what Lambda sets, the function's own variables and the way to the
// cloud, and nothing of this program's.
func TestVariables(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	config := mode("variables")
	config.MemoryMB, config.Handler = 256, "lock"
	config.Logging = lambda.Logging{Format: types.LogFormatJson, Group: "sluice", ApplicationLevel: types.ApplicationLogLevelWarn}
	w.register(config)
	if _, err := w.client().PublishVersion(t.Context(), &sdk.PublishVersionInput{FunctionName: new("f")}); err != nil {
		t.Fatal(err)
	}
	var lines []string
	if err := json.Unmarshal(w.invoke("f:1", `{}`).Payload, &lines); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, "=")
		got[name] = value
	}
	delete(got, "PWD")              // the shell's that the package begins with
	delete(got, "_X_AMZN_TRACE_ID") // aws-lambda-go's
	folder := got["LAMBDA_TASK_ROOT"]
	url := got["AWS_ENDPOINT_URL"]
	want := map[string]string{
		"AWS_ACCESS_KEY_ID": w.service.AccessKey("f"), "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token",
		"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1",
		"AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_LAMBDA_FUNCTION_VERSION": "1", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
		"AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand", "AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "WARN",
		"AWS_LAMBDA_LOG_GROUP_NAME": "sluice", "AWS_LAMBDA_LOG_STREAM_NAME": got["AWS_LAMBDA_LOG_STREAM_NAME"],
		"AWS_LAMBDA_RUNTIME_API": got["AWS_LAMBDA_RUNTIME_API"], "_HANDLER": "lock",
		"LAMBDA_TASK_ROOT": folder, "LAMBDA_RUNTIME_DIR": "/var/runtime", "LANG": "en_US.UTF-8", "TZ": ":UTC",
		"PATH":             "/usr/local/bin:/usr/bin/:/bin:/opt/bin",
		"LD_LIBRARY_PATH":  "/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:" + folder + ":" + folder + "/lib:/opt/lib",
		"MODE":             "variables",
		"AWS_ENDPOINT_URL": url, "HTTP_PROXY": url, "HTTPS_PROXY": url, "NO_PROXY": "127.0.0.1", "SSL_CERT_FILE": got["SSL_CERT_FILE"],
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("variables (-want +got):\n%s", diff)
	}
	for name, pattern := range map[string]string{
		"AWS_ENDPOINT_URL": `^http://127\.0\.0\.1:\d+$`, "AWS_LAMBDA_RUNTIME_API": `^127\.0\.0\.1:\d+$`,
		"AWS_LAMBDA_LOG_STREAM_NAME": `^\d{4}/\d\d/\d\d/f\[1\][0-9a-f]{32}$`,
	} {
		if !regexp.MustCompile(pattern).MatchString(got[name]) {
			t.Errorf("%s = %s, want what matches %s", name, got[name], pattern)
		}
	}
}

func TestContext(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.register(mode("context"))
	client := base64.StdEncoding.EncodeToString([]byte(`{"custom":{"who":"ann"}}`))
	before := w.loop.Now().Add(30 * time.Second)
	out, err := w.client().Invoke(t.Context(), &sdk.InvokeInput{FunctionName: new("f:$LATEST"), ClientContext: &client})
	if err != nil {
		t.Fatal(err)
	}
	after := w.loop.Now().Add(30 * time.Second)
	var got map[string]string
	if err := json.Unmarshal(out.Payload, &got); err != nil {
		t.Fatalf("answer %s: %v", out.Payload, err)
	}
	want := map[string]string{"arn": "arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST", "client": "ann", "version": "$LATEST"}
	if diff := cmp.Diff(want, map[string]string{"arn": got["arn"], "client": got["client"], "version": got["version"]}); diff != "" {
		t.Errorf("context (-want +got):\n%s", diff)
	}
	deadline, err := time.Parse(time.RFC3339, got["deadline"])
	if err != nil || deadline.Before(before.Truncate(time.Millisecond)) || deadline.After(after) {
		t.Errorf("deadline %s, want one between %v and %v", got["deadline"], before, after)
	}
	if !regexp.MustCompile(`^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0$`).MatchString(got["trace"]) {
		t.Errorf("trace = %s, want one of X-Ray that is not sampled", got["trace"])
	}
}

// A process reaches the cloud's hosts, by HTTPS too, and nothing else.
func TestHosts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprint(rw, r.Host, r.URL.Path) })
	w.register(mode("get"))
	for url, want := range map[string]string{
		"https://slack.com/api/auth.test":               `"200 slack.com/api/auth.test"`,
		"https://sqs.us-east-1.amazonaws.com/q":         `"200 sqs.us-east-1.amazonaws.com/q"`,
		"http://plain.example.com/hook":                 `"200 plain.example.com/hook"`,
		"http://elsewhere.example.com/":                 `"502 the local cloud has no host elsewhere.example.com"`,
		"https://elsewhere.example.com/":                `Bad Gateway`,
		w.endpoint() + "/2015-03-31/functions/unsigned": `"200 ` + strings.TrimPrefix(w.endpoint(), "http://") + `/2015-03-31/functions/unsigned"`,
	} {
		if got := string(w.invoke("f", `"`+url+`"`).Payload); !strings.Contains(got, want) {
			t.Errorf("%s: answer %s, want %s", url, got, want)
		}
	}
}

// endpoint is the cloud's, as a process sees it.
func (w *world) endpoint() string {
	w.t.Helper()
	w.registerAs("env", mode("variables"))
	var lines []string
	if err := json.Unmarshal(w.invoke("env", `{}`).Payload, &lines); err != nil {
		w.t.Fatal(err)
	}
	for _, line := range lines {
		if url, ok := strings.CutPrefix(line, "AWS_ENDPOINT_URL="); ok {
			return url
		}
	}
	w.t.Fatal("no AWS_ENDPOINT_URL")
	return ""
}

func TestLogs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.register(mode("print"))
	w.invoke("f", `{}`)
	eventually(t, "what the function printed", func() bool { return len(w.logs.Lines()) >= 2 })
	var got []string
	for _, line := range w.logs.Lines() {
		got = append(got, line.Function+" "+line.Version+" "+line.Text)
	}
	if diff := cmp.Diff([]string{"f $LATEST to standard output", "f $LATEST to standard error"}, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

// Whoever creates a function through the API brings its package.
func TestPackageByClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	client := w.client()
	zipped := pack(t, "bootstrap", bootstrap(t), 0o755)
	created, err := client.CreateFunction(t.Context(), &sdk.CreateFunctionInput{
		FunctionName: new("mine"), Role: new("arn:aws:iam::123456789012:role/mine"), Runtime: types.RuntimeProvidedal2023, Handler: new("bootstrap"),
		Code: &types.FunctionCode{ZipFile: zipped}, Environment: &types.Environment{Variables: map[string]string{"MODE": "echo"}}, Timeout: new(int32(30)),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := *created.CodeSha256, lambda.Hash(zipped); got != want {
		t.Errorf("hash %s, want %s", got, want)
	}
	out, err := client.Invoke(t.Context(), &sdk.InvokeInput{FunctionName: new("mine"), Payload: []byte(`{"a":1}`)})
	if err != nil || string(out.Payload) != `{"a":1}` {
		t.Errorf("answer %s, error %v; want the payload", out.Payload, err)
	}
	_, err = client.UpdateFunctionCode(t.Context(), &sdk.UpdateFunctionCodeInput{FunctionName: new("mine"), ZipFile: []byte("hello")})
	if want := "InvalidParameterValueException: Could not unzip uploaded file."; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("code that is no zip: %v, want %s", err, want)
	}
}
