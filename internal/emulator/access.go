package emulator

import (
	"fmt"
	"maps"
	"strings"

	"github.com/sluice-deploy/sluice/internal/emulator/actions"
	"github.com/sluice-deploy/sluice/internal/emulator/iam"
	"github.com/sluice-deploy/sluice/internal/emulator/iam/policy"
	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Decision is what was decided about a caller's wish to do something.
type Decision struct {
	policy.Decision
	actions.Need

	Caller wire.Identity
}

// authorize decides whether the caller of an operation may call it, before it runs. An
// operation that the table of actions does not have is refused by name: nobody could
// say who may call it.
func (c *Cloud) authorize(call *wire.Call, in any) error {
	needs, known := c.actions.Needs(call, in)
	if !known {
		return wire.Errorf("NotImplemented", "internal/emulator/actions does not say what %s %s asks for", call.Service, call.Operation)
	}
	for _, need := range needs {
		if refused, err := c.decide(call.Caller, need); err != nil || refused != "" {
			if err != nil {
				return err
			}
			return call.Deny(refused)
		}
	}
	return nil
}

// permit decides whether somebody may do what no operation stands for here.
func (c *Cloud) permit(who wire.Identity, action, resource string) error {
	refused, err := c.decide(who, actions.Need{Action: action, Resource: resource})
	if err != nil || refused == "" {
		return err
	}
	return wire.Errorf("AccessDeniedException", "%s", refused)
}

// decide asks all policies that have a say, and gives AWS's message if they refuse. Who
// has no role and is no service is an administrator of his account, whom only a
// resource's own policy can keep out.
func (c *Cloud) decide(who wire.Identity, need actions.Need) (refused string, err error) {
	account, attached := c.Account, c.attached(need.Resource)
	if parts := strings.SplitN(need.Resource, ":", 6); len(parts) == 6 && parts[4] != "" {
		account = parts[4]
	}
	if who.Role == "" && who.Service == "" && attached == nil && who.Account == account {
		return "", nil
	}
	if need.Action == "iam:PassRole" && who.Account != account {
		return "Cross-account pass role is not allowed.", nil
	}
	role := c.role(who.Role)
	if who.Role != "" && role == nil { // one that is not there may do nothing
		role = &iam.Role{ARN: who.Role}
	}
	d, err := iam.Evaluate(policy.Request{
		Principal: c.principal(who), Action: need.Action, Resource: need.Resource, ResourceAccount: account,
		Region: c.Region, Time: c.Now(), Context: c.context(who, role, need.Context), Attached: attached,
	}, role)
	if err != nil {
		return "", err
	}
	if c.Decided != nil {
		c.Decided(Decision{Decision: d, Need: need, Caller: who})
	}
	if d.Allowed {
		return "", nil
	}
	return denial(who, need, d), nil
}

// decidedAssume passes on what STS decided.
func (p *Partition) decidedAssume(caller wire.Identity, roleARN string, d policy.Decision) {
	if p.Decided != nil {
		p.Decided(Decision{Decision: d, Need: actions.Need{Action: "sts:AssumeRole", Resource: roleARN}, Caller: caller})
	}
}

// principal is the caller as policies see it. The account itself, as which rules send to
// buses, is of no organization (AWS: EventBridge API Reference, PutTargets).
func (c *Cloud) principal(who wire.Identity) policy.Principal {
	if who == c.root() {
		return iam.Principal(who, "")
	}
	return iam.Principal(who, c.options.Organization)
}

// denial is AWS's message.
// AWS: IAM User Guide, Troubleshoot access denied error messages. S3 puts the resource in
// quotation marks, and SQS writes the action in lower case; both as seen in users' reports.
func denial(who wire.Identity, need actions.Need, d policy.Decision) string {
	subject, resource, because := who.ARN, need.Resource, d.Because()
	action := need.Action
	if who.Service != "" {
		subject = who.Service
	}
	switch {
	case strings.HasPrefix(action, "s3:"):
		resource = `"` + resource + `"`
	case strings.HasPrefix(action, "sqs:"):
		because = strings.ReplaceAll(because, action, strings.ToLower(action))
		action = strings.ToLower(action)
	}
	return fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s %s", subject, action, resource, because)
}

// context adds the condition keys that the caller brings.
func (c *Cloud) context(who wire.Identity, role *iam.Role, of map[string][]string) map[string][]string {
	context := map[string][]string{}
	maps.Copy(context, of)
	if who.Service != "" {
		context["aws:SourceArn"], context["aws:SourceAccount"] = []string{who.Source}, []string{who.Account}
		context["aws:SourceOwner"] = []string{who.Account}
	}
	if role != nil {
		for key, value := range role.Tags() {
			context["aws:PrincipalTag/"+key] = []string{value}
		}
	}
	return context
}

// attached is the policy that a resource has of its own, or nil.
func (c *Cloud) attached(arn string) *policy.Document {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return nil
	}
	owner := c
	if parts[3] != c.Region || parts[4] != c.Account {
		if owner = c.find(parts[4], parts[3]); owner == nil {
			return nil
		}
	}
	switch parts[2] {
	case "ecr":
		return owner.ECR.Policy(arn)
	case "events":
		return owner.EventBridge.Policy(arn)
	case "lambda":
		return owner.Lambda.Policy(arn)
	case "sns":
		return owner.SNS.Policy(arn)
	case "sqs":
		return owner.SQS.Policy(arn)
	}
	return nil
}

