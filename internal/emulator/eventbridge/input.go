package eventbridge

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// payload is what a target is given of an event.
func payload(t types.Target, event []byte) ([]byte, error) {
	switch {
	case t.Input != nil:
		return []byte(*t.Input), nil
	case t.InputPath != nil:
		steps, err := parsePath(*t.InputPath)
		if err != nil {
			return nil, err
		}
		return extract(event, steps)
	}
	return event, nil
}

// parsePath reads the JSON path of a target's InputPath: dots only, as AWS asks
// for.
func parsePath(path string) ([]string, error) {
	rest, ok := strings.CutPrefix(path, "$")
	if !ok || strings.ContainsAny(path, "[]*") {
		return nil, fmt.Errorf("path %q is not in JSON dot notation from $", path)
	}
	if rest == "" {
		return nil, nil
	}
	steps := strings.Split(rest, ".")
	if steps[0] != "" {
		return nil, fmt.Errorf("path %q is not in JSON dot notation from $", path)
	}
	if slices.Contains(steps[1:], "") {
		return nil, fmt.Errorf("path %q has an empty step", path)
	}
	return steps[1:], nil
}

// extract gives the part of the event at a path. What AWS gives a target when
// there is none is not documented, so that is an error and not a guess.
func extract(event json.RawMessage, steps []string) ([]byte, error) {
	for _, step := range steps {
		var object map[string]json.RawMessage
		if err := json.Unmarshal(event, &object); err != nil {
			return nil, fmt.Errorf("find %q in event: %w", step, err)
		}
		part, ok := object[step]
		if !ok {
			return nil, fmt.Errorf("find %q in event: no such field", step)
		}
		event = part
	}
	return event, nil
}
