package waits

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"

	"github.com/sluice-deploy/sluice/internal/awsclient"
)

// Timer has a function called once, at a time: one-time schedules that invoke the
// function Target as Role.
type Timer struct {
	Scheduler *scheduler.Client
	Group     string // of the schedules; "" is the default group
	Target    string // ARN of the function
	Role      string // ARN of the role that Scheduler takes
	Letters   string // ARN of the queue for calls that cannot be made
	Now       func() time.Time
}

// How long Scheduler tries to make a call before it gives it to the dead letters: its
// own limits (AWS: EventBridge Scheduler API Reference, RetryPolicy).
const (
	callAttempts = 185
	callAge      = 24 * time.Hour
)

// Set has the function called with the payload at the time, wherever the schedule
// of that name stood before. Scheduler is precise to a minute.
func (t Timer) Set(ctx context.Context, name string, at time.Time, payload any) error {
	text, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("encode the call of schedule %s: %w", name, err)
	}
	arm := t.token(name)
	expression := aws.String("at(" + at.UTC().Format("2006-01-02T15:04:05") + ")")
	window := &types.FlexibleTimeWindow{Mode: types.FlexibleTimeWindowModeOff}
	target := &types.Target{
		Arn: &t.Target, RoleArn: &t.Role, Input: aws.String(string(text)),
		DeadLetterConfig: &types.DeadLetterConfig{Arn: &t.Letters},
		RetryPolicy: &types.RetryPolicy{
			MaximumRetryAttempts: aws.Int32(callAttempts), MaximumEventAgeInSeconds: aws.Int32(int32(callAge / time.Second)),
		},
	}
	_, err = t.Scheduler.UpdateSchedule(ctx, &scheduler.UpdateScheduleInput{
		Name: &name, GroupName: t.group(), ScheduleExpression: expression, FlexibleTimeWindow: window, Target: target,
		ActionAfterCompletion: types.ActionAfterCompletionDelete,
		ClientToken:           arm,
	})
	if awsclient.Is(err, "ResourceNotFoundException") {
		_, err = t.Scheduler.CreateSchedule(ctx, &scheduler.CreateScheduleInput{
			Name: &name, GroupName: t.group(), ScheduleExpression: expression, FlexibleTimeWindow: window, Target: target,
			ActionAfterCompletion: types.ActionAfterCompletionDelete,
			ClientToken:           arm,
		})
	}
	if err != nil && !awsclient.Is(err, "ConflictException") {
		return awsclient.Wrap(err, "set schedule %s", name)
	}
	return nil
}

// Clear removes the schedule of that name, if it is there.
func (t Timer) Clear(ctx context.Context, name string) error {
	_, err := t.Scheduler.DeleteSchedule(ctx, &scheduler.DeleteScheduleInput{
		Name: &name, GroupName: t.group(), ClientToken: t.token(name),
	})
	if err != nil && !awsclient.Is(err, "ResourceNotFoundException") {
		return awsclient.Wrap(err, "remove schedule %s", name)
	}
	return nil
}

func (t Timer) group() *string {
	if t.Group == "" {
		return nil
	}
	return &t.Group
}

// token is a client token of ours. It has at most 64 characters (AWS: EventBridge
// Scheduler API Reference, CreateSchedule) and differs from call to call: Scheduler
// takes a token that it has seen for a repeat and does nothing.
func (t Timer) token(name string) *string {
	sum := sha256.Sum256([]byte(name))
	return aws.String(fmt.Sprintf("%s-%d", hex.EncodeToString(sum[:20]), t.Now().UnixNano()))
}

// Deadman keeps rollouts' deadmen. Its timer's target is the recover function.
type Deadman struct{ Timer Timer }

// Call is what the schedule sends to the recover function.
type Call struct {
	Deadman string `json:"deadman"` // the rollout's name
}

// Arm makes the rollout's deadman go off at the time, wherever it stood before.
func (d Deadman) Arm(ctx context.Context, name string, at time.Time) error {
	if err := d.Timer.Set(ctx, name, at, Call{Deadman: name}); err != nil {
		return fmt.Errorf("arm the deadman: %w", err)
	}
	return nil
}

// Disarm removes the rollout's deadman, if it is there.
func (d Deadman) Disarm(ctx context.Context, name string) error {
	if err := d.Timer.Clear(ctx, name); err != nil {
		return fmt.Errorf("disarm the deadman: %w", err)
	}
	return nil
}

// Again is what a schedule sends to a function that is to try something again.
type Again struct {
	Again string `json:"again"` // the rollout's name, the approval's ID, or the first job of a pipeline's action
}
