package stepfunctions

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// statusChange is the detail of the event Step Functions Execution Status Change
// (AWS: Step Functions Developer Guide, Automating Step Functions event delivery
// with EventBridge). Times are in milliseconds.
type statusChange struct {
	ExecutionARN           string   `json:"executionArn"`
	StateMachineARN        string   `json:"stateMachineArn"`
	Name                   string   `json:"name"`
	Status                 string   `json:"status"`
	StartDate              int64    `json:"startDate"`
	StopDate               *int64   `json:"stopDate"`
	Input                  *string  `json:"input"`
	Output                 *string  `json:"output"`
	StateMachineVersionARN *string  `json:"stateMachineVersionArn"`
	StateMachineAliasARN   *string  `json:"stateMachineAliasArn"`
	RedriveCount           int      `json:"redriveCount"`
	RedriveDate            *int64   `json:"redriveDate"`
	RedriveStatus          string   `json:"redriveStatus"`
	RedriveStatusReason    *string  `json:"redriveStatusReason"`
	InputDetails           *details `json:"inputDetails"`
	OutputDetails          *details `json:"outputDetails"`
	Error                  *string  `json:"error"`
	Cause                  *string  `json:"cause"`
}

type details struct {
	Included bool `json:"included"`
}

// eventPayload is how much input and output, together, an event carries (AWS: as
// statusChange).
const eventPayload = 248 << 10

func (s *Service) emitStatus(e *execution) {
	change := statusChange{
		ExecutionARN: e.ARN, StateMachineARN: e.machine.arn, Name: e.Name, Status: string(e.Status),
		StartDate: e.StartTime.UnixMilli(), StopDate: millis(e.stopped()),
		RedriveCount: e.RedriveCount, RedriveDate: millis(e.redriven()),
		RedriveStatus: string(types.ExecutionRedriveStatusRedrivable),
		InputDetails:  &details{Included: true}, Error: e.Error, Cause: e.Cause,
	}
	if e.Status == types.ExecutionStatusSucceeded {
		change.Output, change.OutputDetails = &e.Output, &details{Included: true}
	}
	change.InputDetails.Included = len(e.Input)+len(e.Output) <= eventPayload
	if change.InputDetails.Included {
		change.Input = &e.Input
	}
	reason, ok := e.Redrivable()
	if ok {
		reason = fmt.Sprintf("Execution is %s and is redrivable", e.Status)
	} else {
		change.RedriveStatus = string(types.ExecutionRedriveStatusNotRedrivable)
	}
	change.RedriveStatusReason = &reason
	s.deps.Emit("aws.states", "Step Functions Execution Status Change", []string{e.ARN}, change)
}

func millis(t *time.Time) *int64 {
	if t == nil {
		return nil
	}
	n := t.UnixMilli()
	return &n
}
