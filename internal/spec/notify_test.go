package spec_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sluice-deploy/sluice/internal/spec"
)

const wantSlack = `a Slack channel's name in quotes such as "#deploys" (at most 80 letters that are not upper-case, digits, hyphens and underscores), or its ID`

func TestProblemsOfNotify(t *testing.T) {
	t.Parallel()
	const (
		first  = "  - slack: \"#deploys\"\n"
		sns    = "arn:aws:sns:us-east-1:123456789012:deploys"
		url    = `"https://hooks.example.com/sluice?team=shop"`
		on     = "on: [committed, rolledBack]"
		names  = "environments: [virginia, ireland]"
		noURL  = `, want an https URL such as https://hooks.example.com/sluice`
		secret = `want the name or ARN of a secret: 1 to 512 letters, digits and /_+=.@-`
	)
	testProblems(t, several, []problemTest{
		{"not a list", "  - slack: \"#deploys\"\n  - sns: " + sns + "\n    " + on + "\n  - webhook: {url: " + url + ", secret: sluice/webhook}\n    " + names + "\n", "  slack: C024BE91L\n", `sluice.yaml:6:3: notify: found a mapping, want a list of channels: slack, sns, webhook or teams`},
		{"a name alone", first, first + "  - \"#deploys\"\n", `sluice.yaml:7:5: notify[1]: found "#deploys", want a mapping with slack, sns, webhook, teams, on, environments`},
		{"no channel", first, first + "  - environments: [virginia]\n", `sluice.yaml:7:5: notify[1]: found no channel, want one of slack, sns, webhook, teams`},
		{"two channels in one", first, first + "  - {slack: C024BE91L, sns: \"arn:aws:sns:us-east-1:123456789012:other\"}\n", `sluice.yaml:7:5: notify[1]: found slack and sns, want one channel in each entry of the list`},
		{"unknown kind", first, first + "  - {email: a@example.com}\n", `sluice.yaml:7:5: notify[1]: found no channel, want one of slack, sns, webhook, teams` + "\n" +
			`sluice.yaml:7:6: notify[1].email: found an unknown field "email", want one of slack, sns, webhook, teams, on, environments`},
		{"channel without its sign", `"#deploys"`, "deploys", `sluice.yaml:6:12: notify[0].slack: found "deploys", want ` + wantSlack + `; did you mean "#deploys"?`},
		{"channel with a blank", `"#deploys"`, `"#our deploys"`, `sluice.yaml:6:12: notify[0].slack: found "#our deploys", want ` + wantSlack},
		{"channel of punctuation", `"#deploys"`, `"#-_-"`, `sluice.yaml:6:12: notify[0].slack: found "#-_-", want ` + wantSlack},
		{"a direct message", `"#deploys"`, `D024BE91L`, `sluice.yaml:6:12: notify[0].slack: found "D024BE91L", want ` + wantSlack},
		{"channel too long", `"#deploys"`, `"#` + strings.Repeat("ä", 81) + `"`, `sluice.yaml:6:12: notify[0].slack: found "#` + strings.Repeat("ä", 81) + `", want ` + wantSlack},
		{"moments for slack", first, first[:len(first)-1] + "\n    on: [asked]\n", `sluice.yaml:7:9: notify[0].on: found moments for a Slack channel, want none: its message follows the whole rollout`},
		{"topic by name", sns, "deploys", `sluice.yaml:7:10: notify[1].sns: found "deploys", want the ARN of an SNS topic`},
		{"FIFO topic", sns, sns + ".fifo", `sluice.yaml:7:10: notify[1].sns: found "` + sns + `.fifo", want the ARN of an SNS topic that is not a FIFO topic`},
		{"unknown moment", on, "on: [began]", `sluice.yaml:8:10: notify[1].on[0]: found "began", want asked or answered or queued or held or broken or begun or shifted or judged or paused or resumed or committed or rolledBack or ended or repaired; did you mean "begun"?`},
		{"moment twice", on, "on: [asked, asked]", `sluice.yaml:8:17: notify[1].on[1]: found "asked" again, want every name once`},
		{"no moment", on, "on: []", `sluice.yaml:8:9: notify[1].on: found an empty list, want a list of moments such as [committed, rolledBack]`},
		{"one moment", on, "on: asked", `sluice.yaml:8:9: notify[1].on: found "asked", want a list of moments such as [committed, rolledBack]`},
		{"webhook is a URL", "{url: " + url + ", secret: sluice/webhook}", url, `sluice.yaml:9:14: notify[2].webhook: found "https://hooks.example.com/sluice?team=shop", want a mapping with url, secret`},
		{"webhook not https", url, `"http://hooks.example.com/"`, `sluice.yaml:9:20: notify[2].webhook.url: found "http://hooks.example.com/"` + noURL},
		{"webhook without scheme", url, `hooks.example.com`, `sluice.yaml:9:20: notify[2].webhook.url: found "hooks.example.com"` + noURL},
		{"webhook without host", url, `"https://:8443/x"`, `sluice.yaml:9:20: notify[2].webhook.url: found "https://:8443/x"` + noURL},
		{"webhook with a password", url, `"https://anna:geheim@example.com/"`, `sluice.yaml:9:20: notify[2].webhook.url: found a URL with a user's name or password, want one without: the secret signs what is sent`},
		{"webhook not a URL", url, `"https://anna:geheim@exa mple.com/"`, `sluice.yaml:9:20: notify[2].webhook.url: found what is not a URL` + noURL},
		{"webhook without secret", ", secret: sluice/webhook", "", `sluice.yaml:9:14: notify[2].webhook.secret: found nothing, ` + secret},
		{"webhook's secret", "secret: sluice/webhook", `secret: "geheim!"`, `sluice.yaml:9:74: notify[2].webhook.secret: found "geheim!", ` + secret},
		{"teams is a URL", `{secret: "arn:aws:secretsmanager:us-east-1:123456789012:secret:teams-a1b2c3"}`, `"https://example.com"`, `sluice.yaml:40:16: environments[1].notify[0].teams: found "https://example.com", want a mapping with secret`},
		{"teams' secret", `"arn:aws:secretsmanager:us-east-1:123456789012:secret:teams-a1b2c3"`, `"arn:aws:ssm:us-east-1:123456789012:parameter/teams"`, `sluice.yaml:40:25: environments[1].notify[0].teams.secret: found "arn:aws:ssm:us-east-1:123456789012:parameter/teams", ` + secret},
		{"unknown environment", names, "environments: [virginia, irland]", `sluice.yaml:10:30: notify[2].environments[1]: found "irland", want the name of an environment: "staging", "virginia", "ireland", "sydney"; did you mean "ireland"?`},
		{"environment twice", names, "environments: [virginia, virginia]", `sluice.yaml:10:30: notify[2].environments[1]: found "virginia" again, want every name once`},
		{"for no environment", names, "environments: []", `sluice.yaml:10:19: notify[2].environments: found an empty list, want a list of environments' names`},
		{"environment is a word", names, "environments: virginia", `sluice.yaml:10:19: notify[2].environments: found "virginia", want a list of environments' names`},
		{"environments within one", "        on: [asked]", "        environments: [staging]", `sluice.yaml:41:9: environments[1].notify[0].environments: found an unknown field "environments", want one of slack, sns, webhook, teams, on`},
		{"twice at the top", first, first + first, `sluice.yaml:7:5: notify[1]: found slack #deploys again, want every channel once for environment "staging"`},
		{"again for one environment", first, first + "  - {slack: \"#deploys\", environments: [ireland]}\n", `sluice.yaml:7:5: notify[1]: found slack #deploys again, want every channel once for environment "ireland"`},
		{"again in an environment", "      - teams: ", "      - {sns: \"" + sns + "\"}\n      - teams: ", `sluice.yaml:40:9: environments[1].notify[0]: found sns ` + sns + ` again, want every channel once for environment "virginia"`},
	})
}

