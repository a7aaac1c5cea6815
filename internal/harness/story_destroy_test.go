package harness_test

import (
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/app"
	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/ecsservice"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/harness"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// Sluice is taken away in the middle of a rollout: traffic stays where it is, both slots
// run, and nobody changes anything of the app any more.
func TestTakenAwayDuringARollout(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	name := b.build(good, 1)
	b.untilState(name, "Bake")
	weights, slots := b.weights(), b.slots()
	b.takeAway()

	writes := b.writesToTheApp()
	b.RunFor(26 * time.Hour) // longer than anything of Sluice's waits
	if len(*writes) != 0 {
		t.Errorf("the app was written to: %q", *writes)
	}
	if got := b.weights(); got != weights || got != rollout.Toward(rollout.Green, 10) {
		t.Errorf("weights are %s, were %s, want %s", got, weights, rollout.Toward(rollout.Green, 10))
	}
	if diff := cmp.Diff(slots, b.slots()); diff != "" {
		t.Errorf("the slots changed (-before +after):\n%s", diff)
	}
	for slot, service := range b.slots() {
		if service.Desired == 0 || service.Running != service.Desired {
			t.Errorf("%s runs %d of %d tasks", slot, service.Running, service.Desired)
		}
	}
	// What was written down is kept: who has the environment, and what is to be put back.
	if env := b.environment(); env.Rollout != name || env.Owner == "" || env.SnapshotOf(name) == nil {
		t.Errorf("the environment is %q's, of owner %q and with snapshot %v; want it %s's, with both", env.Rollout, env.Owner, env.SnapshotOf(name), name)
	}
}

// Installed again, Sluice begins from nothing. Weights that it does not know are refused;
// once they are put right, it rolls out, by the names of rollouts that were.
func TestInstalledAgainAfterARollout(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.untilState(b.build(good, 1), "Bake")
	b.takeAway()
	b.RunFor(time.Hour)
	old := b.Settings.Table
	b.installAgain()
	if b.Settings.Table == old {
		t.Fatalf("the new installation has the old table %s, want one of its own", old)
	}
	if err := b.Steps.Register(b.ctx(), shop()); err != nil {
		t.Fatal(err)
	}
	refused := b.build(good, 1)
	b.untilEnded(refused)
	b.wantReason(refused, rollout.Refused, "before the first rollout one slot must have 100 and the other 0")

	router := b.stages[0].reach.Traffic
	rule, err := router.Read(b.ctx(), b.service.Rule, b.stages[0].groups())
	if err != nil {
		t.Fatal(err)
	}
	if err := router.Write(b.ctx(), rule, rollout.Toward(rollout.Blue, 100)); err != nil {
		t.Fatal(err)
	}
	name := b.build(good, 1)
	b.untilEnded(name)
	b.wantOutcome(name, rollout.Succeeded)
}

// With the old table in its place, the new installation knows of the rollout, and takes
// it back when it is asked to look after it.
func TestInstalledAgainWithTheOldTable(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	name := b.build(good, 1)
	b.untilState(name, "Bake")
	old := b.Settings.Table
	b.takeAway()
	b.RunFor(26 * time.Hour)
	b.installAgain()
	b.move(old, b.Settings.Table)
	if _, err := lambda.NewFromConfig(b.Config("AKIAPERSON")).Invoke(b.ctx(), &lambda.InvokeInput{
		FunctionName: aws.String("sluice-recover:live"), Payload: []byte(`{"deadman": "` + name + `"}`),
	}); err != nil {
		t.Fatal(err)
	}
	b.untilEnded(name)
	b.wantOutcome(name, rollout.RolledBack)
	b.wantAtRest(rollout.Blue, name)
}

// slots are production's two services.
func (b *box) slots() map[rollout.Slot]ecsservice.Service {
	b.t.Helper()
	s := b.stages[0]
	services, err := s.reach.Services.Describe(b.ctx(), s.cluster, s.slots)
	if err != nil {
		b.t.Fatal(err)
	}
	return services
}

// takeAway deletes Sluice's stack and ends what runs, as scripts/destroy does with FORCE=1.
func (b *box) takeAway() {
	b.t.Helper()
	client := cloudformation.NewFromConfig(b.Config("AKIAPERSON"))
	if _, err := client.DeleteStack(b.ctx(), &cloudformation.DeleteStackInput{StackName: aws.String("sluice")}); err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.aws.SFN.DeleteStateMachine(b.ctx(), &sfn.DeleteStateMachineInput{StateMachineArn: &b.Settings.Machine}); err != nil {
		b.t.Fatal(err)
	}
	running, err := b.aws.SFN.ListExecutions(b.ctx(), &sfn.ListExecutionsInput{StateMachineArn: &b.Settings.Machine, StatusFilter: sfntypes.ExecutionStatusRunning})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, e := range running.Executions {
		if _, err := b.aws.SFN.StopExecution(b.ctx(), &sfn.StopExecutionInput{ExecutionArn: e.ExecutionArn}); err != nil {
			b.t.Fatal(err)
		}
	}
	b.RunFor(10 * time.Minute)
	if out, err := client.DescribeStacks(b.ctx(), &cloudformation.DescribeStacksInput{StackName: aws.String("sluice")}); err == nil {
		b.t.Fatalf("stack sluice is still there, %s", out.Stacks[0].StackStatus)
	}
}

// installAgain makes Sluice's stack anew, with a table of its own.
func (b *box) installAgain() {
	b.t.Helper()
	if err := b.Update(harness.Version{Format: store.Format}); err != nil {
		b.t.Fatal(err)
	}
	out, err := cloudformation.NewFromConfig(b.Config("AKIAPERSON")).DescribeStacks(b.ctx(), &cloudformation.DescribeStacksInput{StackName: aws.String("sluice")})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, o := range out.Stacks[0].Outputs {
		switch *o.OutputKey {
		case "Table":
			b.Settings.Table = *o.OutputValue
		case "Machine":
			b.Settings.Machine = *o.OutputValue
		case "DeadLetters":
			b.Settings.DeadLetters = *o.OutputValue
		case "DeadLettersArn":
			b.Settings.LettersARN = *o.OutputValue
		case "DeadmanRole":
			b.Settings.DeadmanRole = *o.OutputValue
		}
	}
	operator, err := app.New(app.World{
		AWS: b.Config("AKIAOPERATOR"), HTTP: b.Web.Client(awsclient.CallTimeout), Now: b.Now, Log: slog.New(slog.NewTextHandler(b.t.Output(), nil)),
	}, b.Settings)
	if err != nil {
		b.t.Fatal(err)
	}
	b.Steps = operator.Steps
}

// move puts all items of one table into another.
func (b *box) move(from, to string) {
	b.t.Helper()
	client := dynamodb.NewFromConfig(b.Config("AKIAPERSON"))
	pages := dynamodb.NewScanPaginator(client, &dynamodb.ScanInput{TableName: &from})
	for pages.HasMorePages() {
		page, err := pages.NextPage(b.ctx())
		if err != nil {
			b.t.Fatal(err)
		}
		for _, item := range page.Items {
			if _, err := client.PutItem(b.ctx(), &dynamodb.PutItemInput{TableName: &to, Item: item}); err != nil {
				b.t.Fatal(err)
			}
		}
	}
}

// writesToTheApp are what is written from now on to where the app runs, in order.
func (b *box) writesToTheApp() *[]string {
	var writes []string
	b.observe(func(c *wire.Call, _, _ any, err error) {
		reads := strings.HasPrefix(c.Operation, "Describe") || strings.HasPrefix(c.Operation, "List")
		if err == nil && !reads && slices.Contains([]string{"ecs", "elbv2", "elasticloadbalancingv2", "application-autoscaling", "cloudwatch"}, c.Service) {
			writes = append(writes, c.Service+" "+c.Operation)
		}
	})
	return &writes
}
