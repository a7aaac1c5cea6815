package harness_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/google/go-cmp/cmp"

	sluice "github.com/sluice-deploy/sluice"
	"github.com/sluice-deploy/sluice/internal/app"
	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/emulator/cloudformation"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/harness"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
)

// machine is the state machine as template.yaml installs it.
type machine struct {
	StartAt string           `json:"StartAt"`
	States  map[string]state `json:"States"`
}

type state struct {
	Type           string `json:"Type"`
	Resource       string `json:"Resource"`
	Next           string `json:"Next"`
	Default        string `json:"Default"`
	End            bool   `json:"End"`
	Seconds        int    `json:"Seconds"`
	TimeoutSeconds any    `json:"TimeoutSeconds"` // a number, or an expression
	Arguments      struct {
		FunctionName string         `json:"FunctionName"`
		Payload      map[string]any `json:"Payload"`
	} `json:"Arguments"`
	Choices []struct {
		Next string `json:"Next"`
	} `json:"Choices"`
	Retry []struct {
		ErrorEquals []string `json:"ErrorEquals"`
	} `json:"Retry"`
	Catch []struct {
		ErrorEquals []string `json:"ErrorEquals"`
		Next        string   `json:"Next"`
	} `json:"Catch"`
}

func (s state) waits() bool { return strings.HasSuffix(s.Resource, ".waitForTaskToken") }

// function is the name of the function that a Task invokes, without the stack's.
func (s state) function() string {
	return called(s.Arguments.FunctionName)
}

// called is the function, without the stack's name, at whose published version an ARN
// points; another ARN is given back, as the name of no function.
func called(arn string) string {
	_, name, _ := strings.Cut(arn, ":function:sluice-")
	if name, ok := strings.CutSuffix(name, ":live"); ok {
		return name
	}
	return arn
}

// following are the states that may come after s.
func (s state) following() []string {
	var next []string
	for _, c := range s.Choices {
		next = append(next, c.Next)
	}
	for _, c := range s.Catch {
		next = append(next, c.Next)
	}
	for _, name := range []string{s.Next, s.Default} {
		if name != "" {
			next = append(next, name)
		}
	}
	return next
}

// ends reports whether an execution may end in s.
func (s state) ends() bool { return s.End || s.Type == "Fail" || s.Type == "Succeed" }

// caught is the state that an error of that name leads to, "" if it fails the
// execution.
func (s state) caught(name string) string {
	for _, c := range s.Catch {
		if slices.Contains(c.ErrorEquals, name) || slices.Contains(c.ErrorEquals, "States.ALL") {
			return c.Next
		}
	}
	return ""
}

