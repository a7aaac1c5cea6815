package rollout_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

func TestWaves(t *testing.T) {
	t.Parallel()
	type env = rollout.Environment
	for _, c := range []struct {
		name string
		envs []env
		want [][]string
	}{
		{"none", nil, nil},
		{"none says its wave", []env{{Name: "a"}, {Name: "b"}, {Name: "c"}}, [][]string{{"a"}, {"b"}, {"c"}}},
		{"each says its wave", []env{{Name: "a", Wave: 1}, {Name: "b", Wave: 2}, {Name: "c", Wave: 3}}, [][]string{{"a"}, {"b"}, {"c"}}},
		{"side by side", []env{{Name: "a", Wave: 1}, {Name: "b", Wave: 2}, {Name: "c", Wave: 2}, {Name: "d", Wave: 3}}, [][]string{{"a"}, {"b", "c"}, {"d"}}},
		{"gaps", []env{{Name: "a", Wave: 3}, {Name: "b", Wave: 10}, {Name: "c", Wave: 10}}, [][]string{{"a"}, {"b", "c"}}},
		{"after the one before", []env{{Name: "a", Wave: 2}, {Name: "b"}, {Name: "c", Wave: 3}, {Name: "d"}}, [][]string{{"a"}, {"b", "c"}, {"d"}}},
		{"out of order", []env{{Name: "a", Wave: 2}, {Name: "b", Wave: 1}, {Name: "c", Wave: 2}}, [][]string{{"b"}, {"a", "c"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			spec := rollout.Spec{Environments: c.envs}
			var got [][]string
			for _, wave := range spec.Waves() {
				var names []string
				for _, env := range wave {
					names = append(names, env.Name)
				}
				got = append(got, names)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("waves (-want +got):\n%s", diff)
			}
			for i, names := range c.want {
				for _, name := range names {
					if got := spec.WaveOf(name); got != i+1 {
						t.Errorf("wave of %s is %d, want %d", name, got, i+1)
					}
				}
			}
			if got := spec.WaveOf("nowhere"); got != 0 {
				t.Errorf("wave of an environment that is not there is %d, want 0", got)
			}
		})
	}
}
