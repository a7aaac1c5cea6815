package localcloud

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"

	"github.com/sluice-deploy/sluice/internal/durable"
	"github.com/sluice-deploy/sluice/internal/harness"
)

// Folder is where the state of a local cloud is kept between its starts. One process has
// it at a time.
//
// The file cloud has a line of JSON, which says what the file is, and after it the state.
// What is large lies beside it in the folder large, under the hash of its bytes; these
// files never change and are written before the state that needs them.
type Folder struct {
	path string
	lock *os.File
	head head // of the state that is there; the zero value is none
	body []byte

	hashes map[*byte]large // of large bytes by their beginning; they do not change
}

type large struct {
	bytes []byte
	name  string
}

// head is the first line of the file.
type head struct {
	Is      string    `json:"is"`
	Format  int       `json:"format"`
	Version string    `json:"version"` // of sluice
	Saved   time.Time `json:"saved"`   // on this machine's clock
	Clock   time.Time `json:"clock"`   // the cloud's then
	Port    int       `json:"port"`
	Bytes   int       `json:"bytes"`
	SHA256  string    `json:"sha256"`
}

const (
	stateIs     = "the state of a local cloud of sluice"
	stateFormat = 1

	stateFile, largeFolder, lockFile, beforeFile = "cloud", "large", "lock", "cloud.before"
)

// OpenFolder takes a folder for this process, and makes it if there is none. With fresh,
// a state that is there is moved to the file cloud.before and not gone on from.
func OpenFolder(path string, fresh bool) (*Folder, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the state: %w", err)
	}
	if err := ours(path); err != nil {
		return nil, err
	}
	lock, err := durable.Lock(filepath.Join(path, lockFile))
	switch {
	case errors.Is(err, durable.ErrLocked):
		return nil, fmt.Errorf("another sluice local runs with the state in %s; end it, or give another folder with --state", path)
	case err != nil:
		return nil, fmt.Errorf("take the folder of the state: %w", err)
	}
	f := &Folder{path: path, lock: lock, hashes: map[*byte]large{}}
	if fresh {
		err = os.Rename(f.file(stateFile), f.file(beforeFile))
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	} else {
		err = f.read()
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// ours refuses a folder in which others keep something.
func ours(path string) error {
	entries, err := os.ReadDir(path)
	if err != nil {
		return fmt.Errorf("read the folder of the state: %w", err)
	}
	for _, e := range entries {
		switch e.Name() {
		case stateFile, largeFolder, lockFile, beforeFile, stateFile + ".next":
		default:
			return fmt.Errorf("%s is no folder of a local cloud's state: it has %s; give an empty or a new one with --state", path, e.Name())
		}
	}
	return nil
}

// Close lets other processes have the folder.
func (f *Folder) Close() { _ = f.lock.Close() } // nothing was written to it

func (f *Folder) file(name string) string { return filepath.Join(f.path, name) }

// Kept reports whether there is a state, and when it was saved.
func (f *Folder) Kept() (saved time.Time, ok bool) { return f.head.Saved, f.body != nil }

// Port is the port that the cloud was last on, 0 if there is none.
func (f *Folder) Port() int { return f.head.Port }

// read reads the state and makes sure of it.
func (f *Folder) read() error {
	file := f.file(stateFile)
	text, err := os.ReadFile(file) //nolint:gosec // the person's folder
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the state: %w", err)
	}
	line, body, _ := bytes.Cut(text, []byte("\n"))
	var h head
	sum := sha256.Sum256(body)
	switch err := json.Unmarshal(line, &h); {
	case err != nil || h.Is != stateIs:
		return fmt.Errorf("%s is not the state of a local cloud; give another folder with --state, or begin anew with --fresh", file)
	case h.Format != stateFormat:
		return fmt.Errorf("%s has format %d, want %d: it was written by sluice %s; use that version, or begin anew with --fresh", file, h.Format, stateFormat, h.Version)
	case len(body) != h.Bytes || hex.EncodeToString(sum[:]) != h.SHA256:
		return fmt.Errorf("%s is damaged: it has %d bytes of state of %d, or other ones; restore the folder from a copy, or begin anew with --fresh", file, len(body), h.Bytes)
	}
	f.head, f.body = h, body
	return nil
}

