package emulator

import (
	"encoding/json"
	"fmt"
	"io/fs"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/sluice-deploy/sluice/internal/emulator/cloudformation"
	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Deployment is how a template is deployed.
type Deployment struct {
	StackName  string
	Parameters map[string]string
	// Files holds the files that the template names.
	Files fs.FS
	// Code gives the code of a function that the template declares. It must not wait
	// for the loop, on which it is called.
	Code func(f cloudformation.Function) (lambda.Code, error)
}

// Deploy creates the stack, or updates it if it is there. It waits for the loop, so
// it must not be called on it.
func (c *Cloud) Deploy(t *cloudformation.Template, d Deployment) (*cloudformation.Stack, error) {
	var stack *cloudformation.Stack
	var err error
	c.Await(func(done func()) {
		c.CloudFormation.Deploy(cloudformation.Deployment{
			Template: t, StackName: d.StackName, Parameters: d.Parameters, Files: d.Files,
			Function: func(f cloudformation.Function) error { return c.putFunction(f, d.Code) },
		}, func(made *cloudformation.Stack, failed error) {
			stack, err = made, failed
			done()
		})
	})
	return stack, err
}

func (c *Cloud) makeCloudFormation(o Options) {
	c.CloudFormation = cloudformation.New(c.Loop, c.Account, c.Region, cloudformation.Deps{
		Invoke: func(roleARN, service, operation string, input json.RawMessage, reply func(json.RawMessage, error)) {
			caller := wire.Identity{}
			if roleARN != "" {
				caller = c.roleIdentity(roleARN, "AWSCloudFormation")
			}
			c.Mux.InvokeJSON(&wire.Call{Caller: caller, RequestID: c.UUID()}, service, operation, input, reply)
		},
		Function:  func(f cloudformation.Function) error { return c.putFunction(f, o.packaged) },
		Object:    c.S3.Read,
		Parameter: func(name string) (string, error) { return c.parameter(c.root(), name) },
		Notify:    c.Lambda.InvokeAsync,
		Web:       c.Web,
	})
}

// packaged is the code of a function whose stack a client asked for: its package.
func (o Options) packaged(f cloudformation.Function) (lambda.Code, error) {
	switch {
	case o.Package == nil:
		return lambda.Code{}, fmt.Errorf("function %s: this cloud cannot run deployment packages", f.LogicalID)
	case f.Zip == nil:
		return lambda.Code{}, fmt.Errorf("function %s: its code is no object of S3; aws cloudformation package puts it there", f.LogicalID)
	}
	return o.Package(f.Zip)
}

// putFunction creates a function of a stack, or gives it what the template says now.
func (c *Cloud) putFunction(f cloudformation.Function, codeOf func(cloudformation.Function) (lambda.Code, error)) error {
	if codeOf == nil {
		return fmt.Errorf("function %s: the deployment has no code", f.LogicalID)
	}
	code, err := codeOf(f)
	if err != nil {
		return err
	}
	if err := c.Lambda.Register(f.Name, functionConfig(f), code); err != nil {
		return err
	}
	return c.Lambda.Reserve(f.Name, f.ReservedConcurrency)
}

func functionConfig(f cloudformation.Function) lambda.FunctionConfig {
	return lambda.FunctionConfig{
		Timeout: f.Timeout, MemoryMB: f.MemoryMB, Environment: f.Environment, Role: f.Role, Description: f.Description,
		Handler: f.Handler, Architecture: types.Architecture(f.Architecture), DeadLetterARN: f.DeadLetterARN,
		Tracing: types.TracingMode(f.Tracing),
		Logging: lambda.Logging{
			Format: types.LogFormat(f.Logging.LogFormat), Group: f.Logging.LogGroup,
			ApplicationLevel: types.ApplicationLogLevel(f.Logging.ApplicationLogLevel), SystemLevel: types.SystemLogLevel(f.Logging.SystemLogLevel),
		},
	}
}
