package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math"
	"net/url"
	"path/filepath"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/spf13/cobra"

	"github.com/sluice-deploy/sluice/internal/approvals"
	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/foreground"
	"github.com/sluice-deploy/sluice/internal/installation"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// engineHere is the value of --engine for an engine in this process.
const engineHere = "here"

// checkEngine checks --engine, and what cannot be said with it or without.
func (o *DeployOptions) checkEngine(cmd *cobra.Command) error {
	switch {
	case o.Engine == engineHere && cmd.Flags().Changed("timeout"):
		return usagef("--timeout is for --wait; what an engine here does ends with this command")
	case o.Engine != "" && o.Engine != engineHere:
		return usagef("--engine is %q, want here, or nothing for the installation's", o.Engine)
	case o.Engine == "" && o.State != "":
		return usagef("--state is for --engine here; an installation has a table")
	}
	return nil
}

// here is a deployment whose engine runs in this process.
type here struct {
	*target
	Process

	engine  *foreground.Engine
	file    string // of the state
	told    news
	lines   <-chan string   // that are typed; nil without a terminal
	pressed <-chan struct{} // closed by the first Ctrl-C
}

// forever is how long an engine here waits: what it leaves would stand still.
func forever() waitFlags { return waitFlags{timeout: math.MaxInt64} }

// deployHere deploys without an installation and waits until all is over, guards too.
// The work does not end with the context, which Ctrl-C ends: a person is asked first.
func deployHere(ctx context.Context, o *DeployOptions, order approvals.Order) error {
	spec, err := o.specHere(order)
	if err != nil {
		return err
	}
	account, err := o.accountHere(ctx, spec.App)
	if err != nil {
		return err
	}
	work, leave := context.WithCancel(context.WithoutCancel(ctx))
	defer leave()
	h, err := startHere(work, o, account, spec)
	if err != nil {
		return err
	}
	defer h.engine.Close()
	h.pressed = ctx.Done()
	watched := make(chan struct{})
	go func() { defer close(watched); h.interrupt(work, leave) }()
	err = h.deploy(work, o, order)
	if errors.Is(err, context.Canceled) {
		_, _ = fmt.Fprintf(o.Err, "left as it is; the next `sluice deploy --engine here` with %s takes it back first\n", h.file) // nobody has to read it
	}
	leave()
	<-watched
	return err
}

// specHere is the spec of the file in this folder, which an engine here works with.
func (o *DeployOptions) specHere(order approvals.Order) (rollout.Spec, error) {
	spec, err := readWhole(o.Process, specFile)
	if err != nil {
		return rollout.Spec{}, err
	}
	if spec.App != order.App {
		return *spec, usagef("%s is of app %q, not of %q: --engine here deploys what the file says", specFile, spec.App, order.App)
	}
	within, err := spec.Within(order.Environment)
	if err != nil {
		return *spec, usagef("%w", err)
	}
	if asks(within) && !isTerminal(o.In) {
		return *spec, rollout.Errorf(rollout.KindRefused,
			"%s asks for approvals, and there is no terminal to ask at: run this on one, or install Sluice (docs/install.md)", specFile)
	}
	return *spec, nil
}

// accountHere is the account that is deployed to. Refused where an installation in it
// has the app: two engines would write one rule. Whoever may not look for one is believed.
func (o *DeployOptions) accountHere(ctx context.Context, app string) (aws.Config, error) {
	t, err := o.Target.reach(ctx, o.Process)
	if err != nil {
		return aws.Config{}, err
	}
	account := t.AWS
	t.Installation, err = installation.Find(ctx, account, o.Target.stack)
	if rollout.KindOf(err) == rollout.KindNotFound || rollout.KindOf(err) == rollout.KindDenied {
		return account, nil
	}
	if err != nil {
		return account, err
	}
	s, err := t.steps(o.Process)
	if err != nil {
		return account, err
	}
	_, err = s.Store.App(ctx, app)
	switch rollout.KindOf(err) { //nolint:exhaustive // the others are errors
	case rollout.KindNotFound, rollout.KindDenied:
		return account, nil
	case "":
		return account, rollout.Errorf(rollout.KindRefused, "%s is registered with the installation of Sluice in stack %s; leave --engine away", app, t.Stack)
	}
	return account, err
}

// asks reports whether a spec has a question for people.
func asks(spec rollout.Spec) bool {
	for _, env := range spec.Environments {
		if env.Approval != nil || slices.ContainsFunc(env.Steps, func(s rollout.Step) bool { return s.Approval != nil }) {
			return true
		}
	}
	return false
}

