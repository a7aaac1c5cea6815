package lambda_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
)

// release is code that says what it is, which version runs it, what its environment
// says, and by which ARN it was invoked.
func (w *world) release(name string) lambda.Code {
	return lambda.Code{SHA256: lambda.Hash([]byte(name)), Size: 1, Start: func(_ context.Context, e lambda.Environment) (lambda.Handler, error) {
		return handler(func(ctx context.Context, payload []byte) ([]byte, error) {
			if string(payload) != "{}" {
				pause(ctx, w.Loop, time.Second)
			}
			lc, _ := lambdacontext.FromContext(ctx)
			_, qualifier, _ := strings.Cut(lc.InvokedFunctionArn, ":function:")
			return fmt.Appendf(nil, `"%s in %s, LEVEL %s, as %s"`, name, e.Version, e.Config.Environment["LEVEL"], qualifier), nil
		}), nil
	}}
}

// update gives the function f code, and a level in its environment.
func (w *world) update(t *testing.T, code, level string) {
	t.Helper()
	err := w.service.Register("f", lambda.FunctionConfig{Environment: map[string]string{"LEVEL": level}}, w.release(code))
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) publish(t *testing.T) string {
	t.Helper()
	out, err := w.client().PublishVersion(t.Context(), &sdk.PublishVersionInput{FunctionName: new("f")})
	if err != nil {
		t.Fatal(err)
	}
	return *out.Version
}

// point leads the alias live to a version.
func (w *world) point(t *testing.T, version string) {
	t.Helper()
	_, err := w.client().UpdateAlias(t.Context(), &sdk.UpdateAliasInput{FunctionName: new("f"), Name: new("live"), FunctionVersion: &version})
	if _, missing := errors.AsType[*types.ResourceNotFoundException](err); missing {
		_, err = w.client().CreateAlias(t.Context(), &sdk.CreateAliasInput{FunctionName: new("f"), Name: new("live"), FunctionVersion: &version})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// versioned is a world whose function f has code one in version 1, code two in
// version 2 and code three in $LATEST, with the alias live on version 1.
func versioned(t *testing.T, deps lambda.Deps) *world {
	t.Helper()
	w := newWorld(t, deps)
	for i, code := range []string{"one", "two"} {
		w.update(t, code, "info")
		if got, want := w.publish(t), fmt.Sprint(i+1); got != want {
			t.Fatalf("published version %s, want %s", got, want)
		}
	}
	w.update(t, "three", "debug")
	w.point(t, "1")
	return w
}

func TestQualifiers(t *testing.T) {
	t.Parallel()
	w := versioned(t, lambda.Deps{})
	const arn = "arn:aws:lambda:us-east-1:123456789012:function:"
	for qualified, want := range map[string]string{
		"f":                       `"three in $LATEST, LEVEL debug, as f"`,
		"f:$LATEST":               `"three in $LATEST, LEVEL debug, as f:$LATEST"`,
		"f:1":                     `"one in 1, LEVEL info, as f:1"`,
		arn + "f:2":               `"two in 2, LEVEL info, as f:2"`,
		arn + "f:live":            `"one in 1, LEVEL info, as f:live"`,
		"function:f:live":         `"one in 1, LEVEL info, as f:live"`,
		"123456789012:function:f": `"three in $LATEST, LEVEL debug, as f"`,
	} {
		if got := w.invoke(qualified, "{}"); string(got.Payload) != want {
			t.Errorf("%s answers %s (%v), want %s", qualified, got.Payload, got.Err, want)
		}
	}
	for _, unknown := range []string{"f:3", "f:prod", "f:1:live"} {
		if got := w.invoke(unknown, "{}"); got.Err == nil {
			t.Errorf("%s answers %s, want an error", unknown, got.Payload)
		}
	}
	out, err := w.client().Invoke(t.Context(), &sdk.InvokeInput{FunctionName: new("f"), Qualifier: new("live")})
	if err != nil {
		t.Fatal(err)
	}
	if got := aws.ToString(out.ExecutedVersion); got != "1" {
		t.Errorf("executed version = %s, want 1", got)
	}
	_, err = w.client().Invoke(t.Context(), &sdk.InvokeInput{FunctionName: new("f:live"), Qualifier: new("2")})
	if want := "The derived qualifier from the function name does not match the specified qualifier."; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("two qualifiers: %v, want %s", err, want)
	}
}

// What is published again without a change is the version that was published last,
// also when code or configuration have changed and changed back.
func TestPublishWithoutChange(t *testing.T) {
	t.Parallel()
	w := versioned(t, lambda.Deps{})
	w.update(t, "two", "info")
	if got := w.publish(t); got != "2" {
		t.Errorf("published %s, want 2 again", got)
	}
	w.update(t, "two", "warn")
	if got := w.publish(t); got != "3" {
		t.Errorf("published %s with another configuration, want 3", got)
	}
	w.update(t, "one", "warn")
	if got := w.publish(t); got != "4" {
		t.Errorf("published %s with other code, want 4", got)
	}
}

// A running invocation ends on the version it began with, and the environments of
// what was replaced are not used again.
func TestUpdateUnderAnInvocation(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		invoked string
		change  func(t *testing.T, w *world)
		after   string
	}{
		"Alias":  {"f:live", func(t *testing.T, w *world) { t.Helper(); w.point(t, "2") }, "two in 2"},
		"Latest": {"f", func(t *testing.T, w *world) { t.Helper(); w.update(t, "four", "info") }, "four in $LATEST"},
	}
	before := map[string]string{"Alias": "one in 1", "Latest": "three in $LATEST"}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := versioned(t, lambda.Deps{})
			var got []string
			run := func() {
				w.service.Invoke(test.invoked, []byte(`"slow"`), func(r lambda.Result) {
					code, _, _ := strings.Cut(strings.Trim(string(r.Payload), `"`), ",")
					got = append(got, code)
				})
			}
			w.Do(run)
			w.RunFor(500 * time.Millisecond)
			test.change(t, w)
			w.Do(run)
			w.RunFor(time.Minute)
			w.Do(run)
			w.RunFor(time.Minute)
			if diff := cmp.Diff([]string{before[name], test.after, test.after}, got); diff != "" {
				t.Errorf("code that ran (-want +got):\n%s", diff)
			}
		})
	}
}

