package logs

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Limits of a batch and of a page.
// AWS: CloudWatch Logs API Reference, PutLogEvents and FilterLogEvents.
const (
	overhead  = 26 // bytes that an event counts beside its message
	maxBatch  = 1_048_576
	maxSpan   = 24 * time.Hour
	oldest    = 14 * 24 * time.Hour
	newest    = 2 * time.Hour
	perSearch = 10_000
	maxSearch = 1024 * 1024
)

// putLogEvents keeps what is neither too old nor too new, and says what it left out.
// Sequence tokens are ignored, as AWS does.
// AWS: CloudWatch Logs API Reference, PutLogEvents.
func (s *Service) putLogEvents(_ *wire.Call, in *cloudwatchlogs.PutLogEventsInput) (*cloudwatchlogs.PutLogEventsOutput, error) {
	g, err := s.find(in.LogGroupName, nil)
	if err != nil {
		return nil, err
	}
	st := g.streams[*in.LogStreamName]
	if st == nil {
		return nil, notFound("The specified log stream does not exist.")
	}
	if err := checkBatch(in.LogEvents); err != nil {
		return nil, err
	}
	out := &cloudwatchlogs.PutLogEventsOutput{}
	from, to, rejected := s.accepted(g, in.LogEvents)
	out.RejectedLogEventsInfo = rejected
	for _, e := range in.LogEvents[from:to] {
		s.put(g, st, time.UnixMilli(*e.Timestamp), *e.Message)
	}
	return out, nil
}

func checkBatch(events []types.InputLogEvent) error {
	size := 0
	for _, e := range events {
		size += len(*e.Message) + overhead
	}
	first, last := *events[0].Timestamp, *events[len(events)-1].Timestamp
	switch {
	case size > maxBatch:
		return invalid("Upload too large: " + strconv.Itoa(size) + " bytes exceeds limit of " + strconv.Itoa(maxBatch))
	case !slices.IsSortedFunc(events, func(a, b types.InputLogEvent) int { return cmp.Compare(*a.Timestamp, *b.Timestamp) }):
		return invalid("Log events in a single PutLogEvents request must be in chronological order.")
	case last-first > maxSpan.Milliseconds():
		return invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
	}
	return nil
}

// accepted are the bounds of the events that are taken.
func (s *Service) accepted(g *group, events []types.InputLogEvent) (from, to int, rejected *types.RejectedLogEventsInfo) {
	now, count := s.loop.Now(), len(events)
	firstAfter := func(t time.Time) int {
		i := 0
		for i < count && *events[i].Timestamp < t.UnixMilli() {
			i++
		}
		return i
	}
	info := types.RejectedLogEventsInfo{}
	if to = firstAfter(now.Add(newest + time.Millisecond)); to < count {
		info.TooNewLogEventStartIndex = aws.Int32(int32(to)) //nolint:gosec // at most 10,000
	}
	if from = firstAfter(now.Add(-oldest)); from > 0 {
		info.TooOldLogEventEndIndex = aws.Int32(int32(from)) //nolint:gosec // at most 10,000
	}
	if g.days != nil {
		if expired := firstAfter(now.AddDate(0, 0, -int(*g.days))); expired > 0 {
			info.ExpiredLogEventEndIndex = aws.Int32(int32(expired)) //nolint:gosec // at most 10,000
			from = max(from, expired)
		}
	}
	if from == 0 && to == count {
		return from, to, nil
	}
	return min(from, to), to, &info
}

// filterLogEvents finds events by time. A token is the time and number of the next one.
// AWS: CloudWatch Logs API Reference, FilterLogEvents.
func (s *Service) filterLogEvents(_ *wire.Call, in *cloudwatchlogs.FilterLogEventsInput) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	g, err := s.find(in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	wants, err := s.search(g, in)
	if err != nil {
		return nil, err
	}
	out, size, limit := &cloudwatchlogs.FilterLogEventsOutput{}, 0, int(cmp.Or(aws.ToInt32(in.Limit), perSearch))
	for _, e := range g.events {
		if !wants(e) {
			continue
		}
		size += len(e.message) + overhead
		if len(out.Events) == limit || len(out.Events) > 0 && size > maxSearch {
			out.NextToken = aws.String(tokenOf(e))
			break
		}
		out.Events = append(out.Events, types.FilteredLogEvent{
			EventId: aws.String(fmt.Sprintf("%056d", e.number)), LogStreamName: &e.stream.name, Message: &e.message,
			Timestamp: millis(e.at), IngestionTime: millis(e.took),
		})
	}
	return out, nil
}

// search is what an event has to be to be found.
func (s *Service) search(g *group, in *cloudwatchlogs.FilterLogEventsInput) (func(event) bool, error) {
	if len(in.LogStreamNames) > 0 && in.LogStreamNamePrefix != nil {
		return nil, invalid("Only one of logStreamNames and logStreamNamePrefix may be specified.")
	}
	for _, name := range in.LogStreamNames {
		if g.streams[name] == nil {
			return nil, notFound("The specified log stream does not exist.")
		}
	}
	if in.StartTime != nil && in.EndTime != nil && *in.StartTime > *in.EndTime {
		return nil, invalid("StartTime must be less than or equal to EndTime.") // the words are ours
	}
	matches, err := pattern(aws.ToString(in.FilterPattern))
	if err != nil {
		return nil, err
	}
	at, number, err := readToken(in.NextToken)
	if err != nil {
		return nil, err
	}
	return func(e event) bool {
		t := e.at.UnixMilli()
		switch {
		case t < at || t == at && e.number < number, t < aws.ToInt64(in.StartTime), in.EndTime != nil && t > *in.EndTime:
			return false
		case len(in.LogStreamNames) > 0 && !slices.Contains(in.LogStreamNames, e.stream.name):
			return false
		}
		return strings.HasPrefix(e.stream.name, aws.ToString(in.LogStreamNamePrefix)) && s.keeps(g, e) && matches(e.message)
	}, nil
}

// keeps reports whether an event's retention is not over.
func (s *Service) keeps(g *group, e event) bool {
	return g.days == nil || !e.at.Before(s.loop.Now().AddDate(0, 0, -int(*g.days)))
}

func tokenOf(e event) string { return fmt.Sprintf("%d-%d", e.at.UnixMilli(), e.number) }

func readToken(token *string) (at, number int64, err error) {
	if token == nil {
		return 0, 0, nil
	}
	first, second, _ := strings.Cut(*token, "-")
	at, err = strconv.ParseInt(first, 10, 64)
	if err == nil {
		number, err = strconv.ParseInt(second, 10, 64)
	}
	if err != nil {
		return 0, 0, invalid("The specified nextToken is invalid.")
	}
	return at, number, nil
}
