package eventbridge

import (
	"encoding/json"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"github.com/sluice-deploy/sluice/internal/emulator/iam/policy"
	"github.com/sluice-deploy/sluice/internal/emulator/partition"
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

// Policy is the policy of the bus of the account with this ARN; nil if it has none.
func (s *Service) Policy(arn string) *policy.Document {
	ref, isBus := parseBusARN(arn)
	if !isBus || !s.isOwn(ref) || s.buses[ref.name] == nil {
		return nil
	}
	return s.buses[ref.name].policy.document()
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
		principal = map[string]string{"AWS": partition.IAM(s.region, *in.Principal, "root")}
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

// entryContext is the condition keys that an event brings.
// AWS: Service Authorization Reference, Amazon EventBridge, Condition keys.
func entryContext(source, detailType string) map[string][]string {
	return map[string][]string{"events:source": {source}, "events:detail-type": {detailType}}
}
