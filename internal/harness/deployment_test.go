package harness_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/model"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// short is the way of a rollout of one step.
var short = way(begin, step, finish)

// near is an environment of the home account and Region with one step.
func near(name string, change ...func(*rollout.Environment)) rollout.Environment {
	env := shop().Environments[0]
	env.Name, env.Cluster = name, name+"-shop"
	env.Slots = rollout.Names{Blue: name + "-blue", Green: name + "-green"}
	env.Alarms = []string{name + "-{slot}-5xx", name + "-{slot}-latency"}
	env.Steps = []rollout.Step{{Weight: 100, Bake: 3 * time.Minute}}
	for _, c := range change {
		c(&env)
	}
	return env
}

// boxed is the environment that every box has.
func boxed(change ...func(*rollout.Environment)) rollout.Environment {
	env := shop().Environments[0]
	for _, c := range change {
		c(&env)
	}
	return env
}

// guarded gives an environment another guard.
func guarded(guard time.Duration) func(*rollout.Environment) {
	return func(env *rollout.Environment) { env.Guard = guard }
}

// newStages is a box whose app goes through these environments, all of the home
// account and Region, production among them.
func newStages(t *testing.T, environments ...rollout.Environment) *box {
	t.Helper()
	b := newBox(t, func(s *rollout.Spec) { s.Environments = environments })
	for _, env := range environments {
		if env.Name != production.Environment {
			b.deployStage(b.account, env, "shop")
		}
	}
	b.RunFor(5 * time.Minute)
	return b
}

// deployStage makes what stands in an environment: its slots are named after it, and
// its cluster is of that suffix.
func (b *box) deployStage(cloud *emulator.Cloud, env rollout.Environment, suffix string) *stage {
	b.t.Helper()
	service, err := b.DeployServiceIn(cloud, map[string]string{
		"App": strings.TrimSuffix(env.Cluster, "-"+suffix), "Environment": suffix, "Image": b.repository() + ":v0",
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return b.addStage(env, cloud, service)
}

// into is the name of the rollout into another environment of the same deployment.
func into(environment, name string) string {
	return strings.Replace(name, "-production-", "-"+environment+"-", 1)
}

// deployment is the record of the deployment that a rollout is of.
func (b *box) deployment(name string) store.Deployment {
	b.t.Helper()
	record := b.record(name)
	d, err := b.Steps.Store.Deployment(b.ctx(), record.Place.App, record.Release)
	if err != nil {
		b.t.Fatal(err)
	}
	return d
}

// ends are how a deployment's rollouts ended, by environment: "" for one that has
// not ended.
type ends map[string]rollout.Outcome

// wantThrough fails the test if the deployment of the rollout did not get through as
// recorded.
func (b *box) wantThrough(name string, want ends) {
	b.t.Helper()
	d := b.deployment(name)
	if d.Stopped != nil {
		b.t.Errorf("the deployment of %s stopped: %+v", name, d.Stopped)
	}
	b.wantEnds(d, want)
	for environment, stage := range d.Environments {
		if stage.Committed == nil {
			b.t.Errorf("the deployment of %s has not committed in %s", name, environment)
		}
	}
}

// wantStopped fails the test if the deployment of the rollout did not stop in that
// environment, saying so.
func (b *box) wantStopped(name, environment, says string, want ends) {
	b.t.Helper()
	d := b.deployment(name)
	if d.Stopped == nil || d.Stopped.Environment != environment || !strings.Contains(d.Stopped.Why, says) || d.Stopped.At.IsZero() {
		b.t.Errorf("the deployment of %s stopped at %+v, want at %s because of %q", name, d.Stopped, environment, says)
	}
	b.wantEnds(d, want)
}

func (b *box) wantEnds(d store.Deployment, want ends) {
	b.t.Helper()
	got := ends{}
	for environment, stage := range d.Environments {
		got[environment] = stage.Outcome
		if stage.Outcome != "" && (stage.EndedAt == nil || stage.Reason != b.record(stage.Rollout).Reason) {
			b.t.Errorf("the deployment says of %s %+v, its rollout %q", environment, stage, b.record(stage.Rollout).Reason)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		b.t.Errorf("ends of release %d (-want +got):\n%s", d.Release, diff)
	}
}

// wantExecutions fails the test if the executions that there ever were are others.
func (b *box) wantExecutions(want ...string) {
	b.t.Helper()
	out, err := b.aws.SFN.ListExecutions(b.ctx(), &sfn.ListExecutionsInput{StateMachineArn: &b.Settings.Machine})
	if err != nil {
		b.t.Fatal(err)
	}
	var got []string
	for _, e := range out.Executions {
		got = append(got, *e.Name)
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		b.t.Errorf("executions (-want +got):\n%s", diff)
	}
}

// wantReason fails the test if a rollout ended otherwise, or does not say why.
func (b *box) wantReason(name string, want rollout.Outcome, says ...string) {
	b.t.Helper()
	b.wantOutcome(name, want)
	for _, part := range says {
		if reason := b.record(name).Reason; !strings.Contains(reason, part) {
			b.t.Errorf("the reason of %s, %q, does not say %q", name, reason, part)
		}
	}
}

// behave has what starts of an image from now on behave otherwise.
func (b *box) behave(name string, behaviour model.Behaviour) {
	b.t.Helper()
	record := b.record(name)
	release, err := b.Steps.Store.Release(b.ctx(), record.Place.App, record.Release)
	if err != nil {
		b.t.Fatal(err)
	}
	b.Do(func() { b.account.World.Image(release.Images["web"], behaviour) })
}

// die kills a function after a call of each of its first n invocations.
func (b *box) die(function string, call, n int) {
	b.Faults.Function = func(name string, invocation int) lambda.FunctionFault {
		if b.folder(name) == function && invocation <= n {
			return lambda.FunctionFault{DieAfterCall: call}
		}
		return lambda.FunctionFault{}
	}
}

// transitions are how many states an execution has entered.
func (b *box) transitions(execution string) int {
	n := 0
	b.Do(func() { n = b.StepFunctions.Transitions(b.arn(execution)) })
	return n
}

// writes are the environments whose rules are written from now on, in order.
func (b *box) writes() *[]string {
	var places []string
	b.observe(func(c *wire.Call, in, _ any, err error) {
		write, ok := in.(*elb.ModifyRuleInput)
		if !ok || err != nil || b.writer(c) == "" {
			return
		}
		for _, s := range b.stages {
			if *write.RuleArn == s.service.Rule {
				places = append(places, s.place.Environment)
			}
		}
	})
	return &places
}
