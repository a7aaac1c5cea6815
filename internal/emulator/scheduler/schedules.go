package scheduler

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

type schedule struct {
	arn               string
	created, modified time.Time
	// in is the last request; an update gives every field anew.
	in    *scheduler.UpdateScheduleInput
	due   time.Time
	timer *loop.Timer
}

// id tells schedules apart: names are unique in their group.
func id(group, name *string) string { return groupName(group) + "/" + *name }

func (s *Service) arn(id string) string {
	return partition.ARN("scheduler", s.region, s.account, "schedule/"+id)
}

// canonical is a request without its token, to compare requests by.
func canonical(operation string, in any) string {
	body, err := json.Marshal(in)
	if err != nil {
		panic(fmt.Sprintf("scheduler: the input of %s is not JSON: %v", operation, err))
	}
	return operation + string(body)
}

func (s *Service) createSchedule(_ *wire.Call, in *scheduler.CreateScheduleInput) (*scheduler.CreateScheduleOutput, error) {
	now := s.loop.Now()
	withoutToken := *in
	withoutToken.ClientToken = nil
	request := canonical("CreateSchedule", withoutToken)
	arn := s.arn(id(in.GroupName, in.Name))
	seen, err := s.tokens.seen(in.ClientToken, request, now)
	switch {
	case err != nil:
		return nil, err
	case seen:
		return &scheduler.CreateScheduleOutput{ScheduleArn: &arn}, nil
	}
	fields := &scheduler.UpdateScheduleInput{
		Name: in.Name, GroupName: in.GroupName, Description: in.Description, State: in.State, Target: in.Target,
		ScheduleExpression: in.ScheduleExpression, ScheduleExpressionTimezone: in.ScheduleExpressionTimezone,
		FlexibleTimeWindow: in.FlexibleTimeWindow, ActionAfterCompletion: in.ActionAfterCompletion,
		StartDate: in.StartDate, EndDate: in.EndDate, KmsKeyArn: in.KmsKeyArn,
	}
	due, err := s.check(fields)
	if err != nil {
		return nil, err
	}
	if _, exists := s.schedules[id(in.GroupName, in.Name)]; exists {
		return nil, conflict("Schedule %s already exists.", *in.Name)
	}
	sch := &schedule{arn: arn, created: now}
	s.schedules[id(in.GroupName, in.Name)] = sch
	s.set(sch, fields, due)
	s.tokens.add(in.ClientToken, request, now)
	return &scheduler.CreateScheduleOutput{ScheduleArn: &arn}, nil
}

func (s *Service) updateSchedule(_ *wire.Call, in *scheduler.UpdateScheduleInput) (*scheduler.UpdateScheduleOutput, error) {
	now := s.loop.Now()
	fields := *in
	fields.ClientToken = nil
	request := canonical("UpdateSchedule", fields)
	arn := s.arn(id(in.GroupName, in.Name))
	seen, err := s.tokens.seen(in.ClientToken, request, now)
	switch {
	case err != nil:
		return nil, err
	case seen:
		return &scheduler.UpdateScheduleOutput{ScheduleArn: &arn}, nil
	}
	due, err := s.check(&fields)
	if err != nil {
		return nil, err
	}
	sch, err := s.find(in.GroupName, in.Name)
	if err != nil {
		return nil, err
	}
	s.set(sch, &fields, due)
	s.tokens.add(in.ClientToken, request, now)
	return &scheduler.UpdateScheduleOutput{ScheduleArn: &arn}, nil
}

// set gives a schedule its fields, with AWS's defaults, and starts its clock.
func (s *Service) set(sch *schedule, in *scheduler.UpdateScheduleInput, due time.Time) {
	if in.State == "" {
		in.State = types.ScheduleStateEnabled
	}
	if in.ActionAfterCompletion == "" {
		in.ActionAfterCompletion = types.ActionAfterCompletionNone
	}
	if in.ScheduleExpressionTimezone == nil {
		in.ScheduleExpressionTimezone = aws.String("UTC")
	}
	sch.in, sch.due, sch.modified = in, due, s.loop.Now()
	sch.timer.Stop()
	if in.State == types.ScheduleStateEnabled {
		sch.timer = s.loop.Due(due, fired{s, sch})
	}
}

// check refuses what AWS would refuse and what is not emulated, and gives the
// time the schedule is due.
func (s *Service) check(in *scheduler.UpdateScheduleInput) (time.Time, error) {
	if err := s.checkGroup(in.GroupName); err != nil {
		return time.Time{}, err
	}
	if in.KmsKeyArn != nil {
		return time.Time{}, notEmulated("KmsKeyArn")
	}
	window := in.FlexibleTimeWindow
	switch flexible := window.Mode == types.FlexibleTimeWindowModeFlexible; {
	case flexible && window.MaximumWindowInMinutes == nil:
		return time.Time{}, invalid("MaximumWindowInMinutes must be specified when FlexibleTimeWindow mode is FLEXIBLE.")
	case !flexible && window.MaximumWindowInMinutes != nil:
		return time.Time{}, invalid("MaximumWindowInMinutes must not be specified when FlexibleTimeWindow mode is OFF.")
	}
	if err := checkTarget(in.Target); err != nil {
		return time.Time{}, err
	}
	due, err := parseExpression(*in.ScheduleExpression, aws.ToString(in.ScheduleExpressionTimezone))
	if err != nil {
		return time.Time{}, err
	}
	// Within the precision of a minute it is now.
	if s.loop.Now().Sub(due) > time.Minute {
		return time.Time{}, notEmulated("A time that has passed, " + *in.ScheduleExpression + ",")
	}
	return due, nil
}

