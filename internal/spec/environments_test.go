package spec_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/spec"
)

func TestProblemsOfEnvironments(t *testing.T) {
	t.Parallel()
	testProblems(t, several, []problemTest{
		{"no environment", several, least[:strings.Index(least, "environments")] + "environments: []\n", `sluice.yaml:5:15: environments: found an empty list, want a list of 1 to 20 environments`},
		{"name twice", "name: ireland", "name: virginia", `sluice.yaml:10:30: notify[2].environments[1]: found "ireland", want the name of an environment: "staging", "virginia", "virginia", "sydney"` + "\n" +
			`sluice.yaml:42:11: environments[2].name: found "virginia" again, want every environment's name once`},
		{"name of another's way back", "name: sydney", "name: staging-rollback", `sluice.yaml:55:11: environments[3].name: found "staging-rollback" beside "staging", want another name: rollouts back in one would be named as rollouts in the other`},
		{"services shared", "    region: ap-southeast-2\n", "", `sluice.yaml:57:12: environments[3].slots: found the service "shop-blue", which "staging" has in the same region, account and cluster, want services that no other environment has`},
		{"one service shared", "    region: ap-southeast-2\n    cluster: main\n    slots: {blue: shop-blue, green: shop-green}", "    cluster: main\n    slots: {blue: shop-sydney, green: shop-blue}", `sluice.yaml:57:12: environments[3].slots: found the service "shop-blue", which "staging" has in the same region, account and cluster, want services that no other environment has`},
		{"shared through another role", "    region: ap-southeast-2\n", "    region: eu-west-1\n    role: arn:aws:iam::210987654321:role/other\n", `sluice.yaml:59:12: environments[3].slots: found the service "shop-blue", which "ireland" has in the same region, account and cluster, want services that no other environment has`},
		{"wave zero", "wave: 5", "wave: 0", `sluice.yaml:18:11: environments[1].wave: found 0, want a whole number from 1 to 1000`},
		{"wave negative", "wave: 5", "wave: -1", `sluice.yaml:18:11: environments[1].wave: found -1, want a whole number from 1 to 1000`},
		{"wave too high", "wave: 5", "wave: 1001", `sluice.yaml:18:11: environments[1].wave: found 1001, want a whole number from 1 to 1000`},
		{"wave is a word", "wave: 5", "wave: first", `sluice.yaml:18:11: environments[1].wave: found "first", want a whole number from 1 to 1000`},
		{"wave falls", "    region: ap-southeast-2\n", "    region: ap-southeast-2\n    wave: 4\n", `sluice.yaml:57:11: environments[3].wave: found 4, want at least 5, the wave of "ireland" before it: waves never fall in the order of the file`},
		{"region", "region: us-east-1", "region: Virginia", `sluice.yaml:19:13: environments[1].region: found "Virginia", want the name of a Region such as eu-west-1`},
		{"role is a name", "role: arn:aws:iam::210987654321:role/sluice/deploy", "role: deploy", `sluice.yaml:20:11: environments[1].role: found "deploy", want the ARN of an IAM role`},
		{"role is a user", ":role/sluice/deploy", ":user/deploy", `sluice.yaml:20:11: environments[1].role: found "arn:aws:iam::210987654321:user/deploy", want the ARN of an IAM role`},
		{"cluster elsewhere", "arn:aws:ecs:eu-west-1:210987654321:cluster/main", "arn:aws:ecs:us-east-1:123456789012:cluster/main", `sluice.yaml:46:14: environments[2].cluster: found "arn:aws:ecs:us-east-1:123456789012:cluster/main", want an ARN in the environment's region eu-west-1` + "\n" +
			`sluice.yaml:46:14: environments[2].cluster: found "arn:aws:ecs:us-east-1:123456789012:cluster/main", want an ARN in the account of the environment's role, 210987654321`},
		{"rule in another region", "elasticloadbalancing:eu-west-1:210987654321:listener-rule/app/web", "elasticloadbalancing:us-east-1:210987654321:listener-rule/app/web", `sluice.yaml:51:19: environments[2].listenerRule: found "arn:aws:elasticloadbalancing:us-east-1:210987654321:listener-rule/app/web/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee", want an ARN in the environment's region eu-west-1`},
		{"target group in another account", "eu-west-1:210987654321:targetgroup/green", "eu-west-1:123456789012:targetgroup/green", `sluice.yaml:54:14: environments[2].targetGroups.green: found "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/green/73e2d6bc24d8a068", want an ARN in the account of the environment's role, 210987654321`},
		{"analysis", "    cluster: main", "    analysis: {}\n    cluster: main", `sluice.yaml:13:5: environments[0].analysis: found the field analysis, want no such field yet: it comes with a later version`},
		{"freezes", "keep: 400d", "freezes: []", "sluice.yaml:4:1: freezes: found the field freezes, want no such field here: a freeze is put with `sluice freeze`"},
	})
}

