package harness_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/scheduler"

	"github.com/sluice-deploy/sluice/internal/emulator/eventbridge"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
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
					if c.Operation == "PutEvents" && b.caller(c) == function && b.Now().Before(until) {
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
		if c.Operation == "PutEvents" && b.caller(c) == "approve" && b.Now().Before(until) {
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
