package eventbridge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/sluice-deploy/sluice/internal/emulator/eventbridge/pattern"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

const (
	// maxEntries is the total size of a PutEvents request's entries (AWS:
	// EventBridge API Reference, PutEvents).
	maxEntries = 256 * 1024
	// maxDetailType is the longest DetailType, in characters (AWS: EventBridge API
	// Reference, PutEventsRequestEntry).
	maxDetailType = 128
	// maxRecent is how many events Recent remembers.
	maxRecent = 1000
)

// Event is an event as rules see it and targets get it.
type Event struct {
	Version    string          `json:"version"`
	ID         string          `json:"id"`
	DetailType string          `json:"detail-type"`
	Source     string          `json:"source"`
	Account    string          `json:"account"`
	Time       string          `json:"time"`
	Region     string          `json:"region"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`

	// Bus is the name of the bus it was put on.
	Bus string `json:"-"`
	// Forwarded: a rule of another bus sent it on to this one.
	Forwarded bool `json:"-"`
}

// JSON is the event as it is delivered.
func (e Event) JSON() []byte {
	body, err := marshal(e)
	if err != nil {
		panic(fmt.Sprintf("eventbridge: an event that was accepted is not JSON: %v", err))
	}
	return body
}

// marshal writes JSON as AWS does, without escaping what HTML escapes.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Recent is the events that were accepted last, the newest last. It must be
// called on the loop.
func (s *Service) Recent() []Event { return slices.Clone(s.recent) }

// Emit puts an AWS service's event on the default bus. The detail is anything
// that encoding/json can write; it panics for anything else.
func (s *Service) Emit(source, detailType string, resources []string, detail any) {
	body, err := marshal(detail)
	if err != nil {
		panic(fmt.Sprintf("eventbridge: the detail of %s from %s is not JSON: %v", detailType, source, err))
	}
	s.accept(s.buses[defaultBus], s.event(defaultBus, types.PutEventsRequestEntry{
		Source: &source, DetailType: &detailType, Resources: resources, Detail: aws.String(string(body)),
	}))
}

// event is the envelope around an entry.
func (s *Service) event(bus string, entry types.PutEventsRequestEntry) Event {
	t := s.loop.Now()
	if entry.Time != nil {
		t = *entry.Time
	}
	resources := entry.Resources
	if resources == nil {
		resources = []string{}
	}
	return Event{
		Version: "0", ID: s.loop.UUID(), DetailType: *entry.DetailType, Source: *entry.Source,
		Account: s.account, Time: t.UTC().Format(time.RFC3339), Region: s.region,
		Resources: resources, Detail: json.RawMessage(*entry.Detail), Bus: bus,
	}
}

// accept remembers an event and starts its deliveries.
func (s *Service) accept(b *bus, e Event) {
	s.recent = append(s.recent, e)
	if len(s.recent) > maxRecent {
		s.recent = slices.Delete(s.recent, 0, len(s.recent)-maxRecent)
	}
	read, err := pattern.Read(e.JSON())
	if err != nil {
		return // its detail is no JSON object, and no pattern matches it
	}
	for _, name := range slices.Sorted(maps.Keys(b.rules)) {
		r := b.rules[name]
		if r.state != types.RuleStateEnabled || !r.pattern.Matches(read) {
			continue
		}
		for _, id := range slices.Sorted(maps.Keys(r.targets)) {
			if e.Forwarded && isBus(r.targets[id]) {
				continue // see forward
			}
			s.send(&delivery{event: e, ruleARN: r.arn, target: r.targets[id], accepted: s.loop.Now()})
		}
	}
}

func (s *Service) putEvents(_ *wire.Call, in *eventbridge.PutEventsInput) (*eventbridge.PutEventsOutput, error) {
	if in.EndpointId != nil {
		return nil, notEmulated("EndpointId")
	}
	total := 0
	for _, entry := range in.Entries {
		total += size(entry)
	}
	if total >= maxEntries {
		return nil, invalid("Total size of the entries in the request is over the limit.")
	}
	out := &eventbridge.PutEventsOutput{}
	for _, entry := range in.Entries {
		if refused := refuse(entry); refused != nil {
			out.FailedEntryCount++
			out.Entries = append(out.Entries, *refused)
			continue
		}
		ref := s.parseBus(entry.EventBusName)
		e := s.event(ref.name, entry)
		// AWS drops what is put on a bus that does not exist, without an error.
		if owner, b := s.locate(ref); b != nil {
			owner.accept(b, e)
		}
		out.Entries = append(out.Entries, types.PutEventsResultEntry{EventId: aws.String(e.ID)})
	}
	return out, nil
}

// size is an entry's size as AWS counts it (EventBridge User Guide, calculating
// PutEvents event entry size).
func size(entry types.PutEventsRequestEntry) int {
	n := len(aws.ToString(entry.Source)) + len(aws.ToString(entry.DetailType)) + len(aws.ToString(entry.Detail))
	if entry.Time != nil {
		n += 14
	}
	for _, r := range entry.Resources {
		n += len(r)
	}
	return n
}

// refuse gives the error that AWS answers an entry with, or nil.
func refuse(entry types.PutEventsRequestEntry) *types.PutEventsResultEntry {
	for _, required := range []struct {
		name  string
		value *string
	}{{"Source", entry.Source}, {"DetailType", entry.DetailType}, {"Detail", entry.Detail}} {
		if aws.ToString(required.value) == "" {
			return refusal("InvalidArgument", "Parameter "+required.name+" is not valid. Reason: "+required.name+" is a required argument.")
		}
	}
	switch {
	case strings.HasPrefix(*entry.Source, "aws."):
		return refusal("NotAuthorizedForSourceException", "Not authorized for the source.")
	case len([]rune(*entry.DetailType)) > maxDetailType:
		return refusal("InvalidArgument", fmt.Sprintf("Parameter DetailType is not valid. Reason: DetailType is longer than %d characters.", maxDetailType))
	}
	var detail map[string]any
	if json.Unmarshal([]byte(*entry.Detail), &detail) != nil || detail == nil {
		return refusal("MalformedDetail", "Detail is malformed.")
	}
	return nil
}

func refusal(code, message string) *types.PutEventsResultEntry {
	return &types.PutEventsResultEntry{ErrorCode: aws.String(code), ErrorMessage: aws.String(message)}
}
