package cloudwatch

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Limits of PutMetricData (AWS: API reference, PutMetricData and MetricDatum).
const (
	maxDatums = 1000
	maxValues = 150
	oldest    = 14 * 24 * time.Hour
	newest    = 2 * time.Hour
)

// Put publishes values of a metric of an AWS service, each with the number of
// times it occurred; counts may be nil, then it is once. It is for the services
// of this cloud: users cannot publish in their namespaces.
func (s *Service) Put(namespace, name string, dimensions map[string]string, at time.Time, values, counts []float64) {
	sorted := make([]types.Dimension, 0, len(dimensions))
	for k, v := range dimensions {
		sorted = append(sorted, types.Dimension{Name: aws.String(k), Value: aws.String(v)})
	}
	s.publish(s.metric(namespace, name, sorted), at, time.Minute, serviceUnit(name), func(d *distribution) {
		addAll(d, values, counts)
	})
}

// serviceUnit is the unit in which AWS publishes the load balancer's metrics.
func serviceUnit(name string) types.StandardUnit {
	switch {
	case strings.HasSuffix(name, "Time"):
		return types.StandardUnitSeconds
	case strings.HasSuffix(name, "Bytes"):
		return types.StandardUnitBytes
	}
	return types.StandardUnitCount
}

func (s *Service) publish(m *metric, at time.Time, span time.Duration, unit types.StandardUnit, add func(*distribution)) {
	if unit == "" {
		unit = types.StandardUnitNone
	}
	add(&m.at(at, span, unit).distribution)
	if at.After(m.last) {
		m.last = at
	}
	m.prune(s.loop.Now())
}

func addAll(d *distribution, values, counts []float64) {
	for i, v := range values {
		count := 1.0
		if len(counts) > 0 {
			count = counts[i]
		}
		if count > 0 {
			d.add(v, count)
		}
	}
}

func (s *Service) putMetricData(_ *wire.Call, in *cloudwatch.PutMetricDataInput) (*cloudwatch.PutMetricDataOutput, error) {
	namespace := aws.ToString(in.Namespace)
	if strings.HasPrefix(namespace, "AWS/") {
		return nil, invalidValue("The value %s for parameter Namespace is invalid.", namespace)
	}
	if len(in.EntityMetricData) > 0 {
		return nil, notEmulated("EntityMetricData")
	}
	if len(in.MetricData) > maxDatums {
		return nil, invalidValue("The collection MetricData must not have a size greater than %d.", maxDatums)
	}
	for i, d := range in.MetricData {
		if err := s.checkDatum(fmt.Sprintf("MetricData.member.%d", i+1), d); err != nil {
			return nil, err
		}
	}
	for _, d := range in.MetricData {
		s.putDatum(namespace, d)
	}
	return &cloudwatch.PutMetricDataOutput{}, nil
}

func (s *Service) putDatum(namespace string, d types.MetricDatum) {
	span := time.Minute
	if aws.ToInt32(d.StorageResolution) == 1 {
		span = time.Second
	}
	at := s.loop.Now()
	if d.Timestamp != nil {
		at = *d.Timestamp
	}
	m := s.metric(namespace, aws.ToString(d.MetricName), d.Dimensions)
	s.publish(m, at, span, d.Unit, func(all *distribution) {
		switch set := d.StatisticValues; {
		case d.Value != nil:
			all.add(*d.Value, 1)
		case set != nil:
			all.addSet(*set.SampleCount, *set.Sum, *set.Minimum, *set.Maximum)
		default:
			addAll(all, d.Values, d.Counts)
		}
	})
}

// checkDatum says what is wrong with a datum; path is its name in the request.
func (s *Service) checkDatum(path string, d types.MetricDatum) error {
	if err := checkExclusive(path, d); err != nil {
		return err
	}
	if r := d.StorageResolution; r != nil && *r != 1 && *r != 60 {
		return invalidValue("The value %d for parameter %s.StorageResolution is invalid.", *r, path)
	}
	if t := d.Timestamp; t != nil && (t.Before(s.loop.Now().Add(-oldest)) || t.After(s.loop.Now().Add(newest))) {
		return invalidValue("The value %s for parameter %s.Timestamp must be a recent timestamp.", t.UTC().Format(time.RFC3339), path)
	}
	numbers := slices.Concat(d.Values, d.Counts)
	if d.Value != nil {
		numbers = append(numbers, *d.Value)
	}
	if set := d.StatisticValues; set != nil {
		numbers = append(numbers, *set.SampleCount, *set.Sum, *set.Minimum, *set.Maximum)
		if *set.SampleCount <= 0 || *set.Minimum > *set.Maximum {
			return invalidValue("The statistic set of parameter %s.StatisticValues is invalid.", path)
		}
	}
	for _, v := range numbers {
		if math.IsNaN(v) || math.Abs(v) > math.Pow(2, 360) {
			return invalidValue("The value %v for parameter %s.Value is invalid.", v, path)
		}
	}
	for _, c := range d.Counts {
		if c < 0 {
			return invalidValue("The value %v for parameter %s.Counts is invalid.", c, path)
		}
	}
	return nil
}

// checkExclusive refuses a datum that has none, or more than one, of the ways to
// give values.
func checkExclusive(path string, d types.MetricDatum) error {
	given := []string{}
	if d.Value != nil {
		given = append(given, path+".Value")
	}
	if len(d.Values) > 0 {
		given = append(given, path+".Values")
	}
	if d.StatisticValues != nil {
		given = append(given, path+".StatisticValues")
	}
	switch {
	case len(given) == 0:
		return &types.MissingRequiredParameterException{Message: aws.String(fmt.Sprintf(
			"At least one of the parameters %[1]s.Value, %[1]s.Values, %[1]s.StatisticValues must be specified.", path))}
	case len(given) > 1:
		return invalidCombination("The parameters %s and %s are mutually exclusive and you have specified both.", given[0], given[1])
	case len(d.Values) > maxValues:
		return invalidValue("The collection %s.Values must not have a size greater than %d.", path, maxValues)
	case len(d.Counts) > 0 && len(d.Counts) != len(d.Values):
		return invalidValue("The parameters %[1]s.Values and %[1]s.Counts must be of the same size.", path)
	}
	return nil
}
