// Package sns emulates Amazon SNS standard topics: publishing to queues and
// functions of the same account and Region. Signatures of messages have their form
// and cannot be verified.
package sns

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Deps are what SNS delivers by. Both are called on the loop; what they refuse is
// lost, as on AWS without a subscription's dead-letter queue.
type Deps struct {
	// Queue puts a topic's message on a queue, with attributes if it is delivered raw.
	Queue func(topicARN, queueARN, body string, attributes map[string]types.MessageAttributeValue) error
	// Function invokes a function with an event of a topic.
	Function func(topicARN, functionARN string, payload []byte) error
}

// Service is SNS in one account and Region.
type Service struct {
	loop    *loop.Loop
	account string
	region  string
	deps    Deps              `keep:"-"`
	topics  map[string]*topic // by ARN
}

// New gives SNS without topics.
func New(l *loop.Loop, account, region string, deps Deps) *Service {
	return &Service{loop: l, account: account, region: region, deps: deps, topics: map[string]*topic{}}
}

// Wire is the operations that are emulated.
func (s *Service) Wire() *wire.Service {
	return wire.NewService("sns",
		wire.Op("CreateTopic", s.createTopic),
		wire.Op("DeleteTopic", s.deleteTopic),
		wire.Op("GetTopicAttributes", s.getTopicAttributes),
		wire.Op("ListSubscriptionsByTopic", s.listSubscriptionsByTopic),
		wire.Op("ListTopics", s.listTopics),
		wire.Op("Publish", s.publish),
		wire.Op("SetTopicAttributes", s.setTopicAttributes),
		wire.Op("Subscribe", s.subscribe),
		wire.Op("Unsubscribe", s.unsubscribe),
	)
}

const (
	// latency is how long a message takes to its subscribers. AWS says "typically
	// less than 30 milliseconds" (SNS FAQs).
	latency = 30 * time.Millisecond
	// perPage is how many a list gives at once (AWS: SNS API Reference, ListTopics).
	perPage = 100
)

func (s *Service) arn(name string) string {
	return partition.ARN("sns", s.region, s.account, name)
}

func invalid(reason string) error {
	return &types.InvalidParameterException{Message: aws.String("Invalid parameter: " + reason)}
}

// page is the part of a sorted list from the token on, and the token of the next
// part.
func page(ids []string, token *string) ([]string, *string, error) {
	if token != nil {
		from := 0
		for from < len(ids) && ids[from] != *token {
			from++
		}
		if from == len(ids) {
			return nil, nil, invalid("NextToken")
		}
		ids = ids[from:]
	}
	if len(ids) > perPage {
		return ids[:perPage], &ids[perPage], nil
	}
	return ids, nil, nil
}