// kept is what the box goes on from at a time, nil if nothing was kept. As much time has
// passed in the cloud as has here. Processes go by the clock of here, so that a cloud that
// is ahead of it cannot have its functions in them.
func (f *Folder) kept(now time.Time, processes bool) (*harness.Kept, error) {
	if f.body == nil {
		return nil, nil //nolint:nilnil // nothing was kept
	}
	clock := f.head.Clock.Add(max(now.Sub(f.head.Saved), 0))
	if ahead := clock.Sub(now); processes && ahead > time.Minute {
		return nil, fmt.Errorf("the cloud in %s has run at another --speed, and its clock is %s ahead of this machine's, by which processes go; leave --lambda=process off, or begin anew with --fresh", f.path, ahead.Round(time.Second))
	}
	return &harness.Kept{State: f.body, Beside: f.readLarge, Now: clock}, nil
}

func (f *Folder) readLarge(name string) ([]byte, error) {
	if !fs.ValidPath(name) {
		return nil, fmt.Errorf("%q is no name of a file", name)
	}
	data, err := os.ReadFile(f.file(filepath.Join(largeFolder, name)))
	if err != nil {
		return nil, fmt.Errorf("read what belongs to the state: %w", err)
	}
	if nameOf(data) != name {
		return nil, fmt.Errorf("%s is damaged", f.file(filepath.Join(largeFolder, name)))
	}
	return data, nil
}

// refused says what is wrong with a state that could be read and cannot be gone on from.
func (f *Folder) refused(err error) error {
	if f.head.Version != version() {
		return fmt.Errorf("%s was written by sluice %s, and this one cannot go on from it; use that version, or begin anew with --fresh: %w", f.file(stateFile), f.head.Version, err)
	}
	return fmt.Errorf("%s cannot be gone on from; restore the folder from a copy, or begin anew with --fresh: %w", f.file(stateFile), err)
}

func nameOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// snapshot is a state that is about to be saved.
type snapshot struct {
	state []byte
	clock time.Time
	large map[string][]byte
}

// take takes a snapshot of a box. It waits for the box's loop.
func (f *Folder) take(box *harness.Harness) (*snapshot, error) {
	s := &snapshot{large: map[string][]byte{}}
	hashes := map[*byte]large{}
	var err error
	s.state, s.clock, err = box.State(func(data []byte) (string, error) {
		known, ok := f.hashes[&data[0]]
		if !ok || len(known.bytes) != len(data) {
			known = large{data, nameOf(data)}
		}
		hashes[&data[0]], s.large[known.name] = known, data
		return known.name, nil
	})
	f.hashes = hashes
	return s, err
}

// save writes a snapshot, unless it is what is there, or is to be there all the same.
func (f *Folder) save(s *snapshot, now time.Time, port int, always bool) error {
	h := head{
		Is: stateIs, Format: stateFormat, Version: version(), Saved: now, Clock: s.clock, Port: port, Bytes: len(s.state), SHA256: nameOf(s.state),
	}
	if h.SHA256 == f.head.SHA256 && h.Port == f.head.Port && !always {
		return nil
	}
	if err := f.saveLarge(s.large); err != nil {
		return err
	}
	line, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("encode the head of the state: %w", err)
	}
	if err := durable.Write(f.file(stateFile), line, []byte("\n"), s.state); err != nil {
		return err
	}
	f.head = h
	return f.sweep(s.large)
}

// saveLarge writes what is large and not there yet.
func (f *Folder) saveLarge(all map[string][]byte) error {
	if len(all) == 0 {
		return nil
	}
	if err := os.MkdirAll(f.file(largeFolder), 0o700); err != nil {
		return fmt.Errorf("make the folder of what is large: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		file := f.file(filepath.Join(largeFolder, name))
		if _, err := os.Stat(file); err == nil {
			continue
		}
		if err := durable.Write(file, all[name]); err != nil {
			return err
		}
	}
	return nil
}

// sweep takes away what is large and no more needed, but for what a state that was left
// for a fresh one may need.
func (f *Folder) sweep(needed map[string][]byte) error {
	if _, err := os.Stat(f.file(beforeFile)); err == nil {
		return nil
	}
	entries, err := os.ReadDir(f.file(largeFolder))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read the folder of what is large: %w", err)
	}
	for _, e := range entries {
		if needed[e.Name()] == nil {
			_ = os.Remove(f.file(filepath.Join(largeFolder, e.Name()))) // the next sweep finds it again
		}
	}
	return nil
}

// version is that of this program, as Go has stamped it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(unknown)"
	}
	text, revision := info.Main.Version, ""
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			revision = " " + s.Value[:min(len(s.Value), 12)]
		}
	}
	return text + revision
}
