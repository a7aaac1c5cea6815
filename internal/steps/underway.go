package steps

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// UnderWay is a rollout that has not ended: the one that has the environment, one
// that waits for it, or one that people are asked about.
type UnderWay struct {
	Rollout string       `json:"rollout"`
	Kind    rollout.Kind `json:"kind"`
	Brings  Brief        `json:"brings"`
	Leaves  int          `json:"leaves"` // rollbacks: the release they leave
	Why     string       `json:"why"`    // rollbacks: who or what asked
	Started time.Time    `json:"started"`
	Has     bool         `json:"has"`     // it has the environment
	Phase   string       `json:"phase"`   // the state that its execution is in; "" where that cannot be read
	Step    int          `json:"step"`    // the step that it has taken last, from 1; 0 before the first
	Steps   int          `json:"steps"`   // how many there are; 0 before they are known
	Canary  rollout.Slot `json:"canary"`  // "" before it is known
	Stopped string       `json:"stopped"` // why it goes back, or is about to; "" while it goes on
	Waits   *Awaited     `json:"waits"`   // nil while it works
	Asks    *Asked       `json:"asks"`    // nil where nobody has to answer
}

// Awaited is what a rollout waits for.
type Awaited struct {
	For   string     `json:"for"`
	Until *time.Time `json:"until"` // when it goes on, or gives up; nil: without limit
}

// Asked is an open question to people.
type Asked struct {
	Approval  string         `json:"approval"` // its ID
	Subject   string         `json:"subject"`
	Approvers []string       `json:"approvers"`
	Quorum    int            `json:"quorum"`
	NotAuthor bool           `json:"notAuthor"`
	Author    string         `json:"author"`
	Approved  []string       `json:"approved"` // who has, by name
	Expires   *time.Time     `json:"expires"`  // nil: never
	OnExpiry  rollout.Answer `json:"onExpiry"`
}

// SettleTime is how long the machine waits before it restores, so that no write of the
// rollout can be under way any more.
const SettleTime = time.Minute

// settling is the machine's state that does so by itself, without a function.
const settling = "Settle"

// rollouts are those under way, in the order in which they have, or get, the
// environment. One that has ended and keeps it Dirty is none.
func (l *look) rollouts(ctx context.Context) error {
	if l.env.Owner != "" {
		p, err := l.portray(ctx, l.env.Rollout)
		if err != nil {
			return err
		}
		switch {
		case p.record.Outcome == "":
			l.has(&p)
			if err := l.add(ctx, &p); err != nil {
				return err
			}
		case l.env.Dirty == nil:
			l.repair(ctx)
		}
	}
	for _, w := range []*store.Waiter{l.env.RollbackWaiter, l.env.Waiter, l.env.Held} {
		if w == nil || l.listed(w.Rollout) {
			continue
		}
		if err := l.addNamed(ctx, w.Rollout); err != nil {
			return err
		}
	}
	if asking := l.env.Asking; asking != nil && !l.listed(asking.Rollout) {
		return l.addNamed(ctx, asking.Rollout)
	}
	return nil
}

func (l *look) addNamed(ctx context.Context, name string) error {
	p, err := l.portray(ctx, name)
	if err != nil || p.record.Outcome != "" {
		return err
	}
	return l.add(ctx, &p)
}

func (l *look) listed(name string) bool {
	for _, r := range l.out.Rollouts {
		if r.Rollout == name {
			return true
		}
	}
	return false
}

// has notes the rollout that has the environment: what it has done to it counts.
func (l *look) has(p *portrait) {
	l.owner = p
	if p.spec.Name != "" {
		l.spec = p.spec
	}
	weights := p.weights()
	if snap := p.snapshot(); weights == nil && snap != nil {
		found := snap.Weights
		weights = &found
	}
	if weights != nil {
		l.out.Rule.Recorded = weights
	}
	if l.env.LatchRollout == p.record.Name {
		l.out.Latch = &Latched{Alarm: l.env.LatchAlarm, At: l.env.LatchAt}
	}
}

