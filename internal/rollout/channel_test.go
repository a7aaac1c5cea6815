package rollout_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

func TestChannels(t *testing.T) {
	t.Parallel()
	ended := []rollout.Moment{rollout.MomentEnded}
	asks := func(channel string) *rollout.Approval { return &rollout.Approval{Slack: channel} }
	for _, c := range []struct {
		name   string
		notify []rollout.Channel
		env    rollout.Environment
		want   []rollout.Channel
	}{
		{"none", nil, rollout.Environment{Steps: []rollout.Step{{Weight: 100}}}, nil},
		{
			"all kinds",
			[]rollout.Channel{{Slack: "#deploys"}, {SNS: "arn:aws:sns:us-east-1:123456789012:deploys", On: ended}},
			rollout.Environment{Notify: []rollout.Channel{{Webhook: "https://example.com/", Secret: "hook"}, {Teams: "teams"}}},
			[]rollout.Channel{
				{Slack: "#deploys"},
				{SNS: "arn:aws:sns:us-east-1:123456789012:deploys", On: ended},
				{Webhook: "https://example.com/", Secret: "hook"},
				{Teams: "teams"},
			},
		},
		{
			"where approvals ask", nil,
			rollout.Environment{Approval: asks("#approvals"), Steps: []rollout.Step{{Weight: 10}, {Weight: 50, Approval: asks("#half")}, {Weight: 100, Approval: asks("")}}},
			[]rollout.Channel{{Slack: "#approvals"}, {Slack: "#half"}},
		},
		{
			"each once",
			[]rollout.Channel{{Slack: "#deploys"}, {Teams: "one", On: ended}},
			rollout.Environment{
				Notify: []rollout.Channel{{Teams: "one"}, {Slack: "#production"}}, Approval: asks("#production"),
				Steps: []rollout.Step{{Weight: 100, Approval: asks("#deploys")}},
			},
			[]rollout.Channel{{Slack: "#deploys"}, {Teams: "one", On: ended}, {Slack: "#production"}},
		},
		{
			"the same word in two kinds",
			[]rollout.Channel{{Slack: "C024BE91L"}},
			rollout.Environment{Notify: []rollout.Channel{{Teams: "C024BE91L"}}},
			[]rollout.Channel{{Slack: "C024BE91L"}, {Teams: "C024BE91L"}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, rollout.Spec{Notify: c.notify}.Channels(c.env)); diff != "" {
				t.Errorf("channels (-want +got):\n%s", diff)
			}
		})
	}
}

// A spec's list has room behind it when it was appended to.
func TestChannelsLeavesTheSpecAlone(t *testing.T) {
	t.Parallel()
	all := []rollout.Channel{{Slack: "#all"}, {Slack: "#other"}}
	spec := rollout.Spec{Notify: all[:1]}
	spec.Channels(rollout.Environment{Approval: &rollout.Approval{Slack: "#approvals"}})
	if got := all[1].Slack; got != "#other" {
		t.Errorf("what stands behind the spec's channels is %s, want #other", got)
	}
}

func TestHears(t *testing.T) {
	t.Parallel()
	for _, m := range rollout.Moments() {
		if !(rollout.Channel{}).Hears(m) {
			t.Errorf("a channel without moments does not hear of %s", m)
		}
		some := rollout.Channel{On: []rollout.Moment{rollout.MomentAsked, rollout.MomentEnded}}
		if got, want := some.Hears(m), m == rollout.MomentAsked || m == rollout.MomentEnded; got != want {
			t.Errorf("a channel for asked and ended hears of %s: %t, want %t", m, got, want)
		}
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]rollout.Channel{
		"slack #deploys":              {Slack: "#deploys"},
		"sns arn:aws:sns:r:1:deploys": {SNS: "arn:aws:sns:r:1:deploys"},
		"webhook https://example.com": {Webhook: "https://example.com", Secret: "s"},
		"teams hook":                  {Teams: "hook"},
		"":                            {},
	} {
		if got := c.Address(); got != want {
			t.Errorf("address of %+v is %q, want %q", c, got, want)
		}
	}
}

func TestNeedsSlack(t *testing.T) {
	t.Parallel()
	const role = "arn:aws:iam::123456789012:role/release"
	by := func(approvers ...string) *rollout.Approval { return &rollout.Approval{Approvers: approvers} }
	env := func(e rollout.Environment) rollout.Spec { return rollout.Spec{Environments: []rollout.Environment{e}} }
	for name, c := range map[string]struct {
		spec rollout.Spec
		want bool
	}{
		"nothing":              {env(rollout.Environment{}), false},
		"IAM approvers":        {env(rollout.Environment{Approval: by(role)}), false},
		"a Slack approver":     {env(rollout.Environment{Approval: by(role, "U0000000ADA")}), true},
		"asked in a channel":   {env(rollout.Environment{Approval: &rollout.Approval{Slack: "#deploys", Approvers: []string{role}}}), true},
		"before a step":        {env(rollout.Environment{Steps: []rollout.Step{{Weight: 100, Approval: by("S00DEPLOYERS")}}}), true},
		"a webhook":            {rollout.Spec{Notify: []rollout.Channel{{Webhook: "https://x.example"}}}, false},
		"a channel":            {rollout.Spec{Notify: []rollout.Channel{{Slack: "#deploys"}}}, true},
		"a pipeline by IAM":    {rollout.Spec{Pipelines: []rollout.Pipeline{{Name: "p", Approval: *by(role)}}}, false},
		"a pipeline by Slack":  {rollout.Spec{Pipelines: []rollout.Pipeline{{Name: "p", Approval: *by("U1")}}}, true},
		"an environment tells": {env(rollout.Environment{Notify: []rollout.Channel{{Slack: "C012345"}}}), true},
	} {
		if got := c.spec.NeedsSlack(); got != c.want {
			t.Errorf("%s: got %t, want %t", name, got, c.want)
		}
	}
}
