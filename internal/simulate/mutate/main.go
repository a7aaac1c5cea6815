// Command mutate plants known mistakes in Sluice, one at a time, and looks whether
// exploration finds a promise that breaks, which one, and how soon. Nothing is written to
// the sources: each mistake is laid over them for its own build. It is run in the
// repository's root, with words of the names of those mistakes that are to be planted, or
// none for all, and fails where one is not found.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// most is how many runs a mistake may take to be found.
const most = "1000"

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, words []string) error {
	folder, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer os.RemoveAll(folder) //nolint:errcheck // it is the system's to tidy up then
	planted, missed := 0, 0
	for _, m := range mutants() {
		if !chosen(m, words) {
			continue
		}
		planted++
		found, err := m.hunt(ctx, folder)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		if found.Promise == "" {
			missed++
			found.Promise = "NOT FOUND"
		}
		fmt.Printf("%-70s  %-60s  run %d\n    %s\n", m.name, found.Promise, found.Run, found.Command)
	}
	fmt.Printf("%d of %d mistakes were found\n", planted-missed, planted)
	if missed > 0 || planted == 0 {
		return errors.New("a mistake was not found")
	}
	return nil
}

// chosen reports whether a mistake's name has all of the words.
func chosen(m mutant, words []string) bool {
	for _, w := range words {
		if !strings.Contains(m.name, w) {
			return false
		}
	}
	return true
}

// found is what hunt says.
type found struct {
	Promise string `json:"promise"`
	Why     string `json:"why"`
	Command string `json:"command"` // that repeats it, with the mistake
	Run     int    `json:"run"`
}

// hunt builds Sluice with the mistake and explores it until a promise breaks.
func (m mutant) hunt(ctx context.Context, folder string) (found, error) {
	var f found
	root, err := os.Getwd()
	if err != nil {
		return f, fmt.Errorf("find the sources: %w", err)
	}
	overlay, err := m.overlay(root, folder)
	if err != nil {
		return f, err
	}
	program := filepath.Join(folder, "hunt")
	build := exec.CommandContext(ctx, "go", "build", "-overlay", overlay, "-o", program, "./internal/simulate/mutate/hunt") //nolint:gosec // folders of this process
	if said, err := build.CombinedOutput(); err != nil {
		return f, fmt.Errorf("build: %w\n%s", err, said)
	}
	said, err := exec.CommandContext(ctx, program, most).Output() //nolint:gosec // what was just built
	if err != nil {
		return f, fmt.Errorf("hunt: %w", err)
	}
	if err := json.Unmarshal(said, &f); err != nil {
		return f, fmt.Errorf("read what the hunt found: %w", err)
	}
	return f, nil
}

// overlay writes what lays the mistake over its file.
func (m mutant) overlay(root, folder string) (string, error) {
	path := filepath.Join(root, m.file)
	text, err := m.planted(root)
	if err != nil {
		return "", err
	}
	changed, overlay := filepath.Join(folder, "changed.go"), filepath.Join(folder, "overlay.json")
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {path: changed}})
	if err != nil {
		return "", fmt.Errorf("encode the overlay: %w", err)
	}
	if err := errors.Join(os.WriteFile(changed, []byte(text), 0o600), os.WriteFile(overlay, replace, 0o600)); err != nil {
		return "", fmt.Errorf("write the overlay: %w", err)
	}
	return overlay, nil
}

// planted is the file's text with the mistake.
func (m mutant) planted(root string) (string, error) {
	text, err := os.ReadFile(filepath.Join(root, m.file)) //nolint:gosec // a file of the repository
	if err != nil {
		return "", fmt.Errorf("read what is to be changed: %w", err)
	}
	if n := strings.Count(string(text), m.old); n != 1 || m.old == m.new {
		return "", fmt.Errorf("%s has what is to be changed %d times, want once: %q", m.file, n, m.old)
	}
	return strings.Replace(string(text), m.old, m.new, 1), nil
}
