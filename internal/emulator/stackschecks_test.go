package emulator_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/sluice-deploy/sluice/internal/emulator"
)

const checked = `
Parameters:
  Name: {Type: String, Default: web, AllowedPattern: '[a-z]+', MinLength: 2, MaxLength: 5}
  Said: {Type: String, Default: web, AllowedPattern: '[a-z]+', ConstraintDescription: a name is lower case}
  Size: {Type: Number, Default: 3, MinValue: 1, MaxValue: 9}
  Kind: {Type: String, Default: a, AllowedValues: [a, b]}
  Zones: {Type: CommaDelimitedList, Default: "x,y", AllowedPattern: "[a-z]"}
  Secret: {Type: String, Default: hush, NoEcho: true}
Rules:
  KindsAndZones:
    RuleCondition: !Equals [!Ref Kind, b]
    Assertions:
      - Assert: {"Fn::Contains": [!Ref Zones, z]}
        AssertDescription: kind b needs zone z
      - Assert: {"Fn::EachMemberIn": [!Ref Zones, [x, y, z]]}
        AssertDescription: zones are x, y and z
      - Assert: !Or [!Not [!Equals [!Ref Size, 9]], {"Fn::EachMemberEquals": [!Ref Zones, z]}]
        AssertDescription: size 9 is for zone z alone
Resources:
  Level: {Type: AWS::SSM::Parameter, Properties: {Name: /a/level, Type: String, Value: !Ref Kind}}
`

func TestParametersAndRulesAreChecked(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		pairs []string
		want  string // "" if they are taken
	}{
		"Defaults":         {nil, ""},
		"Pattern":          {[]string{"Name", "Web"}, "Parameter 'Name' must match pattern [a-z]+"},
		"PatternDescribed": {[]string{"Said", "Web"}, "Parameter Said failed to satisfy constraint: a name is lower case"},
		"TooShort":         {[]string{"Name", "w"}, "Parameter 'Name' must contain at least 2 characters"},
		"TooLong":          {[]string{"Name", "website"}, "Parameter 'Name' must contain at most 5 characters"},
		"TooSmall":         {[]string{"Size", "0"}, "Parameter 'Size' must be a number not less than 1"},
		"TooLarge":         {[]string{"Size", "10"}, "Parameter 'Size' must be a number not greater than 9"},
		"NoNumber":         {[]string{"Size", "big"}, "must be a number"},
		"NotAllowed":       {[]string{"Kind", "c"}, "Parameter 'Kind' must be one of AllowedValues"},
		"Unknown":          {[]string{"Colour", "red"}, "Parameters: [Colour] do not exist in the template"},
		"ListPattern":      {[]string{"Zones", "z, X"}, "Parameter 'Zones' must match pattern [a-z]"},
		"ListMatches":      {[]string{"Zones", "z, x"}, ""},
		"Rule":             {[]string{"Kind", "b"}, "kind b needs zone z"},
		"RuleHolds":        {[]string{"Kind", "b", "Zones", "z,x"}, ""},
		"EachMember":       {[]string{"Kind", "b", "Zones", "z,w"}, "zones are x, y and z"},
		"OrNot":            {[]string{"Kind", "b", "Zones", "z,x", "Size", "9"}, "size 9 is for zone z alone"},
		"OrHolds":          {[]string{"Kind", "b", "Zones", "z", "Size", "9"}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStacks(t, emulator.Options{})
			template := checked
			_, err := s.api.CreateStack(t.Context(), &cloudformation.CreateStackInput{
				StackName: new("shop"), TemplateBody: &template, Parameters: parameters(test.pairs...),
			})
			switch {
			case test.want == "" && err != nil:
				t.Errorf("error = %v, want none", err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), "ValidationError: ") || !strings.Contains(err.Error(), test.want)):
				t.Errorf("error = %v, want %s", err, test.want)
			}
		})
	}
}

func TestPreviousValues(t *testing.T) {
	t.Parallel()
	s := newStacks(t, emulator.Options{})
	s.create(checked, "Size", "4")
	previous := func(name string) types.Parameter {
		return types.Parameter{ParameterKey: &name, UsePreviousValue: new(true)}
	}
	update := func(given ...types.Parameter) error {
		_, err := s.api.UpdateStack(t.Context(), &cloudformation.UpdateStackInput{StackName: new("shop"), UsePreviousTemplate: new(true), Parameters: given})
		s.RunFor(time.Minute)
		return err
	}
	if err := update(append(parameters("Kind", "b", "Zones", "z"), previous("Size"), previous("Secret"))...); err != nil {
		t.Fatal(err)
	}
	out, err := s.api.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: new("shop")})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, p := range out.Stacks[0].Parameters {
		got[*p.ParameterKey] = aws.ToString(p.ParameterValue)
	}
	if got["Size"] != "4" || got["Secret"] != "****" || got["Kind"] != "b" {
		t.Errorf("parameters = %v, want size 4, the secret hidden and kind b", got)
	}
	if err := update(previous("Colour")); err == nil || !strings.Contains(err.Error(), "Cannot specify usePreviousValue as true for a parameter key not in the previous template") {
		t.Errorf("error = %v, want that there is no previous value", err)
	}
}

const typed = `
Parameters:
  Level: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /a/level}
Resources:
  Copy: {Type: AWS::SSM::Parameter, Properties: {Name: /a/copy, Type: String, Value: !Ref Level}}
`

func TestParameterOfSystemsManager(t *testing.T) {
	t.Parallel()
	s := newStacks(t, emulator.Options{})
	template := typed
	_, err := s.api.CreateStack(t.Context(), &cloudformation.CreateStackInput{StackName: new("shop"), TemplateBody: &template})
	if err == nil || !strings.Contains(err.Error(), "Unable to fetch parameters [/a/level] from parameter store for this account.") {
		t.Errorf("error = %v, want that there is no such parameter", err)
	}
	_, err = s.api.CreateStack(t.Context(), &cloudformation.CreateStackInput{StackName: new("base"), TemplateBody: new(checked)})
	if err != nil {
		t.Fatal(err)
	}
	s.RunFor(time.Minute)
	s.create(typed)
	s.wantStatus(types.StackStatusCreateComplete)
	if got := s.parameter("/a/copy"); got != "a" {
		t.Errorf("the copy = %s, want a", got)
	}
}

// TestEverythingIsTakenAway creates one resource of each kind that a service stands
// behind, and deletes them in the right order.
func TestEverythingIsTakenAway(t *testing.T) {
	t.Parallel()
	s := newStacks(t, emulator.Options{})
	s.create(service)
	s.wantStatus(types.StackStatusCreateComplete)
	s.RunFor(5 * time.Minute)
	if _, err := s.api.DeleteStack(t.Context(), &cloudformation.DeleteStackInput{StackName: new("shop")}); err != nil {
		t.Fatal(err)
	}
	s.RunFor(time.Hour)
	out, err := s.api.ListStacks(t.Context(), &cloudformation.ListStacksInput{})
	if err != nil {
		t.Fatal(err)
	}
	if got := out.StackSummaries[0]; got.StackStatus != types.StackStatusDeleteComplete {
		t.Errorf("status = %s: %s; events:\n%s", got.StackStatus, aws.ToString(got.StackStatusReason), strings.Join(s.events(), "\n"))
	}
}