// installed is Sluice in a cloud of its own, and its machine.
func installed(t *testing.T) (*harness.Harness, machine) {
	t.Helper()
	l := loop.NewVirtual(midnight)
	atEnd(t, l.Close)
	h, err := harness.New(l, harness.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	out, err := sfn.NewFromConfig(h.Config("AKIAPERSON")).DescribeStateMachine(t.Context(), &sfn.DescribeStateMachineInput{
		StateMachineArn: &h.Settings.Machine,
	})
	if err != nil {
		t.Fatal(err)
	}
	var m machine
	if err := json.Unmarshal([]byte(aws.ToString(out.Definition)), &m); err != nil {
		t.Fatal(err)
	}
	return h, m
}

// tasks are the states that invoke a function, by name.
func (m machine) tasks() map[string]state {
	tasks := map[string]state{}
	for name, s := range m.States {
		if s.Type == "Task" {
			tasks[name] = s
		}
	}
	return tasks
}

// The template keeps to what CloudFormation takes.
// AWS: CloudFormation User Guide, Understand CloudFormation quotas.
func TestTemplateIsWithinQuotas(t *testing.T) {
	t.Parallel()
	text, err := fs.ReadFile(sluice.Files, "template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	template, err := cloudformation.Load("template.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := template.Resolve(cloudformation.Settings{
		StackName: "sluice", Account: "123456789012", Region: "us-east-1", Files: sluice.Files,
		Parameters: map[string]string{"SlackSecret": "arn:aws:secretsmanager:us-east-1:123456789012:secret:sluice/slack-AbCdEf"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, quota := range []struct {
		of        string
		got, most int
	}{
		{"resources", len(plan.Resources()), 500}, {"bytes", len(text), 1_000_000}, {"parameters", len(template.Parameters()), 200},
	} {
		if quota.got == 0 || quota.got > quota.most {
			t.Errorf("template.yaml has %d %s, CloudFormation takes %d", quota.got, quota.of, quota.most)
		}
	}
}

// The machine, the template, the folders and the wiring name the same functions.
func TestFunctionsAgree(t *testing.T) {
	t.Parallel()
	h, m := installed(t)
	var template []string
	for _, name := range h.Lambda.Functions() {
		template = append(template, strings.TrimPrefix(name, "sluice-"))
	}
	wired, err := app.New(app.World{AWS: h.Config("AKIAPERSON"), Now: h.Now, Log: slog.New(slog.DiscardHandler)}, h.Settings)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(template, slices.Sorted(maps.Keys(wired.Handlers()))); diff != "" {
		t.Errorf("functions (-template.yaml +app.Handlers):\n%s", diff)
	}
	if diff := cmp.Diff(template, folders(t)); diff != "" {
		t.Errorf("functions (-template.yaml +functions/):\n%s", diff)
	}

	// Every function is called by a state, hears of events, or is CloudFormation's.
	callees := append(listeners(t, h), "check")
	for name, task := range m.tasks() {
		if got, want := task.function(), strings.ToLower(name); got != want {
			t.Errorf("state %s invokes the function %q, want %q", name, got, want)
		}
		callees = append(callees, task.function())
	}
	slices.Sort(callees)
	if diff := cmp.Diff(template, callees); diff != "" {
		t.Errorf("functions (-template.yaml +called by a state or a rule):\n%s", diff)
	}
}

// folders are those of functions/, each of which runs the function of its name.
func folders(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir("../../functions")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
		file := parse(t, filepath.Join("../../functions", e.Name(), "main.go"))
		var runs []string
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && selector(call.Fun) == "app.Run" && len(call.Args) > 1 {
				runs = append(runs, literal(call.Args[1]))
			}
			return true
		})
		if !slices.Equal(runs, []string{e.Name()}) {
			t.Errorf("functions/%s/main.go runs %q, want its own", e.Name(), runs)
		}
	}
	return names
}

// listeners are the functions that a rule of a bus invokes, or that have a URL, each
// once.
func listeners(t *testing.T, h *harness.Harness) []string {
	t.Helper()
	client := eventbridge.NewFromConfig(h.Config("AKIAPERSON"))
	names := map[string]bool{}
	for _, bus := range []string{"default", h.Settings.Decisions} {
		rules, err := client.ListRules(t.Context(), &eventbridge.ListRulesInput{EventBusName: &bus})
		if err != nil {
			t.Fatal(err)
		}
		for _, rule := range rules.Rules {
			targets, err := client.ListTargetsByRule(t.Context(), &eventbridge.ListTargetsByRuleInput{Rule: rule.Name, EventBusName: &bus})
			if err != nil {
				t.Fatal(err)
			}
			for _, target := range targets.Targets {
				names[called(aws.ToString(target.Arn))] = true
			}
		}
	}
	urls := lambda.NewFromConfig(h.Config("AKIAPERSON"))
	for _, name := range h.Lambda.Functions() {
		if _, err := urls.GetFunctionUrlConfig(t.Context(), &lambda.GetFunctionUrlConfigInput{FunctionName: &name, Qualifier: aws.String("live")}); err == nil {
			names[strings.TrimPrefix(name, "sluice-")] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// The phases of the domain are the machine's tasks.
func TestPhasesAgree(t *testing.T) {
	t.Parallel()
	_, m := installed(t)
	phases := slices.Sorted(maps.Values(constants(t, "Phase")))
	if diff := cmp.Diff(slices.Sorted(maps.Keys(m.tasks())), phases); diff != "" {
		t.Errorf("states and phases (-machine +rollout):\n%s", diff)
	}
}

// Every state can be reached, and from every state an end.
func TestMachineGraph(t *testing.T) {
	t.Parallel()
	_, m := installed(t)
	reached := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		s, ok := m.States[name]
		if !ok {
			t.Fatalf("there is no state %q", name)
		}
		if reached[name] {
			return
		}
		reached[name] = true
		for _, next := range s.following() {
			visit(next)
		}
	}
	visit(m.StartAt)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(m.States)), slices.Sorted(maps.Keys(reached))); diff != "" {
		t.Errorf("states (-all +reachable):\n%s", diff)
	}
	ending := map[string]bool{}
	for range m.States {
		for name, s := range m.States {
			if s.ends() || slices.ContainsFunc(s.following(), func(next string) bool { return ending[next] }) {
				ending[name] = true
			}
		}
	}
	for name := range m.States {
		if !ending[name] {
			t.Errorf("no end can be reached from %s", name)
		}
	}
}

// Of what Lambda and Step Functions name (AWS: Step Functions Developer Guide,
// handling errors; Lambda Developer Guide, runtime errors), these pass by
// themselves. NotReady has a rule of its own.
func passing() []string {
	return []string{
		"Lambda.AWSLambdaException", "Lambda.ClientExecutionTimeoutException", "Lambda.SdkClientException",
		"Lambda.ServiceException", "Lambda.TooManyRequestsException", "Lambda.Unknown", "NewerFormat", "NotReady",
		"Runtime.ExitError", "Sandbox.Timedout", "States.Timeout", "Throttled", "Unavailable",
	}
}

// Every error that is caught or retried is one that somebody makes, what may pass
// is retried, and nothing else.
func TestErrorsOfTheMachine(t *testing.T) {
	t.Parallel()
	_, m := installed(t)
	made := kindsMade(t)
	isMade := func(name string) bool {
		return slices.Contains(slices.Collect(maps.Values(made)), name) || slices.Contains(passing(), name) || name == "States.ALL"
	}
	for name, task := range m.tasks() {
		var retried []string
		for _, r := range task.Retry {
			retried = append(retried, r.ErrorEquals...)
		}
		for _, e := range retried {
			if !slices.Contains(passing(), e) {
				t.Errorf("%s retries %s, which does not pass by itself", name, e)
			}
		}
		for _, e := range passing() {
			wanted := e != "NotReady" || name == "Shift"
			if e == "States.Timeout" && task.waits() {
				wanted = false // the timeout of a wait is the wait
			}
			if got := slices.Contains(retried, e); got != wanted {
				t.Errorf("%s retries %s: %t, want %t", name, e, got, wanted)
			}
		}
		for _, c := range task.Catch {
			for _, e := range c.ErrorEquals {
				if !isMade(e) {
					t.Errorf("%s catches %s, which nobody makes", name, e)
				}
			}
		}
	}
}

// Every kind of error leads from every state to where it belongs.
func TestWhereErrorsLead(t *testing.T) {
	t.Parallel()
	_, m := installed(t)
	afterCommit := []string{"Complete", "Guard", "Retire"}
	onTheWayOut := []string{"Rollback", "Restore", "Accept"}
	for name, task := range m.tasks() {
		for constant, kind := range kindsMade(t) {
			want := "Rollback"
			switch {
			case kind == "LockLost":
				want = "LockLost"
			case kind == "Closed" && (name == "Lock" || name == "Prepare"):
				want = "Gate"
			case name == "Approve" || name == "Gate" || name == "Lock":
				want = "Leave"
			case name == "Leave" || name == "Dirty":
				want = "Failed"
			case slices.Contains(onTheWayOut, name) || kind == "Dirty":
				want = "Dirty"
			case name == "Bake" && kind == "Paused":
				want = "Hold"
			case name == "Shift" && kind == "Unapproved":
				want = "Ask"
			case slices.Contains(afterCommit, name):
				want = "Dirty"
				if kind == "AlarmRed" || kind == "Aborted" || kind == "ForeignWrite" && name == "Complete" {
					want = "Rollback"
				}
			}
			if got := task.caught(kind); got != want {
				t.Errorf("%s in %s leads to %q, want %s", constant, name, got, want)
			}
		}
	}
}

// Every kind is made somewhere, and every outcome follows from one.
func TestKindsAndOutcomes(t *testing.T) {
	t.Parallel()
	made := kindsMade(t)
	if diff := cmp.Diff(constants(t, "ErrorKind"), made); diff != "" {
		t.Errorf("kinds (-named +made):\n%s", diff)
	}
	ends := map[string]bool{}
	for _, kind := range made {
		ends[string(rollout.Ended(rollout.ErrorKind(kind)))] = true
	}
	want := slices.Sorted(maps.Values(constants(t, "Outcome")))
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(ends))); diff != "" {
		t.Errorf("outcomes (-named +reached):\n%s", diff)
	}
}

