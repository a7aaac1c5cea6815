package rollout_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// One with the same address is the same person, whichever way they come, and two of whom
// different addresses are known are two.
func TestPeopleAreToldApart(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyone().Draw(t, "a"), anyone().Draw(t, "b")
		same := a.Key() == b.Key()
		if a.Email != "" && b.Email != "" && same != (a.Name == b.Name) || same && a.Name != b.Name {
			t.Fatalf("%+v and %+v count as one: %t", a, b, same)
		}
	})
}

// Only those on the list answer, by themselves or by their group, and an author whom the
// list names may reject at most.
func TestNobodyElseMayAnswer(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, p := approval().Draw(t, "approval"), anyone().Draw(t, "person")
		author := rapid.SampledFrom([]string{"", "ada@example.com", strings.ToUpper(p.Email)}).Draw(t, "author")
		answer := rapid.SampledFrom([]rollout.Answer{rollout.Approve, rollout.Reject}).Draw(t, "answer")
		err := a.May(p, answer, author)
		named := slices.ContainsFunc(a.Approvers, func(one string) bool {
			return one == p.ID || slices.Contains(p.Groups, one) || p.Way == rollout.ByIAM && one == "arn:aws:iam::111122223333:role/"+p.Name
		})
		wrote := strings.EqualFold(p.Email, author) || p.Email == ""
		want := named && (answer == rollout.Reject || !a.NotAuthor || !wrote)
		if (err == nil) != want {
			t.Fatalf("%+v may %s: %v", p, answer, err)
		}
		if err != nil && rollout.KindOf(err) != rollout.KindRefused {
			t.Fatalf("%v is of kind %s", err, rollout.KindOf(err))
		}
	})
}

// A question is open until there are enough votes, one rejects, or its time is over. Votes
// never open it again, and without as many as the quorum only its expiry can approve it.
func TestAQuestionIsSettledOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := approval().Draw(t, "approval")
		asked := moment().Draw(t, "asked")
		deadline := asked.Add(a.Expires)
		now := asked
		var votes []rollout.Vote
		standing, _ := a.Stands(nil, deadline, now)
		for standing == rollout.Open && len(votes) < 5 {
			if rapid.Bool().Draw(t, "waits") {
				now = now.Add(rapid.SampledFrom([]time.Duration{time.Second, a.Expires / 2, deadline.Sub(now)}).Draw(t, "so long"))
			} else {
				answer := rapid.SampledFrom([]rollout.Answer{rollout.Approve, rollout.Approve, rollout.Reject}).Draw(t, "answer")
				votes = append(votes, rollout.Vote{Person: rollout.Person{Name: "ada"}, Answer: answer, At: now})
			}
			var why string
			standing, why = a.Stands(votes, deadline, now)
			if (why == "") != (standing == rollout.Open) {
				t.Fatalf("%s because of %q", standing, why)
			}
		}
		over := !now.Before(deadline)
		rejected := slices.ContainsFunc(votes, func(v rollout.Vote) bool { return v.Answer == rollout.Reject })
		enough := len(votes) >= a.Quorum
		var want rollout.Standing
		switch {
		case rejected, !enough && over && a.OnExpiry != rollout.Approve:
			want = rollout.Refusal
		case enough, over:
			want = rollout.Approved
		default:
			want = rollout.Open
		}
		if standing != want {
			t.Fatalf("%d of %d votes, rejected %t, over %t: %s, want %s", len(votes), a.Quorum, rejected, over, standing, want)
		}
	})
}

// Whatever the expiry, as many looks as it has hours reach it, none much later.
func TestEveryExpiryIsLookedAt(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		expires := time.Duration(rapid.Int64Range(1, int64(60*24*time.Hour)).Draw(t, "expires"))
		look := rollout.Approval{Expires: expires}.Look()
		reach := func(look time.Duration) time.Duration {
			return time.Duration(int64(look) * int64((expires+time.Hour-1)/time.Hour))
		}
		if look < time.Second || look > time.Hour || look%time.Second != 0 || reach(look) < expires || look > time.Second && reach(look-time.Second) >= expires {
			t.Fatalf("expires after %s: looks every %s", expires, look)
		}
	})
}

// A hash stands for what is rolled out: another image, number or spec has another.
func TestAnotherReleaseHasAnotherHash(t *testing.T) {
	t.Parallel()
	release := rapid.Custom(func(t *rapid.T) rollout.Release {
		return rollout.Release{
			App: "shop", Number: rapid.IntRange(1, 2).Draw(t, "number"),
			Images: map[string]string{"web": rapid.SampledFrom([]string{"shop@sha256:aa", "shop@sha256:bb"}).Draw(t, "image")},
			Spec: rollout.Spec{Environments: []rollout.Environment{{
				Name: "production", Guard: time.Duration(rapid.IntRange(1, 2).Draw(t, "guard")) * time.Hour,
				Approval: &rollout.Approval{Quorum: rapid.IntRange(1, 2).Draw(t, "quorum")},
			}}},
			Cause: rollout.Cause{Key: rapid.StringN(0, 4, -1).Draw(t, "cause")},
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := release.Draw(t, "a"), release.Draw(t, "b")
		ae, be := a.Spec.Environments[0], b.Spec.Environments[0]
		same := a.Number == b.Number && a.Images["web"] == b.Images["web"] && ae.Guard == be.Guard && ae.Approval.Quorum == be.Approval.Quorum
		if got := a.Hash() == b.Hash(); got != same {
			t.Fatalf("%+v and %+v have the same hash: %t", a, b, got)
		}
	})
}
