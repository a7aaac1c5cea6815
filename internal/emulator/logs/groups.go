package logs

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// perPage is how many groups or streams are described at once (AWS: CloudWatch Logs API
// Reference, DescribeLogGroups).
const perPage = 50

// createLogGroup takes no other class than the standard one; keys and tags are not kept.
// AWS: CloudWatch Logs API Reference, CreateLogGroup.
func (s *Service) createLogGroup(_ *wire.Call, in *cloudwatchlogs.CreateLogGroupInput) (*cloudwatchlogs.CreateLogGroupOutput, error) {
	switch {
	case s.Has(*in.LogGroupName):
		return nil, exists("The specified log group already exists")
	case in.LogGroupClass != "" && in.LogGroupClass != types.LogGroupClassStandard:
		return nil, unlike("log group class " + string(in.LogGroupClass))
	case aws.ToBool(in.DeletionProtectionEnabled):
		return nil, unlike("deletion protection of log groups")
	}
	s.Create(*in.LogGroupName)
	return &cloudwatchlogs.CreateLogGroupOutput{}, nil
}

func (s *Service) deleteLogGroup(_ *wire.Call, in *cloudwatchlogs.DeleteLogGroupInput) (*cloudwatchlogs.DeleteLogGroupOutput, error) {
	g, err := s.find(in.LogGroupName, nil)
	if err != nil {
		return nil, err
	}
	delete(s.groups, g.name)
	return &cloudwatchlogs.DeleteLogGroupOutput{}, nil
}

// retentions are the numbers of days that AWS takes.
// AWS: CloudWatch Logs API Reference, PutRetentionPolicy.
func retentions() []int32 {
	return []int32{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
}

func (s *Service) putRetentionPolicy(_ *wire.Call, in *cloudwatchlogs.PutRetentionPolicyInput) (*cloudwatchlogs.PutRetentionPolicyOutput, error) {
	g, err := s.find(in.LogGroupName, nil)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(retentions(), *in.RetentionInDays) {
		return nil, invalid("Specified retention policy is invalid.")
	}
	g.days = in.RetentionInDays
	return &cloudwatchlogs.PutRetentionPolicyOutput{}, nil
}

func (s *Service) deleteRetentionPolicy(_ *wire.Call, in *cloudwatchlogs.DeleteRetentionPolicyInput) (*cloudwatchlogs.DeleteRetentionPolicyOutput, error) {
	g, err := s.find(in.LogGroupName, nil)
	if err != nil {
		return nil, err
	}
	g.days = nil
	return &cloudwatchlogs.DeleteRetentionPolicyOutput{}, nil
}

// describeLogGroups lists those of this account, by name.
// AWS: CloudWatch Logs API Reference, DescribeLogGroups.
func (s *Service) describeLogGroups(_ *wire.Call, in *cloudwatchlogs.DescribeLogGroupsInput) (*cloudwatchlogs.DescribeLogGroupsOutput, error) {
	switch {
	case in.LogGroupNamePrefix != nil && in.LogGroupNamePattern != nil:
		return nil, invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
	case aws.ToBool(in.IncludeLinkedAccounts) || len(in.AccountIdentifiers) > 0:
		return nil, unlike("describing the log groups of other accounts")
	case len(in.LogGroupIdentifiers) > 0:
		return nil, unlike("LogGroupIdentifiers")
	}
	pattern := strings.ToLower(aws.ToString(in.LogGroupNamePattern)) // which takes no notice of case
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(s.groups)), func(name string) bool {
		return !strings.HasPrefix(name, aws.ToString(in.LogGroupNamePrefix)) || !strings.Contains(strings.ToLower(name), pattern) ||
			in.LogGroupClass != "" && in.LogGroupClass != types.LogGroupClassStandard
	})
	names, next, err := page(names, in.NextToken, int(cmp.Or(aws.ToInt32(in.Limit), perPage)))
	if err != nil {
		return nil, err
	}
	out := &cloudwatchlogs.DescribeLogGroupsOutput{NextToken: next}
	for _, name := range names {
		out.LogGroups = append(out.LogGroups, s.describe(s.groups[name]))
	}
	return out, nil
}

func (s *Service) describe(g *group) types.LogGroup {
	stored := int64(0)
	for _, e := range g.events {
		stored += int64(len(e.message)) + overhead
	}
	arn := s.arn("log-group:" + g.name)
	return types.LogGroup{
		LogGroupName: &g.name, Arn: aws.String(arn + ":*"), LogGroupArn: &arn, CreationTime: millis(g.created),
		RetentionInDays: g.days, StoredBytes: &stored, MetricFilterCount: aws.Int32(0), LogGroupClass: types.LogGroupClassStandard,
	}
}

// createLogStream makes a stream.
// AWS: CloudWatch Logs API Reference, CreateLogStream.
func (s *Service) createLogStream(_ *wire.Call, in *cloudwatchlogs.CreateLogStreamInput) (*cloudwatchlogs.CreateLogStreamOutput, error) {
	g, err := s.find(in.LogGroupName, nil)
	if err != nil {
		return nil, err
	}
	if g.streams[*in.LogStreamName] != nil {
		return nil, exists("The specified log stream already exists")
	}
	g.add(*in.LogStreamName, s.loop.Now())
	return &cloudwatchlogs.CreateLogStreamOutput{}, nil
}

// describeLogStreams lists streams by their names, or by the time of their last events.
// AWS: CloudWatch Logs API Reference, DescribeLogStreams.
func (s *Service) describeLogStreams(_ *wire.Call, in *cloudwatchlogs.DescribeLogStreamsInput) (*cloudwatchlogs.DescribeLogStreamsOutput, error) {
	g, err := s.find(in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	byTime := in.OrderBy == types.OrderByLastEventTime
	if byTime && in.LogStreamNamePrefix != nil {
		return nil, invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
	}
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(g.streams)), func(name string) bool {
		return !strings.HasPrefix(name, aws.ToString(in.LogStreamNamePrefix))
	})
	if byTime {
		slices.SortStableFunc(names, func(a, b string) int { return lastOf(g.streams[a]).Compare(lastOf(g.streams[b])) })
	}
	if aws.ToBool(in.Descending) {
		slices.Reverse(names)
	}
	names, next, err := page(names, in.NextToken, int(cmp.Or(aws.ToInt32(in.Limit), perPage)))
	if err != nil {
		return nil, err
	}
	out := &cloudwatchlogs.DescribeLogStreamsOutput{NextToken: next}
	for _, name := range names {
		st := g.streams[name]
		out.LogStreams = append(out.LogStreams, types.LogStream{
			LogStreamName: &st.name, Arn: aws.String(s.arn("log-group:" + g.name + ":log-stream:" + st.name)), CreationTime: millis(st.created),
			FirstEventTimestamp: millisOrNone(st.firstEvent), LastEventTimestamp: millisOrNone(st.lastEvent), LastIngestionTime: millisOrNone(st.lastTook),
		})
	}
	return out, nil
}

// lastOf is when a stream had its last event; one without any comes first.
func lastOf(st *stream) time.Time {
	if st.lastEvent == nil {
		return time.Time{}
	}
	return *st.lastEvent
}
