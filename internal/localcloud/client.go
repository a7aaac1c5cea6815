package localcloud

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/emulator/eventbridge"
)

// Client puts events on the bus of a local cloud at an endpoint.
type Client struct {
	endpoint string
	http     *http.Client
}

// answerTime is how long the local cloud may take to answer.
const answerTime = 30 * time.Second

// Dial checks the endpoint. Nothing is sent yet.
func Dial(endpoint string) (*Client, error) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" || u.Host == "" {
		return nil, fmt.Errorf("endpoint %q is not one of a local cloud, such as http://127.0.0.1:4600", endpoint)
	}
	return &Client{endpoint: strings.TrimSuffix(endpoint, "/"), http: &http.Client{Timeout: answerTime}}, nil
}

// Put puts an event on the default bus and gives its new id: an event of an AWS
// service past the AWS interface (see EventsPath), any other with PutEvents.
func (c *Client) Put(ctx context.Context, e eventbridge.Event) (string, error) {
	if FromAWS(e) {
		return c.post(ctx, e)
	}
	return c.putEvents(ctx, e)
}

func (c *Client) post(ctx context.Context, e eventbridge.Event) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint+EventsPath, bytes.NewReader(e.JSON()))
	if err != nil {
		return "", fmt.Errorf("make the request: %w", err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return "", fmt.Errorf("put the event: %w", err)
	}
	defer resp.Body.Close() //nolint:errcheck // it is read to its end
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", fmt.Errorf("read the answer: %w", err)
	}
	if resp.StatusCode != http.StatusAccepted {
		return "", fmt.Errorf("the local cloud did not take the event: %s", strings.TrimSpace(string(text)))
	}
	return string(text), nil
}

func (c *Client) putEvents(ctx context.Context, e eventbridge.Event) (string, error) {
	region := e.Region
	if region == "" {
		region = "us-east-1"
	}
	client := sdk.New(sdk.Options{
		Region: region, BaseEndpoint: &c.endpoint, HTTPClient: awsclient.Whole(c.http),
		Credentials: credentials.NewStaticCredentialsProvider(AccessKey, SecretKey, ""),
	})
	out, err := client.PutEvents(ctx, &sdk.PutEventsInput{Entries: []types.PutEventsRequestEntry{{
		Source: &e.Source, DetailType: &e.DetailType, Resources: e.Resources, Detail: aws.String(string(e.Detail)),
	}}})
	if err != nil {
		return "", fmt.Errorf("put the event: %w", err)
	}
	if entry := out.Entries[0]; entry.EventId == nil {
		return "", fmt.Errorf("the bus refused the event: %s: %s", aws.ToString(entry.ErrorCode), aws.ToString(entry.ErrorMessage))
	}
	return *out.Entries[0].EventId, nil
}
