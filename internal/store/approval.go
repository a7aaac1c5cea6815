package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Approval is one question to people, bound to what it is about: its ID follows
// from that. A question of ours belongs to a rollout, one of a pipeline to an
// action of it.
type Approval struct {
	ID       string           `dynamodbav:"id"`
	Place    Place            `dynamodbav:"place"` // a pipeline's has no environment
	Rollout  string           `dynamodbav:"rollout,omitempty"`
	Step     int              `dynamodbav:"step"` // rollout.BeforeAll, or the step's index
	Release  int              `dynamodbav:"release,omitempty"`
	Hash     string           `dynamodbav:"hash"` // of release and spec
	Author   string           `dynamodbav:"author,omitempty"`
	Rule     rollout.Approval `dynamodbav:"rule"`
	Pipeline *PipelineAction  `dynamodbav:"pipeline,omitempty"`
	At       time.Time        `dynamodbav:"at"`
	Deadline int64            `dynamodbav:"deadline"` // Unix nanoseconds; 0: none

	Standing  rollout.Standing        `dynamodbav:"standing"`
	Why       string                  `dynamodbav:"why,omitempty"`
	VoidKind  rollout.ErrorKind       `dynamodbav:"voidKind,omitempty"` // what a void question means to what waits
	SettledAt time.Time               `dynamodbav:"settledAt,omitempty"`
	Votes     map[string]rollout.Vote `dynamodbav:"votes"` // by a hash of the person's key
	Taken     int                     `dynamodbav:"taken"` // how many votes were taken, with those that were replaced
	Token     *Token                  `dynamodbav:"token,omitempty"`
	Used      string                  `dynamodbav:"used,omitempty"` // who used the approval, or a pipeline's execution that has the answer
}

// PipelineAction is an approval action of a CodePipeline that waits.
type PipelineAction struct {
	Pipeline  string `dynamodbav:"pipeline"`
	Stage     string `dynamodbav:"stage"`
	Action    string `dynamodbav:"action"`
	Execution string `dynamodbav:"execution"` // ID of the action's execution
	Token     string `dynamodbav:"token"`     // for PutApprovalResult
	Region    string `dynamodbav:"region"`
	Link      string `dynamodbav:"link,omitempty"`
	Summary   string `dynamodbav:"summary,omitempty"`
}

// Binding is what an approval is bound to.
type Binding struct {
	Rollout string // or a pipeline's action execution
	Step    int
	Hash    string
}

// ApprovalPrefix is what IDs of approvals begin with.
const ApprovalPrefix = "apr-"

// ID is the ID of the one approval that is bound so.
func (b Binding) ID() string {
	return ApprovalPrefix + short(fmt.Sprintf("%s#%d#%s", b.Rollout, b.Step, b.Hash))
}

func short(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:12])
}

// Cast is the votes in the order in which they came.
func (a Approval) Cast() []rollout.Vote {
	return slices.SortedFunc(maps.Values(a.Votes), func(x, y rollout.Vote) int {
		if c := x.At.Compare(y.At); c != 0 {
			return c
		}
		return strings.Compare(x.Person.Key(), y.Person.Key())
	})
}

// ExpiresAt is when the question's time is over; zero: never.
func (a Approval) ExpiresAt() time.Time {
	if a.Deadline == 0 {
		return time.Time{}
	}
	return time.Unix(0, a.Deadline).UTC()
}

func approvalKey(id string) key { return key{"approval#" + id, "approval"} }

// PutApproval asks a question, once for its ID. It gives the question as it is and
// reports whether this call asked it.
func (s *Store) PutApproval(ctx context.Context, a Approval) (bool, Approval, error) {
	a.Standing, a.Votes, a.Taken = rollout.Open, map[string]rollout.Vote{}, 0
	wrote, err := s.putNew(ctx, approvalKey(a.ID), a)
	if err != nil || wrote {
		return wrote, a, err
	}
	a, err = s.Approval(ctx, a.ID)
	return false, a, err
}

// Approval reads a question. NotFound if there is none of that ID.
func (s *Store) Approval(ctx context.Context, id string) (Approval, error) {
	var a Approval
	found, err := s.get(ctx, approvalKey(id), &a)
	if err == nil && !found {
		err = rollout.Errorf(rollout.KindNotFound, "there is no approval %q", id)
	}
	return a, err
}

// StoreApprovalToken keeps the token of the state that waits for the answer, over
// an older one only. It reports false, and changes nothing, for an attempt that Step
// Functions has given up.
func (s *Store) StoreApprovalToken(ctx context.Context, id string, t Token) (bool, Approval, error) {
	held, a, err := s.onApproval(ctx, id, update{
		set: "SET #token = :token",
		condition: "attribute_exists(#standing) AND (attribute_not_exists(#token) OR #token.#entered < :entered OR " +
			"(#token.#entered = :entered AND #token.#retry < :retry))",
		values: map[string]any{":token": t, ":entered": t.Entered, ":retry": t.Retry},
	})
	return held || err == nil && a.Token != nil && a.Token.Token == t.Token, a, err
}

