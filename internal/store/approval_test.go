package store_test

import (
	"testing"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// asked is a question before production that expires in an hour.
func (tb table) asked() store.Approval {
	tb.t.Helper()
	a := store.Approval{
		ID:    store.Binding{Rollout: "shop-production-7", Step: rollout.BeforeAll, Hash: "h"}.ID(),
		Place: place(), Rollout: "shop-production-7", Step: rollout.BeforeAll, Release: 7, Hash: "h",
		Rule: rollout.Approval{Approvers: []string{"U1", "U2"}, Quorum: 2, Expires: time.Hour},
		At:   start(), Deadline: start().Add(time.Hour).UnixNano(),
	}
	first, a, err := tb.PutApproval(tb.t.Context(), a)
	if err != nil || !first {
		tb.t.Fatalf("PutApproval: %v, first %t", err, first)
	}
	return a
}

func vote(who string, answer rollout.Answer, after time.Duration) rollout.Vote {
	return rollout.Vote{
		Person: rollout.Person{Way: rollout.BySlack, ID: who, Name: who}, Answer: answer, At: start().Add(after),
	}
}

func TestVote(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	a := tb.asked()
	for _, c := range []struct {
		name  string
		vote  rollout.Vote
		want  bool
		votes int
	}{
		{"first", vote("U1", rollout.Approve, time.Minute), true, 1},
		{"its event again", vote("U1", rollout.Approve, time.Minute), true, 1},
		{"a second click", vote("U1", rollout.Approve, 2*time.Minute), false, 1},
		{"after the time", vote("U2", rollout.Approve, time.Hour), false, 1},
		{"another person", vote("U2", rollout.Approve, 3*time.Minute), true, 2},
		{"a change of mind", vote("U2", rollout.Reject, 4*time.Minute), true, 2},
		{"and back", vote("U2", rollout.Approve, 5*time.Minute), false, 2},
	} {
		got, after, err := tb.Vote(t.Context(), a.ID, c.vote)
		if err != nil || got != c.want || len(after.Votes) != c.votes {
			t.Errorf("%s: got %t with %d votes (%v), want %t with %d", c.name, got, len(after.Votes), err, c.want, c.votes)
		}
	}
	cast, err := tb.Approval(t.Context(), a.ID)
	if err != nil {
		t.Fatal(err)
	}
	if votes := cast.Cast(); votes[0].Person.ID != "U1" || votes[1].Answer != rollout.Reject {
		t.Errorf("votes are %+v, want U1 first, and U2's rejection", votes)
	}
}

// What was seen of the votes when a question is settled must still be all there is.
func TestSettle(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	a := tb.asked()
	if _, _, err := tb.Vote(t.Context(), a.ID, vote("U1", rollout.Approve, time.Minute)); err != nil {
		t.Fatal(err)
	}
	held, seen, err := tb.Settle(t.Context(), a, rollout.Refusal, "expired", start())
	if err != nil || held {
		t.Errorf("settled with a vote that was not seen (%v)", err)
	}
	if _, _, err := tb.Vote(t.Context(), a.ID, vote("U1", rollout.Reject, 2*time.Minute)); err != nil {
		t.Fatal(err)
	}
	held, seen, err = tb.Settle(t.Context(), seen, rollout.Approved, "U1", start())
	if err != nil || held {
		t.Errorf("settled with a vote that was replaced (%v)", err)
	}
	held, after, err := tb.Settle(t.Context(), seen, rollout.Refusal, "expired", start())
	if err != nil || !held || after.Standing != rollout.Refusal {
		t.Errorf("got %t, %s (%v), want it rejected", held, after.Standing, err)
	}
	if held, after, err = tb.Settle(t.Context(), seen, rollout.Approved, "late", start()); err != nil || held || after.Why != "expired" {
		t.Errorf("a settled question was settled again: %+v (%v)", after, err)
	}
	if got, _, err := tb.Vote(t.Context(), a.ID, vote("U2", rollout.Approve, time.Minute)); err != nil || got {
		t.Errorf("a settled question takes votes (%v)", err)
	}
}

func TestUseOnce(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	a := tb.asked()
	if used, _, err := tb.Use(t.Context(), a.ID, "one"); err != nil || used {
		t.Errorf("an open question was used (%v)", err)
	}
	if _, _, err := tb.Settle(t.Context(), a, rollout.Approved, "", start()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		who  string
		want bool
	}{{"one", true}, {"one", true}, {"two", false}} {
		if used, _, err := tb.Use(t.Context(), a.ID, c.who); err != nil || used != c.want {
			t.Errorf("used by %s: got %t (%v), want %t", c.who, used, err, c.want)
		}
	}
	if held, _, err := tb.Void(t.Context(), a.ID, store.Voiding{Kind: rollout.KindSuperseded}); err != nil || held {
		t.Errorf("an approval that was used was taken back (%v)", err)
	}
}

func TestVoid(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	a := tb.asked()
	if _, _, err := tb.Settle(t.Context(), a, rollout.Approved, "", start()); err != nil {
		t.Fatal(err)
	}
	held, after, err := tb.Void(t.Context(), a.ID, store.Voiding{Kind: rollout.KindSuperseded, Why: "newer", At: start()})
	if err != nil || !held || after.Standing != rollout.Void {
		t.Errorf("an approval nobody has used: got %t, %s (%v), want void", held, after.Standing, err)
	}
	if used, _, err := tb.Use(t.Context(), a.ID, "one"); err != nil || used {
		t.Errorf("a void approval was used (%v)", err)
	}
	if _, _, err := tb.Void(t.Context(), "apr-none", store.Voiding{}); rollout.KindOf(err) != rollout.KindNotFound {
		t.Errorf("got %v, want NotFound", err)
	}
}

func TestApprovalToken(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	a := tb.asked()
	for _, c := range []struct {
		token store.Token
		want  bool
	}{
		{entered(1, 1), true}, {entered(1, 1), true}, {entered(1, 0), false}, {entered(2, 0), true}, {entered(1, 2), false},
	} {
		if got, _, err := tb.StoreApprovalToken(t.Context(), a.ID, c.token); err != nil || got != c.want {
			t.Errorf("token entered %s, retry %d: got %t (%v), want %t", c.token.Entered, c.token.Retry, got, err, c.want)
		}
	}
}

func TestAskNewest(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	for _, c := range []struct {
		number int
		want   bool
	}{{7, true}, {7, true}, {8, true}, {7, false}} {
		held, env, err := tb.Ask(t.Context(), place(), store.Asking{Rollout: "r", Number: c.number, Approval: "a"})
		if err != nil || held != c.want || env.Asking.Number < c.number {
			t.Errorf("ask for %d: got %t, asking %d (%v), want %t", c.number, held, env.Asking.Number, err, c.want)
		}
	}
	tb.own(forward(9)) // a release that needs no approval has passed
	if held, _, err := tb.Ask(t.Context(), place(), store.Asking{Rollout: "r", Number: 8}); err != nil || held {
		t.Errorf("an older release asks behind a newer one (%v)", err)
	}
}
