package infra_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/issuer"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

const workflow = "infra/github-workflow.yml"

// steps are a job's.
func steps(t *testing.T, job string) []map[string]any {
	t.Helper()
	jobs, _ := parsed(t, workflow)["jobs"].(map[string]any)
	body, ok := jobs[job].(map[string]any)
	if !ok {
		t.Fatalf("the workflow has no job %s", job)
	}
	var out []map[string]any
	for _, s := range list(body["steps"]) {
		out = append(out, s.(map[string]any))
	}
	return out
}

// scripts are the shell of a job's steps, as GitHub runs them; it keeps what a step
// writes into the file GITHUB_ENV for the next.
func (w *workshop) scripts(job string) []string {
	w.t.Helper()
	var out []string
	for _, s := range steps(w.t, job) {
		if run, ok := s["run"].(string); ok {
			out = append(out, "set -a; . \"$GITHUB_ENV\"; set +a; set -eo pipefail\n("+run+"\n)")
		}
	}
	return out
}

// TestWorkflowIsOne looks at what GitHub reads.
func TestWorkflowIsOne(t *testing.T) {
	t.Parallel()
	all := parsed(t, workflow)
	want := map[string]any{"id-token": "write", "contents": "read"}
	if diff := cmp.Diff(want, all["permissions"]); diff != "" {
		t.Errorf("permissions (-want +got):\n%s", diff)
	}
	if on, _ := all["on"].(map[string]any); on["push"] == nil {
		t.Errorf("it starts on %v, want a push", all["on"])
	}
	for job := range all["jobs"].(map[string]any) {
		if n := len(steps(t, job)); n == 0 {
			t.Errorf("job %s has no steps", job)
		}
		for _, s := range steps(t, job) {
			for key := range s {
				if !strings.Contains(" name uses with run shell env ", " "+key+" ") {
					t.Errorf("a step of %s has %q, which the workflow does not need", job, key)
				}
			}
			// What others wrote must not become shell.
			if run, _ := s["run"].(string); strings.Contains(run, "${{") {
				t.Errorf("a step of %s puts an expression into its shell:\n%s", job, run)
			}
			if (s["run"] == nil) == (s["uses"] == nil) {
				t.Errorf("a step of %s has both run and uses, or neither: %v", job, s)
			}
		}
	}
}

// github is what GitHub's runners set.
func (w *workshop) github(commit string, more ...string) []string {
	file := filepath.Join(w.t.TempDir(), "env")
	write(w.t, file, nil)
	return append([]string{
		"APP=shop", "CONTAINER=web", "IMAGES=" + registry + "/" + w.images, "BUILD=github-4711-1", "GITHUB_SHA=" + commit, "GITHUB_ENV=" + file,
		"GITHUB_SERVER_URL=https://github.com", "GITHUB_REPOSITORY=example/shop", "GITHUB_RUN_ID=4711",
	}, more...)
}

// workflow makes the role of infra/github.yaml and gives the credentials that a run of
// the branch main has: those of that role, for a token of GitHub's.
func (w *workshop) workflow(p parameters) []string {
	w.t.Helper()
	all := parameters{"Repository": "example/shop"}
	maps.Copy(all, p)
	stack := w.install("infra/github.yaml", all)
	const seconds = 21600 // as the job deployment asks for
	given, err := w.assume(stack.Outputs["Role"], "repo:example/shop:ref:refs/heads/main", seconds)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.credentials(*given.AccessKeyId)
}

