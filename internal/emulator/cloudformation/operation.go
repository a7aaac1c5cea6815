package cloudformation

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// pace is how long a resource takes in an operation of the API, besides what its
// own service takes, so that who polls sees it in progress. It is ours: on AWS
// most take seconds and some take minutes.
const pace = 100 * time.Millisecond

// operation brings a stack to what a plan says, or takes it away. It does one
// thing after the other, in the order of the resources' dependencies, where AWS
// does what it can side by side.
type operation struct {
	Target

	stack   *stack
	plan    *Plan
	schemas map[string]schema
	pace    time.Duration

	*journal
}

// journal is what an operation has to know in order to go on, or back. It changes on the
// loop only.
type journal struct {
	creating bool
	before   source       // the stack's, of an update
	policy   *stackPolicy // of the update; nil allows everything
	keep     bool         // what was done when something fails
	vanish   bool         // when the creation fails
	retain   []string     // logical ids that a deletion leaves alone

	changes []*change
	garbage []*member // what is to be deleted in the end, in the order of its making
}

// change is what was done, or tried, with a resource.
type change struct {
	was *member // nil if it was made
	now *member
}

// replaced reports whether the resource became another one.
func (c *change) replaced() bool {
	return c.was != nil && c.now.created != nil && c.now.ref != c.was.ref
}

// bringAbout is converge, after which the stack is from what it is made of.
func (o *operation) bringAbout() error {
	err := o.converge(o.creating)
	if err != nil && !o.creating && !o.keep {
		o.Do(func() { o.stack.source = o.before })
	}
	if err != nil && o.creating && o.vanish {
		o.tell(types.StackStatusDeleteComplete, "")
	}
	return err
}

// converge makes the stack what the plan says. Where that fails, the stack goes
// back to what it was, and the error says why.
// AWS: CloudFormation User Guide, Update behaviors of stack resources; How
// CloudFormation creates resources.
func (o *operation) converge(creating bool) error {
	err := o.apply()
	if err == nil {
		err = o.setOutputs()
	}
	switch {
	case err != nil && creating:
		o.undoCreation()
	case err != nil:
		o.undoUpdate()
	case creating:
		o.tell(types.StackStatusCreateComplete, "")
	default:
		o.finishUpdate()
	}
	return err
}

// apply does what the plan asks for, resource by resource.
func (o *operation) apply() error {
	if err := o.checkRemovals(); err != nil {
		return err
	}
	for _, r := range o.plan.resources {
		if err := o.bring(r); err != nil {
			return fmt.Errorf("template %s: line %d: resource %s (%s): %w", o.plan.name, r.line, r.id, r.kind, err)
		}
	}
	order := make([]string, 0, len(o.plan.resources))
	for _, r := range o.plan.resources {
		order = append(order, r.id)
	}
	for _, m := range o.stack.inOrder() {
		if !slices.Contains(order, m.id) {
			o.discard(m)
		}
	}
	o.Do(func() { o.stack.order = order })
	return nil
}

// bring makes, changes or leaves a resource as it is.
func (o *operation) bring(r resource) error {
	was := o.stack.members[r.id]
	now := &member{resource: r, needs: o.plan.needs[r.id]}
	var err error
	if now.properties, err = o.plan.scope.eval(r.properties); err != nil {
		o.failed(now, was == nil, err)
		return err
	}
	if now.properties == nil {
		now.properties = mapping(r.line)
	}
	switch {
	case was == nil:
		return o.make(&change{now: now})
	case same(was.properties, now.properties):
		now.created, now.status, now.reason, now.at = was.created, was.status, was.reason, was.at
		o.put(now)
		return nil
	}
	return o.change(was, now)
}

// put takes a resource into the stack, for others to refer to.
func (o *operation) put(m *member) {
	o.plan.scope.created[m.id] = m.created
	o.Do(func() { o.stack.put(m) })
}

