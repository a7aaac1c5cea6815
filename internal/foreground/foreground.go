// Package foreground runs Sluice without an installation: the same state machine and
// the same functions, from template.yaml, in a cloud of this process that only Sluice
// is in. What it deploys, the services, rules, alarms and images, is in a real account.
// Its table is kept in a file, so that what a process leaves undone the next one finds.
package foreground

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/attribute"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/harness"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
	"github.com/sluice-deploy/sluice/internal/store"
)

// Options say what engine is started.
type Options struct {
	Loop    *loop.Loop // its clock; a live one runs already
	Account aws.Config // where the app is, with a person's credentials
	Number  string     // of that account
	Spec    rollout.Spec
	File    string // of the state
	Log     *slog.Logger
}

// Engine is Sluice in this process.
type Engine struct {
	*harness.Harness

	// Interrupted are the rollouts that an earlier process left. Each is being taken
	// back, or to its end where it had committed.
	Interrupted []string

	spec   rollout.Spec
	state  *state
	log    *slog.Logger
	seen   map[string]string    // of what is looked at, by its ARN, how it was last
	looked map[string]time.Time // when the alarms of an environment were last looked at
	closed bool                 // nothing is looked at any more; read and set on the loop
}

// person is whoever is at the terminal, by an access key of the private cloud.
const person = "terminal"

// Start starts an engine: it takes the state's file, which no other process may have,
// has what an earlier process left under way recovered, and begins to look at the account.
// A spec of no environments is the one that was registered last. Refused where the file is
// another's, or has none.
func Start(ctx context.Context, o Options) (*Engine, error) {
	if !partition.Known(o.Account.Region) {
		return nil, rollout.Errorf(rollout.KindRefused, "Region %q is none that this version of sluice knows", o.Account.Region)
	}
	s, err := open(o.File, o.Spec.App)
	if err != nil {
		return nil, err
	}
	e := &Engine{state: s, log: o.Log, seen: map[string]string{}, looked: map[string]time.Time{}, spec: Local(o.Spec, o.Number, o.Account.Region)}
	if err := e.start(ctx, o); err != nil {
		s.close()
		return nil, err
	}
	return e, nil
}

// start makes the cloud.
func (e *Engine) start(ctx context.Context, o Options) error {
	var err error
	if e.Harness, err = e.state.installed(o, e.state.save); err != nil { //nolint:contextcheck // it has none: the cloud answers at once
		return err
	}
	if err := e.state.save(e.state.Items); err != nil {
		return err
	}
	if err := e.recover(ctx); err != nil {
		return err
	}
	e.Do(e.lookLater)
	return nil
}

// installed is Sluice in a cloud with the state's items. Each process has a machine of its
// own name, so that an execution of an earlier one is known for dead, not for one that is
// yet to start.
func (s *state) installed(o Options, save func([]attribute.Item) error) (*harness.Harness, error) {
	h, err := harness.New(o.Loop, harness.Options{
		Cloud: emulator.Options{
			Account: o.Number, Region: o.Account.Region, RequestTimeout: awsclient.CallTimeout,
			Latency: time.Millisecond, // requests with tokens that follow from the time come one after another
		},
		Account: &o.Account, Log: o.Log, Stack: fmt.Sprintf("sluice-%d", s.Starts),
	})
	if err == nil {
		h.Do(func() { h.DynamoDB.Keep(h.Settings.Table, s.Items, save) })
	}
	return h, err
}

// Read gives Sluice as it stands in a state's file, and whose the file is. Another process
// may be at work with it: nothing is written, and nothing goes on here. NotFound where there is no
// such file.
func Read(o Options) (*steps.Steps, string, error) {
	s := &state{file: o.File, App: o.Spec.App}
	if err := s.read(); err != nil {
		return nil, "", err
	}
	if s.Starts == 0 {
		return nil, "", rollout.Errorf(rollout.KindNotFound, "there is no state %s: nothing was deployed with it; name another with --state", o.File)
	}
	h, err := s.installed(o, func([]attribute.Item) error { return errors.New("the state is only read") })
	if err != nil {
		return nil, "", err
	}
	return h.Steps, s.App, nil
}

