package cloudformation

import (
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// accessCreator creates what says who may do what.
func accessCreator(kind string) creator {
	switch kind {
	case "AWS::IAM::Role":
		return createRole
	case "AWS::IAM::Policy":
		return createInlinePolicy
	case "AWS::IAM::ManagedPolicy":
		return createManagedPolicy
	}
	return nil
}

// written is a mapping in which one entry, a JSON document, is text.
func written(n *node, name string) (*node, error) {
	out := renamed(n, nil)
	for i, f := range out.fields {
		if f.name != name {
			continue
		}
		d, err := document(f.value)
		if err != nil {
			return nil, err
		}
		out.fields[i].value = d
	}
	return out, nil
}

// createRole creates the role, then its policies.
func createRole(r *request) (*created, error) {
	name := r.name("RoleName", 64)
	properties, policies := taken(r.properties, "ManagedPolicyArns", "Policies")
	properties, err := written(properties, "AssumeRolePolicyDocument")
	if err != nil {
		return nil, err
	}
	out, err := r.call("iam", "CreateRole", &iam.CreateRoleInput{}, properties, map[string]any{"RoleName": name})
	if err != nil {
		return nil, err
	}
	for _, arn := range itemsOf(policies.get("ManagedPolicyArns")) {
		if err := r.attach(name, arn.text); err != nil {
			return nil, err
		}
	}
	for _, policy := range itemsOf(policies.get("Policies")) {
		if err := r.putInline(name, policy); err != nil {
			return nil, err
		}
	}
	return &created{name, map[string]string{"Arn": pick(out, "Role", "Arn"), "RoleId": pick(out, "Role", "RoleId")}}, nil
}

// itemsOf is a list's items; none of what is not there.
func itemsOf(n *node) []*node {
	if n.isNull() {
		return nil
	}
	return n.items
}

func (r *request) attach(role, arn string) error {
	_, err := r.ask("iam", "AttachRolePolicy", map[string]any{"RoleName": role, "PolicyArn": arn})
	return err
}

// putInline puts a policy that is given by its name and document.
func (r *request) putInline(role string, policy *node) error {
	properties, err := written(policy, "PolicyDocument")
	if err != nil {
		return err
	}
	_, err = r.call("iam", "PutRolePolicy", &iam.PutRolePolicyInput{}, properties, map[string]any{"RoleName": role})
	return err
}

// createInlinePolicy puts the policy into roles. There are no users and groups.
func createInlinePolicy(r *request) (*created, error) {
	properties, roles := taken(r.properties, "Roles")
	for _, role := range itemsOf(roles.get("Roles")) {
		if err := r.putInline(role.text, properties); err != nil {
			return nil, err
		}
	}
	return &created{r.name("PolicyName", 128), nil}, nil
}

// createManagedPolicy creates the policy and attaches it to roles.
func createManagedPolicy(r *request) (*created, error) {
	name := r.name("ManagedPolicyName", 128)
	properties, roles := taken(r.properties, "Roles")
	properties, _ = taken(properties, "ManagedPolicyName")
	properties, err := written(properties, "PolicyDocument")
	if err != nil {
		return nil, err
	}
	out, err := r.call("iam", "CreatePolicy", &iam.CreatePolicyInput{}, properties, map[string]any{"PolicyName": name})
	if err != nil {
		return nil, err
	}
	arn := pick(out, "Policy", "Arn")
	for _, role := range itemsOf(roles.get("Roles")) {
		if err := r.attach(role.text, arn); err != nil {
			return nil, err
		}
	}
	return &created{arn, map[string]string{"PolicyArn": arn, "PolicyId": pick(out, "Policy", "PolicyId")}}, nil
}

// createEventBusPolicy puts its one statement beside those that the bus has.
// AWS: CloudFormation template reference, AWS::Events::EventBusPolicy.
func createEventBusPolicy(r *request) (*created, error) {
	id := optional(r.properties.get("StatementId"))
	bus := optional(r.properties.get("EventBusName"))
	if bus == "" {
		bus = "default"
	}
	if id == "" {
		return nil, fail(r.line, "property StatementId is required")
	}
	ref := &created{bus + "|" + id, nil}
	input := map[string]any{"EventBusName": bus}
	statement := r.properties.get("Statement")
	if statement.isNull() {
		input["StatementId"] = id
		for _, f := range r.properties.fields {
			if f.name != "StatementId" && f.name != "EventBusName" && f.name != "Statement" {
				input[f.name] = f.value.plain()
			}
		}
		_, err := r.ask("eventbridge", "PutPermission", input)
		return ref, err
	}
	for _, f := range r.properties.fields {
		if f.name != "StatementId" && f.name != "EventBusName" && f.name != "Statement" {
			return nil, fail(f.line, "property %s cannot be given together with Statement", f.name)
		}
	}
	policy, err := r.withStatement(bus, id, statement)
	if err != nil {
		return nil, err
	}
	input["Policy"] = policy
	_, err = r.ask("eventbridge", "PutPermission", input)
	return ref, err
}

// withStatement is the bus's policy with a statement, which replaces that of the same
// id.
func (r *request) withStatement(bus, id string, statement *node) (string, error) {
	asText, err := document(statement)
	if err != nil {
		return "", err
	}
	var added map[string]any
	if err := json.Unmarshal([]byte(asText.text), &added); err != nil {
		return "", fail(statement.line, "property Statement is a statement of a policy: %w", err)
	}
	added["Sid"] = id
	out, err := r.ask("eventbridge", "DescribeEventBus", map[string]any{"Name": bus})
	if err != nil {
		return "", err
	}
	var policy struct {
		Version   string           `json:"Version"`
		Statement []map[string]any `json:"Statement"`
	}
	policy.Version = "2012-10-17"
	if had := pick(out, "Policy"); had != "" {
		if err := json.Unmarshal([]byte(had), &policy); err != nil {
			return "", fmt.Errorf("read the policy of event bus %s: %w", bus, err)
		}
	}
	statements := make([]map[string]any, 0, len(policy.Statement)+1)
	for _, s := range policy.Statement {
		if s["Sid"] != id {
			statements = append(statements, s)
		}
	}
	policy.Statement = append(statements, added)
	text, err := json.Marshal(policy)
	return string(text), err
}
