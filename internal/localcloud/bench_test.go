package localcloud_test

import (
	"archive/zip"
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/live/sandbox"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/localcloud"
)

// BenchmarkStart measures from the start of a function's process to its first request
// for an invocation, of one that does nothing and of one of Sluice's.
func BenchmarkStart(b *testing.B) {
	folder := b.TempDir()
	if err := localcloud.BuildFunctions(b.Context(), folder); err != nil {
		b.Fatal(err)
	}
	shift, err := os.ReadFile(filepath.Join(folder, "shift.zip")) //nolint:gosec // the benchmark's folder
	if err != nil {
		b.Fatal(err)
	}
	cloud, err := localcloud.Start(b.Context(), localcloud.Options{Speed: 1, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(cloud.Close)
	var config lambda.FunctionConfig
	cloud.Do(func() { config, _ = cloud.Lambda.Config("sluice-shift") })
	for _, function := range []struct {
		name string
		pack []byte
	}{{"minimal", minimal(b)}, {"shift", shift}} {
		b.Run(function.name, func(b *testing.B) { benchmarkStart(b, function.pack, config) })
	}
}

func benchmarkStart(b *testing.B, pack []byte, config lambda.FunctionConfig) {
	b.Helper()
	host, err := sandbox.New(loop.NewLive(1), new(sandbox.Logs))
	if err != nil {
		b.Fatal(err)
	}
	defer host.Close()
	host.Serve(sandbox.World{
		Handler: http.NotFoundHandler(), Knows: func(string) bool { return false },
		Config: func(string) aws.Config {
			return aws.Config{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("ASIA", "secret", "token")}
		},
	})
	code, err := host.Package(pack)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		h, err := code.Start(b.Context(), lambda.Environment{Function: "f", Version: "$LATEST", Config: config, Print: func(string) {}})
		if err != nil {
			b.Fatal(err)
		}
		if err := h.(io.Closer).Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// minimal is the package of a function that does nothing, built as scripts/build does.
func minimal(b *testing.B) []byte {
	b.Helper()
	program := filepath.Join(b.TempDir(), "bootstrap")
	build := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-tags", "lambda.norpc", "-ldflags=-s -w", "-o", program, "./testdata/minimal") //nolint:gosec // the benchmark's folder
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	text, err := os.ReadFile(program) //nolint:gosec // the benchmark's folder
	if err != nil {
		b.Fatal(err)
	}
	var pack bytes.Buffer
	z := zip.NewWriter(&pack)
	header := &zip.FileHeader{Name: "bootstrap"}
	header.SetMode(0o755)
	f, err := z.CreateHeader(header)
	if err == nil {
		_, err = f.Write(text)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		b.Fatal(err)
	}
	return pack.Bytes()
}
