package harness_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/scheduler"

	"github.com/sluice-deploy/sluice/internal/emulator/eventbridge"
	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

func getSchedule(group, name string) *scheduler.GetScheduleInput {
	return &scheduler.GetScheduleInput{GroupName: &group, Name: &name}
}

// everything is what is told of a rollout that goes well.
var everything = []string{
	"begun", "shifted", "judged", "shifted", "judged", "shifted", "judged", "committed", "ended Succeeded",
}

func TestEveryMomentReachesEveryChannel(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	e := listen(b)
	name := b.roll(good)
	b.RunFor(time.Minute)
	wantMoments(t, "the topic", e.published(), name, everything...)
	wantMoments(t, "the webhook", e.hook.got, name, everything...)
	var cards []string
	for _, n := range e.teams.got {
		cards = append(cards, n.Why)
	}
	if len(cards) != len(everything) || !strings.Contains(strings.Join(cards, "\n"), "release 1 succeeded") {
		t.Errorf("Teams was shown %q, want %d cards and the end among them", cards, len(everything))
	}
	ids := map[string]bool{}
	for _, n := range e.hook.got {
		ids[n.ID] = true
	}
	if len(ids) != len(everything) {
		t.Errorf("%d ids of %d notices, want one each", len(ids), len(everything))
	}
	if b.scheduled(b.Settings.Notices, name) {
		t.Error("something is to be tried again, want nothing")
	}
}

// A channel hears of what it lists; one of the environment beside those of the spec.
func TestChannelsListMoments(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	e := listen(b, func(s *rollout.Spec) {
		s.Notify[0].On = []rollout.Moment{rollout.MomentEnded}
		s.Environments[0].Notify = []rollout.Channel{{Webhook: hookURL, Secret: "sluice/hook", On: []rollout.Moment{rollout.MomentBegun, rollout.MomentRolledBack}}}
		s.Notify = s.Notify[:1]
		other := s.Environments[0]
		other.Name, other.Cluster, other.Slots, other.Alarms, other.Wave = "staging", "shop-staging", rollout.Names{Blue: "staging-blue", Green: "staging-green"}, nil, 2
		other.Notify = []rollout.Channel{{Teams: "sluice/teams"}}
		s.Environments = append(s.Environments, other)
	})
	name := b.roll(failing(0.08, 4*time.Second))
	b.RunFor(time.Minute)
	wantMoments(t, "the topic", e.published(), name, "ended RolledBack")
	wantMoments(t, "the webhook", e.hook.got, name, "begun", "rolledBack")
	if len(e.teams.got) != 0 {
		t.Errorf("staging's channel heard %+v of production, want nothing", e.teams.got)
	}
}

// Every ending is told, once.
func TestEveryOutcomeIsTold(t *testing.T) {
	t.Parallel()
	for outcome, story := range map[rollout.Outcome]func(b *box) string{
		rollout.Succeeded:  func(b *box) string { return b.roll(good) },
		rollout.RolledBack: func(b *box) string { return b.roll(failing(0.08, 4*time.Second)) },
		rollout.Refused: func(b *box) string {
			b.alarm("shop-blue-5xx", red)
			return b.roll(good)
		},
		rollout.Superseded: func(b *box) string {
			b.untilState(b.build(good, 1), "Bake")
			second := b.build(good, 1)
			b.untilState(second, "Lock")
			b.RunFor(time.Second)
			b.untilEnded(b.build(good, 1))
			b.untilEnded(second)
			return second
		},
		rollout.Rejected: func(b *box) string {
			name := b.build(good, 1)
			b.untilAsked(name)
			b.reject(bob, name, "not today")
			b.untilEnded(name)
			return name
		},
		rollout.Dirty: func(b *box) string {
			name := b.build(good, 1)
			b.untilState(name, "Guard")
			b.setWeights(30, 70)
			b.untilEnded(name)
			b.RunFor(2 * time.Hour)
			return name
		},
	} {
		t.Run(string(outcome), func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			b.people()
			e := listen(b, func(s *rollout.Spec) {
				if outcome == rollout.Rejected {
					s.Environments[0].Approval = asking()
				}
			})
			name := story(b)
			b.RunFor(time.Minute)
			b.wantOutcome(name, outcome)
			want := map[rollout.Outcome]int{outcome: 1}
			if got := endsTold(e.hook.got, name); !maps.Equal(got, want) {
				t.Errorf("the webhook heard %v, want %v", got, want)
			}
			if got := endsTold(e.published(), name); !maps.Equal(got, want) {
				t.Errorf("the topic heard %v, want %v", got, want)
			}
		})
	}
}

