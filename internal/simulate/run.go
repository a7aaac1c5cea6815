package simulate

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/harness"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// midnight is when virtual time begins: a Sunday.
var midnight = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // a constant

// Limits of a run, in virtual time.
const (
	// patience is how long after the last act and fault everything must have come to rest.
	// Failing calls are tried again for hours by the machine, and a dead rollout's deadman
	// may be armed behind a bake.
	patience = 36 * time.Hour
	// quiet is how long nothing may be under way for the run to be over.
	quiet = 10 * time.Minute
)

// Run is one run of a plan.
type Run struct {
	*harness.Harness

	plan   Plan
	kinds  map[string]kind
	verbs  map[string]verb
	places []*place
	trace  *Trace

	requests    int // that functions have sent
	deliveries  int
	invocations int
	toSlack     int
	brownouts   map[string]time.Time // by service: until then it refuses
	flying      map[string]*sent
	working     map[*lambda.Invocation]*work

	builds    map[string]int // by app
	turns     map[string]*turn
	slow      map[string]int // slow answers of a target group
	seen      *Seen          // nil where the run is not watched
	waiting   []Act          // acts whose moment has not come
	acting    int            // acts that are being done, and looks that are yet to come
	unseen    []Act          // presses of buttons that nobody ever saw, and orders that were refused
	aimed     []aim          // faults for requests that are yet to come
	losing    []Act          // events that are yet to be lost
	entered   map[string]int // how often an execution has entered a state
	last      time.Time      // of acts and faults
	struckAt  []Fault        // those that came to something
	records   map[string]store.Record
	approvals map[string]bool // rollouts that people have said yes to
	stuck     map[string]time.Time
	backSince map[string]time.Time // executions that go back
	committed map[string]bool      // rollouts
	frozen    map[string]frozen    // by app
	broken    *BrokenError
	dirty     bool // something has changed since the promises were looked at
}

// BrokenError is a promise that did not hold.
type BrokenError struct {
	Promise string
	Why     string
	At      time.Time
}

func (b BrokenError) Error() string {
	return fmt.Sprintf("%s: %s (at %s)", b.Promise, b.Why, b.At.Format("15:04:05.000"))
}

// Result is what came of a run.
type Result struct {
	Plan   Plan
	Broken *BrokenError // nil: every promise was kept
	Trace  *Trace
	Struck []Fault // those that came to something
	// Requests, Deliveries and Invocations are how many there were, for faults at each;
	// ToSlack counts the requests to Slack.
	Requests, Deliveries, Invocations, ToSlack int
	Took                                       time.Duration // of virtual time
	Outcomes                                   []string      // of rollouts, as name: outcome
	Calls                                      []Call
	Undone                                     []Act // whose moment never came
	Seen                                       *Seen // nil unless the plan has it watched
}

// Play runs a plan to its end, or until a promise is broken.
func Play(p Plan) Result { return Traced(p, nil) }

// Traced is Play that writes all that happens, a line each, unless the writer is nil: two
// runs of a plan write the same to the byte.
func Traced(p Plan, full io.Writer) (result Result) {
	if len(p.Specs) == 0 {
		p.Specs = []rollout.Spec{shop()}
	}
	if p.Around.Start.IsZero() {
		p.Around.Start = midnight
	}
	l := loop.NewVirtual(p.Around.Start)
	defer l.Close()
	r := newRun(p)
	r.trace.full = full
	defer func() {
		if crash := recover(); crash != nil {
			r.broke(NothingWaits, "%v\n%s", crash, debug.Stack())
		}
		result = r.result()
	}()
	if err := r.furnish(l); err != nil {
		r.broke("the world can be made", "%v", err)
		return
	}
	r.play()
	r.watchEnd()
	return
}

func newRun(p Plan) *Run {
	return &Run{
		plan: p, kinds: kinds(), verbs: verbs(), trace: &Trace{}, flying: map[string]*sent{}, working: map[*lambda.Invocation]*work{},
		builds: map[string]int{}, turns: map[string]*turn{}, brownouts: map[string]time.Time{}, entered: map[string]int{},
		records: map[string]store.Record{}, approvals: map[string]bool{}, stuck: map[string]time.Time{},
		backSince: map[string]time.Time{}, frozen: map[string]frozen{}, committed: map[string]bool{},
	}
}

