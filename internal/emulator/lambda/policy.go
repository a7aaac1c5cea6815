package lambda

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// maxPolicy is the largest resource policy in bytes (AWS: Lambda Developer Guide,
// Lambda quotas).
const maxPolicy = 20 * 1024

// statement is one permission of a function's resource policy.
type statement struct {
	Sid       string
	Effect    string
	Principal any // "*", or one entry of kind and value
	Action    string
	Resource  string
	Condition map[string]map[string]string `json:",omitempty"`
}

// policyDocument is a resource policy as GetPolicy shows it.
type policyDocument struct {
	Version   string
	ID        string `json:"Id"`
	Statement []statement
}

// addPermission adds a statement to the function's resource policy.
// AWS: Lambda API Reference, AddPermission.
func (s *Service) addPermission(_ *wire.Call, in *lambda.AddPermissionInput) (*lambda.AddPermissionOutput, error) {
	t, err := s.findForPolicy(*in.FunctionName, in.Qualifier, in.RevisionId)
	if err == nil {
		err = s.checkPermission(in)
	}
	if err != nil {
		return nil, err
	}
	own := t.own()
	if slices.ContainsFunc(own.policy, func(st statement) bool { return st.Sid == *in.StatementId }) {
		return nil, conflict("The statement id (" + *in.StatementId + ") provided already exists. Please provide a new statement id, or remove the existing statement.")
	}
	added := s.statement(t, in)
	longer := append(slices.Clone(own.policy), added)
	if size := len(encodePolicy(longer)); size > maxPolicy {
		return nil, &types.PolicyLengthExceededException{
			Message: aws.String(fmt.Sprintf("The final policy size (%d) is bigger than the limit (%d).", size, maxPolicy)), Type: new("User"),
		}
	}
	own.policy, own.read, *t.revision() = longer, nil, s.loop.UUID()
	return &lambda.AddPermissionOutput{Statement: aws.String(encode(added))}, nil
}

// findForPolicy finds what has the policy that is to be changed: the function as
// such, a version or an alias.
func (s *Service) findForPolicy(name string, qualifier, revision *string) (target, error) {
	t, err := s.find(name, aws.ToString(qualifier))
	if err == nil && t.qualifier == latest {
		err = invalidParameter("We currently do not support adding policies for $LATEST.")
	}
	if err == nil {
		err = t.checkRevision(revision)
	}
	return t, err
}

// checkPermission refuses what AWS does, and the conditions that are not there.
func (s *Service) checkPermission(in *lambda.AddPermissionInput) error {
	switch {
	case in.PrincipalOrgID != nil:
		return invalidParameter("AddPermission with PrincipalOrgID is not emulated")
	case in.EventSourceToken != nil:
		return invalidParameter("AddPermission with EventSourceToken is not emulated")
	case in.FunctionUrlAuthType != "" && *in.Action != actionURL:
		return invalidParameter("FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action")
	case aws.ToBool(in.InvokedViaFunctionUrl) && *in.Action != actionInvoke:
		return invalidParameter("InvokedViaFunctionUrl is only supported for lambda:InvokeFunction action")
	case principal(s.region, *in.Principal) == nil:
		return invalidParameter("The provided principal was invalid. Please check the principal and try again.")
	}
	return nil
}

// The actions that a function URL's caller needs.
const (
	actionURL    = "lambda:InvokeFunctionUrl"
	actionInvoke = "lambda:InvokeFunction"
)

var accountID = regexp.MustCompile(`^\d{12}$`)

// principal is how a policy names a principal; nil for what is none.
// AWS: IAM User Guide, AWS JSON policy elements: Principal.
func principal(region, name string) any {
	switch {
	case name == "*":
		return name
	case accountID.MatchString(name):
		return map[string]string{"AWS": partition.IAM(region, name, "root")}
	case strings.HasPrefix(name, "arn:"):
		return map[string]string{"AWS": name}
	case strings.Contains(name, "."):
		return map[string]string{"Service": name}
	}
	return nil
}

// The keys of conditions that AddPermission makes of its parameters.
const (
	sourceARN     = "AWS:SourceArn"
	sourceAccount = "AWS:SourceAccount"
	urlAuthType   = "lambda:FunctionUrlAuthType"
	viaURL        = "lambda:InvokedViaFunctionUrl"
)

func (s *Service) statement(t target, in *lambda.AddPermissionInput) statement {
	st := statement{
		Sid: *in.StatementId, Effect: "Allow", Principal: principal(s.region, *in.Principal), Action: *in.Action, Resource: s.arn(t),
	}
	when := func(operator, key, value string) {
		if value == "" {
			return
		}
		if st.Condition == nil {
			st.Condition = map[string]map[string]string{}
		}
		if st.Condition[operator] == nil {
			st.Condition[operator] = map[string]string{}
		}
		st.Condition[operator][key] = value
	}
	when("ArnLike", sourceARN, aws.ToString(in.SourceArn))
	when("StringEquals", sourceAccount, aws.ToString(in.SourceAccount))
	when("StringEquals", urlAuthType, string(in.FunctionUrlAuthType))
	if in.InvokedViaFunctionUrl != nil {
		when("Bool", viaURL, strconv.FormatBool(*in.InvokedViaFunctionUrl))
	}
	return st
}

func (s *Service) removePermission(_ *wire.Call, in *lambda.RemovePermissionInput) (*lambda.RemovePermissionOutput, error) {
	t, err := s.findForPolicy(*in.FunctionName, in.Qualifier, in.RevisionId)
	if err != nil {
		return nil, err
	}
	own := t.own()
	at := slices.IndexFunc(own.policy, func(st statement) bool { return st.Sid == *in.StatementId })
	if at < 0 {
		return nil, missing("Statement " + *in.StatementId + " is not found in resource policy.")
	}
	own.policy, own.read, *t.revision() = slices.Delete(slices.Clone(own.policy), at, at+1), nil, s.loop.UUID()
	return &lambda.RemovePermissionOutput{}, nil
}

func (s *Service) getPolicy(_ *wire.Call, in *lambda.GetPolicyInput) (*lambda.GetPolicyOutput, error) {
	t, err := s.find(*in.FunctionName, aws.ToString(in.Qualifier))
	if err != nil {
		return nil, err
	}
	own := t.own()
	if len(own.policy) == 0 || t.qualifier == latest {
		return nil, missing("The resource you requested does not exist.")
	}
	return &lambda.GetPolicyOutput{Policy: aws.String(encodePolicy(own.policy)), RevisionId: aws.String(*t.revision())}, nil
}

func encodePolicy(statements []statement) string {
	return encode(policyDocument{Version: "2012-10-17", ID: "default", Statement: statements})
}

// encode writes what always is JSON.
func encode(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("lambda: encode %T: %v", v, err))
	}
	return string(data)
}
