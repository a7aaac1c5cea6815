// Package handler is the Lambda edge: it decodes what Lambda hands over, calls the
// work, records what was decided, and turns every error into the name that the
// state machine catches.
package handler

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
	"github.com/sluice-deploy/sluice/internal/store"
)

// Func is a Lambda handler: payload in, payload out. It is what aws-lambda-go calls
// a lambda.Handler.
type Func func(ctx context.Context, payload []byte) ([]byte, error)

// Invoke calls f. Every error it gives carries its kind as Lambda's error type.
func (f Func) Invoke(ctx context.Context, payload []byte) (out []byte, err error) {
	defer func() {
		if caught := recover(); caught != nil {
			err = rollout.Errorf(rollout.KindInternal, "%v\n%s", caught, debug.Stack())
		}
		if err != nil {
			err = messages.InvokeResponse_Error{Type: string(rollout.KindOf(err)), Message: err.Error()}
		}
	}()
	return f(ctx, payload)
}

// Recorder keeps the decisions of rollouts.
type Recorder struct {
	Store *store.Store
	Now   func() time.Time
	Log   *slog.Logger
}

// Step makes a handler of the work behind a state.
func Step[I, O any](r Recorder, phase rollout.Phase, work func(context.Context, I) (O, error)) Func {
	return func(ctx context.Context, payload []byte) ([]byte, error) {
		if err := r.readable(phase, payload); err != nil {
			return nil, err
		}
		var in I
		if err := strict(payload, &in); err != nil {
			return nil, rollout.Errorf(rollout.KindInternal, "input of %s: %w", phase, err)
		}
		out, err := work(ctx, in)
		result, encoding := json.Marshal(out)
		if encoding != nil {
			return nil, rollout.Errorf(rollout.KindInternal, "output of %s: %w", phase, encoding)
		}
		r.record(ctx, phase, payload, result, err)
		return result, err
	}
}

// readable is NewerFormat for the input that a newer machine sends. It has to be told
// before the input is decoded, which may have what this code does not know.
func (r Recorder) readable(phase rollout.Phase, payload []byte) error {
	var in struct {
		Format int `json:"format"`
	}
	_ = json.Unmarshal(payload, &in) // decoding says what is wrong
	return store.Readable(fmt.Sprintf("the input of %s", phase), in.Format, r.Store.Format)
}

// Done is the output of a step that has nothing to say.
type Done struct{}

// Quiet makes work without an output fit Step.
func Quiet[I any](work func(context.Context, I) error) func(context.Context, I) (Done, error) {
	return func(ctx context.Context, in I) (Done, error) { return Done{}, work(ctx, in) }
}

// record keeps what a step did. It never fails the step: traffic may have moved.
func (r Recorder) record(ctx context.Context, phase rollout.Phase, payload, result []byte, err error) {
	var run steps.Run
	if json.Unmarshal(payload, &run) != nil || run.Rollout == "" {
		return
	}
	d := store.Decision{
		Rollout: run.Rollout, At: r.Now(), Of: decides(phase), Phase: phase, What: "done", Inputs: inputs(payload, result),
	}
	if record, failed := r.Store.Record(ctx, run.Rollout); failed == nil {
		d.Keep = record.Keep // without the record it is kept for ever
	}
	if err != nil {
		d.Kind, d.What = rollout.KindOf(err), err.Error()
	}
	if d.Kind == rollout.KindClosed { // its message is for the machine
		d.What = "may not begin for another " + d.What + " seconds"
	}
	r.Log.LogAttrs(ctx, slog.LevelInfo, "step", slog.String("app", run.App), slog.String("environment", run.Environment),
		slog.String("rollout", run.Rollout), slog.String("phase", string(phase)), slog.String("kind", string(d.Kind)), slog.String("what", d.What))
	if failed := r.Store.Decided(ctx, d); failed != nil {
		r.Log.LogAttrs(ctx, slog.LevelError, "decision not recorded", slog.String("rollout", run.Rollout),
			slog.String("error", failed.Error()))
	}
}

// decides is what a state's decisions are about.
func decides(phase rollout.Phase) store.DecisionKind {
	switch phase { //nolint:exhaustive // the others work and decide nothing
	case rollout.PhaseApprove, rollout.PhaseAsk, rollout.PhaseGate, rollout.PhaseLock, rollout.PhasePrepare:
		return store.DecidedGate
	case rollout.PhaseJudge:
		return store.DecidedVerdict
	case rollout.PhaseRollback, rollout.PhaseRestore, rollout.PhaseAccept:
		return store.DecidedRollback
	default:
		return store.DecidedStep
	}
}

// inputs is what a decision rested on and led to, without the token, which is a
// secret.
func inputs(payload, result []byte) map[string]any {
	all := map[string]any{}
	for _, text := range [][]byte{payload, result} {
		if json.Unmarshal(text, &all) != nil {
			continue // not an object: nothing to keep by name
		}
	}
	for _, name := range []string{"token", "app", "environment", "rollout", "format"} {
		delete(all, name)
	}
	return all
}

func strict(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("decode %.200s: %w", text, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("decode %.200s: there is more behind the object", text)
	}
	return nil
}
