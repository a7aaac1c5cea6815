package emulator_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator"
	emulated "github.com/sluice-deploy/sluice/internal/emulator/cloudformation"
	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
)

const custom = `
Parameters:
  Colour: {Type: String, Default: red}
Resources:
  Thing:
    Type: Custom::Thing
    Properties:
      ServiceToken: arn:aws:lambda:us-east-1:123456789012:function:things
      ServiceTimeout: 60
      Colour: !Ref Colour
      Sizes: [1, true]
  Level: {Type: AWS::SSM::Parameter, Properties: {Name: /a/level, Type: String, Value: !Sub "${Thing} ${Thing.Shade}"}}
`

// things is the function of a custom resource: it answers as it is told by the
// colour.
type things struct {
	c        *emulator.Cloud
	requests []emulated.CustomRequest
}

func (f *things) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var in emulated.CustomRequest
	if err := json.Unmarshal(payload, &in); err != nil {
		return nil, err
	}
	f.requests = append(f.requests, in)
	colour, _ := in.ResourceProperties["Colour"].(string)
	out := emulated.CustomResponse{
		Status: "SUCCESS", PhysicalResourceID: "thing-" + colour, StackID: in.StackID, RequestID: in.RequestID, LogicalResourceID: in.LogicalResourceID,
		Data: map[string]any{"Shade": "dark " + colour},
	}
	switch {
	case colour == "silent":
		return nil, nil
	case colour == "bad" && in.RequestType != "Delete":
		out.Status, out.Reason, out.PhysicalResourceID = "FAILED", "bad is no colour", "thing"
	}
	body, err := json.Marshal(out)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, in.ResponseURL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := f.c.Web.Client(time.Minute).Do(req)
	if err != nil {
		return nil, err
	}
	return nil, resp.Body.Close()
}

func newThings(t *testing.T) (*stacks, *things) {
	t.Helper()
	s := newStacks(t, emulator.Options{})
	f := &things{c: s.Cloud}
	s.Do(func() {
		if err := s.Lambda.Register("things", lambda.FunctionConfig{}, lambda.InProcess("things", f)); err != nil {
			t.Error(err)
		}
	})
	return s, f
}

func (f *things) asked() []string {
	var out []string
	for _, in := range f.requests {
		out = append(out, strings.TrimSpace(in.RequestType+" "+in.PhysicalResourceID))
	}
	return out
}

func TestCustomResource(t *testing.T) {
	t.Parallel()
	s, f := newThings(t)
	s.create(custom)
	s.wantStatus(types.StackStatusCreateComplete)
	if got := s.parameter("/a/level"); got != "thing-red dark red" {
		t.Errorf("the parameter = %q, want what the function gave", got)
	}
	want := map[string]any{
		"ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:things", "ServiceTimeout": "60", "Colour": "red", "Sizes": []any{"1", "true"},
	}
	if diff := cmp.Diff(want, f.requests[0].ResourceProperties); diff != "" {
		t.Errorf("properties (-want +got):\n%s", diff)
	}
	s.update(custom, "Colour", "blue")
	s.wantStatus(types.StackStatusUpdateComplete)
	if got := f.requests[1].OldResourceProperties["Colour"]; got != "red" {
		t.Errorf("the old colour = %v, want red", got)
	}
	if got := s.parameter("/a/level"); got != "thing-blue dark blue" {
		t.Errorf("the parameter = %q, want what the function gave", got)
	}
	if _, err := s.api.DeleteStack(t.Context(), &cloudformation.DeleteStackInput{StackName: new("shop")}); err != nil {
		t.Fatal(err)
	}
	s.RunFor(time.Minute)
	if diff := cmp.Diff([]string{"Create", "Update thing-red", "Delete thing-red", "Delete thing-blue"}, f.asked()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestCustomResourceFails(t *testing.T) {
	t.Parallel()
	s, f := newThings(t)
	s.create(custom, "Colour", "bad")
	s.wantStatus(types.StackStatusRollbackComplete)
	if got := s.events()[1]; !strings.HasPrefix(got, "Thing CREATE_FAILED: Received response status [FAILED] from custom resource. Message returned: bad is no colour (RequestId: ") {
		t.Errorf("event = %s, want the function's reason", got)
	}
	if got := f.asked()[0]; got != "Create" {
		t.Errorf("requests = %v, want Create first", f.asked())
	}
}

func TestCustomResourceIsTakenBack(t *testing.T) {
	t.Parallel()
	s, f := newThings(t)
	s.create(custom)
	s.update(custom, "Colour", "bad")
	s.wantStatus(types.StackStatusUpdateRollbackComplete)
	if diff := cmp.Diff([]string{"Create", "Update thing-red", "Update thing-red"}, f.asked()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if got := f.requests[2].ResourceProperties["Colour"]; got != "red" {
		t.Errorf("the function was taken back to %v, want red", got)
	}
}

func TestCustomResourceThatSaysNothing(t *testing.T) {
	t.Parallel()
	s, _ := newThings(t)
	template := custom
	if _, err := s.api.CreateStack(t.Context(), &cloudformation.CreateStackInput{StackName: new("shop"), TemplateBody: &template, Parameters: parameters("Colour", "silent")}); err != nil {
		t.Fatal(err)
	}
	s.RunFor(50 * time.Second)
	s.wantStatus(types.StackStatusCreateInProgress)
	s.RunFor(15 * time.Second)
	if got := s.events()[1]; !strings.HasPrefix(got, "Thing CREATE_FAILED: CloudFormation did not receive a response from your Custom Resource.") {
		t.Errorf("event = %s, want that nothing was said", got)
	}
}
