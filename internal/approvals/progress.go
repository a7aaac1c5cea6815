package approvals

import "github.com/sluice-deploy/sluice/internal/rollout"

// Deploying is how far the deployment of an app's build is: what
// GET /deployments/{app}/{build} tells.
type Deploying struct {
	App     string `json:"app"`
	Release int    `json:"release"`
	// State is succeeded when the release has got through every environment, guards
	// included, stopped when it did not go on in one, and else going.
	State        string             `json:"state"`
	Why          string             `json:"why,omitempty"`
	Stopped      string             `json:"stopped,omitempty"` // the environment in which it did not go on
	Environments map[string]Rolling `json:"environments"`
}

// Rolling is how far a rollout is: what GET /rollouts/{name} tells.
type Rolling struct {
	Rollout  string          `json:"rollout"`
	Phase    rollout.Phase   `json:"phase,omitempty"`    // that it waits in, where it waits
	Approval string          `json:"approval,omitempty"` // the question that it waits for
	Outcome  rollout.Outcome `json:"outcome,omitempty"`
	Why      string          `json:"why,omitempty"` // of the outcome
}

// Having is which rollouts have to do with an environment: what
// GET /environments/{app}/{environment} tells.
type Having struct {
	Owner  *Rolling `json:"owner,omitempty"`  // the rollout that has the environment
	Asking *Rolling `json:"asking,omitempty"` // the one whose question stands before it
	Dirty  string   `json:"dirty,omitempty"`  // why it needs a person
}
