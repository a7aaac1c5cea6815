package cloudwatch

import (
	"regexp"
	"strconv"
)

var (
	percentilePattern = regexp.MustCompile(`^p(\d{1,3}(?:\.\d{1,10})?)$`)
	extendedPattern   = regexp.MustCompile(`^(?i:iqm|(?:tm|tc|ts|wm)(?:\d.*|\(.*\))|pr\(.*\))$`)
)

// statistic is one of the five basic statistics or a percentile.
type statistic struct {
	name       string
	percentile float64 // for p50, p99.9 and the like
}

func (s statistic) isPercentile() bool { return s.name[0] == 'p' }

// parseStatistic reads a statistic as GetMetricData and PutMetricAlarm name it.
func parseStatistic(name string) (statistic, error) {
	switch name {
	case "SampleCount", "Sum", "Average", "Minimum", "Maximum":
		return statistic{name: name}, nil
	}
	if m := percentilePattern.FindStringSubmatch(name); m != nil {
		if p, err := strconv.ParseFloat(m[1], 64); err == nil && p <= 100 {
			return statistic{name: name, percentile: p}, nil
		}
	}
	if extendedPattern.MatchString(name) {
		return statistic{}, notEmulated("The statistic " + name)
	}
	return statistic{}, invalid("The statistic '%s' is invalid", name)
}
