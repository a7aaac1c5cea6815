package policy_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/iam/policy"
)

const (
	home  = "111111111111"
	other = "222222222222"
	role  = "arn:aws:iam::111111111111:role/deploy/runner"
)

// session is a session of role; its ARN has no path.
func session() policy.Principal {
	return policy.Principal{
		Account: home, ARN: "arn:aws:sts::111111111111:assumed-role/runner/job", Role: role,
		UserID: "AROAEXAMPLE:job", Organization: "o-example",
	}
}

func user() policy.Principal {
	return policy.Principal{Account: home, ARN: "arn:aws:iam::111111111111:user/ann", UserID: "AIDAEXAMPLE"}
}

func parse(t *testing.T, text string, kind policy.Kind) *policy.Document {
	t.Helper()
	if text == "" {
		return nil
	}
	d, err := policy.Parse(text, kind)
	if err != nil {
		t.Fatalf("parse %s: %v", text, err)
	}
	return d
}

// identity is an identity-based policy of one statement.
func identity(statement string) string {
	return `{"Version":"2012-10-17","Statement":` + statement + `}`
}

func TestIdentityPolicies(t *testing.T) {
	t.Parallel()
	const bus = "arn:aws:events:us-east-1:111111111111:event-bus/default"
	for name, tc := range map[string]struct {
		policies         string // separated by new lines
		action, resource string
		want             string // "" is allowed
	}{
		"Nothing":          {"", "events:PutEvents", bus, "because no identity-based policy allows the events:PutEvents action"},
		"Exact":            {identity(`{"Effect":"Allow","Action":"events:PutEvents","Resource":"` + bus + `"}`), "events:PutEvents", bus, ""},
		"CaseOfActions":    {identity(`{"Effect":"Allow","Action":"EVENTS:putevents","Resource":"*"}`), "events:PutEvents", bus, ""},
		"CaseOfResources":  {identity(`{"Effect":"Allow","Action":"*","Resource":"arn:aws:events:us-east-1:111111111111:event-bus/Default"}`), "events:PutEvents", bus, "because no identity-based policy allows the events:PutEvents action"},
		"OtherAction":      {identity(`{"Effect":"Allow","Action":"events:PutRule","Resource":"*"}`), "events:PutEvents", bus, "because no identity-based policy allows the events:PutEvents action"},
		"Wildcards":        {identity(`{"Effect":"Allow","Action":["sqs:*","events:Put?vents"],"Resource":"arn:aws:events:*:111111111111:event-bus/d*"}`), "events:PutEvents", bus, ""},
		"StarWithinPart":   {identity(`{"Effect":"Allow","Action":"events:*","Resource":"arn:aws:events:us*bus/default"}`), "events:PutEvents", bus, "because no identity-based policy allows the events:PutEvents action"},
		"StarEndsPart":     {identity(`{"Effect":"Allow","Action":"events:*","Resource":"arn:aws:events:us-east-1*"}`), "events:PutEvents", bus, ""},
		"NotAction":        {identity(`{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}`), "events:PutEvents", bus, ""},
		"NotActionNamed":   {identity(`{"Effect":"Allow","NotAction":"events:*","Resource":"*"}`), "events:PutEvents", bus, "because no identity-based policy allows the events:PutEvents action"},
		"NotResource":      {identity(`{"Effect":"Allow","Action":"*","NotResource":"arn:aws:sqs:*:*:*"}`), "events:PutEvents", bus, ""},
		"NotResourceNamed": {identity(`{"Effect":"Allow","Action":"*","NotResource":"` + bus + `"}`), "events:PutEvents", bus, "because no identity-based policy allows the events:PutEvents action"},
		"DenyBeatsAllow": {
			identity(`{"Effect":"Deny","Action":"events:*","Resource":"*"}`) + "\n" + identity(`[{"Effect":"Allow","Action":"*","Resource":"*"}]`),
			"events:PutEvents", bus, "with an explicit deny in an identity-based policy",
		},
		"Variable":        {identity(`{"Effect":"Allow","Action":"*","Resource":"arn:aws:events:us-east-1:${aws:PrincipalAccount}:event-bus/*"}`), "events:PutEvents", bus, ""},
		"VariableDefault": {identity(`{"Effect":"Allow","Action":"*","Resource":"arn:aws:events:us-east-1:111111111111:event-bus/${aws:PrincipalTag/bus, 'default'}"}`), "events:PutEvents", bus, ""},
		"VariableMissing": {identity(`{"Effect":"Allow","Action":"*","Resource":"arn:aws:events:us-east-1:111111111111:event-bus/${aws:username}*"}`), "events:PutEvents", bus, "because no identity-based policy allows the events:PutEvents action"},
		"EscapedWildcard": {identity(`{"Effect":"Allow","Action":"*","Resource":"arn:aws:sqs:us-east-1:111111111111:${*}"}`), "sqs:SendMessage", "arn:aws:sqs:us-east-1:111111111111:jobs", "because no identity-based policy allows the sqs:SendMessage action"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := policy.Request{Principal: session(), Action: tc.action, Resource: tc.resource, ResourceAccount: home}
			for text := range strings.Lines(tc.policies) {
				r.Identity = append(r.Identity, parse(t, text, policy.Identity))
			}
			wantDecision(t, r, tc.want)
		})
	}
}

