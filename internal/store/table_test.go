package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// start is when virtual time begins.
func start() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// place is where the tests play.
func place() store.Place { return store.Place{App: "shop", Environment: "production"} }

// table is a store on a table in a cloud.
type table struct {
	*emulator.Cloud
	*store.Store
	t *testing.T
}

func newTable(t *testing.T) table {
	t.Helper()
	l := loop.NewVirtual(start())
	t.Cleanup(l.Close)
	cloud := emulator.New(l, emulator.Options{Latency: 5 * time.Millisecond})
	db := awsclient.New(cloud.Config("AKIAPERSON")).DynamoDB
	_, err := db.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: aws.String("facts"), BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String("sk"), AttributeType: types.ScalarAttributeTypeS},
		},
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash},
			{AttributeName: aws.String("sk"), KeyType: types.KeyTypeRange},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	cloud.RunFor(time.Minute) // until it is ACTIVE
	return table{cloud, &store.Store{DB: db, Table: "facts", Format: store.Format}, t}
}

// forward and back are claims of rollouts with that number.
func forward(number int) store.Claim { return claim(rollout.Forward, number) }

func back(number int) store.Claim { return claim(rollout.Back, number) }

func claim(kind rollout.Kind, number int) store.Claim {
	name := rollout.Release{App: "shop", Number: number}.Name(string(kind))
	return store.Claim{Place: place(), Execution: "arn:" + name, Rollout: name, Kind: kind, Number: number}
}

// entered is a token of a state that was entered that many seconds after the start.
func entered(seconds, retry int) store.Token {
	at := start().Add(time.Duration(seconds) * time.Second).Format("2006-01-02T15:04:05.000Z")
	return store.Token{Token: "token of " + at + string(rune('a'+retry)), Phase: rollout.PhaseBake, Entered: at, Retry: retry}
}

func (tb table) acquire(c store.Claim) (bool, store.Environment) {
	tb.t.Helper()
	got, env, err := tb.Acquire(tb.t.Context(), c)
	if err != nil {
		tb.t.Fatal(err)
	}
	return got, env
}

// own makes the claim the owner.
func (tb table) own(c store.Claim) store.Environment {
	tb.t.Helper()
	got, env := tb.acquire(c)
	if !got {
		tb.t.Fatalf("%s did not get the environment: %+v", c.Rollout, env)
	}
	return env
}

func (tb table) queue(c store.Claim, token store.Token) (bool, store.Environment) {
	tb.t.Helper()
	queued, env, err := tb.Queue(tb.t.Context(), c, store.Queuing{Token: token, Why: "somebody asked"})
	if err != nil {
		tb.t.Fatal(err)
	}
	return queued, env
}

func (tb table) handOver(c store.Claim) *store.Grant {
	tb.t.Helper()
	grant, err := tb.HandOver(tb.t.Context(), c, nil)
	if err != nil {
		tb.t.Fatal(err)
	}
	return grant
}

func (tb table) latch(alarm string) (bool, store.Environment) {
	tb.t.Helper()
	latched, env, err := tb.Latch(tb.t.Context(), place(), alarm, start())
	if err != nil {
		tb.t.Fatal(err)
	}
	return latched, env
}

func (tb table) abort(c store.Claim) bool {
	tb.t.Helper()
	held, _, err := tb.Abort(tb.t.Context(), place(), store.Abortion{Rollout: c.Rollout, Why: "ana asked"})
	if err != nil {
		tb.t.Fatal(err)
	}
	return held
}

func (tb table) dirty(c store.Claim) {
	tb.t.Helper()
	if err := tb.MarkDirty(tb.t.Context(), c, "the rule is odd", start()); err != nil {
		tb.t.Fatal(err)
	}
}

func (tb table) environment() store.Environment {
	tb.t.Helper()
	env, err := tb.Environment(tb.t.Context(), place())
	if err != nil {
		tb.t.Fatal(err)
	}
	return env
}

// wantKind fails the test if the error is of another kind; "" is no error.
func wantKind(t *testing.T, what string, err error, want rollout.ErrorKind) {
	t.Helper()
	if got := rollout.KindOf(err); got != want {
		t.Errorf("%s: %v is %q, want %q", what, err, got, want)
	}
}

// together runs the functions side by side, each as far as its next call to AWS
// at a time.
func (tb table) together(all ...func(ctx context.Context)) {
	tb.t.Helper()
	left := len(all)
	tb.Do(func() {
		for _, f := range all {
			tb.Go(f, func() { left-- })
		}
	})
	if !tb.RunUntil(tb.Now().Add(time.Hour), func() bool { return left == 0 }) {
		tb.t.Fatalf("%d of %d did not come to their end", left, len(all))
	}
}