// Vote keeps a person's answer to an open question whose time is not over: one of
// each person, and of an approval a rejection may still take the place. It reports
// whether the answer is kept now, by this call or a repeat of it.
func (s *Store) Vote(ctx context.Context, id string, v rollout.Vote) (bool, Approval, error) {
	voter := short(v.Person.Key())
	held, a, err := s.onApproval(ctx, id, update{
		set: "SET #votes.#voter = :vote, #taken = #taken + :one",
		condition: "#standing = :open AND (#deadline = :never OR #deadline > :at) AND " +
			"(attribute_not_exists(#votes.#voter) OR (#votes.#voter.#Answer = :approve AND :answer = :reject))",
		names: map[string]string{"#voter": voter},
		values: map[string]any{
			":vote": v, ":one": 1, ":open": rollout.Open, ":never": 0, ":at": v.At.UnixNano(),
			":answer": v.Answer, ":approve": rollout.Approve, ":reject": rollout.Reject,
		},
	})
	if err != nil || held {
		return held, a, err
	}
	kept, ok := a.Votes[voter]
	return ok && kept.At.Equal(v.At) && kept.Answer == v.Answer, a, nil
}

// Settle ends an open question as it was seen. It reports false, with the question
// as it is, when it is not open any more or a vote was taken since.
func (s *Store) Settle(ctx context.Context, seen Approval, standing rollout.Standing, why string, at time.Time) (bool, Approval, error) {
	return s.onApproval(ctx, seen.ID, update{
		set:       "SET #standing = :standing, #why = :why, #settledAt = :at",
		condition: "#standing = :open AND #taken = :seen",
		values: map[string]any{
			":standing": standing, ":why": why, ":at": at, ":open": rollout.Open, ":seen": seen.Taken,
		},
	})
}

// Voiding is why nobody needs an answer any more. What still waits for it is failed
// with the kind.
type Voiding struct {
	Kind rollout.ErrorKind
	Why  string
	At   time.Time
}

// Void ends a question that nobody needs an answer to any more, and takes back an
// approval that was not used yet. It reports whether it is void now because of this
// call, and gives it.
func (s *Store) Void(ctx context.Context, id string, v Voiding) (bool, Approval, error) {
	return s.onApproval(ctx, id, update{
		set:       "SET #standing = :void, #voidKind = :kind, #why = :why, #settledAt = :at",
		condition: "#standing = :open OR (#standing = :approved AND attribute_not_exists(#used))",
		values: map[string]any{
			":void": rollout.Void, ":kind": v.Kind, ":why": v.Why, ":at": v.At,
			":open": rollout.Open, ":approved": rollout.Approved,
		},
	})
}

// Use uses an approval up, once: for who uses it, it can be repeated. It reports
// false, with the question as it is, when it is not approved or somebody else has
// used it.
func (s *Store) Use(ctx context.Context, id, who string) (bool, Approval, error) {
	return s.onApproval(ctx, id, update{
		set:       "SET #used = :who",
		condition: "#standing = :approved AND (attribute_not_exists(#used) OR #used = :who)",
		values:    map[string]any{":who": who, ":approved": rollout.Approved},
	})
}

// Given notes that a pipeline has people's answer.
func (s *Store) Given(ctx context.Context, id, execution string) (Approval, error) {
	_, a, err := s.onApproval(ctx, id, update{
		set:       "SET #used = :execution",
		condition: "(#standing = :approved OR #standing = :rejected) AND attribute_not_exists(#used)",
		values:    map[string]any{":execution": execution, ":approved": rollout.Approved, ":rejected": rollout.Refusal},
	})
	return a, err
}

// Overtake makes an answer void that people gave and a pipeline did not take.
func (s *Store) Overtake(ctx context.Context, id string, v Voiding) (Approval, error) {
	_, a, err := s.onApproval(ctx, id, update{
		set:       "SET #standing = :void, #voidKind = :kind, #why = :why, #settledAt = :at",
		condition: "(#standing = :approved OR #standing = :rejected) AND attribute_not_exists(#used)",
		values: map[string]any{
			":void": rollout.Void, ":kind": v.Kind, ":why": v.Why, ":at": v.At,
			":approved": rollout.Approved, ":rejected": rollout.Refusal,
		},
	})
	return a, err
}

func (s *Store) onApproval(ctx context.Context, id string, u update) (bool, Approval, error) {
	u.key = approvalKey(id)
	held, it, err := s.apply(ctx, u)
	var a Approval
	switch {
	case err != nil:
		return false, a, err
	case it == nil:
		return false, a, rollout.Errorf(rollout.KindNotFound, "there is no approval %q", id)
	}
	return held, a, unmarshal(it, &a)
}

// Asking is the newest question that stands before an environment.
type Asking struct {
	Rollout  string `dynamodbav:"rollout"`
	Number   int    `dynamodbav:"number"`
	Approval string `dynamodbav:"approval"`
}

// Ask makes a rollout's question the newest of its environment, over an older
// rollout's only. It reports whether it is, and gives the environment as it is now.
func (s *Store) Ask(ctx context.Context, place Place, a Asking) (bool, Environment, error) {
	held, it, err := s.apply(ctx, update{
		key: place.key(),
		set: "SET #asking = :asking, #app = :app, #environment = :environment",
		condition: "(attribute_not_exists(#asking) OR #asking.#number <= :number) AND " +
			"(attribute_not_exists(#newest) OR #newest <= :number)",
		values: map[string]any{":asking": a, ":number": a.Number, ":app": place.App, ":environment": place.Environment},
	})
	if err != nil {
		return false, Environment{}, err
	}
	env, err := decode(it, place)
	return held, env, err
}
