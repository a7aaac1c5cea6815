package harness_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"log/slog"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/eventbridge"
	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/foreground"
)

// here is an engine in the foreground: the account has the app and knows nothing of
// Sluice, whose table, machine and functions are in a cloud of their own. Of the account's
// events none comes.
type here struct {
	engine *foreground.Engine
	file   string              // its state
	paths  map[string][]string // of executions of the processes before, by name
	person *person
}

// isHere reports whether a story is told of an engine in the foreground (TestHere).
func isHere(t *testing.T) bool {
	t.Helper()
	return strings.HasPrefix(t.Name(), "TestHere/")
}

// person is who has started an engine. The account knows nobody else: the key says, for
// the stories' sake, which function it is used for.
type person struct{ gone bool }

const (
	personsKey = "AKIAPERSON"
	calledFor  = personsKey + "-"
)

// Retrieve implements aws.CredentialsProvider.
func (p *person) Retrieve(ctx context.Context) (aws.Credentials, error) {
	if p.gone {
		return aws.Credentials{}, errors.New("the process has ended")
	}
	key := personsKey
	if i := lambda.FromContext(ctx); i != nil {
		key = calledFor + i.Function
	}
	return aws.Credentials{AccessKeyID: key, SecretAccessKey: "secret"}, nil
}

// startHere makes the account, and an engine that has deployed nothing there.
func (b *box) startHere(from origin) {
	b.t.Helper()
	l := loop.NewVirtual(midnight)
	atEnd(b.t, l.Close)
	b.account = emulator.New(l, emulator.Options{Region: from.region, Latency: latency, RequestTimeout: awsclient.CallTimeout})
	b.look(b.account.Partition)
	b.here = &here{file: filepath.Join(b.t.TempDir(), "shop.json"), paths: map[string][]string{}}
	b.process()
}

// process starts an engine with what the file has.
func (b *box) process() {
	b.t.Helper()
	b.here.person = &person{}
	account := b.account.Config(personsKey)
	account.Credentials = b.here.person
	engine, err := foreground.Start(b.ctx(), foreground.Options{
		Loop: b.account.Loop, Account: account, Number: b.account.Account, Spec: b.shop, File: b.here.file,
		Log: slog.New(slog.NewTextHandler(b.log, nil)),
	})
	if err != nil {
		b.t.Fatal(err)
	}
	atEnd(b.t, engine.Close)
	b.here.engine, b.Harness = engine, engine.Harness
	b.look(b.Partition)
	b.aws = awsclient.New(b.Config(personsKey))
	theirs := awsclient.New(b.account.Config(personsKey))
	b.aws.AutoScaling, b.aws.CloudWatch, b.aws.ECR = theirs.AutoScaling, theirs.CloudWatch, theirs.ECR
	b.aws.ECS, b.aws.ECSOnce, b.aws.ELB, b.aws.ELBOnce = theirs.ECS, theirs.ECSOnce, theirs.ELB, theirs.ELBOnce
}

// restart kills the process, of which nothing is sent any more, and starts another.
func (b *box) restart() {
	b.t.Helper()
	out, err := b.aws.SFN.ListExecutions(b.ctx(), &sfn.ListExecutionsInput{StateMachineArn: &b.Settings.Machine})
	if err != nil {
		b.t.Fatal(err)
	}
	faults := b.Faults
	b.Faults = emulator.Faults{Delivery: func(eventbridge.Event, string) eventbridge.DeliveryFault {
		return eventbridge.DeliveryFault{Lose: true}
	}}
	for _, e := range out.Executions {
		b.here.paths[*e.Name] = b.path(*e.Name)
		if e.Status == sfntypes.ExecutionStatusRunning {
			b.callNow("sfn", "stopExecution", map[string]string{"ExecutionArn": *e.ExecutionArn})
		}
	}
	b.here.person.gone = true
	b.Observe = nil
	b.Faults.Request = func(*wire.Call) *wire.Fault { return &wire.Fault{Err: errors.New("the process has ended")} }
	b.here.engine.Close()
	b.process()
	b.Faults = faults
}

// orderHere has an image deployed by the person at the terminal, and gives the name of
// the rollout that is to come.
func (b *box) orderHere(tag string) string {
	b.t.Helper()
	app, err := b.Steps.Store.App(b.ctx(), "shop")
	if err != nil {
		b.t.Fatal(err)
	}
	body, err := json.Marshal(map[string]any{"verb": "deploy", "app": "shop", "images": map[string]string{"": b.repository() + ":" + tag}})
	if err != nil {
		b.t.Fatal(err)
	}
	if got := b.ask(terminal, http.MethodPost, "/orders", string(body)); got.status != http.StatusAccepted {
		b.t.Fatalf("POST /orders answered %d %s, want 202", got.status, got.body)
	}
	return fmt.Sprintf("shop-production-%d", app.Counter+1)
}

// decideHere has the person at the terminal answer a rollout's question, or steer it, and
// runs until that is done.
func (b *box) decideHere(name, action, reason string) {
	b.t.Helper()
	var now struct {
		Approval string `json:"approval"`
	}
	if got := b.ask(terminal, http.MethodGet, "/rollouts/"+name, ""); json.Unmarshal([]byte(got.body), &now) != nil {
		b.t.Fatalf("GET /rollouts/%s answered %d %s", name, got.status, got.body)
	}
	subject := name
	if now.Approval != "" && (action == "approve" || action == "reject") {
		subject = now.Approval
	}
	b.command(terminal, map[string]string{"action": action, "subject": subject, "reason": reason})
}

// terminal is the credentials of the person at the terminal, for Sluice's own cloud.
var terminal = user("terminal")

// TestHere tells the stories of an engine in the foreground.
func TestHere(t *testing.T) {
	t.Parallel()
	for name, story := range told() {
		t.Run(name, story)
	}
}

// Every story is told of an engine in the foreground, or it is said why it is not.
func TestHereForgetsNoStory(t *testing.T) {
	t.Parallel()
	listed := slices.Collect(maps.Keys(told()))
	for _, names := range untold() {
		listed = append(listed, names...)
	}
	slices.Sort(listed)
	var stories []string
	files, err := filepath.Glob("story*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		for _, d := range parse(t, file).Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") {
				stories = append(stories, f.Name.Name)
			}
		}
	}
	slices.Sort(stories)
	if diff := cmp.Diff(stories, listed); diff != "" {
		t.Errorf("stories (-told of an installation +listed in herestories_test.go):\n%s", diff)
	}
}

// toldOrNot are both ways to hear of an execution that was stopped: by its event, or by
// nothing but the deadman. A process that has ended tells nobody.
func toldOrNot(t *testing.T) []bool {
	t.Helper()
	if isHere(t) {
		return []bool{true}
	}
	return []bool{true, false}
}
