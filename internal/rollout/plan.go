package rollout

import "time"

// Plan is what a rollout does: which slot is the canary and which steps it takes.
type Plan struct {
	Kind   Kind   `json:"kind"`
	Canary Slot   `json:"canary"`
	Steps  []Step `json:"steps"`
	// First: no release is recorded and neither slot runs, so there is nothing to
	// go back to and nothing to share traffic with.
	First bool `json:"first,omitempty"`
}

// PlanFor decides the plan of a rollout into an environment whose stable slot is
// stable. A first rollout takes one step to 100 and bakes as the spec's last
// step does; a rollback takes one step and does not bake.
func PlanFor(kind Kind, env Environment, stable Slot, first bool) Plan {
	p := Plan{Kind: kind, Canary: stable.Other(), Steps: env.Steps, First: first}
	switch {
	case kind == Back:
		p.Steps = []Step{{Weight: 100}}
	case first:
		p.Steps = env.Steps[len(env.Steps)-1:]
	}
	return p
}

// Before is what the rule holds before step i (from 0), and After what it holds
// after it.
func (p Plan) Before(i int) Weights {
	if i == 0 {
		return Toward(p.Canary, 0)
	}
	return p.After(i - 1)
}

// After is what the rule holds after step i.
func (p Plan) After(i int) Weights { return Toward(p.Canary, p.Steps[i].Weight) }

// Last reports whether step i is the last.
func (p Plan) Last(i int) bool { return i >= len(p.Steps)-1 }

// Size is how many tasks the canary needs to stand beside a stable slot that has
// stable tasks now.
func Size(stable int) int { return max(stable, 1) }

// Move tells what to do about a rule that holds now and should hold to.
type Move int

// The moves.
const (
	// MoveWrite: the rule holds what it should hold before the move.
	MoveWrite Move = iota
	// MoveDone: the rule holds it already.
	MoveDone
	// MoveForeign: the rule holds something that we did not write.
	MoveForeign
)

// Compare decides the move of a rule that holds now and is on its way from one
// pair of weights to another.
func Compare(now, from, to Weights) Move {
	switch now {
	case to:
		return MoveDone
	case from:
		return MoveWrite
	default:
		return MoveForeign
	}
}

// Remaining is what is left of a span that began at start, in whole seconds and
// at least one, which is the shortest timeout that a state can have.
func Remaining(start time.Time, span time.Duration, now time.Time) int {
	left := start.Add(span).Sub(now)
	return max(int((left+time.Second-1)/time.Second), 1)
}
