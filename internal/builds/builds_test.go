package builds_test

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codebuild/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/builds"
	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

const (
	id  = "shop-build:00000001-0000-4000-8000-000000000000"
	arn = "arn:aws:codebuild:us-east-1:123456789012:build/" + id
)

// world is a cloud with a bucket for artifacts.
type world struct {
	t      *testing.T
	cloud  *emulator.Cloud
	reader builds.Reader
}

func newWorld(t *testing.T) world {
	t.Helper()
	l := loop.NewVirtual(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	t.Cleanup(l.Close)
	cloud := emulator.New(l, emulator.Options{})
	c := awsclient.New(cloud.Config("AKIAPERSON"))
	if _, err := c.S3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("artifacts")}); err != nil {
		t.Fatal(err)
	}
	return world{t, cloud, builds.Reader{CodeBuild: c.CodeBuild, S3: c.S3}}
}

// record makes a build known, which has succeeded unless change says otherwise.
func (w world) record(change func(*types.Build)) {
	w.t.Helper()
	build := types.Build{
		Id: aws.String(id), Arn: aws.String(arn), ProjectName: aws.String("shop-build"),
		BuildStatus: types.StatusTypeSucceeded,
	}
	change(&build)
	w.cloud.Do(func() {
		if err := w.cloud.CodeBuild.RecordBuild(build); err != nil {
			w.t.Error(err)
		}
	})
}