// A call is given up before its function, the function before its state, and that
// before Settle is over.
func TestTimeLimitsInOrder(t *testing.T) {
	t.Parallel()
	h, m := installed(t)
	settle := time.Duration(m.States["Settle"].Seconds) * time.Second
	if settle != steps.SettleTime {
		t.Errorf("Settle waits %v, and people are told %v", settle, steps.SettleTime)
	}
	for _, name := range h.Lambda.Functions() {
		config, _ := h.Lambda.Config(name)
		if config.Timeout <= awsclient.CallTimeout {
			t.Errorf("function %s is given %v, and one call %v", name, config.Timeout, awsclient.CallTimeout)
		}
	}
	for name, task := range m.tasks() {
		config, _ := h.Lambda.Config("sluice-" + task.function())
		if task.waits() {
			if got, want := task.Arguments.Payload["seconds"], task.TimeoutSeconds; got != want {
				t.Errorf("%s waits %v s and says %v s to its function", name, want, got)
			}
			continue
		}
		seconds, ok := task.TimeoutSeconds.(float64)
		if limit := time.Duration(seconds) * time.Second; !ok || limit <= config.Timeout || limit >= settle {
			t.Errorf("%s is given %v s, its function %v, and Settle waits %v", name, task.TimeoutSeconds, config.Timeout, settle)
		}
	}
}