// startHere starts the engine on its own clock, which runs until the context ends.
func startHere(ctx context.Context, o *DeployOptions, account aws.Config, spec rollout.Spec) (*here, error) {
	who, err := sts.NewFromConfig(account).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, awsclient.Wrap(err, "ask AWS who you are")
	}
	h := &here{
		Process: o.Process, told: news{o.Err, map[string]string{}},
		file: cmp.Or(o.State, filepath.Join(".sluice", spec.App+".json")),
	}
	l := loop.NewLive(cmp.Or(o.Speed, 1))
	go func() { _ = l.Run(ctx) }() // it ends with its context
	h.engine, err = foreground.Start(ctx, foreground.Options{
		Loop: l, Account: account, Number: aws.ToString(who.Account), Spec: spec, File: h.file,
		Log: slog.New(slog.NewTextHandler(o.Err, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		return nil, err
	}
	h.target = &target{
		Installation: &installation.Installation{Settings: h.engine.Settings, URL: h.engine.DecideURL},
		AWS:          h.engine.Person(), http: h.engine.HTTP(),
		Local: engineHere, // asked as often as a local cloud
	}
	if isTerminal(o.In) {
		h.lines = linesOf(o.In)
	}
	return h, nil
}

// deploy takes up what was interrupted, and then does what is ordered.
func (h *here) deploy(ctx context.Context, o *DeployOptions, order approvals.Order) error {
	for _, name := range h.engine.Interrupted {
		_, _ = fmt.Fprintf(o.Err, "%s was cut off; it is ended first\n", name) // nobody has to read it
		r, err := h.untilRolled(ctx, h.Process, name, forever())
		if r.Outcome == "" || r.Outcome == rollout.Dirty {
			return err
		}
	}
	if err := h.engine.Register(ctx); err != nil {
		return err
	}
	followed, err := h.order(ctx, order)
	if err != nil {
		return fmt.Errorf("deploy %s: %w", order.App, err)
	}
	out := deployed{App: order.App, Release: followed.Release, Order: followed.ID}
	_, _ = fmt.Fprintf(o.Err, "release %d of %s is on its way; its state is in %s\n", out.Release, out.App, h.file) // nobody has to read it
	g, outcome := h.follow(ctx, order.App, followed.ID)
	out.Going = &g
	err = o.Output.write(o.Out, out, func(w io.Writer) error {
		if outcome != nil {
			return nil //nolint:nilerr // it is said as an error
		}
		_, err := fmt.Fprintf(w, "release %d of %s got through\n", out.Release, out.App)
		return err
	})
	return errors.Join(outcome, err)
}

// follow tells what happens, asks what is asked, and gives the outcome when no rollout of
// the deployment is under way any more.
func (h *here) follow(ctx context.Context, app, order string) (approvals.Deploying, error) {
	var g approvals.Deploying
	err := h.look(ctx, forever(), func() (bool, error) {
		if err := h.client().Get(ctx, "/deployments/"+app+"/"+url.PathEscape(order), &g); err != nil {
			return false, err
		}
		all := over(g)
		for _, name := range slices.Sorted(maps.Keys(g.Environments)) {
			r := g.Environments[name]
			if r.Approval == "" { // a question is put here
				h.told.tell(name, r)
			}
			if err := h.ask(ctx, r); err != nil {
				return false, err
			}
			all = all && (r.Rollout == "" || r.Outcome != "")
		}
		return all, nil
	})
	if err != nil {
		return g, err
	}
	for _, name := range slices.Sorted(maps.Keys(g.Environments)) {
		if r := g.Environments[name]; r.Outcome != "" && r.Outcome != rollout.Succeeded {
			return g, ended(r.Outcome, "release %d of %s did not get through: %s: %s", g.Release, g.App, name, says(r))
		}
	}
	return g, nil
}

// ask answers a rollout's question with what is typed, once.
func (h *here) ask(ctx context.Context, r approvals.Rolling) error {
	if r.Approval == "" || r.Outcome != "" || h.told.told[r.Approval] != "" {
		return nil
	}
	h.told.told[r.Approval] = "asked"
	decision := map[string]string{"action": string(approvals.Reject), "subject": r.Approval, "reason": "at the terminal"}
	_, _ = fmt.Fprintf(h.Err, "may %s go on? y/N ", r.Rollout) // nobody has to read it
	select {
	case line := <-h.lines:
		if yes(line) {
			decision["action"] = string(approvals.Approve)
		}
	case <-h.pressed: // which has a question of its own
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
	_, err := h.decide(ctx, decision)
	return err
}

// stop has what is under way taken back.
func (h *here) stop(ctx context.Context) {
	for _, place := range h.engine.Places() {
		names, err := h.engine.UnderWay(ctx, place)
		for _, name := range names {
			var r approvals.Rolling
			if err = h.client().Get(ctx, "/rollouts/"+name, &r); err != nil {
				break
			}
			decision := map[string]string{"action": string(approvals.Abort), "subject": name, "reason": "Ctrl-C"}
			if r.Approval != "" {
				decision["action"], decision["subject"] = string(approvals.Reject), r.Approval
			}
			_, err = h.decide(ctx, decision)
		}
		if err != nil {
			_, _ = fmt.Fprintf(h.Err, "%s: %v\n", place, err) // nobody has to read it
		}
	}
}
