package localcloud

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// running is what a state file says of a local cloud.
type running struct {
	Endpoint string `json:"endpoint"`
	PID      int    `json:"pid"`
}

// folder is where local clouds leave word of themselves, a file for each.
func folder() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the folder for state files: %w", err)
	}
	return filepath.Join(cache, "sluice"), nil
}

// announce writes the state file of this process's cloud.
func announce(endpoint string) (string, error) {
	dir, err := folder()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the folder for state files: %w", err)
	}
	text, err := json.Marshal(running{Endpoint: endpoint, PID: os.Getpid()})
	if err != nil {
		return "", fmt.Errorf("encode the state file: %w", err)
	}
	_, port, _ := strings.Cut(strings.TrimPrefix(endpoint, "http://"), ":")
	file := filepath.Join(dir, "local-"+strconv.Itoa(os.Getpid())+"-"+port+".json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return "", fmt.Errorf("write the state file: %w", err)
	}
	return file, nil
}

// withdraw removes a state file. One that stays behind is known by its process.
func withdraw(file string) { _ = os.Remove(file) }

// ErrNone says that no local cloud runs.
var ErrNone = errors.New("no local cloud is running; start one with `sluice local` or `sluice demo --keep`, or give --endpoint")

// Find gives the endpoint of the local cloud that runs on this machine. ErrNone if
// none does; an error naming all of them if it would have to choose.
func Find() (string, error) {
	dir, err := folder()
	if err != nil {
		return "", err
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("look for local clouds: %w", err)
	}
	var endpoints []string
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			continue // it has just ended
		}
		var r running
		if json.Unmarshal(text, &r) == nil && r.Endpoint != "" && alive(r.PID) {
			endpoints = append(endpoints, r.Endpoint)
		}
	}
	slices.Sort(endpoints)
	switch len(endpoints) {
	case 0:
		return "", ErrNone
	case 1:
		return endpoints[0], nil
	default:
		return "", fmt.Errorf("%d local clouds are running (%s); choose one with --endpoint", len(endpoints), strings.Join(endpoints, ", "))
	}
}
