package cloudformation

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/web"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Deps are what CloudFormation reaches others by. All are called on the loop.
type Deps struct {
	// Invoke calls an operation of a service as a session of a role, or as the
	// account itself where there is none.
	Invoke func(roleARN, service, operation string, input json.RawMessage, reply func(json.RawMessage, error))
	// Function creates or updates a function of a stack that was asked for by the
	// API.
	Function func(Function) error
	// Object reads an object of S3, and Parameter a parameter of Systems Manager.
	Object    func(bucket, key string) ([]byte, error)
	Parameter func(name string) (string, error)
	// Notify invokes the function of a custom resource.
	Notify func(functionARN string, payload []byte) error
	// Web has the host that such functions answer to.
	Web *web.Web
}

// Service is CloudFormation in one account and Region. It lives on the loop.
type Service struct {
	loop            *loop.Loop
	account, region string
	deps            Deps                         `keep:"-"`
	stacks          []*stack                     // oldest first, also those that are gone
	waiting         map[string]func(body []byte) `keep:"-"`
}

// New gives a CloudFormation without stacks.
func New(l *loop.Loop, account, region string, deps Deps) *Service {
	return &Service{loop: l, account: account, region: region, deps: deps, waiting: map[string]func([]byte){}}
}

// Wire lists the operations that are emulated.
func (s *Service) Wire() *wire.Service {
	return wire.NewService("cloudformation",
		wire.Op("CreateChangeSet", s.createChangeSet),
		wire.Op("CreateStack", s.createStack),
		wire.Op("DeleteChangeSet", s.deleteChangeSet),
		wire.Op("DeleteStack", s.deleteStack),
		wire.Op("DescribeChangeSet", s.describeChangeSet),
		wire.Op("DescribeStackEvents", s.describeStackEvents),
		wire.Op("DescribeStackResource", s.describeStackResource),
		wire.Op("DescribeStackResources", s.describeStackResources),
		wire.Op("DescribeStacks", s.describeStacks),
		wire.Op("ExecuteChangeSet", s.executeChangeSet),
		wire.Op("GetStackPolicy", s.getStackPolicy),
		wire.Op("GetTemplate", s.getTemplate),
		wire.Op("GetTemplateSummary", s.getTemplateSummary),
		wire.Op("ListChangeSets", s.listChangeSets),
		wire.Op("ListExports", s.listExports),
		wire.Op("ListStackResources", s.listStackResources),
		wire.Op("ListStacks", s.listStacks),
		wire.Op("SetStackPolicy", s.setStackPolicy),
		wire.Op("UpdateStack", s.updateStack),
		wire.Op("UpdateTerminationProtection", s.updateTerminationProtection),
		wire.Op("ValidateTemplate", s.validateTemplate),
	)
}

// Deployment is how a template is deployed by Go code.
type Deployment struct {
	Template   *Template
	StackName  string
	Parameters map[string]string
	Files      fs.FS                // that the template names
	Function   func(Function) error // in the place of Deps.Function
}

// Deploy creates the stack, or updates it if it is there, and gives it to done. It
// takes no more time than the services themselves take.
func (s *Service) Deploy(d Deployment, done func(*Stack, error)) {
	st := s.named(d.StackName)
	creating := st == nil || st.status == types.StackStatusReviewInProgress
	if st == nil {
		st = newStack(s.newID(d.StackName), d.StackName, s.loop.Now())
	}
	settings := s.settings(st, d.Parameters)
	settings.Files = d.Files
	plan, err := d.Template.Resolve(settings)
	if err != nil {
		done(nil, err)
		return
	}
	if err := checkUpdatable(st, creating); err != nil {
		done(nil, err)
		return
	}
	if creating && s.named(d.StackName) == nil {
		s.stacks = append(s.stacks, st)
	}
	s.start(st, work{
		plan: plan, creating: creating, function: d.Function,
		source: source{template: d.Template, body: d.Template.body, parameters: d.Parameters, shown: plan.shown()},
		done:   func(err error) { done(resultOf(st, err), err) },
	})
}

