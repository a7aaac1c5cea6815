package cloudformation

import (
	"fmt"

	"github.com/sluice-deploy/sluice/internal/emulator/partition"
)

// role is the ARN of the role that runs r: the one it names, or one made of its
// policies and those that it has for the sake of SAM's other properties.
func (e *expansion) role(r resource, service string, more []*node, managed ...string) (*node, error) {
	if role := r.properties.get("Role"); role != nil {
		return role, nil
	}
	properties := trust(r.line, service)
	for _, f := range r.properties.entries() {
		switch f.name {
		case "AssumeRolePolicyDocument":
			properties.fields[0].value = f.value
		case "PermissionsBoundary":
			properties.fields = append(properties.fields, f)
		case "RolePath":
			properties.fields = append(properties.fields, field{"Path", f.line, f.value})
		}
	}
	arns, inline := list(r.line), list(r.line, more...)
	for _, name := range managed {
		arns.items = append(arns.items, e.managedPolicy(text(r.line, name)))
	}
	policies := r.properties.get("Policies")
	items := []*node{policies}
	if policies != nil && policies.kind == listKind {
		items = policies.items
	}
	for i, policy := range items {
		switch {
		case policy == nil:
		case policy.get("Statement") != nil:
			name := text(policy.line, fmt.Sprintf("%sRolePolicy%d", r.id, i))
			inline.items = append(inline.items, mapping(policy.line, field{name: "PolicyName", value: name}, field{name: "PolicyDocument", value: policy}))
		case policy.kind == scalarKind:
			arns.items = append(arns.items, e.managedPolicy(policy))
		default:
			if _, _, call := intrinsic(policy); !call {
				return nil, fail(policy.line, "Policies: SAM policy template %s is not supported; write its statements", policy.fields[0].name)
			}
			arns.items = append(arns.items, policy)
		}
	}
	// AWS: SAM Developer Guide, AWS::Serverless::Function, Tracing: "If you specify
	// Active … and don't specify Role, AWS SAM adds the arn:…:AWSXRayDaemonWriteAccess
	// policy to the Lambda execution role that it creates for you."
	if tracing := r.properties.get("Tracing"); optional(tracing) == "Active" || optional(tracing.get("Enabled")) == "true" {
		arns.items = append(arns.items, e.managedPolicy(text(r.line, "AWSXRayDaemonWriteAccess")))
	}
	properties.fields = append(properties.fields, field{"ManagedPolicyArns", r.line, arns}, field{"Policies", r.line, inline})
	e.out = append(e.out, plainFrom(r, r.id+"Role", "AWS::IAM::Role", properties))
	return arnOf(r.line, r.id+"Role"), nil
}

// letters is the policy with which a function writes to its dead-letter queue or topic.
// AWS: SAM, github.com/aws/serverless-application-model, DeadLetterQueuePolicy.
func letters(r resource) []*node {
	queue := r.properties.get("DeadLetterQueue")
	if queue == nil {
		return nil
	}
	action := "sqs:SendMessage"
	if queue.get("Type").String() == "SNS" {
		action = "sns:Publish"
	}
	return []*node{mapping(r.line, field{name: "PolicyName", value: text(r.line, "DeadLetterQueuePolicy")},
		field{name: "PolicyDocument", value: allowing(r.line, action, queue.get("TargetArn"))})}
}

// allowing is a policy that allows one action on one resource.
func allowing(line int, action string, resource *node) *node {
	return mapping(line, field{name: "Version", value: text(line, "2012-10-17")},
		field{name: "Statement", value: list(line, mapping(line,
			field{name: "Effect", value: text(line, "Allow")},
			field{name: "Action", value: text(line, action)},
			field{name: "Resource", value: resource}))})
}

// managedPolicy is the ARN of an AWS managed policy that is given by name.
func (e *expansion) managedPolicy(policy *node) *node {
	if len(policy.text) > 4 && policy.text[:4] == "arn:" {
		return policy
	}
	return text(policy.line, partition.IAM(e.region, "aws", "policy/"+policy.text))
}

// trust is a role that a service may take.
func trust(line int, service string) *node {
	return mapping(line, field{name: "AssumeRolePolicyDocument", value: mapping(line,
		field{name: "Version", value: text(line, "2012-10-17")},
		field{name: "Statement", value: list(line, mapping(line,
			field{name: "Effect", value: text(line, "Allow")},
			field{name: "Action", value: text(line, "sts:AssumeRole")},
			field{name: "Principal", value: mapping(line, field{name: "Service", value: text(line, service)})}))})})
}

// starter is a role with which events start a state machine.
func starter(line int, id string, machine *node) *node {
	role := trust(line, "events.amazonaws.com")
	policy := allowing(line, "states:StartExecution", machine)
	role.fields = append(role.fields, field{"Policies", line, list(line, mapping(line,
		field{name: "PolicyName", value: text(line, id+"RoleStartExecutionPolicy")},
		field{name: "PolicyDocument", value: policy}))})
	return role
}
