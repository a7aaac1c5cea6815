package rollout_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

func TestAlarmNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		alarms []string
		want   []string
	}{
		{"none", nil, nil},
		{"one of each slot", []string{"shop-{slot}-5xx"}, []string{"shop-blue-5xx", "shop-green-5xx"}},
		{"one of no slot", []string{"shop-latency"}, []string{"shop-latency"}},
		{"every name once", []string{"a-{slot}", "a-blue", "b", "b"}, []string{"a-blue", "a-green", "b"}},
		{"the slot twice", []string{"{slot}-{slot}"}, []string{"blue-blue", "green-green"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, rollout.Environment{Alarms: c.alarms}.AlarmNames()); diff != "" {
				t.Errorf("names (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSpeaks(t *testing.T) {
	t.Parallel()
	env := rollout.Environment{Alarms: []string{"shop-{slot}-5xx", "shop-latency"}}
	for _, c := range []struct {
		alarm string
		slot  rollout.Slot
		want  bool
	}{
		{"shop-green-5xx", rollout.Green, true},
		{"shop-blue-5xx", rollout.Green, false},
		{"shop-latency", rollout.Green, true},
		{"shop-latency", rollout.Blue, true},
		{"shop-{slot}-5xx", rollout.Blue, false},
		{"cart-green-5xx", rollout.Green, false},
	} {
		if got := env.Speaks(c.alarm, c.slot); got != c.want {
			t.Errorf("%s speaks of %s: %t, want %t", c.alarm, c.slot, got, c.want)
		}
	}
}

func TestTriggerKeys(t *testing.T) {
	t.Parallel()
	builds := rollout.Triggers{CodeBuild: []string{"shop-build", "shop-hotfix"}, Event: true}
	if diff := cmp.Diff([]string{"codebuild#shop-build", "codebuild#shop-hotfix"}, builds.Keys()); diff != "" {
		t.Errorf("keys of builds (-want +got):\n%s", diff)
	}
	pushes := rollout.Triggers{ECR: []rollout.ECRTrigger{{Repository: "shop", Tag: "v*"}, {Repository: "team/cart"}}}
	if diff := cmp.Diff([]string{"ecr#shop", "ecr#team/cart"}, pushes.Keys()); diff != "" {
		t.Errorf("keys of pushes (-want +got):\n%s", diff)
	}
	if keys := (rollout.Triggers{Event: true}).Keys(); len(keys) != 0 {
		t.Errorf("our own event is told apart by its app, but there are the keys %q", keys)
	}
}

func TestSpecEnvironment(t *testing.T) {
	t.Parallel()
	spec := rollout.Spec{Environments: []rollout.Environment{{Name: "staging"}, {Name: "production"}}}
	if env, ok := spec.Environment("production"); !ok || env.Name != "production" {
		t.Errorf("production is %+v (%t)", env, ok)
	}
	if env, ok := spec.Environment("prod"); ok {
		t.Errorf("an environment that is not there is %+v", env)
	}
}

func TestNamesOf(t *testing.T) {
	t.Parallel()
	n := rollout.Names{Blue: "b", Green: "g"}
	if n.Of(rollout.Blue) != "b" || n.Of(rollout.Green) != "g" {
		t.Errorf("names of blue and green are %q and %q", n.Of(rollout.Blue), n.Of(rollout.Green))
	}
}
