package store_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// move is one call of the store, and the same of the model.
type move struct {
	name   string
	make   func(ctx context.Context) answer
	expect func(m *model) answer
}

// sequence is an environment and its model, on which moves are made.
type sequence struct {
	tb      table
	place   store.Place
	model   *model
	env     store.Environment
	highest int // number of a forward rollout that has had the environment
}

// Whatever moves come in whatever order, one alone or two at the same time, the table
// answers and ends up as the model of it does; two at the same time as if one had come
// after the other.
func TestMovesAreAsPromised(t *testing.T) {
	t.Parallel()
	tb := newTable(t)
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		s := &sequence{tb: tb, place: store.Place{App: "shop", Environment: fmt.Sprintf("run-%d", run)}, model: newModel()}
		t.Repeat(map[string]func(*rapid.T){
			"one move":  func(t *rapid.T) { s.make(t, s.draw(t)) },
			"two moves": func(t *rapid.T) { s.make(t, s.draw(t), s.draw(t)) },
			"":          s.holds,
		})
	})
}

// make makes the moves, all at the same time, and looks whether they came one after the
// other.
func (s *sequence) make(t *rapid.T, moves ...move) {
	answers := make([]answer, len(moves))
	var all []func(ctx context.Context)
	for i, m := range moves {
		all = append(all, func(ctx context.Context) { answers[i] = m.make(ctx) })
	}
	s.tb.together(all...)
	env, err := s.tb.Environment(t.Context(), s.place)
	if err != nil {
		t.Fatal(err)
	}
	s.env = env
	var differ string
	for _, order := range orders(len(moves)) {
		m := s.model.clone()
		want := make([]answer, len(moves))
		for _, i := range order {
			want[i] = moves[i].expect(m)
		}
		if differ = cmp.Diff(want, answers) + cmp.Diff(m.shows(), seen(env)); differ == "" {
			s.model = m
			return
		}
	}
	for _, m := range moves {
		t.Log(m.name)
	}
	t.Fatalf("of %+v came (-want +got):\n%s", s.model.shows(), differ)
}

func orders(n int) [][]int {
	if n == 1 {
		return [][]int{{0}}
	}
	return [][]int{{0, 1}, {1, 0}}
}

// shown is what the model and the item both tell.
type shown struct {
	Owner, Rollout, Token, Waiter, RollbackWaiter, From, Granted string
	Kind                                                         rollout.Kind
	Number, Fence, Ended, RollbackEnded, Newest                  int
	Red, Aborted, Committed, Closed, Intent                      string
	Dirty                                                        bool
}

func (m *model) shows() shown {
	return shown{
		Owner: m.owner.Execution, Rollout: m.owner.Rollout, Kind: m.owner.Kind, Number: m.owner.Number, Fence: m.fence, Token: m.token.Token,
		Waiter: m.waiters[rollout.Forward].token.Token, RollbackWaiter: m.waiters[rollout.Back].token.Token,
		Ended: m.ended[rollout.Forward], RollbackEnded: m.ended[rollout.Back], Newest: m.newest, From: m.from, Granted: m.granted,
		Red: m.red, Aborted: m.aborted, Committed: m.committed, Closed: m.closed, Intent: m.intent, Dirty: m.dirty,
	}
}

func seen(e store.Environment) shown {
	s := shown{
		Owner: e.Owner, Rollout: e.Rollout, Kind: e.Kind, Number: e.Number, Fence: e.Fence, Ended: e.Ended, RollbackEnded: e.RollbackEnded,
		Newest: e.Newest, Red: e.LatchRollout, Aborted: e.AbortRollout, Committed: e.Committed, Closed: e.GuardClosed, Dirty: e.Dirty != nil,
	}
	if e.Token != nil {
		s.Token = e.Token.Token
	}
	if e.Waiter != nil {
		s.Waiter = e.Waiter.Token
	}
	if e.RollbackWaiter != nil {
		s.RollbackWaiter = e.RollbackWaiter.Token
	}
	if e.Granted != nil {
		s.From, s.Granted = e.Granted.From, e.Granted.Token
	}
	if e.Intent != nil {
		s.Intent = e.Intent.Rollout
	}
	return s
}

// holds is what has to be so between moves, whatever the model says.
func (s *sequence) holds(t *rapid.T) {
	e := s.env
	if e.Owner != "" && e.Kind == rollout.Forward {
		if e.Number < s.highest {
			t.Fatalf("release %d follows %d", e.Number, s.highest)
		}
		s.highest = e.Number
	}
	if e.Dirty != nil && e.Owner == "" {
		t.Fatal("it is Dirty, and nobody's: nobody can repair it")
	}
	for _, w := range []*store.Waiter{e.Waiter, e.RollbackWaiter} {
		if w != nil && w.Execution == e.Owner {
			t.Fatalf("%s waits for itself", e.Owner)
		}
	}
}
