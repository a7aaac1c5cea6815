package rollout_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Where the windows are closed, they open next when it says: then they are open, and at no
// time before.
func TestTheNextOpeningIsOpen(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		env := rollout.Environment{Windows: rapid.SliceOfN(window(), 1, 3).Draw(t, "windows")}
		now := moment().Draw(t, "now")
		open, next, err := env.OpenAt(now)
		if err != nil || open {
			return
		}
		if !next.After(now) || next.Sub(now) > 8*24*time.Hour {
			t.Fatalf("closed at %s, opens at %s", now, next)
		}
		if open, _, _ := env.OpenAt(next); !open {
			t.Fatalf("closed at %s, and at %s, when it says to open", now, next)
		}
		between := now.Add(time.Duration(rapid.Int64Range(0, int64(next.Sub(now))-1).Draw(t, "between")))
		if open, again, _ := env.OpenAt(between); open || !again.Equal(next) {
			t.Fatalf("at %s open %t and next at %s; at %s next at %s", between, open, again, now, next)
		}
	})
}

// Where no clock is changed nearby, a window is open by the clock on the wall there.
func TestWindowsGoByTheClockOnTheWall(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := window().Draw(t, "window")
		zone, err := time.LoadLocation(w.Zone)
		if err != nil {
			t.Fatal(err)
		}
		now := moment().Draw(t, "now").In(zone)
		_, before := now.AddDate(0, 0, -2).Zone()
		_, after := now.AddDate(0, 0, 2).Zone()
		if before != after {
			return
		}
		minute, today, yesterday := now.Hour()*60+now.Minute(), slices.Contains(w.Days, now.Weekday()), slices.Contains(w.Days, (now.Weekday()+6)%7)
		want := today && w.From <= minute && minute < w.To
		if w.To <= w.From {
			want = today && w.From <= minute || yesterday && minute < w.To
		}
		if open, _, err := (rollout.Environment{Windows: []rollout.Window{w}}).OpenAt(now); err != nil || open != want {
			t.Fatalf("at %s it is open: %t, want %t (%v)", now, open, want, err)
		}
	})
}

// Who waits for what closes an environment, waits at most for the freezes and then for the
// windows.
func TestWhatIsClosedOpens(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		env := rollout.Environment{Name: "production", Windows: rapid.SliceOfN(window(), 0, 2).Draw(t, "windows")}
		now := moment().Draw(t, "now")
		var freezes []rollout.Freeze
		for range rapid.IntRange(0, 3).Draw(t, "freezes") {
			freezes = append(freezes, rollout.Freeze{
				App:         rapid.SampledFrom([]string{"", "shop", "api"}).Draw(t, "app"),
				Environment: rapid.SampledFrom([]string{"", "production", "staging"}).Draw(t, "environment"),
				Until:       now.Add(seconds(90*24*time.Hour).Draw(t, "until")),
			})
		}
		for range 2 {
			closed, err := env.Closed("shop", freezes, now)
			if err != nil {
				t.Fatal(err)
			}
			if closed == nil {
				return
			}
			if !closed.Until.After(now) || closed.Why == "" {
				t.Fatalf("closed at %s until %s: %q", now, closed.Until, closed.Why)
			}
			now = closed.Until
		}
		if closed, err := env.Closed("shop", freezes, now); err != nil || closed != nil {
			t.Fatalf("still closed at %s: %+v, %v", now, closed, err)
		}
		for _, f := range freezes {
			if f.Holds("shop", "production", now) {
				t.Fatalf("it opened at %s, in spite of %s", now, f)
			}
		}
	})
}

// Each environment is in one wave, which is the one that WaveOf says, and waves never turn
// the order around that the spec asks for.
func TestEachEnvironmentIsInOneWave(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := spec().Draw(t, "spec")
		found := map[string]int{}
		for i, wave := range s.Waves() {
			if len(wave) == 0 {
				t.Fatalf("wave %d is empty", i+1)
			}
			for _, env := range wave {
				if found[env.Name] != 0 || s.WaveOf(env.Name) != i+1 {
					t.Fatalf("%s is in the waves %d and %d, and says %d", env.Name, found[env.Name], i+1, s.WaveOf(env.Name))
				}
				found[env.Name] = i + 1
			}
		}
		if len(found) != len(s.Environments) || s.WaveOf("none") != 0 {
			t.Fatalf("%d of %d environments have waves", len(found), len(s.Environments))
		}
		for _, a := range s.Environments {
			for _, b := range s.Environments {
				if a.Wave != 0 && b.Wave != 0 && (a.Wave < b.Wave) != (found[a.Name] < found[b.Name]) {
					t.Fatalf("wave %d goes as %d, wave %d as %d", a.Wave, found[a.Name], b.Wave, found[b.Name])
				}
			}
		}
		for i, env := range s.Environments[1:] {
			if env.Wave == 0 && found[env.Name] <= found[s.Environments[i].Name] {
				t.Fatalf("%s goes in wave %d, the one before it in %d", env.Name, found[env.Name], found[s.Environments[i].Name])
			}
		}
	})
}

