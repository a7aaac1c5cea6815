package cli_test

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	signer "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// It says where Slack's page is, and how to call the function that takes decisions.
func TestLocalTellsOfSlackAndDecisions(t *testing.T) {
	said := welcomed(t, "decisions")
	for what, pattern := range map[string]string{
		"local stand-in for Slack":    `http://\S+/slack/`,
		`there is no approval \"ID\"`: `http://\S+/approvals/ID`,
	} {
		address := regexp.MustCompile(pattern).FindString(said)
		if address == "" {
			t.Fatalf("it has no %s:\n%s", pattern, said)
		}
		status, body := reach(t, address)
		if !strings.Contains(body, what) {
			t.Errorf("%s = %d %q, want %q", address, status, body, what)
		}
	}
}

// reach gets a page of the local cloud as curl does, which finds names below
// localhost on this machine, signed for Lambda.
func reach(t *testing.T, address string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Host, req.URL.Host = req.URL.Host, "127.0.0.1:"+req.URL.Port()
	if strings.Contains(req.Host, "lambda-url") {
		nothing := sha256.Sum256(nil)
		if err := signer.NewSigner().SignHTTP(t.Context(), aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"},
			req, hex.EncodeToString(nothing[:]), "lambda", "us-east-1", time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // it is read to its end
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}
