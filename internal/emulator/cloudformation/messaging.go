package cloudformation

import (
	"fmt"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
)

// messagingHandler creates topics and what listens to them, and the pipelines that
// tell them of approvals.
func messagingHandler(kind string) (handler, bool) {
	switch kind {
	case "AWS::SNS::Topic":
		return handler{create: createTopic, update: updateTopic, remove: removes("sns", "DeleteTopic", "TopicArn"), name: "TopicName"}, true
	case "AWS::SNS::Subscription":
		return handler{create: createSubscription, remove: removes("sns", "Unsubscribe", "SubscriptionArn")}, true
	case "AWS::SNS::TopicPolicy":
		return puts(putTopicPolicy, stays), true
	case "AWS::CodePipeline::Pipeline":
		return handler{create: createPipeline, update: updatePipeline, remove: removes("codepipeline", "DeletePipeline", "Name"), name: "Name"}, true
	}
	return handler{}, false
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
	made := &created{arn, map[string]string{"TopicArn": arn, "TopicName": name}}
	for _, s := range itemsOf(r.properties.get("Subscription")) {
		if _, err := r.subscribe(arn, s); err != nil {
			return made, err
		}
	}
	return made, nil
}

// updateTopic sets the attributes that changed. Who is subscribed is not changed.
func updateTopic(r *request) (*created, error) {
	for _, property := range changed(r.was.properties, r.properties) {
		value := r.properties.get(property)
		if property == "Subscription" || property == "Tags" || value.isNull() {
			return nil, fmt.Errorf("an update of property %s is not emulated", property)
		}
		written, err := document(value)
		if err != nil {
			return nil, err
		}
		input := map[string]any{"TopicArn": r.was.ref, "AttributeName": property, "AttributeValue": written.text}
		if _, err := r.ask("sns", "SetTopicAttributes", input); err != nil {
			return nil, err
		}
	}
	return r.was.created, nil
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

func putTopicPolicy(r *request) (*created, error) {
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

// createPipeline asks for the pipeline, which runs at once.
func createPipeline(r *request) (*created, error) {
	name := r.name("Name", 100)
	declared, err := r.pipeline(name)
	if err != nil {
		return nil, err
	}
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

func updatePipeline(r *request) (*created, error) {
	declared, err := r.pipeline(r.was.ref)
	if err != nil {
		return nil, err
	}
	if _, err := r.ask("codepipeline", "UpdatePipeline", map[string]any{"Pipeline": declared}); err != nil {
		return nil, err
	}
	if optional(r.properties.get("RestartExecutionOnUpdate")) == "true" {
		_, err = r.ask("codepipeline", "StartPipelineExecution", map[string]any{"Name": r.was.ref})
	}
	return r.was.created, err
}

// pipeline is the pipeline's declaration.
func (r *request) pipeline(name string) (map[string]any, error) {
	properties, _ := taken(r.properties, "RestartExecutionOnUpdate", "Tags")
	pipeline, err := conform(properties, reflect.TypeFor[types.PipelineDeclaration](), "")
	if err != nil {
		return nil, err
	}
	declared, _ := pipeline.(map[string]any)
	declared["Name"] = name
	return declared, nil
}