// A deployment takes at least all that it bakes one after the other, never more than its
// longest, and a longer bake makes no deployment shorter.
func TestSpansGrow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := spec().Draw(t, "spec")
		committed, over := s.Least(nil)
		longest := s.Longest()
		if committed > over || over > longest {
			t.Fatalf("it commits after %s, is over after %s and takes %s at most", committed, over, longest)
		}
		i := rapid.IntRange(0, len(s.Environments)-1).Draw(t, "one")
		env := &s.Environments[i]
		bakes := time.Duration(0)
		for _, step := range env.Steps {
			bakes += step.Bake
		}
		if over < bakes+env.Guard || committed < bakes {
			t.Fatalf("%s takes %s, and all is over after %s", env.Name, bakes+env.Guard, over)
		}
		back := map[string]rollout.Plan{env.Name: rollout.PlanFor(rollout.Back, *env, rollout.Blue, false)}
		if c, o := s.Least(back); c > committed || o > over {
			t.Fatalf("without its bakes it takes %s and %s, with them %s and %s", c, o, committed, over)
		}
		env.Steps[0].Bake += time.Hour
		if c, o := s.Least(nil); c < committed || o < over || s.Longest() < longest {
			t.Fatalf("with an hour more it takes %s and %s, without %s and %s", c, o, committed, over)
		}
	})
}

// A value comes out of the text of a task definition as it went in, whatever stands in it,
// also if it looks like a hole; and a hole without a value is refused by its name.
func TestHolesAreFilledAsTheyAre(t *testing.T) {
	t.Parallel()
	odd := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{`"`, `\`, "<sluice.slot>", "</script>", "\u2028", "\x00", `","admin":"`}))
	rapid.Check(t, func(t *rapid.T) {
		values := map[rollout.Hole]string{rollout.HoleSlot: odd.Draw(t, "slot"), rollout.HoleImage("web"): odd.Draw(t, "image")}
		before := rapid.StringMatching(`[a-z ]{0,5}`).Draw(t, "before")
		d := rollout.TaskDefinition{File: "task.json", Text: `{"a":"` + before + rollout.HoleSlot.String() + `","b":["` + rollout.HoleImage("web").String() + `"]}`}
		text, err := d.Fill(values)
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			A string   `json:"a"`
			B []string `json:"b"`
		}
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&got); err != nil || got.A != before+values[rollout.HoleSlot] || len(got.B) != 1 || got.B[0] != values[rollout.HoleImage("web")] {
			t.Fatalf("%q was made of %q: %v", text, values, err)
		}
		gone := rapid.SampledFrom([]rollout.Hole{rollout.HoleSlot, rollout.HoleImage("web")}).Draw(t, "gone")
		delete(values, gone)
		if _, err := d.Fill(values); rollout.KindOf(err) != rollout.KindRefused || !strings.Contains(err.Error(), gone.String()) {
			t.Fatalf("without a value for %s: %v", gone, err)
		}
	})
}

// Of what a place hears, it hears once, and no place is left out.
func TestEachPlaceIsToldOnce(t *testing.T) {
	t.Parallel()
	channel := rapid.Custom(func(t *rapid.T) rollout.Channel {
		where := rapid.SampledFrom([]string{"#a", "#b"}).Draw(t, "where")
		return rapid.SampledFrom([]rollout.Channel{{Slack: where}, {SNS: where}, {Webhook: where}, {Teams: where}}).Draw(t, "channel")
	})
	rapid.Check(t, func(t *rapid.T) {
		s := rollout.Spec{Notify: rapid.SliceOfN(channel, 0, 4).Draw(t, "notify")}
		env := rollout.Environment{
			Notify:   rapid.SliceOfN(channel, 0, 4).Draw(t, "its own"),
			Approval: &rollout.Approval{Slack: rapid.SampledFrom([]string{"", "#a", "#c"}).Draw(t, "asks in")},
		}
		got := map[string]int{}
		for _, c := range s.Channels(env) {
			got[c.Address()]++
		}
		want := map[string]int{}
		for _, c := range slices.Concat(s.Notify, env.Notify, []rollout.Channel{{Slack: env.Approval.Slack}}) {
			if c.Address() != "" {
				want[c.Address()] = 1
			}
		}
		for address := range want {
			if got[address] != 1 {
				t.Fatalf("%s is told %d times", address, got[address])
			}
		}
		if len(got) != len(want) {
			t.Fatalf("told are %v, want %v", got, want)
		}
	})
}
