package localcloud_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/sluice-deploy/sluice/internal/localcloud"
)

// run runs a local cloud with its state in a folder until stop is called.
func run(t *testing.T, path string) (c *localcloud.Cloud, stop func()) {
	t.Helper()
	folder, err := localcloud.OpenFolder(path, false)
	if err != nil {
		t.Fatal(err)
	}
	c, err = localcloud.Start(t.Context(), localcloud.Options{Speed: 100, Folder: folder, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err == nil {
		err = c.Keep(folder, 4600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c, func() { c.Close(); folder.Close() }
}

func TestFolder(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "deep", "cloud")
	first, stop := run(t, path)
	large := strings.Repeat("large ", 1<<20)
	objects := s3.NewFromConfig(first.Config("AKIAPERSON"))
	if _, err := objects.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("things")}); err != nil {
		t.Fatal(err)
	}
	if _, err := objects.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("things"), Key: aws.String("large"), Body: strings.NewReader(large)}); err != nil {
		t.Fatal(err)
	}
	if _, err := localcloud.OpenFolder(path, false); err == nil || !strings.Contains(err.Error(), "another sluice local runs with the state in "+path) {
		t.Errorf("error %v, want the folder to be taken", err)
	}
	stopped := first.Now()
	stop()

	second, stop := run(t, path)
	if second.Now().Before(stopped) {
		t.Errorf("the clock is %s, was %s before it stopped", second.Now(), stopped)
	}
	objects = s3.NewFromConfig(second.Config("AKIAPERSON"))
	out, err := objects.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("things"), Key: aws.String("large")})
	if err != nil || aws.ToInt64(out.ContentLength) != int64(len(large)) {
		t.Errorf("%+v, error %v, want the object", out, err)
	}
	if got, want := second.DecideURL, first.DecideURL; got != want {
		t.Errorf("decisions come in at %s, did at %s", got, want)
	}
	if _, err := objects.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("things"), Key: aws.String("large")}); err != nil {
		t.Fatal(err)
	}
	stop()
	left, err := filepath.Glob(filepath.Join(path, "large", "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("%q are left of what is gone (%v)", left, err)
	}

	folder, err := localcloud.OpenFolder(path, true)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	third, err := localcloud.Start(t.Context(), localcloud.Options{Speed: 100, Folder: folder, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer third.Close()
	if out, err := s3.NewFromConfig(third.Config("AKIAPERSON")).ListBuckets(t.Context(), &s3.ListBucketsInput{}); err != nil || len(out.Buckets) > 0 {
		t.Errorf("a fresh cloud has %+v (%v)", out, err)
	}
	if _, err := os.Stat(filepath.Join(path, "cloud.before")); err != nil {
		t.Errorf("the state of before is gone: %v", err)
	}
}

// What cannot be gone on from is refused with what is to be done, and stays as it is.
func TestFolderRefuses(t *testing.T) {
	t.Parallel()
	good := filepath.Join(t.TempDir(), "cloud")
	c, stop := run(t, good)
	if _, err := ssm.NewFromConfig(c.Config("AKIAPERSON")).PutParameter(t.Context(), &ssm.PutParameterInput{Name: aws.String("/x"), Value: aws.String("y"), Type: "String"}); err != nil {
		t.Fatal(err)
	}
	stop()
	state, err := os.ReadFile(filepath.Join(good, "cloud")) //nolint:gosec // the test's
	if err != nil {
		t.Fatal(err)
	}
	changed := func(old, with string) string { return strings.Replace(string(state), old, with, 1) }
	for name, test := range map[string]struct{ file, text, want string }{
		"another's file":   {"cloud", "hello\n", "is not the state of a local cloud; give another folder with --state, or begin anew with --fresh"},
		"an empty file":    {"cloud", "", "is not the state of a local cloud"},
		"another format":   {"cloud", changed(`"format":1`, `"format":2`), "has format 2, want 1: it was written by sluice"},
		"cut off":          {"cloud", string(state[:len(state)-100]), "is damaged: it has"},
		"a changed byte":   {"cloud", string(state[:len(state)-1]) + "!", "is damaged"},
		"another's folder": {"thesis.doc", "", "is no folder of a local cloud's state: it has thesis.doc; give an empty or a new one"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := t.TempDir()
			file := filepath.Join(path, test.file)
			if err := os.WriteFile(file, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := localcloud.OpenFolder(path, false); err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("error %v, want %q of %s", err, test.want, path)
			}
			if text, err := os.ReadFile(file); err != nil || string(text) != test.text { //nolint:gosec // the test's
				t.Errorf("the file has changed (%v)", err)
			}
		})
	}
}
