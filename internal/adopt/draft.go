package adopt

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/sluice-deploy/sluice/internal/images"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Draft is the spec by which Sluice would take the service over where it is. Refused
// where none of its images is in ECR.
func (r *Running) Draft(app string) (Draft, error) {
	blue := aws.ToString(r.Service.ServiceName)
	d := Draft{
		App: app, Repository: map[string]string{}, Others: map[string]string{}, Cluster: r.Cluster,
		Slots: rollout.Names{Blue: blue, Green: r.Green}, Steps: defaultSteps(), Guard: time.Hour,
	}
	for _, c := range r.TaskDefinition.ContainerDefinitions {
		if ref, err := images.Parse(aws.ToString(c.Image)); err == nil {
			d.Repository[aws.ToString(c.Name)] = ref.Name()
		} else {
			d.Others[aws.ToString(c.Name)] = aws.ToString(c.Image)
		}
	}
	if len(d.Repository) == 0 {
		return d, rollout.Errorf(rollout.KindRefused,
			"no image of %s is in a private repository of ECR (%s), and Sluice pins images by digest there; push it to one first",
			blue, strings.Join(slices.Sorted(maps.Values(d.Others)), ", "))
	}
	if d.Slots.Green == "" {
		d.Slots.Green = blue + "-green"
	}
	d.Alarms = r.alarmNames(app)
	return d, r.missing(&d)
}

// alarmNames are the names that the spec gets: with {slot} where both slots have one of
// that name, and those that the template makes.
func (r *Running) alarmNames(app string) []string {
	if len(r.Alarms) == 0 && len(r.GreenAlarms) == 0 {
		return []string{app + "-{slot}-5xx", app + "-{slot}-latency"}
	}
	var names []string
	paired := map[string]bool{}
	for _, a := range r.Alarms {
		name := aws.ToString(a.AlarmName)
		if other := strings.ReplaceAll(name, "blue", "green"); other != name && slices.Contains(r.GreenAlarms, other) {
			names = append(names, strings.ReplaceAll(name, "blue", "{slot}"))
			paired[other] = true
			continue
		}
		names = append(names, name)
		if r.Green == "" {
			names = append(names, twin(name))
		}
	}
	for _, name := range r.GreenAlarms {
		if !paired[name] {
			names = append(names, name)
		}
	}
	return names
}

// twin is the name of an alarm for the second slot like one for the first.
func twin(name string) string { return name + "-green" }

// missing lists what is not there, with the CloudFormation that makes it.
func (r *Running) missing(d *Draft) error {
	add := func(what, why string) { d.Missing = append(d.Missing, Missing{what, why}) }
	if c := r.Service.DeploymentController; c != nil && c.Type != ecstypes.DeploymentControllerTypeEcs {
		r.beside(d, string(c.Type))
		return nil
	}
	if r.Green != "" {
		if len(r.Alarms) == 0 {
			add("alarms of each slot", "nothing else takes a bad version back; infra/service.yaml has some to start from")
		}
		return nil
	}
	add("a second target group, and service "+d.Slots.Green+" behind it", "the new version starts there, beside the old one")
	add("one rule that divides the traffic between both target groups", "Sluice moves its weights; today's "+r.ruleName()+" stays as it is, behind it")
	if r.Scaling != nil {
		add("autoscaling of "+d.Slots.Green, "a slot that gets the traffic has to scale as the other does")
	}
	if len(r.Alarms) == 0 {
		add("alarms of each slot", "nothing else takes a bad version back")
	} else {
		add("alarms of "+d.Slots.Green, "today's see the one target group alone")
	}
	if r.Free == 0 {
		return rollout.Errorf(rollout.KindRefused, "no priority is free before rule %s; give it a higher number first", aws.ToString(r.Rule.RuleArn))
	}
	var err error
	d.Template, err = r.template(d)
	return err
}

// beside has the draft be of an environment beside the service, which another controller
// deploys and which can therefore be no slot.
func (r *Running) beside(d *Draft, controller string) {
	made := Nothing(d.App)
	d.Cluster, d.Slots, d.Alarms = made.Cluster, made.Slots, made.Alarms
	var taskSubnets string
	if n := r.Service.NetworkConfiguration; n != nil && n.AwsvpcConfiguration != nil {
		taskSubnets = strings.Join(n.AwsvpcConfiguration.Subnets, ",")
	}
	d.Missing = append(d.Missing, Missing{
		"an environment beside " + aws.ToString(r.Service.ServiceName) + ", whose deployment controller is " + controller,
		fmt.Sprintf("Sluice's slots have the controller ECS. Make them with infra/service.yaml in the same listener, behind a host name that nobody uses, "+
			"then take the traffic by the new rule's condition; CodeDeploy's rule serves until then, and again if you give it back (docs/migrate.md): "+
			"App=%s Environment=production Vpc=%s TaskSubnets=%s Listener=%s Priority=%d Port=%d HealthPath=%s Tasks=%d HostHeader=sluice-%s.example.com",
			d.App, aws.ToString(r.Group.VpcId), taskSubnets, r.Listener, r.Free, aws.ToInt32(r.Group.Port), aws.ToString(r.Group.HealthCheckPath),
			r.Service.DesiredCount, d.App),
	})
}

func (r *Running) ruleName() string {
	if aws.ToBool(r.Rule.IsDefault) {
		return "default rule"
	}
	return "rule with priority " + aws.ToString(r.Rule.Priority)
}
