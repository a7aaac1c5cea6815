package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/harness"
)

const text = `app: shop
containers: {web: 123456789012.dkr.ecr.us-east-1.amazonaws.com/shop}
triggers: [event]
environments:
  - name: production
    cluster: shop-production
    slots: {blue: shop-blue, green: shop-green}
    steps: [{weight: 100, bake: 5m}]
`

func TestRegister(t *testing.T) {
	t.Parallel()
	l := loop.NewVirtual(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	t.Cleanup(l.Close)
	h, err := harness.New(l, harness.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	// As `aws lambda get-function-configuration` gives them.
	settings := map[string]string{
		"SLUICE_TABLE": h.Settings.Table, "SLUICE_MACHINE": h.Settings.Machine, "SLUICE_DEAD_LETTERS": h.Settings.DeadLetters,
		"SLUICE_RECOVER": h.Settings.Recover, "SLUICE_APPROVAL": h.Settings.Approval, "SLUICE_NOTIFY": h.Settings.Notify,
		"SLUICE_DEADMAN_ROLE": h.Settings.DeadmanRole, "SLUICE_ANSWERS": h.Settings.Answers, "SLUICE_NOTICES": h.Settings.Notices,
		"SLUICE_DECISIONS": h.Settings.Decisions, "SLUICE_DEAD_LETTERS_ARN": h.Settings.LettersARN,
	}
	getenv := func(name string) string { return settings[name] }
	file := func(text string) string {
		path := filepath.Join(t.TempDir(), "sluice.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cfg := h.Config("AKIAPERSON")
	if err := register(t.Context(), cfg, getenv, []string{file(text)}); err != nil {
		t.Fatal(err)
	}
	registered, err := h.Steps.Store.App(t.Context(), "shop")
	if err != nil || registered.Spec.Environments[0].Name != "production" {
		t.Errorf("registered is %+v, %v; want the spec", registered, err)
	}
	for name, c := range map[string]struct {
		getenv func(string) string
		files  []string
		says   string
	}{
		"no file":        {getenv, nil, "give one file"},
		"no such file":   {getenv, []string{"/nowhere/sluice.yaml"}, "read the spec"},
		"no spec":        {getenv, []string{file("app: Shop\n")}, "sluice.yaml:1:6"},
		"no settings":    {func(string) string { return "" }, []string{file(text)}, "SLUICE_TABLE"},
		"Slack is asked": {getenv, []string{file(text + "    approval: {slack: \"#deploys\", approvers: [U024BE7LH]}\n")}, "no SlackSecret"},
	} {
		if err := register(t.Context(), cfg, c.getenv, c.files); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want an error that says %q", name, err, c.says)
		}
	}
}
