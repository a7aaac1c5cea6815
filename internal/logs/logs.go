// Package logs reads lines from CloudWatch Logs: those of Sluice's functions, and those of
// an app's tasks.
package logs

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Source is where lines are.
type Source struct {
	From    string // who wrote them: Sluice, or a container
	Region  string // "" is the reader's
	Group   string
	Prefix  string // of the streams' names; "" is all
	Pattern string // of the lines; "" is all
	Creates bool   // tasks make the group if there is none
}

// Sluice is the From of Sluice's own lines.
const Sluice = "sluice"

// OfRollout are Sluice's own lines of a rollout, in its log group in a Region. They are
// JSON; in GovCloud, where Lambda writes none, they are text.
func OfRollout(group, region, name string) Source {
	pattern := fmt.Sprintf("{ $.rollout = %q }", name)
	if strings.HasPrefix(region, "us-gov-") {
		pattern = fmt.Sprintf("%q", " rollout="+name+" ")
	}
	return Source{From: Sluice, Region: region, Group: group, Pattern: pattern}
}

// OfTasks are the lines of the tasks of a task definition, and the containers of which none
// are in CloudWatch Logs.
// AWS: ECS Developer Guide, Send Amazon ECS logs to CloudWatch: streams are named
// prefix/container/task.
func OfTasks(td *types.TaskDefinition) (sources []Source, elsewhere []string) {
	for _, c := range td.ContainerDefinitions {
		name := aws.ToString(c.Name)
		if c.LogConfiguration == nil || c.LogConfiguration.LogDriver != types.LogDriverAwslogs {
			elsewhere = append(elsewhere, name)
			continue
		}
		o := c.LogConfiguration.Options
		s := Source{From: name, Region: o["awslogs-region"], Group: o["awslogs-group"], Creates: o["awslogs-create-group"] == "true"}
		if prefix := o["awslogs-stream-prefix"]; prefix != "" {
			s.Prefix = prefix + "/" + name + "/"
		}
		sources = append(sources, s)
	}
	return sources, elsewhere
}

// Line is a line that was found.
type Line struct {
	At   time.Time `json:"at"`
	From string    `json:"from"`
	Task string    `json:"task,omitempty"` // of a container: the end of its stream's name
	Text string    `json:"text"`
	ID   string    `json:"id"` // no other line of its source has it
}

// Reader reads lines.
type Reader struct{ Logs *cloudwatchlogs.Client }

// Lines are the lines of a source between two moments, in the order of time, page by page
// as they are asked for. NotFound if there is no such group.
func (r Reader) Lines(ctx context.Context, s Source, from, to time.Time) iter.Seq2[Line, error] {
	in := &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: &s.Group, StartTime: aws.Int64(from.UnixMilli()), EndTime: aws.Int64(to.UnixMilli()),
	}
	if s.Prefix != "" {
		in.LogStreamNamePrefix = &s.Prefix
	}
	if s.Pattern != "" {
		in.FilterPattern = &s.Pattern
	}
	return func(yield func(Line, error) bool) {
		pages := cloudwatchlogs.NewFilterLogEventsPaginator(r.Logs, in)
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx, inRegion(s))
			if err != nil {
				yield(Line{}, s.meaning(err))
				return
			}
			for _, e := range page.Events {
				line := Line{
					At: time.UnixMilli(aws.ToInt64(e.Timestamp)).UTC(), From: s.From, Text: strings.TrimRight(aws.ToString(e.Message), "\r\n"), ID: aws.ToString(e.EventId),
				}
				if s.From != Sluice {
					stream := aws.ToString(e.LogStreamName)
					line.Task = stream[strings.LastIndexByte(stream, '/')+1:]
				}
				if !yield(line, nil) {
					return
				}
			}
		}
	}
}

func inRegion(s Source) func(*cloudwatchlogs.Options) {
	return func(o *cloudwatchlogs.Options) { o.Region = cmp.Or(s.Region, o.Region) }
}

func (s Source) meaning(err error) error {
	if awsclient.Is(err, "ResourceNotFoundException") {
		return s.missing()
	}
	return awsclient.Wrap(err, "read log group %s", s.Group)
}

// missing says that there is no such group, and what to do.
func (s Source) missing() error {
	if s.From == Sluice {
		return rollout.Errorf(rollout.KindNotFound, "there is no log group %s, which Sluice's stack makes: install Sluice again with make deploy", s.Group)
	}
	return rollout.Errorf(rollout.KindNotFound, "there is no log group %s%s, which container %s writes to: make it, or set awslogs-create-group of the task definition",
		s.Group, s.where(), s.From)
}

func (s Source) where() string {
	if s.Region == "" {
		return ""
	}
	return " in " + s.Region
}

// Check wants the source's group to be there. NotFound if it is not.
func (r Reader) Check(ctx context.Context, s Source) error {
	pages := cloudwatchlogs.NewDescribeLogGroupsPaginator(r.Logs, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &s.Group})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx, inRegion(s))
		if err != nil {
			return awsclient.Wrap(err, "look for log group %s", s.Group)
		}
		for _, g := range page.LogGroups {
			if aws.ToString(g.LogGroupName) == s.Group {
				return nil
			}
		}
	}
	return s.missing()
}