// twice has every event come two times.
func (b *box) twice() {
	b.Faults.Delivery = func(eventbridge.Event, string) eventbridge.DeliveryFault {
		return eventbridge.DeliveryFault{Copies: 1}
	}
}

func TestNoticeThatComesTwiceIsDeliveredOnce(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	e := listen(b)
	b.twice()
	name := b.roll(good)
	b.RunFor(10 * time.Minute)
	wantMoments(t, "the topic", e.published(), name, everything...)
	wantMoments(t, "the webhook", e.hook.got, name, everything...)
	if len(e.teams.got) != len(everything) {
		t.Errorf("Teams was shown %d cards, want %d", len(e.teams.got), len(everything))
	}
}

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
					if name != "sluice-notify" || dead || b.Now().Before(midnight.Add(20*time.Minute)) {
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

// EventBridge does not take notices, in whichever state: the rollout goes as it does
// without, and its end is told when EventBridge takes it.
func TestPutEventsFails(t *testing.T) {
	t.Parallel()
	throttled := wire.Errorf("ThrottlingException", "Rate exceeded")
	denied := wire.Errorf("AccessDeniedException", "User is not authorized to perform: events:PutEvents")
	for _, function := range []string{"approve", "lock", "prepare", "shift", "judge", "complete", "retire", "rollback", "restore", "leave"} {
		for _, failure := range []error{throttled, denied} {
			t.Run(function+" "+strings.SplitN(failure.Error(), ":", 2)[0], func(t *testing.T) {
				t.Parallel()
				b := newBox(t)
				b.people()
				behaviour, want := good, rollout.Succeeded
				e := listen(b, func(s *rollout.Spec) {
					if function == "approve" || function == "leave" {
						s.Environments[0].Approval = asking(func(a *rollout.Approval) { a.Expires, a.OnExpiry = 3*time.Hour, rollout.Approve })
					}
				})
				switch function {
				case "rollback", "restore":
					behaviour, want = failing(0.08, 4*time.Second), rollout.RolledBack
				case "leave":
					e.register(func(s *rollout.Spec) { s.Environments[0].Approval.OnExpiry = rollout.Reject })
					want = rollout.Rejected
				}
				until := b.Now().Add(4 * time.Hour)
				b.faults = append(b.faults, func(c *wire.Call) *wire.Fault {
					if c.Operation == "PutEvents" && b.Lambda.Caller(c.AccessKey) == "sluice-"+function && b.Now().Before(until) {
						return &wire.Fault{Err: failure}
					}
					return nil
				})
				name := b.build(behaviour, 1)
				b.RunFor(6 * time.Hour)
				b.untilEnded(name)
				b.wantOutcome(name, want)
				if got := endsTold(e.hook.got, name); !maps.Equal(got, map[rollout.Outcome]int{want: 1}) {
					t.Errorf("the webhook heard of the end %v, want once %s", got, want)
				}
			})
		}
	}
}

// A question that could not be told is told when the state looks at it again.
func TestQuestionThatCouldNotBeTold(t *testing.T) {
	t.Parallel()
	b := newAskingBox(t)
	e := listen(b)
	until := b.Now().Add(30 * time.Minute)
	b.faults = append(b.faults, func(c *wire.Call) *wire.Fault {
		if c.Operation == "PutEvents" && b.Lambda.Caller(c.AccessKey) == "sluice-approve" && b.Now().Before(until) {
			return &wire.Fault{Err: wire.Errorf("AccessDeniedException", "not authorized to perform: events:PutEvents")}
		}
		return nil
	})
	name := b.build(good, 1)
	b.RunFor(5 * time.Hour)
	if !b.inState(name, "Approve") {
		t.Fatalf("it went %v, want it to wait for an answer", b.path(name))
	}
	b.message(name)
	wantMoments(t, "the webhook", e.hook.got, name, "asked")
}
