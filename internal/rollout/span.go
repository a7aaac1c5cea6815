package rollout

import "time"

// Longest is how long a deployment takes whose questions are all answered at the last
// moment: their expiries, the bakes, and the guard that ends last. What a rollout waits
// for others, and for its canary, is not in it.
func (s Spec) Longest() time.Duration {
	_, over := s.span(Environment.forward)
	return over
}

// Least is how long a deployment takes at least whose rollouts go by the plans, by
// environment, and by the spec where there is none: until all environments have
// committed, and until the last guard is over. What it waits for answers, for others, and
// for its canaries, is not in it.
func (s Spec) Least(plans map[string]Plan) (committed, over time.Duration) {
	return s.span(func(env Environment) time.Duration {
		if p, ok := plans[env.Name]; ok {
			return bakes(p.Steps)
		}
		return bakes(env.Steps)
	})
}

// span is how long a deployment takes whose rollouts commit after so long.
func (s Spec) span(forward func(Environment) time.Duration) (committed, over time.Duration) {
	for _, wave := range s.Waves() {
		slowest := time.Duration(0)
		for _, env := range wave {
			takes := forward(env)
			slowest = max(slowest, takes)
			over = max(over, committed+takes+env.Guard)
		}
		committed += slowest
	}
	return committed, over
}

// forward is how long a rollout into the environment takes at most until it commits.
func (e Environment) forward() time.Duration {
	total := bakes(e.Steps)
	for _, a := range e.approvals() {
		total += a.Expires
	}
	return total
}

func bakes(steps []Step) time.Duration {
	total := time.Duration(0)
	for _, step := range steps {
		total += step.Bake
	}
	return total
}
