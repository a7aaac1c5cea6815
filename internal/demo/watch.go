package demo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/sluice-deploy/sluice/internal/emulator/eventbridge"
	"github.com/sluice-deploy/sluice/internal/localcloud"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// watcher looks at the environments again and again, mostly as anybody could who
// has an AWS SDK, and tells what is new.
type watcher struct {
	world *world

	last      time.Time            // of the last look, on the cloud's clock
	lastEvent string               // ID of the newest event seen
	writes    int                  // changes of rules seen
	said      int                  // lines of the demo's own seen
	decisions map[string]int       // seen, by rollout
	asked     map[string]bool      // questions seen, by ID
	headlines map[string]int       // seen, by the message's TS
	settling  map[string]time.Time // when a rollout's Settle was first seen
	healthy   map[string]int       // by environment and slot, at the last look
	versions  map[string]string    // by task definition
	past      []reading            // of the last second
}

func newWatcher(w *world) *watcher {
	return &watcher{
		world: w, decisions: map[string]int{}, asked: map[string]bool{}, headlines: map[string]int{},
		settling: map[string]time.Time{}, healthy: map[string]int{}, versions: map[string]string{},
	}
}

// follow shows how things are until it is told to stop or the context ends. What it
// has seen by then it has shown.
func (w *watcher) follow(ctx context.Context, stop <-chan struct{}, screen face) error {
	ticker := time.NewTicker(looked)
	defer ticker.Stop()
	for {
		s, news, err := w.look(ctx)
		if ctx.Err() != nil {
			return nil // that cut its look off
		}
		if err != nil {
			return err
		}
		screen.show(s, news)
		select {
		case <-ctx.Done():
			return nil
		case <-stop:
			return nil
		case <-ticker.C:
		}
	}
}

// look gives the state, and what has happened since the last look, in order.
func (w *watcher) look(ctx context.Context) (State, []Happening, error) {
	e := w.world
	s := State{Speed: e.Speed(), Now: e.Now(), Elapsed: time.Since(e.started), Page: e.page}
	news, err := w.news(ctx, &s)
	if err != nil {
		return s, nil, err
	}
	for i, env := range e.environments() {
		if err := w.lookAtSlots(ctx, &s.Places[i], env); err != nil {
			return s, nil, err
		}
		if err := w.lookAtAlarms(ctx, &s.Places[i], env); err != nil {
			return s, nil, err
		}
	}
	w.measureRates(&s)
	news = append(news, w.health(&s)...)
	for i := range news { // some times are told in whole seconds
		if news[i].At.Before(w.last) {
			news[i].At = w.last
		}
	}
	w.last = s.Now
	slices.SortStableFunc(news, func(a, b Happening) int { return a.At.Compare(b.At) })
	for i := range news {
		news[i].Elapsed = s.Elapsed - e.Wall(s.Now.Sub(news[i].At))
	}
	return s, news, nil
}

// executions is how many of the newest are looked at: those of two releases, with
// room for rollbacks.
const executions = 8

// news is what happened to rollouts, on the bus, to rules and in Slack.
func (w *watcher) news(ctx context.Context, s *State) ([]Happening, error) {
	out, err := w.world.aws.SFN.ListExecutions(ctx, &sfn.ListExecutionsInput{
		StateMachineArn: &w.world.Settings.Machine, MaxResults: executions,
	})
	if err != nil {
		return nil, fmt.Errorf("list executions: %w", err)
	}
	news := w.noted()
	var names []string
	for _, x := range out.Executions {
		names = append(names, aws.ToString(x.Name))
	}
	for _, env := range w.world.environments() {
		place, err := w.lookAtRollout(ctx, env, names)
		if err != nil {
			return nil, err
		}
		s.Places = append(s.Places, place)
	}
	for _, name := range names {
		steps, err := w.stepsOf(ctx, name, s.Now)
		if err != nil {
			return nil, err
		}
		news = append(news, steps...)
	}
	asked, err := w.questions(ctx)
	return append(news, asked...), err
}

// noted is what was noted on the loop since the last look.
func (w *watcher) noted() []Happening {
	e := w.world
	var news []Happening
	var recent []eventbridge.Event
	put := map[string]time.Time{}
	e.Do(func() {
		recent = e.EventBridge.Recent()
		maps.Copy(put, e.observed.put)
		for _, write := range e.observed.writes[w.writes:] {
			news = append(news, Happening{At: write.at, About: aboutRule, What: write.environment + ": weights are " + write.weights.String()})
		}
		news = append(news, e.observed.said[w.said:]...)
		w.writes, w.said = len(e.observed.writes), len(e.observed.said)
		news = append(news, w.posted()...)
	})
	for _, event := range w.unseen(recent) {
		if h, ok := told(event); ok {
			if at, ours := put[event.ID]; ours {
				h.At = at
			}
			news = append(news, h)
		}
	}
	return news
}

