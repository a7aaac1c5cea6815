package localcloud

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// module is Sluice's, whose source the functions are built from.
const module = "github.com/sluice-deploy/sluice"

// BuildFunctions builds the deployment packages of all functions for this machine into
// a folder, with the script that builds those for AWS. It needs Go, and Sluice's source
// where it is called; without them the error says what to do. When the context ends,
// the build does, and leaves nothing but the folder.
func BuildFunctions(ctx context.Context, folder string) error {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return fmt.Errorf("find %s: %w", folder, err)
	}
	source, err := source(ctx)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "sluice-build-")
	if err != nil {
		return fmt.Errorf("make a folder to build in: %w", err)
	}
	defer os.RemoveAll(work)                                                     //nolint:errcheck // a temporary folder
	build := exec.CommandContext(ctx, filepath.Join(source, "scripts", "build")) //nolint:gosec // the module's own script
	build.Env = append(os.Environ(), "ARCH="+runtime.GOARCH, "DIST="+folder, "TMPDIR="+work)
	interruptible(build)
	if out, err := build.CombinedOutput(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("build the functions: %w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

// StartBuilt is Start with all functions built for it, as BuildFunctions does: each
// invocation runs one as a process. The options' Packages is not looked at.
func StartBuilt(ctx context.Context, o Options) (*Cloud, error) {
	folder, err := os.MkdirTemp("", "sluice-packages-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for packages: %w", err)
	}
	defer os.RemoveAll(folder) //nolint:errcheck // a temporary folder, which is read by the time the cloud runs
	if err := BuildFunctions(ctx, folder); err != nil {
		return nil, err
	}
	o.Packages = folder
	return Start(ctx, o)
}

// source is the folder of Sluice's source.
func source(ctx context.Context) (string, error) {
	const instead = "--lambda=goroutine needs neither Go nor the source"
	list := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", module)
	out, err := list.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return "", errors.New("functions that are processes are built from source, and there is no go in PATH: install Go (https://go.dev/dl); " + instead)
	}
	folder := strings.TrimSpace(string(out))
	if err == nil {
		_, err = os.Stat(filepath.Join(folder, "scripts", "build"))
	}
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err == nil:
		return folder, nil
	case errors.Is(err, fs.ErrNotExist) || errors.As(err, new(*exec.ExitError)):
		return "", errors.New("functions that are processes are built from source, which is not here: run it in a checkout of Sluice; " + instead)
	}
	return "", fmt.Errorf("find Sluice's source: %w", err)
}