func checkTarget(t *types.Target) error {
	switch {
	case t.EcsParameters != nil:
		return notEmulated("EcsParameters")
	case t.EventBridgeParameters != nil:
		return notEmulated("EventBridgeParameters")
	case t.KinesisParameters != nil:
		return notEmulated("KinesisParameters")
	case t.SageMakerPipelineParameters != nil:
		return notEmulated("SageMakerPipelineParameters")
	case t.SqsParameters != nil:
		return notEmulated("SqsParameters")
	case !strings.HasPrefix(*t.Arn, "arn:"):
		return invalid("Provided Arn is not in correct format.")
	}
	return nil
}

func (s *Service) find(group, name *string) (*schedule, error) {
	if err := s.checkGroup(group); err != nil {
		return nil, err
	}
	sch, ok := s.schedules[id(group, name)]
	if !ok {
		return nil, notFound("Schedule %s does not exist.", *name)
	}
	return sch, nil
}

func (s *Service) getSchedule(_ *wire.Call, in *scheduler.GetScheduleInput) (*scheduler.GetScheduleOutput, error) {
	sch, err := s.find(in.GroupName, in.Name)
	if err != nil {
		return nil, err
	}
	f := sch.in
	return &scheduler.GetScheduleOutput{
		Arn: &sch.arn, Name: f.Name, GroupName: aws.String(groupName(f.GroupName)), Description: f.Description, State: f.State,
		ScheduleExpression: f.ScheduleExpression, ScheduleExpressionTimezone: f.ScheduleExpressionTimezone,
		FlexibleTimeWindow: f.FlexibleTimeWindow, ActionAfterCompletion: f.ActionAfterCompletion, Target: withRetries(f.Target),
		StartDate: f.StartDate, EndDate: f.EndDate, CreationDate: &sch.created, LastModificationDate: &sch.modified,
	}, nil
}

// withRetries is a target with the retry policy that holds for it.
func withRetries(t *types.Target) *types.Target {
	attempts, age := retries(t)
	shown := *t
	shown.RetryPolicy = &types.RetryPolicy{MaximumRetryAttempts: &attempts, MaximumEventAgeInSeconds: &age}
	return &shown
}

func (s *Service) listSchedules(_ *wire.Call, in *scheduler.ListSchedulesInput) (*scheduler.ListSchedulesOutput, error) {
	if err := s.checkGroup(in.GroupName); err != nil {
		return nil, err
	}
	limit := 100
	if in.MaxResults != nil {
		limit = int(*in.MaxResults)
	}
	out := &scheduler.ListSchedulesOutput{Schedules: []types.ScheduleSummary{}}
	for _, id := range slices.Sorted(maps.Keys(s.schedules)) {
		sch := s.schedules[id]
		if id < aws.ToString(in.NextToken) || !listed(in, sch) {
			continue
		}
		if len(out.Schedules) == limit {
			out.NextToken = aws.String(id)
			break
		}
		out.Schedules = append(out.Schedules, types.ScheduleSummary{
			Arn: &sch.arn, Name: sch.in.Name, GroupName: aws.String(groupName(sch.in.GroupName)), State: sch.in.State,
			CreationDate: &sch.created, LastModificationDate: &sch.modified, Target: &types.TargetSummary{Arn: sch.in.Target.Arn},
		})
	}
	return out, nil
}

func listed(in *scheduler.ListSchedulesInput, sch *schedule) bool {
	return strings.HasPrefix(*sch.in.Name, aws.ToString(in.NamePrefix)) &&
		(in.GroupName == nil || *in.GroupName == groupName(sch.in.GroupName)) && (in.State == "" || in.State == sch.in.State)
}

func (s *Service) deleteSchedule(_ *wire.Call, in *scheduler.DeleteScheduleInput) (*scheduler.DeleteScheduleOutput, error) {
	now := s.loop.Now()
	withoutToken := *in
	withoutToken.ClientToken = nil
	request := canonical("DeleteSchedule", withoutToken)
	seen, err := s.tokens.seen(in.ClientToken, request, now)
	switch {
	case err != nil:
		return nil, err
	case seen:
		return &scheduler.DeleteScheduleOutput{}, nil
	}
	sch, err := s.find(in.GroupName, in.Name)
	if err != nil {
		return nil, err
	}
	sch.timer.Stop()
	delete(s.schedules, id(in.GroupName, in.Name))
	s.tokens.add(in.ClientToken, request, now)
	return &scheduler.DeleteScheduleOutput{}, nil
}
