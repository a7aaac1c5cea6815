package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// The bytes that a key may have: 192 to 512 bits (Standard Webhooks 1.0.0, signature
// scheme).
const (
	shortestKey = 24
	longestKey  = 64
)

// Webhook posts notices to a URL, signed as Standard Webhooks 1.0.0 says
// (github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md): the
// symmetric scheme, v1.
type Webhook struct {
	HTTP    Doer
	Secrets *Secrets
	Now     func() time.Time
}

// event is the body of a request.
type event struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"` // of what happened; the attempt's is in the header
	Data      Notice    `json:"data"`
}

// Deliver posts a notice to the channel's URL, once. It is signed with every key that
// the channel's secret holds, one a line, so that keys can be changed one after the
// other. After a 401 it is posted again if the secret has changed.
func (w Webhook) Deliver(ctx context.Context, c rollout.Channel, n Notice) error {
	to, err := url.Parse(c.Webhook)
	if err != nil || to.Scheme != "https" || to.Host == "" || to.User != nil {
		return rollout.Errorf(rollout.KindSpecInvalid, "notify: webhook is no URL that can be posted to; want https://HOST/PATH, without user and password")
	}
	if n.ID == "" {
		return rollout.Errorf(rollout.KindEventInvalid, "the notice of %s has no id; it was not put by Sluice", n.Rollout)
	}
	body, err := json.Marshal(event{Type: typeOf(n.Moment), Timestamp: n.At, Data: n})
	if err != nil {
		return fmt.Errorf("encode a notice of %s: %w", n.Rollout, err)
	}
	secret := wanted{field: "secret", name: c.Secret, holds: "a signing secret, whsec_ and 24 to 64 random bytes in base64"}
	return w.Secrets.use(ctx, secret, func(value string) (int, error) {
		keys, err := keysOf(c.Secret, value)
		if err != nil {
			return 0, err
		}
		now := w.Now()
		p := posting{to: "webhook " + to.Scheme + "://" + to.Host + to.EscapedPath(), url: to, body: body, now: now}
		p.header = signed(keys, n.ID, now, body)
		return p.send(ctx, w.HTTP)
	})
}

// typeOf is the event type of a moment. Where a notice has none, it is the bare
// beginning of all of them.
func typeOf(m rollout.Moment) string {
	const all = "sluice.rollout"
	if m == "" {
		return all
	}
	return all + "." + string(m)
}

// keysOf reads the keys of a secret, one a line. An error names the line and not what
// is in it.
func keysOf(name, value string) ([][]byte, error) {
	var keys [][]byte
	for i, line := range strings.Split(value, "\n") {
		encoded, prefixed := strings.CutPrefix(strings.TrimSpace(line), "whsec_")
		key, err := base64.StdEncoding.DecodeString(encoded)
		if !prefixed || err != nil || len(key) < shortestKey || len(key) > longestKey {
			return nil, rollout.Errorf(rollout.KindRefused,
				"secret %s, line %d, is no signing secret; want whsec_ and %d to %d random bytes in base64, such as: echo whsec_$(openssl rand -base64 32)",
				name, i+1, shortestKey, longestKey)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// signed gives the headers of an attempt (Standard Webhooks 1.0.0, webhook headers).
func signed(keys [][]byte, id string, now time.Time, body []byte) http.Header {
	stamp := strconv.FormatInt(now.Unix(), 10)
	var signatures []string
	for _, key := range keys {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + stamp + "."))
		mac.Write(body)
		signatures = append(signatures, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	header := http.Header{}
	header.Set("Webhook-Id", id)
	header.Set("Webhook-Timestamp", stamp)
	header.Set("Webhook-Signature", strings.Join(signatures, " "))
	return header
}
