package model

// spread deals whole requests out by weights, so that over time every share is
// exact.
type spread struct {
	weights []float64
	dealt   []float64 // the weights that owed belongs to
	owed    []float64 // what each is short of, below one
	shares  []int
}

// spread gives the spread for a rule or a group, with room for n weights.
func (b *balancer) spread(arn string, n int) *spread {
	s := b.spreads[arn]
	if s == nil || len(s.weights) != n {
		s = &spread{weights: make([]float64, n), dealt: make([]float64, n), owed: make([]float64, n), shares: make([]int, n)}
		b.spreads[arn] = s
	}
	return s
}

// deal gives each weight's share, until the next deal, and what is left because
// all weights are zero.
func (s *spread) deal(requests int) (shares []int, left int) {
	total, last := 0.0, -1
	for i, weight := range s.weights {
		if weight != s.dealt[i] {
			clear(s.owed)
		}
		if weight > 0 {
			total, last = total+weight, i
		}
	}
	copy(s.dealt, s.weights)
	clear(s.shares)
	for i, weight := range s.weights {
		switch {
		case weight == 0:
		case i == last:
			s.shares[i], requests = requests, 0
		default:
			// Each takes its part of what those before it left.
			s.owed[i] += float64(requests) * weight / total
			s.shares[i] = min(whole(&s.owed[i]), requests)
			requests -= s.shares[i]
			total -= weight
		}
	}
	return s.shares, requests
}