// Deployed is the stack of this name as Deploy gives it, nil if there is none, and whether
// the deployment would change it.
func (s *Service) Deployed(d Deployment) (st *Stack, differs bool, err error) {
	found := s.named(d.StackName)
	if found == nil {
		return nil, true, nil
	}
	p, err := s.preview(found, source{template: d.Template, parameters: d.Parameters, tags: found.tags}, d.Files)
	return found.result(), !p.empty, err
}

// CodeURIs are what templates say of where the code of the stacks' functions is, by the
// functions' names.
func (s *Service) CodeURIs() map[string]string {
	all := map[string]string{}
	for _, st := range s.stacks {
		for _, m := range st.members {
			uri := optional(m.properties.get("Code").get("CodeUri"))
			if m.kind == "AWS::Lambda::Function" && m.created != nil && uri != "" && !st.gone() {
				all[m.ref] = uri
			}
		}
	}
	return all
}

func resultOf(st *stack, err error) *Stack {
	if err != nil {
		return nil
	}
	return st.result()
}

// work is what a stack's operation is to do.
type work struct {
	plan     *Plan
	creating bool
	source   source
	policy   *stackPolicy
	function func(Function) error
	pace     time.Duration
	keep     bool // what was done when it fails
	vanish   bool // when its creation fails
	done     func(error)
}

// start begins to create or update a stack.
func (s *Service) start(st *stack, w work) {
	before := st.source
	st.source = w.source
	status := types.StackStatusUpdateInProgress
	if w.creating {
		status = types.StackStatusCreateInProgress
	} else {
		st.updated = new(s.loop.Now())
	}
	st.tell(s.loop.Now(), s.loop.UUID(), status, "User Initiated")
	s.run(st, w.source.roleARN, w.function, func(t Target) error {
		o := newOperation(t, st, w.plan)
		o.pace = w.pace
		o.Do(func() {
			o.before, o.creating, o.policy, o.keep, o.vanish = before, w.creating, w.policy, w.keep, w.vanish
		})
		return o.bringAbout()
	}, w.done)
}

// run has a coroutine do a stack's operation, one at a time.
func (s *Service) run(st *stack, roleARN *string, function func(Function) error, do func(Target) error, done func(error)) {
	st.running = true
	var err error
	s.loop.Go(func(ctx context.Context) {
		err = do(s.target(loop.FromContext(ctx).Await, roleARN, function))
	}, func() {
		st.running, st.journal = false, nil
		if done != nil {
			done(err)
		}
	})
}

// target is this cloud as a coroutine reaches it.
func (s *Service) target(await func(start func(done func())), roleARN *string, function func(Function) error) Target {
	if function == nil {
		function = s.deps.Function
	}
	do := func(change func()) {
		await(func(done func()) { change(); done() })
	}
	role := ""
	if roleARN != nil {
		role = *roleARN
	}
	return Target{
		Account: s.account, Region: s.region, ID: s.loop.ID, Now: s.loop.Now, Do: do,
		Wait: func(d time.Duration) {
			if d > 0 {
				await(func(done func()) { s.loop.After(d, done) }) //nolint:forbidigo // the operation goes on by its journal
			}
		},
		Invoke: func(service, operation string, input map[string]any) (json.RawMessage, error) {
			data, err := json.Marshal(input)
			if err != nil {
				return nil, fmt.Errorf("encode the input of %s %s: %w", service, operation, err)
			}
			var out json.RawMessage
			await(func(done func()) {
				s.deps.Invoke(role, service, operation, data, func(answer json.RawMessage, failed error) {
					out, err = answer, failed
					done()
				})
			})
			return out, err
		},
		Function: func(f Function) (err error) {
			do(func() { err = function(f) })
			return err
		},
		Object: func(bucket, key string) (data []byte, err error) {
			do(func() { data, err = s.deps.Object(bucket, key) })
			return data, err
		},
		Custom: func(function string, in CustomRequest, timeout time.Duration) (out CustomResponse, err error) {
			await(func(done func()) {
				s.askCustom(function, in, timeout, func(answer CustomResponse, failed error) {
					out, err = answer, failed
					done()
				})
			})
			return out, err
		},
	}
}

