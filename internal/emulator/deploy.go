package emulator

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"time"

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

// Deploy creates what a template describes. It waits for the loop, so it must not
// be called on it.
func (c *Cloud) Deploy(t *cloudformation.Template, d Deployment) (*cloudformation.Stack, error) {
	plan, err := t.Resolve(cloudformation.Settings{
		StackName: d.StackName, Account: c.Account, Region: c.Region, Parameters: d.Parameters, Files: d.Files,
	})
	if err != nil {
		return nil, err
	}
	return plan.Deploy(cloudformation.Target{
		Invoke:   c.invoke,
		Function: func(f cloudformation.Function) error { return c.createFunction(f, d.Code) },
		ID:       c.ID,
		Wait:     func(wait time.Duration) { c.Await(func(done func()) { c.After(wait, done) }) },
	})
}

// invoke calls an operation and waits for its answer.
func (c *Cloud) invoke(service, operation string, input map[string]any) (json.RawMessage, error) {
	data, err := json.Marshal(input)
	if err != nil {
		return nil, fmt.Errorf("encode the input of %s %s: %w", service, operation, err)
	}
	var out json.RawMessage
	c.Await(func(done func()) {
		c.Mux.InvokeJSON(&wire.Call{RequestID: c.UUID()}, service, operation, data, func(answer json.RawMessage, failed error) {
			out, err = answer, failed
			done()
		})
	})
	return out, err
}

func (c *Cloud) createFunction(f cloudformation.Function, codeOf func(cloudformation.Function) (lambda.Code, error)) error {
	if codeOf == nil {
		return fmt.Errorf("function %s: the deployment has no code", f.LogicalID)
	}
	var err error
	c.Do(func() {
		var code lambda.Code
		if code, err = codeOf(f); err != nil {
			return
		}
		if err = c.Lambda.Register(f.Name, functionConfig(f), code); err != nil {
			return
		}
		err = c.Lambda.Reserve(f.Name, f.ReservedConcurrency)
	})
	return err
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
