package waits_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/waits"
)

// timer sends what is tried again into the queue, by schedules of a group.
func (w world) timer(group string) waits.Timer {
	w.t.Helper()
	if _, err := w.aws.Scheduler.CreateScheduleGroup(w.t.Context(), &scheduler.CreateScheduleGroupInput{Name: &group}); err != nil {
		w.t.Fatal(err)
	}
	return waits.Timer{
		Scheduler: w.aws.Scheduler, Group: group, Target: "arn:aws:sqs:us-east-1:123456789012:heard", Role: role, Letters: letters, Now: w.Now,
	}
}

func TestTimerCallsOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	timer := w.timer("answers")
	if err := timer.Set(t.Context(), "apr-1", w.Now().Add(10*time.Minute), waits.Again{Again: "apr-1"}); err != nil {
		t.Fatal(err)
	}
	w.RunFor(9 * time.Minute)
	if early := w.heard(); len(early) != 0 {
		t.Errorf("called %q before the time", early)
	}
	w.RunFor(3 * time.Minute)
	if got := w.heard(); len(got) != 1 || got[0] != `{"again":"apr-1"}` {
		t.Errorf("called %q, want once with what was given", got)
	}
	w.RunFor(24 * time.Hour)
	if late := w.heard(); len(late) != 0 {
		t.Errorf("called again %q", late)
	}
	_, err := w.aws.Scheduler.GetSchedule(t.Context(), &scheduler.GetScheduleInput{Name: aws.String("apr-1"), GroupName: aws.String("answers")})
	if !awsclient.Is(err, "ResourceNotFoundException") {
		t.Errorf("the schedule is still there (%v)", err)
	}
}

// The newest time and payload count; another group's schedule of the name is another.
func TestTimerIsMoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	answers, notices := w.timer("answers"), w.timer("notices")
	for _, set := range []struct {
		timer   waits.Timer
		after   time.Duration
		payload string
	}{
		{answers, time.Hour, "a"}, {notices, 2 * time.Hour, "n"}, {answers, 10 * time.Minute, "b"},
	} {
		if err := set.timer.Set(t.Context(), "x", w.Now().Add(set.after), waits.Again{Again: set.payload}); err != nil {
			t.Fatal(err)
		}
	}
	w.RunFor(12 * time.Minute)
	if got := w.heard(); len(got) != 1 || got[0] != `{"again":"b"}` {
		t.Errorf("called %q, want b", got)
	}
	w.RunFor(3 * time.Hour)
	if got := w.heard(); len(got) != 1 || got[0] != `{"again":"n"}` {
		t.Errorf("called %q, want n and a no more", got)
	}
}

func TestTimerCleared(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	timer := w.timer("answers")
	if err := timer.Clear(t.Context(), "x"); err != nil {
		t.Errorf("clear what is not there: %v", err)
	}
	if err := timer.Set(t.Context(), "x", w.Now().Add(time.Hour), waits.Again{Again: "x"}); err != nil {
		t.Fatal(err)
	}
	if err := timer.Clear(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	w.RunFor(2 * time.Hour)
	if got := w.heard(); len(got) != 0 {
		t.Errorf("called %q after it was cleared", got)
	}
}

func TestTimerErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	timer := w.timer("answers")
	if err := timer.Set(t.Context(), "x", w.Now().Add(time.Hour), func() {}); err == nil {
		t.Error("a payload that is not JSON was taken")
	}
	w.Faults.Request = func(*wire.Call) *wire.Fault {
		return &wire.Fault{Err: wire.Errorf("AccessDeniedException", "not authorized")}
	}
	for call, err := range map[string]error{
		"Set": timer.Set(t.Context(), "x", w.Now().Add(time.Hour), waits.Again{Again: "x"}), "Clear": timer.Clear(t.Context(), "x"),
	} {
		if rollout.KindOf(err) != rollout.KindDenied {
			t.Errorf("%s: %v, want Denied", call, err)
		}
	}
}
