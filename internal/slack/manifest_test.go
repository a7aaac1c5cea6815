package slack_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/slack"
)

func TestManifest(t *testing.T) {
	t.Parallel()
	text, err := slack.Manifest("https://abc.lambda-url.eu-west-1.on.aws/")
	if err != nil {
		t.Fatal(err)
	}
	want := `{
		"display_information": {"name": "Sluice", "description": "Rollouts on Amazon ECS: what they do, and who may go on"},
		"features": {"bot_user": {"display_name": "Sluice", "always_online": true}},
		"oauth_config": {"scopes": {"bot": ["channels:read", "chat:write", "groups:read", "usergroups:read", "users:read", "users:read.email"]}},
		"settings": {
			"interactivity": {"is_enabled": true, "request_url": "https://abc.lambda-url.eu-west-1.on.aws/"},
			"org_deploy_enabled": false, "socket_mode_enabled": false, "token_rotation_enabled": false
		}
	}`
	if diff := cmp.Diff(decode(t, want), decode(t, string(text))); diff != "" {
		t.Errorf("manifest (-want +got):\n%s", diff)
	}
}

func TestManifestRefuses(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"", "abc.lambda-url.eu-west-1.on.aws", "http://abc.lambda-url.eu-west-1.on.aws/", "https://", "https://me:secret@abc.example/", "https://abc.example/#x", "https://abc.example/%zz", "None",
	} {
		text, err := slack.Manifest(url)
		if err == nil || !strings.HasPrefix(err.Error(), "the request URL") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %s (%v), want an error that names the URL and shows no password", url, text, err)
		}
	}
}
