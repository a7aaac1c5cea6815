package rollout_test

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// What properties are shown to hold for: values drawn at random, of the kinds that the
// reader of sluice.yaml lets through.

func slot() *rapid.Generator[rollout.Slot] { return rapid.SampledFrom(slots) }

func seconds(most time.Duration) *rapid.Generator[time.Duration] {
	return rapid.Custom(func(t *rapid.T) time.Duration {
		return time.Duration(rapid.IntRange(1, int(most/time.Second)).Draw(t, "seconds")) * time.Second
	})
}

// steps rise and end at 100.
func steps() *rapid.Generator[[]rollout.Step] {
	return rapid.Custom(func(t *rapid.T) []rollout.Step {
		weights := rapid.SliceOfNDistinct(rapid.IntRange(1, 99), 0, 6, rapid.ID[int]).Draw(t, "weights")
		slices.Sort(weights)
		var all []rollout.Step
		for _, weight := range append(weights, 100) {
			step := rollout.Step{Weight: weight, Bake: seconds(time.Hour).Draw(t, "bake")}
			if rapid.Bool().Draw(t, "asks") {
				step.Approval = &rollout.Approval{Quorum: 1, Expires: seconds(48*time.Hour).Draw(t, "expires")}
			}
			all = append(all, step)
		}
		return all
	})
}

// spec has environments in waves, some of them named.
func spec() *rapid.Generator[rollout.Spec] {
	return rapid.Custom(func(t *rapid.T) rollout.Spec {
		s := rollout.Spec{App: "shop"}
		for i := range rapid.IntRange(1, 6).Draw(t, "environments") {
			env := rollout.Environment{
				Name: fmt.Sprintf("env%d", i), Wave: rapid.IntRange(0, 4).Draw(t, "wave"),
				Steps: steps().Draw(t, "steps"), Guard: seconds(24*time.Hour).Draw(t, "guard"),
			}
			s.Environments = append(s.Environments, env)
		}
		return s
	})
}

// anyone is one of a few people, who come by Slack or by IAM, with or without a known
// address, which may be written in other letters.
func anyone() *rapid.Generator[rollout.Person] {
	return rapid.Custom(func(t *rapid.T) rollout.Person {
		who := rapid.SampledFrom([]string{"ada", "bob", "eve"}).Draw(t, "who")
		p := rollout.Person{
			Way: rollout.BySlack, ID: "U" + who, Name: who,
			Email: rapid.SampledFrom([]string{"", who + "@example.com", who + "@EXAMPLE.com"}).Draw(t, "email"),
		}
		if rapid.Bool().Draw(t, "by IAM") {
			p.Way, p.ID = rollout.ByIAM, "arn:aws:iam::111122223333:role/team/"+who
		}
		if rapid.Bool().Draw(t, "in a group") {
			p.Groups = []string{"Sleads"}
		}
		return p
	})
}

// approval asks some of them.
func approval() *rapid.Generator[rollout.Approval] {
	return rapid.Custom(func(t *rapid.T) rollout.Approval {
		return rollout.Approval{
			Approvers: rapid.SliceOfN(rapid.SampledFrom([]string{
				"Uada", "Ubob", "Sleads", "arn:aws:iam::111122223333:role/ada", "arn:aws:iam::999999999999:role/eve",
			}), 1, 3).Draw(t, "approvers"),
			Quorum:    rapid.IntRange(1, 3).Draw(t, "quorum"),
			Expires:   seconds(30*24*time.Hour).Draw(t, "expires"),
			OnExpiry:  rapid.SampledFrom([]rollout.Answer{rollout.Approve, rollout.Reject}).Draw(t, "on expiry"),
			NotAuthor: rapid.Bool().Draw(t, "not the author"),
		}
	})
}

// moment is a quarter of an hour in two years, of which each has its changes of the clocks.
// Windows open and close at such moments, too.
func moment() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		return from.Add(time.Duration(rapid.IntRange(0, 2*365*24*4).Draw(t, "quarter")) * 15 * time.Minute)
	})
}

func window() *rapid.Generator[rollout.Window] {
	return rapid.Custom(func(t *rapid.T) rollout.Window {
		return rollout.Window{
			Days: rapid.SliceOfNDistinct(rapid.Map(rapid.IntRange(0, 6), func(d int) time.Weekday { return time.Weekday(d) }),
				1, 7, rapid.ID[time.Weekday]).Draw(t, "days"),
			From: 15 * rapid.IntRange(0, 24*4-1).Draw(t, "from"), To: 15 * rapid.IntRange(0, 24*4-1).Draw(t, "to"),
			// Half hours, no change of the clocks, changes of half an hour, and in the other half of the year.
			Zone: rapid.SampledFrom([]string{
				"UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia", "America/St_Johns",
			}).Draw(t, "zone"),
		}
	})
}

func scaling() *rapid.Generator[rollout.Scaling] {
	return rapid.Custom(func(t *rapid.T) rollout.Scaling {
		return rollout.Scaling{
			Min: rapid.IntRange(0, 10).Draw(t, "min"), Max: rapid.IntRange(10, 50).Draw(t, "max"),
			InSuspended: rapid.Bool().Draw(t, "in"), OutSuspended: rapid.Bool().Draw(t, "out"),
			ScheduledSuspended: rapid.Bool().Draw(t, "scheduled"),
		}
	})
}