// change updates a resource in place or replaces it.
func (o *operation) change(was, now *member) error {
	replaced := o.schemas[now.kind].replacedBy(was.properties, now.properties)
	action := modify
	if len(replaced) > 0 {
		action = replace
	}
	if err := o.policy.allows(action, was.resource); err != nil {
		// The physical resource is as it was, and so is the stack's.
		o.failed(&member{resource: was.resource, created: was.created}, false, err)
		return err
	}
	c := &change{was: was, now: now}
	if action == modify {
		return o.update(c)
	}
	if err := o.checkName(was, now); err != nil {
		o.failed(now, false, err)
		return err
	}
	return o.make(c)
}

// checkName refuses to replace a resource that has a name of its own, and would
// have it twice.
// AWS: CloudFormation template reference, Name type.
func (o *operation) checkName(was, now *member) error {
	h, err := handlerOf(now.kind)
	if err != nil || h.name == "" {
		return err
	}
	name := now.properties.get(h.name)
	if name.isNull() || !same(name, was.properties.get(h.name)) {
		return nil
	}
	return fmt.Errorf("CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename %s and update the stack again.", name.text) //nolint:staticcheck // AWS's sentence
}

// make creates a resource, the only one of its name or in place of another.
func (o *operation) make(c *change) error {
	begin, end := types.ResourceStatusCreateInProgress, types.ResourceStatusCreateComplete
	reason := ""
	if c.was != nil {
		begin, end = types.ResourceStatusUpdateInProgress, types.ResourceStatusUpdateComplete
		reason = "Requested update requires the creation of a new physical resource; hence creating one."
	}
	o.tellOf(c.now, begin, reason)
	h, err := handlerOf(c.now.kind)
	if err == nil {
		o.note(c)
		o.Wait(o.pace)
		r := &request{operation: o, resource: c.now.resource}
		var made *created
		made, err = h.create(r)
		o.Do(func() { c.now.created, c.now.name = made, r.made })
	}
	if err != nil {
		o.failed(c.now, c.was == nil, err)
		return err
	}
	o.put(c.now)
	o.tellOf(c.now, end, "")
	if c.was != nil {
		o.discard(c.was)
	}
	return nil
}

// update changes a resource in place. What it becomes may be another one: a
// custom resource decides that for itself.
func (o *operation) update(c *change) error {
	o.tellOf(c.now, types.ResourceStatusUpdateInProgress, "")
	o.note(c)
	made, err := o.updated(c.was, c.now)
	if err != nil {
		o.Do(func() { c.now.created = c.was.created })
		o.failed(c.now, false, err)
		return err
	}
	o.Do(func() { c.now.created = made })
	o.put(c.now)
	o.tellOf(c.now, types.ResourceStatusUpdateComplete, "")
	if c.replaced() {
		o.discard(c.was)
	}
	return nil
}

// updated has the resource's service change what there is into what is wanted.
func (o *operation) updated(was, now *member) (*created, error) {
	h, err := handlerOf(now.kind)
	if err != nil {
		return nil, err
	}
	if h.update == nil {
		return nil, fmt.Errorf("an update of %s in place is not emulated (changed: %s)", now.kind, listed(changed(was.properties, now.properties)))
	}
	o.Wait(o.pace)
	o.Do(func() { now.name = was.name })
	return h.update(&request{operation: o, resource: now.resource, was: was})
}

// failed tells that a resource could not be brought to what it should be.
func (o *operation) failed(m *member, creating bool, err error) {
	status := types.ResourceStatusUpdateFailed
	if creating {
		status = types.ResourceStatusCreateFailed
	}
	o.tellOf(m, status, plainText(err))
	if o.stack.members[m.id] == nil {
		o.Do(func() { o.stack.put(m) })
	}
}

// discard has a resource deleted when the update is over.
func (o *operation) discard(m *member) {
	o.Do(func() { o.garbage = append(o.garbage, m) })
}

// note has the change be known before it is made.
func (o *operation) note(c *change) {
	o.Do(func() { o.changes = append(o.changes, c) })
}

