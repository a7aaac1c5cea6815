package policy

import (
	"cmp"
	"fmt"
	"strings"
)

// Grant is one action on one resource of a statement, which allows or denies it. Grants
// can be compared: each is there once.
type Grant struct {
	statement        *statement
	action, resource int // where they stand in the statement
}

// String is the grant as it is written: "Allow ecs:UpdateService on arn:…".
func (g Grant) String() string {
	effect := "Deny"
	if g.statement.allow {
		effect = "Allow"
	}
	action := written("NotAction", g.statement.actions, g.action, g.statement.notActions)
	resource := written("NotResource", g.statement.resources, g.resource, g.statement.notResources)
	return fmt.Sprintf("%s %s on %s", effect, action, cmp.Or(resource, "what it is attached to"))
}

// written is the pattern at a place; all of them for what is to match none.
func written(element string, ps patterns, at int, not bool) string {
	if !not {
		if len(ps) == 0 {
			return ""
		}
		return ps[at].written
	}
	all := make([]string, len(ps))
	for i, p := range ps {
		all[i] = p.written
	}
	return element + "(" + strings.Join(all, ", ") + ")"
}

// Grants are all that the document allows and denies.
func (d *Document) Grants() []Grant {
	var all []Grant
	for _, s := range d.statements {
		all = append(all, s.grants(places(s.actions, s.notActions), places(s.resources, s.notResources))...)
	}
	return all
}

// places are where the patterns stand; one for all of what is to match none of them, and
// for a statement that names no resource, as a trust policy's: it is about what it is
// attached to.
func places(ps patterns, not bool) []int {
	if not || len(ps) == 0 {
		return []int{0}
	}
	at := make([]int, len(ps))
	for i := range ps {
		at[i] = i
	}
	return at
}

// granting are the statement's grants for a request's action and resource; its
// conditions are not asked.
func (s *statement) granting(q *query) []Grant {
	actions := s.applying(q, s.actions, s.notActions, strings.ToLower(q.Action))
	if actions == nil {
		return nil
	}
	return s.grants(actions, s.applying(q, s.resources, s.notResources, q.Resource))
}

func (s *statement) applying(q *query, ps patterns, not bool, value string) []int {
	if len(ps) == 0 {
		return []int{0}
	}
	at := ps.matching(q, value)
	switch {
	case !not:
		return at
	case at == nil:
		return []int{0}
	}
	return nil
}

func (s *statement) grants(actions, resources []int) []Grant {
	var all []Grant
	for _, a := range actions {
		for _, r := range resources {
			all = append(all, Grant{s, a, r})
		}
	}
	return all
}
