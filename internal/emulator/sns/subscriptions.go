package sns

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

type subscription struct {
	arn, protocol, endpoint string
	raw                     bool
}

// subscribe adds an endpoint to a topic. Within an account that needs no
// confirmation, and doing it again gives the same subscription.
// AWS: SNS API Reference, Subscribe.
func (s *Service) subscribe(_ *wire.Call, in *sns.SubscribeInput) (*sns.SubscribeOutput, error) {
	t, err := s.find(*in.TopicArn)
	if err != nil {
		return nil, err
	}
	sub := &subscription{protocol: *in.Protocol, endpoint: aws.ToString(in.Endpoint)}
	if err := s.checkEndpoint(sub); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(in.Attributes)) {
		if err := sub.set(name, in.Attributes[name]); err != nil {
			return nil, err
		}
	}
	for _, other := range t.subscriptions {
		if other.protocol != sub.protocol || other.endpoint != sub.endpoint {
			continue
		}
		if other.raw != sub.raw {
			return nil, invalid("Attributes Reason: Subscription already exists with different attributes")
		}
		return &sns.SubscribeOutput{SubscriptionArn: &other.arn}, nil
	}
	sub.arn = t.arn + ":" + s.loop.UUID()
	t.subscriptions = append(t.subscriptions, sub)
	return &sns.SubscribeOutput{SubscriptionArn: &sub.arn}, nil
}

// checkEndpoint wants a queue or a function of this account and Region.
func (s *Service) checkEndpoint(sub *subscription) error {
	switch sub.protocol {
	case "sqs":
		if !partition.IsOf(sub.endpoint, "sqs", s.region) {
			return invalid("SQS endpoint ARN")
		}
	case "lambda":
		if !partition.IsOf(sub.endpoint, "lambda", s.region) {
			return invalid("Lambda endpoint ARN")
		}
	case "http", "https", "email", "email-json", "sms", "application", "firehose":
		return invalid("Protocol Reason: " + sub.protocol + " is not emulated, only sqs and lambda")
	default:
		return invalid("Does not support this protocol string: " + sub.protocol)
	}
	if !strings.HasPrefix(sub.endpoint, partition.ARN(sub.protocol, s.region, s.account, "")) {
		return invalid("Endpoint Reason: an endpoint of another account or Region is not emulated")
	}
	return nil
}

// set gives the subscription an attribute.
// AWS: SNS API Reference, Subscribe.
func (sub *subscription) set(name, value string) error {
	switch name {
	case "RawMessageDelivery":
		if value != "true" && value != "false" {
			return invalid("RawMessageDelivery Reason: Invalid value [" + value + "]. Must be true or false.")
		}
		if value == "true" && sub.protocol == "lambda" {
			return invalid("Attributes Reason: Delivery protocol [lambda] does not support raw message delivery.")
		}
		sub.raw = value == "true"
		return nil
	case "FilterPolicy", "FilterPolicyScope", "RedrivePolicy", "DeliveryPolicy", "SubscriptionRoleArn", "ReplayPolicy":
		return invalid("Attributes Reason: " + name + " is not emulated")
	}
	return invalid("AttributeName")
}

// unsubscribe removes a subscription. One that is not there is removed too.
// AWS: SNS API Reference, Unsubscribe.
func (s *Service) unsubscribe(_ *wire.Call, in *sns.UnsubscribeInput) (*sns.UnsubscribeOutput, error) {
	const elements = 7 // a topic's ARN, and an id
	arn := *in.SubscriptionArn
	if n := len(strings.Split(arn, ":")); n < elements-1 {
		return nil, invalid(fmt.Sprintf("SubscriptionArn Reason: An ARN must have at least 6 elements, not %d", n))
	} else if n != elements {
		return nil, invalid("SubscriptionId")
	}
	if t := s.topics[arn[:strings.LastIndex(arn, ":")]]; t != nil {
		before := len(t.subscriptions)
		t.subscriptions = slices.DeleteFunc(t.subscriptions, func(sub *subscription) bool { return sub.arn == arn })
		t.unsubscribed += before - len(t.subscriptions)
	}
	return &sns.UnsubscribeOutput{}, nil
}

func (s *Service) listSubscriptionsByTopic(_ *wire.Call, in *sns.ListSubscriptionsByTopicInput) (*sns.ListSubscriptionsByTopicOutput, error) {
	t, err := s.find(*in.TopicArn)
	if err != nil {
		return nil, err
	}
	byARN := map[string]*subscription{}
	for _, sub := range t.subscriptions {
		byARN[sub.arn] = sub
	}
	arns, next, err := page(slices.Sorted(maps.Keys(byARN)), in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &sns.ListSubscriptionsByTopicOutput{Subscriptions: []types.Subscription{}, NextToken: next}
	for _, arn := range arns {
		sub := byARN[arn]
		out.Subscriptions = append(out.Subscriptions, types.Subscription{
			SubscriptionArn: &sub.arn, TopicArn: &t.arn, Protocol: &sub.protocol, Endpoint: &sub.endpoint, Owner: &s.account,
		})
	}
	return out, nil
}
