package cloudformation

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
)

// action is what an update does with a resource, as stack policies name it.
type action string

const (
	modify  action = "Update:Modify"
	replace action = "Update:Replace"
	remove  action = "Update:Delete"
)

// stackPolicy says what updates may do with a stack's resources.
// AWS: CloudFormation User Guide, Prevent updates to stack resources.
type stackPolicy struct {
	Statement []policyStatement `json:"Statement"`
}

type policyStatement struct {
	Effect      string                      `json:"Effect"`
	Principal   any                         `json:"Principal"`
	Action      words                       `json:"Action"`
	NotAction   words                       `json:"NotAction"`
	Resource    words                       `json:"Resource"`
	NotResource words                       `json:"NotResource"`
	Condition   map[string]map[string]words `json:"Condition"`
}

// words are one string or a list of them.
type words []string

// UnmarshalJSON reads either.
func (w *words) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*w = words{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(w))
}

// match reports whether one of the patterns is the value, without regard to case.
func match(patterns words, value string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		// The names that are matched have no slash but one, which * does not stop at.
		ok, err := path.Match(flat(pattern), flat(value))
		return err == nil && ok
	})
}

func flat(s string) string { return strings.ReplaceAll(strings.ToLower(s), "/", ":") }

// readStackPolicy reads a policy; "" is none.
func readStackPolicy(body string) (*stackPolicy, error) {
	if body == "" {
		return nil, nil //nolint:nilnil // no policy allows everything
	}
	var p stackPolicy
	if err := json.Unmarshal([]byte(body), &p); err != nil {
		return nil, fmt.Errorf("Error validating stack policy: %w", err) //nolint:staticcheck // AWS's sentence
	}
	for i, s := range p.Statement {
		if err := s.check(); err != nil {
			return nil, fmt.Errorf("Error validating stack policy: statement #%d: %w", i+1, err) //nolint:staticcheck // AWS's sentence
		}
	}
	return &p, nil
}

func (s policyStatement) check() error {
	switch {
	case s.Effect != "Allow" && s.Effect != "Deny":
		return fmt.Errorf("the Effect is Allow or Deny, not %q", s.Effect)
	case s.Principal != "*":
		return fmt.Errorf(`the Principal is "*", not %v`, s.Principal)
	case len(s.Action)+len(s.NotAction) == 0:
		return errors.New("it has no Action")
	case len(s.Resource)+len(s.NotResource) == 0:
		return errors.New("it has no Resource")
	}
	for _, a := range slices.Concat(s.Action, s.NotAction) {
		if !slices.Contains([]string{"Update:*", string(modify), string(replace), string(remove)}, a) {
			return fmt.Errorf("there is no action %q", a)
		}
	}
	for _, r := range slices.Concat(s.Resource, s.NotResource) {
		if r != "*" && !strings.HasPrefix(r, "LogicalResourceId/") {
			return fmt.Errorf("a Resource is * or LogicalResourceId/ and a logical id, not %q", r)
		}
	}
	for operator, keys := range s.Condition {
		for key := range keys {
			if key != "ResourceType" || operator != "StringEquals" && operator != "StringLike" {
				return fmt.Errorf("a Condition is StringEquals or StringLike on ResourceType, not %s on %s", operator, key)
			}
		}
	}
	return nil
}

// allows says why the policy does not allow to do something with a resource. What
// no statement names is denied; no policy at all allows everything. The sentences
// are not documented; they are as stack events on the web show them, with statements
// counted from 0 and the actions and resources that the statement names.
func (p *stackPolicy) allows(a action, r resource) error {
	if p == nil {
		return nil
	}
	allowed := false
	for i, s := range p.Statement {
		switch {
		case !s.covers(a, r):
		case s.Effect == "Allow":
			allowed = true
		default:
			return fmt.Errorf("Action denied by stack policy: Statement [#%d] does not allow [%s] for resource [%s];", i, //nolint:staticcheck // AWS's sentence
				strings.Join(slices.Concat(s.Action, s.NotAction), ", "), strings.Join(slices.Concat(s.Resource, s.NotResource), ", "))
		}
	}
	if !allowed {
		return errors.New("Action not allowed by stack policy") //nolint:staticcheck // AWS's sentence
	}
	return nil
}

func (s policyStatement) covers(a action, r resource) bool {
	id := "LogicalResourceId/" + r.id
	if len(s.Action) > 0 && !match(s.Action, string(a)) || len(s.NotAction) > 0 && match(s.NotAction, string(a)) {
		return false
	}
	if len(s.Resource) > 0 && !match(s.Resource, id) || len(s.NotResource) > 0 && match(s.NotResource, id) {
		return false
	}
	for operator, keys := range s.Condition {
		kinds := keys["ResourceType"]
		if operator == "StringEquals" && !slices.Contains(kinds, r.kind) || operator == "StringLike" && !match(kinds, r.kind) {
			return false
		}
	}
	return true
}