// assume has a run of a workflow assume a role: GitHub says by a token what it is a run of.
func (w *workshop) assume(role, subject string, seconds int32) (*ststypes.Credentials, error) {
	w.t.Helper()
	github, err := issuer.New("token.actions.githubusercontent.com", 1)
	if err != nil {
		w.t.Fatal(err)
	}
	token, err := github.Token(jwt.Claims{
		Subject: subject, Audience: jwt.Audience{"sts.amazonaws.com"}, Expiry: jwt.NewNumericDate(w.cloud.Now().Add(5 * time.Minute)),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.cloud.Do(func() { w.cloud.Web.Host("token.actions.githubusercontent.com", github) })
	config := w.cloud.Config("")
	config.Credentials = aws.AnonymousCredentials{}
	out, err := sts.NewFromConfig(config).AssumeRoleWithWebIdentity(w.t.Context(), &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: &role, RoleSessionName: aws.String("GitHubActions"), WebIdentityToken: &token, DurationSeconds: &seconds,
	})
	if err != nil {
		return nil, err
	}
	return out.Credentials, nil
}

// TestWhoseWorkflowMay looks at the runs that may assume the role.
func TestWhoseWorkflowMay(t *testing.T) {
	t.Parallel()
	const repository = "repo:example/shop:"
	for name, c := range map[string]struct {
		p        parameters
		subjects map[string]bool
	}{
		"a branch": {nil, map[string]bool{
			repository + "ref:refs/heads/main": true, repository + "ref:refs/heads/mainly": false, repository + "ref:refs/tags/main": false,
			repository + "pull_request": false, repository + "environment:main": false, "repo:example/shops:ref:refs/heads/main": false,
		}},
		"an environment": {parameters{"Environment": "production"}, map[string]bool{
			repository + "environment:production": true, repository + "environment:staging": false, repository + "ref:refs/heads/main": false,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &workshop{t: t, cloud: newCloud(t)}
			all := parameters{"Repository": "example/shop"}
			maps.Copy(all, c.p)
			stack := mustDeploy(t, w.cloud, "infra/github.yaml", "github", all)
			for subject, may := range c.subjects {
				const hour = 3600
				if _, err := w.assume(stack.Outputs["Role"], subject, hour); (err == nil) != may || err != nil && !strings.Contains(err.Error(), "AccessDenied") {
					t.Errorf("%s: %v, want that it may: %t", subject, err, may)
				}
			}
		})
	}
}

// TestWorkflowBuilds runs the job that builds, for the stack's repository of images and
// for one that was there.
func TestWorkflowBuilds(t *testing.T) {
	t.Parallel()
	for name, images := range map[string]string{"its own images": "", "images that are there": "team/shop"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorkshop(t)
			if images != "" {
				w.images = images
				_, err := ecr.NewFromConfig(w.cloud.Config("AKIAPERSON")).CreateRepository(t.Context(), &ecr.CreateRepositoryInput{RepositoryName: &images, ImageTagMutability: "IMMUTABLE"})
				if err != nil {
					t.Fatal(err)
				}
			}
			w.wantWorkflowBuild(w.workflow(parameters{"Images": images}))
		})
	}
}

// wantWorkflowBuild runs the job that builds with these credentials.
func (w *workshop) wantWorkflowBuild(credentials []string) {
	w.t.Helper()
	commit := strings.TrimSpace(w.must("git", "rev-parse", "HEAD"))
	if out, err := w.shell(w.scripts("image"), w.github(commit, credentials...)...); err != nil {
		w.t.Fatalf("job image: %v\n%s", err, out)
	}
	want := []map[string]any{{"source": "sluice.build", "type": "Sluice Build Succeeded", "detail": map[string]any{
		"app": "shop", "build": "github-4711-1", "images": map[string]any{"web": registry + "/" + w.images + "@" + w.digest(commit[:12])},
		"commit": commit, "author": "dana@example.com", "committedAt": w.committedAt(commit), "repository": "https://github.com/example/shop",
		"link":    "https://github.com/example/shop/actions/runs/4711",
		"commits": []any{map[string]any{"id": commit, "author": "dana@example.com", "message": "Begin"}},
	}}}
	if diff := cmp.Diff(want, w.events); diff != "" {
		w.t.Errorf("events (-want +got):\n%s", diff)
	}
}

// TestWorkflowBuildsNothing where something fails.
func TestWorkflowBuildsNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		refuse      bool
		environment string
		says        string
	}{
		"the push":    {false, "FAIL=push", "docker push: refused"},
		"EventBridge": {true, "FAIL=none", "::error::EventBridge did not take the event"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorkshop(t)
			w.refuse = c.refuse
			if !w.refuse {
				w.program("aws", hurried)
			}
			out, err := w.shell(w.scripts("image"), w.github(strings.Repeat("a", 40), append(w.workflow(nil), c.environment)...)...)
			if err == nil || !strings.Contains(out, c.says) || len(w.events) > 0 {
				t.Errorf("job image: %v with %d events, want a failure that says %q\n%s", err, len(w.events), c.says, out)
			}
		})
	}
}

