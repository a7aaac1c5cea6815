package handler

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/aws/aws-lambda-go/cfn"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
)

// Check is the custom resource of template.yaml that looks at what its parameters name.
// It owns nothing, so it never stands in the way of a deletion.
type Check struct {
	Checks steps.Checks
	HTTP   interface {
		Do(req *http.Request) (*http.Response, error)
	}
	Log *slog.Logger
}

// How long looking and answering may take. Both together are less than the function's
// timeout, so that CloudFormation always hears something.
const (
	checkTime  = 20 * time.Second
	answerTime = 8 * time.Second
)

// Handler answers CloudFormation (AWS: CloudFormation User Guide, Custom resource
// request and response objects). An answer that does not get there fails, so that Lambda
// tries again.
func (c Check) Handler() Func {
	return func(ctx context.Context, payload []byte) ([]byte, error) {
		var e cfn.Event
		if err := json.Unmarshal(payload, &e); err != nil || e.ResponseURL == "" {
			return nil, rollout.Errorf(rollout.KindEventInvalid, "not a request of CloudFormation's: %.200s", payload)
		}
		r := cfn.NewResponse(&e)
		r.Status, r.PhysicalResourceID = cfn.StatusSuccess, "check"
		if e.PhysicalResourceID != "" {
			r.PhysicalResourceID = e.PhysicalResourceID
		}
		if err := c.look(ctx, e); err != nil {
			c.Log.LogAttrs(ctx, slog.LevelError, "deployment refused", slog.String("kind", string(rollout.KindOf(err))),
				slog.String("reason", err.Error()))
			r.Status, r.Reason = cfn.StatusFailed, fmt.Sprintf("%.2000s", err.Error()) // all of it has 4096 bytes at most
		}
		return []byte("null"), c.answer(ctx, e.ResponseURL, r)
	}
}

func (c Check) look(ctx context.Context, e cfn.Event) (err error) {
	defer func() {
		if caught := recover(); caught != nil {
			err = rollout.Errorf(rollout.KindInternal, "the check itself failed: %v\n%s", caught, debug.Stack())
		}
	}()
	if e.RequestType == cfn.RequestDelete {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	named := steps.Named{Rules: list(e.ResourceProperties["Rules"]), Services: list(e.ResourceProperties["Services"])}
	named.AlarmTopic, _ = e.ResourceProperties["AlarmTopic"].(string)
	return c.Checks.Installation(ctx, named)
}

// list is a property that is a list of strings.
func list(property any) []string {
	var out []string
	items, _ := property.([]any)
	for _, item := range items {
		if text, _ := item.(string); text != "" {
			out = append(out, text)
		}
	}
	return out
}

func (c Check) answer(ctx context.Context, url string, r *cfn.Response) error {
	body, err := json.Marshal(r)
	if err != nil {
		return rollout.Errorf(rollout.KindInternal, "encode the answer: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, url, bytes.NewReader(body))
	if err != nil {
		return rollout.Errorf(rollout.KindEventInvalid, "the response URL: %w", err)
	}
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return rollout.Errorf(rollout.KindUnavailable, "answer CloudFormation: %w", err)
	}
	_ = resp.Body.Close() // nothing of it is wanted
	if resp.StatusCode != http.StatusOK {
		return rollout.Errorf(rollout.KindUnavailable, "answer CloudFormation: HTTP status %s", resp.Status)
	}
	return nil
}
