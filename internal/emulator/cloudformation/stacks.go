package cloudformation

import (
	"errors"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Limits of templates. AWS: CloudFormation User Guide, Quotas.
const (
	maxBody   = 51_200
	maxObject = 1 << 20
)

var stackName = regexp.MustCompile(`^[a-zA-Z][-a-zA-Z0-9]{0,127}$`)

func checkStackName(name string) error {
	if stackName.MatchString(name) {
		return nil
	}
	return invalid("1 validation error detected: Value '%s' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*", name)
}

// order is what a client asks a stack to become, by whichever operation.
type order struct {
	body, url    *string
	previous     bool // the stack's own template
	parameters   []types.Parameter
	capabilities []types.Capability
	tags         []types.Tag
	role         *string
	changeSet    bool
}

// resolve reads the order's template and works it out for the stack.
func (s *Service) resolve(st *stack, o order) (*Plan, source, error) {
	src := source{tags: o.tags, capabilities: o.capabilities, roleARN: o.role, parameters: map[string]string{}}
	var err error
	if o.previous {
		src.template, src.body = st.template, st.body
	} else if src.template, src.body, err = s.readTemplate(o.body, o.url); err != nil {
		return nil, src, err
	}
	if src.template == nil {
		return nil, src, invalid("Either Template URL or Template Body must be specified.")
	}
	if src.parameters, err = givenParameters(st, o.parameters); err != nil {
		return nil, src, err
	}
	plan, err := src.template.Resolve(s.settings(st, src.parameters))
	if err != nil {
		return nil, src, invalidTemplate(err)
	}
	for _, r := range plan.all {
		if _, err := handlerOf(r.kind); err != nil {
			return nil, src, invalid("Template format error: Unrecognized resource types: [%s]", r.kind)
		}
	}
	src.shown = plan.shown()
	return plan, src, checkCapabilities(plan, o)
}

// readTemplate reads the one given by its text or as an object of S3.
func (s *Service) readTemplate(body, address *string) (*Template, string, error) {
	text := aws.ToString(body)
	switch {
	case body != nil && address != nil:
		return nil, "", invalid("You cannot specify both Template URL and Template Body.")
	case body == nil && address == nil:
		return nil, "", invalid("Either Template URL or Template Body must be specified.")
	case len(text) > maxBody:
		return nil, "", invalid("1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to %d", maxBody)
	case address != nil:
		data, err := s.fetch(*address)
		if err != nil {
			return nil, "", err
		}
		if len(data) > maxObject {
			return nil, "", invalid("Template may not exceed %d bytes in size.", maxObject)
		}
		text = string(data)
	}
	t, err := Load("template", []byte(text))
	if err != nil {
		return nil, "", invalidTemplate(err)
	}
	return t, text, nil
}

// fetch reads the object of S3 that a URL is of, with the bucket in its path or its
// host.
func (s *Service) fetch(address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil, invalid("TemplateURL must be a supported URL.")
	}
	host := u.Hostname()
	bucket, key, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	if name, _, ok := strings.Cut(host, ".s3"); ok {
		bucket, key = name, strings.TrimPrefix(u.Path, "/")
	}
	if bucket == "" || key == "" {
		return nil, invalid("TemplateURL must be a supported URL.")
	}
	data, err := s.deps.Object(bucket, key)
	if err != nil {
		_, message, _ := wire.ErrorCode(err)
		return nil, invalid("S3 error: %s For more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html", message)
	}
	return data, nil
}

// givenParameters are the values that a client gives, those of before among them.
func givenParameters(st *stack, given []types.Parameter) (map[string]string, error) {
	out := map[string]string{}
	for _, p := range given {
		key := aws.ToString(p.ParameterKey)
		if !aws.ToBool(p.UsePreviousValue) {
			out[key] = aws.ToString(p.ParameterValue)
			continue
		}
		if !slices.ContainsFunc(st.shown, func(shown types.Parameter) bool { return *shown.ParameterKey == key }) {
			return nil, invalid("Invalid input for parameter key %s. Cannot specify usePreviousValue as true for a parameter key not in the previous template", key)
		}
		value, ok := st.parameters[key]
		if !ok {
			value = st.template.fallback(key)
		}
		out[key] = value
	}
	return out, nil
}

