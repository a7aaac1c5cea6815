package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// SNS publishes notices to topics. The client may be of any Region: a topic is
// called in its own.
type SNS struct {
	Client *sns.Client
}

// message is what a topic's subscribers get, the same for all of them: indented for
// who reads it as e-mail, JSON for programs. It is not a message per protocol: "Message
// attributes are sent only when the message structure is String, not JSON" (AWS: SNS
// Developer Guide, message attributes), and without them no subscription can filter.
type message struct {
	Text string `json:"text"` // for people
	Notice
}

// Deliver publishes a notice to the channel's topic. Its subject is the sentence; its
// attributes app, environment, moment and outcome are for filter policies. On a FIFO
// topic the notices of one environment keep their order, and copies of one notice
// within five minutes are one (AWS: SNS API Reference, Publish).
func (s SNS) Deliver(ctx context.Context, c rollout.Channel, n Notice) error {
	topic, err := arn.Parse(c.SNS)
	if err != nil || topic.Service != "sns" || topic.Region == "" {
		return rollout.Errorf(rollout.KindSpecInvalid, "notify: sns %q is not the ARN of a topic; want arn:aws:sns:REGION:ACCOUNT:NAME", c.SNS)
	}
	body, err := json.MarshalIndent(message{Sentence(n), n}, "", "  ")
	if err != nil {
		return fmt.Errorf("encode a notice of %s: %w", n.Rollout, err)
	}
	in := &sns.PublishInput{
		TopicArn: &c.SNS, Subject: aws.String(subject(n)), Message: aws.String(string(body)), MessageAttributes: attributes(n),
	}
	if strings.HasSuffix(topic.Resource, ".fifo") {
		in.MessageGroupId, in.MessageDeduplicationId = aws.String(n.App+"-"+n.Environment), &n.ID
	}
	_, err = s.Client.Publish(ctx, in, func(o *sns.Options) {
		o.Region, o.Retryer = topic.Region, aws.NopRetryer{}
	})
	if err != nil {
		return refused(err, c.SNS)
	}
	return nil
}

// Exists says whether a topic of that ARN can be seen.
func (s SNS) Exists(ctx context.Context, topic string) error {
	_, err := s.Client.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &topic})
	if awsclient.Is(err, "NotFound") || awsclient.Is(err, "NotFoundException") {
		return rollout.Errorf(rollout.KindNotFound, "there is no topic %s", topic)
	}
	if err != nil {
		return awsclient.Wrap(err, "read topic %s", topic)
	}
	return nil
}

// subject is the sentence as SNS takes subjects: ASCII text of less than 100
// characters, without line breaks or control characters, that begins with a letter,
// a digit or punctuation (AWS: SNS API Reference, Publish).
func subject(n Notice) string {
	const most = 99
	return cut(strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII {
			return '?'
		}
		return r
	}, Sentence(n)), most)
}

// attributes leave out what is empty: SNS takes no empty value.
func attributes(n Notice) map[string]types.MessageAttributeValue {
	all := map[string]types.MessageAttributeValue{}
	for name, value := range map[string]string{
		"app": n.App, "environment": n.Environment, "moment": string(n.Moment), "outcome": string(n.Outcome),
	} {
		if value != "" {
			all[name] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &value}
		}
	}
	return all
}

// refused gives what SNS's own codes mean (AWS: SNS API Reference, Publish, errors).
func refused(err error, topic string) error {
	switch awsclient.Code(err) {
	case "NotFound":
		return rollout.Errorf(rollout.KindNotFound, "publish to topic %s: it does not exist; create it, or take the channel out of the spec: %w", topic, err)
	case "AuthorizationError", "KMSAccessDenied":
		return rollout.Errorf(rollout.KindDenied, "publish to topic %s: Sluice's role may not do this; allow sns:Publish in the topic's policy and, if it is encrypted, the use of its key: %w", topic, err)
	case "Throttled", "KMSThrottling":
		return rollout.Errorf(rollout.KindThrottled, "publish to topic %s: AWS asks for fewer calls: %w", topic, err)
	case "InvalidParameter", "ParameterValueInvalid":
		return rollout.Errorf(rollout.KindRefused, "publish to topic %s: SNS does not take the notice: %w", topic, err)
	}
	return awsclient.Wrap(err, "publish to topic %s", topic)
}
