package slack_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/slack"
)

// Slack's own example (Slack: Verifying requests from Slack).
const (
	exampleSecret    = "8f742231b10e8888abcd99yyyzzz85a5"
	exampleTimestamp = "1531420618"
	exampleSignature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
	exampleBody      = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)

func verifier(secret string, now time.Time) slack.Verifier {
	return slack.Verifier{
		Secret: func(context.Context) (string, error) { return secret, nil },
		Now:    func() time.Time { return now },
	}
}

func headers(timestamp, signature string) func(string) string {
	h := http.Header{}
	h.Set("X-Slack-Request-Timestamp", timestamp)
	h.Set("X-Slack-Signature", signature)
	return h.Get
}

// sign is Slack's side.
func sign(secret, timestamp, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write([]byte("v0:" + timestamp + ":" + body)) // a hash takes everything
	return "v0=" + hex.EncodeToString(mac.Sum(nil))
}

func TestVerifySlacksExample(t *testing.T) {
	t.Parallel()
	sent := time.Unix(1531420618, 0)
	for _, now := range []time.Time{sent, sent.Add(5 * time.Minute), sent.Add(-5 * time.Minute)} {
		key, err := verifier(exampleSecret, now).Verify(t.Context(), headers(exampleTimestamp, exampleSignature), []byte(exampleBody))
		if err != nil {
			t.Fatal(err)
		}
		if want := strings.TrimPrefix(exampleSignature, "v0="); key != want {
			t.Errorf("the key is %q, want %q", key, want)
		}
	}
}

// A request is the same one however its signature is spelled.
func TestVerifyOneKey(t *testing.T) {
	t.Parallel()
	upper := "v0=" + strings.ToUpper(strings.TrimPrefix(exampleSignature, "v0="))
	key, err := verifier(exampleSecret, time.Unix(1531420618, 0)).Verify(t.Context(), headers(exampleTimestamp, upper), []byte(exampleBody))
	if want := strings.TrimPrefix(exampleSignature, "v0="); err != nil || key != want {
		t.Errorf("the key is %q (%v), want %q", key, err, want)
	}
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	sent := time.Unix(1531420618, 0)
	for name, c := range map[string]struct {
		secret, timestamp, signature, body string
		now                                time.Time
		part                               string
	}{
		"another secret":      {"8f742231b10e8888abcd99yyyzzz85a6", exampleTimestamp, exampleSignature, exampleBody, sent, "not that of the body"},
		"another body":        {exampleSecret, exampleTimestamp, exampleSignature, exampleBody + "&", sent, "not that of the body"},
		"another timestamp":   {exampleSecret, "1531420619", exampleSignature, exampleBody, sent, "not that of the body"},
		"another signature":   {exampleSecret, exampleTimestamp, "v0=b" + exampleSignature[4:], exampleBody, sent, "not that of the body"},
		"no signature":        {exampleSecret, exampleTimestamp, "", exampleBody, sent, "v0="},
		"an empty signature":  {exampleSecret, exampleTimestamp, "v0=", exampleBody, sent, "64 hexadecimal digits"},
		"half a signature":    {exampleSecret, exampleTimestamp, exampleSignature[:35], exampleBody, sent, "64 hexadecimal digits"},
		"a longer signature":  {exampleSecret, exampleTimestamp, exampleSignature + "00", exampleBody, sent, "64 hexadecimal digits"},
		"no hex":              {exampleSecret, exampleTimestamp, "v0=" + strings.Repeat("z", 64), exampleBody, sent, "64 hexadecimal digits"},
		"a space before it":   {exampleSecret, exampleTimestamp, " " + exampleSignature, exampleBody, sent, "v0="},
		"another version":     {exampleSecret, exampleTimestamp, "v1" + exampleSignature[2:], exampleBody, sent, "v0="},
		"V0":                  {exampleSecret, exampleTimestamp, "V0" + exampleSignature[2:], exampleBody, sent, "v0="},
		"no version":          {exampleSecret, exampleTimestamp, exampleSignature[3:], exampleBody, sent, "v0="},
		"too old":             {exampleSecret, exampleTimestamp, exampleSignature, exampleBody, sent.Add(5*time.Minute + time.Second), "5m0s from now"},
		"from the future":     {exampleSecret, exampleTimestamp, exampleSignature, exampleBody, sent.Add(-5*time.Minute - time.Second), "5m0s from now"},
		"no timestamp":        {exampleSecret, "", sign(exampleSecret, "", exampleBody), exampleBody, sent, "not a number of seconds"},
		"a signed timestamp":  {exampleSecret, "+1531420618", sign(exampleSecret, "+1531420618", exampleBody), exampleBody, sent, "not a number of seconds"},
		"a timestamp in text": {exampleSecret, "now", sign(exampleSecret, "now", exampleBody), exampleBody, sent, "not a number of seconds"},
		"a huge timestamp":    {exampleSecret, "9999999999999999999", sign(exampleSecret, "9999999999999999999", exampleBody), exampleBody, sent, "not a number of seconds"},
		"a far timestamp":     {exampleSecret, "999999999999", sign(exampleSecret, "999999999999", exampleBody), exampleBody, sent, "5m0s from now"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key, err := verifier(c.secret, c.now).Verify(t.Context(), headers(c.timestamp, c.signature), []byte(c.body))
			var forged *slack.Forged
			if !errors.As(err, &forged) || !strings.Contains(forged.Reason, c.part) {
				t.Errorf("%v, want a Forged that says %q", err, c.part)
			}
			if key != "" {
				t.Errorf("a refused request has the key %q, want none", key)
			}
		})
	}
}

