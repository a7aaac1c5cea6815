package sns

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/sluice-deploy/sluice/internal/emulator/keep"
	"github.com/sluice-deploy/sluice/internal/emulator/partition"
)

// notification is a message as a queue gets it.
// AWS: SNS Developer Guide, HTTP/HTTPS notification JSON format.
type notification struct {
	Type              string
	MessageID         string  `json:"MessageId"`
	TopicARN          string  `json:"TopicArn"`
	Subject           *string `json:",omitempty"`
	Message           string
	Timestamp         string
	SignatureVersion  string
	Signature         string
	SigningCertURL    string
	UnsubscribeURL    string
	MessageAttributes map[string]attribute `json:",omitempty"`
}

// attribute is a message attribute in a notification; a binary one is in base64.
type attribute struct {
	Type  string
	Value string
}

// functionEvent is a message as a function gets it.
// AWS: Lambda Developer Guide, Invoking Lambda functions with Amazon SNS
// notifications.
type functionEvent struct {
	Records []record
}

type record struct {
	EventSource          string
	EventVersion         string
	EventSubscriptionARN string          `json:"EventSubscriptionArn"`
	SNS                  functionMessage `json:"Sns"`
}

// functionMessage has some names in another spelling than a notification.
type functionMessage struct {
	Type              string
	MessageID         string `json:"MessageId"`
	TopicARN          string `json:"TopicArn"`
	Subject           *string
	Message           string
	Timestamp         string
	SignatureVersion  string
	Signature         string
	SigningCertURL    string `json:"SigningCertUrl"`
	UnsubscribeURL    string `json:"UnsubscribeUrl"`
	MessageAttributes map[string]attribute
}

// deliver hands a message to a subscriber, unless its topic was deleted meanwhile.
func (s *Service) deliver(m *message, sub *subscription) {
	if s.topics[m.topic.arn] != m.topic {
		return
	}
	n := s.notification(m, sub)
	// What a subscriber refuses for good is lost on AWS too.
	switch {
	case sub.protocol == "lambda":
		event := functionEvent{Records: []record{{
			EventSource: "aws:sns", EventVersion: "1.0", EventSubscriptionARN: sub.arn, SNS: functionMessage(n),
		}}}
		_ = s.deps.Function(m.topic.arn, sub.endpoint, marshal(event))
	case sub.raw:
		_ = s.deps.Queue(m.topic.arn, sub.endpoint, m.text(sub.protocol), m.attributes)
	default:
		_ = s.deps.Queue(m.topic.arn, sub.endpoint, string(marshal(n)), nil)
	}
}

func (s *Service) notification(m *message, sub *subscription) notification {
	host := "https://sns." + s.region + "." + partition.Domain(s.region) + "/"
	n := notification{
		Type: "Notification", MessageID: m.id, TopicARN: m.topic.arn, Subject: m.subject, Message: m.text(sub.protocol),
		Timestamp:        s.loop.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
		SignatureVersion: "1", Signature: base64.StdEncoding.EncodeToString([]byte(s.loop.ID(signature))),
		SigningCertURL:    host + "SimpleNotificationService-0000000000000000000000.pem",
		UnsubscribeURL:    host + "?Action=Unsubscribe&SubscriptionArn=" + sub.arn,
		MessageAttributes: map[string]attribute{},
	}
	for name, a := range m.attributes {
		value := aws.ToString(a.StringValue)
		if len(a.BinaryValue) > 0 {
			value = base64.StdEncoding.EncodeToString(a.BinaryValue)
		}
		n.MessageAttributes[name] = attribute{Type: *a.DataType, Value: value}
	}
	return n
}

// signature is the length of one, in bytes: RSA's with a key of 2048 bits.
const signature = 256

// marshal writes JSON as AWS does, without escaping what HTML escapes.
func marshal(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(fmt.Sprintf("sns: encode %T: %v", v, err))
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// delivery is a message on its way to a subscriber.
type delivery struct {
	service      *Service
	message      *message
	subscription *subscription
}

var _ = keep.Type[delivery]()

// Happen implements loop.Event.
func (d delivery) Happen() { d.service.deliver(d.message, d.subscription) }
