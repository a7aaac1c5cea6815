package slack_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/slack"
)

// vault is a cloud with the app's secret.
type vault struct {
	*emulator.Cloud
	t     *testing.T
	aws   awsclient.Clients
	reads int
	*slack.Secret
}

func newVault(t *testing.T, value string) *vault {
	t.Helper()
	l := loop.NewVirtual(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	t.Cleanup(l.Close)
	cloud := emulator.New(l, emulator.Options{})
	v := &vault{Cloud: cloud, t: t, aws: awsclient.New(cloud.Config("AKIAPERSON"))}
	v.Secret = &slack.Secret{SecretsManager: v.aws.SecretsManager, Name: "sluice/slack", Now: cloud.Now}
	v.Observe = func(c *wire.Call, _, _ any, _ error) {
		if c.Operation == "GetSecretValue" {
			v.reads++
		}
	}
	if value != "" {
		if _, err := v.aws.SecretsManager.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: &v.Name, SecretString: &value}); err != nil {
			t.Fatal(err)
		}
	}
	return v
}

// want fails the test if the secret has other values now.
func (v *vault) want(signing, token string) {
	v.t.Helper()
	gotSigning, err := v.SigningSecret(v.t.Context())
	if err != nil {
		v.t.Fatal(err)
	}
	gotToken, err := v.BotToken(v.t.Context())
	if err != nil {
		v.t.Fatal(err)
	}
	if gotSigning != signing || gotToken != token {
		v.t.Errorf("got %q and %q, want %q and %q", gotSigning, gotToken, signing, token)
	}
}

// The secret is read once for five minutes; then a new one is taken.
func TestSecretIsKeptForAWhile(t *testing.T) {
	t.Parallel()
	v := newVault(t, `{"signingSecret": "s1", "botToken": "xoxb-1"}`)
	v.want("s1", "xoxb-1")
	value := `{"signingSecret": "s2", "botToken": "xoxb-2"}`
	if _, err := v.aws.SecretsManager.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &v.Name, SecretString: &value}); err != nil {
		t.Fatal(err)
	}
	v.RunFor(4 * time.Minute)
	v.want("s1", "xoxb-1")
	if v.reads != 1 {
		t.Errorf("it was read %d times, want once", v.reads)
	}
	v.RunFor(time.Minute)
	v.want("s2", "xoxb-2")
	if v.reads != 2 {
		t.Errorf("it was read %d times, want twice", v.reads)
	}
}

func TestSecretErrors(t *testing.T) {
	t.Parallel()
	const hidden = "hidden-value"
	for _, c := range []struct {
		name, value string
		fault       error
		kind        rollout.ErrorKind
		says        string
	}{
		{"none", "", nil, rollout.KindInternal, "sluice/slack"},
		{"not JSON", hidden, nil, rollout.KindInternal, "is not JSON"},
		{"no such fields", `{"x": "` + hidden + `"}`, nil, rollout.KindInternal, "has no"},
		{"denied", `{}`, wire.Errorf("AccessDeniedException", "not authorized"), rollout.KindDenied, "add the permission"},
		{"throttled", `{}`, wire.Errorf("ThrottlingException", "Rate exceeded"), rollout.KindThrottled, "fewer calls"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v := newVault(t, c.value)
			if c.fault != nil {
				v.Faults.Request = func(*wire.Call) *wire.Fault { return &wire.Fault{Err: c.fault} }
			}
			_, signing := v.SigningSecret(t.Context())
			_, token := v.BotToken(t.Context())
			for which, err := range map[string]error{"signingSecret": signing, "botToken": token} {
				if rollout.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), hidden) {
					t.Errorf("%s: %v, want %s that says %q and not the value", which, err, c.kind, c.says)
				}
			}
		})
	}
}

// What cannot be Slack's is told before Slack is asked.
func TestSecretCheck(t *testing.T) {
	t.Parallel()
	const signing, token = "8f742231b10e8888abcd99yyyzzz85a5", "xoxb-1-2-abc" //nolint:gosec // made up
	for _, c := range []struct{ name, value, says string }{
		{"good", `{"signingSecret":"` + signing + `","botToken":"` + token + `"}`, ""},
		{"not there", "", "read secret sluice/slack"},
		{"not JSON", signing, "is not JSON"},
		{"no token", `{"signingSecret":"` + signing + `"}`, `has no "botToken"`},
		{"swapped", `{"signingSecret":"` + token + `","botToken":"` + signing + `"}`, `"signingSecret" cannot be one`},
		{"a user's token", `{"signingSecret":"` + signing + `","botToken":"xoxp-1"}`, `"botToken" is no bot token`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := newVault(t, c.value).Check(t.Context())
			if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
}