// constants are those of a type of package rollout, name to value.
func constants(t *testing.T, typeName string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, path := range sources(t, "rollout") {
		ast.Inspect(parse(t, path), func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			if named, ok := spec.Type.(*ast.Ident); ok && named.Name == typeName {
				found[spec.Names[0].Name] = literal(spec.Values[0])
			}
			return true
		})
	}
	if len(found) == 0 {
		t.Fatalf("package rollout has no constants of type %s", typeName)
	}
	return found
}

// kindsMade are the kinds that the product's code names otherwise than to ask for
// them, name to value.
func kindsMade(t *testing.T) map[string]string {
	t.Helper()
	all, made := constants(t, "ErrorKind"), map[string]string{}
	for _, pkg := range []string{
		"alarms", "approvals", "autoscaling", "awsclient", "builds", "ecsservice", "handler", "images", "notify", "pipelines", "slack", "spec", "steps", "store", "traffic", "waits",
	} {
		for _, path := range sources(t, pkg) {
			ast.Inspect(parse(t, path), func(n ast.Node) bool { return making(n, all, made) })
		}
	}
	return made
}

// making notes a kind that is named, and reports whether to look further inside.
func making(n ast.Node, all, made map[string]string) bool {
	switch n := n.(type) {
	case *ast.CaseClause:
		for _, s := range n.Body {
			ast.Inspect(s, func(n ast.Node) bool { return making(n, all, made) })
		}
		return false
	case *ast.BinaryExpr:
		return n.Op != token.EQL && n.Op != token.NEQ
	case *ast.SelectorExpr:
		if name, ok := strings.CutPrefix(selector(n), "rollout."); ok && all[name] != "" {
			made[name] = all[name]
		}
	}
	return true
}

// sources are the Go files of a package of internal/, without its tests.
func sources(t *testing.T, pkg string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("..", pkg, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	paths = slices.DeleteFunc(paths, func(p string) bool { return strings.HasSuffix(p, "_test.go") })
	if len(paths) == 0 {
		t.Fatalf("package %s has no files", pkg)
	}
	return paths
}

func parse(t *testing.T, path string) *ast.File {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// selector is an expression such as rollout.KindDirty as text, "" for others.
func selector(e ast.Expr) string {
	s, ok := e.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	if x, ok := s.X.(*ast.Ident); ok {
		return x.Name + "." + s.Sel.Name
	}
	return ""
}

// literal is the value of a string literal, "" for anything else.
func literal(e ast.Expr) string {
	lit, ok := e.(*ast.BasicLit)
	if !ok {
		return ""
	}
	value, err := strconv.Unquote(lit.Value)
	if err != nil {
		return ""
	}
	return value
}