// closing is a handler that tells when its environment has ended.
type closing struct {
	handler

	closed *int
}

func (c closing) Close() error { *c.closed++; return nil }

func TestEnvironmentsEndWithTheirVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t, lambda.Deps{})
	started, ended := 0, 0
	code := lambda.Code{SHA256: "a", Start: func(context.Context, lambda.Environment) (lambda.Handler, error) {
		started++
		return closing{handler(func(ctx context.Context, payload []byte) ([]byte, error) {
			pause(ctx, w.Loop, time.Second)
			if string(payload) == `"panic"` {
				panic("down")
			}
			return payload, nil
		}), &ended}, nil
	}}
	register := func() {
		if err := w.service.Register("f", lambda.FunctionConfig{}, code); err != nil {
			t.Fatal(err)
		}
	}
	check := func(when string, wantStarted, wantEnded int) {
		t.Helper()
		if started != wantStarted || ended != wantEnded {
			t.Errorf("%s: %d started, %d ended; want %d, %d", when, started, ended, wantStarted, wantEnded)
		}
	}
	register()
	for range 2 {
		w.service.Invoke("f", nil, func(lambda.Result) {})
	}
	w.RunFor(time.Minute)
	w.invoke("f", "{}")
	check("two at a time, then one", 2, 0)
	w.invoke("f", `"panic"`)
	check("after a panic", 2, 1)
	w.publish(t)
	w.invoke("f:1", "{}")
	check("a version has its own", 3, 1)
	w.service.Invoke("f", nil, func(lambda.Result) {})
	w.RunFor(time.Millisecond)
	register()
	check("replaced while it runs", 3, 1)
	w.RunFor(time.Minute)
	check("when it has ended", 3, 2)
	if _, err := w.client().DeleteFunction(t.Context(), &sdk.DeleteFunctionInput{FunctionName: new("f")}); err != nil {
		t.Fatal(err)
	}
	check("deleted", 3, 3)
}