// service is a service of AWS that calls for the sake of a resource of the account.
func (c *Cloud) service(name, source string) wire.Identity {
	return wire.Identity{Service: name + ".amazonaws.com", Account: c.Account, Source: source}
}

// assume is the session of a role that a service takes for the sake of a resource.
func (c *Cloud) assume(service, roleARN, source, session string) (wire.Identity, error) {
	role := c.role(roleARN)
	account, _, _ := iam.ParseRoleARN(roleARN)
	if role == nil || account != c.Account {
		return wire.Identity{}, wire.Errorf("AccessDeniedException", "%s is not authorized to assume role %s", service+".amazonaws.com", roleARN)
	}
	d := policy.Evaluate(policy.Request{
		Principal: policy.Principal{Service: service + ".amazonaws.com"}, Action: "sts:AssumeRole", Resource: role.ARN, ResourceAccount: account,
		Region: c.Region, Time: c.Now(), Attached: role.Trust(), Trust: true,
		Context: map[string][]string{"aws:SourceAccount": {c.Account}, "aws:SourceArn": {source}},
	})
	if !d.Allowed {
		return wire.Identity{}, wire.Errorf("AccessDeniedException", "%s is not authorized to assume role %s", service+".amazonaws.com", roleARN)
	}
	return role.Session(session), nil
}

// as is who a service is in the account: the role's session, if there is a role.
func (c *Cloud) as(service, roleARN, source string) (wire.Identity, error) {
	if roleARN == "" {
		return c.service(service, source), nil
	}
	return c.assume(service, roleARN, source, c.ID(32))
}

// mayUseURL decides about a request to a function's URL.
func (c *Cloud) mayUseURL(who wire.Identity, action, functionARN string, context map[string][]string) bool {
	refused, err := c.decide(who, actions.Need{Action: action, Resource: functionARN, Context: context})
	return err == nil && refused == ""
}

// mayUseRoute decides about a request to a route of an HTTP API that asks for IAM.
func (c *Cloud) mayUseRoute(who wire.Identity, routeARN string) bool {
	refused, err := c.decide(who, actions.Need{Action: "execute-api:Invoke", Resource: routeARN})
	return err == nil && refused == ""
}

// mayList decides who is told that an object is not there.
func (c *Cloud) mayList(call *wire.Call, bucket string) error {
	refused, err := c.decide(call.Caller, actions.Need{Action: "s3:ListBucket", Resource: partition.Global("s3", c.Region, "", bucket)})
	if err != nil || refused == "" {
		return err
	}
	return call.Deny(refused)
}

// state is what the table of actions asks of a cloud.
type state struct{ cloud *Cloud }

func (s state) RoleARN(name string) string {
	if r := s.cloud.IAM.Role(name); r != nil {
		return r.ARN
	}
	return ""
}

func (s state) SecretARN(id string) string { return s.cloud.SecretsManager.ARN(id) }
func (s state) ScalableTargetARN(resourceID string) string {
	return s.cloud.AutoScaling.ARN(resourceID)
}

func (s state) QueriedPartition(in *actions.Query) string {
	return s.cloud.DynamoDB.QueriedPartition(in)
}

func (s state) PartitionKey(t string, i actions.Item) string {
	return s.cloud.DynamoDB.PartitionKey(t, i)
}