// wantDecision wants the request allowed, or denied for a reason.
func wantDecision(t *testing.T, r policy.Request, because string) {
	t.Helper()
	d := policy.Evaluate(r)
	switch {
	case d.Allowed != (because == ""):
		t.Errorf("allowed = %t (%s), want %t", d.Allowed, d.Because(), because == "")
	case !d.Allowed && d.Because() != because:
		t.Errorf("denied %s, want %s", d.Because(), because)
	}
}

func TestTrustPolicies(t *testing.T) {
	t.Parallel()
	trust := func(principal string) string {
		return `{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":` + principal + `}}`
	}
	const (
		noResource = "because no resource-based policy allows the sts:AssumeRole action"
		noIdentity = "because no identity-based policy allows the sts:AssumeRole action"
	)
	for name, tc := range map[string]struct {
		trust   string
		who     policy.Principal
		account string // of the role
		admin   bool   // the principal's policies allow everything
		want    string
	}{
		"RoleInItsAccount":         {trust(`{"AWS":"` + role + `"}`), session(), home, false, ""},
		"SessionInItsAccount":      {trust(`{"AWS":["arn:aws:sts::111111111111:assumed-role/runner/job"]}`), session(), home, false, ""},
		"OtherSession":             {trust(`{"AWS":["arn:aws:sts::111111111111:assumed-role/runner/other"]}`), session(), home, true, noResource},
		"RoleWithoutItsPath":       {trust(`{"AWS":"arn:aws:iam::111111111111:role/runner"}`), session(), home, true, noResource},
		"UserInItsAccount":         {trust(`{"AWS":"arn:aws:iam::111111111111:user/ann"}`), user(), home, false, ""},
		"AccountLeavesIt":          {trust(`{"AWS":"111111111111"}`), session(), home, false, noIdentity},
		"AccountAndIdentity":       {trust(`{"AWS":"arn:aws:iam::111111111111:root"}`), session(), home, true, ""},
		"IdentityAlone":            {trust(`{"Service":"lambda.amazonaws.com"}`), session(), home, true, noResource},
		"Everyone":                 {trust(`"*"`), session(), home, false, ""},
		"Across":                   {trust(`{"AWS":"` + role + `"}`), session(), other, true, ""},
		"AcrossWithoutIdentity":    {trust(`{"AWS":"` + role + `"}`), session(), other, false, noIdentity},
		"AcrossEveryone":           {trust(`{"AWS":"*"}`), session(), other, false, noIdentity},
		"AcrossWithoutTrust":       {trust(`{"AWS":"333333333333"}`), session(), other, true, noResource},
		"Service":                  {trust(`{"Service":["states.amazonaws.com","lambda.amazonaws.com"]}`), policy.Principal{Service: "lambda.amazonaws.com"}, home, false, ""},
		"OtherService":             {trust(`{"Service":"states.amazonaws.com"}`), policy.Principal{Service: "lambda.amazonaws.com"}, home, false, noResource},
		"ServiceIsNoAccount":       {trust(`{"AWS":"111111111111"}`), policy.Principal{Service: "lambda.amazonaws.com"}, home, false, noResource},
		"NotPrincipal":             {`{"Statement":[{"Effect":"Allow","Action":"sts:*","Principal":"*"},{"Effect":"Deny","Action":"sts:*","NotPrincipal":{"AWS":["111111111111","` + role + `","arn:aws:sts::111111111111:assumed-role/runner/job"]}}]}`, session(), home, false, ""},
		"NotPrincipalWithoutRole":  {`{"Statement":[{"Effect":"Allow","Action":"sts:*","Principal":"*"},{"Effect":"Deny","Action":"sts:*","NotPrincipal":{"AWS":["111111111111","arn:aws:sts::111111111111:assumed-role/runner/job"]}}]}`, session(), home, true, "with an explicit deny in a resource-based policy"},
		"DenyOfTheAccountIsOfAll":  {`{"Statement":[{"Effect":"Allow","Action":"sts:*","Principal":"*"},{"Effect":"Deny","Action":"sts:*","Principal":{"AWS":"111111111111"}}]}`, session(), home, true, "with an explicit deny in a resource-based policy"},
		"ConditionDoesNotHold":     {`{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"` + role + `"},"Condition":{"StringEquals":{"sts:ExternalId":"x"}}}}`, session(), home, true, noResource},
		"ConditionOnOrganization":  {`{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"*"},"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-example"}}}}`, session(), other, true, ""},
		"ConditionOnTheRolesARN":   {`{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"*"},"Condition":{"ArnEquals":{"aws:PrincipalArn":"` + role + `"}}}}`, session(), other, true, ""},
		"ConditionOnSessionsNoARN": {`{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"*"},"Condition":{"ArnEquals":{"aws:PrincipalArn":"arn:aws:sts::111111111111:assumed-role/runner/job"}}}}`, session(), other, true, noResource},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := policy.Request{
				Principal: tc.who, Action: "sts:AssumeRole", Resource: "arn:aws:iam::" + tc.account + ":role/target",
				ResourceAccount: tc.account, Attached: parse(t, tc.trust, policy.Trust), Trust: true,
			}
			if tc.admin {
				r.Identity = []*policy.Document{policy.Administrator()}
			}
			wantDecision(t, r, tc.want)
		})
	}
}