// An environment that does not start is started again within the invocation.
func TestStartIsTriedAgain(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		start    func(ctx context.Context, w *world, n int) error
		want     string
		wantTime time.Duration
	}{
		"OKSecond": {func(_ context.Context, _ *world, n int) error {
			if n == 1 {
				return errors.New("not yet")
			}
			return nil
		}, "{}", 0},
		"ErrBoth": {
			func(context.Context, *world, int) error { return errors.New("no settings") },
			`{"errorMessage":"RequestId: 00000000 Error: Runtime exited with error: exit status 1","errorType":"Runtime.ExitError"}`, 0,
		},
		"ErrReported": {
			func(context.Context, *world, int) error {
				return &lambda.FunctionError{Type: "NoTable", Payload: []byte(`{"errorType":"NoTable"}`)}
			},
			`{"errorType":"NoTable"}`, 0,
		},
		"OKAfterTooLong": {func(ctx context.Context, w *world, n int) error {
			if n == 1 {
				pause(ctx, w.Loop, time.Hour)
			}
			return nil
		}, "{}", 10 * time.Second},
		"ErrTooLongTwice": {
			func(ctx context.Context, w *world, _ int) error { pause(ctx, w.Loop, time.Hour); return nil },
			`{"errorMessage":"RequestId: 00000000 Error: Task timed out after 3.00 seconds","errorType":"Sandbox.Timedout"}`, 13 * time.Second,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, lambda.Deps{})
			n := 0
			code := lambda.Code{SHA256: "a", Start: func(ctx context.Context, _ lambda.Environment) (lambda.Handler, error) {
				n++
				return handler(echo), test.start(ctx, w, n)
			}}
			if err := w.service.Register("f", lambda.FunctionConfig{}, code); err != nil {
				t.Fatal(err)
			}
			got := string(w.invoke("f", "{}").Payload)
			if at := strings.Index(got, "RequestId: "); at >= 0 {
				id, _, _ := strings.Cut(got[at+len("RequestId: "):], " ")
				got = strings.ReplaceAll(got, id, "00000000")
			}
			if got != test.want || w.Now().Sub(start) != test.wantTime || n != 2 {
				t.Errorf("answer %s after %v and %d starts, want %s after %v and 2", got, w.Now().Sub(start), n, test.want, test.wantTime)
			}
		})
	}
}

func TestAliasesHaveSettingsOfTheirOwn(t *testing.T) {
	t.Parallel()
	w := versioned(t, lambda.Deps{})
	_, err := w.client().PutFunctionEventInvokeConfig(t.Context(), &sdk.PutFunctionEventInvokeConfigInput{
		FunctionName: new("f"), Qualifier: new("live"), MaximumRetryAttempts: new(int32(0)),
	})
	if err != nil {
		t.Fatal(err)
	}
	failing := 0
	code := lambda.InProcess("four", handler(func(context.Context, []byte) ([]byte, error) { failing++; return nil, errors.New("no") }))
	if err := w.service.Register("f", lambda.FunctionConfig{}, code); err != nil {
		t.Fatal(err)
	}
	w.point(t, w.publish(t))
	for qualified, want := range map[string]int{"f": 3, "f:live": 1} {
		failing = 0
		w.Do(func() {
			if err := w.service.InvokeAsync(qualified, nil); err != nil {
				t.Error(err)
			}
		})
		w.RunFor(time.Hour)
		if failing != want {
			t.Errorf("an event for %s was tried %d times, want %d", qualified, failing, want)
		}
	}
	add := &sdk.AddPermissionInput{
		FunctionName: new("f"), Qualifier: new("live"), StatementId: new("rule"), Action: new("lambda:InvokeFunction"), Principal: new("events.amazonaws.com"),
	}
	added, err := w.client().AddPermission(t.Context(), add)
	if err != nil {
		t.Fatal(err)
	}
	if want := `"Resource":"arn:aws:lambda:us-east-1:123456789012:function:f:live"`; !strings.Contains(*added.Statement, want) {
		t.Errorf("statement %s, want %s in it", *added.Statement, want)
	}
	_, err = w.client().GetPolicy(t.Context(), &sdk.GetPolicyInput{FunctionName: new("f")})
	if _, ok := errors.AsType[*types.ResourceNotFoundException](err); !ok {
		t.Errorf("policy of the function as such: %v, want a ResourceNotFoundException", err)
	}
}

