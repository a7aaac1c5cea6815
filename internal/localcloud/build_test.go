package localcloud_test

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/sluice-deploy/sluice/internal/localcloud"
)

// Where functions cannot be built, people read what to do.
func TestBuildFunctionsSaysWhatIsMissing(t *testing.T) {
	tests := map[string]struct {
		prepare func(t *testing.T)
		want    string
	}{
		"ErrNoGo":     {func(t *testing.T) { t.Helper(); t.Setenv("PATH", t.TempDir()) }, "there is no go in PATH: install Go (https://go.dev/dl); --lambda=goroutine needs"},
		"ErrNoSource": {func(t *testing.T) { t.Helper(); t.Chdir(t.TempDir()) }, "which is not here: run it in a checkout of Sluice; --lambda=goroutine needs"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.prepare(t)
			err := localcloud.BuildFunctions(t.Context(), t.TempDir())
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error = %v, want %q", err, test.want)
			}
		})
	}
}

// A build that is interrupted leaves no temporary file.
func TestBuildFunctionsInterrupted(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs bash")
	}
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	folder, ended := t.TempDir(), make(chan error, 1)
	go func() { ended <- localcloud.BuildFunctions(ctx, folder) }()
	left := func(pattern string) []string {
		files, err := filepath.Glob(filepath.Join(temporary, pattern))
		if err != nil {
			t.Error(err)
		}
		return files
	}
	for building := false; !building; {
		select {
		case err := <-ended:
			t.Fatalf("it ended before it was interrupted: %v", err)
		default:
			building = len(left("*/go-build*")) > 0
		}
	}
	interrupt()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want context.Canceled", err)
	}
	if got := left("*"); len(got) > 0 {
		t.Errorf("it left %q", got)
	}
}

// Functions that are processes have no clock but the machine's.
func TestProcessesNeedTheMachinesClock(t *testing.T) {
	t.Parallel()
	_, err := localcloud.Start(t.Context(), localcloud.Options{Speed: 10, Packages: t.TempDir()})
	if want := "cannot run in a cloud whose clock runs 10 times as fast"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error = %v, want %q", err, want)
	}
}
