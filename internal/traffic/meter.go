package traffic

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Meter reads how much has flowed to target groups, which a load balancer tells
// CloudWatch once a minute (AWS: Application Load Balancers User Guide, CloudWatch
// metrics).
type Meter struct{ CloudWatch *cloudwatch.Client }

// Minute is what flowed to a target group in a minute.
type Minute struct {
	At       time.Time // its beginning
	Requests float64
	Failed   float64 // that the targets answered with a status of 500 or more
}

// Rate is how many requests came a second.
func (m Minute) Rate() float64 { return m.Requests / time.Minute.Seconds() }

// Errors is the percentage of the requests that failed.
func (m Minute) Errors() float64 {
	if m.Requests == 0 {
		return 0
	}
	return 100 * m.Failed / m.Requests
}

// Minutes gives, for both target groups of a rule, the minutes that are over and that
// CloudWatch knows of, oldest first, of so many up to now.
func (m Meter) Minutes(ctx context.Context, rule string, groups rollout.Names, count int, now time.Time) (map[rollout.Slot][]Minute, error) {
	end := now.UTC().Truncate(time.Minute)
	var queries []types.MetricDataQuery
	for _, slot := range []rollout.Slot{rollout.Blue, rollout.Green} {
		queries = append(queries,
			sum("requests_"+string(slot), "RequestCount", rule, groups.Of(slot)),
			sum("failed_"+string(slot), "HTTPCode_Target_5XX_Count", rule, groups.Of(slot)))
	}
	pages := cloudwatch.NewGetMetricDataPaginator(m.CloudWatch, &cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(end.Add(-time.Duration(count) * time.Minute)), EndTime: &end, MetricDataQueries: queries,
	})
	read := map[string]map[time.Time]float64{}
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, awsclient.Wrap(err, "read the metrics of %s", rule)
		}
		for _, result := range page.MetricDataResults {
			values := read[aws.ToString(result.Id)]
			if values == nil {
				values = map[time.Time]float64{}
				read[aws.ToString(result.Id)] = values
			}
			for i, at := range result.Timestamps {
				values[at.UTC()] = result.Values[i]
			}
		}
	}
	all := map[rollout.Slot][]Minute{}
	for _, slot := range []rollout.Slot{rollout.Blue, rollout.Green} {
		requests, failed := read["requests_"+string(slot)], read["failed_"+string(slot)]
		for at := end.Add(-time.Duration(count) * time.Minute); at.Before(end); at = at.Add(time.Minute) {
			if n, known := requests[at]; known {
				all[slot] = append(all[slot], Minute{At: at, Requests: n, Failed: failed[at]})
			}
		}
	}
	return all, nil
}

// sum asks for the sum of a metric of a target group, minute by minute.
func sum(id, metric, rule, group string) types.MetricDataQuery {
	return types.MetricDataQuery{Id: &id, MetricStat: &types.MetricStat{
		Period: aws.Int32(60), Stat: aws.String("Sum"),
		Metric: &types.Metric{Namespace: aws.String("AWS/ApplicationELB"), MetricName: &metric, Dimensions: []types.Dimension{
			{Name: aws.String("LoadBalancer"), Value: aws.String(balancerOf(rule))},
			{Name: aws.String("TargetGroup"), Value: aws.String(group[strings.LastIndex(group, ":")+1:])},
		}},
	}}
}

// balancerOf is the load balancer of a rule as metrics name it: app/NAME/ID.
func balancerOf(rule string) string {
	_, path, _ := strings.Cut(rule, "listener-rule/")
	parts := strings.SplitN(path, "/", 4)
	if len(parts) < 4 {
		return path
	}
	return fmt.Sprintf("%s/%s/%s", parts[0], parts[1], parts[2])
}
