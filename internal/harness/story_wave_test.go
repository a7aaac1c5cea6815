package harness_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// inWave puts an environment of one step into a wave.
func inWave(wave int, bake time.Duration) func(*rollout.Environment) {
	return func(env *rollout.Environment) {
		env.Wave, env.Steps = wave, []rollout.Step{{Weight: 100, Bake: bake}}
	}
}

// beside are the environments of wave 2.
var beside = []string{"production", "east", "west"}

// waves is staging, then the three of wave 2, which bake so long, then archive.
func waves(t *testing.T, bakes [3]time.Duration, change ...func(*rollout.Environment)) *box {
	t.Helper()
	with := func(i int) []func(*rollout.Environment) {
		return append([]func(*rollout.Environment){inWave(2, bakes[i])}, change...)
	}
	return newStages(t, near("staging", inWave(1, time.Minute)),
		boxed(with(0)...), near("east", with(1)...), near("west", with(2)...),
		near("archive", inWave(3, time.Minute)))
}

// wantWavesThrough checks that a deployment got through its three waves, in order.
func (b *box) wantWavesThrough(name string) {
	b.t.Helper()
	all, want := []string{}, ends{}
	for _, environment := range append([]string{"staging", "archive"}, beside...) {
		rolled := into(environment, name)
		b.untilEnded(rolled)
		b.wantPath(rolled, short...)
		b.in(environment).wantAtRest(rollout.Green, rolled)
		all, want[environment] = append(all, rolled), rollout.Succeeded
	}
	b.wantThrough(name, want)
	b.wantExecutions(all...)
	d, began := b.deployment(name), b.record(into("archive", name)).At
	last := time.Time{}
	for _, environment := range beside {
		if at := *d.Environments[environment].Committed; at.After(last) {
			last = at
		}
		if at := b.record(into(environment, name)).At; at.Before(*d.Environments["staging"].Committed) {
			b.t.Errorf("%s began at %v, before staging had committed", environment, at)
		}
	}
	if began.Before(last) || began.Sub(last) > time.Minute {
		b.t.Errorf("archive began at %v, want it right after the last commit of wave 2, at %v", began, last)
	}
}

// The commits of wave 2 come in every order: wave 3 begins once, after the last.
func TestCommitsOfAWaveInEveryOrder(t *testing.T) {
	t.Parallel()
	short, middle, long := 2*time.Minute, 5*time.Minute, 8*time.Minute
	for _, bakes := range [][3]time.Duration{
		{short, middle, long},
		{short, long, middle},
		{middle, short, long},
		{middle, long, short},
		{long, short, middle},
		{long, middle, short},
	} {
		t.Run(fmt.Sprint(bakes), func(t *testing.T) {
			t.Parallel()
			b := waves(t, bakes)
			b.wantWavesThrough(b.build(good, 1))
		})
	}
}

// deploymentWrite reports whether a function notes something in a deployment.
func (b *box) deploymentWrite(c *wire.Call, function string) bool {
	if c.Operation != "UpdateItem" || b.caller(c) != function {
		return false
	}
	in, ok := c.Input().(*dynamodb.UpdateItemInput)
	if !ok {
		return false
	}
	sk, ok := in.Key["sk"].(*types.AttributeValueMemberS)
	return ok && strings.HasPrefix(sk.Value, "deployment#")
}

// The commits of wave 2 come at one instant. Each notes itself late, or does not hear
// that it did: wave 3 begins once whichever comes last.
func TestCommitsOfAWaveAtOnce(t *testing.T) {
	t.Parallel()
	late := wire.Fault{Delay: 2 * time.Second}
	slow := wire.Fault{AnswerDelay: 2 * time.Second}
	unheard := wire.Fault{LoseAnswer: true}
	for _, c := range []struct {
		name   string
		faults [3]*wire.Fault // of the first three notes of wave 2
	}{
		{"no trouble", [3]*wire.Fault{}},
		{"the first is late", [3]*wire.Fault{&late, nil, nil}},
		{"the first two are late", [3]*wire.Fault{&late, &late, nil}},
		{"all are late", [3]*wire.Fault{&late, &late, &late}},
		{"the first hears late", [3]*wire.Fault{&slow, nil, nil}},
		{"all hear late", [3]*wire.Fault{&slow, &slow, &slow}},
		{"the last does not hear", [3]*wire.Fault{nil, nil, &unheard}},
		{"none hears", [3]*wire.Fault{&unheard, &unheard, &unheard}},
		{"the first is late, the others do not hear", [3]*wire.Fault{&late, &unheard, &unheard}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := waves(t, [3]time.Duration{3 * time.Minute, 3 * time.Minute, 3 * time.Minute})
			notes := 0
			b.faults = append(b.faults, func(call *wire.Call) *wire.Fault {
				if !b.deploymentWrite(call, "complete") {
					return nil
				}
				notes++
				if n := notes - 2; n >= 0 && n < len(c.faults) { // the first is staging's
					return c.faults[n]
				}
				return nil
			})
			b.wantWavesThrough(b.build(good, 1))
			if notes < 5 {
				t.Errorf("%d notes of commits, want 5 at least: the story was not played", notes)
			}
		})
	}
}

