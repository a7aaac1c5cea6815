package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/sluice-deploy/sluice/internal/awsclient"
)

// ecsTasks is the service that task and execution roles have to trust.
const ecsTasks = "ecs-tasks.amazonaws.com"

// wish is one thing that a role has to be allowed.
type wish struct {
	action, resource string
	passedTo         string // of iam:PassRole
}

// may wants a role to be allowed all wishes, as far as its own policies say.
func (e *environment) may(ctx context.Context, check, role string, wishes []wish, fine string) bool {
	var denied []string
	for _, w := range wishes {
		allowed, err := e.simulate(ctx, role, w)
		if err != nil {
			e.failed(e.about, check, err, "")
			return false
		}
		if what := w.action + " on " + w.resource; !allowed && !slices.Contains(denied, what) {
			denied = append(denied, what)
		}
	}
	if len(denied) > 0 {
		e.problem(e.about, check, fmt.Sprintf("role %s may not %s", nameOf(role), strings.Join(denied, ", nor ")), "allow it in the role's policies")
		return false
	}
	if fine != "" {
		e.ok(e.about, check, fine+": "+nameOf(role))
	}
	return true
}

// simulate asks IAM what a role's policies allow.
func (e *environment) simulate(ctx context.Context, role string, w wish) (bool, error) {
	in := &iam.SimulatePrincipalPolicyInput{PolicySourceArn: &role, ActionNames: []string{w.action}, ResourceArns: []string{w.resource}}
	if w.passedTo != "" {
		in.ContextEntries = []iamtypes.ContextEntry{{
			ContextKeyName: aws.String("iam:PassedToService"), ContextKeyType: iamtypes.ContextKeyTypeEnumString, ContextKeyValues: []string{w.passedTo},
		}}
	}
	out, err := e.place.iam.SimulatePrincipalPolicy(ctx, in)
	if err != nil {
		return false, awsclient.Wrap(err, "ask what role %s may", nameOf(role))
	}
	for _, r := range out.EvaluationResults {
		if r.EvalDecision != iamtypes.PolicyEvaluationDecisionTypeAllowed {
			return false, nil
		}
	}
	return true, nil
}