// A name that was refused is not missed by a channel for it.
func TestNotifyOfAnEnvironmentWithoutName(t *testing.T) {
	t.Parallel()
	testProblems(t, several, []problemTest{
		{"name", "name: ireland", "name: Ireland", `sluice.yaml:42:11: environments[2].name: found "Ireland", want 1 to 24 lower-case letters, digits and hyphens, a letter first and no hyphen last`},
	})
}

func TestSlackChannels(t *testing.T) {
	t.Parallel()
	for _, channel := range []string{
		"#a", "#1", "#-a-", "#team_shop-2", "#" + strings.Repeat("a", 80), "#déploiements", "#リリース", "#выпуски", "C024BE91L", "G012AC86C",
	} {
		if _, err := spec.Parse("s", []byte(least+"notify: [{slack: \""+channel+"\"}]\n")); err != nil {
			t.Errorf("channel %s: %v", channel, err)
		}
	}
}

func TestTooManyChannels(t *testing.T) {
	t.Parallel()
	channels := func(n int) string {
		var list strings.Builder
		for i := range n {
			fmt.Fprintf(&list, "  - slack: \"#c%d\"\n", i)
		}
		return list.String()
	}
	const own = "    notify: [{teams: {secret: x}}]\n"
	if _, err := spec.Parse("s", []byte(least+own+"notify:\n"+channels(19))); err != nil {
		t.Errorf("20 channels: %v", err)
	}
	for want, source := range map[string]string{
		`s:31:5: notify[20]: found more than 20 channels for environment "production", want at most 20`:                 least + "notify:\n" + channels(22),
		`s:10:14: environments[0].notify[0]: found more than 20 channels for environment "production", want at most 20`: least + own + "notify:\n" + channels(20),
	} {
		if _, err := spec.Parse("s", []byte(source)); err == nil || err.Error() != want {
			t.Errorf("error = %v\nwant    %s", err, want)
		}
	}
}
