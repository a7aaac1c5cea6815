package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

func record() store.Record {
	return store.Record{
		Name: "shop-production-7", Place: place(), Kind: rollout.Forward, Number: 7, Release: 7,
		Execution: "arn:shop-production-7", At: start(),
	}
}

func TestRecord(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	_, err := tb.Record(t.Context(), record().Name)
	wantKind(t, "before it is written", err, rollout.KindNotFound)
	for _, execution := range []string{record().Execution, "arn:another"} { // the first counts
		r := record()
		r.Execution = execution
		got, err := tb.PutRecord(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(record(), got); diff != "" {
			t.Errorf("record (-want +got):\n%s", diff)
		}
	}
	for _, err := range []error{
		tb.SetExecution(t.Context(), record().Name, "arn:shop-production-7-r2"),
		tb.SetTaskDefinition(t.Context(), record().Name, "shop:9"),
		tb.SetTold(t.Context(), record().Name),
	} {
		wantKind(t, "amending it", err, "")
	}
	want := record()
	want.Execution, want.TaskDefinition, want.Told = "arn:shop-production-7-r2", "shop:9", true
	got, err := tb.Record(t.Context(), record().Name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("amended (-want +got):\n%s", diff)
	}
	wantClaim := store.Claim{Place: place(), Execution: "arn:e", Rollout: want.Name, Kind: rollout.Forward, Number: 7}
	if diff := cmp.Diff(wantClaim, got.Claim("arn:e")); diff != "" {
		t.Errorf("claim (-want +got):\n%s", diff)
	}
	wantKind(t, "amending what is not there", tb.SetTold(t.Context(), "shop-production-8"), rollout.KindNotFound)
}

// A rollout ends once.
func TestEnd(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	if _, err := tb.PutRecord(t.Context(), record()); err != nil {
		t.Fatal(err)
	}
	for i, outcome := range []rollout.Outcome{rollout.RolledBack, rollout.Succeeded} {
		got, err := tb.End(t.Context(), record().Name, outcome, fmt.Sprint("reason ", i), start().Add(time.Duration(i)*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		if got.Outcome != rollout.RolledBack || got.Reason != "reason 0" || !got.EndedAt.Equal(start()) || got.Number != 7 {
			t.Errorf("it ended %s because of %q at %v, want as it did first", got.Outcome, got.Reason, got.EndedAt)
		}
	}
}

func TestDecisions(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	decision := func(after time.Duration, phase rollout.Phase, what string) store.Decision {
		return store.Decision{
			Rollout: record().Name, At: start().Add(after), Phase: phase, Kind: rollout.KindAlarmRed, What: what,
			Inputs: map[string]any{"step": 1.0, "weights": map[string]any{"blue": 90.0}},
		}
	}
	want := []store.Decision{
		decision(0, rollout.PhaseBake, "a"), decision(time.Nanosecond, rollout.PhaseBake, "b"),
		decision(time.Second, rollout.PhaseJudge, "c"), decision(time.Second, rollout.PhaseShift, "d"),
	}
	for _, i := range []int{2, 0, 3, 1, 1} { // in any order, and one twice
		if err := tb.Decided(t.Context(), want[i]); err != nil {
			t.Fatal(err)
		}
	}
	other := decision(0, rollout.PhaseBake, "of another rollout")
	other.Rollout = "shop-production-70"
	if err := tb.Decided(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	got, err := tb.Decisions(t.Context(), record().Name)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSortedFunc(got, func(x, y store.Decision) int { return strings.Compare(x.Order, y.Order) }) {
		t.Errorf("decisions are not in their order: %v", got)
	}
	for i := range got {
		got[i].Order = ""
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("decisions (-want +got):\n%s", diff)
	}
}

func spec() rollout.Spec {
	return rollout.Spec{App: "shop", Containers: map[string]string{"web": "repository"}, Triggers: rollout.Triggers{Event: true}}
}

func release(cause string) rollout.Release {
	return rollout.Release{
		App: "shop", Images: map[string]string{"web": "image"}, Spec: spec(), Cause: rollout.Cause{Key: cause, Source: "event"}, At: start(),
	}
}

func (tb table) register() {
	tb.t.Helper()
	if err := tb.PutApp(tb.t.Context(), spec()); err != nil {
		tb.t.Fatal(err)
	}
}

func (tb table) put(cause string) rollout.Release {
	tb.t.Helper()
	r, err := tb.PutRelease(tb.t.Context(), release(cause))
	if err != nil {
		tb.t.Fatal(err)
	}
	return r
}

func TestApp(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	_, err := tb.App(t.Context(), "shop")
	wantKind(t, "before it is registered", err, rollout.KindNotFound)
	_, err = tb.PutRelease(t.Context(), release("build#1"))
	wantKind(t, "a release of it", err, rollout.KindNotFound)
	tb.register()
	tb.put("build#1")
	tb.register() // again: the counter stays
	app, err := tb.App(t.Context(), "shop")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(store.App{Spec: spec(), Counter: 1}, app); diff != "" {
		t.Errorf("app (-want +got):\n%s", diff)
	}
}

func TestPutRelease(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	tb.register()
	first := tb.put("build#1")
	if again := tb.put("build#1"); again.Number != first.Number {
		t.Errorf("the same cause has the numbers %d and %d", first.Number, again.Number)
	}
	if second := tb.put("build#2"); second.Number != first.Number+1 {
		t.Errorf("the second release has the number %d, want %d", second.Number, first.Number+1)
	}
	want := release("build#1")
	want.Number = 1
	got, err := tb.Release(t.Context(), "shop", 1)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("release (-want +got):\n%s", diff)
	}
	_, err = tb.Release(t.Context(), "shop", 99)
	wantKind(t, "a release that is not there", err, rollout.KindNotFound)
}

// Many events come at once, some of the same build: every build has one number,
// every number one build, and none is left out.
func TestPutReleaseTogether(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	tb.register()
	numbers := map[string][]int{}
	var all []func(context.Context)
	for i := range 9 {
		cause := fmt.Sprintf("build#%d", i%3)
		all = append(all, func(ctx context.Context) {
			r, err := tb.PutRelease(ctx, release(cause))
			if err != nil {
				t.Errorf("%s: %v", cause, err)
			}
			numbers[cause] = append(numbers[cause], r.Number)
		})
	}
	all = append(all, func(ctx context.Context) {
		n, err := tb.Draw(ctx, "shop", "rollback#production#1")
		if err != nil {
			t.Error(err)
		}
		numbers["a rollback"] = append(numbers["a rollback"], n)
	})
	tb.together(all...)
	var given []int
	for cause, ns := range numbers {
		slices.Sort(ns)
		if ns[0] != ns[len(ns)-1] {
			t.Errorf("%s has the numbers %v, want one", cause, ns)
		}
		given = append(given, ns[0])
	}
	slices.Sort(given)
	if diff := cmp.Diff([]int{1, 2, 3, 4}, given); diff != "" {
		t.Errorf("numbers (-want +got):\n%s", diff)
	}
}

func TestDraw(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	_, err := tb.Draw(t.Context(), "shop", "a")
	wantKind(t, "for an app that is not registered", err, rollout.KindNotFound)
	tb.register()
	for _, c := range []struct {
		cause string
		want  int
	}{{"a", 1}, {"b", 2}, {"a", 1}} {
		if n, err := tb.Draw(t.Context(), "shop", c.cause); err != nil || n != c.want {
			t.Errorf("cause %s drew %d (%v), want %d", c.cause, n, err, c.want)
		}
	}
	if r := tb.put("build#1"); r.Number != 3 {
		t.Errorf("the release after two rollbacks has the number %d, want 3", r.Number)
	}
}

func TestTriggers(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	ctx := t.Context()
	for _, app := range []string{"shop", "cart", "shop"} {
		if err := tb.PutTrigger(ctx, "codebuild#all", app); err != nil {
			t.Fatal(err)
		}
	}
	triggered := func(key string, want ...string) {
		t.Helper()
		got, err := tb.Triggered(ctx, key)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s concerns %q, want %q", key, got, want)
		}
	}
	triggered("codebuild#all", "cart", "shop")
	triggered("codebuild#al")
	if err := tb.DropTrigger(ctx, "codebuild#all", "cart"); err != nil {
		t.Fatal(err)
	}
	triggered("codebuild#all", "shop")
}

func TestWatches(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	ctx := t.Context()
	const alarm = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:shared"
	cart := store.Place{App: "cart", Environment: "production"}
	watching := func(want ...store.Place) {
		t.Helper()
		got, err := tb.Watching(ctx, alarm)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("places that watch (-want +got):\n%s", diff)
		}
	}
	watching()
	for _, p := range []store.Place{place(), cart, place()} {
		if err := tb.PutWatch(ctx, alarm, p); err != nil {
			t.Fatal(err)
		}
	}
	watching(cart, place())
	for range 2 {
		if err := tb.DropWatch(ctx, alarm, cart); err != nil {
			t.Fatal(err)
		}
	}
	watching(place())
}

func TestClaimRule(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	ctx := t.Context()
	cart := store.Place{App: "cart", Environment: "production"}
	claim := func(by, want store.Place) {
		t.Helper()
		holder, err := tb.ClaimRule(ctx, "arn:rule", by)
		if err != nil {
			t.Fatal(err)
		}
		if holder != want {
			t.Errorf("claimed by %s, held by %s, want %s", by, holder, want)
		}
	}
	release := func(by store.Place) {
		t.Helper()
		if err := tb.ReleaseRule(ctx, "arn:rule", by); err != nil {
			t.Fatal(err)
		}
	}
	release(place()) // nobody has it
	claim(place(), place())
	claim(place(), place())
	claim(cart, place())
	release(cart) // not its own
	claim(cart, place())
	release(place())
	claim(cart, cart)
}

// Trouble with the table is told apart from what it says.
func TestTableTrouble(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	tb.register()
	tb.own(forward(1))
	all := moves(t.Context(), tb, forward(1), 1)
	ctx := t.Context()
	all["Environment"] = func() error { _, err := tb.Environment(ctx, place()); return err }
	all["Acquire"] = func() error { _, _, err := tb.Acquire(ctx, forward(1)); return err }
	all["Queue"] = func() error { _, _, err := tb.Queue(ctx, forward(2), store.Queuing{Token: entered(1, 0)}); return err }
	all["Latch"] = func() error { _, _, err := tb.Latch(ctx, place(), "a", start()); return err }
	all["Abort"] = func() error { _, _, err := tb.Abort(ctx, place(), store.Abortion{Rollout: "a", Why: "b"}); return err }
	all["TakeOver"] = func() error { _, _, err := tb.TakeOver(ctx, place(), "a", "b", 1); return err }
	all["Forget"] = func() error { _, err := tb.Forget(ctx, place(), store.Facts{}); return err }
	all["PutRecord"] = func() error { _, err := tb.PutRecord(ctx, record()); return err }
	all["End"] = func() error { _, err := tb.End(ctx, "a", rollout.Dirty, "", start()); return err }
	all["Decided"] = func() error { return tb.Decided(ctx, store.Decision{Rollout: "a"}) }
	all["Decisions"] = func() error { _, err := tb.Decisions(ctx, "a"); return err }
	all["PutRelease"] = func() error { _, err := tb.PutRelease(ctx, release("a")); return err }
	all["Draw"] = func() error { _, err := tb.Draw(ctx, "shop", "a"); return err }
	all["Rollouts"] = func() error {
		for _, err := range tb.Rollouts(ctx, place()) {
			return err
		}
		return nil
	}
	all["PutTrigger"] = func() error { return tb.PutTrigger(ctx, "a", "b") }
	all["DropTrigger"] = func() error { return tb.DropTrigger(ctx, "a", "b") }
	all["Triggered"] = func() error { _, err := tb.Triggered(ctx, "a"); return err }
	all["Watching"] = func() error { _, err := tb.Watching(ctx, "a"); return err }
	all["ClaimName"] = func() error { _, err := tb.ClaimName(ctx, "a", "b"); return err }
	all["ClaimRule"] = func() error { _, err := tb.ClaimRule(ctx, "a", place()); return err }
	all["ReleaseRule"] = func() error { return tb.ReleaseRule(ctx, "a", place()) }
	for _, trouble := range []struct {
		fault wire.Fault
		want  rollout.ErrorKind
	}{
		{wire.Fault{Err: wire.Errorf("ThrottlingException", "Rate exceeded")}, rollout.KindThrottled},
		{wire.Fault{Err: wire.Errorf("AccessDeniedException", "not authorized")}, rollout.KindDenied},
		{wire.Fault{LoseRequest: true}, rollout.KindUnavailable},
	} {
		tb.Faults.Request = func(*wire.Call) *wire.Fault { return &trouble.fault }
		for name, move := range all {
			wantKind(t, name, move(), trouble.want)
		}
	}
}

// A write that AWS has done although its answer was lost is found done.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	tb.register()
	lost := map[string]bool{}
	tb.Faults.Request = func(c *wire.Call) *wire.Fault {
		if lost[c.Operation] || c.Operation == "GetItem" {
			return nil
		}
		lost[c.Operation] = true
		return &wire.Fault{LoseAnswer: true}
	}
	if r := tb.put("build#1"); r.Number != 1 {
		t.Errorf("the release has the number %d, want 1", r.Number)
	}
	if r := tb.put("build#1"); r.Number != 1 {
		t.Errorf("the repeat has the number %d, want 1", r.Number)
	}
	if got, err := tb.PutRecord(t.Context(), record()); err != nil || got.Number != 7 {
		t.Errorf("the record is %+v (%v)", got, err)
	}
	tb.own(forward(1))
	if !lost["TransactWriteItems"] || !lost["PutItem"] || !lost["UpdateItem"] {
		t.Errorf("lost the answers of %v only", lost)
	}
}

// What cannot be read says so; it is not taken for nothing.
func TestUnreadableItems(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	write := func(pk, sk, name string) {
		t.Helper()
		_, err := tb.DB.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("facts"), Item: map[string]types.AttributeValue{
			"pk": &types.AttributeValueMemberS{Value: pk}, "sk": &types.AttributeValueMemberS{Value: sk},
			name: &types.AttributeValueMemberS{Value: "{"},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	write("app#shop", "app", "spec")
	write("app#shop", "release#000000001", "release")
	write("app#shop", "environment#production", "snapshot")
	_, err := tb.App(t.Context(), "shop")
	wantKind(t, "an app", err, rollout.KindInternal)
	_, err = tb.Release(t.Context(), "shop", 1)
	wantKind(t, "a release", err, rollout.KindInternal)
	_, err = tb.Environment(t.Context(), place())
	wantKind(t, "an environment", err, rollout.KindInternal)
}
