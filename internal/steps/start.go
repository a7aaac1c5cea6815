package steps

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// execution is the input of an execution of the machine.
type execution struct {
	App         string `json:"app"`
	Environment string `json:"environment"`
	Rollout     string `json:"rollout"`
	From        string `json:"from"` // start, rollback, or recovery
	Look        int    `json:"look"` // seconds until a question before the environment is looked at again
	At          string `json:"at"`   // where recovery goes on: Rollback, Complete or Accept
	Cause       *Cause `json:"cause,omitempty"`
}

// What an execution's input says of where it comes from.
const (
	fromStart    = "start"
	fromRollback = "rollback"
	fromRecovery = "recovery"
)

// executionARN is the ARN of the machine's execution of that name (AWS: Service
// Authorization Reference, resource types of Step Functions).
func (s *Steps) executionARN(name string) string {
	return strings.Replace(s.Machine, ":stateMachine:", ":execution:", 1) + ":" + name
}

// Start records a rollout, arms its deadman and starts its execution, once for its
// name. One that has ended is not started again.
func (s *Steps) Start(ctx context.Context, record store.Record) error {
	record.At, record.Execution = s.Now(), s.executionARN(record.Name)
	record, err := s.Store.PutRecord(ctx, record)
	if err != nil || record.Outcome != "" {
		return err
	}
	if err := s.Deadman.Arm(ctx, record.Name, s.Now().Add(Slack)); err != nil {
		return err
	}
	in := execution{
		App: record.Place.App, Environment: record.Place.Environment, Rollout: record.Name,
		From: fromStart, Look: record.Look,
	}
	if in.Look == 0 {
		in.Look = unbaked // nobody is asked, so the state ends itself
	}
	if record.Kind == rollout.Back {
		in.From = fromRollback
	}
	return s.startExecution(ctx, record.Name, in)
}

// startExecution starts an execution by name; one that was started before, running
// or ended, is left as it is.
func (s *Steps) startExecution(ctx context.Context, name string, in execution) error {
	text, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("encode the input of %s: %w", name, err)
	}
	_, err = s.SFN.StartExecution(ctx, &sfn.StartExecutionInput{
		StateMachineArn: &s.Machine, Name: &name, Input: aws.String(string(text)),
	})
	if err == nil || awsclient.Is(err, "ExecutionAlreadyExists") {
		return nil
	}
	return awsclient.Wrap(err, "start execution %s", name)
}

// BackRequest asks for a rollback rollout.
type BackRequest struct {
	Place store.Place
	Cause string // what makes two requests the same
	Why   string // who or what asks, for people
	Leave int    // the release to leave; 0 is the newest that runs or has the environment
	To    int    // the release to go to; 0 is the one before
}

// StartBack starts a rollback rollout, once for its cause, and gives its name.
// Refused when there is no release to leave or to go to.
func (s *Steps) StartBack(ctx context.Context, req BackRequest) (string, error) {
	env, err := s.Store.Environment(ctx, req.Place)
	if err != nil {
		return "", err
	}
	if err := s.complete(ctx, &req, &env); err != nil {
		return "", err
	}
	release, err := s.Store.Release(ctx, req.Place.App, req.To)
	if err != nil {
		return "", err
	}
	number, err := s.Store.Draw(ctx, req.Place.App, "rollback#"+req.Place.Environment+"#"+req.Cause)
	if err != nil {
		return "", err
	}
	name := rollout.NameOf(rollout.Back, req.Place.App, req.Place.Environment, number)
	err = s.Start(ctx, store.Record{
		Name: name, Place: req.Place, Kind: rollout.Back, Number: number,
		Release: req.To, Leave: req.Leave, Why: req.Why, Keep: release.Spec.Keep,
	})
	if err != nil {
		return name, err
	}
	return name, s.halt(ctx, req.Place, req.Leave, req.Why)
}

// complete fills in what a request leaves open.
func (s *Steps) complete(ctx context.Context, req *BackRequest, env *store.Environment) error {
	facts := env.Facts
	if facts == nil {
		facts = &store.Facts{}
	}
	running := 0 // the release of a forward rollout that has not committed
	if env.Owner != "" && env.Kind == rollout.Forward && env.Committed != env.Rollout {
		record, err := s.Store.Record(ctx, env.Rollout)
		if err != nil {
			return err
		}
		running = record.Release
	}
	if req.Leave == 0 {
		req.Leave = facts.Release
		if running != 0 {
			req.Leave = running
		}
	}
	if req.To == 0 {
		req.To = facts.Previous
		if running != 0 && req.Leave == running {
			req.To = facts.Release
		}
	}
	if req.Leave == 0 || req.To == 0 {
		return rollout.Errorf(rollout.KindRefused, "%s has no release recorded to go back to", req.Place)
	}
	return nil
}
