package events_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	client "github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/events"
	"github.com/sluice-deploy/sluice/internal/approvals"
	"github.com/sluice-deploy/sluice/internal/emulator/codepipeline"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/harness"
	"github.com/sluice-deploy/sluice/internal/notify"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/waits"
)

// takers says which functions' rules take each event, with the bus where it is not the
// default one. deadman.json and codepipeline-job.json are no events.
func takers() map[string][]string {
	return map[string][]string{
		"codebuild-build-succeeded.json":     {"sluice-build:live"},
		"codebuild-build-failed.json":        nil,
		"ecr-image-push.json":                {"sluice-build:live"},
		"sluice-build-succeeded.json":        {"sluice-build:live"},
		"ecs-deployment-completed.json":      {"sluice-service:live"},
		"ecs-deployment-failed.json":         {"sluice-service:live"},
		"cloudwatch-alarm.json":              {"sluice-alarm:live"},
		"cloudwatch-composite-alarm.json":    {"sluice-alarm:live"},
		"codepipeline-approval-started.json": {"sluice-approval:live"},
		"sluice-decision.json":               {"sluice-decisions: sluice-approval:live"},
		"sluice-order.json":                  {"sluice-decisions: sluice-build:live"},
		"states-execution-aborted.json":      {"sluice-recover:live"},
		"sluice-rollout-state-change.json":   {"sluice-notify:live"},
	}
}

