package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Document is a policy document that has been read.
type Document struct {
	statements []*statement
}

type statement struct {
	sid                      string
	allow                    bool
	principals               *principals // nil in an identity-based policy
	actions, resources       patterns
	notActions, notResources bool
	conditions               []*condition
}

// Kind is what a document is attached to, which decides what it has to say.
type Kind int

// The kinds of documents.
const (
	Identity Kind = iota // to a user or a role
	Trust                // to a role, saying who may assume it
	Resource             // to any other resource
	Own                  // to a resource whose policies need not name it
)

// MalformedError says in AWS's words, where they are known, what is wrong with a
// document.
type MalformedError struct{ Message string }

func (e *MalformedError) Error() string { return e.Message }

func malformed(format string, args ...any) error {
	return &MalformedError{fmt.Sprintf(format, args...)}
}

// Administrator allows everything.
func Administrator() *Document {
	everything := patterns{parsePattern("*", false)}
	return &Document{statements: []*statement{{allow: true, actions: everything, resources: everything}}}
}

// Parse reads a document. Its error is a *MalformedError.
// AWS: IAM User Guide, Grammar of the IAM JSON policy language.
func Parse(text string, kind Kind) (*Document, error) {
	invalid := malformed("Syntax errors in policy.")
	if kind == Trust {
		invalid = malformed("This policy contains invalid Json")
	}
	var outer struct {
		Version   *string         `json:"Version"`
		ID        *string         `json:"Id"`
		Statement json.RawMessage `json:"Statement"`
	}
	if err := strictly([]byte(text), &outer); err != nil {
		return nil, invalid
	}
	version := "2008-10-17"
	if outer.Version != nil {
		version = *outer.Version
	}
	switch {
	case version != "2008-10-17" && version != "2012-10-17":
		return nil, malformed("Syntax errors in policy.")
	case version != "2012-10-17" && kind == Identity:
		return nil, malformed("Policy document must be version 2012-10-17 or greater.")
	}
	raws, err := statementsOf(outer.Statement)
	if err != nil {
		return nil, malformed("Syntax errors in policy.")
	}
	d := &Document{}
	for _, raw := range raws {
		s, err := parseStatement(raw, parser{kind: kind, variables: version == "2012-10-17"})
		if err != nil {
			return nil, err
		}
		if s.sid != "" && slices.ContainsFunc(d.statements, func(other *statement) bool { return other.sid == s.sid }) {
			return nil, malformed("Statement IDs (SID) in a single policy must be unique.")
		}
		d.statements = append(d.statements, s)
	}
	return d, nil
}

// strictly decodes JSON that has no other members and nothing behind it.
func strictly(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if decoder.More() {
		return malformed("Syntax errors in policy.")
	}
	return nil
}

// statementsOf is one statement or a list of them.
func statementsOf(raw json.RawMessage) ([]json.RawMessage, error) {
	raw = bytes.TrimSpace(raw)
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return nil, malformed("Syntax errors in policy.")
	case raw[0] == '{':
		return []json.RawMessage{raw}, nil
	}
	var all []json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil || len(all) == 0 {
		return nil, malformed("Syntax errors in policy.")
	}
	return all, nil
}

// parser knows what decides how a statement is read.
type parser struct {
	kind      Kind
	variables bool // from version 2012-10-17 on
}

// sid is what a statement's id may be in an identity-based policy.
var sid = regexp.MustCompile(`^[0-9A-Za-z]*$`)