// unseen is the events after the newest that was seen.
func (w *watcher) unseen(recent []eventbridge.Event) []eventbridge.Event {
	seen := slices.IndexFunc(recent, func(e eventbridge.Event) bool { return e.ID == w.lastEvent })
	if len(recent) > 0 {
		w.lastEvent = recent[len(recent)-1].ID
	}
	return recent[seen+1:]
}

// settle is the machine's state that waits by itself: no function records it.
const settle = "Settle"

// stepsOf is what a rollout's steps have done since the last look.
func (w *watcher) stepsOf(ctx context.Context, name string, now time.Time) ([]Happening, error) {
	decisions, err := w.world.Steps.Store.Decisions(ctx, name)
	if err != nil {
		return nil, err
	}
	var news []Happening
	for _, d := range decisions[w.decisions[name]:] {
		if h, shown := decided(d); shown {
			news = append(news, h)
		}
	}
	w.decisions[name] = len(decisions)
	path := w.world.path(name)
	if _, seen := w.settling[name]; !seen && len(path) > 0 && path[len(path)-1] == settle {
		w.settling[name] = now
		news = append(news, Happening{At: now, About: aboutRollout, Rollout: name, What: settle + ": waits until no write can be under way any more"})
	}
	return news, nil
}

// lookAtRollout sees how far an environment's newest rollout is, of all by name, the
// newest first.
func (w *watcher) lookAtRollout(ctx context.Context, env *environment, names []string) (Place, error) {
	p := Place{Name: env.place.Environment}
	for _, name := range names {
		record, err := w.world.Steps.Store.Record(ctx, name)
		if err != nil && rollout.KindOf(err) != rollout.KindNotFound {
			return p, err
		}
		if err != nil || record.Place != env.place {
			continue
		}
		p.Rollout = name
		if path := w.world.path(name); len(path) > 0 {
			p.Phase = path[len(path)-1]
		}
		if record.Outcome != "" {
			p.Phase = string(record.Outcome)
			return p, nil
		}
		p.Wait, err = w.waitOf(ctx, env, p)
		return p, err
	}
	return p, nil
}

// waitOf is what an environment's newest rollout waits for, nil for nothing.
func (w *watcher) waitOf(ctx context.Context, env *environment, p Place) (*Wait, error) {
	item, err := w.world.Steps.Store.Environment(ctx, env.place)
	if err != nil {
		return nil, err
	}
	if asking := item.Asking; asking != nil && asking.Rollout == p.Rollout && p.Phase == string(rollout.PhaseApprove) {
		a, err := w.world.Steps.Store.Approval(ctx, asking.Approval)
		if err != nil || a.Standing != rollout.Open {
			return nil, err
		}
		return &Wait{For: "an answer", Until: a.ExpiresAt()}, nil
	}
	if since, ok := w.settling[p.Rollout]; ok && p.Phase == settle {
		return &Wait{For: "every write in flight to land", Until: since.Add(w.world.settleTime)}, nil
	}
	if token := item.Token; token != nil && item.Rollout == p.Rollout && string(token.Phase) == p.Phase {
		return &Wait{For: token.Phase.WaitsFor(), Until: token.Until}, nil
	}
	return nil, nil //nolint:nilnil // it waits for nothing
}

// questions are those before production that are new.
func (w *watcher) questions(ctx context.Context) ([]Happening, error) {
	item, err := w.world.Steps.Store.Environment(ctx, w.world.production.place)
	if err != nil || item.Asking == nil || w.asked[item.Asking.Approval] {
		return nil, err
	}
	var a store.Approval
	if a, err = w.world.Steps.Store.Approval(ctx, item.Asking.Approval); err != nil {
		return nil, err
	}
	w.asked[a.ID] = true
	return []Happening{asking(a)}, nil
}

// posted is what the messages in Slack newly say at their tops. It is called on the
// loop.
func (w *watcher) posted() []Happening {
	var news []Happening
	for _, m := range w.world.Slack.Messages(localcloud.Deploys) {
		all := headlines(m)
		for _, h := range all[w.headlines[m.TS]:] {
			news = append(news, Happening{At: h.at, About: aboutSlack, What: "card: " + h.text})
		}
		w.headlines[m.TS] = len(all)
	}
	return news
}
