package pattern_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/sluice-deploy/sluice/internal/emulator/eventbridge/pattern"
)

// recording is one decision of AWS's TestEventPattern.
type recording struct {
	Name         string          `json:"name"`
	Pattern      json.RawMessage `json:"pattern"`
	PatternRaw   *string         `json:"pattern_raw"`
	Event        json.RawMessage `json:"event"`
	Match        any             `json:"match"`
	ErrorMessage string          `json:"error_message"`
}

func recordings(t *testing.T) []recording {
	t.Helper()
	folder := os.Getenv("SLUICE_RECORDED")
	if folder == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("SLUICE_RECORDED does not name the folder of recordings")
		}
		t.Skip("set SLUICE_RECORDED to the folder of recordings made on AWS")
	}
	file, err := os.Open(filepath.Join(folder, "event-patterns-recorded.jsonl")) //nolint:gosec // the tester names the folder
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	var all []recording
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r recording
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("no recordings")
	}
	return all
}

func TestDecidesAsRecordedOnAWS(t *testing.T) {
	t.Parallel()
	for _, r := range recordings(t) {
		t.Run(r.Name, func(t *testing.T) {
			t.Parallel()
			source := []byte(r.Pattern)
			if r.PatternRaw != nil {
				source = []byte(*r.PatternRaw)
			}
			p, err := pattern.Compile(source)
			if r.Match == "invalid" {
				var invalid *pattern.InvalidError
				if !errors.As(err, &invalid) {
					t.Fatalf("Compile = %v, want an InvalidError", err)
				}
				if r.ErrorMessage != "" && err.Error() != r.ErrorMessage {
					t.Errorf("message = %q, want %q", err, r.ErrorMessage)
				}
				return
			}
			if err != nil {
				t.Fatalf("Compile: %v", err)
			}
			got, err := p.Match(r.Event)
			if err != nil {
				t.Fatalf("Match: %v", err)
			}
			if got != r.Match {
				t.Errorf("Match = %v, want %v", got, r.Match)
			}
		})
	}
}
