package steps

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// recovery is the suffix of a recovery execution's name: -r and its fence.
var recovery = regexp.MustCompile(`-r\d+$`)

// RolloutOf is the name of the rollout that an execution, first or recovery, is
// of.
func RolloutOf(execution string) string {
	name := execution[strings.LastIndex(execution, ":")+1:]
	return recovery.ReplaceAllString(name, "")
}

// Recover looks after a rollout of which an event says that an execution ended
// badly, or whose deadman went off. What runs is left to run. What ended as
// designed is left so. Otherwise a new execution takes the dead one's place and
// does what the record shows undone.
func (s *Steps) Recover(ctx context.Context, name string) error {
	record, err := s.Store.Record(ctx, name)
	if err != nil {
		return err
	}
	// Should this call die half-way, there is another to come.
	if err := s.Deadman.Arm(ctx, name, s.Now().Add(Slack)); err != nil {
		return err
	}
	env, err := s.Store.Environment(ctx, record.Place)
	if err != nil {
		return err
	}
	execution := record.Execution
	if env.Rollout == name && env.Owner != "" {
		execution = env.Owner
	}
	// Of an execution of a machine before this one, which is gone, nothing may be known,
	// and where that was another stack's, its role may not even ask. Should it run yet,
	// whoever takes its place has fenced it out.
	gone := !strings.HasPrefix(execution, s.executionARN(""))
	status, err := s.status(ctx, execution)
	if err != nil && (!gone || rollout.KindOf(err) != rollout.KindDenied) {
		return err
	}
	switch {
	case status == types.ExecutionStatusRunning || status == types.ExecutionStatusPendingRedrive:
		return nil
	case status == neverStarted && !gone:
		return s.startAgain(ctx, record, &env, execution)
	default:
		return s.bury(ctx, record, &env, execution)
	}
}

// neverStarted is the status of an execution that Step Functions does not know.
const neverStarted types.ExecutionStatus = ""

func (s *Steps) status(ctx context.Context, execution string) (types.ExecutionStatus, error) {
	out, err := s.SFN.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &execution})
	if awsclient.Is(err, "ExecutionDoesNotExist") {
		return neverStarted, nil
	}
	if err != nil {
		return "", awsclient.Wrap(err, "read execution %s", execution)
	}
	return out.Status, nil
}

// startAgain starts an execution whose starter died before it could.
func (s *Steps) startAgain(ctx context.Context, record store.Record, env *store.Environment, execution string) error {
	if execution == s.executionARN(record.Name) {
		return s.Start(ctx, record)
	}
	return s.startRecovery(ctx, record, env, execution)
}

// bury deals with an execution that has ended, wherever it stood. What its Lock
// had under way may land after the rollout was ended here, so the deadman stays
// then, and comes once more to look.
func (s *Steps) bury(ctx context.Context, record store.Record, env *store.Environment, execution string) error {
	if env.Granted != nil && env.Granted.From == execution {
		if err := s.Waker.Wake(ctx, env.Granted.Token); err != nil {
			return err
		}
	}
	switch {
	case env.Owner == execution && env.Dirty == nil:
		return s.succeed(ctx, record, env, execution)
	case env.Owner == execution:
		_, err := s.farewell(ctx, record)
		return err
	}
	ended := record.Outcome != ""
	cause := Cause{Error: string(rollout.KindRefused), Cause: "its execution ended before it had the environment"}
	_, err := s.Leave(ctx, BackInput{
		Run: Run{
			App: record.Place.App, Environment: record.Place.Environment,
			Rollout: record.Name, Execution: execution,
		},
		Cause: cause,
	})
	if err != nil || ended {
		return err
	}
	return s.Deadman.Arm(ctx, record.Name, s.Now().Add(Slack))
}

// succeed puts a recovery execution in a dead owner's place. Its name follows from
// the fence, so that a repeat starts the same.
func (s *Steps) succeed(ctx context.Context, record store.Record, env *store.Environment, dead string) error {
	successor := s.executionARN(fmt.Sprintf("%s-r%d", record.Name, env.Fence+1))
	taken, after, err := s.Store.TakeOver(ctx, record.Place, dead, successor, env.Fence)
	if err != nil {
		return err
	}
	if !taken && after.Owner != successor {
		return nil // somebody else has taken it over, and starts what follows
	}
	if err := s.Store.Decided(ctx, store.Decision{
		Rollout: record.Name, At: s.Now(), Of: store.DecidedStep, Keep: record.Keep,
		What:   "its execution ended in the middle; another takes its place",
		Inputs: map[string]any{"dead": dead, "successor": successor, "fence": after.Fence, "committed": after.Committed == record.Name},
	}); err != nil {
		return err
	}
	return s.startRecovery(ctx, record, &after, successor)
}

func (s *Steps) startRecovery(ctx context.Context, record store.Record, env *store.Environment, successor string) error {
	if err := s.Store.SetExecution(ctx, record.Name, successor); err != nil {
		return err
	}
	in := execution{
		App: record.Place.App, Environment: record.Place.Environment, Rollout: record.Name,
		From: fromRecovery, At: string(rollout.PhaseRollback),
		Cause: &Cause{Error: string(rollout.KindAborted), Cause: "the execution before it ended in the middle"},
	}
	switch r := env.Repair; {
	case r != nil && RolloutOf(r.Execution) == record.Name: // what a person chose is done to its end
		in.Cause = &Cause{Error: string(rollout.KindAborted), Cause: "repaired by " + r.By}
		if r.Move == store.MoveAccept {
			in.At = string(rollout.PhaseAccept)
		}
	case env.Committed == record.Name:
		in.At, in.Cause = string(rollout.PhaseComplete), nil
	}
	return s.startExecution(ctx, successor[strings.LastIndex(successor, ":")+1:], in)
}
