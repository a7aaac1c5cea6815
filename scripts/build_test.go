package scripts_test

import (
	"archive/zip"
	"bytes"
	"debug/elf"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// A function that is built twice, in two places and at two times, is the same to
// the byte, and is what Lambda runs.
func TestBuildIsReproducible(t *testing.T) {
	t.Parallel()
	elsewhere := filepath.Join(t.TempDir(), "another", "place")
	copyCheckout(t, elsewhere)
	here := built(t, "..")
	there := built(t, elsewhere, "GOFLAGS=-ldflags=-X=main.version=9", "GOARM64=v8.1")
	if !bytes.Equal(here, there) {
		t.Errorf("two builds of one function differ: %d and %d bytes", len(here), len(there))
	}
	if machine := bootstrap(t, here); machine != elf.EM_AARCH64 {
		t.Errorf("the function is built for %v, want %v", machine, elf.EM_AARCH64)
	}
}

// What cannot be built is said in a sentence.
func TestBuildRefuses(t *testing.T) {
	t.Parallel()
	build := filepath.Join("..", "scripts", "build")
	for name, c := range map[string]struct {
		function, env, want string
	}{
		"an unknown processor": {"bake", "ARCH=mips", "build: ARCH is \"mips\"; Lambda has arm64 and amd64 (which it calls x86_64)\n"},
		"an unknown function":  {"cook", "ARCH=arm64", "build: there is no function \"cook\"; the folders of functions/ are named as they are\n"},
		"no go command":        {"bake", "PATH=" + only(t, "bash", "dirname"), "build: the go command is not here; https://go.dev/doc/install says how to install it\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			command := exec.CommandContext(t.Context(), build, c.function) //nolint:gosec // our own script
			command.Env = append(os.Environ(), "DIST="+t.TempDir(), c.env)
			if out, err := command.CombinedOutput(); err == nil || string(out) != c.want {
				t.Errorf("build %s with %s: %v, says %q, want an error and %q", c.function, c.env, err, out, c.want)
			}
		})
	}
}

// copyCheckout copies what of the checkout a build reads.
func copyCheckout(t *testing.T, to string) {
	t.Helper()
	for _, folder := range []string{"functions", "internal", "scripts"} {
		if err := os.CopyFS(filepath.Join(to, folder), os.DirFS(filepath.Join("..", folder))); err != nil {
			t.Fatalf("copy %s: %v", folder, err)
		}
	}
	for _, file := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join("..", file)) //nolint:gosec // files of ours
		if err == nil {
			err = os.WriteFile(filepath.Join(to, file), text, 0o600)
		}
		if err != nil {
			t.Fatalf("copy %s: %v", file, err)
		}
	}
}

func buildCommand(t *testing.T, root, dist string, env ...string) *exec.Cmd {
	t.Helper()
	build := exec.CommandContext(t.Context(), filepath.Join(root, "scripts", "build"), "bake") //nolint:gosec // our own script
	build.Env = append(os.Environ(), append([]string{"DIST=" + dist}, env...)...)
	return build
}

// built is the zip of a function, built in the checkout at root.
func built(t *testing.T, root string, env ...string) []byte {
	t.Helper()
	dist := t.TempDir()
	if out, err := buildCommand(t, root, dist, env...).CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	packed, err := os.ReadFile(filepath.Join(dist, "bake.zip")) //nolint:gosec // a file that was just built
	if err != nil {
		t.Fatalf("read the zip: %v", err)
	}
	return packed
}

// bootstrap is the machine that a zip's one file runs on. It has to be executable
// for everyone.
func bootstrap(t *testing.T, packed []byte) elf.Machine {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		t.Fatalf("open the zip: %v", err)
	}
	if len(z.File) != 1 || z.File[0].Name != "bootstrap" || z.File[0].Mode() != 0o755 {
		t.Fatalf("the zip has %d files, the first %s with mode %v; want bootstrap alone, -rwxr-xr-x", len(z.File), z.File[0].Name, z.File[0].Mode())
	}
	if at := z.File[0].Modified; !at.Equal(time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("bootstrap is of %v, want a fixed time", at)
	}
	r, err := z.File[0].Open()
	if err != nil {
		t.Fatalf("open bootstrap: %v", err)
	}
	executable, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("read bootstrap: %v", err)
	}
	f, err := elf.NewFile(bytes.NewReader(executable))
	if err != nil {
		t.Fatalf("bootstrap is no executable: %v", err)
	}
	return f.Machine
}