// One of wave 2 fails: the others go on to their end, and wave 3 does not begin.
func TestOneOfAWaveFails(t *testing.T) {
	t.Parallel()
	for _, failing := range []string{"production", "west"} {
		t.Run(failing, func(t *testing.T) {
			t.Parallel()
			b := waves(t, [3]time.Duration{2 * time.Minute, 5 * time.Minute, 3 * time.Minute})
			name := b.build(good, 1)
			b.untilState(into(failing, name), "Bake")
			b.RunFor(time.Second)
			alarm := b.in(failing).slots.Green + "-5xx"
			b.alarm(alarm, red)
			want := ends{"staging": rollout.Succeeded, "archive": ""}
			all := []string{into("staging", name)}
			for _, environment := range beside {
				rolled := into(environment, name)
				all = append(all, rolled)
				b.untilEnded(rolled)
				if environment == failing {
					want[environment] = rollout.RolledBack
					b.wantReason(rolled, rollout.RolledBack, "alarm "+alarm)
					b.wantPath(rolled, way(begin, []string{"Shift", "Bake"}, back)...)
					continue
				}
				want[environment] = rollout.Succeeded
				b.wantPath(rolled, short...)
				b.in(environment).wantAtRest(rollout.Green, rolled)
			}
			b.RunFor(2 * time.Hour)
			b.in(failing).wantAtRest(rollout.Blue, into(failing, name))
			b.wantStopped(name, failing, "alarm "+alarm, want)
			b.in("archive").wantAtRest(rollout.Blue)
			b.wantExecutions(all...)
		})
	}
}

// One of wave 2 commits and goes back in its guard, before or after the last of its
// wave commits: wave 3 does not begin, or ends; those beside it stay.
func TestOneOfAWaveGoesBackInItsGuard(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		until   func(b *box, name string)
		archive rollout.Outcome
	}{
		{"before the last commits", func(b *box, name string) { b.untilState(name, "Guard") }, ""},
		{"while wave 3 bakes", func(b *box, name string) { b.untilState(into("archive", name), "Bake") }, rollout.RolledBack},
		{"when wave 3 has committed", func(b *box, name string) { b.untilState(into("archive", name), "Guard") }, rollout.Succeeded},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := waves(t, [3]time.Duration{2 * time.Minute, 10 * time.Minute, 5 * time.Minute}, guarded(time.Hour))
			name := b.build(good, 1)
			c.until(b, name)
			b.RunFor(time.Second)
			b.alarm("shop-green-5xx", red)
			b.untilEnded(name)
			b.RunFor(3 * time.Hour)
			why := "alarm shop-green-5xx went red"
			b.wantPath(name, way(begin, step, []string{"Complete", "Guard"}, back)...)
			b.wantReason(name, rollout.RolledBack, why)
			b.wantAtRest(rollout.Blue, name)
			for _, environment := range beside[1:] {
				b.wantPath(into(environment, name), short...)
				b.in(environment).wantAtRest(rollout.Green, into(environment, name))
			}
			b.wantStopped(name, "production", why, ends{
				"staging": rollout.Succeeded, "production": rollout.RolledBack, "east": rollout.Succeeded, "west": rollout.Succeeded,
				"archive": c.archive,
			})
			slot := rollout.Blue
			if c.archive == rollout.Succeeded {
				slot = rollout.Green
			}
			b.in("archive").wantAtRest(slot)
			if c.archive == rollout.RolledBack {
				b.wantReason(into("archive", name), c.archive, "the deployment stopped at production", why)
			}
		})
	}
}

// One of wave 2 goes back while the note of the last commit is on its way: whichever
// lands first, nothing of wave 3 gets traffic.
func TestWaveGoesBackAsTheLastCommits(t *testing.T) {
	t.Parallel()
	for _, delay := range []time.Duration{0, 500 * time.Millisecond, 2 * time.Second, 4 * time.Second} {
		t.Run(delay.String(), func(t *testing.T) {
			t.Parallel()
			b := waves(t, [3]time.Duration{2 * time.Minute, 4 * time.Minute, 10 * time.Minute})
			notes := 0
			b.faults = append(b.faults, func(c *wire.Call) *wire.Fault {
				if !b.deploymentWrite(c, "complete") {
					return nil
				}
				if notes++; notes != 4 { // staging, production, east, west
					return nil
				}
				b.alarmNow("shop-green-5xx", red)
				return &wire.Fault{Delay: delay}
			})
			name := b.build(good, 1)
			b.untilEnded(into("west", name))
			b.untilEnded(name)
			b.RunFor(time.Hour)
			b.wantReason(name, rollout.RolledBack, "alarm shop-green-5xx")
			b.wantAtRest(rollout.Blue, name)
			for _, environment := range beside[1:] {
				b.in(environment).wantAtRest(rollout.Green, into(environment, name))
			}
			b.in("archive").wantAtRest(rollout.Blue)
			b.in("archive").wantNoTraffic(rollout.Green)
			d := b.deployment(name)
			if d.Stopped == nil || d.Stopped.Environment != "production" {
				t.Errorf("the deployment stopped at %+v, want production", d.Stopped)
			}
		})
	}
}
