package simulate

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-deploy/sluice/internal/emulator/eventbridge"
)

// aim is a fault for the next request of a sort, whichever of the run that is: a story
// cannot count requests, whose places move whenever Sluice changes.
type aim struct {
	kind, function, operation string
	text                      string // in its input; "" is any
	act                       Act
}

// strike aims a fault: KIND FUNCTION OPERATION, or OPERATION/TEXT for one whose input has
// the text.
func (r *Run) strike(args []string) error {
	k, known := r.kinds[args[0]]
	if !known || k.request == nil {
		return fmt.Errorf("strike: %q is no kind of fault that befalls a request", args[0])
	}
	operation, text, _ := strings.Cut(args[2], "/")
	r.aimed = append(r.aimed, aim{args[0], args[1], operation, text, Act{Verb: "strike", Args: strings.Join(args, " ")}})
	return nil
}

// aimedAt takes out the faults that a request is the one for; of several that are alike,
// one.
func (r *Run) aimedAt(s *sent) []kind {
	var all []kind
	met := map[aim]bool{}
	r.aimed = slices.DeleteFunc(r.aimed, func(a aim) bool {
		if met[a] || a.function != functionOf(s.invocation) || a.operation != s.call.Operation || !strings.Contains(input{s.call}.String(), a.text) {
			return false
		}
		met[a] = true
		all = append(all, r.kinds[a.kind])
		r.struck(Fault{a.kind, r.requests}, r.kinds[a.kind])
		return true
	})
	return all
}

// lose has the next event of a source, which AWS may lose, never arrive: SOURCE TEXT, the
// text being in its detail.
func (r *Run) lose(args []string) error {
	if !slices.Contains(bestEffort(), args[0]) {
		return fmt.Errorf("lose: AWS loses no event of %s", args[0])
	}
	r.losing = append(r.losing, Act{Verb: "lose", Args: strings.Join(args, " ")})
	return nil
}

// loses reports whether an event, on its way to a target, is one that is lost.
func (r *Run) loses(e eventbridge.Event) bool {
	i := slices.IndexFunc(r.losing, func(a Act) bool {
		source, text, _ := strings.Cut(a.Args, " ")
		return source == e.Source && strings.Contains(string(e.Detail), text)
	})
	if i < 0 {
		return false
	}
	r.struck(Fault{"unheard", r.deliveries}, r.kinds["unheard"])
	r.losing = slices.Delete(r.losing, i, i+1)
	return true
}

// unmet are the faults that were aimed and have met nothing.
func (r *Run) unmet() []Act {
	all := slices.Clone(r.losing)
	for _, a := range r.aimed {
		all = append(all, a.act)
	}
	return all
}

// wake has an administrator wake what an execution waits for, in Step Functions itself:
// EXECUTION.
func (r *Run) wake(args []string) error {
	arn := strings.Replace(r.Settings.Machine, ":stateMachine:", ":execution:", 1) + ":" + args[0]
	var found struct {
		Events []struct {
			TaskScheduledEventDetails *struct{ Parameters string }
		}
	}
	if err := r.call("sfn", "getExecutionHistory", map[string]any{"ExecutionArn": arn, "ReverseOrder": true}, &found); err != nil {
		return err
	}
	for _, e := range found.Events {
		if e.TaskScheduledEventDetails == nil {
			continue
		}
		var task struct {
			Payload struct {
				Token string `json:"token"`
			} `json:"Payload"`
		}
		if err := json.Unmarshal([]byte(e.TaskScheduledEventDetails.Parameters), &task); err != nil {
			return fmt.Errorf("wake: read the task of %s: %w", args[0], err)
		}
		return r.call("sfn", "sendTaskSuccess", map[string]string{"TaskToken": task.Payload.Token, "Output": "{}"}, nil)
	}
	return fmt.Errorf("wake: %s has no task", args[0])
}