func nameOf(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

// taskRoles wants the roles of a task definition to be there, to trust ECS, and to be
// ones that Sluice may pass.
func (e *environment) taskRoles(ctx context.Context, td *types.TaskDefinition) {
	var roles []string
	for _, role := range []string{aws.ToString(td.TaskRoleArn), aws.ToString(td.ExecutionRoleArn)} {
		if role != "" && !slices.Contains(roles, role) {
			roles = append(roles, role)
		}
	}
	if len(roles) == 0 {
		e.ok(e.about, checkRoles, "the task definition names none")
		return
	}
	var wishes []wish
	for _, role := range roles {
		if !e.trusts(ctx, role) {
			return
		}
		wishes = append(wishes, wish{action: "iam:PassRole", resource: role, passedTo: ecsTasks})
	}
	preparer := e.worker("PrepareFunctionRole")
	if preparer == "" {
		e.unchecked(e.about, checkRoles, "the roles of Sluice's functions could not be listed")
		return
	}
	if e.may(ctx, checkRoles, preparer, wishes, "") {
		e.ok(e.about, checkRoles, "there, trust "+ecsTasks+", and Sluice may pass them: "+names(roles))
	}
}

func names(roles []string) string {
	var all []string
	for _, role := range roles {
		all = append(all, nameOf(role))
	}
	return strings.Join(all, ", ")
}

// trusts reports whether a role is there and lets tasks take it.
func (e *environment) trusts(ctx context.Context, role string) bool {
	name := nameOf(role)
	out, err := e.place.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	if awsclient.Is(err, "NoSuchEntity") {
		e.problem(e.about, checkRoles, "role "+role+" does not exist", "make it, or put the task definition's taskRoleArn and executionRoleArn right")
		return false
	}
	if err != nil {
		e.failed(e.about, checkRoles, awsclient.Wrap(err, "read role %s", name), "")
		return false
	}
	if !slices.Contains(trusted(aws.ToString(out.Role.AssumeRolePolicyDocument)), ecsTasks) {
		e.problem(e.about, checkRoles, fmt.Sprintf("role %s does not trust %s", name, ecsTasks), "let that service assume it, in the role's trust policy")
		return false
	}
	return true
}

// trusted are the services that a trust policy, percent-encoded as IAM gives it, lets
// assume its role. A policy may have one of a thing where it may have a list.
func trusted(document string) []string {
	text, err := url.PathUnescape(document)
	if err != nil {
		return nil
	}
	var policy struct {
		Statement many[statement] `json:"Statement"`
	}
	if err := json.Unmarshal([]byte(text), &policy); err != nil {
		return nil
	}
	var services []string
	for _, s := range policy.Statement {
		if s.Effect == "Allow" {
			services = append(services, s.Principal.Service...)
		}
	}
	return services
}

type statement struct {
	Effect    string `json:"Effect"`
	Principal struct {
		Service many[string] `json:"Service"`
	} `json:"Principal"`
}

// many is a list, or one of it.
type many[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (m *many[T]) UnmarshalJSON(text []byte) error {
	var list []T
	if json.Unmarshal(text, &list) == nil {
		*m = list
		return nil
	}
	var one T
	err := json.Unmarshal(text, &one)
	*m = many[T]{one}
	return err
}

// worker is the role by which Sluice works in the environment: the spec's, or that of one
// of its functions; "" where that is not known.
func (e *environment) worker(logicalID string) string {
	if e.spec.Role != "" {
		return e.spec.Role
	}
	return e.roles[logicalID]
}

// remoteRole wants Sluice to be allowed to take the role of an environment elsewhere.
// Whether that role trusts it, its own account says: whoever may look there has taken it.
func (e *environment) remoteRole(ctx context.Context) {
	const check = "remote role"
	preparer := e.roles["PrepareFunctionRole"]
	switch {
	case e.spec.Role == "":
		return
	case preparer == "":
		e.unchecked(e.about, check, "the roles of Sluice's functions could not be listed")
	default:
		home := *e
		home.place = placeOf(e.AWS)
		home.may(ctx, check, preparer, []wish{{action: "sts:AssumeRole", resource: e.spec.Role}}, "Sluice may assume "+nameOf(e.spec.Role))
	}
}

// permissions wants Sluice to be allowed to move the environment.
func (e *environment) permissions(ctx context.Context) {
	const check = "permissions"
	if e.plan.Approach == nil {
		e.unchecked(e.about, check, "it is not known what is to be moved")
		return
	}
	preparer, shifter := e.worker("PrepareFunctionRole"), e.worker("ShiftFunctionRole")
	if preparer == "" || shifter == "" {
		e.unchecked(e.about, check, "the roles of Sluice's functions could not be listed")
		return
	}
	base := strings.Split(e.plan.Approach.Base, ":") // arn:aws:ecs:region:account:task-definition/family:revision
	at := strings.Join(base[:5], ":")
	cluster := nameOf(e.spec.Cluster)
	prepare := []wish{
		{action: "ecs:RegisterTaskDefinition", resource: at + ":task-definition/" + e.plan.Approach.Family + ":*"},
		{action: "ecs:UpdateService", resource: at + ":service/" + cluster + "/" + e.spec.Slots.Blue},
		{action: "ecs:UpdateService", resource: at + ":service/" + cluster + "/" + e.spec.Slots.Green},
	}
	if e.may(ctx, check, preparer, prepare, "") && e.may(ctx, check, shifter, []wish{{action: "elasticloadbalancing:ModifyRule", resource: e.plan.Rule}}, "") {
		e.ok(e.about, check, "Sluice may register the task definition, change both services and set the rule's weights")
	}
}

// approvers wants the roles and users that the spec names as approvers and operators to be
// there. Users of IAM Identity Center are in no account, and who is in another account is
// not seen from this one.
func (e *environment) approvers(ctx context.Context) {
	const check = "approvers"
	var there, unseen []string
	people := e.people()
	slices.Sort(people)
	for _, who := range slices.Compact(people) {
		kind, name, seen := e.principal(who)
		if !seen {
			if strings.HasPrefix(who, "arn:") {
				unseen = append(unseen, who)
			}
			continue
		}
		switch found, err := e.person(ctx, kind, name); {
		case awsclient.Is(err, "NoSuchEntity"):
			e.problem(e.about, check, kind+" "+who+" does not exist, so nobody can approve as it", "put the spec's approvers and operators right")
			return
		case err != nil:
			e.failed(e.about, check, awsclient.Wrap(err, "read %s %s", kind, name), "")
			return
		case found != who:
			e.problem(e.about, check, fmt.Sprintf("%s %s is %s, so nobody can approve as %s", kind, name, found, who), "put the spec's approvers and operators right, with their paths")
			return
		}
		there = append(there, who)
	}
	if len(unseen) > 0 {
		e.unchecked(e.about, check, "whether these are there: "+strings.Join(unseen, ", "))
	}
	if len(there) > 0 {
		e.ok(e.about, check, "there: "+names(there))
	}
}

// principal takes apart the ARN of a role or a user of IAM of this account.
func (e *environment) principal(who string) (kind, name string, seen bool) {
	a, err := arn.Parse(who)
	if err != nil || a.Service != "iam" || a.AccountID != e.home().AccountID {
		return "", "", false
	}
	kind, _, _ = strings.Cut(a.Resource, "/")
	return kind, nameOf(who), kind == "role" || kind == "user"
}

// person gives the ARN of a role or a user of IAM, which has its path.
func (e *environment) person(ctx context.Context, kind, name string) (string, error) {
	client := iam.NewFromConfig(e.AWS)
	if kind == "user" {
		out, err := client.GetUser(ctx, &iam.GetUserInput{UserName: &name})
		if err != nil {
			return "", err //nolint:wrapcheck // whoever asks says what for
		}
		return aws.ToString(out.User.Arn), nil
	}
	out, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	if err != nil {
		return "", err //nolint:wrapcheck // whoever asks says what for
	}
	return aws.ToString(out.Role.Arn), nil
}

// people are all whom the environment's spec names.
func (e *environment) people() []string {
	all := slices.Clone(e.spec.Operators)
	if e.spec.Approval != nil {
		all = append(all, e.spec.Approval.Approvers...)
	}
	for _, step := range e.spec.Steps {
		if step.Approval != nil {
			all = append(all, step.Approval.Approvers...)
		}
	}
	return all
}