func (l *look) add(ctx context.Context, p *portrait) error {
	u := UnderWay{
		Rollout: p.record.Name, Kind: p.record.Kind, Brings: brief(p.release), Leaves: p.record.Leave,
		Why: p.record.Why, Started: p.record.At, Has: p.mine(),
	}
	if snap := p.snapshot(); snap != nil {
		u.Canary, u.Steps = snap.Plan.Canary, len(snap.Plan.Steps)
		u.Step = taken(snap.Plan, p.weights())
	}
	if p.mine() && p.env.GuardClosed != p.record.Name {
		if why := p.env.Stopped(p.record.Name); why != nil {
			u.Stopped = why.Error()
		}
	}
	phase, since, err := l.stateOf(ctx, p.record.Execution)
	if err != nil {
		l.unread("state of "+p.record.Name, err)
	}
	u.Phase = phase
	if a := p.approval; a != nil && a.Standing == rollout.Open {
		u.Asks = askedOf(p)
	}
	if u.Waits = waitOf(p, u.Phase, since); u.Phase == string(rollout.PhaseGate) {
		closed, err := l.closed(ctx, p.record, p.spec)
		if err != nil {
			return err
		}
		if closed != nil {
			u.Waits = &Awaited{For: closed.Why, Until: &closed.Until}
		}
	}
	l.out.Rollouts = append(l.out.Rollouts, u)
	return nil
}

// taken is the step, from 1, whose weights these are; 0 if none has.
func taken(plan rollout.Plan, weights *rollout.Weights) int {
	if weights == nil {
		return 0
	}
	for i := range plan.Steps {
		if plan.After(i) == *weights {
			return i + 1
		}
	}
	return 0
}

// stateOf is the state that an execution is in, and since when.
func (s *Steps) stateOf(ctx context.Context, execution string) (string, time.Time, error) {
	pages := sfn.NewGetExecutionHistoryPaginator(s.SFN, &sfn.GetExecutionHistoryInput{
		ExecutionArn: &execution, ReverseOrder: true, IncludeExecutionData: aws.Bool(false),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", time.Time{}, awsclient.Wrap(err, "read the history of %s", execution)
		}
		for _, event := range page.Events {
			if entered := event.StateEnteredEventDetails; entered != nil {
				return aws.ToString(entered.Name), aws.ToTime(event.Timestamp), nil
			}
		}
	}
	return "", time.Time{}, nil
}

// waitOf is what a rollout in a state waits for, nil while it works.
func waitOf(p *portrait, phase string, since time.Time) *Awaited {
	w := Awaited{For: rollout.Phase(phase).WaitsFor()}
	token := p.env.Token
	switch at := rollout.Phase(phase); {
	case phase == settling:
		w.For, w.Until = "every write in flight to land", until(since, SettleTime)
	case at == rollout.PhaseApprove || at == rollout.PhaseAsk:
		if p.approval == nil {
			return nil // it asks just now, or nobody
		}
		if expires := p.approval.ExpiresAt(); !expires.IsZero() {
			w.Until = &expires
		}
	case at == rollout.PhaseLock:
		waiter := p.env.Waiting(p.record.Kind)
		if waiter == nil || waiter.Rollout != p.record.Name {
			return nil
		}
		w.For, w.Until = p.env.Rollout+" to end", until(waiter.Since, QueueDeadline)
	case !p.mine() || token == nil || token.Phase != at:
		return nil
	case at == rollout.PhaseAwaitCanary && p.snapshot() != nil:
		w.Until = until(p.snapshot().At, CanaryDeadline)
	case at == rollout.PhaseHold: // for as long as people want
	default:
		w.Until = &token.Until
	}
	return &w
}

func until(since time.Time, span time.Duration) *time.Time {
	at := since.Add(span)
	return &at
}

func askedOf(p *portrait) *Asked {
	a, q := p.approval, questionOf(p.approval, p.spec)
	asked := &Asked{
		Approval: a.ID, Subject: q.Subject, Approvers: a.Rule.Approvers, Quorum: a.Rule.Quorum, NotAuthor: a.Rule.NotAuthor,
		Author: a.Author, Approved: []string{}, OnExpiry: a.Rule.OnExpiry,
	}
	for _, v := range a.Cast() {
		if v.Answer == rollout.Approve {
			asked.Approved = append(asked.Approved, v.Person.Name)
		}
	}
	if at := a.ExpiresAt(); !at.IsZero() {
		asked.Expires = &at
	}
	return asked
}
