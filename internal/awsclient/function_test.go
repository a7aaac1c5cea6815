package awsclient_test

import (
	"strings"
	"testing"

	"github.com/sluice-deploy/sluice/internal/awsclient"
)

func TestOfFunction(t *testing.T) {
	t.Parallel()
	set := map[string]string{
		"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "ASIA", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token",
	}
	cfg, err := awsclient.OfFunction(func(name string) string { return set[name] })
	if err != nil {
		t.Fatal(err)
	}
	got, err := cfg.Credentials.Retrieve(t.Context())
	if err != nil || got.AccessKeyID != "ASIA" || got.SecretAccessKey != "secret" || got.SessionToken != "token" || cfg.Region != "eu-west-1" || cfg.BaseEndpoint != nil {
		t.Errorf("the configuration is %+v with %+v, %v; want what Lambda sets", cfg, got, err)
	}
	set["AWS_ENDPOINT_URL"] = "http://127.0.0.1:4600"
	if cfg, err = awsclient.OfFunction(func(name string) string { return set[name] }); err != nil || *cfg.BaseEndpoint != set["AWS_ENDPOINT_URL"] {
		t.Errorf("the endpoint is %v, %v; want the one that is set", cfg.BaseEndpoint, err)
	}
	for _, name := range []string{"AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		_, err := awsclient.OfFunction(func(asked string) string {
			if asked == name {
				return ""
			}
			return set[asked]
		})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v, want an error that names it", name, err)
		}
	}
}