// fallback is a parameter's default.
func (t *Template) fallback(name string) string {
	for _, p := range t.parameters {
		if p.name == name {
			return optional(p.value.get("Default"))
		}
	}
	return ""
}

// shown are the parameters as DescribeStacks shows them.
func (p *Plan) shown() []types.Parameter {
	var out []types.Parameter
	for _, declared := range p.scope.template.parameters {
		value, ok := p.scope.settings.Parameters[declared.name]
		if !ok {
			value = optional(declared.value.get("Default"))
		}
		shown := types.Parameter{ParameterKey: &declared.name, ParameterValue: &value}
		kind := declared.value.get("Type").String()
		if strings.HasPrefix(kind, "AWS::SSM::Parameter::Value<") {
			resolved := p.scope.parameters[declared.name]
			shown.ResolvedValue = aws.String(strings.Join(append(texts(resolved), optionalScalar(resolved)...), ","))
		}
		if optional(declared.value.get("NoEcho")) == "true" {
			shown.ParameterValue, shown.ResolvedValue = aws.String("****"), nil
		}
		out = append(out, shown)
	}
	return out
}

func optionalScalar(n *node) []string {
	if n.kind == scalarKind {
		return []string{n.text}
	}
	return nil
}

// checkCapabilities wants the client to acknowledge what the template does.
// AWS: CloudFormation API Reference, CreateStack, Capabilities.
func checkCapabilities(p *Plan, o order) error {
	needed := p.capabilities()
	has := func(c types.Capability) bool { return slices.Contains(o.capabilities, c) }
	switch {
	case p.scope.template.serverless && !o.changeSet && !has(types.CapabilityCapabilityAutoExpand):
		needed = types.CapabilityCapabilityAutoExpand
	case needed == types.CapabilityCapabilityIam && (has(needed) || has(types.CapabilityCapabilityNamedIam)),
		needed == types.CapabilityCapabilityNamedIam && has(needed), needed == "":
		return nil
	}
	return &types.InsufficientCapabilitiesException{Message: aws.String("Requires capabilities : [" + string(needed) + "]")}
}

// capabilities is the one that the plan's IAM resources need, or "".
func (p *Plan) capabilities() types.Capability {
	var needed types.Capability
	for _, r := range p.all {
		if !strings.HasPrefix(r.kind, "AWS::IAM::") || r.kind == "AWS::IAM::OIDCProvider" {
			continue
		}
		if r.properties.get("RoleName") != nil || r.properties.get("ManagedPolicyName") != nil {
			return types.CapabilityCapabilityNamedIam
		}
		needed = types.CapabilityCapabilityIam
	}
	return needed
}

// checkUpdatable says why a stack cannot be worked on as it is.
func checkUpdatable(st *stack, creating bool) error {
	switch st.status {
	case types.StackStatusCreateComplete, types.StackStatusUpdateComplete, types.StackStatusUpdateRollbackComplete:
		if !st.running {
			return nil
		}
	case types.StackStatusReviewInProgress:
		if creating {
			return nil
		}
	default:
	}
	return invalid("Stack:%s is in %s state and can not be updated.", st.id, st.status)
}

// refuse names the parameters that are not emulated.
func refuse(operation string, given map[string]bool) error {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if given[name] {
			return invalid("%s: %s is not emulated", operation, name)
		}
	}
	return nil
}

