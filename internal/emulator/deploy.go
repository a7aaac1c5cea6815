package emulator

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"time"

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
	// Handler gives the code of a function that the template declares. It must
	// not wait for the loop, on which it is called.
	Handler func(f cloudformation.Function) (lambda.Handler, error)
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
		Function: func(f cloudformation.Function) error { return c.createFunction(f, d.Handler) },
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

func (c *Cloud) createFunction(f cloudformation.Function, handler func(cloudformation.Function) (lambda.Handler, error)) error {
	if handler == nil {
		return fmt.Errorf("function %s: the deployment has no handlers", f.LogicalID)
	}
	var err error
	c.Do(func() {
		var h lambda.Handler
		if h, err = handler(f); err != nil {
			return
		}
		err = c.Lambda.Register(f.Name, lambda.FunctionConfig{
			Timeout: f.Timeout, MemoryMB: f.MemoryMB, Environment: f.Environment, Role: f.Role, Description: f.Description,
			DeadLetterARN: f.DeadLetterARN, ReservedConcurrency: f.ReservedConcurrency,
		}, h)
	})
	return err
}
