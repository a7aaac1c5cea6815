package conformance_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// question is an input about which botocore is asked.
type question struct {
	Service   string         `json:"service"`
	Operation string         `json:"operation"`
	Input     map[string]any `json:"input"`

	sample sample
}

// TestBotocoreJudgesAlike asks botocore's own validation of parameters about the
// inputs of TestValidationIsTheModels, as far as it checks them: what is missing,
// types, and lower bounds of texts, lists and numbers. What it refuses the
// emulator refuses, and what is valid here it takes.
func TestBotocoreJudgesAlike(t *testing.T) {
	t.Parallel()
	requireBotocore(t)
	all := new(models)
	var questions []question
	for _, o := range listed(t) {
		g := generator{all.of(t, o.service)}
		for _, s := range g.samples(o) {
			if botocoreChecks(s) {
				questions = append(questions, question{o.service, o.name, s.value.(map[string]any), s})
			}
		}
	}
	for i, verdict := range verdicts(t, questions) {
		q := questions[i]
		if refused := verdict != ""; refused == (q.sample.kind == valid) {
			t.Errorf("%s %s with %s %s: botocore says %q", q.Service, q.Operation, q.sample.path, q.sample.kind, verdict)
		}
	}
}

// botocoreChecks tells whether botocore looks at what is wrong with a sample.
func botocoreChecks(s sample) bool {
	switch s.kind {
	case valid, missing, noType:
		return true
	case tooSmall:
		return s.shape.Type != "map" && s.shape.Type != "blob"
	case tooLarge, noEnum, noMatch:
	}
	return false
}

// verdicts are botocore's complaints, "" where it has none.
func verdicts(t *testing.T, questions []question) []string {
	t.Helper()
	in, err := json.Marshal(questions)
	if err != nil {
		t.Fatal(err)
	}
	python := exec.CommandContext(t.Context(), "python3", "testdata/parameters.py")
	python.Stdin = bytes.NewReader(in)
	out, err := python.Output()
	if err != nil {
		t.Fatalf("ask botocore: %v", err)
	}
	var answers []string
	if err := json.Unmarshal(out, &answers); err != nil {
		t.Fatal(err)
	}
	if len(answers) != len(questions) {
		t.Fatalf("%d answers to %d questions", len(answers), len(questions))
	}
	return answers
}

// requireBotocore skips the test without the botocore that the models are from.
func requireBotocore(t *testing.T) {
	t.Helper()
	requirements, err := os.ReadFile("../../../scripts/requirements-models.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, version, _ := strings.Cut(strings.TrimSpace(string(requirements)), "==")
	got, err := exec.CommandContext(t.Context(), "python3", "-c", "import botocore; print(botocore.__version__, end='')").Output()
	if err == nil && string(got) == version {
		return
	}
	const how = "needs botocore %s, not %q (%v): pip install -r scripts/requirements-models.txt"
	if os.Getenv("CI") == "true" {
		t.Fatalf(how, version, got, err)
	}
	t.Skipf(how, version, got, err)
}
