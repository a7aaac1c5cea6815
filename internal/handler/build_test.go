package handler_test

import (
	"archive/zip"
	"bytes"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codebuild/types"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

func TestBuildSucceeded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.record(func(b *types.Build) {
		b.Logs = &types.LogsLocation{DeepLink: aws.String("https://console.example/log")}
	})
	for range 3 { // the same event again starts nothing
		w.take("build", built(buildDetail()))
	}
	w.wantExecutions("shop-production-1")
	got := w.release("shop", 1)
	if diff := cmp.Diff(map[string]string{"web": w.image("shop")}, got.Images); diff != "" {
		t.Errorf("images (-want +got):\n%s", diff)
	}
	want := rollout.Cause{Key: "build#" + buildARN, Source: "codebuild", Commit: "3f2c1e0d", Link: "https://console.example/log"}
	if diff := cmp.Diff(want, got.Cause); diff != "" {
		t.Errorf("cause (-want +got):\n%s", diff)
	}
}

// One build starts one deployment in whatever form its event comes.
func TestBuildAndOwnEventOfOneBuild(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.record(nil)
	w.take("build", own(ownDetail().with("author", "ana").with("link", "https://ci.example/1")))
	w.take("build", built(buildDetail()))
	w.wantExecutions("shop-production-1")
	if got := w.release("shop", 1).Cause; got.Source != "event" || got.Author != "ana" || got.Link != "https://ci.example/1" {
		t.Errorf("the cause is %+v, want the event that came first", got)
	}
	w.take("build", own(ownDetail().with("build", "another")))
	w.wantExecutions("shop-production-1", "shop-production-2")
}

func TestBuildWithImageDefinitions(t *testing.T) {
	t.Parallel()
	text := []byte(`[{"name":"web","imageUri":"` + registry + `/shop:v1"}]`)
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	file, err := z.Create("imagedefinitions.json")
	if err == nil {
		_, err = file.Write(text)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string][]byte{"plain": text, "zipped": archive.Bytes()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.record(w.artifact(body))
			w.take("build", built(buildDetail()))
			w.wantExecutions("shop-production-1")
			if got, want := w.release("shop", 1).Images["web"], w.image("shop"); got != want {
				t.Errorf("image is %s, want %s", got, want)
			}
		})
	}
}

func TestPush(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 2 {
		w.take("build", pushed(pushDetail(w.digest)))
	}
	w.wantExecutions("pushed-production-1")
	if got, want := w.release("pushed", 1).Images["web"], w.image("pushed"); got != want {
		t.Errorf("image is %s, want %s", got, want)
	}
	// The same digest pushed again later is another cause.
	w.take("build", pushed(pushDetail(w.digest)).with("time", "2026-03-01T12:30:00Z"))
	w.wantExecutions("pushed-production-1", "pushed-production-2")
}

func TestBuildIgnores(t *testing.T) {
	t.Parallel()
	const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	for name, e := range map[string]fields{
		"an unknown kind":                  event("aws.ec2", "EC2 Instance State-change Notification", fields{}),
		"a known kind of another's":        event("shop.build", "Sluice Build Succeeded", ownDetail()),
		"nothing at all":                   {},
		"a build that failed":              built(buildDetail().with("build-status", "FAILED")),
		"a build that goes on":             built(buildDetail().with("build-status", "IN_PROGRESS")),
		"an unknown project":               built(buildDetail().with("project-name", "cart-build")),
		"a push that failed":               pushed(pushDetail(digest).with("result", "FAILURE")),
		"a deletion":                       pushed(pushDetail(digest).with("action-type", "DELETE")),
		"a push without a tag":             pushed(pushDetail(digest).with("image-tag", nil)),
		"a push of another tag":            pushed(pushDetail(digest).with("image-tag", "latest")),
		"an unknown repository":            pushed(pushDetail(digest).with("repository-name", "cart")),
		"a repository that builds deploy":  pushed(pushDetail(digest).with("repository-name", "shop")),
		"the repository of another Region": pushed(pushDetail(digest)).with("region", "eu-west-1"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.record(nil)
			w.take("build", e)
			w.wantIgnored()
		})
	}
}

