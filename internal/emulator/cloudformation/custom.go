package cloudformation

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"
)

// isCustom reports whether a resource is made by a function of the account.
func isCustom(kind string) bool {
	return strings.HasPrefix(kind, "Custom::") || kind == "AWS::CloudFormation::CustomResource"
}

// CustomRequest is what the function of a custom resource gets.
// AWS: CloudFormation User Guide, Custom resource request objects.
type CustomRequest struct {
	RequestType           string         `json:"RequestType"`
	RequestID             string         `json:"RequestId"`
	ResponseURL           string         `json:"ResponseURL"`
	ResourceType          string         `json:"ResourceType"`
	LogicalResourceID     string         `json:"LogicalResourceId"`
	StackID               string         `json:"StackId"`
	PhysicalResourceID    string         `json:"PhysicalResourceId,omitempty"`
	ResourceProperties    map[string]any `json:"ResourceProperties,omitempty"`
	OldResourceProperties map[string]any `json:"OldResourceProperties,omitempty"`
}

// CustomResponse is what it puts to the URL.
// AWS: CloudFormation User Guide, Custom resource response objects.
type CustomResponse struct {
	Status             string         `json:"Status"`
	Reason             string         `json:"Reason"`
	PhysicalResourceID string         `json:"PhysicalResourceId"`
	StackID            string         `json:"StackId"`
	RequestID          string         `json:"RequestId"`
	LogicalResourceID  string         `json:"LogicalResourceId"`
	NoEcho             bool           `json:"NoEcho"`
	Data               map[string]any `json:"Data"`
}

// customTimeout is how long CloudFormation waits for the answer, unless the resource
// says less. AWS: CloudFormation template reference, AWS::CloudFormation::
// CustomResource, ServiceTimeout.
const customTimeout = time.Hour

// maxCustomResponse is the largest answer (AWS: CloudFormation User Guide, Custom
// resource response objects: 4096 bytes).
const maxCustomResponse = 4096

func createCustom(r *request) (*created, error) {
	return r.askCustom(CustomRequest{RequestType: "Create"}, r.properties)
}

// updateCustom gives the function the old properties too. If it answers with another
// physical id, the resource has been replaced, and the old one is deleted in the end.
func updateCustom(r *request) (*created, error) {
	if !same(r.was.properties.get("ServiceToken"), r.properties.get("ServiceToken")) {
		return nil, errors.New("Modifying service token is not allowed.") //nolint:staticcheck // AWS's sentence
	}
	return r.askCustom(CustomRequest{
		RequestType: "Update", PhysicalResourceID: r.was.ref, OldResourceProperties: customProperties(r.was.properties),
	}, r.properties)
}

func removeCustom(r *request) error {
	_, err := r.askCustom(CustomRequest{RequestType: "Delete", PhysicalResourceID: r.was.ref}, r.was.properties)
	return err
}

// askCustom invokes the function and waits for what it puts to the response URL.
func (r *request) askCustom(in CustomRequest, properties *node) (*created, error) {
	token := properties.get("ServiceToken")
	if token.isNull() {
		return nil, fail(r.line, "Property ServiceToken is required")
	}
	if !strings.HasPrefix(token.text, "arn:") || strings.Split(token.text, ":")[2] != "lambda" {
		return nil, fail(token.line, "property ServiceToken is the ARN of a function here, not %v", token)
	}
	timeout, err := serviceTimeout(properties.get("ServiceTimeout"))
	if err != nil {
		return nil, err
	}
	in.RequestID, in.StackID, in.LogicalResourceID, in.ResourceType = r.ID(32), r.stack.id, r.id, r.kind
	in.ResourceProperties = customProperties(properties)
	out, err := r.Custom(token.text, in, timeout)
	if err != nil {
		return nil, err
	}
	made := &created{ref: out.PhysicalResourceID, attributes: map[string]string{}}
	for name, value := range out.Data {
		made.attributes[name] = customText(value)
	}
	if out.Status != "SUCCESS" {
		return nil, fmt.Errorf("Received response status [%s] from custom resource. Message returned: %s (RequestId: %s)", out.Status, out.Reason, in.RequestID) //nolint:staticcheck // AWS's sentence
	}
	return made, nil
}

func serviceTimeout(n *node) (time.Duration, error) {
	if n.isNull() {
		return customTimeout, nil
	}
	seconds, err := strconv.Atoi(n.text)
	if err != nil || seconds < 1 || seconds > int(customTimeout/time.Second) {
		return 0, fail(n.line, "property ServiceTimeout is 1 to 3600 seconds, not %v", n)
	}
	return time.Duration(seconds) * time.Second, nil
}

// customProperties are the properties as a function gets them: all that is no list
// or mapping is a string.
func customProperties(properties *node) map[string]any {
	out, _ := stringly(properties).(map[string]any)
	return maps.Clone(out)
}

func stringly(n *node) any {
	switch n.kind {
	case listKind:
		out := make([]any, len(n.items))
		for i, item := range n.items {
			out[i] = stringly(item)
		}
		return out
	case mappingKind:
		out := make(map[string]any, len(n.fields))
		for _, f := range n.fields {
			out[f.name] = stringly(f.value)
		}
		return out
	case scalarKind:
	}
	return n.text
}

// customText is a value of an answer as GetAtt gives it.
func customText(value any) string {
	if s, ok := value.(string); ok {
		return s
	}
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(data)
}

// readCustomResponse reads an answer and checks that it is one to the request.
func readCustomResponse(body []byte, in CustomRequest) (CustomResponse, error) {
	var out CustomResponse
	if len(body) > maxCustomResponse {
		return out, errors.New("Response object is too long.") //nolint:staticcheck // AWS's sentence
	}
	if err := json.Unmarshal(body, &out); err != nil {
		return out, fmt.Errorf("Invalid response object: %w", err) //nolint:staticcheck // as AWS's
	}
	switch {
	case out.Status != "SUCCESS" && out.Status != "FAILED":
		return out, fmt.Errorf("Invalid Status. Status can either be FAILED or SUCCESS, not %q.", out.Status) //nolint:staticcheck // as AWS's
	case out.Status == "FAILED" && out.Reason == "":
		return out, errors.New("Reason is required when Status is FAILED.") //nolint:staticcheck // as AWS's
	case out.PhysicalResourceID == "":
		return out, errors.New("Invalid PhysicalResourceId") //nolint:staticcheck // AWS's words
	case out.RequestID != in.RequestID || out.LogicalResourceID != in.LogicalResourceID || out.StackID != in.StackID:
		return out, errors.New("the response is of another request: StackId, RequestId and LogicalResourceId are those of the request")
	}
	return out, nil
}
