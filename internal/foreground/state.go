package foreground

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sluice-deploy/sluice/internal/durable"
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
	if err := durable.Write(s.file, text); err != nil {
		return fmt.Errorf("keep the state: %w", err)
	}
	return nil
}

// take locks a state's file until what it gives is closed or the process ends, however it
// ends. The lock is on a file beside it, which stays: the state's own is replaced.
func take(file string) (*os.File, error) {
	lock, err := durable.Lock(file + ".lock")
	switch {
	case errors.Is(err, durable.ErrLocked):
		return nil, rollout.Errorf(rollout.KindRefused, "another sluice works with %s: wait until it has ended", file)
	case err != nil:
		return nil, fmt.Errorf("lock the state: %w", err)
	}
	return lock, nil
}

// close lets other processes have the file.
func (s *state) close() { _ = s.lock.Close() } // nothing was written to it
