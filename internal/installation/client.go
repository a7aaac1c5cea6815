package installation

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Client asks an installation at its URL, as whoever the credentials are.
type Client struct {
	AWS  aws.Config
	HTTP *http.Client
	URL  string // Installation.URL
	Now  func() time.Time
}

// maxAnswer is more than any answer has.
const maxAnswer = 8 << 20

// Get reads what is at a path into an answer.
func (c Client) Get(ctx context.Context, path string, answer any) error {
	return c.send(ctx, http.MethodGet, path, nil, answer)
}

// Post sends a question, as JSON, to a path and reads the answer.
func (c Client) Post(ctx context.Context, path string, question, answer any) error {
	text, err := json.Marshal(question)
	if err != nil {
		return fmt.Errorf("encode a request to %s: %w", path, err)
	}
	return c.send(ctx, http.MethodPost, path, text, answer)
}

// send signs a request and reads the answer: Refused, Denied, NotFound, Unavailable or
// EventInvalid with what the installation says where it does not do it.
func (c Client) send(ctx context.Context, method, path string, body []byte, answer any) error {
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.URL, "/")+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make a request to %s: %w", path, err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if err := c.sign(ctx, req, body); err != nil {
		return err
	}
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return rollout.Errorf(rollout.KindUnavailable, "Sluice cannot be reached at %s: %w", c.URL, err)
	}
	defer resp.Body.Close() //nolint:errcheck // it is read to its end
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return rollout.Errorf(rollout.KindUnavailable, "read the answer of %s: %w", c.URL, err)
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		return c.refusal(resp.StatusCode, text)
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return rollout.Errorf(rollout.KindInternal, "the answer of %s%s is not what this version of sluice reads: %w", c.URL, path, err)
	}
	return nil
}

// sign signs for a function URL, or for the HTTP API that stands in for one.
func (c Client) sign(ctx context.Context, req *http.Request, body []byte) error {
	if c.AWS.Credentials == nil {
		return rollout.Errorf(rollout.KindDenied, "there are no credentials of AWS: sign in, or set AWS_PROFILE")
	}
	credentials, err := c.AWS.Credentials.Retrieve(ctx)
	if err != nil {
		return rollout.Errorf(rollout.KindDenied, "there are no credentials of AWS: sign in, or set AWS_PROFILE: %w", err)
	}
	service := "lambda"
	if strings.Contains(req.URL.Host, ".execute-api.") {
		service = "execute-api"
	}
	sum := sha256.Sum256(body)
	err = v4.NewSigner().SignHTTP(ctx, credentials, req, hex.EncodeToString(sum[:]), service, c.AWS.Region, c.Now())
	if err != nil {
		return fmt.Errorf("sign a request: %w", err)
	}
	return nil
}

// refusal is the error that an answer's status stands for. AWS itself answers 403
// where IAM does not let the caller call.
func (c Client) refusal(status int, text []byte) error {
	var said struct {
		Message string `json:"message"`
		Other   string `json:"Message"` // as AWS's own answers have it
	}
	message := strings.TrimSpace(string(text))
	if json.Unmarshal(text, &said) == nil && said.Message+said.Other != "" {
		message = said.Message + said.Other
	}
	switch status {
	case http.StatusForbidden:
		return rollout.Errorf(rollout.KindDenied,
			"%s; who orders and decides needs lambda:InvokeFunctionUrl and lambda:InvokeFunction on Sluice's function decide (docs/cli.md)", message)
	case http.StatusNotFound:
		return rollout.Errorf(rollout.KindNotFound, "%s", message)
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		return rollout.Errorf(rollout.KindEventInvalid, "%s", message)
	default:
		return rollout.Errorf(rollout.KindUnavailable, "Sluice answered %d: %s", status, message)
	}
}