func (r *Run) result() Result {
	out := Result{
		Plan: r.plan, Broken: r.broken, Trace: r.trace, Struck: r.struckAt,
		Requests: r.requests, Deliveries: r.deliveries, Invocations: r.invocations, ToSlack: r.toSlack,
	}
	if r.Harness != nil {
		out.Took = r.Now().Sub(r.plan.Around.Start)
	}
	for _, name := range slices.Sorted(maps.Keys(r.records)) {
		record := r.records[name]
		out.Outcomes = append(out.Outcomes, name+": "+string(record.Outcome))
	}
	out.Calls, out.Undone, out.Seen = r.trace.calls, slices.Concat(r.waiting, r.unseen, r.unmet()), r.seen
	return out
}

// Befallen is the call of a function that a fault of the run has befallen, as "function
// operation"; none for faults of events, of starts and of Slack.
func (r Result) Befallen(f Fault) (string, bool) {
	if kinds()[f.Kind].request == nil || f.Nth > len(r.Calls) {
		return "", false
	}
	c := r.Calls[f.Nth-1]
	return c.By + " " + c.Operation, true
}

// furnish makes the cloud, installs Sluice and makes what each environment needs.
func (r *Run) furnish(l *loop.Loop) error {
	var err error
	r.Harness, err = harness.New(l, harness.Options{
		Cloud: emulator.Options{Latency: 5 * time.Millisecond, RequestTimeout: awsclient.CallTimeout, ColdStart: 200 * time.Millisecond},
		Log:   slog.New(slog.DiscardHandler),
		Skew:  r.skew,
	})
	if err != nil {
		return fmt.Errorf("install Sluice: %w", err)
	}
	r.World.Every = 5 * time.Second
	r.Do(r.people)
	for _, spec := range r.plan.Specs {
		if err := r.addApp(spec); err != nil {
			return err
		}
	}
	r.RunFor(settling)
	if r.plan.Around.Released {
		return r.releaseFirst()
	}
	return nil
}

// skew is by how much a function's clock is ahead: seconds, as the seed has it.
func (r *Run) skew(function string) time.Duration {
	if r.plan.Seed == 0 {
		return 0
	}
	const most = 2 * time.Second
	n := uint64(0)
	for _, c := range function {
		n = n*31 + uint64(c)
	}
	return time.Duration(r.random(n, 3).Int64N(int64(2*most))) - most
}

// jitter is how much longer the newest request travels, one way.
func (r *Run) jitter(way uint64) time.Duration {
	const most = 60 * time.Millisecond
	return time.Duration(r.random(uint64(r.requests), way).Int64N(int64(most))) //nolint:gosec // a count
}

// random gives chance for one thing, which no other draws from: to take a fault away
// leaves the rest as it was.
func (r *Run) random(thing, of uint64) *rand.Rand {
	return rand.New(rand.NewPCG(r.plan.Seed, thing<<8|of)) //nolint:gosec // it is to be the same each time
}

// play has the plan happen and looks at the promises after every step.
func (r *Run) play() {
	if r.plan.Seed != 0 {
		r.Shuffle(r.plan.Seed)
	}
	r.Faults.Invocation, r.Faults.Delivery, r.Faults.Function, r.Web.Fault = r.onRequest, r.onDelivery, r.onInvocation, r.onWeb
	r.Observe = r.onLanded
	r.StepFunctions.Entered(r.onEntered)
	r.last = r.Now()
	for _, p := range r.places {
		r.Do(func() {
			p.failed = r.World.ToGroup(p.service.BlueGroup).Failed + r.World.ToGroup(p.service.GreenGroup).Failed
		})
	}
	r.watch()
	r.waiting = slices.Clone(r.plan.Acts)
	r.Do(r.begin)
	rest := time.Time{}
	for r.broken == nil {
		const look = 10 * time.Second
		r.dirty = true // time has passed
		r.Do(r.sampleAll)
		if r.RunUntil(r.Now().Add(look), r.look) {
			return
		}
		switch {
		case !r.resting():
			rest = time.Time{}
		case rest.IsZero():
			rest = r.Now()
		case r.Now().Sub(rest) >= quiet:
			r.atEnd()
			return
		}
		if limit := cmp.Or(r.plan.Around.Patience, patience); r.Now().Sub(r.last) > limit {
			r.broke(NothingWaits, "%v after the last act and fault: %s", limit, r.unrest())
			return
		}
	}
}

