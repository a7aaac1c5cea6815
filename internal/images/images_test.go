package images_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/images"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

const (
	registry = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
	digest   = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
)

func TestParse(t *testing.T) {
	t.Parallel()
	shop := images.Ref{Account: "123456789012", Region: "us-east-1", Registry: registry, Repository: "shop"}
	tagged, pinned, both := shop, shop, shop
	tagged.Tag = "v1.2_3-rc"
	pinned.Digest = digest
	both.Tag, both.Digest = "v1", digest
	nested, dashed, china := shop, shop, shop
	nested.Repository = "team/a.b/shop_web"
	dashed.Repository, dashed.Tag = "my--shop__web", "v1"
	china.Registry, china.Region = "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1"
	for image, want := range map[string]images.Ref{
		registry + "/shop":              shop,
		registry + "/shop:v1.2_3-rc":    tagged,
		registry + "/shop@" + digest:    pinned,
		registry + "/shop:v1@" + digest: both,
		registry + "/team/a.b/shop_web": nested,
		registry + "/my--shop__web:v1":  dashed,
		china.Registry + "/" + "shop":   china,
	} {
		got, err := images.Parse(image)
		if err != nil {
			t.Errorf("%s: %v", image, err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", image, diff)
		}
		if got.Tag == "" || got.Digest == "" { // a digest says more than a tag
			if got.String() != image {
				t.Errorf("%s is written %s", image, got)
			}
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, image := range []string{
		"", "shop", "shop:v1", "docker.io/library/nginx:1", "public.ecr.aws/nginx/nginx:1",
		registry, registry + "/", registry + "/Shop:v1", registry + "/shop:", registry + "/shop@sha256:12",
		registry + "/shop:v1:v2", registry + "/shop/:v1", registry + "/shop:" + strings.Repeat("a", 129),
		registry + "/shop:v1\n", " " + registry + "/shop:v1", "12345.dkr.ecr.us-east-1.amazonaws.com/shop:v1",
		registry + ".evil.example/shop:v1",
	} {
		_, err := images.Parse(image)
		if rollout.KindOf(err) != rollout.KindEventInvalid {
			t.Errorf("%q: %v, want an EventInvalid error", image, err)
		}
	}
}

func TestDefinitions(t *testing.T) {
	t.Parallel()
	got, err := images.Definitions([]byte(`[{"name":"web","imageUri":"a"},{"name":"log","imageUri":"b"}]`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"web": "a", "log": "b"}, got); diff != "" {
		t.Errorf("images (-want +got):\n%s", diff)
	}
	for text, part := range map[string]string{
		``:                              "not a list",
		`{"name":"web","imageUri":"a"}`: "not a list",
		`[{"name":"web","imageUri":"a"`: "not a list",
		`[{"name":7,"imageUri":"a"}]`:   "not a list",
		`null`:                          "names no container",
		`[]`:                            "names no container",
		`[{"name":"web"}]`:              "entry 0",
		`[{"name":"web","imageUri":"a"},{"imageUri":"a"}]`:                 "entry 1",
		`[{"name":"web","imageUri":"a"},{"name":"web","imageUri":"b"}]`:    `"web" is there twice`,
		`[{"ImageUri":"a","name":"web"},{"name":"web","imageuri":"a"}]`:    "twice",
		`{"ImageURI":"123456789012.dkr.ecr.us-east-1.amazonaws.com/shop"}`: "not a list",
	} {
		_, err := images.Definitions([]byte(text))
		if rollout.KindOf(err) != rollout.KindEventInvalid || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v, want an EventInvalid error that says %q", text, err, part)
		}
	}
}

func TestExported(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		variables  map[string]string
		containers []string
		want       map[string]string
	}{
		{"its own", map[string]string{"IMAGE_WEB": "a"}, []string{"web"}, map[string]string{"web": "a"}},
		{"the only one", map[string]string{"IMAGE": "a"}, []string{"web"}, map[string]string{"web": "a"}},
		{"its own before the only one's", map[string]string{"IMAGE": "a", "IMAGE_WEB": "b"}, []string{"web"}, map[string]string{"web": "b"}},
		{"not for one of two", map[string]string{"IMAGE": "a", "IMAGE_WEB": "b"}, []string{"log", "web"}, map[string]string{"web": "b"}},
		{"letters and digits only", map[string]string{"IMAGE_MY_WEB_2": "a"}, []string{"my-Web_2"}, map[string]string{"my-Web_2": "a"}},
		{"empty is none", map[string]string{"IMAGE_WEB": "", "IMAGE": ""}, []string{"web"}, map[string]string{}},
		{"none", nil, []string{"web"}, map[string]string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, images.Exported(c.variables, c.containers)); diff != "" {
				t.Errorf("images (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	spec := rollout.Spec{App: "shop", Containers: map[string]string{"web": registry + "/shop", "log-er": registry + "/log"}}
	good := map[string]string{"web": registry + "/shop:v1", "log-er": registry + "/log:v7"}
	refs, err := images.Check(spec, good)
	if err != nil {
		t.Fatal(err)
	}
	if refs["web"].Tag != "v1" || refs["log-er"].Tag != "v7" || len(refs) != 2 {
		t.Errorf("references are %+v", refs)
	}
	for _, c := range []struct {
		name  string
		found map[string]string
		parts []string
	}{
		{"none", nil, []string{"no image for container", "IMAGE_", "imagedefinitions.json"}},
		{"one is missing", map[string]string{"web": good["web"]}, []string{`"log-er"`, "IMAGE_LOG_ER"}},
		{"one too many", map[string]string{"web": good["web"], "log-er": good["log-er"], "db": "x"}, []string{`no container "db"`}},
		{"no image", map[string]string{"web": "nginx", "log-er": good["log-er"]}, []string{"container web", `"nginx"`}},
		{"another repository", map[string]string{"web": good["log-er"], "log-er": good["log-er"]}, []string{"container web", registry + "/shop"}},
		{
			"another account",
			map[string]string{"web": "999999999999.dkr.ecr.us-east-1.amazonaws.com/shop:v1", "log-er": good["log-er"]},
			[]string{"999999999999", registry + "/shop"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := images.Check(spec, c.found)
			if rollout.KindOf(err) != rollout.KindEventInvalid {
				t.Fatalf("%v, want an EventInvalid error", err)
			}
			for _, part := range c.parts {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not speak of %q", err, part)
				}
			}
		})
	}
}

// world is a cloud with a repository and one image in it.
type world struct {
	cloud    *emulator.Cloud
	resolver images.Resolver
	digest   string
}

func newWorld(t *testing.T) world {
	t.Helper()
	l := loop.NewVirtual(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	t.Cleanup(l.Close)
	cloud := emulator.New(l, emulator.Options{})
	client := awsclient.New(cloud.Config("AKIAPERSON")).ECR
	if _, err := client.CreateRepository(t.Context(), &ecr.CreateRepositoryInput{RepositoryName: aws.String("shop")}); err != nil {
		t.Fatal(err)
	}
	out, err := client.PutImage(t.Context(), &ecr.PutImageInput{
		RepositoryName: aws.String("shop"), ImageTag: aws.String("v1"),
		ImageManifestMediaType: aws.String("application/vnd.oci.image.manifest.v1+json"),
		ImageManifest:          aws.String(`{"schemaVersion":2}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	return world{cloud, images.Resolver{ECR: client}, aws.ToString(out.Image.ImageId.ImageDigest)}
}

func TestPin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pinned := registry + "/shop@" + w.digest
	for _, image := range []string{registry + "/shop:v1", pinned, registry + "/shop:gone@" + w.digest} {
		ref, err := images.Parse(image)
		if err != nil {
			t.Fatal(err)
		}
		got, err := w.resolver.Pin(t.Context(), ref)
		if err != nil || got != pinned {
			t.Errorf("%s is pinned to %q (%v), want %s", image, got, err, pinned)
		}
	}
}

func TestPinRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for image, part := range map[string]string{
		registry + "/shop":           "neither a tag nor a digest",
		registry + "/shop:v2":        "no image " + registry + "/shop:v2",
		registry + "/shop@" + digest: "no image " + registry + "/shop@" + digest,
		registry + "/cart:v1":        "no repository " + registry + "/cart",
	} {
		ref, err := images.Parse(image)
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.resolver.Pin(t.Context(), ref)
		if rollout.KindOf(err) != rollout.KindEventInvalid || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v, want an EventInvalid error that says %q", image, err, part)
		}
	}
}

// What ECR cannot tell now is not taken for an image that is not there.
func TestPinUnavailable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref, err := images.Parse(registry + "/shop:v1")
	if err != nil {
		t.Fatal(err)
	}
	w.cloud.Faults.Request = func(*wire.Call) *wire.Fault { return &wire.Fault{LoseRequest: true} }
	if _, err := w.resolver.Pin(t.Context(), ref); rollout.KindOf(err) != rollout.KindUnavailable {
		t.Errorf("%v, want an Unavailable error", err)
	}
}
