package cloudformation

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// accessHandler creates what says who may do what.
func accessHandler(kind string) (handler, bool) {
	switch kind {
	case "AWS::IAM::Role":
		return handler{create: createRole, update: updateRole, remove: removeRole, name: "RoleName"}, true
	case "AWS::IAM::Policy":
		return puts(putInlinePolicy, removeInlinePolicy), true
	case "AWS::IAM::OIDCProvider":
		return handler{create: createProvider, remove: removes("iam", "DeleteOpenIDConnectProvider", "OpenIDConnectProviderArn")}, true
	case "AWS::IAM::ManagedPolicy":
		return handler{create: createManagedPolicy, update: updateManagedPolicy, remove: removeManagedPolicy, name: "ManagedPolicyName"}, true
	}
	return handler{}, false
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
	made := &created{name, map[string]string{"Arn": pick(out, "Role", "Arn"), "RoleId": pick(out, "Role", "RoleId")}}
	for _, arn := range itemsOf(policies.get("ManagedPolicyArns")) {
		if err := r.attach(name, arn.text); err != nil {
			return made, err
		}
	}
	for _, policy := range itemsOf(policies.get("Policies")) {
		if err := r.putInline(name, policy); err != nil {
			return made, err
		}
	}
	return made, nil
}

// updateRole changes who may take the role, and its policies: what is new first.
func updateRole(r *request) (*created, error) {
	name := r.was.ref
	for _, property := range changed(r.was.properties, r.properties) {
		var err error
		switch property {
		case "AssumeRolePolicyDocument":
			var d *node
			if d, err = document(r.properties.get(property)); err == nil {
				_, err = r.ask("iam", "UpdateAssumeRolePolicy", map[string]any{"RoleName": name, "PolicyDocument": d.text})
			}
		case "ManagedPolicyArns":
			err = r.reattach(name)
		case "Policies":
			err = r.reput(name)
		default:
			err = fmt.Errorf("an update of property %s is not emulated", property)
		}
		if err != nil {
			return nil, err
		}
	}
	return r.was.created, nil
}

// reattach attaches the managed policies that the role has not and detaches those
// that it should not have any more.
func (r *request) reattach(role string) error {
	had, wants := texts(r.was.properties.get("ManagedPolicyArns")), texts(r.properties.get("ManagedPolicyArns"))
	for _, arn := range wants {
		if !slices.Contains(had, arn) {
			if err := r.attach(role, arn); err != nil {
				return err
			}
		}
	}
	for _, arn := range had {
		if !slices.Contains(wants, arn) {
			if err := r.detach(role, arn); err != nil {
				return err
			}
		}
	}
	return nil
}

