package eventbridge

import (
	"encoding/json"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/sluice-deploy/sluice/internal/emulator/iam"
	"github.com/sluice-deploy/sluice/internal/emulator/iam/policy"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// maxPolicy is the longest policy of a bus, in bytes (AWS: EventBridge API Reference,
// PutPermission).
const maxPolicy = 10 * 1024

// busPolicy is a bus's policy, as it is shown and as it was read.
type busPolicy struct {
	Version    string            `json:"Version"`
	Statements []json.RawMessage `json:"Statement"`

	parsed *policy.Document
}

// newBusPolicy makes a policy of statements; nil of none.
func newBusPolicy(version string, statements []json.RawMessage) (*busPolicy, error) {
	if len(statements) == 0 {
		return nil, nil //nolint:nilnil // a bus without statements has no policy
	}
	p := &busPolicy{Version: version, Statements: statements}
	text := p.text()
	if len(*text) > maxPolicy {
		return nil, wire.Errorf("PolicyLengthExceededException", "The event bus policy is larger than %d bytes.", maxPolicy)
	}
	parsed, err := policy.Parse(*text, policy.Resource)
	var malformed *policy.MalformedError
	if errors.As(err, &malformed) {
		return nil, invalid("Parameter Policy is not valid. Reason: %s", malformed.Message)
	}
	p.parsed = parsed
	return p, err
}

// text is the policy in JSON; nil if there is none.
func (p *busPolicy) text() *string {
	if p == nil {
		return nil
	}
	body, err := marshal(p)
	if err != nil {
		panic("eventbridge: a policy that was accepted is not JSON: " + err.Error())
	}
	return aws.String(string(body))
}

// document is what the policy says; nil if there is none.
func (p *busPolicy) document() *policy.Document {
	if p == nil {
		return nil
	}
	return p.parsed
}

// without is the policy's statements but the one with an id, and whether it was there.
func (p *busPolicy) without(id string) ([]json.RawMessage, bool) {
	if p == nil {
		return nil, false
	}
	rest := slices.DeleteFunc(slices.Clone(p.Statements), func(raw json.RawMessage) bool {
		var s struct {
			Sid string `json:"Sid"`
		}
		return json.Unmarshal(raw, &s) == nil && s.Sid == id
	})
	return rest, len(rest) < len(p.Statements)
}

// putPermission replaces the bus's policy by Policy, or adds one statement to it. A
// statement with the same id is replaced.
func (s *Service) putPermission(_ *wire.Call, in *eventbridge.PutPermissionInput) (*eventbridge.PutPermissionOutput, error) {
	b, err := s.findBus(in.EventBusName)
	if err != nil {
		return nil, err
	}
	version := "2012-10-17"
	var statements []json.RawMessage
	if in.Policy != nil {
		version, statements, err = readPolicy(in)
	} else {
		var added json.RawMessage
		statements, _ = b.policy.without(aws.ToString(in.StatementId))
		added, err = s.statement(b, in)
		statements = append(statements, added)
	}
	if err != nil {
		return nil, err
	}
	p, err := newBusPolicy(version, statements)
	if err != nil {
		return nil, err
	}
	b.policy = p
	return &eventbridge.PutPermissionOutput{}, nil
}

// readPolicy takes apart a policy that is given as a whole.
func readPolicy(in *eventbridge.PutPermissionInput) (version string, statements []json.RawMessage, err error) {
	if in.StatementId != nil || in.Action != nil || in.Principal != nil || in.Condition != nil {
		return "", nil, invalid("Parameter Policy is not valid. Reason: It cannot be given together with StatementId, Action, Principal or Condition.")
	}
	if _, err := policy.Parse(*in.Policy, policy.Resource); err != nil {
		return "", nil, invalid("Parameter Policy is not valid. Reason: %s", err)
	}
	var whole struct {
		Version   string          `json:"Version"`
		Statement json.RawMessage `json:"Statement"`
	}
	if err := json.Unmarshal([]byte(*in.Policy), &whole); err != nil {
		return "", nil, invalid("Parameter Policy is not valid. Reason: %s", err)
	}
	if whole.Version == "" {
		whole.Version = "2008-10-17"
	}
	if json.Unmarshal(whole.Statement, &statements) != nil {
		statements = []json.RawMessage{whole.Statement}
	}
	return whole.Version, statements, nil
}

// statement is what StatementId, Action, Principal and Condition stand for.
// AWS: EventBridge API Reference, PutPermission.
func (s *Service) statement(b *bus, in *eventbridge.PutPermissionInput) (json.RawMessage, error) {
	for _, required := range []struct {
		name  string
		value *string
	}{{"StatementId", in.StatementId}, {"Action", in.Action}, {"Principal", in.Principal}} {
		if required.value == nil {
			return nil, invalid("Parameter %s is not valid. Reason: It is required when Policy is not given.", required.name)
		}
	}
	var principal any = "*"
	if *in.Principal != "*" {
		principal = map[string]string{"AWS": "arn:aws:iam::" + *in.Principal + ":root"}
	}
	out := map[string]any{
		"Sid": *in.StatementId, "Effect": "Allow", "Principal": principal, "Action": *in.Action, "Resource": s.busARN(b),
	}
	if c := in.Condition; c != nil {
		if *c.Type != "StringEquals" || *c.Key != "aws:PrincipalOrgID" {
			return nil, invalid("Parameter Condition is not valid. Reason: only Type StringEquals and Key aws:PrincipalOrgID are supported.")
		}
		out["Condition"] = map[string]map[string]string{*c.Type: {*c.Key: *c.Value}}
	}
	return marshal(out)
}

func (s *Service) removePermission(_ *wire.Call, in *eventbridge.RemovePermissionInput) (*eventbridge.RemovePermissionOutput, error) {
	b, err := s.findBus(in.EventBusName)
	if err != nil {
		return nil, err
	}
	if in.RemoveAllPermissions {
		b.policy = nil
		return &eventbridge.RemovePermissionOutput{}, nil
	}
	if in.StatementId == nil {
		return nil, invalid("Parameter StatementId is not valid. Reason: It is required when RemoveAllPermissions is not set.")
	}
	rest, found := b.policy.without(*in.StatementId)
	switch {
	case b.policy == nil:
		return nil, notFound("EventBus does not have a policy.")
	case !found:
		return nil, notFound("Statement with the provided id does not exist.")
	}
	p, err := newBusPolicy(b.policy.Version, rest)
	if err != nil {
		return nil, err
	}
	b.policy = p
	return &eventbridge.RemovePermissionOutput{}, nil
}

// put is an event on its way to a bus, with who sends it. The role is the sender's.
type put struct {
	who     policy.Principal
	role    *iam.Role // whose policies have to allow it; nil for an administrator
	region  string
	ref     busRef
	bus     *bus // nil if there is none
	context map[string][]string
}

// authorizeEntries asks the policies of the buses whether the caller may put the
// entries. What its own policies allow is not asked here. One entry that may not be put
// is enough for the request to be refused.
func (s *Service) authorizeEntries(c *wire.Call, entries []types.PutEventsRequestEntry) error {
	if c.Caller.ARN == "" {
		return wire.Errorf("MissingAuthenticationTokenException", "Missing Authentication Token")
	}
	who := iam.Principal(c.Caller, s.deps.Organization)
	for _, entry := range entries {
		ref := s.parseBus(entry.EventBusName)
		_, b := s.locate(ref)
		if s.isOwn(ref) && b == nil {
			continue // it is dropped
		}
		context := entryContext(aws.ToString(entry.Source), aws.ToString(entry.DetailType))
		context["events:eventBusInvocation"] = []string{"false"}
		if err := s.authorizePut(put{who: who, region: c.Region, ref: ref, bus: b, context: context}); err != nil {
			return err
		}
	}
	return nil
}

// entryContext is the condition keys that an event brings.
// AWS: Service Authorization Reference, Amazon EventBridge, Condition keys.
func entryContext(source, detailType string) map[string][]string {
	return map[string][]string{"events:source": {source}, "events:detail-type": {detailType}}
}

// authorizePut asks a bus's policy. The account that has the bus needs no permission
// in it. AWS: EventBridge User Guide, Permissions for event buses.
func (s *Service) authorizePut(p put) error {
	const action = "events:PutEvents"
	var attached *policy.Document
	if p.bus != nil {
		attached = p.bus.policy.document()
	}
	d, err := iam.Evaluate(policy.Request{
		Principal: p.who, Action: action, Resource: p.ref.arn(), ResourceAccount: p.ref.account,
		Region: p.region, Time: s.loop.Now(), Context: p.context, Attached: attached,
	}, p.role)
	if err != nil || d.Allowed {
		return err
	}
	return wire.Errorf("AccessDeniedException", "User: %s is not authorized to perform: %s on resource: %s %s", p.who.ARN, action, p.ref.arn(), d.Because())
}
