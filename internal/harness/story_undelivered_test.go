package harness_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// A receiver that is down for an hour hears all of it after that, in growing pauses,
// and the rollout goes as it does without.
func TestReceiverDownForAnHour(t *testing.T) {
	t.Parallel()
	plain := newBox(t)
	listen(plain)
	undisturbed := plain.roll(good)
	b := newBox(t)
	e := listen(b)
	e.hook.answering(b, http.StatusInternalServerError, b.Now().Add(time.Hour))
	name := b.build(good, 1)
	b.untilState(name, "Prepare")
	b.RunFor(time.Second)
	b.untilEnded(name)
	b.wantPath(name, plain.path(undisturbed)...)
	if got, want := b.record(name).EndedAt, plain.record(undisturbed).EndedAt; got.Sub(want).Abs() > time.Second {
		t.Errorf("it ended at %v, want %v as without", got, want)
	}
	if len(e.hook.got) != 0 {
		t.Fatalf("it heard %+v while it was down", e.hook.got)
	}
	b.RunFor(90 * time.Minute)
	wantMoments(t, "the webhook", e.hook.got, name, everything...)
	// 9 notices, each after 0, 1, 3, 7, 15, 30, 45 and 60 minutes at most.
	if n := len(e.hook.asked); n > 9*9 {
		t.Errorf("it was asked %d times in an hour", n)
	}
	if b.scheduled(b.Settings.Notices, name) {
		t.Error("something is to be tried again, want nothing")
	}
	if d := b.decisions(name, store.DecidedNotice); len(d) != 0 {
		t.Errorf("recorded %+v, want nothing: all was delivered", d)
	}
}

// onlyEnds has the webhook hear of one notice for a rollout.
func onlyEnds(s *rollout.Spec) {
	s.Notify = []rollout.Channel{{Webhook: hookURL, Secret: "sluice/hook", On: []rollout.Moment{rollout.MomentEnded}}}
}

func TestPausesGrow(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	e := listen(b, onlyEnds)
	e.hook.answer = always(http.StatusBadGateway)
	b.roll(good)
	b.RunFor(70 * time.Minute)
	gaps := e.hook.gaps()
	if len(gaps) < 6 {
		t.Fatalf("pauses are %v, want six at least", gaps)
	}
	for i, want := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 15 * time.Minute, 15 * time.Minute} {
		if gaps[i] < want || gaps[i] > want+time.Minute { // Scheduler is precise to a minute
			t.Errorf("pause %d is %v, want %v", i+1, gaps[i], want)
		}
	}
}

// What cannot be delivered for more than a day is given up, once, and that is
// recorded.
func TestReceiverDownForMoreThanADay(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	e := listen(b, onlyEnds)
	e.hook.answer = always(http.StatusServiceUnavailable)
	name := b.roll(good)
	b.wantOutcome(name, rollout.Succeeded)
	b.RunFor(23 * time.Hour)
	if d := b.decisions(name, store.DecidedNotice); len(d) != 0 {
		t.Errorf("recorded %+v within a day, want it tried on", d)
	}
	b.RunFor(2 * time.Hour)
	b.wantGivenUp(name, rollout.KindUnavailable, "webhook "+hookURL)
	asked := len(e.hook.asked)
	b.RunFor(3 * time.Hour)
	if len(e.hook.asked) != asked {
		t.Errorf("it was asked %d times more after it was given up", len(e.hook.asked)-asked)
	}
}

// wantGivenUp fails the test unless one notice of the rollout is recorded as given up
// for a reason of that kind, and nothing is left to be tried.
func (b *box) wantGivenUp(name string, kind rollout.ErrorKind, address string) {
	b.t.Helper()
	d := b.decisions(name, store.DecidedNotice)
	if len(d) != 1 || d[0].Kind != kind || d[0].Inputs["channel"] != address {
		b.t.Errorf("recorded %+v, want one of kind %s to %s", d, kind, address)
	}
	if b.scheduled(b.Settings.Notices, name) {
		b.t.Error("something is to be tried again, want nothing")
	}
}

// What would be the same at the next attempt is given up at once.
func TestGivenUpAtOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		change  func(e *ears, s *rollout.Spec)
		kind    rollout.ErrorKind
		address string
	}{
		{"gone", func(e *ears, _ *rollout.Spec) { e.hook.answer = always(http.StatusGone) }, rollout.KindRefused, "webhook " + hookURL},
		{"no secret", func(_ *ears, s *rollout.Spec) { s.Notify[0].Secret = "sluice/missing" }, rollout.KindNotFound, "webhook " + hookURL},
		{"no topic", func(e *ears, s *rollout.Spec) {
			s.Notify[0] = rollout.Channel{SNS: e.topic + "-2", On: s.Notify[0].On}
		}, rollout.KindNotFound, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			e := listen(b, onlyEnds)
			e.register(func(s *rollout.Spec) { c.change(e, s) })
			if c.address == "" {
				c.address = "sns " + e.topic + "-2"
			}
			name := b.roll(good)
			b.RunFor(time.Minute)
			b.wantOutcome(name, rollout.Succeeded)
			b.wantGivenUp(name, c.kind, c.address)
			if len(e.hook.asked) > 1 {
				t.Errorf("it was asked %d times", len(e.hook.asked))
			}
		})
	}
}

// A receiver that asks for a pause has it, whatever else happens meanwhile.
func TestRetryAfterIsHonoured(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	e := listen(b, func(s *rollout.Spec) { s.Notify = s.Notify[1:2] })
	e.hook.answer = func(n int) *wire.Response {
		if n > 1 {
			return nil
		}
		return &wire.Response{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"2400"}}}
	}
	name := b.roll(good)
	b.RunFor(time.Hour)
	wantMoments(t, "the webhook", e.hook.got, name, everything...)
	if pause := e.hook.gaps()[0]; pause < 40*time.Minute || pause > 42*time.Minute {
		t.Errorf("after 429 it was asked again after %v, want the 40 minutes that it asked for", pause)
	}
}

// The function dies at each of its calls; what it had to bring is brought all the
// same, for it is called again.
func TestNotifyDiesAtEachCall(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 8; n++ {
		for _, before := range []bool{true, false} {
			t.Run(fmt.Sprintf("%d, before %t", n, before), func(t *testing.T) {
				t.Parallel()
				b := newBox(t)
				e := listen(b, onlyEnds)
				dead := false
				b.Faults.Function = func(name string, _ int) lambda.FunctionFault {
					if b.folder(name) != "notify" || dead || b.Now().Before(midnight.Add(20*time.Minute)) {
						return lambda.FunctionFault{}
					}
					dead = true
					if before {
						return lambda.FunctionFault{DieBeforeCall: n}
					}
					return lambda.FunctionFault{DieAfterCall: n}
				}
				name := b.roll(good)
				b.RunFor(15 * time.Minute)
				b.wantOutcome(name, rollout.Succeeded)
				if got := endsTold(e.hook.got, name)[rollout.Succeeded]; !dead || got < 1 || got > 2 {
					t.Errorf("it died: %t; the end was heard %d times, want once, or again with the same id", dead, got)
				}
				if len(e.hook.got) == 2 && e.hook.got[0].ID != e.hook.got[1].ID {
					t.Errorf("copies have the ids %s and %s", e.hook.got[0].ID, e.hook.got[1].ID)
				}
				if b.scheduled(b.Settings.Notices, name) {
					t.Error("something is to be tried again, want nothing")
				}
			})
		}
	}
}
