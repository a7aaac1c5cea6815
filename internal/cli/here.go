package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"

	"github.com/sluice-deploy/sluice/internal/approvals"
	"github.com/sluice-deploy/sluice/internal/foreground"
	"github.com/sluice-deploy/sluice/internal/installation"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// checkEngine checks --engine, and what cannot be said with it or without.
func (o *DeployOptions) checkEngine(cmd *cobra.Command) error {
	here, err := o.Engine.here()
	if here && cmd.Flags().Changed("timeout") {
		return usagef("--timeout is for --wait; what an engine here does ends with this command")
	}
	return err
}

// here is the work of an engine that runs in this process.
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
func forever() waitFlags { return waitFlags{wait: true, timeout: math.MaxInt64} }

// deployHere deploys without an installation and waits until all is over, guards too.
func deployHere(ctx context.Context, o *DeployOptions, order approvals.Order) error {
	spec, err := o.specHere(order)
	if err != nil {
		return err
	}
	return workHere(ctx, work{o.Process, &o.Engine, &o.Target}, spec, func(ctx context.Context, h *here) error {
		return h.deploy(ctx, o, order)
	})
}

// work is what a command brings for an engine here.
type work struct {
	Process

	engine *engineFlags
	target *targetFlags
}

// workHere starts an engine, has what was interrupted ended, and then does the work. It
// does not end with the context, which Ctrl-C ends: a person is asked first.
func workHere(ctx context.Context, w work, spec rollout.Spec, do func(context.Context, *here) error) error {
	account, err := w.accountHere(ctx, spec.App)
	if err != nil {
		return err
	}
	work, leave := context.WithCancel(context.WithoutCancel(ctx))
	defer leave()
	h, err := startHere(work, w, account, spec)
	if err != nil {
		return err
	}
	defer h.engine.Close()
	h.pressed = ctx.Done()
	watched := make(chan struct{})
	go func() { defer close(watched); h.interrupt(work, leave) }()
	if err = h.settle(work); err == nil {
		err = do(work, h)
	}
	if !errors.Is(err, context.Canceled) {
		err = errors.Join(err, h.untilLetGo(work))
	}
	if errors.Is(err, context.Canceled) {
		_, _ = fmt.Fprintf(w.Err, "left as it is; the next command with --engine here and %s takes it back first\n", h.file) // nobody has to read it
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
	if unheard := unheard(*spec); len(unheard) > 0 {
		_, _ = fmt.Fprintf(o.Err, "without an installation you are told here, and nobody else: %s of %s is not used\n", strings.Join(unheard, ", "), specFile) // nobody has to read it
	}
	return *spec, nil
}

// unheard are the entries of notify, which take an installation.
func unheard(spec rollout.Spec) []string {
	var all []string
	add := func(of string, channels []rollout.Channel) {
		for i, c := range channels {
			all = append(all, fmt.Sprintf("%snotify[%d] (%s)", of, i, c.Address()))
		}
	}
	add("", spec.Notify)
	for _, env := range spec.Environments {
		add(env.Name+"'s ", env.Notify)
	}
	return all
}

// accountHere is the account that is deployed to. Refused where an installation in it
// has the app: two engines would write one rule. Whoever may not look for one is believed.
func (w work) accountHere(ctx context.Context, app string) (aws.Config, error) {
	t, err := w.target.reach(ctx, w.Process)
	if err != nil {
		return aws.Config{}, err
	}
	account := t.AWS
	t.Installation, err = installation.Find(ctx, account, w.target.stack)
	if rollout.KindOf(err) == rollout.KindNotFound || rollout.KindOf(err) == rollout.KindDenied {
		return account, nil
	}
	if err != nil {
		return account, err
	}
	s, err := t.steps(w.Process)
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
func startHere(ctx context.Context, w work, account aws.Config, spec rollout.Spec) (*here, error) {
	o, err := engineOptions(ctx, w.Process, account)
	if err != nil {
		return nil, err
	}
	o.Spec = spec
	if o.File, err = w.engine.file(spec.App); err != nil {
		return nil, err
	}
	h := &here{Process: w.Process, told: news{w.Err, map[string]string{}}, file: o.File}
	if h.engine, err = foreground.Start(ctx, o); err != nil {
		return nil, err
	}
	h.target = &target{
		Installation: &installation.Installation{Settings: h.engine.Settings, URL: h.engine.DecideURL},
		AWS:          h.engine.Person(), http: h.engine.HTTP(),
		Local: engineHere, // asked as often as a local cloud
	}
	if isTerminal(w.In) {
		h.lines = linesOf(w.In)
	}
	return h, nil
}

// settle waits until what was interrupted has ended.
func (h *here) settle(ctx context.Context) error {
	for _, name := range h.engine.Interrupted {
		_, _ = fmt.Fprintf(h.Err, "%s was cut off; it is ended first\n", name) // nobody has to read it
		if r, err := h.untilRolled(ctx, h.Process, name, forever()); r.Outcome == "" {
			return err
		}
	}
	if len(h.engine.Interrupted) == 0 {
		return nil
	}
	return h.untilLetGo(ctx)
}

// untilLetGo waits until nothing has an environment any more: an outcome comes a moment
// before that, and a repair's rollout has one from the start.
func (h *here) untilLetGo(ctx context.Context) error {
	for _, place := range h.engine.Places() {
		var dirty *statusError
		err := h.untilFree(ctx, place, "", forever())
		if err != nil && !errors.As(err, &dirty) && rollout.KindOf(err) != rollout.KindNotFound {
			return err
		}
	}
	return nil
}

// deploy does what is ordered.
func (h *here) deploy(ctx context.Context, o *DeployOptions, order approvals.Order) error {
	if err := h.engine.Register(ctx); err != nil {
		return err
	}
	followed, err := h.order(ctx, order)
	if err != nil {
		return fmt.Errorf("deploy %s: %w", order.App, err)
	}
	out := deployed{App: order.App, Release: followed.Release, Order: followed.ID}
	_, _ = fmt.Fprintf(o.Err, "release %d of %s is on its way; its state is in %s\n", out.Release, out.App, h.file) // nobody has to read it
	if h.lines != nil {
		_, _ = fmt.Fprintln(o.Err, "type pause, resume, promote or abort, and Enter, to steer it") // nobody has to read it
	}
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
		return all, h.steer(ctx, g)
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

// steer does what was typed while nothing was asked.
func (h *here) steer(ctx context.Context, g approvals.Deploying) error {
	var line string
	select {
	case line = <-h.lines:
	case <-h.pressed: // which has a question of its own
		return nil
	default:
		return nil
	}
	action := approvals.Action(strings.ToLower(strings.TrimSpace(line)))
	if !slices.Contains([]approvals.Action{approvals.Pause, approvals.Resume, approvals.Promote, approvals.Abort}, action) {
		_, _ = fmt.Fprintln(h.Err, "type pause, resume, promote or abort; Ctrl-C ends this command") // nobody has to read it
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(g.Environments)) {
		r := g.Environments[name]
		if r.Rollout == "" || r.Outcome != "" {
			continue
		}
		said := action.Past()
		_, err := h.decide(ctx, map[string]string{"action": string(action), "subject": r.Rollout, "reason": "at the terminal"})
		if rollout.KindOf(err) == rollout.KindRefused {
			said, err = err.Error(), nil
		}
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(h.Err, "%s: %s\n", r.Rollout, said) // nobody has to read it
	}
	return nil
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
