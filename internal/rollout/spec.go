package rollout

import (
	"strings"
	"time"
)

// Spec is what sluice.yaml says, with defaults filled in.
type Spec struct {
	App          string            `json:"app"`
	Containers   map[string]string `json:"containers"` // container name to image repository, without tag or digest
	Triggers     Triggers          `json:"triggers"`
	Environments []Environment     `json:"environments"`        // in their order
	Notify       []Channel         `json:"notify,omitempty"`    // hear of every environment
	Pipelines    []Pipeline        `json:"pipelines,omitempty"` // whose approvals go the same way
	Keep         time.Duration     `json:"keep,omitempty"`      // how long decisions are kept; zero is for ever
}

// Triggers names what starts a deployment: builds, pushes or a stage of CodePipeline,
// one of the three, so that one build cannot start two.
type Triggers struct {
	CodeBuild []string     `json:"codebuild,omitempty"` // project names
	ECR       []ECRTrigger `json:"ecr,omitempty"`
	Event     bool         `json:"event,omitempty"` // our own event, put by any CI
	// CodePipeline is an action of a pipeline that invokes the function build.
	CodePipeline bool `json:"codepipeline,omitempty"`
}

// Keys are the triggers as the table keys them.
func (t Triggers) Keys() []string {
	var keys []string
	for _, project := range t.CodeBuild {
		keys = append(keys, "codebuild#"+project)
	}
	for _, push := range t.ECR {
		keys = append(keys, "ecr#"+push.Repository)
	}
	return keys
}

// Keys are all that events may name and that concerns the app, as the table keys
// it: its triggers, and the pipelines whose approvals it asks for.
func (s Spec) Keys() []string {
	keys := s.Triggers.Keys()
	for _, p := range s.Pipelines {
		keys = append(keys, PipelineKey(p.Name))
	}
	return keys
}

// PipelineKey is a pipeline as the table keys it.
func PipelineKey(pipeline string) string { return "codepipeline#" + pipeline }

// ECRTrigger is a push of a matching tag to a repository.
type ECRTrigger struct {
	Repository string `json:"repository"`    // its name, without the registry
	Tag        string `json:"tag,omitempty"` // path.Match pattern; empty is every tag
}

// Environment is one place the app runs in.
type Environment struct {
	Name             string           `json:"name"`
	Region           string           `json:"region,omitempty"`    // empty is Sluice's own
	Role             string           `json:"role,omitempty"`      // ARN of the role to assume there; empty is none
	Wave             int              `json:"wave"`                // from 1; those of one wave go side by side
	Windows          []Window         `json:"windows,omitempty"`   // in which rollouts may begin; none is always
	Approval         *Approval        `json:"approval,omitempty"`  // before the environment's lock
	Operators        []string         `json:"operators,omitempty"` // may promote, pause, resume and abort; as Approval.Approvers
	Notify           []Channel        `json:"notify,omitempty"`
	Cluster          string           `json:"cluster"`
	Slots            Names            `json:"slots"` // ECS service names
	Steps            []Step           `json:"steps"` // weights rise and end at 100
	Alarms           []string         `json:"alarms,omitempty"`
	Guard            time.Duration    `json:"guard"`
	WatchAfter       time.Duration    `json:"watchAfter,omitempty"` // how long after the guard a red alarm still starts a rollback rollout
	AcceptStickiness bool             `json:"acceptStickiness,omitempty"`
	ListenerRule     string           `json:"listenerRule,omitempty"` // ARN; found from the services when empty
	TargetGroups     Names            `json:"targetGroups,omitzero"`  // ARNs; found from the services when empty
	Inconclusive     InconclusiveRule `json:"inconclusive"`
	TaskDefinition   TaskDefinition   `json:"taskDefinition,omitzero"` // without a file, from what runs
}

// Names gives a name to each slot.
type Names struct {
	Blue  string `json:"blue"`
	Green string `json:"green"`
}

// Of is the name of one slot.
func (n Names) Of(slot Slot) string {
	if slot == Blue {
		return n.Blue
	}
	return n.Green
}

// InconclusiveRule says what follows a verdict that decides nothing: bake again
// up to Retries times, then Then.
type InconclusiveRule struct {
	Retries int    `json:"retries"`
	Then    Choice `json:"then"`
}

// Choice is what a spec may choose when bakes stay inconclusive.
type Choice string

// The choices.
const (
	ChooseRollback Choice = "rollback"
	ChooseProceed  Choice = "proceed"
)

// Environment gives the environment of that name.
func (s Spec) Environment(name string) (Environment, bool) {
	for _, env := range s.Environments {
		if env.Name == name {
			return env, true
		}
	}
	return Environment{}, false
}

// Within is the spec with one of its environments alone, or with all where the name is
// "". NotFound if it has none of that name.
func (s Spec) Within(environment string) (Spec, error) {
	if environment == "" {
		return s, nil
	}
	one, ok := s.Environment(environment)
	if !ok {
		return s, Errorf(KindNotFound, "app %s has no environment %q", s.App, environment)
	}
	one.Wave = 0
	s.Environments = []Environment{one}
	return s, nil
}

// AlarmNames are the alarms of the environment, with {slot} filled in for each
// slot; every name once.
func (e Environment) AlarmNames() []string {
	var names []string
	seen := map[string]bool{}
	for _, template := range e.Alarms {
		for _, slot := range []Slot{Blue, Green} {
			if name := expand(template, slot); !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	return names
}

// Speaks tells whether an alarm says something about the slot: it is that slot's
// own, or no slot's.
func (e Environment) Speaks(alarm string, slot Slot) bool {
	for _, template := range e.Alarms {
		if expand(template, slot) == alarm {
			return true
		}
	}
	return false
}

func expand(template string, slot Slot) string {
	return strings.ReplaceAll(template, "{slot}", string(slot))
}
