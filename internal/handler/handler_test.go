package handler_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/handler"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
	"github.com/sluice-deploy/sluice/internal/store"
)

// The kind of an error is the name that the state machine catches.
func TestErrorTypes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want rollout.ErrorKind
	}{
		{rollout.Errorf(rollout.KindAlarmRed, "red"), rollout.KindAlarmRed},
		{fmt.Errorf("judge: %w", rollout.Errorf(rollout.KindDirty, "odd")), rollout.KindDirty},
		{errors.New("odd"), rollout.KindInternal},
	} {
		_, err := handler.Func(func(context.Context, []byte) ([]byte, error) { return nil, c.err }).Invoke(t.Context(), nil)
		wantType(t, err, c.want)
		if !strings.Contains(err.Error(), c.err.Error()) {
			t.Errorf("%q lost the sentence %q", err, c.err)
		}
	}
}

func TestPanic(t *testing.T) {
	t.Parallel()
	var none map[string]int
	_, err := handler.Func(func(context.Context, []byte) ([]byte, error) {
		none["a"] = 1
		return nil, nil
	}).Invoke(t.Context(), nil)
	wantType(t, err, rollout.KindInternal)
	if !strings.Contains(err.Error(), "nil map") || !strings.Contains(err.Error(), "handler_test.go") {
		t.Errorf("%q does not say what happened and where", err)
	}
}

func (w *world) recorder() handler.Recorder {
	return handler.Recorder{Store: w.Steps.Store, Now: w.Now, Log: slog.New(slog.NewTextHandler(w.log, nil))}
}

func (w *world) decisions() []store.Decision {
	w.tb.Helper()
	all, err := w.Steps.Store.Decisions(w.tb.Context(), "shop-production-7")
	if err != nil {
		w.tb.Fatal(err)
	}
	return all
}

const stepInput = `{"app":"shop","environment":"production","rollout":"shop-production-7","execution":"arn:e",` +
	`"token":"a secret","entered":"2026-03-01T12:00:00Z","retry":1,"step":2,"seconds":60}`

type stepOutput struct {
	Weights rollout.Weights `json:"weights"`
}

func TestStep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var got steps.WaitInput
	step := handler.Step(w.recorder(), rollout.PhaseShift, func(_ context.Context, in steps.WaitInput) (stepOutput, error) {
		got = in
		return stepOutput{rollout.Weights{Blue: 90, Green: 10}}, nil
	})
	out, err := step.Invoke(t.Context(), []byte(stepInput))
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"weights":{"blue":90,"green":10}}`; string(out) != want {
		t.Errorf("output is %s, want %s", out, want)
	}
	want := steps.WaitInput{
		Run:  steps.Run{App: "shop", Environment: "production", Rollout: "shop-production-7", Execution: "arn:e"},
		Wait: steps.Wait{Token: "a secret", Entered: "2026-03-01T12:00:00Z", Retry: 1},
		Step: 2, Seconds: 60,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("input (-want +got):\n%s", diff)
	}
	recorded := w.decisions()
	if len(recorded) != 1 || recorded[0].Order == "" {
		t.Fatalf("decisions are %+v, want one that is ordered", recorded)
	}
	decided := []store.Decision{{
		Rollout: "shop-production-7", At: w.Now(), Of: store.DecidedStep, Phase: rollout.PhaseShift, What: "done", Order: recorded[0].Order,
		Inputs: map[string]any{
			"execution": "arn:e", "entered": "2026-03-01T12:00:00Z", "retry": 1.0, "step": 2.0, "seconds": 60.0,
			"weights": map[string]any{"blue": 90.0, "green": 10.0},
		},
	}}
	if diff := cmp.Diff(decided, recorded); diff != "" {
		t.Errorf("decisions (-want +got):\n%s", diff)
	}
	if strings.Contains(w.log.String(), "a secret") {
		t.Errorf("the log tells the token:\n%s", w.log)
	}
}

func TestStepFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	step := handler.Step(w.recorder(), rollout.PhaseJudge, handler.Quiet(func(context.Context, steps.WaitInput) error {
		return rollout.Errorf(rollout.KindAlarmRed, "alarm shop-5xx is red")
	}))
	_, err := step.Invoke(t.Context(), []byte(stepInput))
	wantType(t, err, rollout.KindAlarmRed)
	all := w.decisions()
	if len(all) != 1 || all[0].Kind != rollout.KindAlarmRed || all[0].What != "alarm shop-5xx is red" || all[0].Phase != rollout.PhaseJudge {
		t.Errorf("decisions are %+v, want why it failed", all)
	}
}

// A mistake in the machine's definition is found at once and not taken for zero.
func TestStepInput(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	called := false
	step := handler.Step(w.recorder(), rollout.PhaseShift, handler.Quiet(func(context.Context, steps.WaitInput) error {
		called = true
		return nil
	}))
	for _, payload := range []string{``, `{"step":"two"}`, `{"app":7}`, `{"stp":2}`, `[]`} {
		_, err := step.Invoke(t.Context(), []byte(payload))
		wantType(t, err, rollout.KindInternal)
		if !strings.Contains(err.Error(), "input of Shift") {
			t.Errorf("%s: %q does not say whose input it is", payload, err)
		}
	}
	if called {
		t.Error("the step was taken")
	}
}

func TestStepOutput(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	step := handler.Step(w.recorder(), rollout.PhaseShift, func(context.Context, steps.WaitInput) (chan int, error) {
		return make(chan int), nil
	})
	_, err := step.Invoke(t.Context(), []byte(stepInput))
	wantType(t, err, rollout.KindInternal)
}

// Traffic may have moved: that it could not be written down does not undo it.
func TestStepThatCannotBeRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Faults.Request = func(*wire.Call) *wire.Fault { return &wire.Fault{LoseRequest: true} }
	step := handler.Step(w.recorder(), rollout.PhaseShift, handler.Quiet(func(context.Context, steps.WaitInput) error { return nil }))
	if _, err := step.Invoke(t.Context(), []byte(stepInput)); err != nil {
		t.Errorf("the step failed: %v", err)
	}
	if !strings.Contains(w.log.String(), "decision not recorded") {
		t.Errorf("the log does not say so:\n%s", w.log)
	}
}

// What a rule of EventBridge cannot put into the dead letters goes back to Lambda.
func TestDeadLettersUnavailable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Faults.Request = func(c *wire.Call) *wire.Fault {
		if c.Operation == "SendMessage" {
			return &wire.Fault{LoseRequest: true}
		}
		return nil
	}
	wantType(t, w.invoke("build", []byte(`7`)), rollout.KindUnavailable)
}