// recover has what an earlier process left under way taken up, as the deadman of an
// installation does.
func (e *Engine) recover(ctx context.Context) error {
	before, err := e.Steps.Store.App(ctx, e.spec.App)
	switch {
	case rollout.KindOf(err) == rollout.KindNotFound && len(e.spec.Environments) == 0:
		return rollout.Errorf(rollout.KindRefused, "%s was never deployed with %s; name another --state", e.spec.App, e.state.file)
	case rollout.KindOf(err) == rollout.KindNotFound:
		return nil
	case err != nil:
		return err
	case len(e.spec.Environments) == 0:
		e.spec = before.Spec
	}
	for _, env := range before.Spec.Environments {
		left, err := e.left(ctx, store.Place{App: e.spec.App, Environment: env.Name})
		if err != nil {
			return err
		}
		for _, name := range left {
			if err := e.Steps.Recover(ctx, name); err != nil {
				return fmt.Errorf("recover %s: %w", name, err)
			}
		}
		e.Interrupted = append(e.Interrupted, left...)
	}
	return nil
}

// left are the rollouts that an earlier process left in an environment: those under way,
// and one that has an outcome and had not let go yet, or whose repair was under way.
func (e *Engine) left(ctx context.Context, place store.Place) ([]string, error) {
	left, err := e.UnderWay(ctx, place)
	if err != nil {
		return nil, err
	}
	env, err := e.Steps.Store.Environment(ctx, place)
	if err != nil {
		return nil, err
	}
	if env.Owner != "" && env.Dirty == nil && !slices.Contains(left, env.Rollout) {
		left = append(left, env.Rollout)
	}
	return left, nil
}

// clean is Refused for an environment that needs a person.
func (e *Engine) clean(ctx context.Context, place store.Place) error {
	env, err := e.Steps.Store.Environment(ctx, place)
	if err != nil || env.Dirty == nil {
		return err
	}
	return rollout.Errorf(rollout.KindRefused, "%s is Dirty since %s: %s; see `sluice repair %s %s --engine here`",
		place, env.Dirty.Rollout, env.Dirty.Why, place.App, place.Environment)
}

// UnderWay are the rollouts of an environment that have not ended.
func (e *Engine) UnderWay(ctx context.Context, place store.Place) ([]string, error) {
	var names []string
	for record, err := range e.Steps.Store.Rollouts(ctx, place) {
		if err != nil {
			return nil, err
		}
		if record.Outcome == "" {
			names = append(names, record.Name)
		}
	}
	return names, nil
}

// Register registers the spec. What was interrupted has to have ended: an environment
// that has moved must be free. Refused where one is Dirty, behind which nothing begins.
func (e *Engine) Register(ctx context.Context) error {
	for _, place := range e.Places() {
		if err := e.clean(ctx, place); err != nil {
			return err
		}
	}
	return e.Steps.Register(ctx, e.spec)
}

// Places are the environments of the spec.
func (e *Engine) Places() []store.Place {
	var all []store.Place
	for _, env := range e.spec.Environments {
		all = append(all, store.Place{App: e.spec.App, Environment: env.Name})
	}
	return all
}

// Person is the configuration of whoever is at the terminal, for the private cloud.
func (e *Engine) Person() aws.Config { return e.Config(person) }

// HTTP reaches the private cloud's function URLs.
func (e *Engine) HTTP() *http.Client {
	return &http.Client{Transport: through{e.Web.Client(2 * awsclient.CallTimeout)}}
}

type through struct {
	web interface {
		Do(req *http.Request) (*http.Response, error)
	}
}

// RoundTrip implements http.RoundTripper.
func (t through) RoundTrip(req *http.Request) (*http.Response, error) { return t.web.Do(req) }

// Close lets go of the state's file, and looks at nothing any more. What is under way
// stays as it is.
func (e *Engine) Close() {
	e.Post(func() { e.closed = true })
	e.state.close()
}

// Local is a spec as it holds without an installation: whoever is at the terminal
// approves and steers, and hears what there is to tell.
func Local(spec rollout.Spec, account, region string) rollout.Spec {
	me := []string{partition.IAM(region, account, "user/"+person)}
	environments := make([]rollout.Environment, len(spec.Environments))
	copy(environments, spec.Environments)
	for i := range environments {
		env := &environments[i]
		env.Operators, env.Notify, env.Approval = me, nil, asked(env.Approval, me)
		steps := make([]rollout.Step, len(env.Steps))
		copy(steps, env.Steps)
		for j := range steps {
			steps[j].Approval = asked(steps[j].Approval, me)
		}
		env.Steps = steps
	}
	spec.Environments = environments
	spec.Triggers = rollout.Triggers{Event: true}
	spec.Notify = nil
	return spec
}

func asked(a *rollout.Approval, me []string) *rollout.Approval {
	if a == nil {
		return nil
	}
	return &rollout.Approval{Approvers: me, Quorum: 1, Expires: a.Expires, OnExpiry: a.OnExpiry}
}

// interval is how long passes between two looks at the account.
const interval = 5 * time.Second
