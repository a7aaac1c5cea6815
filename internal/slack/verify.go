package slack

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Verifier tells whether a request comes from Slack.
type Verifier struct {
	Secret func(context.Context) (string, error) // the app's signing secret
	Now    func() time.Time
}

// Forged is that a request proves not to come from Slack, or not now. The HTTP edge
// answers 401.
type Forged struct{ Reason string } //nolint:errname // what the request is

func (e *Forged) Error() string { return "not a request of Slack: " + e.Reason }

// The headers of a signed request.
const (
	signatureHeader = "X-Slack-Signature"
	timestampHeader = "X-Slack-Request-Timestamp"
)

// window is how old a request may be, and how far ahead its clock (Slack:
// Verifying requests from Slack).
const window = 5 * time.Minute

// Verify checks the signature over a request's body, which has to be the bytes that
// came. Header gives the value of a header by its name, in whatever case. The key
// is the same for every form of the same request, and no other request's. The error
// is a *Forged if the request is at fault, and of a kind if we are (Slack: Verifying
// requests from Slack).
func (v Verifier) Verify(ctx context.Context, header func(name string) string, body []byte) (key string, err error) {
	secret, err := v.Secret(ctx)
	if err != nil {
		return "", rollout.Errorf(rollout.KindOf(err), "read the signing secret: %w", err)
	}
	if secret == "" { // an empty key would let everybody sign
		return "", rollout.Errorf(rollout.KindInternal,
			"there is no signing secret; configure it: put the app's into Sluice's Slack secret, as signingSecret")
	}
	given, err := signature(header(signatureHeader))
	if err != nil {
		return "", err
	}
	timestamp := header(timestampHeader)
	if err := v.fresh(timestamp); err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = fmt.Fprintf(mac, "v0:%s:", timestamp) // a hash takes everything
	_, _ = mac.Write(body)
	if !hmac.Equal(mac.Sum(nil), given) {
		return "", &Forged{"the signature is not that of the body"}
	}
	return hex.EncodeToString(given), nil
}

// signature is decoded, so that the case of its digits makes no difference.
func signature(header string) ([]byte, error) {
	digits, ok := strings.CutPrefix(header, "v0=")
	if !ok {
		return nil, &Forged{signatureHeader + " does not begin with v0="}
	}
	given, err := hex.DecodeString(digits)
	if err != nil || len(given) != sha256.Size {
		return nil, &Forged{signatureHeader + " has not 64 hexadecimal digits"}
	}
	return given, nil
}

func (v Verifier) fresh(timestamp string) error {
	const longest = 12 // digits, enough until the year 33658
	if timestamp == "" || len(timestamp) > longest || strings.Trim(timestamp, "0123456789") != "" {
		return &Forged{timestampHeader + " is not a number of seconds"}
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return &Forged{timestampHeader + " is not a number of seconds"}
	}
	if off := v.Now().Sub(time.Unix(seconds, 0)); off.Abs() > window {
		return &Forged{fmt.Sprintf("%s is more than %s from now", timestampHeader, window)}
	}
	return nil
}
