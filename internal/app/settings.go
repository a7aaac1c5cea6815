package app

import (
	"fmt"
	"slices"
	"strings"
)

// Settings say where Sluice's own resources are. template.yaml gives them to every
// function as environment variables.
type Settings struct {
	Table       string // SLUICE_TABLE: name of the table
	Machine     string // SLUICE_MACHINE: ARN of the state machine
	DeadLetters string // SLUICE_DEAD_LETTERS: URL of the queue
	LettersARN  string // SLUICE_DEAD_LETTERS_ARN: its ARN
	Recover     string // SLUICE_RECOVER: ARN of the recover function
	Approval    string // SLUICE_APPROVAL: ARN of the approval function
	Notify      string // SLUICE_NOTIFY: ARN of the notify function
	DeadmanRole string // SLUICE_DEADMAN_ROLE: ARN of the role that Scheduler takes
	Answers     string // SLUICE_ANSWERS: schedule group of answers that are tried again
	Notices     string // SLUICE_NOTICES: schedule group of notices that are tried again
	Decisions   string // SLUICE_DECISIONS: name of the bus of what people decide
	SlackSecret string // SLUICE_SLACK_SECRET: ARN of Slack's secret; "" where Slack is not set up
}

// variables are the settings by the names of their variables.
func (s *Settings) variables() map[string]*string {
	return map[string]*string{
		"SLUICE_TABLE": &s.Table, "SLUICE_MACHINE": &s.Machine, "SLUICE_DEAD_LETTERS": &s.DeadLetters,
		"SLUICE_DEAD_LETTERS_ARN": &s.LettersARN,
		"SLUICE_RECOVER":          &s.Recover, "SLUICE_APPROVAL": &s.Approval, "SLUICE_NOTIFY": &s.Notify,
		"SLUICE_DEADMAN_ROLE": &s.DeadmanRole, "SLUICE_ANSWERS": &s.Answers, "SLUICE_NOTICES": &s.Notices,
		"SLUICE_DECISIONS": &s.Decisions, slackSecret: &s.SlackSecret,
	}
}

const slackSecret = "SLUICE_SLACK_SECRET" //nolint:gosec // the name of a variable

// SettingsFrom reads the settings with getenv. It names every variable that is
// missing.
func SettingsFrom(getenv func(string) string) (Settings, error) {
	var s Settings
	var absent []string
	for name, field := range s.variables() {
		if *field = getenv(name); *field == "" && name != slackSecret {
			absent = append(absent, name)
		}
	}
	if len(absent) > 0 {
		slices.Sort(absent)
		return s, fmt.Errorf("environment variables missing: %s", strings.Join(absent, ", "))
	}
	return s, nil
}
