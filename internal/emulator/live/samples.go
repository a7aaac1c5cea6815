package live

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/elbv2"
)

// gathering is how long what flowed is gathered before the loop is told.
const gathering = 100 * time.Millisecond

// samples gathers what flows through a load balancer.
type samples struct {
	arn  string
	tell func([]elbv2.Sample)

	mu      sync.Mutex
	byGroup map[string]*elbv2.Sample
}

func newSamples(loadBalancerARN string, tell func([]elbv2.Sample)) *samples {
	return &samples{arn: loadBalancerARN, tell: tell, byGroup: map[string]*elbv2.Sample{}}
}

// add adds to a group's sample, or, under "", to what was answered without one.
func (s *samples) add(group string, change func(*elbv2.Sample)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.byGroup) == 0 {
		time.AfterFunc(gathering, s.flush)
	}
	sample := s.byGroup[group]
	if sample == nil {
		sample = &elbv2.Sample{LoadBalancerARN: s.arn, TargetGroupARN: group}
		s.byGroup[group] = sample
	}
	change(sample)
}

func (s *samples) flush() {
	s.mu.Lock()
	gathered := s.byGroup
	s.byGroup = map[string]*elbv2.Sample{}
	s.mu.Unlock()
	var all []elbv2.Sample
	for _, group := range slices.Sorted(maps.Keys(gathered)) {
		all = append(all, *gathered[group])
	}
	s.tell(all)
}
