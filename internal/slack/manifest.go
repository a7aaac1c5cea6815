package slack

import (
	"encoding/json"
	"fmt"
	"net/url"
)

// manifest is the part of Slack's schema that we use (Slack: App manifest
// reference).
type manifest struct {
	Display struct {
		Name        string `json:"name"`
		Description string `json:"description"`
	} `json:"display_information"`
	Features struct {
		Bot struct {
			Name   string `json:"display_name"`
			Always bool   `json:"always_online"`
		} `json:"bot_user"`
	} `json:"features"`
	OAuth struct {
		Scopes struct {
			Bot []string `json:"bot"`
		} `json:"scopes"`
	} `json:"oauth_config"`
	Settings struct {
		Interactivity struct {
			Enabled    bool   `json:"is_enabled"`
			RequestURL string `json:"request_url"`
		} `json:"interactivity"`
		OrgDeploy     bool `json:"org_deploy_enabled"`
		SocketMode    bool `json:"socket_mode_enabled"`
		TokenRotation bool `json:"token_rotation_enabled"`
	} `json:"settings"`
}

// Manifest is what api.slack.com/apps makes the app of: its name, the scopes that
// Client needs and no others, and where presses of buttons go. The URL has to be
// an https one.
func Manifest(requestURL string) ([]byte, error) {
	u, err := url.Parse(requestURL)
	if err != nil {
		return nil, fmt.Errorf("the request URL: %w", err)
	}
	if u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "" {
		return nil, fmt.Errorf("the request URL is %q, want https://HOST/PATH", u.Redacted())
	}
	var m manifest
	m.Display.Name = "Sluice"
	m.Display.Description = "Rollouts on Amazon ECS: what they do, and who may go on"
	m.Features.Bot.Name = "Sluice"
	m.Features.Bot.Always = true
	m.OAuth.Scopes.Bot = []string{"channels:read", "chat:write", "groups:read", "usergroups:read", "users:read", "users:read.email"}
	m.Settings.Interactivity.Enabled = true
	m.Settings.Interactivity.RequestURL = requestURL
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode the manifest: %w", err)
	}
	return append(text, '\n'), nil
}