func (s *Service) createStack(_ *wire.Call, in *sdk.CreateStackInput) (*sdk.CreateStackOutput, error) {
	name := aws.ToString(in.StackName)
	err := errors.Join(checkStackName(name), refuse("CreateStack", map[string]bool{
		"NotificationARNs": len(in.NotificationARNs) > 0, "ResourceTypes": len(in.ResourceTypes) > 0,
		"RollbackConfiguration": in.RollbackConfiguration != nil && len(in.RollbackConfiguration.RollbackTriggers) > 0,
		"TimeoutInMinutes":      in.TimeoutInMinutes != nil, "RetainExceptOnCreate": aws.ToBool(in.RetainExceptOnCreate),
	}))
	if err != nil {
		return nil, err
	}
	if st := s.named(name); st != nil {
		return nil, &types.AlreadyExistsException{Message: aws.String("Stack [" + name + "] already exists")}
	}
	st := newStack(s.newID(name), name, s.loop.Now())
	plan, src, err := s.resolve(st, order{
		body: in.TemplateBody, url: in.TemplateURL, parameters: in.Parameters, capabilities: in.Capabilities, tags: in.Tags, role: in.RoleARN,
	})
	if err != nil {
		return nil, err
	}
	if st.policy, err = s.policyText(in.StackPolicyBody, in.StackPolicyURL); err != nil {
		return nil, err
	}
	st.protected = aws.ToBool(in.EnableTerminationProtection)
	src.disableRollback = aws.ToBool(in.DisableRollback)
	if in.OnFailure != "" && in.DisableRollback != nil {
		return nil, invalid("You cannot specify both OnFailure and DisableRollback.")
	}
	s.stacks = append(s.stacks, st)
	s.start(st, work{
		plan: plan, creating: true, source: src, pace: pace,
		keep: src.disableRollback || in.OnFailure == types.OnFailureDoNothing, vanish: in.OnFailure == types.OnFailureDelete,
	})
	return &sdk.CreateStackOutput{StackId: &st.id}, nil
}

func (s *Service) updateStack(_ *wire.Call, in *sdk.UpdateStackInput) (*sdk.UpdateStackOutput, error) {
	err := refuse("UpdateStack", map[string]bool{
		"NotificationARNs": len(in.NotificationARNs) > 0, "ResourceTypes": len(in.ResourceTypes) > 0,
		"RollbackConfiguration": in.RollbackConfiguration != nil && len(in.RollbackConfiguration.RollbackTriggers) > 0,
		"RetainExceptOnCreate":  aws.ToBool(in.RetainExceptOnCreate),
	})
	if err != nil {
		return nil, err
	}
	st := s.named(aws.ToString(in.StackName))
	if st == nil {
		return nil, invalid("Stack [%s] does not exist", aws.ToString(in.StackName))
	}
	if err := checkUpdatable(st, false); err != nil {
		return nil, err
	}
	o := order{
		body: in.TemplateBody, url: in.TemplateURL, previous: aws.ToBool(in.UsePreviousTemplate),
		parameters: in.Parameters, capabilities: in.Capabilities, tags: in.Tags, role: in.RoleARN,
	}
	plan, src, err := s.resolve(st, o)
	if err != nil {
		return nil, err
	}
	if in.Tags == nil {
		src.tags = st.tags
	}
	preview, err := s.preview(st, src, nil)
	if err != nil {
		return nil, err
	}
	if preview.empty {
		return nil, invalid("No updates are to be performed.")
	}
	during, err := s.policyDuring(st, in)
	if err != nil {
		return nil, err
	}
	src.disableRollback = aws.ToBool(in.DisableRollback)
	s.start(st, work{plan: plan, source: src, policy: during, pace: pace, keep: src.disableRollback})
	return &sdk.UpdateStackOutput{StackId: &st.id}, nil
}

// policyDuring is the stack's policy for one update, after its own was set.
func (s *Service) policyDuring(st *stack, in *sdk.UpdateStackInput) (*stackPolicy, error) {
	if in.StackPolicyBody != nil || in.StackPolicyURL != nil {
		text, err := s.policyText(in.StackPolicyBody, in.StackPolicyURL)
		if err != nil {
			return nil, err
		}
		st.policy = text
	}
	during, err := s.policyText(in.StackPolicyDuringUpdateBody, in.StackPolicyDuringUpdateURL)
	if err != nil {
		return nil, err
	}
	if during == "" {
		during = st.policy
	}
	return readStackPolicy(during)
}

