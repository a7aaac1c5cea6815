package adopt_test

import (
	"testing"

	"github.com/sluice-deploy/sluice/internal/adopt"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// wrongSpec fails the test if an error is not one that a person can do something about.
func wrongSpec(t *testing.T, data []byte, err error) {
	t.Helper()
	if rollout.KindOf(err) != rollout.KindSpecInvalid {
		t.Fatalf("%q: %v is of kind %q", data, err, rollout.KindOf(err))
	}
}

func FuzzEcspresso(f *testing.F) {
	for _, text := range []string{"region: us-east-1\ncluster: shop\nservice: web\n", `{"cluster":"a","service":"b"}`, "cluster: {{ env `A` }}", "- a", "a: *b", "\x00"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := adopt.ReadEcspresso("ecspresso.yml", data)
		if err != nil {
			wrongSpec(t, data, err)
		} else if e.Cluster == "" || e.Service == "" {
			t.Fatalf("%q is %+v", data, e)
		}
	})
}

func FuzzAppSpec(f *testing.F) {
	for _, text := range []string{
		"Resources:\n  - TargetService:\n      Type: AWS::ECS::Service\n      Properties:\n        LoadBalancerInfo: {ContainerName: web}\nHooks:\n  - AfterInstall: f\n",
		"Resources: [{a: {Type: x}}]", "Resources: [null]", "Hooks: [{}]", "- a", "",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var c adopt.CodeDeploy
		if err := c.ReadAppSpec("appspec.yaml", data); err != nil {
			wrongSpec(t, data, err)
		} else if c.Container == "" {
			t.Fatalf("%q is %+v", data, c)
		}
	})
}

func FuzzDeploymentGroup(f *testing.F) {
	for _, text := range []string{
		`{"deploymentGroupInfo":{"deploymentConfigName":"CodeDeployDefault.ECSCanary10Percent5Minutes","ecsServices":[{"serviceName":"web","clusterName":"shop"}],` +
			`"alarmConfiguration":{"alarms":[{"name":"a"}]},"blueGreenDeploymentConfiguration":{"terminateBlueInstancesOnDeploymentSuccess":{"terminationWaitTimeInMinutes":5}}}}`,
		`{"deploymentGroupInfo":{"ecsServices":[]}}`, `{}`, `[]`, ``,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var c adopt.CodeDeploy
		if err := c.ReadGroup("group.json", data); err != nil {
			wrongSpec(t, data, err)
			return
		}
		d := adopt.Nothing("shop")
		c.Apply(&d)
		_ = d.Spec() // whatever it said, it can be written down
	})
}
