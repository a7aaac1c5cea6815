package rollout

import "time"

// Longest is how long a deployment takes whose questions are all answered at the last
// moment: their expiries, the bakes, and the guard that ends last. What a rollout waits
// for others, and for its canary, is not in it.
func (s Spec) Longest() time.Duration {
	var longest, committed time.Duration
	for _, wave := range s.Waves() {
		slowest := time.Duration(0)
		for _, env := range wave {
			forward := env.forward()
			slowest = max(slowest, forward)
			longest = max(longest, committed+forward+env.Guard)
		}
		committed += slowest
	}
	return longest
}

// forward is how long a rollout into the environment takes at most until it commits.
func (e Environment) forward() time.Duration {
	total := time.Duration(0)
	for _, a := range e.approvals() {
		total += a.Expires
	}
	for _, step := range e.Steps {
		total += step.Bake
	}
	return total
}