// reput is reattach for the policies in the role.
func (r *request) reput(role string) error {
	var wants []string
	for _, policy := range itemsOf(r.properties.get("Policies")) {
		if err := r.putInline(role, policy); err != nil {
			return err
		}
		wants = append(wants, policy.get("PolicyName").String())
	}
	for _, policy := range itemsOf(r.was.properties.get("Policies")) {
		if name := policy.get("PolicyName").String(); !slices.Contains(wants, name) {
			if err := r.deleteInline(role, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeRole takes the role's policies away first, as IAM wants it.
func removeRole(r *request) error {
	role := map[string]any{"RoleName": r.was.ref}
	attached, err := r.ask("iam", "ListAttachedRolePolicies", role)
	if err != nil {
		return err
	}
	policies, _ := attached["AttachedPolicies"].([]any)
	for i := range policies {
		if err := r.detach(r.was.ref, pick(attached, "AttachedPolicies", i, "PolicyArn")); err != nil {
			return err
		}
	}
	for _, policy := range itemsOf(r.was.properties.get("Policies")) {
		if err := r.deleteInline(r.was.ref, policy.get("PolicyName").String()); err != nil {
			return err
		}
	}
	_, err = r.ask("iam", "DeleteRole", role)
	return err
}

// texts are the values of a list.
func texts(n *node) []string {
	var out []string
	for _, item := range itemsOf(n) {
		out = append(out, item.text)
	}
	return out
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

func (r *request) detach(role, arn string) error {
	_, err := r.ask("iam", "DetachRolePolicy", map[string]any{"RoleName": role, "PolicyArn": arn})
	return gone(err)
}

func (r *request) deleteInline(role, policy string) error {
	_, err := r.ask("iam", "DeleteRolePolicy", map[string]any{"RoleName": role, "PolicyName": policy})
	return gone(err)
}

// gone passes over what is not there.
func gone(err error) error {
	if isGone(err) {
		return nil
	}
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

// putInlinePolicy puts the policy into roles. There are no users and groups.
func putInlinePolicy(r *request) (*created, error) {
	properties, roles := taken(r.properties, "Roles")
	for _, role := range texts(roles.get("Roles")) {
		if err := r.putInline(role, properties); err != nil {
			return nil, err
		}
	}
	if r.was == nil {
		return &created{r.name("PolicyName", 128), nil}, nil
	}
	name := r.was.properties.get("PolicyName").String()
	renamed := name != r.properties.get("PolicyName").String()
	for _, role := range texts(r.was.properties.get("Roles")) {
		if renamed || !slices.Contains(texts(roles.get("Roles")), role) {
			if err := r.deleteInline(role, name); err != nil {
				return nil, err
			}
		}
	}
	return &created{r.name("PolicyName", 128), nil}, nil
}

func removeInlinePolicy(r *request) error {
	for _, role := range texts(r.was.properties.get("Roles")) {
		if err := r.deleteInline(role, r.was.properties.get("PolicyName").String()); err != nil {
			return err
		}
	}
	return nil
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
	made := &created{arn, map[string]string{"PolicyArn": arn, "PolicyId": pick(out, "Policy", "PolicyId")}}
	for _, role := range texts(roles.get("Roles")) {
		if err := r.attach(role, arn); err != nil {
			return made, err
		}
	}
	return made, nil
}

// updateManagedPolicy makes a new version of the policy, and makes room for it.
// AWS: IAM User Guide, Versioning IAM policies: five versions.
func updateManagedPolicy(r *request) (*created, error) {
	arn := r.was.ref
	if !same(r.was.properties.get("PolicyDocument"), r.properties.get("PolicyDocument")) {
		d, err := document(r.properties.get("PolicyDocument"))
		if err != nil {
			return nil, err
		}
		if err := r.forgetVersions(arn, 4); err != nil {
			return nil, err
		}
		input := map[string]any{"PolicyArn": arn, "PolicyDocument": d.text, "SetAsDefault": true}
		if _, err := r.ask("iam", "CreatePolicyVersion", input); err != nil {
			return nil, err
		}
	}
	had, wants := texts(r.was.properties.get("Roles")), texts(r.properties.get("Roles"))
	for _, role := range wants {
		if !slices.Contains(had, role) {
			if err := r.attach(role, arn); err != nil {
				return nil, err
			}
		}
	}
	for _, role := range had {
		if !slices.Contains(wants, role) {
			if err := r.detach(role, arn); err != nil {
				return nil, err
			}
		}
	}
	return r.was.created, nil
}

// forgetVersions deletes the oldest versions of a policy that are not its default
// until no more than keep are left.
func (r *request) forgetVersions(arn string, keep int) error {
	out, err := r.ask("iam", "ListPolicyVersions", map[string]any{"PolicyArn": arn})
	if err != nil {
		return err
	}
	versions, _ := out["Versions"].([]any)
	for i := len(versions) - 1; i >= keep; i-- { // the latest comes first
		version, _ := versions[i].(map[string]any)
		if standing, _ := version["IsDefaultVersion"].(bool); standing {
			continue
		}
		input := map[string]any{"PolicyArn": arn, "VersionId": pick(version, "VersionId")}
		if _, err := r.ask("iam", "DeletePolicyVersion", input); err != nil {
			return err
		}
	}
	return nil
}

func removeManagedPolicy(r *request) error {
	for _, role := range texts(r.was.properties.get("Roles")) {
		if err := r.detach(role, r.was.ref); err != nil {
			return err
		}
	}
	if err := r.forgetVersions(r.was.ref, 0); err != nil {
		return err
	}
	_, err := r.ask("iam", "DeletePolicy", map[string]any{"PolicyArn": r.was.ref})
	return err
}

func createProvider(r *request) (*created, error) {
	properties := renamed(r.properties, map[string]string{"ClientIdList": "ClientIDList"})
	out, err := r.call("iam", "CreateOpenIDConnectProvider", &iam.CreateOpenIDConnectProviderInput{}, properties, nil)
	if err != nil {
		return nil, err
	}
	arn := pick(out, "OpenIDConnectProviderArn")
	return &created{arn, map[string]string{"Arn": arn}}, nil
}

func removeEventBusPolicy(r *request) error {
	bus, id, _ := strings.Cut(r.was.ref, "|")
	_, err := r.ask("eventbridge", "RemovePermission", map[string]any{"EventBusName": bus, "StatementId": id})
	return err
}

// putEventBusPolicy puts its one statement beside those that the bus has.
// AWS: CloudFormation template reference, AWS::Events::EventBusPolicy.
func putEventBusPolicy(r *request) (*created, error) {
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
