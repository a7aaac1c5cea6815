package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Record is what is known of one rollout, under its name.
type Record struct {
	Name      string        `dynamodbav:"name"`
	Place     Place         `dynamodbav:"place"`
	Kind      rollout.Kind  `dynamodbav:"kind"`
	Number    int           `dynamodbav:"number"`          // its place in the queue: the release's, or a rollback's own
	Release   int           `dynamodbav:"release"`         // the release it brings in
	Leave     int           `dynamodbav:"leave,omitempty"` // rollbacks: the release they leave
	Why       string        `dynamodbav:"why,omitempty"`   // rollbacks: who or what asked
	Execution string        `dynamodbav:"execution"`       // ARN of the newest execution
	At        time.Time     `dynamodbav:"at"`
	Keep      time.Duration `dynamodbav:"keep,omitempty"` // of its decisions; 0 is for ever
	Look      int           `dynamodbav:"look,omitempty"` // seconds until a question before the environment is looked at again

	TaskDefinition string          `dynamodbav:"taskDefinition,omitempty"` // ARN, once registered
	Outcome        rollout.Outcome `dynamodbav:"outcome,omitempty"`        // once ended
	Reason         string          `dynamodbav:"reason,omitempty"`         // of the outcome
	EndedAt        time.Time       `dynamodbav:"endedAt,omitempty"`
	Told           bool            `dynamodbav:"told,omitempty"` // people were told of the outcome
}

// Claim is the record's claim as the given execution.
func (r Record) Claim(execution string) Claim {
	return Claim{Place: r.Place, Execution: execution, Rollout: r.Name, Kind: r.Kind, Number: r.Number}
}

// DecisionKind is what a decision is about.
type DecisionKind string

// The kinds.
const (
	DecidedStep     DecisionKind = "step"     // a state did its work, or could not
	DecidedGate     DecisionKind = "gate"     // whether it may begin, or go on
	DecidedVerdict  DecisionKind = "verdict"  // the judge's
	DecidedAlarm    DecisionKind = "alarm"    // what an alarm's event led to
	DecidedRollback DecisionKind = "rollback" // the way back
	DecidedApproval DecisionKind = "approval" // a person's answer, taken or refused, or an expiry
	DecidedCommand  DecisionKind = "command"  // a person promoted, paused, resumed or aborted, or was refused
	DecidedNotice   DecisionKind = "notice"   // a notice that could not be delivered
)

// Decision is one thing that was decided or done in a rollout, or about a
// pipeline's approval, with what it rested on. It is written once and never
// changed.
type Decision struct {
	Rollout string            `dynamodbav:"rollout" json:"rollout"` // or the ID of a pipeline's approval
	At      time.Time         `dynamodbav:"at" json:"at"`
	Of      DecisionKind      `dynamodbav:"of" json:"of"`
	Phase   rollout.Phase     `dynamodbav:"phase,omitempty" json:"phase,omitempty"`
	Kind    rollout.ErrorKind `dynamodbav:"kind,omitempty" json:"kind,omitempty"` // of the error, if it was one
	What    string            `dynamodbav:"what" json:"what"`
	Inputs  map[string]any    `dynamodbav:"inputs,omitempty" json:"inputs,omitempty"`
	Order   string            `dynamodbav:"sk" json:"-"` // orders a rollout's decisions; set by the table
	Keep    time.Duration     `dynamodbav:"-" json:"-"`  // how long the table keeps it; 0 is for ever
}

func recordKey(name string) key { return key{"rollout#" + name, "record"} }

// PutRecord writes a rollout's record if there is none, and gives the one there is.
func (s *Store) PutRecord(ctx context.Context, r Record) (Record, error) {
	wrote, err := s.putNew(ctx, recordKey(r.Name), r)
	if err != nil || wrote {
		return r, err
	}
	return s.Record(ctx, r.Name)
}

// Record reads a rollout's record. NotFound if there is none.
func (s *Store) Record(ctx context.Context, name string) (Record, error) {
	var r Record
	found, err := s.get(ctx, recordKey(name), &r)
	if err == nil && !found {
		err = rollout.Errorf(rollout.KindNotFound, "no rollout is named %q", name)
	}
	return r, err
}

// SetExecution notes the newest execution of a rollout.
func (s *Store) SetExecution(ctx context.Context, name, execution string) error {
	return s.amend(ctx, name, "SET #execution = :value", "attribute_exists(#execution)", map[string]any{":value": execution})
}

// SetTaskDefinition notes the task definition that a rollout runs.
func (s *Store) SetTaskDefinition(ctx context.Context, name, arn string) error {
	return s.amend(ctx, name, "SET #taskDefinition = :value", "attribute_exists(#execution)", map[string]any{":value": arn})
}

// SetTold notes that people were told how the rollout ended.
func (s *Store) SetTold(ctx context.Context, name string) error {
	return s.amend(ctx, name, "SET #told = :value", "attribute_exists(#execution)", map[string]any{":value": true})
}

// End notes how a rollout ended, once: an outcome that is there stays. It gives
// the record as it is then.
func (s *Store) End(ctx context.Context, name string, outcome rollout.Outcome, reason string, at time.Time) (Record, error) {
	_, it, err := s.apply(ctx, update{
		key:       recordKey(name),
		set:       "SET #outcome = :outcome, #reason = :reason, #endedAt = :at",
		condition: "attribute_exists(#execution) AND attribute_not_exists(#outcome)",
		values:    map[string]any{":outcome": outcome, ":reason": reason, ":at": at},
	})
	var r Record
	if err == nil {
		err = unmarshal(it, &r)
	}
	return r, err
}

func (s *Store) amend(ctx context.Context, name, set, condition string, values map[string]any) error {
	held, _, err := s.apply(ctx, update{key: recordKey(name), set: set, condition: condition, values: values})
	if err == nil && !held {
		err = rollout.Errorf(rollout.KindNotFound, "no rollout is named %q", name)
	}
	return err
}

// Decided writes a decision. The same decision written again changes nothing.
func (s *Store) Decided(ctx context.Context, d Decision) error {
	text, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("encode a decision of %s: %w", d.Rollout, err)
	}
	sk := fmt.Sprintf("%s#%s#%s", d.At.UTC().Format(orderly), d.Phase, short(string(text))[:8])
	_, err = s.putNew(ctx, key{"decisions#" + d.Rollout, sk}, decisionItem{d, expiry(d.At, d.Keep)})
	return err
}

// decisionItem is a Decision as the table holds it.
type decisionItem struct {
	Decision

	Expires int64 `dynamodbav:"expires,omitempty"`
}

// expiry is when the table may drop an item, in Unix seconds, as its time to live
// asks for; 0 is never.
func expiry(at time.Time, keep time.Duration) int64 {
	if keep == 0 {
		return 0
	}
	return at.Add(keep).Unix()
}

// Decisions reads a rollout's decisions in the order of their times.
func (s *Store) Decisions(ctx context.Context, name string) ([]Decision, error) {
	var all []Decision
	err := s.query(ctx, "decisions#"+name, "2", func(it item) error { // years begin with a 2
		var d Decision
		if err := unmarshal(it, &d); err != nil {
			return err
		}
		all = append(all, d)
		return nil
	})
	return all, err
}