// TestWorkflowWaits runs the job that waits: it is as red or green as the deployment.
func TestWorkflowWaits(t *testing.T) {
	t.Parallel()
	tool(t, "curl")
	tool(t, "jq")
	type reply struct {
		status int
		body   string
	}
	missing := reply{http.StatusNotFound, `{"message":"not yet"}`}
	going := reply{http.StatusOK, `{"app":"shop","release":7,"state":"going"}`}
	for name, c := range map[string]struct {
		replies []reply // the last again and again
		passes  bool
		says    string
	}{
		"a success":          {[]reply{missing, going, {http.StatusBadGateway, "oops"}, going, {200, `{"release":7,"state":"succeeded"}`}}, true, "Release 7 is in all environments."},
		"a rollback":         {[]reply{going, {200, `{"release":7,"state":"stopped","why":"production: alarm shop-green-5xx went red"}`}}, false, "::error::Release 7 of shop was not deployed: production: alarm shop-green-5xx went red"},
		"nothing ever":       {[]reply{missing}, false, "::error::Nothing is known of the deployment (last status: 404)"},
		"nobody answers":     {[]reply{{http.StatusServiceUnavailable, ""}}, false, "(last status: 503)"},
		"it may not ask":     {[]reply{{http.StatusForbidden, `{"Message":"Forbidden"}`}}, false, "::error::Sluice does not let this role ask"},
		"an answer like mud": {[]reply{{http.StatusOK, "<html>"}}, false, "parse error"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := 0
			server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
				if in.URL.Path != "/deployments/shop/github-4711-1" || !strings.HasPrefix(in.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=AKIAPERSON/") ||
					!strings.Contains(in.Header.Get("Authorization"), "/us-east-1/lambda/") {
					t.Errorf("asked %s as %s", in.URL.Path, in.Header.Get("Authorization"))
				}
				r := c.replies[min(asked, len(c.replies)-1)]
				asked++
				out.WriteHeader(r.status)
				_, _ = out.Write([]byte(r.body))
			}))
			t.Cleanup(server.Close)
			w := &workshop{t: t, folder: t.TempDir(), images: "shop", environment: []string{
				"AWS_REGION=" + region, "AWS_ACCESS_KEY_ID=AKIAPERSON", "AWS_SECRET_ACCESS_KEY=secret", "AWS_SESSION_TOKEN=token",
				"SLUICE_URL=" + server.URL + "/", "PAUSE=0", "NO_PROXY=127.0.0.1", "HOME=" + os.TempDir(),
			}}
			out, err := w.shell(w.scripts("deployment"), w.github("")...)
			if (err == nil) != c.passes || !strings.Contains(out, c.says) {
				t.Errorf("job deployment: %v, want %q and success %t\n%s", err, c.says, c.passes, out)
			}
		})
	}
}

// TestWorkflowToTheEnd runs both jobs, by the role, against Sluice: its release of an app
// that nothing has been made for is stopped, which the second job hears by the URL.
func TestWorkflowToTheEnd(t *testing.T) {
	t.Parallel()
	tool(t, "curl")
	w, h := newSluice(t, live(t), rollout.Triggers{Event: true})
	credentials := w.workflow(nil)
	w.wantWorkflowBuild(credentials)
	// The port is a proxy to the URL's host, which has no certificate there.
	address := strings.Replace(h.DecideURL, "https://", "http://", 1)
	out, err := w.shell(w.scripts("deployment"), w.github("", append(credentials, "http_proxy="+w.url, "NO_PROXY=", "SLUICE_URL="+address, "PAUSE=1")...)...)
	if err == nil || !strings.Contains(out, "::error::Release 1 of shop was not deployed: production: ") {
		t.Errorf("job deployment: %v, want that it says how release 1 was stopped\n%s", err, out)
	}
}