// checkRemovals asks the stack's policy for what the template has no more.
func (o *operation) checkRemovals() error {
	for _, m := range o.stack.inOrder() {
		if o.plan.has(m.id) {
			continue
		}
		if err := o.policy.allows(remove, m.resource); err != nil {
			o.failed(&member{resource: m.resource, created: m.created}, false, err)
			return fmt.Errorf("resource %s (%s): %w", m.id, m.kind, err)
		}
	}
	return nil
}

// setOutputs works the outputs out.
func (o *operation) setOutputs() error {
	outputs, err := o.plan.outputValues()
	if err == nil {
		o.Do(func() { o.stack.outputs = outputs })
	}
	return err
}

func (p *Plan) outputValues() ([]types.Output, error) {
	outputs := make([]types.Output, 0, len(p.outputs))
	for _, o := range p.outputs {
		value, err := p.scope.eval(o.value)
		if err != nil {
			return nil, fmt.Errorf("template %s: output %s: %w", p.name, o.name, err)
		}
		out := types.Output{OutputKey: aws.String(o.name), OutputValue: aws.String(value.String())}
		if d := o.description; d != nil {
			out.Description = &d.text
		}
		if o.export != nil {
			name, err := p.scope.eval(o.export)
			if err != nil {
				return nil, fmt.Errorf("template %s: output %s: Export: %w", p.name, o.name, err)
			}
			out.ExportName = aws.String(name.String())
		}
		outputs = append(outputs, out)
	}
	return outputs, nil
}

// finishUpdate deletes what is no more wanted. What cannot be deleted is left.
// AWS: CloudFormation User Guide, Update behaviors of stack resources; stack
// status UPDATE_COMPLETE_CLEANUP_IN_PROGRESS.
func (o *operation) finishUpdate() {
	o.tell(types.StackStatusUpdateCompleteCleanupInProgress, "")
	o.cleanUp(false)
	o.tell(types.StackStatusUpdateComplete, "")
}

// cleanUp deletes the garbage, last made first.
func (o *operation) cleanUp(undoing bool) {
	for _, m := range slices.Backward(o.garbage) {
		policy := m.deletion
		if current := o.stack.members[m.id]; current != nil && current.created != m.created && !undoing {
			policy = m.replacement
		} else if current != nil && current.created == m.created {
			o.Do(func() { o.stack.drop(m) })
		}
		_ = o.remove(m, policy, undoing) // the events say what could not be deleted
	}
}

// remove deletes a resource, unless its policy has it stay.
func (o *operation) remove(m *member, policy string, undoing bool) error {
	if policy == retains || policy == retainsOnceItWasMade && !undoing {
		o.tellOf(m, types.ResourceStatusDeleteSkipped, "")
		return nil
	}
	o.tellOf(m, types.ResourceStatusDeleteInProgress, "")
	h, err := handlerOf(m.kind)
	if err == nil && m.created != nil {
		o.Wait(o.pace)
		err = h.remove(&request{operation: o, resource: m.resource, was: m})
	}
	if err != nil && !isGone(err) {
		o.tellOf(m, types.ResourceStatusDeleteFailed, plainText(err))
		return err
	}
	o.tellOf(m, types.ResourceStatusDeleteComplete, "")
	return nil
}

// reasons says what failed, as CloudFormation's stack events do.
func (o *operation) reasons() string {
	var creates, updates []string
	for _, e := range o.stack.events {
		switch e.ResourceStatus {
		case types.ResourceStatusCreateFailed:
			creates = append(creates, *e.LogicalResourceId)
		case types.ResourceStatusUpdateFailed:
			updates = append(updates, *e.LogicalResourceId)
		}
		if *e.LogicalResourceId == o.stack.name { // of an earlier operation
			creates, updates = nil, nil
		}
	}
	out := ""
	if len(creates) > 0 {
		out += "The following resource(s) failed to create: " + listed(creates) + ". "
	}
	if len(updates) > 0 {
		out += "The following resource(s) failed to update: " + listed(updates) + ". "
	}
	return out
}

