package localcloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
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

// withdraw removes a state file. One that stays behind is removed by Find.
func withdraw(file string) { _ = os.Remove(file) }

// answers reports whether something listens at an endpoint.
func answers(ctx context.Context, endpoint string) bool {
	dialer := net.Dialer{Timeout: time.Second}
	connection, err := dialer.DialContext(ctx, "tcp", strings.TrimPrefix(endpoint, "http://"))
	if err != nil {
		return false
	}
	_ = connection.Close() // nothing was sent
	return true
}

// ErrNone says that no local cloud runs.
var ErrNone = errors.New("no local cloud is running; start one with `sluice local` or `sluice demo --keep`, or give --endpoint")

// Find gives the endpoint of the local cloud that runs on this machine. ErrNone if
// none does; an error naming all of them if it would have to choose.
func Find(ctx context.Context) (string, error) {
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
		file := filepath.Join(dir, entry.Name())
		text, err := os.ReadFile(file) //nolint:gosec // the folder is this program's
		if err != nil {
			continue // it has just ended
		}
		var r running
		if json.Unmarshal(text, &r) != nil || !alive(r.PID) || !answers(ctx, r.Endpoint) {
			withdraw(file) // its process was killed
			continue
		}
		endpoints = append(endpoints, r.Endpoint)
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