// policyText is a stack policy given by its text or as an object of S3, checked.
func (s *Service) policyText(body, address *string) (string, error) {
	text := aws.ToString(body)
	if body != nil && address != nil {
		return "", invalid("You cannot specify both StackPolicyURL and StackPolicyBody.")
	}
	if address != nil {
		data, err := s.fetch(*address)
		if err != nil {
			return "", err
		}
		text = string(data)
	}
	if _, err := readStackPolicy(text); err != nil {
		return "", invalid("%s", err)
	}
	return text, nil
}

func (s *Service) setStackPolicy(_ *wire.Call, in *sdk.SetStackPolicyInput) (*sdk.SetStackPolicyOutput, error) {
	st := s.named(aws.ToString(in.StackName))
	if st == nil {
		return nil, invalid("Stack [%s] does not exist", aws.ToString(in.StackName))
	}
	text, err := s.policyText(in.StackPolicyBody, in.StackPolicyURL)
	if err != nil {
		return nil, err
	}
	if text == "" {
		return nil, invalid("Either Stack Policy URL or Stack Policy Body must be specified.")
	}
	st.policy = text
	return &sdk.SetStackPolicyOutput{}, nil
}

func (s *Service) getStackPolicy(_ *wire.Call, in *sdk.GetStackPolicyInput) (*sdk.GetStackPolicyOutput, error) {
	st := s.named(aws.ToString(in.StackName))
	if st == nil {
		return nil, invalid("Stack [%s] does not exist", aws.ToString(in.StackName))
	}
	return &sdk.GetStackPolicyOutput{StackPolicyBody: optionalString(st.policy)}, nil
}

func (s *Service) updateTerminationProtection(_ *wire.Call, in *sdk.UpdateTerminationProtectionInput) (*sdk.UpdateTerminationProtectionOutput, error) {
	st := s.named(aws.ToString(in.StackName))
	if st == nil {
		return nil, invalid("Stack [%s] does not exist", aws.ToString(in.StackName))
	}
	st.protected = aws.ToBool(in.EnableTerminationProtection)
	return &sdk.UpdateTerminationProtectionOutput{StackId: &st.id}, nil
}

// deleteStack deletes a stack; one that is not there is deleted already.
func (s *Service) deleteStack(_ *wire.Call, in *sdk.DeleteStackInput) (*sdk.DeleteStackOutput, error) {
	st := s.named(aws.ToString(in.StackName))
	switch {
	case st == nil:
		return &sdk.DeleteStackOutput{}, nil
	case st.protected:
		return nil, invalid("Stack [%s] cannot be deleted while TerminationProtection is enabled", st.name)
	case st.running:
		// AWS stops what is in progress; here it is waited for. The words are ours.
		return nil, invalid("Stack [%s] cannot be deleted while in status %s", st.id, st.status)
	case len(in.RetainResources) > 0 && st.status != types.StackStatusDeleteFailed:
		return nil, invalid("Invalid operation on stack [%s]. When you delete a stack, specify which resources to retain only when the stack is in the DELETE_FAILED state.", st.id)
	}
	role := st.roleARN
	if in.RoleARN != nil {
		role = in.RoleARN
	}
	st.tell(s.loop.Now(), s.loop.UUID(), types.StackStatusDeleteInProgress, "User Initiated")
	s.run(st, role, nil, func(t Target) error {
		o := newOperation(t, st, nil)
		o.pace, o.retain = pace, in.RetainResources
		return o.delete()
	}, func(error) {
		if st.gone() {
			st.deleted = new(s.loop.Now())
		}
	})
	return &sdk.DeleteStackOutput{}, nil
}
