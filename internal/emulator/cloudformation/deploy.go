package cloudformation

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/sluice-deploy/sluice/internal/emulator/partition"
)

// Function is the code and settings of an AWS::Lambda::Function.
type Function struct {
	LogicalID   string
	Name        string
	CodeURI     string // SAM's CodeUri; "" if the code is given otherwise
	Zip         []byte // the deployment package, if it came from S3
	Handler     string
	Description string
	Role        string
	Timeout     time.Duration
	MemoryMB    int
	Environment map[string]string

	Architecture        string
	Tracing             string // its mode
	Logging             FunctionLogging
	DeadLetterARN       string
	ReservedConcurrency *int
}

// FunctionLogging is a function's LoggingConfig.
type FunctionLogging struct {
	LogFormat, LogGroup, ApplicationLogLevel, SystemLogLevel string
}

// Target is the cloud that a plan is deployed to. Its functions return when what
// they do is done.
type Target struct {
	Account, Region string
	// Invoke calls an emulated operation of a service, both named as in Step
	// Functions' aws-sdk integrations but for the operation's capital, with its
	// input in the members of that integration; so it gives the output.
	Invoke func(service, operation string, input map[string]any) (json.RawMessage, error)
	// Function creates or updates a function from what a template says of it.
	Function func(Function) error
	// Custom asks the function of a custom resource and waits for its answer.
	Custom func(function string, in CustomRequest, timeout time.Duration) (CustomResponse, error)
	// Object reads an object of S3.
	Object func(bucket, key string) ([]byte, error)
	// ID gives n lower-case hexadecimal characters that it gives only once.
	ID func(n int) string
	// Wait lets cloud time pass, and Now tells it.
	Wait func(time.Duration)
	Now  func() time.Time
	// Do changes what the API shows, where that is safe.
	Do func(change func())
}

// Stack is what was created.
type Stack struct {
	Name string
	// Outputs are the template's.
	Outputs map[string]string
	// PhysicalIDs are what Ref gives, by logical id.
	PhysicalIDs map[string]string
	// Resources are all resources, in the order in which they were created.
	Resources []Deployed
}

// Deployed is a resource that was created, or kept.
type Deployed struct {
	Resource

	PhysicalID string
	Attributes map[string]string // what GetAtt gives
	Properties map[string]any    // as resolved
}

// Deploy creates the plan's resources. When one cannot be created, those before it
// are deleted again.
func (p *Plan) Deploy(target Target) (*Stack, error) {
	s := newStack(p.scope.settings.stackID(), p.scope.settings.StackName, target.Now())
	s.tell(target.Now(), target.ID(32), types.StackStatusCreateInProgress, "")
	if err := newOperation(target, s, p).converge(true); err != nil {
		return nil, err
	}
	return s.result(), nil
}

// request is a resource that is to be created, changed or deleted, its properties
// worked out.
type request struct {
	*operation
	resource

	was  *member // what there is of it; nil if it is to be created
	made string  // its name, once name has given one
}

// name is the resource's name: the property's, or one made of the stack's, the
// logical id and some characters of its own, cut to fit the limit.
// AWS: CloudFormation template reference, Name type.
func (r *request) name(property string, limit int) string {
	switch n := r.properties.get(property); {
	case n != nil:
		r.made = n.text
	case r.was != nil && r.was.name != "":
		r.made = r.was.name
	default:
		r.made = r.newName(limit)
	}
	return r.made
}

func (r *request) newName(limit int) string {
	const suffix = 12
	stack, id := r.stack.name, r.id
	if over := len(stack) + len(id) + suffix + 2 - limit; over > 0 {
		half := (limit - suffix - 2) / 2
		stack, id = stack[:min(len(stack), half)], id[:min(len(id), half)]
	}
	return stack + "-" + id + "-" + strings.ToUpper(r.ID(suffix))
}

// arn is an ARN of the account and region.
func (r *request) arn(service, resource string) string {
	return partition.ARN(service, r.Region, r.Account, resource)
}

// call asks a service with properties as the input; in is a pointer to the SDK's
// input, which says what the members hold.
func (r *request) call(service, operation string, in any, properties *node, more map[string]any) (map[string]any, error) {
	conformed, err := conform(properties, reflect.TypeOf(in), "")
	if err != nil {
		return nil, err
	}
	input, _ := conformed.(map[string]any)
	maps.Copy(input, more)
	return r.ask(service, operation, input)
}

func (r *request) ask(service, operation string, input map[string]any) (map[string]any, error) {
	data, err := r.Invoke(service, operation, input)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", operation, err)
	}
	if len(data) == 0 {
		return map[string]any{}, nil
	}
	var out map[string]any
	if err := json.Unmarshal(data, &out); err != nil {
		return nil, fmt.Errorf("%s: read the answer: %w", operation, err)
	}
	return out, nil
}

// pick walks down an answer by member names and indexes, to a string; "" if
// something on the way is missing.
func pick(out any, path ...any) string {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			object, _ := out.(map[string]any)
			out = object[step]
		case int:
			array, _ := out.([]any)
			if step >= len(array) {
				return ""
			}
			out = array[step]
		}
	}
	s, _ := out.(string)
	return s
}