// look checks the promises after a step, where something has changed, and reports whether
// one is broken.
func (r *Run) look() bool {
	if r.dirty && r.broken == nil {
		r.dirty = false
		r.always()
	}
	return r.broken != nil
}

// broke notes the first promise that does not hold.
func (r *Run) broke(promise, format string, args ...any) {
	if r.broken != nil {
		return
	}
	r.broken = &BrokenError{Promise: promise, Why: fmt.Sprintf(format, args...)}
	if r.Harness != nil {
		r.broken.At = r.Now()
	}
	r.trace.note(r.broken.At, "broken", "%s: %s", promise, r.broken.Why)
}

// struck notes a fault that has come to something.
func (r *Run) struck(f Fault, k kind) {
	r.last = r.Now()
	r.struckAt = append(r.struckAt, f)
	r.trace.note(r.Now(), "fault", "%s: %s", f, k.says)
}

// sent is a request that a function has sent.
type sent struct {
	invocation *lambda.Invocation
	call       *wire.Call
	work       *work
	before     rollout.Weights // of the environment's rule, when AWS had it
	desired    int             // tasks of the service that it changes, when it was sent
	landed     func()          // when it has had its effect
}

// work is what an invocation of a function works on, and what it has seen.
type work struct {
	App         string `json:"app"`
	Environment string `json:"environment"`
	Rollout     string `json:"rollout"`
	Execution   string `json:"execution"`

	proved  time.Time      // when a write last showed that its execution has the lock
	proofs  int            // writes of the rule that the proof is for
	size    int            // of the stable slot, as it was told
	healthy map[string]int // targets of a group, as it was told
}

// noteSent keeps what a function sends.
func (r *Run) noteSent(inv *lambda.Invocation, call *wire.Call) *sent {
	r.requests++
	w := r.working[inv]
	if w == nil {
		w = &work{healthy: map[string]int{}, size: -1}
		_ = json.Unmarshal(inv.Payload(), w) // what is no step's has none of it
		r.working[inv] = w
	}
	s := &sent{invocation: inv, call: call, work: w}
	if in, ok := call.Input().(*ecs.UpdateServiceInput); ok {
		desired, _ := r.ECS.DesiredCount(aws.ToString(in.Cluster), aws.ToString(in.Service))
		s.desired = int(desired)
	}
	r.flying[call.RequestID] = s
	r.trace.sent(r.Now(), r.requests, inv, call)
	return s
}

// onLanded is told of each request that was answered, of anybody.
func (r *Run) onLanded(c *wire.Call, in, out any, err error) {
	s := r.flying[c.RequestID]
	delete(r.flying, c.RequestID)
	r.trace.landed(r.Now(), c, s, err)
	r.dirty = true
	if s != nil && s.landed != nil {
		s.landed()
	}
	if err == nil {
		if p := r.placeOf(s); s != nil && p != nil {
			s.before = p.weights
		}
		r.mirror(s, in, out)
		r.onEffect(s, in)
	}
}

// onEntered is told of each state that an execution enters.
func (r *Run) onEntered(execution, state string) {
	name := execution[strings.LastIndex(execution, ":")+1:]
	r.entered[name+" "+state]++
	r.trace.note(r.Now(), "state", "%s: %s", name, state)
	r.dirty = true
	r.onState(execution, name, state)
	r.comeTo(name, state)
}

// nobody is the context of what the loop does by itself.
func nobody() context.Context { return context.Background() } //nolint:forbidigo // a run has no caller to end it
