package dynamodb

import (
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/attribute"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// tooOldToExpire is how far in the past an expiry may lie (AWS: DynamoDB
// Developer Guide, TTL): an older one is taken for a mistake and never deleted.
const tooOldToExpire = 5 * 365 * 24 * time.Hour

// expiry is a table's time to live and the items that wait for their end.
// An item stays readable until it is deleted, which is expiryLag after the time
// it names.
type expiry struct {
	attribute string
	status    types.TimeToLiveStatus
	changed   time.Time
	waiting   map[string]*loop.Timer // by identity
}

func (e *expiry) schedule(t *table, id string, item attribute.Item) {
	e.forget(id)
	if e.status != types.TimeToLiveStatusEnabled {
		return
	}
	at, ok := e.end(item)
	if !ok || t.loop.Now().Sub(at) > tooOldToExpire {
		return
	}
	if now := t.loop.Now(); at.Before(now) {
		at = now
	}
	e.waiting[id] = t.loop.Due(at.Add(expiryLag), ended{t, id})
}

// end is the time that the item names as its end: a number of seconds since 1970.
func (e *expiry) end(item attribute.Item) (time.Time, bool) {
	number, ok := item[e.attribute].(*attribute.Number)
	if !ok {
		return time.Time{}, false
	}
	seconds, err := attribute.ParseNumber(number.Value)
	if err != nil || !seconds.Truncate(0).BigInt().IsInt64() {
		return time.Time{}, false
	}
	return time.Unix(seconds.IntPart(), 0), true
}

func (e *expiry) forget(id string) {
	e.waiting[id].Stop()
	delete(e.waiting, id)
}

// stop forgets all items.
func (e *expiry) stop() {
	for _, timer := range e.waiting {
		timer.Stop()
	}
	e.waiting = map[string]*loop.Timer{}
}

func (s *Service) updateTimeToLive(_ *wire.Call, in *dynamodb.UpdateTimeToLiveInput) (*dynamodb.UpdateTimeToLiveOutput, error) {
	t, err := s.usable(in.TableName)
	if err != nil {
		return nil, err
	}
	e, wanted := &t.expiry, in.TimeToLiveSpecification
	on := e.status == types.TimeToLiveStatusEnabled || e.status == types.TimeToLiveStatusEnabling
	switch {
	case !e.changed.IsZero() && s.loop.Now().Sub(e.changed) < ttlInterval:
		return nil, invalid("Time to live has been modified multiple times within a fixed interval")
	case *wanted.Enabled && on:
		return nil, invalid("TimeToLive is already enabled")
	case !*wanted.Enabled && !on:
		return nil, invalid("TimeToLive is already disabled")
	case !*wanted.Enabled && *wanted.AttributeName != e.attribute:
		return nil, invalid("TimeToLive is active on a different AttributeName: current AttributeName is %s", e.attribute)
	}
	e.changed = s.loop.Now()
	if *wanted.Enabled {
		e.attribute, e.status = *wanted.AttributeName, types.TimeToLiveStatusEnabling
		s.loop.DueIn(enabling, enabled{t})
	} else {
		e.status = types.TimeToLiveStatusDisabled
		e.stop()
	}
	return &dynamodb.UpdateTimeToLiveOutput{TimeToLiveSpecification: wanted}, nil
}

// enableExpiry ends the time of enabling and schedules the items that are there.
func (t *table) enableExpiry() {
	if t.expiry.status != types.TimeToLiveStatusEnabling {
		return
	}
	t.expiry.status = types.TimeToLiveStatusEnabled
	for _, id := range slices.Sorted(maps.Keys(t.items)) {
		t.expiry.schedule(t, id, t.items[id])
	}
}

func (s *Service) describeTimeToLive(_ *wire.Call, in *dynamodb.DescribeTimeToLiveInput) (*dynamodb.DescribeTimeToLiveOutput, error) {
	t, err := s.usable(in.TableName)
	if err != nil {
		return nil, err
	}
	description := &types.TimeToLiveDescription{TimeToLiveStatus: t.expiry.status}
	if t.expiry.status != types.TimeToLiveStatusDisabled {
		description.AttributeName = aws.String(t.expiry.attribute)
	}
	return &dynamodb.DescribeTimeToLiveOutput{TimeToLiveDescription: description}, nil
}
