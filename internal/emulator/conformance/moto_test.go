package conformance_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// TestMoto tells the stories to moto_server, one after the other: it has one
// state for all, which is cleared in between.
func TestMoto(t *testing.T) { //nolint:tparallel // the stories share moto_server's one state
	t.Parallel()
	endpoint := startMoto(t)
	// Without it moto_server looks for Docker when a function is invoked.
	post(t, endpoint+"/moto-api/config", "", `{"lambda": {"use_docker": false}}`)
	call := newCaller(aws.Config{
		Region:       "us-east-1",
		Credentials:  credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		BaseEndpoint: &endpoint,
	}, true).call
	for _, s := range stories() {
		t.Run(s.name, func(t *testing.T) {
			if s.notMoto != "" {
				t.Skip(s.notMoto)
			}
			s.tell(t, target{
				call: call, known: prepare(t, endpoint), moto: true,
				// Its clock cannot be moved: what needs time is not told to it.
				wait: func(time.Duration) {},
			})
		})
	}
}

// startMoto starts moto_server on a free port and ends it with the test.
func startMoto(t *testing.T) (endpoint string) {
	t.Helper()
	requireMoto(t)
	ctx, cancel := context.WithCancel(t.Context())
	server := exec.CommandContext(ctx, "moto_server", "-H", "127.0.0.1", "-p", "0")
	server.Env = append(os.Environ(), "PYTHONUNBUFFERED=1")
	server.WaitDelay = 5 * time.Second
	log, err := server.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	// The test's context ends before its cleanup, which waits for the process.
	t.Cleanup(func() {
		cancel()
		_ = server.Wait() // it was killed
	})
	found := make(chan string, 1)
	go func() {
		defer close(found)
		lines := bufio.NewScanner(log)
		for lines.Scan() {
			if url := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(lines.Text()); url != "" {
				select {
				case found <- url:
				default: // told already
				}
			}
		}
	}()
	endpoint, running := <-found
	if !running {
		t.Fatal("moto_server ended without telling its address")
	}
	return endpoint
}

// requireMoto skips the test without the moto that the stories' notes are about.
func requireMoto(t *testing.T) {
	t.Helper()
	requirements, err := os.ReadFile("../../../scripts/requirements-conformance.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, version, _ := strings.Cut(strings.TrimSpace(string(requirements)), "==")
	const ask = "from importlib.metadata import version; print(version('moto'), end='')"
	got, err := exec.CommandContext(t.Context(), "python3", "-c", ask).Output()
	if err == nil && string(got) == version {
		_, err = exec.LookPath("moto_server")
	}
	if err == nil && string(got) == version {
		return
	}
	const how = "needs moto %s, not %q (%v): pip install -r scripts/requirements-conformance.txt"
	if os.Getenv("CI") == "true" {
		t.Fatalf(how, version, got, err)
	}
	t.Skipf(how, version, got, err)
}

// prepare clears moto_server and gives what it wants to know of and the emulator
// does not have: a VPC with subnets, which it has from the start, and the roles of
// functions and pipelines.
func prepare(t *testing.T, endpoint string) map[string]string {
	t.Helper()
	post(t, endpoint+"/moto-api/reset", "", "")
	createRole := func(name, trust string) {
		form := url.Values{"Action": {"CreateRole"}, "Version": {"2010-05-08"}, "RoleName": {name}, "AssumeRolePolicyDocument": {trust}}
		post(t, endpoint, "iam", form.Encode())
	}
	createRole("function", "{}")
	createRole("pipeline", `{"Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"codepipeline.amazonaws.com"}}]}`)
	answer := post(t, endpoint, "ec2", "Action=DescribeSubnets&Version=2016-11-15")
	subnets := regexp.MustCompile(`subnet-[0-9a-f]+`).FindAllString(answer, -1)
	slices.Sort(subnets)
	subnets = slices.Compact(subnets)
	if len(subnets) < 2 {
		t.Fatalf("moto_server's subnets are %v, want two", subnets)
	}
	return map[string]string{
		"vpc": regexp.MustCompile(`vpc-[0-9a-f]+`).FindString(answer), "subnet1": subnets[0], "subnet2": subnets[1],
	}
}

// post sends a form to a service, or JSON to moto_server itself for none.
func post(t *testing.T, url, service, body string) (answer string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if service != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/"+service+"/aws4_request, SignedHeaders=host, Signature=0")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil || resp.StatusCode >= http.StatusMultipleChoices {
		t.Fatalf("POST %s: %s %s (%v)", url, resp.Status, text, err)
	}
	return string(text)
}