func TestEventsReachTheirFunctions(t *testing.T) {
	t.Parallel()
	rules := installed(t)
	for name, want := range takers() {
		event := bytes.ReplaceAll(read(t, name), []byte("sluice-rollout-1f2e3d4c"), []byte(rules.machine)) // each installation has its own
		var got []string
		for _, r := range rules.all {
			if rules.match(t, r.pattern, event) {
				got = append(got, r.function)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("functions whose rule takes %s (-want +got):\n%s", name, diff)
		}
	}
}

// rules are those of template.yaml, in a cloud that has them.
type rules struct {
	client  *eventbridge.Client
	all     []rule
	machine string // name of the state machine
}

type rule struct{ pattern, function string }

func installed(t *testing.T) *rules {
	t.Helper()
	l := loop.NewVirtual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	t.Cleanup(l.Close)
	h, err := harness.New(l, harness.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	r := &rules{client: eventbridge.NewFromConfig(h.Config("AKIAPERSON")), machine: h.Settings.Machine[strings.LastIndex(h.Settings.Machine, ":")+1:]}
	for _, bus := range []string{"default", h.Settings.Decisions} {
		r.list(t, bus)
	}
	if len(r.all) == 0 {
		t.Fatal("template.yaml has no rules")
	}
	return r
}

// list adds the rules of a bus.
func (r *rules) list(t *testing.T, bus string) {
	t.Helper()
	listed, err := r.client.ListRules(t.Context(), &eventbridge.ListRulesInput{EventBusName: &bus})
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range listed.Rules {
		targets, err := r.client.ListTargetsByRule(t.Context(), &eventbridge.ListTargetsByRuleInput{Rule: one.Name, EventBusName: &bus})
		if err != nil {
			t.Fatal(err)
		}
		for _, target := range targets.Targets {
			_, function, _ := strings.Cut(aws.ToString(target.Arn), ":function:")
			if bus != "default" {
				function = bus + ": " + function
			}
			r.all = append(r.all, rule{aws.ToString(one.EventPattern), function})
		}
	}
}

func (r *rules) match(t *testing.T, pattern string, event []byte) bool {
	t.Helper()
	out, err := r.client.TestEventPattern(t.Context(), &eventbridge.TestEventPatternInput{
		EventPattern: &pattern, Event: aws.String(string(event)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.Result
}

func TestEventsAreEnvelopes(t *testing.T) {
	t.Parallel()
	seen := map[string]string{} // id to file
	for name := range takers() {
		// AWS: EventBridge User Guide, event structure.
		var e struct {
			Version    string         `json:"version"`
			ID         string         `json:"id"`
			DetailType string         `json:"detail-type"`
			Source     string         `json:"source"`
			Account    string         `json:"account"`
			Time       time.Time      `json:"time"`
			Region     string         `json:"region"`
			Resources  []string       `json:"resources"`
			Detail     map[string]any `json:"detail"`
		}
		strict(t, name, &e)
		if e.Version != "0" || e.DetailType == "" || e.Source == "" || e.Time.IsZero() || len(e.Detail) == 0 {
			t.Errorf("%s: envelope is not complete: %+v", name, e)
		}
		if e.Account != "123456789012" || e.Region != "us-east-1" {
			t.Errorf("%s: got account %s in %s, want 123456789012 in us-east-1", name, e.Account, e.Region)
		}
		for _, resource := range e.Resources {
			if !strings.Contains(resource, ":us-east-1:123456789012:") {
				t.Errorf("%s: resource %s is of another account or Region", name, resource)
			}
		}
		if other, twice := seen[e.ID]; twice {
			t.Errorf("%s and %s have the same id", name, other)
		}
		seen[e.ID] = name
	}
}

func TestNoticeIsWhatIsTold(t *testing.T) {
	t.Parallel()
	n := detail[notify.Notice](t, "sluice-rollout-state-change.json", notify.Source, notify.DetailType)
	if n.ID == "" || n.Rollout != "shop-production-7" || n.Moment != rollout.MomentRolledBack || n.Weights == nil ||
		n.Kind == "" || n.At.IsZero() {
		t.Errorf("the notice lacks something: %+v", n)
	}
}

// The decision and the order are what the functions put that know who decides.
func TestDecisionIsWhatIsPut(t *testing.T) {
	t.Parallel()
	if d := detail[approvals.Decision](t, "sluice-decision.json", approvals.Source, approvals.DetailType); d.Check() != nil {
		t.Errorf("the decision: %v", d.Check())
	}
	if o := detail[approvals.Order](t, "sluice-order.json", approvals.Source, approvals.OrderDetailType); o.Check() != nil {
		t.Errorf("the order: %v", o.Check())
	}
}

// detail is the detail of one of our own events, which has no field but what is put.
func detail[T any](t *testing.T, file, source, detailType string) T {
	t.Helper()
	var e struct {
		Version    json.RawMessage `json:"version"`
		ID         json.RawMessage `json:"id"`
		DetailType string          `json:"detail-type"`
		Source     string          `json:"source"`
		Account    json.RawMessage `json:"account"`
		Time       json.RawMessage `json:"time"`
		Region     json.RawMessage `json:"region"`
		Resources  []string        `json:"resources"`
		Detail     T               `json:"detail"`
	}
	strict(t, file, &e)
	if e.Source != source || e.DetailType != detailType {
		t.Errorf("%s: got source %q and detail type %q, want %q and %q", file, e.Source, e.DetailType, source, detailType)
	}
	return e.Detail
}

func TestDeadmanIsWhatIsScheduled(t *testing.T) {
	t.Parallel()
	var got waits.Call
	strict(t, "deadman.json", &got)
	if diff := cmp.Diff(waits.Call{Deadman: "shop-production-7"}, got); diff != "" {
		t.Errorf("deadman.json (-want +got):\n%s", diff)
	}
}

// The job is what CodePipeline invokes a function with: the local one's has the same
// fields.
func TestJobIsWhatCodePipelineSends(t *testing.T) {
	t.Parallel()
	l := loop.NewVirtual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	t.Cleanup(l.Close)
	var sent []byte
	service := codepipeline.New(l, "123456789012", "us-east-1", codepipeline.Deps{
		Invoke:      func(_, _ string, payload []byte) error { sent = payload; return nil },
		Credentials: func(string) (codepipeline.Credentials, error) { return codepipeline.Credentials{}, nil },
	})
	c := client.NewFromConfig(aws.Config{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("AKIAPERSON", "secret", ""),
		HTTPClient: wire.NewTransport(l, wire.NewMux("123456789012", "us-east-1", service.Wire()), wire.TransportOptions{}),
	})
	_, err := c.CreatePipeline(t.Context(), &client.CreatePipelineInput{Pipeline: &types.PipelineDeclaration{
		Name: aws.String("shop"), RoleArn: aws.String("arn:aws:iam::123456789012:role/pipeline"),
		ArtifactStore: &types.ArtifactStore{Type: types.ArtifactStoreTypeS3, Location: aws.String("shop-artifacts")},
		Stages: []types.StageDeclaration{
			stage("Source", "CodeStarSourceConnection", types.ActionCategorySource, func(a *types.ActionDeclaration) {
				a.OutputArtifacts = []types.OutputArtifact{{Name: aws.String("Images")}}
			}),
			stage("Deploy", "Lambda", types.ActionCategoryInvoke, func(a *types.ActionDeclaration) {
				a.InputArtifacts = []types.InputArtifact{{Name: aws.String("Images")}}
				a.Configuration = map[string]string{"FunctionName": "sluice-build:live", "UserParameters": "{}"}
			}),
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(shape(t, sent), shape(t, read(t, "codepipeline-job.json"))); diff != "" {
		t.Errorf("codepipeline-job.json (-sent +sample):\n%s", diff)
	}
}

func stage(name, provider string, category types.ActionCategory, change func(*types.ActionDeclaration)) types.StageDeclaration {
	a := types.ActionDeclaration{Name: &name, ActionTypeId: &types.ActionTypeId{
		Category: category, Owner: types.ActionOwnerAws, Provider: &provider, Version: aws.String("1"),
	}}
	change(&a)
	return types.StageDeclaration{Name: &name, Actions: []types.ActionDeclaration{a}}
}

// shape is a document with the names of types in the place of values.
func shape(t *testing.T, text []byte) any {
	t.Helper()
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	return shapeOf(value)
}

func shapeOf(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for name, one := range v {
			v[name] = shapeOf(one)
		}
		return v
	case []any:
		for i, one := range v {
			v[i] = shapeOf(one)
		}
		return v
	default:
		return fmt.Sprintf("%T", v)
	}
}

// The sample is understood. As no pipeline here waits for it, it is put aside, without
// its credentials.
func TestJobIsUnderstood(t *testing.T) {
	t.Parallel()
	l := loop.NewVirtual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	t.Cleanup(l.Close)
	h, err := harness.New(l, harness.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	h.Do(func() {
		if err := h.Lambda.InvokeAsync("sluice-build", read(t, "codepipeline-job.json")); err != nil {
			t.Error(err)
		}
	})
	h.RunFor(time.Minute)
	out, err := sqs.NewFromConfig(h.Config("AKIAPERSON")).ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: &h.Settings.DeadLetters, MessageAttributeNames: []string{"All"},
	})
	if err != nil || len(out.Messages) != 1 {
		t.Fatalf("%d dead letters, %v; want one", len(out.Messages), err)
	}
	m := out.Messages[0]
	if reason := aws.ToString(m.MessageAttributes["REASON"].StringValue); !strings.Contains(reason, `app "shop" is not registered`) {
		t.Errorf("the reason is %q, want that the app is not registered", reason)
	}
	if body := aws.ToString(m.Body); strings.Contains(body, "EXAMPLE") || !strings.Contains(body, "7d2f4b1c-1f0e-4a6b-9c3d-5e8a9b0c1d2e") {
		t.Errorf("the letter is %s, want the job without its credentials", body)
	}
}

// TestSamplesAreListed keeps files, README and this test together.
func TestSamplesAreListed(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(events.Files, "*")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"codepipeline-job.json", "deadman.json"}
	for name := range takers() {
		want = append(want, name)
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, files); diff != "" {
		t.Errorf("samples (-tested +embedded):\n%s", diff)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if !bytes.Contains(readme, []byte("`"+name+"`")) {
			t.Errorf("README.md does not name %s", name)
		}
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := events.Files.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// strict decodes a sample; a field that out does not have is an error.
func strict(t *testing.T, name string, out any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(read(t, name)))
	d.DisallowUnknownFields()
	if err := d.Decode(out); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}
