// Package sluice holds the files that are deployed: the template that wires
// Sluice, the definition of its state machine, and what an app's environment needs
// around it. They are embedded so that the local cloud runs the same bytes.
package sluice

import "embed"

// Files are template.yaml, the state machine and infra/.
//
//go:embed template.yaml statemachine/rollout.asl.json infra/*.yaml infra/service-policy.json
var Files embed.FS