// askCustom invokes a custom resource's function with a URL of its own to answer to.
// AWS: CloudFormation User Guide, How custom resources work.
func (s *Service) askCustom(function string, in CustomRequest, timeout time.Duration, reply func(CustomResponse, error)) {
	host := "cloudformation-custom-resource-response-" + s.region + ".s3." + s.region + "." + partition.Domain(s.region)
	s.deps.Web.Host(host, web.SiteFunc(s.takeResponse))
	path := "/" + s.loop.ID(40)
	in.ResponseURL = "https://" + host + path
	payload, err := json.Marshal(in)
	if err == nil {
		err = s.deps.Notify(function, payload)
	}
	if err != nil {
		reply(CustomResponse{}, err)
		return
	}
	late := s.loop.After(timeout, func() { //nolint:forbidigo // the operation asks again
		delete(s.waiting, path)
		reply(CustomResponse{}, fmt.Errorf("CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId [%s]. If you are using the Python cfn-response module, you may need to update your Lambda function code so that CloudFormation can attach the updated version.", in.RequestID)) //nolint:staticcheck // AWS's sentence
	})
	s.waiting[path] = func(body []byte) {
		late.Stop()
		delete(s.waiting, path)
		reply(readCustomResponse(body, in))
	}
}

// takeResponse takes what a custom resource's function puts to its URL.
func (s *Service) takeResponse(r *wire.Request, reply func(*wire.Response)) {
	answer := s.waiting[r.Path]
	switch {
	case r.Method != http.MethodPut:
		reply(&wire.Response{Status: http.StatusForbidden, Header: http.Header{}})
	case answer == nil:
		reply(&wire.Response{Status: http.StatusForbidden, Header: http.Header{}, Body: []byte("Request has expired")})
	default:
		reply(&wire.Response{Status: http.StatusOK, Header: http.Header{}})
		answer(r.Body)
	}
}

// settings are those that a stack's templates are resolved with.
func (s *Service) settings(st *stack, parameters map[string]string) Settings {
	return Settings{
		StackName: st.name, StackID: st.id, Account: s.account, Region: s.region, Parameters: parameters,
		Object: s.deps.Object, Parameter: s.deps.Parameter, Import: s.exported,
	}
}

func (s *Service) newID(name string) string {
	return partition.ARN("cloudformation", s.region, s.account, "stack/"+name+"/"+s.loop.UUID())
}

// named is the stack of this name or ARN that is not gone, or nil.
func (s *Service) named(name string) *stack {
	for _, st := range s.stacks {
		if (st.name == name || st.id == name) && !st.gone() {
			return st
		}
	}
	return nil
}

// find is named, and by its ARN also a stack that is gone.
func (s *Service) find(name *string) (*stack, error) {
	if name == nil {
		return nil, invalid("1 validation error detected: Value null at 'stackName' failed to satisfy constraint: Member must not be null")
	}
	if st := s.named(*name); st != nil {
		return st, nil
	}
	for _, st := range s.stacks {
		if st.id == *name {
			return st, nil
		}
	}
	return nil, invalid("Stack with id %s does not exist", *name)
}

// exported is the value that a stack exports under a name.
func (s *Service) exported(name string) (string, bool) {
	for _, st := range s.stacks {
		for _, o := range st.outputs {
			if !st.gone() && o.ExportName != nil && *o.ExportName == name {
				return *o.OutputValue, true
			}
		}
	}
	return "", false
}

func invalid(format string, args ...any) error {
	return wire.Errorf("ValidationError", format, args...)
}

// invalidTemplate is an error of a template as the API tells it.
func invalidTemplate(err error) error { return invalid("%s", plainText(err)) }
