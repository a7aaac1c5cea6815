package sqs

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/sluice-deploy/sluice/internal/emulator/iam/policy"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// settle is how long after deleting a queue its name is taken, and how long after
// a purge there is no other (AWS: SQS API Reference, CreateQueue and PurgeQueue).
const settle = 60 * time.Second

var queueName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

type queue struct {
	name, arn, url    string
	created, modified time.Time
	purged            time.Time
	settings          settings
	attributes        map[string]string // as they were set
	messages          []*message        // in the order they were sent
	pollers           []*poller         `keep:"-"` // in the order they came
	wake              *loop.Timer       `keep:"-"` // while pollers wait for a message to appear
}

func (s *Service) byARN(arn string) *queue {
	name, ok := strings.CutPrefix(arn, s.arn(""))
	if !ok {
		return nil
	}
	return s.queues[name]
}

// Policy is the policy of the queue with this ARN; nil if it has none.
func (s *Service) Policy(arn string) *policy.Document {
	q := s.byARN(arn)
	if q == nil {
		return nil
	}
	return q.settings.policy
}

func (s *Service) arn(name string) string {
	return partition.ARN("sqs", s.region, s.account, name)
}

func (s *Service) url(name string) string {
	return "https://sqs." + s.region + "." + partition.Domain(s.region) + "/" + s.account + "/" + name
}

// byURL finds a queue by the account and name that its URL ends with, whatever
// host it was reached by.
func (s *Service) byURL(url *string) (*queue, error) {
	parts := strings.Split(aws.ToString(url), "/")
	if len(parts) < 2 {
		return nil, &types.InvalidAddress{Message: aws.String("The address " + aws.ToString(url) + " is not valid for this endpoint.")}
	}
	q, ok := s.queues[parts[len(parts)-1]]
	if !ok || parts[len(parts)-2] != s.account {
		return nil, noQueue()
	}
	return q, nil
}

func (s *Service) createQueue(_ *wire.Call, in *sqs.CreateQueueInput) (*sqs.CreateQueueOutput, error) {
	name := *in.QueueName
	switch {
	case strings.HasSuffix(name, ".fifo") || in.Attributes[string(types.QueueAttributeNameFifoQueue)] == "true":
		return nil, notEmulated("A FIFO queue")
	case !queueName.MatchString(name):
		return nil, invalidValue("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	}
	if q, exists := s.queues[name]; exists {
		if differs := q.differs(in.Attributes); differs != "" {
			return nil, &types.QueueNameExists{
				Message:           aws.String("A queue already exists with the same name and a different value for attribute " + differs),
				ErrorCodeOverride: aws.String("QueueAlreadyExists"),
			}
		}
		return &sqs.CreateQueueOutput{QueueUrl: &q.url}, nil
	}
	now := s.loop.Now()
	if gone, ok := s.deleted[name]; ok && now.Sub(gone) < settle {
		return nil, &types.QueueDeletedRecently{
			Message:           aws.String("You must wait 60 seconds after deleting a queue before you can create another with the same name."),
			ErrorCodeOverride: aws.String("AWS.SimpleQueueService.QueueDeletedRecently"),
		}
	}
	q := &queue{
		name: name, arn: s.arn(name), url: s.url(name), created: now, modified: now,
		settings: defaults(), attributes: map[string]string{},
	}
	if err := s.apply(q, in.Attributes); err != nil {
		return nil, err
	}
	delete(s.deleted, name)
	s.queues[name] = q
	return &sqs.CreateQueueOutput{QueueUrl: &q.url}, nil
}

func (s *Service) getQueueURL(_ *wire.Call, in *sqs.GetQueueUrlInput) (*sqs.GetQueueUrlOutput, error) {
	q, ok := s.queues[*in.QueueName]
	if !ok || (in.QueueOwnerAWSAccountId != nil && *in.QueueOwnerAWSAccountId != s.account) {
		return nil, noQueue()
	}
	return &sqs.GetQueueUrlOutput{QueueUrl: &q.url}, nil
}

func (s *Service) listQueues(_ *wire.Call, in *sqs.ListQueuesInput) (*sqs.ListQueuesOutput, error) {
	if in.MaxResults != nil && (*in.MaxResults < 1 || *in.MaxResults > 1000) {
		return nil, invalidValue("Value for parameter MaxResults is invalid. Reason: Must be between 1 and 1000, if provided.")
	}
	out := &sqs.ListQueuesOutput{}
	for _, name := range slices.Sorted(maps.Keys(s.queues)) {
		if !strings.HasPrefix(name, aws.ToString(in.QueueNamePrefix)) || name < aws.ToString(in.NextToken) {
			continue
		}
		if in.MaxResults != nil && len(out.QueueUrls) == int(*in.MaxResults) {
			out.NextToken = aws.String(name)
			break
		}
		out.QueueUrls = append(out.QueueUrls, s.queues[name].url)
	}
	return out, nil
}

func (s *Service) deleteQueue(_ *wire.Call, in *sqs.DeleteQueueInput) (*sqs.DeleteQueueOutput, error) {
	q, err := s.byURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	delete(s.queues, q.name)
	s.deleted[q.name] = s.loop.Now()
	q.wake.Stop()
	for _, p := range q.pollers {
		p.timer.Stop()
		p.reply(nil, noQueue())
	}
	q.pollers = nil
	return &sqs.DeleteQueueOutput{}, nil
}

func (s *Service) purgeQueue(_ *wire.Call, in *sqs.PurgeQueueInput) (*sqs.PurgeQueueOutput, error) {
	q, err := s.byURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	now := s.loop.Now()
	if !q.purged.IsZero() && now.Sub(q.purged) < settle {
		return nil, &types.PurgeQueueInProgress{
			Message:           aws.String("Only one PurgeQueue operation on " + q.name + " is allowed every 60 seconds."),
			ErrorCodeOverride: aws.String("AWS.SimpleQueueService.PurgeQueueInProgress"),
		}
	}
	q.purged = now
	q.messages = nil
	return &sqs.PurgeQueueOutput{}, nil
}