// The URL of an alias leads to the version that the alias does.
func TestURLOfAnAlias(t *testing.T) {
	t.Parallel()
	s := newSite(t, types.FunctionUrlAuthTypeAwsIam, lambda.Deps{}, echo)
	s.update(t, "one", "info")
	s.point(t, s.publish(t))
	create := &sdk.CreateFunctionUrlConfigInput{FunctionName: new("f"), Qualifier: new("live"), AuthType: types.FunctionUrlAuthTypeNone}
	out, err := s.client().CreateFunctionUrlConfig(t.Context(), create)
	if err != nil {
		t.Fatal(err)
	}
	if want := "arn:aws:lambda:us-east-1:123456789012:function:f:live"; *out.FunctionArn != want {
		t.Errorf("the URL is for %s, want %s", *out.FunctionArn, want)
	}
	s.url = *out.FunctionUrl
	if got := s.do(t, http.MethodGet, "/", ""); got.Status != http.StatusForbidden {
		t.Errorf("before the alias lets anybody in: %d %s, want 403", got.Status, got.Body)
	}
	for action, via := range map[string]*bool{"lambda:InvokeFunctionUrl": nil, "lambda:InvokeFunction": new(true)} {
		_, err := s.client().AddPermission(t.Context(), &sdk.AddPermissionInput{
			FunctionName: new("f"), Qualifier: new("live"), StatementId: new(strings.ReplaceAll(action, ":", "")), Action: &action, Principal: new("*"), InvokedViaFunctionUrl: via,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []string{"one in 1", "two in 2"} {
		if i == 1 {
			s.update(t, "two", "info")
			s.point(t, s.publish(t))
		}
		if got := s.do(t, http.MethodGet, "/", ""); !strings.Contains(got.Body, want) {
			t.Errorf("answer %d %s, want %s", got.Status, got.Body, want)
		}
	}
}

func TestReservedConcurrencyIsTheFunctions(t *testing.T) {
	t.Parallel()
	w := versioned(t, lambda.Deps{})
	w.reserve(t, "f", new(1))
	var errs []error
	w.Do(func() {
		for _, qualified := range []string{"f:1", "f:2"} {
			w.service.Invoke(qualified, []byte(`"slow"`), func(r lambda.Result) { errs = append(errs, r.Err) })
		}
	})
	w.RunFor(time.Minute)
	if len(errs) != 2 || throttled(errs[0]) == "" || errs[1] != nil {
		t.Errorf("two versions at a time: %v, want the second throttled and the first not", errs)
	}
}

func TestUpdatesByClient(t *testing.T) {
	t.Parallel()
	w := versioned(t, lambda.Deps{})
	client := w.client()
	code, err := client.UpdateFunctionCode(t.Context(), &sdk.UpdateFunctionCodeInput{FunctionName: new("f"), ZipFile: []byte("zip")})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := *code.CodeSha256, lambda.Hash([]byte("zip")); got != want || code.CodeSize != 3 {
		t.Errorf("code %s of %d bytes, want %s of 3", got, code.CodeSize, want)
	}
	configured, err := client.UpdateFunctionConfiguration(t.Context(), &sdk.UpdateFunctionConfigurationInput{
		FunctionName: new("f"), MemorySize: new(int32(512)), TracingConfig: &types.TracingConfig{Mode: types.TracingModeActive},
		LoggingConfig: &types.LoggingConfig{LogFormat: types.LogFormatJson, LogGroup: new("sluice"), ApplicationLogLevel: types.ApplicationLogLevelDebug},
		RevisionId:    code.RevisionId,
	})
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintln(*configured.MemorySize, configured.TracingConfig.Mode, configured.LoggingConfig.LogFormat, *configured.LoggingConfig.LogGroup,
		configured.LoggingConfig.ApplicationLogLevel, configured.LoggingConfig.SystemLogLevel, configured.Environment.Variables)
	if want := "512 Active JSON sluice DEBUG INFO map[LEVEL:debug]\n"; got != want {
		t.Errorf("configuration = %s, want %s", got, want)
	}
	_, err = client.UpdateFunctionConfiguration(t.Context(), &sdk.UpdateFunctionConfigurationInput{FunctionName: new("f"), RevisionId: code.RevisionId})
	if _, ok := errors.AsType[*types.PreconditionFailedException](err); !ok {
		t.Errorf("an update of what was changed since: %v, want a PreconditionFailedException", err)
	}
	for qualifier, want := range map[string]string{"1": "128 1", "live": "128 1", "$LATEST": "512 $LATEST"} {
		out, err := client.GetFunction(t.Context(), &sdk.GetFunctionInput{FunctionName: new("f"), Qualifier: &qualifier})
		if err != nil {
			t.Fatal(err)
		}
		c := out.Configuration
		if got := fmt.Sprint(*c.MemorySize, " ", *c.Version); got != want || !strings.HasSuffix(*c.FunctionArn, "function:f:"+qualifier) {
			t.Errorf("%s: memory and version %s, ARN %s; want %s and the qualifier in the ARN", qualifier, got, *c.FunctionArn, want)
		}
	}
}

// What cannot be honoured is refused by name, not left out.
func TestUpdatesThatAreRefused(t *testing.T) {
	t.Parallel()
	w := versioned(t, lambda.Deps{})
	client := w.client()
	tests := map[string]func() error{
		"UpdateFunctionConfiguration with VpcConfig is not emulated": func() error {
			_, err := client.UpdateFunctionConfiguration(t.Context(), &sdk.UpdateFunctionConfigurationInput{FunctionName: new("f"), VpcConfig: &types.VpcConfig{SubnetIds: []string{"subnet-1"}}})
			return err
		},
		"Runtime python3.13 is not emulated, only provided.al2023": func() error {
			_, err := client.UpdateFunctionConfiguration(t.Context(), &sdk.UpdateFunctionConfigurationInput{FunctionName: new("f"), Runtime: types.RuntimePython313})
			return err
		},
		"code with S3Bucket is not emulated": func() error {
			_, err := client.UpdateFunctionCode(t.Context(), &sdk.UpdateFunctionCodeInput{FunctionName: new("f"), S3Bucket: new("packages"), S3Key: new("f.zip")})
			return err
		},
		"UpdateFunctionCode with DryRun is not emulated": func() error {
			_, err := client.UpdateFunctionCode(t.Context(), &sdk.UpdateFunctionCodeInput{FunctionName: new("f"), ZipFile: []byte("zip"), DryRun: true})
			return err
		},
		"an alias with RoutingConfig is not emulated": func() error {
			_, err := client.UpdateAlias(t.Context(), &sdk.UpdateAliasInput{
				FunctionName: new("f"), Name: new("live"), RoutingConfig: &types.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{"2": 0.1}},
			})
			return err
		},
		"Value '7' at 'name' failed to satisfy constraint": func() error {
			_, err := client.CreateAlias(t.Context(), &sdk.CreateAliasInput{FunctionName: new("f"), Name: new("7"), FunctionVersion: new("1")})
			return err
		},
		"ListFunctions with FunctionVersion is not emulated": func() error {
			_, err := client.ListFunctions(t.Context(), &sdk.ListFunctionsInput{FunctionVersion: types.FunctionVersionAll})
			return err
		},
		"has a qualifier, which this operation does not take": func() error {
			_, err := client.PublishVersion(t.Context(), &sdk.PublishVersionInput{FunctionName: new("f:live")})
			return err
		},
		"Unable to delete version because the following aliases reference it: [live]": func() error {
			_, err := client.DeleteFunction(t.Context(), &sdk.DeleteFunctionInput{FunctionName: new("f"), Qualifier: new("1")})
			return err
		},
		"is an alias; DeleteAlias deletes it": func() error {
			_, err := client.DeleteFunction(t.Context(), &sdk.DeleteFunctionInput{FunctionName: new("f"), Qualifier: new("live")})
			return err
		},
		"is a version; a URL leads to the function or to an alias": func() error {
			_, err := client.GetFunctionUrlConfig(t.Context(), &sdk.GetFunctionUrlConfigInput{FunctionName: new("f:1")})
			return err
		},
	}
	for want, call := range tests {
		if err := call(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error = %v, want %q", err, want)
		}
	}
}

// The number of a version that was deleted is not given again.
func TestVersionNumbersAreGivenOnce(t *testing.T) {
	t.Parallel()
	w := versioned(t, lambda.Deps{})
	if _, err := w.client().DeleteFunction(t.Context(), &sdk.DeleteFunctionInput{FunctionName: new("f"), Qualifier: new("2")}); err != nil {
		t.Fatal(err)
	}
	w.update(t, "two", "info")
	if got := w.publish(t); got != "3" {
		t.Errorf("published %s, want 3", got)
	}
	var got []string
	pages := sdk.NewListVersionsByFunctionPaginator(w.client(), &sdk.ListVersionsByFunctionInput{FunctionName: new("f"), MaxItems: new(int32(2))})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range page.Versions {
			got = append(got, *v.Version)
		}
		got = append(got, "|")
	}
	if diff := cmp.Diff([]string{"$LATEST", "1", "|", "3", "|"}, got); diff != "" {
		t.Errorf("versions by page (-want +got):\n%s", diff)
	}
}