// What is our fault is no forgery.
func TestVerifyWithoutSecret(t *testing.T) {
	t.Parallel()
	unreadable := verifier("", time.Unix(1531420618, 0))
	unreadable.Secret = func(context.Context) (string, error) {
		return "", rollout.Errorf(rollout.KindUnavailable, "read secret sluice/slack: no answer")
	}
	for name, c := range map[string]struct {
		verifier slack.Verifier
		want     rollout.ErrorKind
		part     string
	}{
		"empty":      {verifier("", time.Unix(1531420618, 0)), rollout.KindInternal, "configure it"},
		"unreadable": {unreadable, rollout.KindUnavailable, "read the signing secret: read secret sluice/slack"},
	} {
		signature := sign("", exampleTimestamp, exampleBody)
		_, err := c.verifier.Verify(t.Context(), headers(exampleTimestamp, signature), []byte(exampleBody))
		var forged *slack.Forged
		if rollout.KindOf(err) != c.want || errors.As(err, &forged) || !strings.Contains(err.Error(), c.part) {
			t.Errorf("%s: %v is %s, want %s and %q", name, err, rollout.KindOf(err), c.want, c.part)
		}
	}
}

// Only what Slack's side would have signed passes, and always with the same key.
func FuzzVerify(f *testing.F) {
	f.Add(exampleTimestamp, exampleSignature, exampleBody, int64(0))
	f.Add("", "v0=", "", int64(300))
	f.Add("1531420618", strings.ToUpper(exampleSignature), exampleBody, int64(-301))
	f.Fuzz(func(t *testing.T, timestamp, signature, body string, off int64) {
		now := time.Unix(1531420618, 0).Add(time.Duration(off%1000) * time.Second)
		key, err := verifier(exampleSecret, now).Verify(t.Context(), func(name string) string {
			return map[string]string{"X-Slack-Signature": signature, "X-Slack-Request-Timestamp": timestamp}[name]
		}, []byte(body))
		var forged *slack.Forged
		if err != nil {
			if !errors.As(err, &forged) || key != "" {
				t.Errorf("%v with the key %q, want a Forged and none", err, key)
			}
			return
		}
		want := sign(exampleSecret, timestamp, body)
		if "v0="+key != want || !strings.EqualFold(signature, want) {
			t.Errorf("signature %q passes with the key %q, want only %q", signature, key, want)
		}
		seconds, err := strconv.ParseInt(timestamp, 10, 64)
		if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > 5*time.Minute {
			t.Errorf("timestamp %q passes at %d", timestamp, now.Unix())
		}
	})
}
