package cloudformation

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// stack is a stack as it is: its resources, what it was made from and what
// happened to it. Its operations change it on the loop only.
type stack struct {
	id, name string
	status   types.StackStatus
	reason   string

	// What the last operation that began was asked for.
	source

	created          time.Time
	updated, deleted *time.Time
	protected        bool   // from termination
	policy           string // of updates, in JSON; "" is none

	members map[string]*member
	order   []string // of members, each after what it needs
	outputs []types.Output
	events  []types.StackEvent // oldest first
	sets    []*changeSet       // oldest first
	running bool
	journal *journal // of the operation that runs
}

// source is what a stack is made from.
type source struct {
	template   *Template
	body       string            // the template as given
	parameters map[string]string // all values, defaults included
	shown      []types.Parameter
	tags       []types.Tag

	capabilities    []types.Capability
	roleARN         *string
	disableRollback bool
}

// member is a resource of a stack.
type member struct {
	resource // its properties as they were worked out
	*created

	name   string   // of its own, where it has one
	needs  []string // logical ids
	status types.ResourceStatus
	reason string
	at     time.Time
}

func newStack(id, name string, now time.Time) *stack {
	return &stack{id: id, name: name, created: now, members: map[string]*member{}, status: types.StackStatusReviewInProgress}
}

// gone reports whether there is no such stack any more.
func (s *stack) gone() bool { return s.status == types.StackStatusDeleteComplete }

// inOrder are the members, each after what it needs.
func (s *stack) inOrder() []*member {
	out := make([]*member, 0, len(s.order))
	for _, id := range s.order {
		if m := s.members[id]; m != nil {
			out = append(out, m)
		}
	}
	return out
}

// put takes a member in, or another in its place.
func (s *stack) put(m *member) {
	s.members[m.id] = m
	if !slices.Contains(s.order, m.id) {
		s.order = append(s.order, m.id)
	}
}

// drop takes a member out.
func (s *stack) drop(m *member) {
	delete(s.members, m.id)
	s.order = slices.DeleteFunc(s.order, func(id string) bool { return id == m.id })
}

// known is what templates may refer to of the members.
func (s *stack) known() map[string]*created {
	out := make(map[string]*created, len(s.members))
	for id, m := range s.members {
		if m.created != nil {
			out[id] = m.created
		}
	}
	return out
}

// result is the stack as Go code that deployed it sees it.
func (s *stack) result() *Stack {
	out := &Stack{Name: s.name, Outputs: map[string]string{}, PhysicalIDs: map[string]string{}}
	for _, m := range s.inOrder() {
		properties, _ := m.properties.plain().(map[string]any)
		out.PhysicalIDs[m.id] = m.ref
		out.Resources = append(out.Resources, Deployed{
			Resource:   Resource{LogicalID: m.id, Type: m.kind, Line: m.line},
			PhysicalID: m.ref, Attributes: m.attributes, Properties: properties,
		})
	}
	for _, o := range s.outputs {
		out.Outputs[*o.OutputKey] = *o.OutputValue
	}
	return out
}

// listed are logical ids as CloudFormation lists them.
func listed(ids []string) string {
	slices.Sort(ids)
	return "[" + strings.Join(slices.Compact(ids), ", ") + "]"
}

// tell adds an event of the stack itself and shows its status.
func (s *stack) tell(now time.Time, id string, status types.StackStatus, reason string) {
	s.status, s.reason = status, reason
	s.events = append(s.events, types.StackEvent{
		EventId: &id, StackId: &s.id, StackName: &s.name, LogicalResourceId: &s.name, PhysicalResourceId: &s.id,
		ResourceType: aws.String("AWS::CloudFormation::Stack"), ResourceStatus: types.ResourceStatus(status),
		ResourceStatusReason: optionalString(reason), Timestamp: &now,
	})
}

// tellOf adds an event of a member and shows its status.
func (s *stack) tellOf(now time.Time, id string, m *member, status types.ResourceStatus, reason string) {
	m.status, m.reason, m.at = status, reason, now
	e := types.StackEvent{
		EventId: aws.String(m.id + "-" + string(status) + "-" + id), StackId: &s.id, StackName: &s.name, LogicalResourceId: &m.id,
		PhysicalResourceId: new(""), ResourceType: &m.kind, ResourceStatus: status, ResourceStatusReason: optionalString(reason), Timestamp: &now,
	}
	if m.created != nil {
		e.PhysicalResourceId = &m.ref
	}
	s.events = append(s.events, e)
}

func optionalString(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