// undoCreation deletes what was made.
func (o *operation) undoCreation() {
	if o.keep {
		o.tell(types.StackStatusCreateFailed, o.reasons())
		return
	}
	o.tell(types.StackStatusRollbackInProgress, o.reasons()+"Rollback requested by user.")
	var failed []string
	for _, c := range slices.Backward(o.changes) {
		if err := o.remove(c.now, c.now.deletion, true); err != nil {
			failed = append(failed, c.now.id)
		}
	}
	if len(failed) > 0 {
		o.tell(types.StackStatusRollbackFailed, "The following resource(s) failed to delete: "+listed(failed)+". ")
		return
	}
	o.tell(types.StackStatusRollbackComplete, "")
}

// undoUpdate brings the stack back to what it was: what was changed is changed
// again, with what the stack had, and what was made is deleted in the end.
func (o *operation) undoUpdate() {
	if o.keep {
		o.tell(types.StackStatusUpdateFailed, o.reasons())
		return
	}
	o.tell(types.StackStatusUpdateRollbackInProgress, o.reasons())
	o.Do(func() { o.garbage = nil })
	var failed []string
	for _, c := range o.changes {
		if c.was == nil {
			o.discard(c.now)
			continue
		}
		if err := o.back(c); err != nil {
			failed = append(failed, c.was.id)
		}
	}
	if len(failed) > 0 {
		o.tell(types.StackStatusUpdateRollbackFailed, "The following resource(s) failed to update: "+listed(failed)+". ")
		return
	}
	o.tell(types.StackStatusUpdateRollbackCompleteCleanupInProgress, "")
	o.cleanUp(true)
	o.tell(types.StackStatusUpdateRollbackComplete, "")
}

// back gives a resource what it had before its change.
func (o *operation) back(c *change) error {
	again := *c.was
	if c.now.created != nil && !c.replaced() {
		o.tellOf(&again, types.ResourceStatusUpdateInProgress, "")
		made, err := o.updated(c.now, &again)
		if err != nil {
			o.tellOf(&again, types.ResourceStatusUpdateFailed, plainText(err))
			return err
		}
		again.created = made
	} else if c.now.created != nil {
		o.discard(c.now)
	}
	o.Do(func() { o.stack.put(&again) })
	o.tellOf(&again, types.ResourceStatusUpdateComplete, "")
	return nil
}

// delete takes the stack away, last made first. A resource that cannot be deleted
// stays, and with it what it needs.
func (o *operation) delete() error {
	var failed []string
	stay := map[string]bool{}
	var first error
	for _, m := range slices.Backward(o.stack.inOrder()) {
		err := error(nil)
		switch {
		case slices.Contains(o.retain, m.id):
			o.tellOf(m, types.ResourceStatusDeleteSkipped, "")
		case m.status == types.ResourceStatusDeleteComplete:
		case stay[m.id]:
			markAll(stay, m.needs)
			continue
		default:
			err = o.remove(m, m.deletion, false)
		}
		if err != nil {
			failed = append(failed, m.id)
			first = errors.Join(first, fmt.Errorf("resource %s (%s): %w", m.id, m.kind, err))
			markAll(stay, m.needs)
			continue
		}
		o.Do(func() { o.stack.drop(m) })
	}
	if len(failed) > 0 {
		o.tell(types.StackStatusDeleteFailed, "The following resource(s) failed to delete: "+listed(failed)+". ")
		return first
	}
	o.tell(types.StackStatusDeleteComplete, "")
	return nil
}

func markAll(set map[string]bool, ids []string) {
	for _, id := range ids {
		set[id] = true
	}
}

func (o *operation) tell(status types.StackStatus, reason string) {
	o.Do(func() { o.stack.tell(o.Now(), o.ID(32), status, reason) })
}

func (o *operation) tellOf(m *member, status types.ResourceStatus, reason string) {
	o.Do(func() { o.stack.tellOf(o.Now(), o.ID(20), m, status, reason) })
}

// newOperation prepares one; the plan is nil for a deletion.
func newOperation(t Target, s *stack, p *Plan) *operation {
	if p != nil {
		maps.Copy(p.scope.created, s.known())
	}
	o := &operation{Target: t, stack: s, plan: p, schemas: readSchemas(), journal: new(journal)}
	o.Do(func() { s.journal = o.journal })
	return o
}
