package foreground

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/attribute"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// format is of the state's file; another one is refused.
const format = 1

// state is what is kept in the file.
type state struct {
	Format int              `json:"format"`
	App    string           `json:"app"`
	Starts int              `json:"starts"` // of processes with it
	Items  []attribute.Item `json:"-"`      // of the table

	file string
	lock *os.File
}

// written is the state as the file has it.
type written struct {
	state

	Items []map[string]value `json:"items"`
}

// open takes the file for this process and reads it; one that is not there is the state
// before anything was deployed.
func open(file, app string) (*state, error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the state: %w", err)
	}
	lock, err := take(file)
	if err != nil {
		return nil, err
	}
	s := &state{Format: format, App: app, file: file, lock: lock}
	if err := s.read(); err != nil {
		s.close()
		return nil, err
	}
	s.Starts++
	return s, nil
}

func (s *state) read() error {
	text, err := os.ReadFile(s.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the state: %w", err)
	}
	var w written
	if err := json.Unmarshal(text, &w); err != nil {
		return fmt.Errorf("%s is not a state of sluice: %w; give another --state, or move it away", s.file, err)
	}
	switch {
	case w.Format != format:
		return rollout.Errorf(rollout.KindRefused, "%s: format is %d, want %d: it was written by another version of sluice; use that one", s.file, w.Format, format)
	case s.App != "" && w.App != s.App:
		return rollout.Errorf(rollout.KindRefused, "%s: app is %q, want %q; give another --state", s.file, w.App, s.App)
	}
	s.App, s.Starts = w.App, w.Starts
	for _, item := range w.Items {
		s.Items = append(s.Items, itemOf(item))
	}
	return nil
}

// save writes the state with these items in place of what the file had. When it returns,
// the disk has it.
func (s *state) save(items []attribute.Item) error {
	w := written{state: *s}
	for _, item := range items {
		w.Items = append(w.Items, valuesOf(item))
	}
	text, err := json.MarshalIndent(w, "", " ")
	if err != nil {
		return fmt.Errorf("encode the state: %w", err)
	}
	next := s.file + ".next"
	if err := writeThrough(next, text); err != nil {
		return err
	}
	if err := os.Rename(next, s.file); err != nil {
		return fmt.Errorf("keep the state: %w", err)
	}
	return sync(filepath.Dir(s.file))
}

func writeThrough(file string, text []byte) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600) //nolint:gosec // the person's file
	if err != nil {
		return fmt.Errorf("keep the state: %w", err)
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("keep the state: %w", err)
	}
	return nil
}

// close lets other processes have the file.
func (s *state) close() { _ = s.lock.Close() } // nothing was written to it