// put leaves an object in the bucket.
func (w world) put(key string, body []byte) {
	w.t.Helper()
	_, err := w.reader.S3.PutObject(w.t.Context(), &s3.PutObjectInput{
		Bucket: aws.String("artifacts"), Key: &key, Body: bytes.NewReader(body),
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.record(func(b *types.Build) {
		b.ResolvedSourceVersion = aws.String("3f2c1e0d")
		b.Logs = &types.LogsLocation{DeepLink: aws.String("https://console.example/log")}
		b.ExportedEnvironmentVariables = []types.ExportedEnvironmentVariable{{Name: aws.String("IMAGE"), Value: aws.String("a")}}
		b.Artifacts = &types.BuildArtifacts{Location: aws.String("arn:aws:s3:::artifacts/shop/out.zip")}
	})
	want := builds.Build{
		ID: arn, Project: "shop-build", Commit: "3f2c1e0d", Link: "https://console.example/log",
		Variables: map[string]string{"IMAGE": "a"}, Artifact: "artifacts/shop/out.zip",
	}
	for _, name := range []string{id, arn} {
		got, err := w.reader.Read(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("build %s (-want +got):\n%s", name, diff)
		}
	}
}

func TestReadABareBuild(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.record(func(b *types.Build) { b.Artifacts = &types.BuildArtifacts{} })
	got, err := w.reader.Read(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	want := builds.Build{ID: arn, Project: "shop-build", Variables: map[string]string{}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("build (-want +got):\n%s", diff)
	}
	if text, err := w.reader.Definitions(t.Context(), got); text != nil || err != nil {
		t.Errorf("a build without an artifact has definitions %q (%v)", text, err)
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := w.reader.Read(t.Context(), id); rollout.KindOf(err) != rollout.KindEventInvalid || !strings.Contains(err.Error(), id) {
		t.Errorf("a build that is not there: %v, want an EventInvalid error that names it", err)
	}
	for _, status := range []types.StatusType{types.StatusTypeFailed, types.StatusTypeInProgress, types.StatusTypeStopped} {
		w.record(func(b *types.Build) { b.BuildStatus = status })
		_, err := w.reader.Read(t.Context(), id)
		if rollout.KindOf(err) != rollout.KindEventInvalid || !strings.Contains(err.Error(), string(status)) {
			t.Errorf("a build that is %s: %v, want an EventInvalid error that says so", status, err)
		}
	}
	w.cloud.Faults.Request = func(*wire.Call) *wire.Fault { return &wire.Fault{LoseRequest: true} }
	if _, err := w.reader.Read(t.Context(), id); rollout.KindOf(err) != rollout.KindUnavailable {
		t.Errorf("CodeBuild does not answer: %v, want an Unavailable error", err)
	}
}

const definitions = `[{"name":"web","imageUri":"a"}]`

// zipped is an archive with the files, name and content in turn.
func zipped(t *testing.T, files ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for i := 0; i < len(files); i += 2 {
		file, err := archive.Create(files[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(file, files[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestDefinitions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		key  string // of the object
		body func(t *testing.T) []byte
	}{
		{"the file itself", "shop/out", func(*testing.T) []byte { return []byte(definitions) }},
		{"a folder with it", "shop/out/imagedefinitions.json", func(*testing.T) []byte { return []byte(definitions) }},
		{"zipped", "shop/out", func(t *testing.T) []byte {
			t.Helper()
			return zipped(t, "readme.txt", "hello", "imagedefinitions.json", definitions)
		}},
		{"zipped, in a folder of the archive", "shop/out", func(t *testing.T) []byte {
			t.Helper()
			return zipped(t, "dist/imagedefinitions.json", definitions)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.put(c.key, c.body(t))
			got, err := w.reader.Definitions(t.Context(), builds.Build{Artifact: "artifacts/shop/out"})
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != definitions {
				t.Errorf("definitions are %q, want %q", got, definitions)
			}
		})
	}
}

// tooLarge is one byte more than is looked into.
const tooLarge = 32<<20 + 1

func TestDefinitionsRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		artifact string
		body     func(t *testing.T) []byte
		part     string
	}{
		{"no bucket", "elsewhere/shop/out", nil, "bucket elsewhere does not exist"},
		{"garbage that calls itself a zip", "artifacts/shop/out", func(*testing.T) []byte { return []byte("PK\x03\x04 and nothing more") }, "not a zip file"},
		{"a zip without it", "artifacts/shop/out", func(t *testing.T) []byte { t.Helper(); return zipped(t, "readme.txt", "hello") }, "has no imagedefinitions.json"},
		{"too large", "artifacts/shop/out", func(*testing.T) []byte { return make([]byte, tooLarge) }, "larger than"},
		{
			"small, but with too large a file", "artifacts/shop/out",
			func(t *testing.T) []byte {
				t.Helper()
				return zipped(t, "imagedefinitions.json", strings.Repeat(" ", tooLarge))
			},
			"larger than",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if c.body != nil {
				w.put("shop/out", c.body(t))
			}
			_, err := w.reader.Definitions(t.Context(), builds.Build{Artifact: c.artifact})
			if rollout.KindOf(err) != rollout.KindEventInvalid || !strings.Contains(err.Error(), c.part) {
				t.Errorf("%v, want an EventInvalid error that says %q", err, c.part)
			}
		})
	}
}

// A zip that is damaged inside is refused as well.
func TestDefinitionsOfADamagedZip(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := zipped(t, "imagedefinitions.json", definitions)
	at := bytes.Index(body, []byte("imagedefinitions.json")) + len("imagedefinitions.json")
	for i := range 8 {
		body[at+i] ^= 0xff
	}
	w.put("shop/out", body)
	_, err := w.reader.Definitions(t.Context(), builds.Build{Artifact: "artifacts/shop/out"})
	if rollout.KindOf(err) != rollout.KindEventInvalid {
		t.Errorf("%v, want an EventInvalid error", err)
	}
}

func TestDefinitionsMissing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, artifact := range []string{"artifacts/shop/out", "artifacts", "artifacts/", ""} {
		text, err := w.reader.Definitions(t.Context(), builds.Build{Artifact: artifact})
		if text != nil || err != nil {
			t.Errorf("artifact %q: definitions are %q (%v), want none", artifact, text, err)
		}
	}
}

func TestDefinitionsUnavailable(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault wire.Fault
		want  rollout.ErrorKind
	}{
		"the connection breaks": {wire.Fault{LoseAnswer: true}, rollout.KindUnavailable},
		"not allowed":           {wire.Fault{Err: wire.Errorf("AccessDenied", "Access Denied")}, rollout.KindDenied},
		"too many requests":     {wire.Fault{Err: wire.Errorf("SlowDown", "Please reduce your request rate.")}, rollout.KindThrottled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.put("shop/out", []byte(definitions))
			w.cloud.Faults.Request = func(*wire.Call) *wire.Fault { return &c.fault }
			_, err := w.reader.Definitions(t.Context(), builds.Build{Artifact: "artifacts/shop/out"})
			if got := rollout.KindOf(err); got != c.want {
				t.Errorf("%v is %s, want %s", err, got, c.want)
			}
			if want := "artifacts/shop/out"; err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v does not name %s", err, want)
			}
		})
	}
}

func TestFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put("shop/Images/a", zipped(t, "README", "read me", "deploy/web.json", "[]", "imagedefinitions.json", "[]"))
	w.put("shop/Images/b", []byte("hello"))
	for _, name := range []string{"deploy/web.json", "web.json", "imagedefinitions.json"} {
		text, err := w.reader.File(t.Context(), "artifacts", "shop/Images/a", name)
		if err != nil || len(text) == 0 {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	for _, c := range []struct {
		name, bucket, key, file string
		fault                   error
		kind                    rollout.ErrorKind
		says                    string
	}{
		{"another file", "artifacts", "shop/Images/a", "cart.json", nil, rollout.KindEventInvalid, "artifacts/shop/Images/a has no cart.json"},
		{"no zip", "artifacts", "shop/Images/b", "web.json", nil, rollout.KindEventInvalid, "is not a zip file"},
		{"no object", "artifacts", "shop/Images/c", "web.json", nil, rollout.KindEventInvalid, "is not there any more"},
		{"no bucket", "elsewhere", "shop/Images/a", "web.json", nil, rollout.KindEventInvalid, "elsewhere does not exist"},
		{"denied", "artifacts", "shop/Images/a", "web.json", wire.Errorf("AccessDenied", "no"), rollout.KindDenied, "the pipeline's role may not read artifact artifacts/shop/Images/a"},
		{"expired", "artifacts", "shop/Images/a", "web.json", wire.Errorf("ExpiredToken", "old"), rollout.KindEventInvalid, "have expired; retry the stage"},
		{"no answer", "artifacts", "shop/Images/a", "web.json", wire.Errorf("InternalError", "sorry"), rollout.KindUnavailable, "read artifact"},
	} {
		w.cloud.Faults.Request = func(*wire.Call) *wire.Fault {
			if c.fault == nil {
				return nil
			}
			return &wire.Fault{Err: c.fault}
		}
		_, err := w.reader.File(t.Context(), c.bucket, c.key, c.file)
		if rollout.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %s that says %q", c.name, err, c.kind, c.says)
		}
	}
}
