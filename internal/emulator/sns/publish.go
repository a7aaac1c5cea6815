package sns

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

const (
	// maxMessage is the largest message, attributes included (AWS: SNS API Reference,
	// Publish).
	maxMessage = 256 * 1024
	// maxSubject is the longest subject, in characters (AWS: SNS API Reference,
	// Publish: fewer than 100, which AWS takes as up to 100).
	maxSubject = 100
)

// message is what was published, as subscribers get it.
type message struct {
	id         string
	topic      *topic
	subject    *string
	texts      map[string]string // by protocol, and "default"
	attributes map[string]types.MessageAttributeValue
}

// text is the message for a protocol.
func (m *message) text(protocol string) string {
	if text, ok := m.texts[protocol]; ok {
		return text
	}
	return m.texts["default"]
}

// publish sends a message to all subscribers of a topic.
// AWS: SNS API Reference, Publish.
func (s *Service) publish(_ *wire.Call, in *sns.PublishInput) (*sns.PublishOutput, error) {
	t, err := s.target(in)
	if err == nil {
		err = checkMessage(in)
	}
	if err == nil {
		err = checkAttributes(in)
	}
	if err != nil {
		return nil, err
	}
	m := &message{id: s.loop.UUID(), topic: t, subject: in.Subject, attributes: in.MessageAttributes}
	if m.texts, err = texts(in); err != nil {
		return nil, err
	}
	for _, sub := range t.subscriptions {
		s.loop.DueIn(latency, delivery{s, m, sub})
	}
	return &sns.PublishOutput{MessageId: &m.id}, nil
}

// target is the topic that is published to.
func (s *Service) target(in *sns.PublishInput) (*topic, error) {
	switch {
	case in.PhoneNumber != nil:
		return nil, invalid("PhoneNumber Reason: it is not emulated")
	case in.MessageDeduplicationId != nil:
		return nil, invalid("MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type")
	case in.MessageGroupId != nil:
		return nil, invalid("MessageGroupId Reason: it is not emulated")
	case in.TopicArn != nil && in.TargetArn != nil:
		return nil, invalid("TopicArn and TargetArn Reason: only one of them may be given")
	case in.TopicArn != nil:
		return s.find(*in.TopicArn)
	case in.TargetArn == nil:
		return nil, invalid("TopicArn or TargetArn Reason: no value for required parameter")
	case strings.Contains(*in.TargetArn, ":endpoint/"):
		return nil, invalid("TargetArn Reason: an endpoint of a mobile app is not emulated")
	}
	return s.find(*in.TargetArn)
}

// printable is a subject: ASCII, not beginning with a space, without line breaks.
var printable = regexp.MustCompile(`^[!-~][ -~]*$`)

func checkMessage(in *sns.PublishInput) error {
	size := len(*in.Message)
	for name, a := range in.MessageAttributes {
		size += len(name) + len(aws.ToString(a.DataType)) + len(aws.ToString(a.StringValue)) + len(a.BinaryValue)
	}
	switch {
	case *in.Message == "":
		return invalid("Empty message")
	case !utf8.ValidString(*in.Message):
		return invalid("Message")
	case size > maxMessage:
		return invalid("Message too long")
	case in.Subject != nil && (len(*in.Subject) > maxSubject || !printable.MatchString(*in.Subject)):
		return invalid("Subject")
	}
	return nil
}

// checkAttributes wants of each attribute a type and a value that fits.
// AWS: SNS Developer Guide, Amazon SNS message attributes.
func checkAttributes(in *sns.PublishInput) error {
	for _, name := range slices.Sorted(maps.Keys(in.MessageAttributes)) {
		a := in.MessageAttributes[name]
		kind := aws.ToString(a.DataType)
		base, _, _ := strings.Cut(kind, ".")
		var problem string
		switch {
		case base != "String" && base != "Number" && base != "Binary":
			problem = fmt.Sprintf("The message attribute '%s' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.", name)
		case base == "Binary" && len(a.BinaryValue) == 0, base != "Binary" && aws.ToString(a.StringValue) == "":
			problem = fmt.Sprintf("The message attribute '%s' must contain non-empty message attribute value for message attribute type '%s'.", name, kind)
		case base == "Number" && !json.Valid([]byte(*a.StringValue)):
			problem = fmt.Sprintf("Could not cast message attribute '%s' value to number.", name)
		}
		if problem != "" {
			return &types.InvalidParameterValueException{Message: &problem}
		}
	}
	return nil
}

// texts are the message by protocol.
func texts(in *sns.PublishInput) (map[string]string, error) {
	switch structure := aws.ToString(in.MessageStructure); structure {
	case "":
		return map[string]string{"default": *in.Message}, nil
	case "json":
	default:
		return nil, invalid("MessageStructure")
	}
	var byProtocol map[string]json.RawMessage
	if err := json.Unmarshal([]byte(*in.Message), &byProtocol); err != nil {
		return nil, invalid("Message Structure - JSON message body failed to parse")
	}
	out := map[string]string{}
	for protocol, value := range byProtocol {
		var text string
		// What is no text is passed over (AWS: SNS API Reference, Publish).
		if err := json.Unmarshal(value, &text); err == nil {
			out[protocol] = text
		}
	}
	if _, ok := out["default"]; !ok {
		return nil, invalid("Message Structure - No default entry in JSON message body")
	}
	return out, nil
}