func TestPolicyOfAResourceIsEnoughInItsAccount(t *testing.T) {
	t.Parallel()
	attached := parse(t, `{"Statement":{"Effect":"Allow","Action":"events:PutEvents","Resource":"*","Principal":{"AWS":"`+role+`"}}}`, policy.Resource)
	r := policy.Request{Principal: session(), Action: "events:PutEvents", Resource: "arn:aws:events:us-east-1:111111111111:event-bus/default", ResourceAccount: home, Attached: attached}
	wantDecision(t, r, "")
	r.ResourceAccount = other
	wantDecision(t, r, "because no identity-based policy allows the events:PutEvents action")
	r.Principal, r.Identity = user(), []*policy.Document{policy.Administrator()}
	wantDecision(t, r, "because no resource-based policy allows the events:PutEvents action")
	r.ResourceAccount = home
	wantDecision(t, r, "")
}

func TestConditions(t *testing.T) {
	t.Parallel()
	context := map[string][]string{
		"events:source": {"sluice"}, "sts:ExternalId": {"a*b"}, "aws:TagKeys": {"stage", "team"}, "s3:max-keys": {"10"},
		"aws:ResourceTag/stage": {"prod"}, "lambda:FunctionArn": {"arn:aws:lambda:us-east-1:111111111111:function:web:live"},
	}
	for condition, want := range map[string]bool{
		`{}`: true,
		`{"StringEquals":{"events:source":"sluice"}}`:                           true,
		`{"StringEquals":{"events:source":["other","sluice"]}}`:                 true,
		`{"StringEquals":{"EVENTS:Source":"sluice"}}`:                           true,
		`{"StringEquals":{"events:source":"Sluice"}}`:                           false,
		`{"StringEquals":{"events:source":"slu*"}}`:                             false,
		`{"StringEquals":{"events:source":"sluice","sts:ExternalId":"c"}}`:      false,
		`{"StringEquals":{"events:detail-type":"x"}}`:                           false,
		`{"StringEqualsIfExists":{"events:detail-type":"x"}}`:                   true,
		`{"StringEqualsIfExists":{"events:source":"x"}}`:                        false,
		`{"StringEqualsIgnoreCase":{"events:source":"SLUICE"}}`:                 true,
		`{"StringNotEqualsIgnoreCase":{"events:source":"SLUICE"}}`:              false,
		`{"StringNotEquals":{"events:source":["a","b"]}}`:                       true,
		`{"StringNotEquals":{"events:source":["a","sluice"]}}`:                  false,
		`{"StringNotEquals":{"events:detail-type":"x"}}`:                        true,
		`{"StringLike":{"events:source":"sl?i*"}}`:                              true,
		`{"StringLike":{"sts:ExternalId":"a${*}b"}}`:                            true,
		`{"StringLike":{"events:source":"slu${*}"}}`:                            false,
		`{"StringNotLike":{"events:source":"other*"}}`:                          true,
		`{"StringNotLike":{"events:source":["other*","slu*"]}}`:                 false,
		`{"StringEquals":{"aws:PrincipalAccount":"${aws:ResourceAccount}"}}`:    true,
		`{"StringEquals":{"aws:PrincipalAccount":"${aws:username}"}}`:           false,
		`{"StringEquals":{"aws:ResourceTag/stage":"prod"}}`:                     true,
		`{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/deploy/*"}}`:       true,
		`{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::*:role/*"}}`:            true,
		`{"ArnLike":{"lambda:FunctionArn":"arn:aws:lambda:*:function:web:*"}}`:  false,
		`{"ArnLike":{"lambda:FunctionArn":"arn:aws:lambda:*:*:function:web*"}}`: true,
		`{"ArnLike":{"events:source":"arn:aws:events:*:*:*"}}`:                  false,
		`{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/deploy/*"}}`:    false,
		`{"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::1:role/other"}}`:     true,
		`{"Bool":{"aws:SecureTransport":true}}`:                                 true,
		`{"Bool":{"aws:PrincipalIsAWSService":"true"}}`:                         false,
		`{"Bool":{"aws:MultiFactorAuthPresent":"False"}}`:                       true,
		`{"Null":{"events:detail-type":"true"}}`:                                true,
		`{"Null":{"events:source":"true"}}`:                                     false,
		`{"Null":{"events:source":false}}`:                                      true,
		`{"NumericEquals":{"s3:max-keys":10}}`:                                  true,
		`{"NumericLessThan":{"s3:max-keys":"10"}}`:                              false,
		`{"NumericLessThanEquals":{"s3:max-keys":"10.0"}}`:                      true,
		`{"NumericGreaterThan":{"s3:max-keys":"9"}}`:                            true,
		`{"NumericGreaterThanEquals":{"s3:max-keys":"11"}}`:                     false,
		`{"NumericNotEquals":{"s3:max-keys":"9"}}`:                              true,
		`{"NumericEquals":{"events:source":"9"}}`:                               false,
		`{"DateLessThan":{"aws:CurrentTime":"2026-03-02T00:00:00Z"}}`:           true,
		`{"DateGreaterThan":{"aws:CurrentTime":"2026-03-02"}}`:                  false,
		`{"DateGreaterThanEquals":{"aws:EpochTime":"1"}}`:                       true,
		`{"DateNotEquals":{"aws:EpochTime":"1"}}`:                               true,
		`{"ForAnyValue:StringEquals":{"aws:TagKeys":["team","x"]}}`:             true,
		`{"ForAnyValue:StringEquals":{"aws:TagKeys":"x"}}`:                      false,
		`{"ForAnyValue:StringNotEquals":{"aws:TagKeys":"team"}}`:                true,
		`{"ForAnyValue:StringEquals":{"aws:CalledVia":"x"}}`:                    false,
		`{"ForAllValues:StringEquals":{"aws:TagKeys":["team","stage","x"]}}`:    true,
		`{"ForAllValues:StringLike":{"aws:TagKeys":"t*"}}`:                      false,
		`{"ForAllValues:StringNotEquals":{"aws:TagKeys":"x"}}`:                  true,
		`{"ForAllValues:StringNotEquals":{"aws:TagKeys":"team"}}`:               false,
		`{"ForAllValues:StringEquals":{"aws:CalledVia":"x"}}`:                   true,
	} {
		t.Run(condition, func(t *testing.T) {
			t.Parallel()
			d := policy.Evaluate(policy.Request{
				Principal: session(), Action: "x:Y", Resource: "*", ResourceAccount: home, Context: context,
				Time:     time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
				Identity: []*policy.Document{parse(t, identity(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":`+condition+`}`), policy.Identity)},
			})
			if d.Allowed != want {
				t.Errorf("holds = %t, want %t", d.Allowed, want)
			}
		})
	}
}

func TestVariablesNeedTheirVersion(t *testing.T) {
	t.Parallel()
	attached := parse(t, `{"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"sqs:*","Principal":"*","Resource":"arn:aws:sqs:us-east-1:${aws:PrincipalAccount}:jobs"}}`, policy.Resource)
	r := policy.Request{Principal: session(), Action: "sqs:SendMessage", Resource: "arn:aws:sqs:us-east-1:111111111111:jobs", ResourceAccount: home, Attached: attached}
	wantDecision(t, r, "because no identity-based policy allows the sqs:SendMessage action")
}

func TestMalformed(t *testing.T) {
	t.Parallel()
	statement := func(s string) string { return `{"Version":"2012-10-17","Statement":[` + s + `]}` }
	conditional := func(c string) string {
		return statement(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":` + c + `}`)
	}
	for name, tc := range map[string]struct {
		kind       policy.Kind
		text, want string
	}{
		"JSON":             {policy.Identity, `{`, "Syntax errors in policy."},
		"JSONOfTrust":      {policy.Trust, `{} {}`, "This policy contains invalid Json"},
		"Member":           {policy.Identity, `{"Version":"2012-10-17","Statements":[]}`, "Syntax errors in policy."},
		"NoStatement":      {policy.Identity, `{"Version":"2012-10-17"}`, "Syntax errors in policy."},
		"EmptyStatement":   {policy.Identity, statement(""), "Syntax errors in policy."},
		"Version":          {policy.Trust, `{"Version":"2020-01-01","Statement":{}}`, "Syntax errors in policy."},
		"OldVersion":       {policy.Identity, `{"Version":"2008-10-17","Statement":{}}`, "Policy document must be version 2012-10-17 or greater."},
		"NoVersion":        {policy.Identity, `{"Statement":{}}`, "Policy document must be version 2012-10-17 or greater."},
		"Effect":           {policy.Identity, statement(`{"Effect":"allow","Action":"*","Resource":"*"}`), "Syntax errors in policy."},
		"SameSid":          {policy.Identity, statement(`{"Sid":"a","Effect":"Deny","Action":"*","Resource":"*"},{"Sid":"a","Effect":"Deny","Action":"*","Resource":"*"}`), "Statement IDs (SID) in a single policy must be unique."},
		"Sid":              {policy.Identity, statement(`{"Sid":"a b","Effect":"Deny","Action":"*","Resource":"*"}`), "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"},
		"Principal":        {policy.Identity, statement(`{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}`), "Policy document should not specify a principal."},
		"NoAction":         {policy.Identity, statement(`{"Effect":"Allow","Resource":"*"}`), "Policy statement must contain actions."},
		"NoResource":       {policy.Identity, statement(`{"Effect":"Allow","Action":"*"}`), "Policy statement must contain resources."},
		"Vendor":           {policy.Identity, statement(`{"Effect":"Allow","Action":"PutEvents","Resource":"*"}`), "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."},
		"VendorCharacters": {policy.Identity, statement(`{"Effect":"Allow","Action":"e_v:Put","Resource":"*"}`), "Vendor e_v is not valid"},
		"Colons":           {policy.Identity, statement(`{"Effect":"Allow","Action":"a:b:c","Resource":"*"}`), "Actions/Condition can contain only one colon."},
		"ResourceARN":      {policy.Identity, statement(`{"Effect":"Allow","Action":"*","Resource":"jobs"}`), `Resource jobs must be in ARN format or "*".`},
		"BothActions":      {policy.Identity, statement(`{"Effect":"Allow","Action":"*","NotAction":"*","Resource":"*"}`), "Syntax errors in policy."},
		"TrustPrincipal":   {policy.Trust, statement(`{"Effect":"Allow","Action":"sts:AssumeRole"}`), "Missing required field Principal"},
		"TrustAction":      {policy.Trust, statement(`{"Effect":"Allow","Principal":"*"}`), "Missing required field Action"},
		"TrustOtherAction": {policy.Trust, statement(`{"Effect":"Allow","Principal":"*","Action":"iam:GetRole"}`), "AssumeRole policy may only specify STS AssumeRole actions."},
		"TrustResource":    {policy.Trust, statement(`{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}`), "Has prohibited field Resource"},
		"NoSuchPrincipal":  {policy.Trust, statement(`{"Effect":"Allow","Principal":{"AWS":"ann"},"Action":"sts:AssumeRole"}`), `Invalid principal in policy: "AWS":"ann"`},
		"PrincipalPattern": {policy.Trust, statement(`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::*:role/x"},"Action":"sts:AssumeRole"}`), `Invalid principal in policy: "AWS":"arn:aws:iam::*:role/x"`},
		"PrincipalKind":    {policy.Trust, statement(`{"Effect":"Allow","Principal":{"Robot":"x"},"Action":"sts:AssumeRole"}`), `Invalid principal in policy: "Robot":"x"`},
		"Operator":         {policy.Identity, conditional(`{"StringEqual":{}}`), "Invalid Condition type : StringEqual"},
		"SetOperator":      {policy.Identity, conditional(`{"ForSomeValues:StringEquals":{}}`), "Invalid Condition type : ForSomeValues:StringEquals"},
		"NullIfExists":     {policy.Identity, conditional(`{"NullIfExists":{}}`), "Invalid Condition type : NullIfExists"},
		"IPAddress":        {policy.Identity, conditional(`{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`), "Condition operator IpAddress is not emulated"},
		"GlobalKey":        {policy.Identity, conditional(`{"StringEquals":{"aws:UserAgent":"x"}}`), "Condition key aws:UserAgent is not emulated"},
		"KeyPrefix":        {policy.Identity, conditional(`{"StringEquals":{"event:source":"x"}}`), "Condition key event:source has a prefix that is not known"},
		"KeyWithoutPrefix": {policy.Identity, conditional(`{"StringEquals":{"source":"x"}}`), "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."},
		"NumericValue":     {policy.Identity, conditional(`{"NumericEquals":{"s3:max-keys":"ten"}}`), `Invalid value "ten" for condition operator NumericEquals`},
		"ConditionValue":   {policy.Identity, conditional(`{"StringEquals":{"events:source":{}}}`), "Syntax errors in policy."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := policy.Parse(tc.text, tc.kind)
			var malformed *policy.MalformedError
			if !errors.As(err, &malformed) {
				t.Fatalf("error = %v, want a MalformedError", err)
			}
			if diff := cmp.Diff(tc.want, malformed.Message); diff != "" {
				t.Errorf("message (-want +got):\n%s", diff)
			}
		})
	}
}
