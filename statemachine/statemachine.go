// Package statemachine holds the definition of the machine `rollout`: the order of
// the steps, what is retried, and where each error leads. The same bytes are
// deployed, run by the local cloud and tested.
package statemachine

import _ "embed"

// Rollout is the definition, in Amazon States Language. Function ARNs are named
// ${NameFunction} and filled in by template.yaml.
//
//go:embed rollout.asl.json
var Rollout []byte
