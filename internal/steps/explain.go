package steps

import (
	"context"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// Explanation is a rollout with all that was decided in it.
type Explanation struct {
	Past
	App         string        `json:"app"`
	Environment string        `json:"environment"`
	Execution   string        `json:"execution"` // ARN of the newest
	Red         *Red          `json:"red"`       // nil where no alarm stopped it
	Decisions   []Explained   `json:"decisions"` // in order; none are left when Keep is over
	Keep        time.Duration `json:"keep"`      // how long they are kept, in nanoseconds; 0 is for ever
}

// Red is the alarm that sent a rollout back, or made one go back.
type Red struct {
	Alarm   string     `json:"alarm"`
	At      time.Time  `json:"at"`      // when it went red
	Reason  string     `json:"reason"`  // as CloudWatch explains it
	Back    *time.Time `json:"back"`    // when the rule was back; nil before, or where it did not move
	Seconds *float64   `json:"seconds"` // between the two
}

// Explained is a decision, in words and with what it rested on.
type Explained struct {
	At     time.Time          `json:"at"`
	After  float64            `json:"after"` // seconds since the rollout began
	Of     store.DecisionKind `json:"of"`
	Phase  rollout.Phase      `json:"phase"`
	Kind   rollout.ErrorKind  `json:"kind"` // of the error, if it was one
	What   string             `json:"what"`
	Why    string             `json:"why"`
	Inputs map[string]any     `json:"inputs"`
}

// Explain tells of a rollout. NotFound if none has that name.
func (s *Steps) Explain(ctx context.Context, name string) (Explanation, error) {
	record, err := s.Store.Record(ctx, name)
	if err != nil {
		return Explanation{}, err
	}
	release, err := s.Store.Release(ctx, record.Place.App, record.Release)
	if err != nil {
		return Explanation{}, err
	}
	decisions, err := s.Store.Decisions(ctx, name)
	if err != nil {
		return Explanation{}, err
	}
	e := Explanation{
		Past: s.past(record, release), App: record.Place.App, Environment: record.Place.Environment,
		Execution: record.Execution, Red: redIn(record.Kind, decisions), Decisions: []Explained{}, Keep: record.Keep,
	}
	for _, d := range decisions {
		what, why := Told(d)
		e.Decisions = append(e.Decisions, Explained{
			At: d.At, After: d.At.Sub(record.At).Seconds(), Of: d.Of, Phase: d.Phase, Kind: d.Kind, What: what, Why: why, Inputs: d.Inputs,
		})
	}
	return e, nil
}

// redIn is the alarm that sent a rollout back, by the decisions on it; nil if none did.
// The rule is back with the first weights that were written after: by Rollback, or by a
// rollback rollout's one step.
func redIn(kind rollout.Kind, decisions []store.Decision) *Red {
	back := rollout.PhaseRollback
	if kind == rollout.Back {
		back = rollout.PhaseShift
	}
	var red *Red
	for _, d := range decisions {
		if red == nil && d.Of == store.DecidedAlarm {
			red = redOf(d)
		}
		if red != nil && d.Phase == back && weightsIn(d) != nil {
			at, seconds := d.At, d.At.Sub(red.At).Seconds()
			red.Back, red.Seconds = &at, &seconds
			break
		}
	}
	return red
}

func redOf(d store.Decision) *Red {
	red := Red{At: d.At} // before inputs were kept, the moment that it was heard of
	red.Alarm, _ = d.Inputs["alarm"].(string)
	red.Reason, _ = d.Inputs["reason"].(string)
	text, _ := d.Inputs["at"].(string)
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		red.At = at
	}
	return &red
}

// RolloutsOf are the names of the rollouts that a release had, in the order of its
// environments. NotFound if there is no such release.
func (s *Steps) RolloutsOf(ctx context.Context, app string, release int) ([]string, error) {
	r, err := s.Store.Release(ctx, app, release)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, env := range r.Spec.Environments {
		_, err := s.Store.Record(ctx, r.Name(env.Name))
		switch {
		case err == nil:
			names = append(names, r.Name(env.Name))
		case rollout.KindOf(err) != rollout.KindNotFound: // it did not come so far
			return nil, err
		}
	}
	return names, nil
}
