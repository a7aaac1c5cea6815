package simulate

import (
	"fmt"
	"hash/fnv"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// StandIn is what an alarm of a spec measures in a run, of which only its name is known.
type StandIn struct {
	Environment string `json:"environment"`
	Alarm       string `json:"alarm"`
	Measures    string `json:"measures"`

	latency bool
	slot    rollout.Slot // "" is both
}

// standInsOf are the alarms of an environment, each once.
func standInsOf(env rollout.Environment) []StandIn {
	var all []StandIn
	add := func(name string, slot rollout.Slot) {
		if !slices.ContainsFunc(all, func(s StandIn) bool { return s.Alarm == name }) {
			all = append(all, standIn(env.Name, name, slot))
		}
	}
	for _, alarm := range env.Alarms {
		if !strings.Contains(alarm, "{slot}") {
			add(alarm, slotIn(alarm))
			continue
		}
		for _, slot := range []rollout.Slot{rollout.Blue, rollout.Green} {
			add(strings.ReplaceAll(alarm, "{slot}", string(slot)), slot)
		}
	}
	return all
}

// slotIn is the slot that a name has in it, "" for none or both.
func slotIn(name string) rollout.Slot {
	name = strings.ToLower(name)
	blue, green := strings.Contains(name, string(rollout.Blue)), strings.Contains(name, string(rollout.Green))
	switch {
	case blue == green:
		return ""
	case blue:
		return rollout.Blue
	default:
		return rollout.Green
	}
}

// standIn is an alarm of infra/service.yaml's two kinds, by what its name suggests: mean
// latency, else the share of errors; of a slot, or of both.
func standIn(environment, alarm string, slot rollout.Slot) StandIn {
	s := StandIn{Environment: environment, Alarm: alarm, slot: slot}
	of := "both slots together"
	if slot != "" {
		of = string(slot)
	}
	if s.latency = slowWords.MatchString(alarm); s.latency {
		s.Measures = "mean latency of " + of + " above 0.5 s"
		return s
	}
	s.Measures = "share of failed requests of " + of + " above 1 percent"
	if !errorWords.MatchString(alarm) {
		s.Measures += ", as its name suggests nothing else"
	}
	return s
}

// The words in an alarm's name that suggest what it measures.
var (
	slowWords  = regexp.MustCompile(`(?i)latenc|slow|duration|respon[sc]e.?time|p9\d|p50|time`)
	errorWords = regexp.MustCompile(`(?i)5xx|5\d\d|err|fail|fault|avail|success|health`)
)

// addAlarms makes the alarms that an environment's spec names and infra/service.yaml has
// not made.
func (r *Run) addAlarms(p *place) error {
	client := awsclient.New(r.Config("AKIAPERSON")).CloudWatch
	names := p.spec.AlarmNames()
	if len(names) == 0 {
		return nil
	}
	found, err := client.DescribeAlarms(nobody(), &cloudwatch.DescribeAlarmsInput{AlarmNames: names})
	if err != nil {
		return fmt.Errorf("read the alarms of %s: %w", p.Place, err)
	}
	for _, s := range standInsOf(p.spec) {
		if slices.ContainsFunc(found.MetricAlarms, func(a types.MetricAlarm) bool { return aws.ToString(a.AlarmName) == s.Alarm }) {
			continue
		}
		if err := r.addAlarm(client, p, s); err != nil {
			return fmt.Errorf("make alarm %s: %w", s.Alarm, err)
		}
	}
	return nil
}

// addAlarm makes an alarm like one that infra/service.yaml has made.
func (r *Run) addAlarm(client *cloudwatch.Client, p *place, s StandIn) error {
	kind := "5xx"
	if s.latency {
		kind = "latency"
	}
	slot := s.slot
	if slot == "" {
		slot = rollout.Blue
	}
	found, err := client.DescribeAlarms(nobody(), &cloudwatch.DescribeAlarmsInput{
		AlarmNames: []string{fmt.Sprintf("%s-%s-%s-%s", p.App, p.Environment, slot, kind)},
	})
	if err != nil {
		return err
	}
	like := found.MetricAlarms[0]
	in := &cloudwatch.PutMetricAlarmInput{
		AlarmName: &s.Alarm, AlarmDescription: &s.Measures, ComparisonOperator: like.ComparisonOperator, Threshold: like.Threshold,
		EvaluationPeriods: like.EvaluationPeriods, TreatMissingData: like.TreatMissingData, Metrics: like.Metrics, Namespace: like.Namespace,
		MetricName: like.MetricName, Statistic: like.Statistic, Period: like.Period, Dimensions: like.Dimensions,
	}
	if s.slot == "" {
		in.Dimensions = ofAll(in.Dimensions)
		for i, q := range in.Metrics {
			if q.MetricStat != nil {
				in.Metrics[i].MetricStat.Metric.Dimensions = ofAll(q.MetricStat.Metric.Dimensions)
			}
		}
	}
	_, err = client.PutMetricAlarm(nobody(), in)
	return err
}

// ofAll are the dimensions without that of a target group.
func ofAll(all []types.Dimension) []types.Dimension {
	return slices.DeleteFunc(slices.Clone(all), func(d types.Dimension) bool { return aws.ToString(d.Name) == "TargetGroup" })
}

// standName is what an environment's stack is named by, as app/environment: what
// infra/service.yaml takes is shorter than what a spec may say.
func standName(p store.Place) string {
	const longest, both = 21, 25
	if len(p.App) <= longest && len(p.Environment) <= longest && len(p.App)+1+len(p.Environment) <= both {
		return p.App + "/" + p.Environment
	}
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(p.String())) // a hash takes all
	return fmt.Sprintf("app/e%08x", sum.Sum32())
}
