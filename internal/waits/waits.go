// Package waits wakes what waits on a task token, and keeps one-time schedules:
// each rollout's deadman, which calls for recovery when a rollout has not moved it
// forward in time, and the calls that try something again later.
package waits

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Waker ends waits. A token that is gone is no error: what waited has been
// decided already, and whoever decided looks at the record.
type Waker struct{ SFN *sfn.Client }

// Wake lets the wait end well.
func (w Waker) Wake(ctx context.Context, token string) error {
	_, err := w.SFN.SendTaskSuccess(ctx, &sfn.SendTaskSuccessInput{TaskToken: &token, Output: aws.String("{}")})
	return ignoreGone(err)
}

// maxCause is how long a cause Step Functions takes (AWS: API_SendTaskFailure).
const maxCause = 32768

// Cause is how an error is told to the state machine: as Lambda tells it.
type Cause struct {
	Message string `json:"errorMessage"`
	Kind    string `json:"errorType"`
}

// encode is the cause as JSON, its message shortened until Step Functions takes it.
func (c Cause) encode() (string, error) {
	for {
		text, err := json.Marshal(c)
		if err != nil {
			return "", fmt.Errorf("encode the cause %s: %w", c.Kind, err)
		}
		if len(text) <= maxCause {
			return string(text), nil
		}
		c.Message = strings.ToValidUTF8(c.Message[:len(c.Message)*maxCause/len(text)], "")
	}
}

// FailWith ends the wait with the error.
func (w Waker) FailWith(ctx context.Context, token string, why error) error {
	kind := string(rollout.KindOf(why))
	cause, err := Cause{Message: why.Error(), Kind: kind}.encode()
	if err != nil {
		return err
	}
	_, err = w.SFN.SendTaskFailure(ctx, &sfn.SendTaskFailureInput{TaskToken: &token, Error: &kind, Cause: &cause})
	return ignoreGone(err)
}

func ignoreGone(err error) error {
	if err == nil || awsclient.Is(err, "TaskTimedOut", "TaskDoesNotExist") {
		return nil
	}
	return awsclient.Wrap(err, "wake a waiting state")
}
