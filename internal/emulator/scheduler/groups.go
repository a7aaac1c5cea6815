package scheduler

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"

	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// defaultGroup is there from the beginning and cannot be deleted (AWS: EventBridge
// Scheduler User Guide, Managing a schedule group).
const defaultGroup = "default"

type group struct {
	name, arn string
	created   time.Time
}

func groupName(name *string) string {
	if name == nil {
		return defaultGroup
	}
	return *name
}

func (s *Service) addGroup(name string) *group {
	g := &group{
		name: name, created: s.loop.Now(),
		arn: partition.ARN("scheduler", s.region, s.account, "schedule-group/"+name),
	}
	s.groups[name] = g
	return g
}

func (s *Service) checkGroup(name *string) error {
	if name == nil {
		return nil
	}
	_, err := s.findGroup(*name)
	return err
}

func (s *Service) findGroup(name string) (*group, error) {
	g, ok := s.groups[name]
	if !ok {
		return nil, notFound("Schedule group %s does not exist.", name)
	}
	return g, nil
}

func (s *Service) createScheduleGroup(_ *wire.Call, in *scheduler.CreateScheduleGroupInput) (*scheduler.CreateScheduleGroupOutput, error) {
	now := s.loop.Now()
	withoutToken := *in
	withoutToken.ClientToken = nil
	request := canonical("CreateScheduleGroup", withoutToken)
	seen, err := s.tokens.seen(in.ClientToken, request, now)
	g, exists := s.groups[*in.Name]
	switch {
	case err != nil:
		return nil, err
	case len(in.Tags) > 0:
		return nil, notEmulated("Tags")
	case seen && exists:
		return &scheduler.CreateScheduleGroupOutput{ScheduleGroupArn: &g.arn}, nil
	case exists:
		return nil, conflict("Schedule group %s already exists.", *in.Name)
	}
	g = s.addGroup(*in.Name)
	s.tokens.add(in.ClientToken, request, now)
	return &scheduler.CreateScheduleGroupOutput{ScheduleGroupArn: &g.arn}, nil
}

func (s *Service) getScheduleGroup(_ *wire.Call, in *scheduler.GetScheduleGroupInput) (*scheduler.GetScheduleGroupOutput, error) {
	g, err := s.findGroup(*in.Name)
	if err != nil {
		return nil, err
	}
	return &scheduler.GetScheduleGroupOutput{
		Arn: &g.arn, Name: &g.name, State: types.ScheduleGroupStateActive, CreationDate: &g.created, LastModificationDate: &g.created,
	}, nil
}

func (s *Service) listScheduleGroups(_ *wire.Call, in *scheduler.ListScheduleGroupsInput) (*scheduler.ListScheduleGroupsOutput, error) {
	limit := 100
	if in.MaxResults != nil {
		limit = int(*in.MaxResults)
	}
	out := &scheduler.ListScheduleGroupsOutput{ScheduleGroups: []types.ScheduleGroupSummary{}}
	for _, name := range slices.Sorted(maps.Keys(s.groups)) {
		if name < aws.ToString(in.NextToken) || !strings.HasPrefix(name, aws.ToString(in.NamePrefix)) {
			continue
		}
		if len(out.ScheduleGroups) == limit {
			out.NextToken = aws.String(name)
			break
		}
		g := s.groups[name]
		out.ScheduleGroups = append(out.ScheduleGroups, types.ScheduleGroupSummary{
			Arn: &g.arn, Name: &g.name, State: types.ScheduleGroupStateActive, CreationDate: &g.created, LastModificationDate: &g.created,
		})
	}
	return out, nil
}

// deleteScheduleGroup deletes a group with its schedules, at once; on AWS it is
// DELETING for a while first.
func (s *Service) deleteScheduleGroup(_ *wire.Call, in *scheduler.DeleteScheduleGroupInput) (*scheduler.DeleteScheduleGroupOutput, error) {
	if *in.Name == defaultGroup {
		return nil, invalid("The default schedule group cannot be deleted.")
	}
	if _, err := s.findGroup(*in.Name); err != nil {
		return nil, err
	}
	for id, sch := range s.schedules {
		if groupName(sch.in.GroupName) == *in.Name {
			sch.timer.Stop()
			delete(s.schedules, id)
		}
	}
	delete(s.groups, *in.Name)
	return &scheduler.DeleteScheduleGroupOutput{}, nil
}
