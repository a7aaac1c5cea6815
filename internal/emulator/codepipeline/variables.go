package codepipeline

import (
	"fmt"
	"regexp"
	"strings"
)

// ownNamespace is that of the variables that every pipeline has.
const ownNamespace = "codepipeline"

// reference is a variable in an action's configuration.
// AWS: CodePipeline User Guide, Variables reference.
var reference = regexp.MustCompile(`#\{([A-Za-z0-9@_-]+)\.([A-Za-z0-9@_-]+)\}`)

// resolve puts the values of variables into an action's configuration. One that has no
// value fails the action; the message is ours.
func (e *execution) resolve(declared map[string]string) (map[string]string, error) {
	var unknown []string
	resolved := map[string]string{}
	for key, text := range declared {
		resolved[key] = reference.ReplaceAllStringFunc(text, func(name string) string {
			parts := reference.FindStringSubmatch(name)
			value, ok := e.variable(parts[1], parts[2])
			if !ok {
				unknown = append(unknown, name)
			}
			return value
		})
	}
	if len(unknown) > 0 {
		return declared, fmt.Errorf("no action has given a value to %s", strings.Join(unknown, ", "))
	}
	return resolved, nil
}

func (e *execution) variable(namespace, name string) (string, bool) {
	if namespace == ownNamespace && name == "PipelineExecutionId" {
		return e.id, true
	}
	value, ok := e.variables[namespace][name]
	return value, ok
}

// variables are what an action told. AWS gives an empty map for none.
func (a *actionExecution) variables() map[string]string {
	if a.result.Variables == nil {
		return map[string]string{}
	}
	return a.result.Variables
}
