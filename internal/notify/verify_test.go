package notify_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// verify is what docs/notices.md shows receivers, to the letter.
func verify(secret string, h http.Header, body []byte, now time.Time) bool {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	sent, bad := strconv.ParseInt(h.Get("webhook-timestamp"), 10, 64)
	if err != nil || bad != nil || now.Sub(time.Unix(sent, 0)).Abs() > 5*time.Minute {
		return false
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(fmt.Appendf(nil, "%s.%d.%s", h.Get("webhook-id"), sent, body))
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return slices.ContainsFunc(strings.Fields(h.Get("webhook-signature")), func(one string) bool {
		return hmac.Equal([]byte(one), []byte(want))
	})
}

// The example that the specification's own libraries are tested with
// (github.com/standard-webhooks/standard-webhooks, libraries/go/webhook_test.go,
// TestWebhookSign).
const (
	exampleSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" //nolint:gosec // published with the specification
	exampleID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	exampleSeconds   = 1614265330
	exampleBody      = `{"test": 2432232314}`
	exampleSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

func exampleHeader() http.Header {
	h := http.Header{}
	h.Set("Webhook-Id", exampleID)
	h.Set("Webhook-Timestamp", strconv.Itoa(exampleSeconds))
	h.Set("Webhook-Signature", "v1,AAAA "+exampleSignature)
	return h
}

func TestVerifyAgreesWithTheSpecification(t *testing.T) {
	t.Parallel()
	sent := time.Unix(exampleSeconds, 0)
	other := exampleHeader()
	other.Set("Webhook-Id", exampleID+"2")
	for _, c := range []struct {
		name   string
		header http.Header
		body   string
		now    time.Time
		want   bool
	}{
		{"as published", exampleHeader(), exampleBody, sent.Add(5 * time.Minute), true},
		{"too late", exampleHeader(), exampleBody, sent.Add(5*time.Minute + time.Second), false},
		{"another body", exampleHeader(), exampleBody + " ", sent, false},
		{"another id", other, exampleBody, sent, false},
	} {
		if got := verify(exampleSecret, c.header, []byte(c.body), c.now); got != c.want {
			t.Errorf("%s: verified is %v, want %v", c.name, got, c.want)
		}
	}
}

func TestDocumentShowsVerify(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("verify_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(source), "\nfunc verify(")
	text, _, found := strings.Cut(rest, "\n}\n")
	if !found || !strings.Contains(document(t), "```go\nfunc verify("+text+"\n}\n```") {
		t.Error("docs/notices.md does not show verify as it is here")
	}
}

func TestDocumentShowsVerifyInPython(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("python3"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("python3 is missing")
		}
		t.Skip("python3 is missing")
	}
	_, rest, _ := strings.Cut(document(t), "```python\n")
	code, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("docs/notices.md shows no Python")
	}
	code += fmt.Sprintf(`
headers = {"webhook-id": %q, "webhook-timestamp": "%d", "webhook-signature": "v1,AAAA %s"}
for now, body in ((%[2]d, b'%[4]s'), (%[2]d + 301, b'%[4]s'), (%[2]d, b'{}')):
    print(verify(%[5]q, headers, body, now))
`, exampleID, exampleSeconds, exampleSignature, exampleBody, exampleSecret)
	got, err := exec.CommandContext(t.Context(), "python3", "-c", code).CombinedOutput() //nolint:gosec // the document's own example
	if want := "True\nFalse\nFalse\n"; err != nil || string(got) != want {
		t.Errorf("got %q, %v, want %q: as published, too late, another body", got, err, want)
	}
}

func document(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/notices.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
