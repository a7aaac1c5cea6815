// Package waits wakes what waits on a task token, and keeps each rollout's
// deadman: a one-time schedule that calls for recovery when a rollout has not
// moved it forward in time.
package waits

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	schedulertypes "github.com/aws/aws-sdk-go-v2/service/scheduler/types"
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

// Deadman arms schedules that invoke the function Target as Role.
type Deadman struct {
	Scheduler *scheduler.Client
	Target    string // ARN of the recover function
	Role      string // ARN of the role that Scheduler takes
	Now       func() time.Time
}

// Call is what the schedule sends to the recover function.
type Call struct {
	Deadman string `json:"deadman"` // the rollout's name
}

// Arm makes the rollout's deadman go off at the time, wherever it stood before.
func (d Deadman) Arm(ctx context.Context, name string, at time.Time) error {
	payload, err := json.Marshal(Call{Deadman: name})
	if err != nil {
		return fmt.Errorf("encode the deadman of %s: %w", name, err)
	}
	arm := d.token(name)
	expression := aws.String("at(" + at.UTC().Format("2006-01-02T15:04:05") + ")")
	window := &schedulertypes.FlexibleTimeWindow{Mode: schedulertypes.FlexibleTimeWindowModeOff}
	target := &schedulertypes.Target{Arn: &d.Target, RoleArn: &d.Role, Input: aws.String(string(payload))}
	_, err = d.Scheduler.UpdateSchedule(ctx, &scheduler.UpdateScheduleInput{
		Name: &name, ScheduleExpression: expression, FlexibleTimeWindow: window, Target: target,
		ActionAfterCompletion: schedulertypes.ActionAfterCompletionDelete,
		ClientToken:           arm,
	})
	if awsclient.Is(err, "ResourceNotFoundException") {
		_, err = d.Scheduler.CreateSchedule(ctx, &scheduler.CreateScheduleInput{
			Name: &name, ScheduleExpression: expression, FlexibleTimeWindow: window, Target: target,
			ActionAfterCompletion: schedulertypes.ActionAfterCompletionDelete,
			ClientToken:           arm,
		})
	}
	if err != nil && !awsclient.Is(err, "ConflictException") {
		return awsclient.Wrap(err, "arm the deadman of %s", name)
	}
	return nil
}

// token is a client token of ours. It has at most 64 characters (AWS: EventBridge
// Scheduler API Reference, CreateSchedule) and differs from call to call: Scheduler
// takes a token that it has seen for a repeat and does nothing.
func (d Deadman) token(name string) *string {
	sum := sha256.Sum256([]byte(name))
	return aws.String(fmt.Sprintf("%s-%d", hex.EncodeToString(sum[:20]), d.Now().UnixNano()))
}

// Disarm removes the rollout's deadman, if it is there.
func (d Deadman) Disarm(ctx context.Context, name string) error {
	_, err := d.Scheduler.DeleteSchedule(ctx, &scheduler.DeleteScheduleInput{
		Name: &name, ClientToken: d.token(name),
	})
	if err != nil && !awsclient.Is(err, "ResourceNotFoundException") {
		return awsclient.Wrap(err, "disarm the deadman of %s", name)
	}
	return nil
}
