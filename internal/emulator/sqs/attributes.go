package sqs

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/sluice-deploy/sluice/internal/emulator/iam/policy"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// settings are a queue's attributes as they are used.
type settings struct {
	visibility, retention, delay, wait time.Duration
	maxSize                            int
	deadLetterARN                      string
	maxReceives                        int
	policy                             *policy.Document // nil if it has none
}

// defaults are AWS's (SQS API Reference, SetQueueAttributes).
func defaults() settings {
	return settings{visibility: 30 * time.Second, retention: 4 * 24 * time.Hour, maxSize: 1 << 20}
}

// differs names an attribute that a queue has with another value, or is "".
func (q *queue) differs(attributes map[string]string) string {
	have := q.settable()
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		if have[name] != attributes[name] {
			return name
		}
	}
	return ""
}

// apply changes all of the attributes or, with an error, none.
func (s *Service) apply(q *queue, attributes map[string]string) error {
	set := q.settings
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		if err := s.applyOne(&set, types.QueueAttributeName(name), attributes[name]); err != nil {
			return err
		}
	}
	q.settings = set
	maps.Copy(q.attributes, attributes)
	q.modified = s.loop.Now()
	return nil
}

func (s *Service) applyOne(set *settings, name types.QueueAttributeName, value string) error {
	seconds := func(field *time.Duration, low, high int) error {
		n, err := integer(name, value, low, high)
		*field = time.Duration(n) * time.Second
		return err
	}
	switch name { // what is not here is refused by name
	case types.QueueAttributeNameVisibilityTimeout:
		return seconds(&set.visibility, 0, 43200)
	case types.QueueAttributeNameMessageRetentionPeriod:
		return seconds(&set.retention, 60, 1209600)
	case types.QueueAttributeNameDelaySeconds:
		return seconds(&set.delay, 0, 900)
	case types.QueueAttributeNameReceiveMessageWaitTimeSeconds:
		return seconds(&set.wait, 0, 20)
	case types.QueueAttributeNameMaximumMessageSize:
		n, err := integer(name, value, 1024, 1<<20)
		set.maxSize = n
		return err
	case types.QueueAttributeNameRedrivePolicy:
		return s.redrive(set, value)
	case types.QueueAttributeNamePolicy:
		set.policy = nil
		if value == "" {
			return nil
		}
		var err error
		if set.policy, err = policy.Parse(value, policy.Resource); err != nil {
			return invalidValue("Value %s for parameter Policy is invalid. Reason: %s", value, err)
		}
		return nil
	case types.QueueAttributeNameSqsManagedSseEnabled:
		if value != "true" && value != "false" {
			return invalidAttribute(name)
		}
		return nil
	case types.QueueAttributeNameFifoQueue, types.QueueAttributeNameContentBasedDeduplication,
		types.QueueAttributeNameKmsMasterKeyId, types.QueueAttributeNameKmsDataKeyReusePeriodSeconds,
		types.QueueAttributeNameDeduplicationScope, types.QueueAttributeNameFifoThroughputLimit,
		types.QueueAttributeNameRedriveAllowPolicy:
		return notEmulated("The attribute " + string(name))
	}
	return &types.InvalidAttributeName{Message: aws.String("Unknown Attribute " + string(name) + ".")}
}

func invalidAttribute(name types.QueueAttributeName) error {
	return &types.InvalidAttributeValue{Message: aws.String("Invalid value for the parameter " + string(name) + ".")}
}

func integer(name types.QueueAttributeName, value string, low, high int) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil || n < low || n > high {
		return 0, invalidAttribute(name)
	}
	return n, nil
}

func (s *Service) redrive(set *settings, value string) error {
	if value == "" {
		set.deadLetterARN, set.maxReceives = "", 0
		return nil
	}
	var policy struct {
		Target string `json:"deadLetterTargetArn"`
		// Max is a number or a string of one.
		Max any `json:"maxReceiveCount"`
	}
	if err := json.Unmarshal([]byte(value), &policy); err != nil {
		return invalidAttribute(types.QueueAttributeNameRedrivePolicy)
	}
	receives := 10
	switch v := policy.Max.(type) {
	case nil:
	case float64:
		receives = int(v)
	case string:
		receives, _ = strconv.Atoi(v)
	}
	if receives < 1 || receives > 1000 {
		return invalidValue("Value %s for parameter RedrivePolicy is invalid. Reason: Invalid value for maxReceiveCount: %v, valid values are from 1 to 1000 both inclusive.", value, policy.Max)
	}
	if s.byARN(policy.Target) == nil {
		return invalidValue("Value %s for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.", value)
	}
	set.deadLetterARN, set.maxReceives = policy.Target, receives
	return nil
}

func (s *Service) setQueueAttributes(_ *wire.Call, in *sqs.SetQueueAttributesInput) (*sqs.SetQueueAttributesOutput, error) {
	q, err := s.byURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	return &sqs.SetQueueAttributesOutput{}, s.apply(q, in.Attributes)
}

func (s *Service) getQueueAttributes(_ *wire.Call, in *sqs.GetQueueAttributesInput) (*sqs.GetQueueAttributesOutput, error) {
	q, err := s.byURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	have := s.describe(q)
	if slices.Contains(in.AttributeNames, types.QueueAttributeNameAll) {
		return &sqs.GetQueueAttributesOutput{Attributes: have}, nil
	}
	out := map[string]string{}
	for _, name := range in.AttributeNames {
		if value, ok := have[string(name)]; ok {
			out[string(name)] = value
		}
	}
	return &sqs.GetQueueAttributesOutput{Attributes: out}, nil
}

// settable is what CreateQueue and SetQueueAttributes set, with defaults.
func (q *queue) settable() map[string]string {
	seconds := func(d time.Duration) string { return strconv.Itoa(int(d.Seconds())) }
	out := map[string]string{
		"VisibilityTimeout":             seconds(q.settings.visibility),
		"MessageRetentionPeriod":        seconds(q.settings.retention),
		"DelaySeconds":                  seconds(q.settings.delay),
		"ReceiveMessageWaitTimeSeconds": seconds(q.settings.wait),
		"MaximumMessageSize":            strconv.Itoa(q.settings.maxSize),
		"SqsManagedSseEnabled":          "true",
	}
	for _, name := range []string{"Policy", "RedrivePolicy", "SqsManagedSseEnabled"} {
		if value := q.attributes[name]; value != "" {
			out[name] = value
		}
	}
	return out
}

func (s *Service) describe(q *queue) map[string]string {
	now := s.loop.Now()
	q.expire(now)
	visible, delayed, inFlight := 0, 0, 0
	for _, m := range q.messages {
		switch {
		case !m.visible.After(now):
			visible++
		case m.receives == 0:
			delayed++
		default:
			inFlight++
		}
	}
	out := q.settable()
	out["QueueArn"] = q.arn
	out["CreatedTimestamp"] = strconv.FormatInt(q.created.Unix(), 10)
	out["LastModifiedTimestamp"] = strconv.FormatInt(q.modified.Unix(), 10)
	out["ApproximateNumberOfMessages"] = strconv.Itoa(visible)
	out["ApproximateNumberOfMessagesDelayed"] = strconv.Itoa(delayed)
	out["ApproximateNumberOfMessagesNotVisible"] = strconv.Itoa(inFlight)
	return out
}
