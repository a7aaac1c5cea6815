package conformance_test

import (
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

func eventsStories() []story {
	const event = `{"version":"0","id":"6a7e8feb-b491-4cf7-a9f1-bf3703467718","detail-type":"Ordered","source":"shop",` +
		`"account":"123456789012","time":"2026-03-01T12:00:00Z","region":"us-east-1","resources":[],"detail":{"n":1}}`
	rule := ok(&eventbridge.PutRuleInput{Name: new("orders"), EventPattern: new(`{"source":["shop"]}`)},
		want("RuleArn", "arn:aws:events:us-east-1:123456789012:rule/orders"))
	targets := []types.Target{{Id: new("1"), Arn: new("arn:aws:sqs:us-east-1:123456789012:jobs")}}
	return []story{
		{name: "events/Buses", steps: []step{
			ok(&eventbridge.CreateEventBusInput{Name: new("shop")}, want("EventBusArn", "arn:aws:events:us-east-1:123456789012:event-bus/shop")),
			fails("ResourceAlreadyExistsException", &eventbridge.CreateEventBusInput{Name: new("shop")}),
			ok(&eventbridge.DescribeEventBusInput{}, want("Name", "default"), want("Arn", "arn:aws:events:us-east-1:123456789012:event-bus/default")),
			fails("ResourceNotFoundException", &eventbridge.DescribeEventBusInput{Name: new("none")}),
			ok(&eventbridge.ListEventBusesInput{}, want("EventBuses.#", 2)),
			fails("ValidationException", &eventbridge.ListEventBusesInput{Limit: new(int32(101))},
				moto("moto_server does not check; AWS: model, LimitMax100 has the maximum 100")),
			ok(&eventbridge.DeleteEventBusInput{Name: new("shop")}),
			ok(&eventbridge.ListEventBusesInput{}, want("EventBuses.#", 1)),
			fails("ValidationException", &eventbridge.DeleteEventBusInput{Name: new("default")}),
		}},
		{name: "events/Permissions", steps: []step{
			ok(&eventbridge.PutPermissionInput{StatementId: new("other"), Action: new("events:PutEvents"), Principal: new("210987654321")}),
			ok(&eventbridge.DescribeEventBusInput{}, like("Policy", `.*"Sid":\s?"other".*`)),
			fails("ResourceNotFoundException", &eventbridge.PutPermissionInput{EventBusName: new("none"), StatementId: new("other"), Action: new("events:PutEvents"), Principal: new("210987654321")}),
			fails("ResourceNotFoundException", &eventbridge.RemovePermissionInput{StatementId: new("none")}),
			ok(&eventbridge.RemovePermissionInput{StatementId: new("other")}),
			ok(&eventbridge.DescribeEventBusInput{}, want("Policy", nil)),
			ok(&eventbridge.PutPermissionInput{Policy: new(`{"Version":"2012-10-17","Statement":[{"Sid":"all","Effect":"Allow","Principal":"*","Action":"events:PutEvents","Resource":"arn:aws:events:us-east-1:123456789012:event-bus/default"}]}`)}),
			ok(&eventbridge.RemovePermissionInput{RemoveAllPermissions: true}),
			fails("ResourceNotFoundException", &eventbridge.RemovePermissionInput{StatementId: new("all")}),
		}},
		{name: "events/Rules", steps: []step{
			rule,
			fails("InvalidEventPatternException", &eventbridge.PutRuleInput{Name: new("orders"), EventPattern: new(`{"source":"shop"}`)}),
			fails("ResourceNotFoundException", &eventbridge.PutRuleInput{Name: new("orders"), EventPattern: new(`{"source":["shop"]}`), EventBusName: new("none")}),
			ok(&eventbridge.DescribeRuleInput{Name: new("orders")}, want("State", "ENABLED"), want("EventPattern", `{"source":["shop"]}`)),
			fails("ResourceNotFoundException", &eventbridge.DescribeRuleInput{Name: new("none")}),
			ok(&eventbridge.DisableRuleInput{Name: new("orders")}),
			ok(&eventbridge.DescribeRuleInput{Name: new("orders")}, want("State", "DISABLED")),
			fails("ResourceNotFoundException", &eventbridge.DisableRuleInput{Name: new("none")}),
			ok(&eventbridge.EnableRuleInput{Name: new("orders")}),
			ok(&eventbridge.ListRulesInput{NamePrefix: new("ord")}, want("Rules.#", 1), want("Rules.0.State", "ENABLED")),
			fails("ResourceNotFoundException", &eventbridge.EnableRuleInput{Name: new("none")}),
			fails("ResourceNotFoundException", &eventbridge.ListRulesInput{EventBusName: new("none")}),
			ok(&eventbridge.DeleteRuleInput{Name: new("orders")}),
			ok(&eventbridge.DeleteRuleInput{Name: new("orders")}),
			fails("ResourceNotFoundException", &eventbridge.DescribeRuleInput{Name: new("orders")}),
			fails("ResourceNotFoundException", &eventbridge.DeleteRuleInput{Name: new("orders"), EventBusName: new("none")},
				moto("moto_server deletes what is not there; AWS: model, DeleteRule has ResourceNotFoundException")),
		}},
		{name: "events/Targets", steps: []step{
			rule,
			ok(&eventbridge.PutTargetsInput{Rule: new("orders"), Targets: targets}, want("FailedEntryCount", 0)),
			fails("ResourceNotFoundException", &eventbridge.PutTargetsInput{Rule: new("none"), Targets: targets}),
			ok(&eventbridge.ListTargetsByRuleInput{Rule: new("orders")}, want("Targets.#", 1), want("Targets.0.Arn", *targets[0].Arn)),
			fails("ResourceNotFoundException", &eventbridge.ListTargetsByRuleInput{Rule: new("none")}),
			fails("ValidationException", &eventbridge.DeleteRuleInput{Name: new("orders")}),
			ok(&eventbridge.RemoveTargetsInput{Rule: new("orders"), Ids: []string{"1"}}, want("FailedEntryCount", 0)),
			ok(&eventbridge.ListTargetsByRuleInput{Rule: new("orders")}, want("Targets.#", 0)),
			fails("ResourceNotFoundException", &eventbridge.RemoveTargetsInput{Rule: new("none"), Ids: []string{"1"}}),
		}},
		{name: "events/Events", steps: []step{
			ok(&eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{
				{Source: new("shop"), DetailType: new("Ordered"), Detail: new(`{"n":1}`)},
				{Source: new("shop"), DetailType: new("Ordered"), Detail: new("no JSON")},
			}}, want("FailedEntryCount", 1), like("Entries.0.EventId", "[0-9a-f-]{36}"), want("Entries.1.ErrorCode", "MalformedDetail")),
			fails("ValidationException", &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{}},
				moto("moto_server does not check; AWS: model, PutEventsRequestEntryList has the minimum 1")),
			ok(&eventbridge.TestEventPatternInput{Event: new(event), EventPattern: new(`{"detail":{"n":[{"numeric":[">",0]}]}}`)}, want("Result", true),
				motoValue("moto_server says no; AWS: EventBridge User Guide, Numeric matching")),
			ok(&eventbridge.TestEventPatternInput{Event: new(event), EventPattern: new(`{"source":["other"]}`)}, want("Result", false)),
			fails("InvalidEventPatternException", &eventbridge.TestEventPatternInput{Event: new(event), EventPattern: new(`{"source":"shop"}`)},
				moto("moto_server takes any pattern; AWS: model, TestEventPattern has InvalidEventPatternException")),
		}},
	}
}
