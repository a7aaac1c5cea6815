package rollout

// Scaling is the settings of a service's Application Auto Scaling target.
type Scaling struct {
	Min                int  `json:"min"`
	Max                int  `json:"max"`
	InSuspended        bool `json:"inSuspended"`
	OutSuspended       bool `json:"outSuspended"`
	ScheduledSuspended bool `json:"scheduledSuspended"`
}

// Held is what a slot that ran before gets while traffic moves: it may grow, not
// shrink.
func (s Scaling) Held() Scaling {
	s.InSuspended = true
	return s
}

// Following is what the canary gets while traffic moves: the stable's bounds, so
// that it can carry what the stable carries. It may grow, not shrink.
func (s Scaling) Following(stable *Scaling) Scaling {
	if stable != nil {
		s = *stable
	}
	return s.Held()
}

// Idle is what a slot without tasks gets: nothing raises it again.
func (s Scaling) Idle() Scaling {
	s.Min = 0
	s.InSuspended, s.OutSuspended, s.ScheduledSuspended = true, true, true
	return s
}
