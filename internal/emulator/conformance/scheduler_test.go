package conformance_test

import (
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"
)

func schedulerStories() []story {
	target := &types.Target{
		Arn: new("arn:aws:lambda:us-east-1:123456789012:function:echo"), RoleArn: new("arn:aws:iam::123456789012:role/scheduler"), Input: new(`{"a":1}`),
	}
	off := &types.FlexibleTimeWindow{Mode: types.FlexibleTimeWindowModeOff}
	create := &scheduler.CreateScheduleInput{
		Name: new("deadman"), ScheduleExpression: new("at(2099-01-01T00:00:00)"), FlexibleTimeWindow: off, Target: target, ClientToken: new("one"),
	}
	return []story{
		{name: "scheduler/Schedules", steps: []step{
			ok(create, want("ScheduleArn", "arn:aws:scheduler:us-east-1:123456789012:schedule/default/deadman")),
			fails("ConflictException", &scheduler.CreateScheduleInput{
				Name: new("deadman"), ScheduleExpression: new("at(2099-01-02T00:00:00)"), FlexibleTimeWindow: off, Target: target, ClientToken: new("two"),
			}),
			ok(&scheduler.GetScheduleInput{Name: new("deadman")}, want("Name", "deadman"), want("GroupName", "default"), want("State", "ENABLED"),
				want("ScheduleExpression", "at(2099-01-01T00:00:00)"), want("ScheduleExpressionTimezone", "UTC"),
				want("Target.Input", `{"a":1}`), want("FlexibleTimeWindow.Mode", "OFF")),
			fails("ResourceNotFoundException", &scheduler.GetScheduleInput{Name: new("none")}),
			ok(&scheduler.UpdateScheduleInput{
				Name: new("deadman"), ScheduleExpression: new("at(2099-06-01T00:00:00)"), FlexibleTimeWindow: off, Target: target,
				State: types.ScheduleStateDisabled, ClientToken: new("three"),
			}),
			ok(&scheduler.GetScheduleInput{Name: new("deadman")}, want("ScheduleExpression", "at(2099-06-01T00:00:00)"), want("State", "DISABLED")),
			fails("ResourceNotFoundException", &scheduler.UpdateScheduleInput{
				Name: new("none"), ScheduleExpression: new("at(2099-06-01T00:00:00)"), FlexibleTimeWindow: off, Target: target, ClientToken: new("four"),
			}),
			ok(&scheduler.ListSchedulesInput{}, want("Schedules.#", 1), want("Schedules.0.Name", "deadman"), want("Schedules.0.Target.Arn", *target.Arn)),
			fails("ValidationException", &scheduler.ListSchedulesInput{MaxResults: new(int32(101))},
				moto("moto_server does not check; AWS: model, MaxResults has the maximum 100")),
			ok(&scheduler.DeleteScheduleInput{Name: new("deadman"), ClientToken: new("five")}),
			fails("ResourceNotFoundException", &scheduler.DeleteScheduleInput{Name: new("deadman"), ClientToken: new("six")}),
		}},
		{name: "scheduler/Groups", steps: []step{
			ok(&scheduler.CreateScheduleGroupInput{Name: new("later"), ClientToken: new("zero")},
				want("ScheduleGroupArn", "arn:aws:scheduler:us-east-1:123456789012:schedule-group/later")),
			fails("ConflictException", &scheduler.CreateScheduleGroupInput{Name: new("later"), ClientToken: new("two")},
				moto("moto_server makes another in its place; AWS: EventBridge Scheduler API Reference, CreateScheduleGroup: ConflictException")),
			ok(&scheduler.GetScheduleGroupInput{Name: new("later")}, want("Name", "later"), want("State", "ACTIVE")),
			fails("ResourceNotFoundException", &scheduler.GetScheduleGroupInput{Name: new("none")}),
			fails("ValidationException", &scheduler.ListScheduleGroupsInput{MaxResults: new(int32(101))},
				moto("moto_server does not check; AWS: model, MaxResults has the maximum 100")),
			ok(&scheduler.ListScheduleGroupsInput{}, want("ScheduleGroups.#", 2), want("ScheduleGroups.1.Name", "later")),
			ok(create),
			ok(&scheduler.CreateScheduleInput{
				Name: new("deadman"), GroupName: new("later"), ScheduleExpression: new("at(2099-01-01T00:00:00)"), FlexibleTimeWindow: off,
				Target: target, ClientToken: new("three"),
			}, want("ScheduleArn", "arn:aws:scheduler:us-east-1:123456789012:schedule/later/deadman")),
			fails("ResourceNotFoundException", &scheduler.CreateScheduleInput{
				Name: new("deadman"), GroupName: new("none"), ScheduleExpression: new("at(2099-01-01T00:00:00)"), FlexibleTimeWindow: off,
				Target: target, ClientToken: new("four"),
			}, moto("moto_server fails itself; AWS: EventBridge Scheduler API Reference, CreateSchedule: ResourceNotFoundException")),
			ok(&scheduler.ListSchedulesInput{GroupName: new("later")}, want("Schedules.#", 1), want("Schedules.0.GroupName", "later")),
			ok(&scheduler.DeleteScheduleGroupInput{Name: new("later"), ClientToken: new("five")}),
			fails("ResourceNotFoundException", &scheduler.GetScheduleInput{Name: new("deadman"), GroupName: new("later")}),
			ok(&scheduler.GetScheduleInput{Name: new("deadman")}, want("GroupName", "default")),
			fails("ValidationException", &scheduler.DeleteScheduleGroupInput{Name: new("default"), ClientToken: new("six")},
				moto("moto_server deletes it; AWS: EventBridge Scheduler User Guide, Deleting a schedule group: the default group cannot be deleted")),
		}},
		{name: "scheduler/Refused", steps: []step{
			fails("ValidationException", &scheduler.CreateScheduleInput{
				Name: new("s"), ScheduleExpression: new("sometimes"), FlexibleTimeWindow: off, Target: target, ClientToken: new("one"),
			}, moto("moto_server does not read the expression; AWS: EventBridge Scheduler API Reference, CreateSchedule: ValidationException")),
		}},
	}
}
