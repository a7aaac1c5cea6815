package cloudformation

import (
	"errors"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/sluice-deploy/sluice/internal/emulator/keep"
	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// changeSetTime is how long CloudFormation looks at what would change. AWS gives no
// figure.
const changeSetTime = time.Second

// changeSet is what an update would do.
type changeSet struct {
	id, name  string
	kind      types.ChangeSetType
	created   time.Time
	status    types.ChangeSetStatus
	execution types.ExecutionStatus
	reason    string
	order     order
	source    source
	changes   []types.Change
	onFailure types.OnStackFailure
}

func (s *Service) createChangeSet(_ *wire.Call, in *sdk.CreateChangeSetInput) (*sdk.CreateChangeSetOutput, error) {
	err := refuse("CreateChangeSet", map[string]bool{
		"NotificationARNs": len(in.NotificationARNs) > 0, "ResourceTypes": len(in.ResourceTypes) > 0, "ResourcesToImport": len(in.ResourcesToImport) > 0,
		"RollbackConfiguration": in.RollbackConfiguration != nil && len(in.RollbackConfiguration.RollbackTriggers) > 0,
		"IncludeNestedStacks":   aws.ToBool(in.IncludeNestedStacks), "ImportExistingResources": aws.ToBool(in.ImportExistingResources),
	})
	if err != nil {
		return nil, err
	}
	st, made, err := s.changed(in)
	if err != nil {
		return nil, err
	}
	if s.findChangeSet(st, *in.ChangeSetName) != nil {
		return nil, &types.AlreadyExistsException{Message: aws.String("ChangeSet [" + *in.ChangeSetName + "] already exists")}
	}
	o := order{
		body: in.TemplateBody, url: in.TemplateURL, previous: aws.ToBool(in.UsePreviousTemplate),
		parameters: in.Parameters, capabilities: in.Capabilities, tags: in.Tags, role: in.RoleARN, changeSet: true,
	}
	_, src, err := s.resolve(st, o)
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
	c := &changeSet{
		id:   partition.ARN("cloudformation", s.region, s.account, "changeSet/"+*in.ChangeSetName+"/"+s.loop.UUID()),
		name: *in.ChangeSetName, kind: in.ChangeSetType, created: s.loop.Now(), order: o, source: src, changes: preview.changes,
		status: types.ChangeSetStatusCreateInProgress, execution: types.ExecutionStatusUnavailable, onFailure: in.OnStackFailure,
	}
	if made {
		s.stacks = append(s.stacks, st)
		st.tell(s.loop.Now(), s.loop.UUID(), types.StackStatusReviewInProgress, "User Initiated")
	}
	st.sets = append(st.sets, c)
	s.loop.DueIn(changeSetTime, compared{c, preview.empty})
	return &sdk.CreateChangeSetOutput{Id: &c.id, StackId: &st.id}, nil
}

// compared is a change set, with what the stack is.
type compared struct {
	set   *changeSet
	empty bool
}

var _ = keep.Type[compared]()

// Happen implements loop.Event.
func (c compared) Happen() { c.set.finish(c.empty) }

// finish shows what the set would change.
func (c *changeSet) finish(empty bool) {
	if !empty {
		c.status, c.execution = types.ChangeSetStatusCreateComplete, types.ExecutionStatusAvailable
		return
	}
	c.status = types.ChangeSetStatusFailed
	c.reason = "The submitted information didn't contain changes. Submit different information to create a change set."
	if c.source.template.serverless {
		c.reason = "No updates are to be performed."
	}
}

// changed is the stack that a change set is of, and whether it is made for it.
func (s *Service) changed(in *sdk.CreateChangeSetInput) (*stack, bool, error) {
	name := aws.ToString(in.StackName)
	st := s.named(name)
	switch {
	case in.ChangeSetType == types.ChangeSetTypeImport:
		return nil, false, invalid("CreateChangeSet: ChangeSetType IMPORT is not emulated")
	case in.ChangeSetType == types.ChangeSetTypeCreate && st == nil:
		if err := checkStackName(name); err != nil {
			return nil, false, err
		}
		return newStack(s.newID(name), name, s.loop.Now()), true, nil
	case st == nil:
		return nil, false, invalid("Stack [%s] does not exist", name)
	case in.ChangeSetType == types.ChangeSetTypeCreate && st.status != types.StackStatusReviewInProgress:
		return nil, false, invalid("Stack [%s] already exists and cannot be created again with the changeSet [%s].", st.name, *in.ChangeSetName)
	}
	return st, false, checkUpdatable(st, in.ChangeSetType == types.ChangeSetTypeCreate)
}

// findChangeSet finds one by its name or ARN; nil if there is none.
func (s *Service) findChangeSet(st *stack, name string) *changeSet {
	for _, c := range st.sets {
		if c.name == name || c.id == name {
			return c
		}
	}
	return nil
}

// changeSet finds a stack's change set; by its ARN, the stack may be left out.
func (s *Service) changeSet(stackName, name *string) (*stack, *changeSet, error) {
	for _, st := range slices.Backward(s.stacks) {
		if stackName != nil && st.name != *stackName && st.id != *stackName {
			continue
		}
		if c := s.findChangeSet(st, aws.ToString(name)); c != nil && (stackName != nil || c.id == *name) {
			return st, c, nil
		}
	}
	if stackName != nil && s.named(*stackName) == nil {
		return nil, nil, invalid("Stack [%s] does not exist", *stackName)
	}
	return nil, nil, &types.ChangeSetNotFoundException{Message: aws.String("ChangeSet [" + aws.ToString(name) + "] does not exist")}
}

func (s *Service) describeChangeSet(_ *wire.Call, in *sdk.DescribeChangeSetInput) (*sdk.DescribeChangeSetOutput, error) {
	st, c, err := s.changeSet(in.StackName, in.ChangeSetName)
	if err != nil {
		return nil, err
	}
	out := &sdk.DescribeChangeSetOutput{
		ChangeSetId: &c.id, ChangeSetName: &c.name, StackId: &st.id, StackName: &st.name, CreationTime: &c.created,
		Status: c.status, ExecutionStatus: c.execution, StatusReason: optionalString(c.reason), Capabilities: c.source.capabilities,
		Parameters: c.source.shown, Tags: c.source.tags, OnStackFailure: c.onFailure, IncludeNestedStacks: new(false),
	}
	if c.status == types.ChangeSetStatusCreateComplete {
		out.Changes = c.changes
	}
	return out, nil
}

func (s *Service) listChangeSets(_ *wire.Call, in *sdk.ListChangeSetsInput) (*sdk.ListChangeSetsOutput, error) {
	st, err := s.find(in.StackName)
	if err != nil {
		return nil, invalid("Stack [%s] does not exist", aws.ToString(in.StackName))
	}
	out := &sdk.ListChangeSetsOutput{}
	for _, c := range st.sets {
		out.Summaries = append(out.Summaries, types.ChangeSetSummary{
			ChangeSetId: &c.id, ChangeSetName: &c.name, StackId: &st.id, StackName: &st.name, CreationTime: &c.created,
			Status: c.status, ExecutionStatus: c.execution, StatusReason: optionalString(c.reason), IncludeNestedStacks: new(false),
		})
	}
	return out, nil
}

// deleteChangeSet deletes a change set; one that is not there is deleted already.
func (s *Service) deleteChangeSet(_ *wire.Call, in *sdk.DeleteChangeSetInput) (*sdk.DeleteChangeSetOutput, error) {
	st, c, err := s.changeSet(in.StackName, in.ChangeSetName)
	var missing *types.ChangeSetNotFoundException
	switch {
	case errors.As(err, &missing):
		return &sdk.DeleteChangeSetOutput{}, nil
	case err != nil:
		return nil, err
	}
	if c.execution == types.ExecutionStatusExecuteInProgress {
		return nil, &types.InvalidChangeSetStatusException{Message: aws.String("ChangeSet [" + c.id + "] cannot be deleted in its current execution status of [" + string(c.execution) + "]")}
	}
	st.sets = slices.DeleteFunc(st.sets, func(other *changeSet) bool { return other == c })
	return &sdk.DeleteChangeSetOutput{}, nil
}

// executeChangeSet does what the set says, from the template and parameters that it
// was made with. All other sets of the stack are void with that.
// AWS: CloudFormation API Reference, ExecuteChangeSet.
func (s *Service) executeChangeSet(_ *wire.Call, in *sdk.ExecuteChangeSetInput) (*sdk.ExecuteChangeSetOutput, error) {
	st, c, err := s.changeSet(in.StackName, in.ChangeSetName)
	if err != nil {
		return nil, err
	}
	if c.execution != types.ExecutionStatusAvailable {
		return nil, &types.InvalidChangeSetStatusException{Message: aws.String("ChangeSet [" + c.id + "] cannot be executed in its current status of [" + string(c.status) + "]")}
	}
	creating := c.kind == types.ChangeSetTypeCreate
	if err := checkUpdatable(st, creating); err != nil {
		return nil, err
	}
	plan, err := c.source.template.Resolve(s.settings(st, c.source.parameters))
	if err != nil {
		return nil, invalidTemplate(err)
	}
	policy, err := readStackPolicy(st.policy)
	if err != nil {
		return nil, invalid("%s", err)
	}
	src := c.source
	src.disableRollback = aws.ToBool(in.DisableRollback)
	if in.DisableRollback != nil && c.onFailure != "" {
		return nil, invalid("You cannot specify both DisableRollback and OnStackFailure.")
	}
	c.execution = types.ExecutionStatusExecuteInProgress
	st.sets = []*changeSet{c}
	s.start(st, work{
		plan: plan, creating: creating, source: src, policy: policy, pace: pace,
		keep: src.disableRollback || c.onFailure == types.OnStackFailureDoNothing, vanish: c.onFailure == types.OnStackFailureDelete,
		done: func(err error) {
			if c.execution = types.ExecutionStatusExecuteComplete; err != nil {
				c.execution = types.ExecutionStatusExecuteFailed
			}
		},
	})
	return &sdk.ExecuteChangeSetOutput{}, nil
}

// preview is what an update would change, as far as it can be known before.
type preview struct {
	changes []types.Change
	empty   bool
}

// preview works out what would change, from a plan of its own.
func (s *Service) preview(st *stack, src source, files fs.FS) (preview, error) {
	settings := s.settings(st, src.parameters)
	settings.Files = files
	plan, err := src.template.Resolve(settings)
	if err != nil {
		return preview{}, invalidTemplate(err)
	}
	schemas := readSchemas()
	var out preview
	var retyped []string
	maps.Copy(plan.scope.created, st.known())
	for _, r := range plan.resources {
		was := st.members[r.id]
		if was != nil && was.kind != r.kind {
			retyped = append(retyped, r.id)
			continue
		}
		if c := plan.foresee(r, was, schemas[r.kind]); c != nil {
			out.changes = append(out.changes, types.Change{Type: types.ChangeTypeResource, ResourceChange: c})
		}
	}
	if len(retyped) > 0 {
		return out, invalid("Update of resource type is not permitted. The new template modifies resource type of the following resources: %s", listed(retyped))
	}
	for _, m := range slices.Backward(st.inOrder()) {
		if !plan.has(m.id) {
			out.changes = append(out.changes, types.Change{Type: types.ChangeTypeResource, ResourceChange: &types.ResourceChange{
				Action: types.ChangeActionRemove, LogicalResourceId: &m.id, PhysicalResourceId: physicalID(m), ResourceType: &m.kind, PolicyAction: policyAction(m.deletion),
			}})
		}
	}
	out.empty = len(out.changes) == 0 && sameTags(st.tags, src.tags) && plan.sameOutputs(st.outputs)
	return out, nil
}

func policyAction(policy string) types.PolicyAction {
	if policy == deletes {
		return types.PolicyActionDelete
	}
	return types.PolicyActionRetain
}

func physicalID(m *member) *string {
	if m == nil || m.created == nil {
		return nil
	}
	return &m.ref
}

// foresee is what would change of a resource; nil if nothing would.
func (p *Plan) foresee(r resource, was *member, s schema) *types.ResourceChange {
	if was == nil {
		p.scope.created[r.id] = toBe()
		return &types.ResourceChange{Action: types.ChangeActionAdd, LogicalResourceId: &r.id, ResourceType: &r.kind, Scope: []types.ResourceAttribute{}}
	}
	c := &types.ResourceChange{
		Action: types.ChangeActionModify, LogicalResourceId: &r.id, PhysicalResourceId: &was.ref, ResourceType: &r.kind,
		Replacement: types.ReplacementFalse, Scope: []types.ResourceAttribute{types.ResourceAttributeProperties},
	}
	properties, err := p.scope.eval(r.properties)
	switch {
	case err != nil: // it takes apart what is not known yet
		c.Replacement = types.ReplacementConditional
		return c
	case properties == nil:
		properties = mapping(r.line)
	case same(was.properties, properties):
		return nil
	}
	for _, name := range changed(was.properties, properties) {
		c.Details = append(c.Details, types.ResourceChangeDetail{
			ChangeSource: types.ChangeSourceDirectModification, Evaluation: types.EvaluationTypeStatic,
			Target: &types.ResourceTargetDefinition{Attribute: types.ResourceAttributeProperties, Name: &name, RequiresRecreation: types.RequiresRecreationNever},
		})
	}
	if replaced := s.replacedBy(was.properties, properties); len(replaced) > 0 {
		c.Replacement = types.ReplacementTrue
		p.scope.created[r.id] = toBe()
	}
	if len(c.Details) == 0 {
		return nil
	}
	return c
}

func (p *Plan) sameOutputs(had []types.Output) bool {
	outputs, err := p.outputValues()
	if err != nil || len(outputs) != len(had) {
		return false
	}
	for i, o := range outputs {
		h := had[i]
		if *o.OutputKey != *h.OutputKey || *o.OutputValue != *h.OutputValue || aws.ToString(o.Description) != aws.ToString(h.Description) || aws.ToString(o.ExportName) != aws.ToString(h.ExportName) {
			return false
		}
	}
	return true
}

func sameTags(a, b []types.Tag) bool {
	if len(a) != len(b) {
		return false
	}
	for _, tag := range a {
		if !slices.ContainsFunc(b, func(other types.Tag) bool { return *other.Key == *tag.Key && *other.Value == *tag.Value }) {
			return false
		}
	}
	return true
}
