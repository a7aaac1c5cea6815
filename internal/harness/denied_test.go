package harness_test

import (
	"encoding/json"
	"net/url"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/sluice-deploy/sluice/internal/harness"
)

// statements is a policy's document, as far as who edits it has to know it.
type statements struct {
	Version   string           `json:"Version"`
	Statement []map[string]any `json:"Statement"`
}

// without takes an action out, and reports whether it was there.
func (s *statements) without(action string) bool {
	found := false
	for i, st := range s.Statement {
		var actions []string
		switch a := st["Action"].(type) {
		case string:
			actions = []string{a}
		case []any:
			for _, one := range a {
				actions = append(actions, one.(string))
			}
		}
		if slices.Contains(actions, action) {
			found = true
			s.Statement[i]["Action"] = slices.DeleteFunc(actions, func(a string) bool { return a == action })
		}
	}
	s.Statement = slices.DeleteFunc(s.Statement, func(st map[string]any) bool {
		left, is := st["Action"].([]string)
		return is && len(left) == 0
	})
	return found
}

// revoke takes an action away from a role of Sluice's stack, named by its logical id: an
// inline policy loses it, and a managed one is detached and put inline without it.
func (b *box) revoke(role, action string) {
	b.t.Helper()
	r := revocation{b, b.iam(b.Cloud), b.sluice().PhysicalIDs[role], action}
	if !r.inline() && !r.managed() {
		b.t.Fatalf("%s does not have %s", role, action)
	}
}

// sluice is the stack of template.yaml.
func (b *box) sluice() harness.Stack { return b.Stacks[0] }

type revocation struct {
	*box
	client       *iam.Client
	role, action string
}

func (r revocation) inline() bool {
	r.t.Helper()
	names, err := r.client.ListRolePolicies(r.ctx(), &iam.ListRolePoliciesInput{RoleName: &r.role})
	if err != nil {
		r.t.Fatal(err)
	}
	for _, name := range names.PolicyNames {
		p, err := r.client.GetRolePolicy(r.ctx(), &iam.GetRolePolicyInput{RoleName: &r.role, PolicyName: &name})
		if err != nil {
			r.t.Fatal(err)
		}
		if doc := r.read(*p.PolicyDocument); doc.without(r.action) {
			_, err := r.client.DeleteRolePolicy(r.ctx(), &iam.DeleteRolePolicyInput{RoleName: &r.role, PolicyName: &name})
			r.put(name, doc, err)
			return true
		}
	}
	return false
}

func (r revocation) managed() bool {
	r.t.Helper()
	attached, err := r.client.ListAttachedRolePolicies(r.ctx(), &iam.ListAttachedRolePoliciesInput{RoleName: &r.role})
	if err != nil {
		r.t.Fatal(err)
	}
	for _, a := range attached.AttachedPolicies {
		p, err := r.client.GetPolicyVersion(r.ctx(), &iam.GetPolicyVersionInput{PolicyArn: a.PolicyArn, VersionId: aws.String("v1")})
		if err != nil {
			r.t.Fatal(err)
		}
		if doc := r.read(*p.PolicyVersion.Document); doc.without(r.action) {
			_, err := r.client.DetachRolePolicy(r.ctx(), &iam.DetachRolePolicyInput{RoleName: &r.role, PolicyArn: a.PolicyArn})
			r.put("rest", doc, err)
			return true
		}
	}
	return false
}

func (r revocation) read(encoded string) statements {
	r.t.Helper()
	text, err := url.QueryUnescape(encoded)
	var doc statements
	if err == nil {
		err = json.Unmarshal([]byte(text), &doc)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return doc
}

// put puts what is left into the role.
func (r revocation) put(name string, doc statements, err error) {
	r.t.Helper()
	if err == nil && len(doc.Statement) > 0 {
		var text []byte
		if text, err = json.Marshal(doc); err == nil {
			_, err = r.client.PutRolePolicy(r.ctx(), &iam.PutRolePolicyInput{RoleName: &r.role, PolicyName: &name, PolicyDocument: aws.String(string(text))})
		}
	}
	if err != nil {
		r.t.Fatal(err)
	}
}
