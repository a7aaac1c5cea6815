package store

import (
	"context"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Place names an app's environment.
type Place struct {
	App         string `dynamodbav:"app"`
	Environment string `dynamodbav:"environment"`
}

func (p Place) String() string { return p.App + "/" + p.Environment }

func (p Place) key() key { return key{"app#" + p.App, "environment#" + p.Environment} }

// Environment is the one item of an app's environment: who owns it, who waits,
// what the owner has done so far, and the facts as last committed.
//
// Snapshot, Intent, latch and abort carry the name of the rollout they belong to.
// They are set only while it is the owner, never cleared, and count as absent for
// every other rollout.
type Environment struct {
	Place

	Owner   string       `dynamodbav:"owner,omitempty"` // execution ARN; "" when free
	Rollout string       `dynamodbav:"rollout,omitempty"`
	Kind    rollout.Kind `dynamodbav:"kind,omitempty"`
	Number  int          `dynamodbav:"number,omitempty"`
	Fence   int          `dynamodbav:"fence,omitempty"`
	Locked  string       `dynamodbav:"locked,omitempty"` // EnteredTime of the state that the owner got it in
	Token   *Token       `dynamodbav:"token,omitempty"`

	Waiter         *Waiter `dynamodbav:"waiter,omitempty"`
	RollbackWaiter *Waiter `dynamodbav:"rollbackWaiter,omitempty"`
	Ended          int     `dynamodbav:"ended,omitempty"`         // highest number of a forward rollout that let go
	RollbackEnded  int     `dynamodbav:"rollbackEnded,omitempty"` // the same for rollbacks
	Newest         int     `dynamodbav:"newest,omitempty"`        // highest forward number that ever came
	Granted        *Grant  `dynamodbav:"granted,omitempty"`
	Asking         *Asking `dynamodbav:"asking,omitempty"`
	Held           *Waiter `dynamodbav:"held,omitempty"` // by a freeze or a window, before the queue

	Snapshot     *Snapshot `dynamodbav:"snapshot,omitempty"`
	Intent       *Intent   `dynamodbav:"intent,omitempty"`
	LatchRollout string    `dynamodbav:"latchRollout,omitempty"`
	LatchAlarm   string    `dynamodbav:"latchAlarm,omitempty"`
	LatchAt      time.Time `dynamodbav:"latchAt,omitempty"`
	AbortRollout string    `dynamodbav:"abortRollout,omitempty"`
	AbortWhy     string    `dynamodbav:"abortWhy,omitempty"`
	Committed    string    `dynamodbav:"committed,omitempty"`   // the rollout that committed last
	CommittedAt  time.Time `dynamodbav:"committedAt,omitempty"` // and when
	GuardClosed  string    `dynamodbav:"guardClosed,omitempty"` // the rollout whose guard closed last

	Facts  *Facts     `dynamodbav:"facts,omitempty"`
	Dirty  *DirtyMark `dynamodbav:"dirty,omitempty"`
	Repair *Repair    `dynamodbav:"repair,omitempty"` // the last one that a person chose
}

// Token is the owner's task token and the moment that orders it among the
// owner's other tokens.
type Token struct {
	Token   string        `dynamodbav:"token"`
	Phase   rollout.Phase `dynamodbav:"phase"`
	Entered string        `dynamodbav:"entered"` // the state's EnteredTime
	Retry   int           `dynamodbav:"retry"`   // the state's RetryCount
	Until   time.Time     `dynamodbav:"until"`   // when the wait times out
}

// Waiter is a rollout that waits for the lock.
type Waiter struct {
	Execution string       `dynamodbav:"execution"`
	Rollout   string       `dynamodbav:"rollout"`
	Kind      rollout.Kind `dynamodbav:"kind"`
	Number    int          `dynamodbav:"number"`
	Token     string       `dynamodbav:"token"`
	Entered   string       `dynamodbav:"entered"`
	Retry     int          `dynamodbav:"retry"`
	Since     time.Time    `dynamodbav:"since"` // when the rollout first asked for the lock
}

// Grant says who handed the lock to whom, so that the wake-up can be sent again.
type Grant struct {
	From  string `dynamodbav:"from"` // execution ARN
	Token string `dynamodbav:"token"`
}

// Facts is what is so until a rollout commits something else.
type Facts struct {
	Site     Site            `dynamodbav:"site"`
	Stable   rollout.Slot    `dynamodbav:"stable"`
	Weights  rollout.Weights `dynamodbav:"weights"`
	Release  int             `dynamodbav:"release"`
	Previous int             `dynamodbav:"previous"` // the release to go back to; 0 when there is none
	Guarded  time.Time       `dynamodbav:"guarded"`  // until then a red alarm starts a rollback rollout
}

// Site is where an environment's traffic and tasks are. It changes only while
// nobody owns the environment.
type Site struct {
	Region       string        `dynamodbav:"region,omitempty"` // "" is Sluice's own
	Role         string        `dynamodbav:"role,omitempty"`   // ARN of the role to assume there; "" is none
	Cluster      string        `dynamodbav:"cluster"`
	Services     rollout.Names `dynamodbav:"services"`     // names
	TargetGroups rollout.Names `dynamodbav:"targetGroups"` // ARNs
	Rule         string        `dynamodbav:"rule"`         // ARN
}

// Snapshot is what a rollout found before it changed anything.
type Snapshot struct {
	Rollout string          `dynamodbav:"rollout"`
	Site    Site            `dynamodbav:"site"`
	Plan    rollout.Plan    `dynamodbav:"plan"`
	Weights rollout.Weights `dynamodbav:"weights"`
	Blue    ServiceState    `dynamodbav:"blue"`
	Green   ServiceState    `dynamodbav:"green"`
	Facts   *Facts          `dynamodbav:"facts"` // nil: nothing was committed before
	At      time.Time       `dynamodbav:"at"`
	Keep    time.Duration   `dynamodbav:"keep,omitempty"` // as the record's, for who stops the rollout and has no time to read that
}

// ServiceState is one slot's service as the snapshot found it.
type ServiceState struct {
	Service        string           `dynamodbav:"service"` // name
	ARN            string           `dynamodbav:"arn"`
	Desired        int              `dynamodbav:"desired"`
	TaskDefinition string           `dynamodbav:"taskDefinition"`
	Deployment     string           `dynamodbav:"deployment"` // id of its PRIMARY deployment
	Scaling        *rollout.Scaling `dynamodbav:"scaling"`    // nil: no scalable target
}

// Intent is a weight change that is about to be written, and the fence it was
// decided under.
type Intent struct {
	Rollout string          `dynamodbav:"rollout"`
	From    rollout.Weights `dynamodbav:"from"`
	To      rollout.Weights `dynamodbav:"to"`
	Fence   int             `dynamodbav:"fence"`
	At      time.Time       `dynamodbav:"at,omitzero"`
}

// DirtyMark says that the environment needs a person, and why.
type DirtyMark struct {
	Rollout string    `dynamodbav:"rollout"`
	Why     string    `dynamodbav:"why"`
	At      time.Time `dynamodbav:"at"`
}

// Move is a way out of Dirty.
type Move string

// The moves.
const (
	// MoveBack puts all traffic on the slot that had it before the rollout.
	MoveBack Move = "back"
	// MoveAccept takes the slot that has all the traffic now for what the environment runs.
	MoveAccept Move = "accept"
)

// Repair is a move that a person chose, and the execution that does it.
type Repair struct {
	Move      Move   `dynamodbav:"move"`
	Execution string `dynamodbav:"execution"` // ARN
	Order     string `dynamodbav:"order"`     // what makes two requests the same
	By        string `dynamodbav:"by"`

	At time.Time `dynamodbav:"at"` // when it was taken on
}

// StableSlot is the slot that had the traffic before.
func (s *Snapshot) StableSlot() rollout.Slot { return s.Plan.Canary.Other() }

// Of is what was found of one slot.
func (s *Snapshot) Of(slot rollout.Slot) ServiceState {
	if slot == rollout.Blue {
		return s.Blue
	}
	return s.Green
}

// SnapshotOf is the snapshot of that rollout, nil if it made none.
func (e *Environment) SnapshotOf(name string) *Snapshot {
	if e.Snapshot == nil || e.Snapshot.Rollout != name {
		return nil
	}
	return e.Snapshot
}

// Stopped says why a forward rollout must not go on: an AlarmRed or Aborted error,
// or nil. Nothing stops a rollback.
func (e *Environment) Stopped(name string) error {
	if e.Kind == rollout.Back {
		return nil
	}
	if e.AbortRollout == name {
		return rollout.Errorf(rollout.KindAborted, "%s was aborted: %s", name, e.AbortWhy)
	}
	if e.LatchRollout == name {
		return rollout.Errorf(rollout.KindAlarmRed, "alarm %s went red at %s",
			e.LatchAlarm, e.LatchAt.Format(time.RFC3339))
	}
	return nil
}

// Environment reads an environment. One that nobody has written yet is empty but
// for its place.
func (s *Store) Environment(ctx context.Context, place Place) (Environment, error) {
	env := Environment{Place: place}
	_, err := s.get(ctx, place.key(), &env)
	return env, err
}

func decode(it item, place Place) (Environment, error) {
	env := Environment{Place: place}
	if it == nil {
		return env, nil
	}
	err := unmarshal(it, &env)
	return env, err
}
