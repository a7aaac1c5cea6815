package conformance_test

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// createQueue creates a queue and keeps its URL as ${url}.
func createQueue(name string) step {
	return ok(&sqs.CreateQueueInput{QueueName: &name}, save("url", "QueueUrl"), like("QueueUrl", "https?://.+/123456789012/"+name))
}

// createOpenQueue is createQueue with a policy that lets a service send to it.
func createOpenQueue(name, service string) step {
	return ok(&sqs.CreateQueueInput{QueueName: &name, Attributes: map[string]string{
		"Policy": `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"sqs:SendMessage",` +
			`"Resource":"arn:aws:sqs:us-east-1:123456789012:` + name + `"}}`,
	}}, save("url", "QueueUrl"))
}

// receiveForGood takes a message that does not come back within the story.
func receiveForGood(url string) *sqs.ReceiveMessageInput {
	return &sqs.ReceiveMessageInput{QueueUrl: &url, VisibilityTimeout: 43200}
}

func sqsStories() []story {
	create := createQueue("jobs")
	const missing, none = "AWS.SimpleQueueService.NonExistentQueue", "https://sqs.us-east-1.amazonaws.com/123456789012/none"
	return []story{
		{name: "sqs/Queues", steps: []step{
			create,
			create,
			fails("QueueAlreadyExists", &sqs.CreateQueueInput{QueueName: new("jobs"), Attributes: map[string]string{"VisibilityTimeout": "5"}}),
			fails("InvalidParameterValue", &sqs.CreateQueueInput{QueueName: new("no spaces")}),
			ok(&sqs.GetQueueUrlInput{QueueName: new("jobs")}, want("QueueUrl", "${url}")),
			fails(missing, &sqs.GetQueueUrlInput{QueueName: new("none")}),
			ok(&sqs.ListQueuesInput{QueueNamePrefix: new("jo")}, want("QueueUrls.#", 1), want("QueueUrls.0", "${url}")),
			fails("InvalidParameterValue", &sqs.ListQueuesInput{MaxResults: new(int32(1001))},
				moto("moto_server does not check; AWS: SQS API Reference, ListQueues: MaxResults is 1 to 1000")),
			ok(&sqs.SetQueueAttributesInput{QueueUrl: new("${url}"), Attributes: map[string]string{"VisibilityTimeout": "60"}}),
			fails("InvalidAttributeName", &sqs.SetQueueAttributesInput{QueueUrl: new("${url}"), Attributes: map[string]string{"Colour": "red"}},
				moto("moto_server takes any name; AWS: SQS API Reference, SetQueueAttributes: InvalidAttributeName")),
			ok(&sqs.GetQueueAttributesInput{QueueUrl: new("${url}"), AttributeNames: []types.QueueAttributeName{"VisibilityTimeout", "QueueArn"}},
				want("Attributes.#", 2), want("Attributes.VisibilityTimeout", "60"), want("Attributes.QueueArn", "arn:aws:sqs:us-east-1:123456789012:jobs")),
			fails("InvalidAttributeName", &sqs.GetQueueAttributesInput{QueueUrl: new("${url}"), AttributeNames: []types.QueueAttributeName{"Colour"}}),
			ok(&sqs.DeleteQueueInput{QueueUrl: new("${url}")}),
			fails(missing, &sqs.DeleteQueueInput{QueueUrl: new(none)}),
		}},
		{name: "sqs/Messages", steps: []step{
			create,
			ok(&sqs.SendMessageInput{QueueUrl: new("${url}"), MessageBody: new("hello")}, want("MD5OfMessageBody", "5d41402abc4b2a76b9719d911017c592"), save("id", "MessageId")),
			fails(missing, &sqs.SendMessageInput{QueueUrl: new(none), MessageBody: new("hello")}),
			ok(&sqs.ReceiveMessageInput{QueueUrl: new("${url}"), MaxNumberOfMessages: 10},
				want("Messages.#", 1), want("Messages.0.Body", "hello"), want("Messages.0.MessageId", "${id}"), save("handle", "Messages.0.ReceiptHandle")),
			ok(&sqs.ReceiveMessageInput{QueueUrl: new("${url}")}, want("Messages.#", 0)),
			fails("InvalidParameterValue", &sqs.ReceiveMessageInput{QueueUrl: new("${url}"), MaxNumberOfMessages: 11}),
			ok(&sqs.DeleteMessageInput{QueueUrl: new("${url}"), ReceiptHandle: new("${handle}")}),
			fails("ReceiptHandleIsInvalid", &sqs.DeleteMessageInput{QueueUrl: new("${url}"), ReceiptHandle: new("made-up")}),
		}},
		{name: "sqs/Purge", steps: []step{
			create,
			ok(&sqs.SendMessageInput{QueueUrl: new("${url}"), MessageBody: new("hello")}),
			ok(&sqs.PurgeQueueInput{QueueUrl: new("${url}")}),
			fails("AWS.SimpleQueueService.PurgeQueueInProgress", &sqs.PurgeQueueInput{QueueUrl: new("${url}")},
				moto("moto_server purges again; AWS: SQS API Reference, PurgeQueue: once in 60 seconds")),
			wait(61 * time.Second),
			ok(&sqs.ReceiveMessageInput{QueueUrl: new("${url}")}, want("Messages.#", 0)),
			ok(&sqs.PurgeQueueInput{QueueUrl: new("${url}")}),
			fails(missing, &sqs.PurgeQueueInput{QueueUrl: new(none)}),
		}},
	}
}
