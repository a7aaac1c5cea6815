package cloudformation

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"time"
)

// Function is the code and settings of an AWS::Lambda::Function.
type Function struct {
	LogicalID   string
	Name        string
	CodeURI     string // SAM's CodeUri; "" if the code is given otherwise
	Handler     string
	Description string
	Role        string
	Timeout     time.Duration
	MemoryMB    int
	Environment map[string]string

	DeadLetterARN       string
	ReservedConcurrency *int
}

// Target is the cloud that a plan is deployed to. Its functions return when what
// they do is done.
type Target struct {
	// Invoke calls an emulated operation of a service, both named as in Step
	// Functions' aws-sdk integrations but for the operation's capital, with its
	// input in the members of that integration; so it gives the output.
	Invoke func(service, operation string, input map[string]any) (json.RawMessage, error)
	// Function creates a function from what a template says of it.
	Function func(Function) error
	// ID gives n lower-case hexadecimal characters that it gives only once.
	ID func(n int) string
	// Wait lets cloud time pass.
	Wait func(time.Duration)
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

// Deploy creates the plan's resources. When one cannot be created, those before
// it stay: an emulated cloud is thrown away, not rolled back.
func (p *Plan) Deploy(target Target) (*Stack, error) {
	d := &deployment{Target: target, scope: p.scope}
	stack := &Stack{Name: p.scope.settings.StackName, Outputs: map[string]string{}, PhysicalIDs: map[string]string{}}
	for _, r := range p.resources {
		done, err := d.create(r)
		if err != nil {
			return nil, fmt.Errorf("template %s: line %d: resource %s (%s): %w", p.name, r.line, r.id, r.kind, err)
		}
		stack.PhysicalIDs[r.id] = done.PhysicalID
		stack.Resources = append(stack.Resources, *done)
	}
	for _, o := range p.outputs {
		value, err := p.scope.eval(o.value)
		if err != nil {
			return nil, fmt.Errorf("template %s: output %s: %w", p.name, o.name, err)
		}
		stack.Outputs[o.name] = value.String()
	}
	return stack, nil
}

// deployment is a plan on its way into a cloud.
type deployment struct {
	Target

	scope *scope
}

// request is a resource that is to be created, its properties worked out.
type request struct {
	*deployment
	resource
}

func (d *deployment) create(r resource) (*Deployed, error) {
	construct, err := creatorOf(r.kind)
	if err != nil {
		return nil, err
	}
	if r.properties, err = d.scope.eval(r.properties); err != nil {
		return nil, err
	}
	if r.properties == nil {
		r.properties = mapping(r.line)
	}
	made, err := construct(&request{d, r})
	if err != nil {
		return nil, err
	}
	d.scope.created[r.id] = made
	properties, _ := r.properties.plain().(map[string]any)
	return &Deployed{
		Resource:   Resource{LogicalID: r.id, Type: r.kind, Line: r.line},
		PhysicalID: made.ref, Attributes: made.attributes, Properties: properties,
	}, nil
}

// creator creates a resource.
type creator func(r *request) (*created, error)

// name is the resource's name: the property's, or one made of the stack's, the
// logical id and some characters of its own, cut to fit the limit.
// AWS: CloudFormation template reference, Name type.
func (r *request) name(property string, limit int) string {
	if n := r.properties.get(property); n != nil {
		return n.text
	}
	const suffix = 12
	stack, id := r.scope.settings.StackName, r.id
	if over := len(stack) + len(id) + suffix + 2 - limit; over > 0 {
		half := (limit - suffix - 2) / 2
		stack, id = stack[:min(len(stack), half)], id[:min(len(id), half)]
	}
	return stack + "-" + id + "-" + strings.ToUpper(r.ID(suffix))
}

// arn is an ARN of the account and region.
func (r *request) arn(service, resource string) string {
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, r.scope.settings.Region, r.scope.settings.Account, resource)
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
