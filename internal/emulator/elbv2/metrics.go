package elbv2

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

const namespace = "AWS/ApplicationELB"

// tally adds up samples.
type tally struct {
	requests, connectionErrors int
	elb4XX, elb5XX             int
	status                     [6]int
	latencies                  map[float64]int
}

func (t *tally) add(sample Sample) {
	t.requests += sample.Requests
	t.connectionErrors += sample.ConnectionErrors
	t.elb4XX += sample.ELB4XX
	t.elb5XX += sample.ELB5XX
	for class, count := range sample.Status {
		t.status[class] += count
	}
	for _, latency := range sample.Latencies {
		t.latencies[latency.Seconds] += latency.Count
	}
}

// Observe takes in what flowed. It must be called on the loop; samples of load
// balancers that are gone are dropped.
func (s *Service) Observe(sample Sample) {
	b, ok := s.balancers[sample.LoadBalancerARN]
	if !ok {
		return
	}
	t, ok := b.minute[sample.TargetGroupARN]
	if !ok {
		t = &tally{latencies: map[float64]int{}}
		b.minute[sample.TargetGroupARN] = t
	}
	t.add(sample)
}

// startMinutes has metrics published at the end of every full minute while there
// are load balancers.
func (s *Service) startMinutes() {
	if s.minutes != nil {
		return
	}
	end := s.loop.Now().Truncate(time.Minute).Add(time.Minute)
	s.minutes = s.loop.Due(end, fullMinute{s, end})
}

func (s *Service) endMinute(end time.Time) {
	s.minutes = nil
	for _, b := range inOrder(s.balancers) {
		s.publish(b, end.Add(-time.Minute))
	}
	if len(s.balancers) > 0 {
		s.startMinutes()
	}
}

// minute is one minute's metrics of a load balancer, on their way to CloudWatch.
// AWS: Application Load Balancers User Guide, CloudWatch metrics.
type minute struct {
	at     time.Time
	points []point
}

type point struct {
	name       string
	dimensions map[string]string
	values     []float64
	counts     []float64
}

func (m *minute) add(name string, dimensions map[string]string, values, counts []float64) {
	m.points = append(m.points, point{name, dimensions, values, counts})
}

// count adds a counter: that many times the value 1, or nothing at all.
func (m *minute) count(name string, dimensions map[string]string, count int) {
	if count > 0 {
		m.add(name, dimensions, []float64{1}, []float64{float64(count)})
	}
}

func (s *Service) publish(b *balancer, at time.Time) {
	m := &minute{at: at}
	whole := &tally{latencies: map[float64]int{}}
	balancerOnly := map[string]string{"LoadBalancer": suffix(b.arn, ":loadbalancer/")}
	for _, arn := range slices.Sorted(maps.Keys(b.minute)) {
		t := b.minute[arn]
		whole.merge(t)
		if arn == "" {
			continue
		}
		both := map[string]string{"LoadBalancer": balancerOnly["LoadBalancer"], "TargetGroup": suffix(arn, ":")}
		m.traffic(both, t)
		if g, ok := s.groups[arn]; ok {
			m.perTarget(both, t, g)
		}
	}
	m.traffic(balancerOnly, whole)
	m.count("HTTPCode_ELB_4XX_Count", balancerOnly, whole.elb4XX)
	m.count("HTTPCode_ELB_5XX_Count", balancerOnly, whole.elb5XX)
	for _, g := range inOrder(b.groups) {
		m.hosts(map[string]string{"LoadBalancer": balancerOnly["LoadBalancer"], "TargetGroup": suffix(g.arn, ":")}, g)
	}
	clear(b.minute)
	if len(m.points) == 0 {
		return
	}
	s.loop.DueIn(s.deps.MetricDelay, published{s, m})
}

func (s *Service) put(m *minute) {
	for _, p := range m.points {
		s.deps.PutMetric(namespace, p.name, p.dimensions, m.at, p.values, p.counts)
	}
}

// suffix gives the part of an ARN that is the value of a dimension.
func suffix(arn, after string) string {
	return arn[strings.LastIndex(arn, after)+len(after):]
}

func (t *tally) merge(other *tally) {
	sample := Sample{
		Requests: other.requests, Status: other.status, ConnectionErrors: other.connectionErrors,
		ELB4XX: other.elb4XX, ELB5XX: other.elb5XX,
	}
	t.add(sample)
	for seconds, count := range other.latencies {
		t.latencies[seconds] += count
	}
}

func (m *minute) traffic(dimensions map[string]string, t *tally) {
	m.count("RequestCount", dimensions, t.requests)
	m.count("HTTPCode_Target_2XX_Count", dimensions, t.status[2])
	m.count("HTTPCode_Target_3XX_Count", dimensions, t.status[3])
	m.count("HTTPCode_Target_4XX_Count", dimensions, t.status[4])
	m.count("HTTPCode_Target_5XX_Count", dimensions, t.status[5])
	m.count("TargetConnectionErrorCount", dimensions, t.connectionErrors)
	if len(t.latencies) == 0 {
		return
	}
	seconds := slices.Sorted(maps.Keys(t.latencies))
	counts := make([]float64, 0, len(seconds))
	for _, value := range seconds {
		counts = append(counts, float64(t.latencies[value]))
	}
	m.add("TargetResponseTime", dimensions, seconds, counts)
}

// perTarget adds RequestCountPerTarget, an average although its statistic is Sum.
func (m *minute) perTarget(both map[string]string, t *tally, g *group) {
	if t.requests == 0 || len(g.usable) == 0 {
		return
	}
	average := []float64{float64(t.requests) / float64(len(g.usable))}
	m.add("RequestCountPerTarget", both, average, []float64{1})
	m.add("RequestCountPerTarget", map[string]string{"TargetGroup": both["TargetGroup"]}, average, []float64{1})
}

// hosts adds how many targets are healthy and unhealthy, for groups that have
// targets being checked.
func (m *minute) hosts(both map[string]string, g *group) {
	var healthy, unhealthy, checked float64
	for _, t := range g.targets {
		switch t.state {
		case types.TargetHealthStateEnumHealthy:
			healthy++
		case types.TargetHealthStateEnumUnhealthy:
			unhealthy++
		case types.TargetHealthStateEnumInitial:
		default:
			continue
		}
		checked++
	}
	if checked == 0 {
		return
	}
	m.add("HealthyHostCount", both, []float64{healthy}, []float64{1})
	m.add("UnHealthyHostCount", both, []float64{unhealthy}, []float64{1})
}
