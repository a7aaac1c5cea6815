package conformance_test

import (
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

func logsStories() []story {
	group, none, logged := new("/ecs/shop"), new("/ecs/none"), start.UnixMilli()
	create := ok(&logs.CreateLogGroupInput{LogGroupName: group})
	stream := ok(&logs.CreateLogStreamInput{LogGroupName: group, LogStreamName: new("web/web/1")})
	put := func(at int64, messages ...string) *logs.PutLogEventsInput {
		in := &logs.PutLogEventsInput{LogGroupName: group, LogStreamName: new("web/web/1")}
		for i, m := range messages {
			in.LogEvents = append(in.LogEvents, types.InputLogEvent{Timestamp: new(at + int64(i)), Message: new(m)})
		}
		return in
	}
	late := motoValue("moto_server has another clock, by which the events are too old; AWS: CloudWatch Logs API Reference, PutLogEvents: 14 days")
	return []story{
		{name: "logs/Groups", steps: []step{
			create,
			fails("ResourceAlreadyExistsException", &logs.CreateLogGroupInput{LogGroupName: group}),
			fails("InvalidParameterException", &logs.CreateLogGroupInput{LogGroupName: new("no spaces")},
				moto("moto_server takes any name; AWS: CloudWatch Logs API Reference, CreateLogGroup: pattern of logGroupName")),
			ok(&logs.DescribeLogGroupsInput{LogGroupNamePrefix: new("/ecs/")}, want("LogGroups.#", 1), want("LogGroups.0.LogGroupName", "/ecs/shop"),
				want("LogGroups.0.Arn", "arn:aws:logs:us-east-1:123456789012:log-group:/ecs/shop:*")),
			fails("InvalidParameterException", &logs.DescribeLogGroupsInput{LogGroupNamePrefix: new("/ecs"), LogGroupNamePattern: new("shop")},
				moto("moto_server takes both; AWS: CloudWatch Logs API Reference, DescribeLogGroups: mutually exclusive")),
			ok(&logs.PutRetentionPolicyInput{LogGroupName: group, RetentionInDays: new(int32(30))}),
			ok(&logs.DescribeLogGroupsInput{LogGroupNamePrefix: group}, want("LogGroups.0.RetentionInDays", 30)),
			fails("InvalidParameterException", &logs.PutRetentionPolicyInput{LogGroupName: group, RetentionInDays: new(int32(31))},
				moto("moto_server takes any number; AWS: CloudWatch Logs API Reference, PutRetentionPolicy: possible values")),
			fails("ResourceNotFoundException", &logs.PutRetentionPolicyInput{LogGroupName: none, RetentionInDays: new(int32(30))}),
			ok(&logs.DeleteRetentionPolicyInput{LogGroupName: group}),
			fails("ResourceNotFoundException", &logs.DeleteRetentionPolicyInput{LogGroupName: none}),
			ok(&logs.DeleteLogGroupInput{LogGroupName: group}),
			fails("ResourceNotFoundException", &logs.DeleteLogGroupInput{LogGroupName: group}),
			ok(&logs.DescribeLogGroupsInput{LogGroupNamePrefix: group}, want("LogGroups.#", 0)),
		}},
		{name: "logs/Streams", steps: []step{
			create, stream,
			fails("ResourceAlreadyExistsException", &logs.CreateLogStreamInput{LogGroupName: group, LogStreamName: new("web/web/1")}),
			fails("ResourceNotFoundException", &logs.CreateLogStreamInput{LogGroupName: none, LogStreamName: new("web/web/1")}),
			ok(&logs.DescribeLogStreamsInput{LogGroupName: group, LogStreamNamePrefix: new("web/")}, want("LogStreams.#", 1), want("LogStreams.0.LogStreamName", "web/web/1")),
			fails("ResourceNotFoundException", &logs.DescribeLogStreamsInput{LogGroupName: none}),
			fails("InvalidParameterException", &logs.DescribeLogStreamsInput{LogGroupName: group, LogStreamNamePrefix: new("web/"), OrderBy: types.OrderByLastEventTime}),
		}},
		{name: "logs/Events", steps: []step{
			create, stream,
			ok(put(logged, "GET /basket 200", `{"level":"ERROR","rollout":"shop-production-1","detail":{"status":500}}`, `{"level":"INFO","rollout":"shop-production-2"}`)),
			fails("ResourceNotFoundException", &logs.PutLogEventsInput{LogGroupName: group, LogStreamName: new("none"), LogEvents: put(logged, "x").LogEvents}),
			ok(&logs.FilterLogEventsInput{LogGroupName: group}, want("Events.#", 3), late,
				want("Events.0.Message", "GET /basket 200"), late, want("Events.0.LogStreamName", "web/web/1"), late),
			ok(&logs.FilterLogEventsInput{LogGroupName: group, StartTime: new(logged + 1), EndTime: new(logged + 1)}, want("Events.#", 1), late,
				like("Events.0.Message", `.*shop-production-1.*`), late),
			ok(&logs.FilterLogEventsInput{LogGroupName: group, FilterPattern: new(`"GET /basket"`)}, want("Events.#", 1), late),
			ok(&logs.FilterLogEventsInput{LogGroupName: group, LogStreamNamePrefix: new("side/")}, want("Events.#", 0)),
			ok(&logs.FilterLogEventsInput{LogGroupName: group, FilterPattern: new(`{ $.rollout = "shop-production-1" && $.detail.status = 500 }`)}, want("Events.#", 1), late),
			fails("ResourceNotFoundException", &logs.FilterLogEventsInput{LogGroupName: none}),
			fails("InvalidParameterException", &logs.FilterLogEventsInput{LogGroupName: group, FilterPattern: new(`{ $.rollout = `)},
				moto("moto_server takes it; AWS: CloudWatch Logs User Guide, Filter pattern syntax")),
		}},
	}
}
