// Package actions knows what a caller of AWS has to be allowed: which actions an
// operation asks for, on which resources, with which condition keys.
//
// AWS: Service Authorization Reference, Actions, resources, and condition keys for AWS
// services. What is drawn from elsewhere, or could not be confirmed, says so in the
// table.
package actions

import (
	"strings"

	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Need is one action on one resource that the caller of an operation has to be allowed.
type Need struct {
	Action   string // "ecs:UpdateService"
	Resource string // its ARN; "*" for an action that has none
	// Context has the values of the condition keys that the request brings.
	Context map[string][]string
}

// State is what a request does not say itself.
type State interface {
	// RoleARN is the ARN of the account's role of this name; "" if there is none.
	RoleARN(name string) string
	// SecretARN is the ARN of the secret with an id; "" if there is none.
	SecretARN(id string) string
	// ScalableTargetARN is the ARN of a scalable target; "" if there is none.
	ScalableTargetARN(resourceID string) string
	// PartitionKey is the value of the partition key in an item, or a key, of a table; ""
	// if there is none.
	PartitionKey(table string, item Item) string
	// QueriedPartition is the one that a query asks for; "" if it cannot be read.
	QueriedPartition(in *Query) string
}

// Table says what the operations of one account in one Region ask for.
type Table struct {
	state           State
	account, region string
	services        map[string]service // by the model's name
}

// NewTable gives the table.
func NewTable(account, region string, state State) *Table {
	return &Table{state: state, account: account, region: region, services: services()}
}

// service is the operations of a service.
type service struct {
	prefix     string // of its actions
	operations map[string]operation
}

// operation is a row: without anything it is the action of the operation's own name on
// "*", which is what actions without a resource are granted on.
type operation struct {
	// on is the resource, which may stand for several: see resource.go.
	on string
	// as is the action, where it is not the operation's name.
	as string
	// with are the values of condition keys, members of the input by key.
	with map[string]string
	// pass are members of the input that name roles, by the service that they are passed to.
	pass map[string][]string
	// needs is for an operation that asks for something else.
	needs func(r *request) []Need
	// also is what it asks for besides.
	also func(r *request) []Need
	// free is an operation that needs no permission, or whose service decides itself.
	free bool
}

// request is one call that is asked about.
type request struct {
	*Table

	prefix string
	in     any
}

// Needs is what the caller of an operation has to be allowed. It is false for an
// operation that the table does not have.
func (t *Table) Needs(c *wire.Call, in any) ([]Need, bool) {
	s := t.services[c.Service]
	op, known := s.operations[c.Operation]
	if !known {
		return nil, false
	}
	r := &request{Table: t, prefix: s.prefix, in: in}
	if op.needs != nil {
		return op.needs(r), true
	}
	if op.free {
		return nil, true
	}
	action := c.Operation
	if op.as != "" {
		action = op.as
	}
	needs := r.on(action, op.on, r.context(op.with))
	for service, members := range op.pass {
		needs = append(needs, r.passes(service, members)...)
	}
	if op.also != nil {
		needs = append(needs, op.also(r)...)
	}
	return needs, true
}

// Operations are the operations that the table has, "<service> <operation>".
func (t *Table) Operations() []string {
	var all []string
	for name, s := range t.services {
		for op := range s.operations {
			all = append(all, name+" "+op)
		}
	}
	return all
}

// on is an action on the resources that a template stands for.
func (r *request) on(action, template string, context map[string][]string) []Need {
	if !strings.Contains(action, ":") {
		action = r.prefix + ":" + action
	}
	var needs []Need
	for _, resource := range r.resources(template) {
		needs = append(needs, Need{action, resource, context})
	}
	return needs
}

func (r *request) context(with map[string]string) map[string][]string {
	var context map[string][]string
	for key, member := range with {
		if values := members(r.in, member); len(values) > 0 {
			if context == nil {
				context = map[string][]string{}
			}
			context[key] = values
		}
	}
	return context
}

// passes is what passing roles to a service asks for.
// AWS: IAM User Guide, Granting a user permissions to pass a role to an AWS service.
func (r *request) passes(service string, roles []string) []Need {
	var needs []Need
	for _, member := range roles {
		for _, role := range members(r.in, member) {
			if !strings.HasPrefix(role, "arn:") {
				role = r.iam("role/" + role)
			}
			needs = append(needs, Need{"iam:PassRole", role, map[string][]string{"iam:PassedToService": {service}}})
		}
	}
	return needs
}

func (r *request) iam(resource string) string { return partition.IAM(r.region, r.account, resource) }
