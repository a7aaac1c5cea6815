package conformance_test

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

func snsStories() []story {
	const arn, none = "arn:aws:sns:us-east-1:123456789012:deploys", "arn:aws:sns:us-east-1:123456789012:none"
	const queue = "arn:aws:sqs:us-east-1:123456789012:jobs"
	create := ok(&sns.CreateTopicInput{Name: new("deploys")}, want("TopicArn", arn))
	subscribe := func(attributes map[string]string) *sns.SubscribeInput {
		return &sns.SubscribeInput{TopicArn: new(arn), Protocol: new("sqs"), Endpoint: new(queue), Attributes: attributes}
	}
	return []story{
		{name: "sns/Topics", steps: []step{
			create, create,
			fails("InvalidParameter", &sns.CreateTopicInput{Name: new("no spaces")}),
			ok(&sns.ListTopicsInput{}, want("Topics.#", 1), want("Topics.0.TopicArn", arn)),
			fails("InvalidParameter", &sns.ListTopicsInput{NextToken: new("made-up")},
				moto("moto_server fails inside; AWS: SNS API Reference, ListTopics: InvalidParameter")),
			ok(&sns.SetTopicAttributesInput{TopicArn: new(arn), AttributeName: new("DisplayName"), AttributeValue: new("Deploys")}),
			fails("NotFound", &sns.SetTopicAttributesInput{TopicArn: new(none), AttributeName: new("DisplayName"), AttributeValue: new("x")}),
			fails("InvalidParameter", &sns.SetTopicAttributesInput{TopicArn: new(arn), AttributeName: new("Colour"), AttributeValue: new("red")},
				moto("moto_server takes any name; AWS: SNS API Reference, SetTopicAttributes: InvalidParameter")),
			ok(&sns.GetTopicAttributesInput{TopicArn: new(arn)}, want("Attributes.TopicArn", arn), want("Attributes.DisplayName", "Deploys"),
				want("Attributes.Owner", "123456789012"), want("Attributes.SubscriptionsConfirmed", "0")),
			fails("NotFound", &sns.GetTopicAttributesInput{TopicArn: new(none)}),
			ok(&sns.DeleteTopicInput{TopicArn: new(arn)}),
			ok(&sns.DeleteTopicInput{TopicArn: new(arn)}),
			fails("InvalidParameter", &sns.DeleteTopicInput{TopicArn: new("deploys")},
				moto("moto_server takes any text; AWS: SNS API Reference, DeleteTopic: InvalidParameter")),
		}},
		{name: "sns/Subscriptions", steps: []step{
			create, createQueue("jobs"),
			ok(subscribe(map[string]string{"RawMessageDelivery": "true"}), save("subscription", "SubscriptionArn"), like("SubscriptionArn", arn+":[0-9a-f-]{36}")),
			fails("NotFound", &sns.SubscribeInput{TopicArn: new(none), Protocol: new("sqs"), Endpoint: new(queue)}),
			fails("InvalidParameter", subscribe(map[string]string{"Colour": "red"})),
			ok(&sns.ListSubscriptionsByTopicInput{TopicArn: new(arn)}, want("Subscriptions.#", 1),
				want("Subscriptions.0.SubscriptionArn", "${subscription}"), want("Subscriptions.0.Endpoint", queue), want("Subscriptions.0.Protocol", "sqs")),
			fails("NotFound", &sns.ListSubscriptionsByTopicInput{TopicArn: new(none)}),
			ok(&sns.UnsubscribeInput{SubscriptionArn: new("${subscription}")}),
			ok(&sns.ListSubscriptionsByTopicInput{TopicArn: new(arn)}, want("Subscriptions.#", 0)),
			fails("InvalidParameter", &sns.UnsubscribeInput{SubscriptionArn: new("made-up")},
				moto("moto_server takes any text; AWS: SNS API Reference, Unsubscribe: InvalidParameter")),
		}},
		{name: "sns/Messages", steps: []step{
			create, createOpenQueue("jobs", "sns.amazonaws.com"),
			ok(subscribe(nil)),
			ok(&sns.PublishInput{TopicArn: new(arn), Subject: new("Hello"), Message: new("a deploy")}, like("MessageId", "[0-9a-f-]{36}"), save("id", "MessageId")),
			wait(time.Second),
			ok(&sqs.ReceiveMessageInput{QueueUrl: new("${url}"), WaitTimeSeconds: 1}, want("Messages.#", 1), like("Messages.0.Body", `(?s)\{.*"Message": ?"a deploy".*\}`)),
			fails("NotFound", &sns.PublishInput{TopicArn: new(none), Message: new("a deploy")}),
			fails("InvalidParameter", &sns.PublishInput{TopicArn: new(arn), Message: new("a deploy"), Subject: new(strings.Repeat("x", 101))}),
			fails("InvalidParameter", &sns.PublishInput{TopicArn: new(arn), Message: new(strings.Repeat("x", 256*1024+1))}),
			fails("InvalidParameter", &sns.PublishInput{TopicArn: new(arn), Message: new(`{"sqs":"no default"}`), MessageStructure: new("json")},
				moto("moto_server takes it; AWS: SNS API Reference, Publish: a default entry is needed")),
			fails("ParameterValueInvalid", &sns.PublishInput{TopicArn: new(arn), Message: new("a deploy"), MessageAttributes: map[string]types.MessageAttributeValue{
				"colour": {DataType: new("Colour"), StringValue: new("red")},
			}}, moto("moto_server says InvalidParameterValue; AWS: model, InvalidParameterValueException has the code ParameterValueInvalid")),
		}},
	}
}
