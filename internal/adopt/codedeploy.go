package adopt

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// CodeDeploy is what an app's deployment by CodeDeploy says.
type CodeDeploy struct {
	Container     string // of appspec.yaml
	Hooks         []string
	Cluster       string // of the deployment group
	Service       string
	Configuration string
	Alarms        []string
	Kept          time.Duration // the original, after a deployment
}

// ReadAppSpec reads an appspec.yaml for ECS, in YAML or JSON (AWS: CodeDeploy User Guide,
// AppSpec file structure for Amazon ECS deployments).
func (c *CodeDeploy) ReadAppSpec(file string, data []byte) error {
	var spec struct {
		Resources []map[string]struct {
			Type       string `yaml:"Type"`
			Properties struct {
				LoadBalancerInfo struct {
					ContainerName string `yaml:"ContainerName"`
				} `yaml:"LoadBalancerInfo"`
			} `yaml:"Properties"`
		} `yaml:"Resources"`
		Hooks []map[string]string `yaml:"Hooks"`
	}
	if err := decode(data, &spec); err != nil {
		return rollout.Errorf(rollout.KindSpecInvalid, "%s is not an appspec.yaml: %w", file, err)
	}
	for _, r := range spec.Resources {
		for name, one := range r {
			if one.Type != "AWS::ECS::Service" {
				return rollout.Errorf(rollout.KindSpecInvalid, "%s: Resources: %s is of type %q, want AWS::ECS::Service: Sluice rolls ECS services out", file, name, one.Type)
			}
			c.Container = one.Properties.LoadBalancerInfo.ContainerName
		}
	}
	if c.Container == "" {
		return rollout.Errorf(rollout.KindSpecInvalid, "%s: Resources: no AWS::ECS::Service with a LoadBalancerInfo.ContainerName", file)
	}
	for _, hook := range spec.Hooks {
		for name := range hook {
			c.Hooks = append(c.Hooks, name)
		}
	}
	slices.Sort(c.Hooks)
	return nil
}

// ReadGroup reads a deployment group as `aws deploy get-deployment-group` prints it.
func (c *CodeDeploy) ReadGroup(file string, data []byte) error {
	var out struct {
		Info struct { // not the SDK's type as a whole: the CLI writes times in several forms
			DeploymentConfigName             *string                                 `json:"deploymentConfigName"`
			EcsServices                      []types.ECSService                      `json:"ecsServices"`
			AlarmConfiguration               *types.AlarmConfiguration               `json:"alarmConfiguration"`
			BlueGreenDeploymentConfiguration *types.BlueGreenDeploymentConfiguration `json:"blueGreenDeploymentConfiguration"`
		} `json:"deploymentGroupInfo"`
	}
	if err := json.Unmarshal(data, &out); err != nil {
		return rollout.Errorf(rollout.KindSpecInvalid, "%s is not what `aws deploy get-deployment-group` prints: %w", file, err)
	}
	group := types.DeploymentGroupInfo{
		DeploymentConfigName: out.Info.DeploymentConfigName, EcsServices: out.Info.EcsServices,
		AlarmConfiguration: out.Info.AlarmConfiguration, BlueGreenDeploymentConfiguration: out.Info.BlueGreenDeploymentConfiguration,
	}
	if err := c.take(group); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// take takes over what a deployment group says.
func (c *CodeDeploy) take(g types.DeploymentGroupInfo) error {
	if len(g.EcsServices) != 1 {
		return rollout.Errorf(rollout.KindSpecInvalid, "deploymentGroupInfo.ecsServices has %d services, want one: is it a group for ECS?", len(g.EcsServices))
	}
	c.Service, c.Cluster = aws.ToString(g.EcsServices[0].ServiceName), aws.ToString(g.EcsServices[0].ClusterName)
	c.Configuration = aws.ToString(g.DeploymentConfigName)
	if how := g.BlueGreenDeploymentConfiguration; how != nil && how.TerminateBlueInstancesOnDeploymentSuccess != nil {
		c.Kept = time.Duration(how.TerminateBlueInstancesOnDeploymentSuccess.TerminationWaitTimeInMinutes) * time.Minute
	}
	if g.AlarmConfiguration != nil && g.AlarmConfiguration.Enabled {
		for _, a := range g.AlarmConfiguration.Alarms {
			c.Alarms = append(c.Alarms, aws.ToString(a.Name))
		}
	}
	return nil
}

// Apply gives a draft the steps, the guard and the alarms of the deployment group. A
// service of CodeDeploy's cannot be a slot: the draft is then for an environment beside
// it, as infra/service.yaml makes one.
func (c *CodeDeploy) Apply(d *Draft) {
	if steps, known := stepsOf(c.Configuration); known {
		d.Steps = steps
	} else {
		d.Notes = append(d.Notes, fmt.Sprintf("the deployment configuration %s is your own: its steps are to be written as `steps`", c.Configuration))
	}
	if c.Kept > 0 {
		d.Guard = c.Kept
	}
	for _, name := range c.Alarms {
		if !slices.Contains(d.Alarms, name) {
			d.Alarms = append(d.Alarms, name)
		}
	}
	if len(c.Hooks) > 0 {
		d.Notes = append(d.Notes, "hooks have no counterpart; what they decide can set an alarm red: "+strings.Join(c.Hooks, ", "))
	}
	if d.Repository[c.Container] == "" {
		d.Notes = append(d.Notes, fmt.Sprintf("appspec.yaml names the container %s, which the running task definition has no image of ECR for", c.Container))
	}
}
