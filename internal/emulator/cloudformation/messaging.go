package cloudformation

import (
	"reflect"

	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
)

// messagingCreator creates topics and what listens to them, and the pipelines that
// tell them of approvals.
func messagingCreator(kind string) creator {
	switch kind {
	case "AWS::SNS::Topic":
		return createTopic
	case "AWS::SNS::Subscription":
		return createSubscription
	case "AWS::SNS::TopicPolicy":
		return createTopicPolicy
	case "AWS::CodePipeline::Pipeline":
		return createPipeline
	}
	return nil
}

// createTopic makes the topic, then the subscriptions that it declares.
func createTopic(r *request) (*created, error) {
	name := r.name("TopicName", 256)
	input := map[string]any{"Name": name}
	attributes := map[string]any{}
	for _, f := range r.properties.fields {
		switch f.name {
		case "TopicName", "Subscription":
		case "Tags":
			tags, err := conform(f.value, reflect.TypeFor[[]snstypes.Tag](), f.name)
			if err != nil {
				return nil, err
			}
			input["Tags"] = tags
		default: // attributes, which SNS knows or refuses
			value, err := document(f.value)
			if err != nil {
				return nil, err
			}
			attributes[f.name] = value.text
		}
	}
	input["Attributes"] = attributes
	out, err := r.ask("sns", "CreateTopic", input)
	if err != nil {
		return nil, err
	}
	arn := pick(out, "TopicArn")
	if subscriptions := r.properties.get("Subscription"); subscriptions != nil {
		for _, s := range subscriptions.items {
			if _, err := r.subscribe(arn, s); err != nil {
				return nil, err
			}
		}
	}
	return &created{arn, map[string]string{"TopicArn": arn, "TopicName": name}}, nil
}

// subscribe gives the subscription's ARN. What a subscription has besides protocol
// and endpoint are attributes, which SNS knows or refuses.
func (r *request) subscribe(topicARN string, subscription *node) (string, error) {
	input, attributes := map[string]any{"TopicArn": topicARN, "ReturnSubscriptionArn": true}, map[string]any{}
	for _, f := range subscription.entries() {
		value, err := document(f.value)
		switch {
		case err != nil:
			return "", err
		case f.name == "Protocol" || f.name == "Endpoint":
			input[f.name] = value.text
		case f.name != "TopicArn":
			attributes[f.name] = value.text
		}
	}
	input["Attributes"] = attributes
	out, err := r.ask("sns", "Subscribe", input)
	return pick(out, "SubscriptionArn"), err
}

func createSubscription(r *request) (*created, error) {
	topic := r.properties.get("TopicArn")
	if topic == nil {
		return nil, fail(r.line, "property TopicArn is required")
	}
	arn, err := r.subscribe(topic.text, r.properties)
	return &created{arn, map[string]string{"Arn": arn}}, err
}

func createTopicPolicy(r *request) (*created, error) {
	policy, topics := r.properties.get("PolicyDocument"), r.properties.get("Topics")
	if policy == nil {
		return nil, fail(r.line, "property PolicyDocument is required")
	}
	if topics == nil || topics.kind != listKind {
		return nil, fail(r.line, "property Topics is a list of topic ARNs")
	}
	written, err := document(policy)
	if err != nil {
		return nil, err
	}
	for _, topic := range topics.items {
		input := map[string]any{"TopicArn": topic.text, "AttributeName": "Policy", "AttributeValue": written.text}
		if _, err := r.ask("sns", "SetTopicAttributes", input); err != nil {
			return nil, err
		}
	}
	id := r.name("", 255)
	return &created{id, map[string]string{"Id": id}}, nil
}

// createPipeline asks for the pipeline, which runs at once. Whether it runs again
// when the stack changes is kept: stacks do not change here.
func createPipeline(r *request) (*created, error) {
	name := r.name("Name", 100)
	properties, _ := taken(r.properties, "RestartExecutionOnUpdate", "Tags")
	pipeline, err := conform(properties, reflect.TypeFor[types.PipelineDeclaration](), "")
	if err != nil {
		return nil, err
	}
	declared, _ := pipeline.(map[string]any)
	declared["Name"] = name
	input := map[string]any{"Pipeline": declared}
	if tags := r.properties.get("Tags"); tags != nil {
		if input["Tags"], err = conform(tags, reflect.TypeFor[[]types.Tag](), "Tags"); err != nil {
			return nil, err
		}
	}
	if _, err := r.ask("codepipeline", "CreatePipeline", input); err != nil {
		return nil, err
	}
	return &created{name, map[string]string{"Version": "1"}}, nil
}
