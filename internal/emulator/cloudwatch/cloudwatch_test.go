package cloudwatch_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go"

	emulated "github.com/sluice-deploy/sluice/internal/emulator/cloudwatch"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

var start = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// cloud is a CloudWatch with a real client, and the events it has emitted.
type cloud struct {
	*cloudwatch.Client
	t       *testing.T
	loop    *loop.Loop
	service *emulated.Service
	events  []event
}

type event struct {
	Source     string
	DetailType string
	Resources  []string
	Detail     string
}

func newCloud(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{t: t, loop: loop.NewVirtual(start)}
	t.Cleanup(c.loop.Close)
	c.service = emulated.New(c.loop, "123456789012", "us-east-1", emulated.Deps{
		Emit: func(source, detailType string, resources []string, detail any) {
			raw, err := json.Marshal(detail)
			if err != nil {
				t.Errorf("marshal detail: %v", err)
			}
			c.events = append(c.events, event{source, detailType, resources, string(raw)})
		},
	})
	mux := wire.NewMux("123456789012", "us-east-1", c.service.Wire())
	c.Client = cloudwatch.NewFromConfig(aws.Config{
		Region:      "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		HTTPClient:  wire.NewTransport(c.loop, mux, wire.TransportOptions{}),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	})
	return c
}

// put publishes a value of metric "m" in namespace "n".
func (c *cloud) put(at time.Time, value float64) {
	c.t.Helper()
	_, err := c.PutMetricData(c.t.Context(), &cloudwatch.PutMetricDataInput{
		Namespace:  aws.String("n"),
		MetricData: []types.MetricDatum{{MetricName: aws.String("m"), Timestamp: aws.Time(at), Value: aws.Float64(value)}},
	})
	if err != nil {
		c.t.Fatalf("put metric data: %v", err)
	}
}

// alarmOn is an alarm on the sum of metric "m" being above 5.
func alarmOn(name string) *cloudwatch.PutMetricAlarmInput {
	return &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String(name), Namespace: aws.String("n"), MetricName: aws.String("m"),
		Statistic: types.StatisticSum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1),
		Threshold: aws.Float64(5), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
	}
}

func (c *cloud) putAlarm(in *cloudwatch.PutMetricAlarmInput) {
	c.t.Helper()
	if _, err := c.PutMetricAlarm(c.t.Context(), in); err != nil {
		c.t.Fatalf("put metric alarm: %v", err)
	}
}

func (c *cloud) putComposite(name, rule string) {
	c.t.Helper()
	_, err := c.PutCompositeAlarm(c.t.Context(), &cloudwatch.PutCompositeAlarmInput{AlarmName: aws.String(name), AlarmRule: aws.String(rule)})
	if err != nil {
		c.t.Fatalf("put composite alarm: %v", err)
	}
}

func (c *cloud) set(name string, value types.StateValue) {
	c.t.Helper()
	_, err := c.SetAlarmState(c.t.Context(), &cloudwatch.SetAlarmStateInput{
		AlarmName: aws.String(name), StateValue: value, StateReason: aws.String("by hand"),
	})
	if err != nil {
		c.t.Fatalf("set alarm state: %v", err)
	}
}

func (c *cloud) metricAlarm(name string) types.MetricAlarm {
	c.t.Helper()
	out, err := c.DescribeAlarms(c.t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{name}})
	if err != nil || len(out.MetricAlarms) != 1 {
		c.t.Fatalf("describe alarm %s: %d alarms, %v", name, len(out.MetricAlarms), err)
	}
	return out.MetricAlarms[0]
}

func (c *cloud) compositeAlarm(name string) types.CompositeAlarm {
	c.t.Helper()
	out, err := c.DescribeAlarms(c.t.Context(), &cloudwatch.DescribeAlarmsInput{
		AlarmNames: []string{name}, AlarmTypes: []types.AlarmType{types.AlarmTypeCompositeAlarm},
	})
	if err != nil || len(out.CompositeAlarms) != 1 {
		c.t.Fatalf("describe composite alarm %s: %v", name, err)
	}
	return out.CompositeAlarms[0]
}

// wantCode checks an error's code, and its message if that is given.
func wantCode(t *testing.T, err error, code, message string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) {
		t.Fatalf("error = %v, want an API error with code %s", err, code)
	}
	if api.ErrorCode() != code || message != "" && api.ErrorMessage() != message {
		t.Errorf("error = %s: %s\nwant    %s: %s", api.ErrorCode(), api.ErrorMessage(), code, message)
	}
}
