package actions

import (
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	lambdaapi "github.com/aws/aws-sdk-go-v2/service/lambda"
	snsapi "github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/sluice-deploy/sluice/internal/emulator/partition"
)

// scalableTarget is an action on a scalable target, whose ARN nobody knows before it is
// there. Unconfirmed: what AWS asks for then.
func scalableTarget(action string) func(*request) []Need {
	return func(r *request) []Need {
		context := r.context(map[string]string{
			"application-autoscaling:service-namespace": "ServiceNamespace", "application-autoscaling:scalable-dimension": "ScalableDimension",
		})
		arn := r.state.ScalableTargetARN(members(r.in, "ResourceId")[0])
		if arn == "" {
			arn = "scalable-target/*"
		}
		return r.on(action, arn, context)
	}
}

// describeAlarms takes the alarms that are named. Composite ones are shown only to who
// may see all.
// AWS: CloudWatch API Reference, DescribeAlarms.
func describeAlarms(r *request) []Need {
	in := r.in.(*cloudwatch.DescribeAlarmsInput)
	if slices.Contains(in.AlarmTypes, cwtypes.AlarmTypeCompositeAlarm) {
		return r.on("DescribeAlarms", "*", nil)
	}
	return r.on("DescribeAlarms", "alarm:{AlarmNames|*}", nil)
}

// repositories takes those that are named, of the registry that is named.
func repositories(action, member string) func(*request) []Need {
	return func(r *request) []Need {
		account := r.account
		if registry := members(r.in, "RegistryId"); len(registry) > 0 {
			account = registry[0]
		}
		return r.on(action, partition.ARN("ecr", r.region, account, "repository/{"+member+"|*}"), nil)
	}
}

// providers is an action on the OpenID Connect provider of a URL.
func providers(action string) func(*request) []Need {
	return func(r *request) []Need {
		host := strings.TrimPrefix(members(r.in, "Url")[0], "https://")
		return r.on(action, "oidc-provider/"+strings.TrimSuffix(host, "/"), nil)
	}
}

// tagged is what tags on what is created ask for besides.
func tagged(action, template string) func(*request) []Need {
	return func(r *request) []Need {
		if reflect.ValueOf(r.in).Elem().FieldByName("Tags").Len() == 0 {
			return nil
		}
		return r.on("TagResource", template, map[string][]string{r.prefix + ":CreateAction": {action}})
	}
}

// rule is an action on the rule that a member names.
func rule(action, member string) func(*request) []Need {
	return func(r *request) []Need {
		bus := ""
		if name := members(r.in, "EventBusName"); len(name) > 0 {
			if own := r.partOf(name[0], "name"); own != "default" {
				bus = own + "/"
			}
		}
		return r.on(action, "rule/"+bus+"{"+member+"}", nil)
	}
}

func putTargets(r *request) []Need {
	return append(rule("PutTargets", "Rule")(r), r.passes("events.amazonaws.com", []string{"Targets.RoleArn"})...)
}

// putEvents asks for each event by itself.
func putEvents(r *request) []Need {
	var needs []Need
	for _, entry := range r.in.(*eventbridge.PutEventsInput).Entries {
		bus := aws.ToString(entry.EventBusName)
		switch {
		case bus == "":
			bus = "event-bus/default"
		case !strings.HasPrefix(bus, "arn:"):
			bus = "event-bus/" + bus
		}
		needs = append(needs, r.on("PutEvents", bus, map[string][]string{
			"events:source": {aws.ToString(entry.Source)}, "events:detail-type": {aws.ToString(entry.DetailType)},
			"events:eventBusInvocation": {"false"},
		})...)
	}
	return needs
}

// invoke takes the function as it is called: with its version or alias, if it is called
// by one.
// AWS: Lambda Developer Guide, Fine-tuning the Resources and Conditions sections of policies.
func invoke(r *request) []Need {
	template := "function:{FunctionName:function}"
	if q := aws.ToString(r.in.(*lambdaapi.InvokeInput).Qualifier); q != "" && !strings.HasSuffix(*r.in.(*lambdaapi.InvokeInput).FunctionName, ":"+q) {
		template += ":" + q
	}
	return r.on("InvokeFunction", template, nil)
}

// logGroup is an action on the group that is named, by its name or as a resource.
func logGroup(action string) func(*request) []Need {
	return func(r *request) []Need {
		group := "log-group:{LogGroupName}"
		if id := members(r.in, "LogGroupIdentifier"); len(id) > 0 {
			group = strings.TrimSuffix(id[0], ":*")
			if !strings.HasPrefix(group, "arn:") {
				group = "log-group:" + group
			}
		}
		return r.on(action, group+":log-stream:", nil)
	}
}

// publish is on a topic, or, to a telephone, on nothing.
func publish(r *request) []Need {
	in := r.in.(*snsapi.PublishInput)
	switch {
	case in.TopicArn != nil:
		return r.on("Publish", *in.TopicArn, nil)
	case in.TargetArn != nil:
		return r.on("Publish", *in.TargetArn, nil)
	}
	return r.on("Publish", "*", nil)
}
