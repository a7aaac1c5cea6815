package sns

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/sluice-deploy/sluice/internal/emulator/iam/policy"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

var topicName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)

type topic struct {
	name, arn     string
	attributes    map[string]string // as they were set
	tags          map[string]string
	subscriptions []*subscription // in the order in which they came
	unsubscribed  int
	policy        *policy.Document // nil while it is its owner's
}

// createTopic gives the topic of that name, which it makes if there is none.
// AWS: SNS API Reference, CreateTopic.
func (s *Service) createTopic(_ *wire.Call, in *sns.CreateTopicInput) (*sns.CreateTopicOutput, error) {
	name := *in.Name
	switch {
	case strings.HasSuffix(name, ".fifo") || in.Attributes["FifoTopic"] == "true":
		return nil, invalid("Attributes Reason: a FIFO topic is not emulated")
	case !topicName.MatchString(name):
		return nil, invalid("Topic Name")
	case in.DataProtectionPolicy != nil:
		return nil, invalid("DataProtectionPolicy Reason: it is not emulated")
	}
	tags := map[string]string{}
	for _, tag := range in.Tags {
		tags[*tag.Key] = *tag.Value
	}
	arn := s.arn(name)
	if t := s.topics[arn]; t != nil {
		return &sns.CreateTopicOutput{TopicArn: &t.arn}, t.same(in.Attributes, in.Tags, tags)
	}
	t := &topic{name: name, arn: arn, attributes: map[string]string{}, tags: tags}
	for _, attribute := range slices.Sorted(maps.Keys(in.Attributes)) {
		if err := t.set(attribute, in.Attributes[attribute]); err != nil {
			return nil, err
		}
	}
	s.topics[arn] = t
	return &sns.CreateTopicOutput{TopicArn: &arn}, nil
}

// same refuses to create a topic again with other attributes or tags.
func (t *topic) same(attributes map[string]string, given []types.Tag, tags map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		if t.attributes[name] != attributes[name] {
			return invalid("Attributes Reason: Topic already exists with different attributes")
		}
	}
	if len(given) > 0 && !maps.Equal(t.tags, tags) {
		return invalid("Tags Reason: Topic already exists with different tags")
	}
	return nil
}

// set changes one attribute.
// AWS: SNS API Reference, SetTopicAttributes.
func (t *topic) set(name, value string) error {
	const longestDisplayName = 100
	switch name {
	case "DisplayName":
		if len(value) > longestDisplayName {
			return invalid("DisplayName")
		}
	case "Policy":
		parsed, err := policy.Parse(value, policy.Resource)
		if err != nil {
			return invalid("Policy Error: " + err.Error())
		}
		t.policy = parsed
	case "FifoTopic": // false, or it would have been refused
		if value != "false" {
			return invalid("Attributes Reason: FifoTopic is true or false")
		}
		return nil
	case "DeliveryPolicy", "KmsMasterKeyId", "SignatureVersion", "TracingConfig", "ArchivePolicy", "ContentBasedDeduplication",
		"FifoThroughputScope", "DataProtectionPolicy":
		return invalid("Attributes Reason: " + name + " is not emulated")
	default:
		if strings.HasSuffix(name, "FeedbackRoleArn") || strings.HasSuffix(name, "FeedbackSampleRate") {
			return invalid("Attributes Reason: " + name + " is not emulated")
		}
		return invalid("AttributeName")
	}
	t.attributes[name] = value
	return nil
}

// Policy is the policy that was set for the topic with this ARN; nil if there is none.
func (s *Service) Policy(arn string) *policy.Document {
	if t := s.topics[arn]; t != nil {
		return t.policy
	}
	return nil
}

// find looks a topic up by its ARN.
func (s *Service) find(arn string) (*topic, error) {
	if err := checkTopicARN(arn); err != nil {
		return nil, err
	}
	if t := s.topics[arn]; t != nil {
		return t, nil
	}
	return nil, &types.NotFoundException{Message: aws.String("Topic does not exist")}
}

func checkTopicARN(arn string) error {
	const elements = 6 // arn:partition:sns:region:account:name
	parts := strings.Split(arn, ":")
	switch {
	case len(parts) < elements:
		return invalid(fmt.Sprintf("TopicArn Reason: An ARN must have at least 6 elements, not %d", len(parts)))
	case parts[0] != "arn" || parts[2] != "sns" || len(parts) > elements:
		return invalid("TopicArn")
	}
	return nil
}

// deleteTopic deletes the topic and its subscriptions. One that is not there is
// deleted too.
// AWS: SNS API Reference, DeleteTopic.
func (s *Service) deleteTopic(_ *wire.Call, in *sns.DeleteTopicInput) (*sns.DeleteTopicOutput, error) {
	if err := checkTopicARN(*in.TopicArn); err != nil {
		return nil, err
	}
	delete(s.topics, *in.TopicArn)
	return &sns.DeleteTopicOutput{}, nil
}

func (s *Service) listTopics(_ *wire.Call, in *sns.ListTopicsInput) (*sns.ListTopicsOutput, error) {
	arns, next, err := page(slices.Sorted(maps.Keys(s.topics)), in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &sns.ListTopicsOutput{Topics: []types.Topic{}, NextToken: next}
	for _, arn := range arns {
		out.Topics = append(out.Topics, types.Topic{TopicArn: &arn})
	}
	return out, nil
}

// getTopicAttributes gives what was set and what SNS says of the topic.
// AWS: SNS API Reference, GetTopicAttributes.
func (s *Service) getTopicAttributes(_ *wire.Call, in *sns.GetTopicAttributesInput) (*sns.GetTopicAttributesOutput, error) {
	t, err := s.find(*in.TopicArn)
	if err != nil {
		return nil, err
	}
	attributes := map[string]string{
		"TopicArn": t.arn, "Owner": s.account, "DisplayName": "", "Policy": s.ownersPolicy(t),
		"SubscriptionsConfirmed": strconv.Itoa(len(t.subscriptions)), "SubscriptionsPending": "0",
		"SubscriptionsDeleted": strconv.Itoa(t.unsubscribed),
	}
	maps.Copy(attributes, t.attributes)
	return &sns.GetTopicAttributesOutput{Attributes: attributes}, nil
}

// ownersPolicy is what a topic has until another is set: its account may do
// everything.
// AWS: SNS Developer Guide, Overview of managing access in Amazon SNS.
func (s *Service) ownersPolicy(t *topic) string {
	actions := `"SNS:GetTopicAttributes","SNS:SetTopicAttributes","SNS:AddPermission","SNS:RemovePermission","SNS:DeleteTopic",` +
		`"SNS:Subscribe","SNS:ListSubscriptionsByTopic","SNS:Publish"`
	return `{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":"__default_statement_ID","Effect":"Allow",` +
		`"Principal":{"AWS":"*"},"Action":[` + actions + `],"Resource":"` + t.arn + `",` +
		`"Condition":{"StringEquals":{"AWS:SourceOwner":"` + s.account + `"}}}]}`
}

func (s *Service) setTopicAttributes(_ *wire.Call, in *sns.SetTopicAttributesInput) (*sns.SetTopicAttributesOutput, error) {
	t, err := s.find(*in.TopicArn)
	if err != nil {
		return nil, err
	}
	if *in.AttributeName == "FifoTopic" {
		return nil, invalid("AttributeName")
	}
	return &sns.SetTopicAttributesOutput{}, t.set(*in.AttributeName, aws.ToString(in.AttributeValue))
}
