// Package adopt finds out what an app has that runs already, says what Sluice needs
// beside it, and writes its first sluice.yaml. It changes nothing in the account.
package adopt

import (
	"regexp"
	"strings"
	"time"

	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Running is an ECS service that runs, and what is around it. It becomes the slot blue.
type Running struct {
	Cluster        string // its name
	Service        ecstypes.Service
	TaskDefinition ecstypes.TaskDefinition
	Group          elbtypes.TargetGroup
	Attributes     []elbtypes.TargetGroupAttribute
	Listener       string        // ARN of the one that forwards to the group
	Rule           elbtypes.Rule // that does
	Free           int           // a priority before that rule's that is nobody's
	Scaling        *aastypes.ScalableTarget
	Policies       []aastypes.ScalingPolicy
	Alarms         []cwtypes.MetricAlarm // on the group
	Green          string                // service of the rule's other group; "" where there is none
	GreenAlarms    []string              // on that group
}

// Draft is a spec that is about to be written.
type Draft struct {
	App        string
	Repository map[string]string // of the containers that Sluice is to deploy
	Others     map[string]string // images of the containers that it leaves alone
	Cluster    string
	Slots      rollout.Names
	Steps      []rollout.Step
	Guard      time.Duration
	Alarms     []string
	Notes      []string // what could not be taken over
	Missing    []Missing
	Template   string // CloudFormation of what is missing; "" if nothing is
}

// Missing is what Sluice needs and is not there.
type Missing struct {
	What string `json:"what"`
	Why  string `json:"why"`
}

const tenMinutes = 10 * time.Minute

// defaultSteps are for whoever has not thought of others.
func defaultSteps() []rollout.Step {
	return []rollout.Step{{Weight: 10, Bake: tenMinutes}, {Weight: 50, Bake: tenMinutes}, {Weight: 100, Bake: tenMinutes}}
}

// notInNames is what an app's name may not have.
var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// maxName is the length of an app's name.
const maxName = 24

// NameOf makes an app's name of another one, "" where nothing is left of it.
func NameOf(other string) string {
	name := notInNames.ReplaceAllString(strings.ToLower(other), "-")
	name = strings.TrimLeft(name, "-0123456789")
	return strings.TrimRight(name[:min(len(name), maxName)], "-")
}

// Nothing is the draft for an app of which nothing runs yet: what infra/service.yaml
// makes, which is all missing.
func Nothing(app string) Draft {
	return Draft{
		App: app, Repository: map[string]string{"web": "123456789012.dkr.ecr.us-east-1.amazonaws.com/" + app},
		Cluster: app + "-production", Slots: rollout.Names{Blue: app + "-blue", Green: app + "-green"},
		Steps: defaultSteps(), Guard: time.Hour, Alarms: []string{app + "-{slot}-5xx", app + "-{slot}-latency"},
		Notes: []string{"the account and Region of the repository are made up: put yours"},
		Missing: []Missing{{
			"a cluster, two services, a load balancer with one weighted rule, and alarms",
			"infra/service.yaml makes them with these names: docs/install.md",
		}},
	}
}