func parseStatement(raw json.RawMessage, p parser) (*statement, error) {
	var in struct {
		Sid, Effect             string
		Principal, NotPrincipal json.RawMessage
		Action, NotAction       json.RawMessage
		Resource, NotResource   json.RawMessage
		Condition               map[string]map[string]json.RawMessage
	}
	if err := strictly(raw, &in); err != nil {
		return nil, malformed("Syntax errors in policy.")
	}
	s := &statement{sid: in.Sid, allow: in.Effect == "Allow"}
	switch {
	case in.Effect != "Allow" && in.Effect != "Deny":
		return nil, malformed("Syntax errors in policy.")
	case p.kind == Identity && !sid.MatchString(in.Sid):
		return nil, malformed("Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*")
	case both(in.Principal, in.NotPrincipal), both(in.Action, in.NotAction), both(in.Resource, in.NotResource):
		return nil, malformed("Syntax errors in policy.")
	}
	if err := p.principals(s, in.Principal, in.NotPrincipal); err != nil {
		return nil, err
	}
	if err := p.actions(s, in.Action, in.NotAction); err != nil {
		return nil, err
	}
	err := p.resources(s, in.Resource, in.NotResource)
	if err != nil {
		return nil, err
	}
	s.conditions, err = p.conditions(in.Condition)
	return s, err
}

func both(a, b json.RawMessage) bool { return a != nil && b != nil }

func (p parser) principals(s *statement, is, not json.RawMessage) (err error) {
	switch {
	case p.kind == Identity && (is != nil || not != nil):
		return malformed("Policy document should not specify a principal.")
	case p.kind != Identity && is == nil && not == nil:
		return malformed("Missing required field Principal")
	case is != nil:
		s.principals, err = parsePrincipals(is, false)
	case not != nil:
		s.principals, err = parsePrincipals(not, true)
	}
	return err
}

func (p parser) actions(s *statement, is, not json.RawMessage) error {
	raw := is
	if not != nil {
		raw, s.notActions = not, true
	}
	names, err := stringsOf(raw)
	switch {
	case raw == nil && p.kind != Identity:
		return malformed("Missing required field Action")
	case raw == nil || err == nil && len(names) == 0:
		return malformed("Policy statement must contain actions.")
	case err != nil:
		return malformed("Syntax errors in policy.")
	}
	for _, name := range names {
		if err := p.checkAction(name); err != nil {
			return err
		}
		// Actions have no variables, and their case does not matter.
		action := parsePattern(strings.ToLower(name), false)
		action.written = name
		s.actions = append(s.actions, action)
	}
	return nil
}

// vendor is the form of the prefix of an action.
var vendor = regexp.MustCompile(`^[a-zA-Z0-9.-]+$`)

func (p parser) checkAction(name string) error {
	prefix, operation, prefixed := strings.Cut(name, ":")
	switch {
	case name == "*":
		return nil
	case !prefixed:
		return malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
	case strings.Contains(operation, ":"):
		return malformed("Actions/Condition can contain only one colon.")
	case !vendor.MatchString(prefix):
		return malformed("Vendor %s is not valid", prefix)
	case p.kind == Trust && !strings.EqualFold(prefix, "sts"):
		return malformed("AssumeRole policy may only specify STS AssumeRole actions.")
	}
	return nil
}

func (p parser) resources(s *statement, is, not json.RawMessage) error {
	raw := is
	if not != nil {
		raw, s.notResources = not, true
	}
	names, err := stringsOf(raw)
	switch {
	case p.kind == Trust && raw != nil:
		return malformed("Has prohibited field Resource")
	case p.kind == Trust, p.kind == Own && raw == nil:
		return nil
	case raw == nil || err == nil && len(names) == 0:
		return malformed("Policy statement must contain resources.")
	case err != nil:
		return malformed("Syntax errors in policy.")
	}
	for _, name := range names {
		if name != "*" && !strings.HasPrefix(name, "arn:") {
			return malformed("Resource %s must be in ARN format or \"*\".", name)
		}
		s.resources = append(s.resources, parsePattern(name, p.variables))
	}
	return nil
}

// stringsOf is a string or a list of strings.
func stringsOf(raw json.RawMessage) ([]string, error) {
	if raw == nil {
		return nil, nil
	}
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return []string{one}, nil
	}
	var all []string
	err := json.Unmarshal(raw, &all)
	return all, err
}