func TestBuildRefuses(t *testing.T) {
	t.Parallel()
	const (
		invalid = rollout.KindEventInvalid
		foreign = "999999999999"
	)
	gone := "sha256:" + strings.Repeat("0", 64)
	for _, c := range []struct {
		name  string
		event fields
		build func(*types.Build)
		kind  rollout.ErrorKind
		parts []string
	}{
		{"a build without a status", built(buildDetail().with("build-status", nil)), nil, invalid, []string{"build-status"}},
		{"a build without a project", built(buildDetail().with("project-name", nil)), nil, invalid, []string{"project-name"}},
		{"a build without an id", built(buildDetail().with("build-id", nil)), nil, invalid, []string{"build-id"}},
		{"a detail that is a text", event("aws.codebuild", "CodeBuild Build State Change", "hello"), nil, invalid, []string{"CodeBuild Build State Change"}},
		{"a detail of other types", built(buildDetail().with("build-id", 7)), nil, invalid, []string{"build-id"}},
		{"a time that is none", built(buildDetail()).with("time", "noon"), nil, invalid, []string{"noon"}},
		{"a build that CodeBuild does not know", built(buildDetail().with("build-id", buildARN+"0")), nil, invalid, []string{buildARN + "0"}},
		{
			"a build that did not succeed after all", built(buildDetail()),
			func(b *types.Build) { b.BuildStatus = types.StatusTypeFailed }, invalid,
			[]string{"FAILED"},
		},
		{
			"a build without an image", built(buildDetail()),
			func(b *types.Build) { b.ExportedEnvironmentVariables = nil }, invalid,
			[]string{`"web"`, "IMAGE_WEB", "imagedefinitions.json"},
		},
		{
			"a tag that ECR does not know", own(ownDetail().with("images", fields{"web": registry + "/shop:v9"})),
			nil, invalid,
			[]string{"container web", registry + "/shop:v9"},
		},
		{"a digest that ECR does not know", pushed(pushDetail(gone)), nil, invalid, []string{gone}},
		{"a build of a foreign account", built(buildDetail()).with("account", foreign), nil, invalid, []string{foreign, account}},
		{"a push to a foreign account", pushed(pushDetail(gone)).with("account", foreign), nil, invalid, []string{foreign, account}},
		{"our event from a foreign account", own(ownDetail()).with("account", foreign), nil, invalid, []string{foreign, account}},
		{
			"an image of a foreign repository", own(ownDetail().with("images", fields{"web": registry + "/pushed:v1"})),
			nil, invalid,
			[]string{"container web", registry + "/pushed:v1", registry + "/shop"},
		},
		{
			"an image of a foreign registry", own(ownDetail().with("images", fields{"web": "docker.io/shop:v1"})),
			nil, invalid,
			[]string{"docker.io/shop:v1"},
		},
		{"an app that is not registered", own(ownDetail().with("app", "cart")), nil, rollout.KindNotFound, []string{`"cart"`, "register"}},
		{"an app that pushes trigger", own(ownDetail().with("app", "pushed")), nil, invalid, []string{`"pushed"`, "`event`"}},
		{"our event without an app", own(ownDetail().with("app", nil)), nil, invalid, []string{"app"}},
		{"our event without a build", own(ownDetail().with("build", nil)), nil, invalid, []string{"build"}},
		{"our event without images", own(ownDetail().with("images", nil)), nil, invalid, []string{"images"}},
		{"our event with a wrong time of the commit", own(ownDetail().with("committedAt", "yesterday")), nil, invalid, []string{"committedAt", `"yesterday"`, "%cI"}},
		{"our event with a long app", own(ownDetail().with("app", strings.Repeat("a", 3000))), nil, invalid, []string{"longer than"}},
		{"our event with a long build", own(ownDetail().with("build", strings.Repeat("a", 3000))), nil, invalid, []string{"longer than"}},
		{"a push without an action", pushed(pushDetail(gone).with("action-type", nil)), nil, invalid, []string{"action-type"}},
		{"a push without a repository", pushed(pushDetail(gone).with("repository-name", nil)), nil, invalid, []string{"repository-name"}},
		{"a push without a digest", pushed(pushDetail(gone).with("image-digest", nil)), nil, invalid, []string{"image-digest"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.record(c.build)
			w.take("build", c.event)
			w.wantRefused(w.json(c.event), c.kind, c.parts...)
		})
	}
}

// What is no event at all lies with the dead letters as it came.
func TestNotAnEvent(t *testing.T) {
	t.Parallel()
	for _, function := range []string{"build", "service", "alarm", "recover"} {
		t.Run(function, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for _, payload := range []string{`7`, `["a"]`, `"a"`, `{"source":7}`, `{`} {
				if err := w.invoke(function, []byte(payload)); err != nil {
					t.Errorf("%s: %v", payload, err)
				}
				w.wantRefused([]byte(payload), rollout.KindEventInvalid, "not an EventBridge event")
			}
		})
	}
}

// Two apps are built by one project; each takes its own image, and the trouble of
// one is not the other's.
func TestSeveralAppsOfOneProject(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.push("cart")
	w.register("cart", "cart", rollout.Triggers{CodeBuild: []string{"shop-build"}})
	w.record(nil) // its image is shop's
	w.take("build", built(buildDetail()))
	w.wantExecutions("shop-production-1")
	letters := w.letters()
	if len(letters) != 1 || !strings.Contains(letters[0].reason, "app cart") || !strings.Contains(letters[0].reason, registry+"/cart") {
		t.Errorf("dead letters are %+v, want cart's trouble", letters)
	}
}

// One app's trouble is final and another's may pass: the event is tried again.
func TestFinalAndPassingTrouble(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.push("cart")
	w.register("cart", "cart", rollout.Triggers{CodeBuild: []string{"shop-build"}})
	w.record(nil)
	w.Faults.Request = func(c *wire.Call) *wire.Fault {
		if c.Operation == "DescribeImages" {
			return &wire.Fault{Err: wire.Errorf("ThrottlingException", "Rate exceeded")}
		}
		return nil
	}
	if err := w.invoke("build", w.json(built(buildDetail()))); err == nil {
		t.Error("Lambda was told that all is well")
	}
	if letters := w.letters(); len(letters) != 0 {
		t.Errorf("dead letters are %+v, want none yet", letters)
	}
	w.Faults.Request = nil
	w.take("build", built(buildDetail()))
	w.wantExecutions("shop-production-1")
	if letters := w.letters(); len(letters) != 1 {
		t.Errorf("%d dead letters, want cart's", len(letters))
	}
}