// A name in one place and an ARN in the other, in a Region or an account that the
// file does not name in both, may be two clusters.
func TestServicesOfTheSameNameElsewhere(t *testing.T) {
	t.Parallel()
	const env = "  - name: other\n    %s\n    slots: {blue: shop-blue, green: shop-green}\n    steps: [{weight: 100, bake: 5m}]\n"
	for _, where := range []string{
		"{cluster: other}", "{region: eu-west-1, cluster: production}", "{role: 'arn:aws:iam::210987654321:role/x', cluster: production}",
	} {
		fields := strings.Trim(strings.ReplaceAll(where, ", ", "\n    "), "{}")
		if _, err := spec.Parse("s", []byte(least+fmt.Sprintf(env, fields))); err != nil {
			t.Errorf("with %s: %v", where, err)
		}
	}
}

func TestTooManyEnvironments(t *testing.T) {
	t.Parallel()
	var environments strings.Builder
	for i := range 20 {
		fmt.Fprintf(&environments, "  - name: e%d\n    cluster: e%d\n    slots: {blue: b, green: g}\n    steps: [{weight: 100, bake: 5m}]\n", i, i)
	}
	right := least[:strings.Index(least, "  - name")] + environments.String()
	s, err := spec.Parse("s", []byte(right))
	if err != nil {
		t.Fatalf("20 environments: %v", err)
	}
	for i, env := range s.Environments {
		if env.Wave != i+1 {
			t.Errorf("wave of environment %d is %d, want %d", i, env.Wave, i+1)
		}
	}
	_, err = spec.Parse("s", []byte(right+"  - name: e20\n"))
	const want = "s:86:5: environments[20]: found 21 environments, want at most 20"
	if err == nil || err.Error() != want {
		t.Errorf("error = %v\nwant    %s", err, want)
	}
}

func TestKeep(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"1d": "24h0m0s", "3650d": "87600h0m0s", "1d12h": "36h0m0s", "36h": "36h0m0s", "2d30m15s": "48h30m15s",
	} {
		s, err := spec.Parse("s", []byte("keep: "+text+"\n"+least))
		if err != nil {
			t.Errorf("keep %s: %v", text, err)
			continue
		}
		if got := s.Keep.String(); got != want {
			t.Errorf("keep %s is %s, want %s", text, got, want)
		}
	}
	for _, text := range []string{"0d", "23h", "3651d", "3650d1s", "400", "-1d", "1.5d", "1y", "99999d", "400 d", `""`, "{}", "forever", ""} {
		_, err := spec.Parse("s", []byte("keep: "+text+"\n"+least))
		var problems *spec.Error
		if !errors.As(err, &problems) || len(problems.Problems) != 1 {
			t.Errorf("keep %s: error = %v, want one problem", text, err)
			continue
		}
		got := problems.Problems[0]
		want := spec.Problem{File: "s", Line: 1, Column: 7, Field: "keep", Found: got.Found, Want: "a duration from 1d to 3650d such as 90d or 400d"}
		if text == "" {
			want.Column = 1
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("keep %s (-want +got):\n%s", text, diff)
		}
	}
}

// Days are a unit of keep alone; elsewhere the hours are what was meant.
func TestDaysElsewhere(t *testing.T) {
	t.Parallel()
	testProblems(t, least, []problemTest{
		{"guard in days", "    cluster", "    guard: 2d\n    cluster", `sluice.yaml:7:12: environments[0].guard: found "2d", want a duration above zero such as 90s, 10m, 1h or 2h30m; did you mean "48h"?`},
		{"bake in days", "bake: 5m", "bake: 1d1h", `sluice.yaml:9:33: environments[0].steps[0].bake: found "1d1h", want a duration above zero such as 90s, 10m, 1h or 2h30m; did you mean "25h"?`},
	})
}
