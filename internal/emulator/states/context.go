package states

import (
	"maps"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/states/jsonata"
)

// environment is what the state's expressions see: the variables, and $states.
func (v *visit) environment(r *result) jsonata.Environment {
	s := v.strand
	states := jsonata.NewObject("input", v.input, "context", v.context())
	switch {
	case r == nil:
	case r.errored:
		states.Set("errorOutput", r.value)
	default:
		states.Set("result", r.value)
	}
	variables := maps.Clone(s.variables)
	variables["states"] = states
	l := s.execution.services.Loop
	return jsonata.Environment{Variables: variables, Now: l.Now(), ID: l.ID}
}

// context is the Context object (AWS: Step Functions Developer Guide, Accessing
// execution data from the Context object).
func (v *visit) context() *jsonata.Object {
	x := v.strand.execution
	execution := jsonata.NewObject("Id", x.ARN, "Input", x.input, "Name", x.Name, "RoleArn", x.RoleARN,
		"StartTime", timestamp(x.StartTime), "RedriveCount", float64(x.RedriveCount))
	if x.RedriveCount > 0 {
		execution.Set("RedriveTime", timestamp(x.RedriveTime))
	}
	c := jsonata.NewObject(
		"Execution", execution,
		"State", jsonata.NewObject("EnteredTime", timestamp(v.since), "Name", v.state.Name, "RetryCount", float64(v.retryCount)),
		"StateMachine", jsonata.NewObject("Id", x.StateMachineARN, "Name", x.StateMachineName))
	if v.token != "" {
		c.Set("Task", jsonata.NewObject("Token", v.token))
	}
	if v.strand.item != nil {
		c.Set("Map", jsonata.NewObject("Item", v.strand.item))
	}
	return c
}

func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
