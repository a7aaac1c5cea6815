package simulate

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/sluice-deploy/sluice/internal/emulator/eventbridge"
	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/spelling"
)

// Fault is one thing that goes wrong, as kind@n: at the n-th request that a function of
// Sluice sends in the run, the n-th event that is delivered, the n-th invocation, or the
// n-th request to Slack, as its kind says.
type Fault struct {
	Kind string
	Nth  int
}

func (f Fault) String() string { return f.Kind + "@" + strconv.Itoa(f.Nth) }

// ParseFault reads what String gives.
func ParseFault(text string) (Fault, error) {
	kind, n, ok := strings.Cut(text, "@")
	nth, err := strconv.Atoi(n)
	if !ok || err != nil || nth < 1 {
		return Fault{}, fmt.Errorf("fault %q: want kind@n, such as kill@17", text)
	}
	all := kinds()
	if _, known := all[kind]; !known {
		names := Kinds()
		return Fault{}, fmt.Errorf("fault %q: there is no kind %q, perhaps %q is meant; there are %s", text, kind, spelling.Near(kind, names), strings.Join(names, ", "))
	}
	return Fault{kind, nth}, nil
}

// Kinds are the names of all kinds of faults.
func Kinds() []string { return slices.Sorted(maps.Keys(kinds())) }

// kind is a kind of fault: what is counted for it, and what it does to the one that it
// befalls. A new kind is a line in kinds.
type kind struct {
	says string
	// Exactly one of these is set.
	request  func(r *Run, s *sent) wire.Fault
	delivery eventbridge.DeliveryFault
	start    time.Duration // that a new environment takes
	slack    bool          // Slack does not answer

	// befalls is whether it makes a difference to this request or event; nil is always.
	befalls func(s *sent) bool
	sources []string // of events; none is all
	// person says that what is done to the cloud is done past Sluice, which may then
	// leave the environment to people.
	person bool
}

// kinds are all kinds of faults.
func kinds() map[string]kind {
	all := map[string]kind{
		"throttle":  {says: "AWS refuses it as one too many", request: fails("ThrottlingException", "Rate exceeded")},
		"broken":    {says: "AWS answers 500", request: fails("InternalFailure", "We encountered an internal error. Please try again.")},
		"denied":    {says: "AWS refuses it to the caller, this once", request: fails("AccessDeniedException", "User is not authorized to perform this action"), person: true},
		"reset":     {says: "the connection is lost before AWS has it", request: be(wire.Fault{LoseRequest: true})},
		"lost":      {says: "AWS does it, and the answer is lost", request: be(wire.Fault{LoseAnswer: true})},
		"late":      {says: "it lands when its sender has given it up", request: be(wire.Fault{Delay: 7 * time.Second})},
		"slow":      {says: "it travels for four seconds", request: be(wire.Fault{Delay: 4 * time.Second})},
		"deaf":      {says: "AWS does it, and the answer comes too late", request: be(wire.Fault{AnswerDelay: 7 * time.Second})},
		"hold":      {says: "it lands when others have sent four more", request: holds},
		"kill":      {says: "the function dies before it sends it", request: kills},
		"die":       {says: "the function dies when AWS has done it", request: dies},
		"zombie":    {says: "the function stands still for forty seconds, and goes on", request: outlives},
		"brownout":  {says: "the table refuses every request for two minutes from then on", request: brownsOut},
		"stale":     {says: "it reads what was before", request: readsStale, befalls: func(s *sent) bool { return canBeStale(s.call) }},
		"red":       {says: "the canary's alarm goes red", request: alarmed(false)},
		"flap":      {says: "the canary's alarm goes red, and green two seconds later", request: alarmed(true)},
		"unalarmed": {says: "the canary's alarm is deleted", request: does("unalarm", "{app} {environment}"), person: true},
		"stop":      {says: "somebody stops the execution", request: stops},
		"edited":    {says: "somebody sets the rule's weights to 70 and 30", request: does("weigh", "{app} {environment} 70 30"), person: true},
		"scaled":    {says: "somebody scales the slot with the traffic to one more", request: does("scale", "{app} {environment} 1")},
		"grown":     {says: "autoscaling makes the slot with the traffic two tasks larger", request: does("grow", "{app} {environment} 2")},
		"redeploys": {says: "somebody deploys into the canary's service by hand", request: does("redeploy", "{app} {environment}"), person: true},
		"builds":    {says: "another good build is ready", request: does("build", "{app} good")},
		"recalls":   {says: "somebody orders the environment back", request: does("rollback", "{app} {environment}")},
		"outage":    {says: "every task of the slot with the traffic dies", request: does("crash", "{app} {environment} stable"), person: true},
		"crash":     {says: "every task of the canary dies", request: does("crash", "{app} {environment} canary")},
	}
	maps.Copy(all, map[string]kind{
		"unheard": {says: "it never arrives", delivery: eventbridge.DeliveryFault{Lose: true}, sources: bestEffort()},
		"twice":   {says: "it arrives twice more", delivery: eventbridge.DeliveryFault{Copies: 2}},
		"delayed": {says: "it arrives three minutes later", delivery: eventbridge.DeliveryFault{Delay: 3 * time.Minute}},
		"cold":    {says: "a new environment starts for it, in four seconds", start: 4 * time.Second},
		"mute":    {says: "Slack does not answer", slack: true},
	})
	return all
}

// bestEffort are the sources whose events AWS may lose. AWS: EventBridge Events Reference,
// Events from AWS services: delivery type "best effort". Those of alarms are durable, and
// promised to be seen all the same where they are lost.
func bestEffort() []string {
	return []string{"aws.codebuild", "aws.ecr", "aws.ecs", "aws.states", "aws.cloudwatch", "aws.codepipeline"}
}

func be(f wire.Fault) func(*Run, *sent) wire.Fault {
	return func(*Run, *sent) wire.Fault { return f }
}

func fails(code, message string) func(*Run, *sent) wire.Fault {
	return func(*Run, *sent) wire.Fault { return wire.Fault{Err: wire.Errorf(code, "%s", message)} }
}

// kills ends the function; what it was about to send is not sent.
func kills(_ *Run, s *sent) wire.Fault {
	s.invocation.Kill()
	return wire.Fault{LoseRequest: true}
}

func dies(r *Run, s *sent) wire.Fault {
	s.landed = func() { r.Post(s.invocation.Kill) }
	return wire.Fault{}
}

// outlives has the function be there for longer than Lambda lets it, but not as long as
// Settle waits.
func outlives(_ *Run, s *sent) wire.Fault {
	s.invocation.Outlive()
	return wire.Fault{Freeze: 40 * time.Second}
}

// holds keeps a request on its way until others have sent some, if they do so before its
// sender gives up: another interleaving of the two.
func holds(r *Run, _ *sent) wire.Fault {
	const others, patience = 4, 4 * time.Second
	until := r.requests + others
	return wire.Fault{Hold: func(arrive func()) {
		var look func()
		limit := r.Now().Add(patience)
		look = func() {
			if r.requests >= until || r.Now().After(limit) {
				arrive()
				return
			}
			r.After(10*time.Millisecond, look)
		}
		look()
	}}
}

// brownsOut has DynamoDB refuse what it is asked, for a time.
func brownsOut(r *Run, s *sent) wire.Fault {
	r.brownouts["dynamodb"] = r.Now().Add(2 * time.Minute)
	return r.throttled(s)
}

func (r *Run) throttled(s *sent) wire.Fault {
	switch until := r.brownouts[s.call.Service]; {
	case !r.Now().Before(until):
		return wire.Fault{}
	case s.call.Service == "dynamodb":
		return wire.Fault{Err: wire.Errorf("ThrottlingException", "Throughput exceeds the current capacity of your table")}
	default:
		return wire.Fault{Err: wire.Errorf("ThrottlingException", "Rate exceeded")}
	}
}

func canBeStale(c *wire.Call) bool {
	switch in := c.Input().(type) {
	case *dynamodb.GetItemInput:
		return in.ConsistentRead == nil || !*in.ConsistentRead
	case *dynamodb.QueryInput:
		return in.ConsistentRead == nil || !*in.ConsistentRead
	default:
		return false
	}
}

func readsStale(r *Run, s *sent) wire.Fault {
	r.Faults.Stale = func(string) bool { return true }
	s.landed = func() { r.Faults.Stale = nil }
	return wire.Fault{}
}

// does has an act done while the request is under way, to the environment that the run
// is about: the one whose function sends it, or the first.
func does(verb, args string) func(*Run, *sent) wire.Fault {
	return func(r *Run, s *sent) wire.Fault {
		place := r.placeOf(s)
		text := strings.NewReplacer("{app}", place.App, "{environment}", place.Environment).Replace(args)
		r.do(Act{Verb: verb, Args: text})
		return wire.Fault{Delay: time.Second}
	}
}

func alarmed(flap bool) func(*Run, *sent) wire.Fault {
	return func(r *Run, s *sent) wire.Fault {
		place := r.placeOf(s)
		name, ok := place.canarysAlarm()
		if !ok {
			return wire.Fault{}
		}
		r.do(Act{Verb: "alarm", Args: name + " " + string(cwtypes.StateValueAlarm)})
		if flap {
			r.After(2*time.Second, func() { r.do(Act{Verb: "alarm", Args: name + " " + string(cwtypes.StateValueOk)}) })
		}
		return wire.Fault{Delay: time.Second}
	}
}

func stops(r *Run, s *sent) wire.Fault {
	if owner := r.placeOf(s).env.Owner; owner != "" {
		r.do(Act{Verb: "stop", Args: owner[strings.LastIndex(owner, ":")+1:]})
	}
	return wire.Fault{Delay: time.Second}
}

// canarysAlarm is an alarm of the canary's, where a rollout is under way.
func (p *place) canarysAlarm() (string, bool) {
	snap := p.env.SnapshotOf(p.env.Rollout)
	if snap == nil || len(p.spec.Alarms) == 0 {
		return "", false
	}
	return strings.ReplaceAll(p.spec.Alarms[0], "{slot}", string(snap.Plan.Canary)), true
}

// befallen are the faults of a kind's sort that the plan has for the n-th.
func (r *Run) befallen(n int, sort func(kind) bool) []kind {
	var all []kind
	for _, f := range r.plan.Faults {
		if k := r.kinds[f.Kind]; f.Nth == n && sort(k) {
			all = append(all, k)
			r.struck(f, k)
		}
	}
	return all
}

// onRequest is what befalls a request of a function.
func (r *Run) onRequest(inv *lambda.Invocation, call *wire.Call) *wire.Fault {
	s := r.noteSent(inv, call)
	fault := r.throttled(s)
	befallen := r.befallen(r.requests, func(k kind) bool { return k.request != nil })
	for _, k := range append(befallen, r.aimedAt(s)...) {
		if k.befalls == nil || k.befalls(s) {
			fault = merge(fault, k.request(r, s))
		}
	}
	if r.plan.Seed != 0 {
		fault.Delay += r.jitter(1)
		fault.AnswerDelay += r.jitter(2)
	}
	return &fault
}

// merge is what two faults of one request come to.
func merge(a, b wire.Fault) wire.Fault {
	if b.Err != nil {
		a.Err = b.Err
	}
	if b.Hold != nil {
		a.Hold = b.Hold
	}
	a.LoseRequest, a.LoseAnswer = a.LoseRequest || b.LoseRequest, a.LoseAnswer || b.LoseAnswer
	a.Delay, a.AnswerDelay, a.Freeze = max(a.Delay, b.Delay), max(a.AnswerDelay, b.AnswerDelay), max(a.Freeze, b.Freeze)
	return a
}

// onDelivery is what befalls an event on its way to a target.
func (r *Run) onDelivery(e eventbridge.Event, target string) eventbridge.DeliveryFault {
	r.deliveries++
	r.trace.event(r.Now(), e, target)
	fault := eventbridge.DeliveryFault{}
	for _, k := range r.befallen(r.deliveries, func(k kind) bool { return k.delivery != eventbridge.DeliveryFault{} }) {
		if len(k.sources) == 0 || slices.Contains(k.sources, e.Source) {
			fault = k.delivery
		}
	}
	fault.Lose = fault.Lose || r.loses(e)
	if !fault.Lose {
		r.hears(e)
	}
	return fault
}

// hears has a red alarm's way through Sluice looked at.
func (r *Run) hears(e eventbridge.Event) {
	var detail struct {
		AlarmName string `json:"alarmName"`
		State     struct {
			Value cwtypes.StateValue `json:"value"`
		} `json:"state"`
	}
	if e.Source == "aws.cloudwatch" && json.Unmarshal(e.Detail, &detail) == nil && detail.State.Value == cwtypes.StateValueAlarm {
		r.heard(detail.AlarmName)
	}
}

// onInvocation is what befalls an invocation of a function.
func (r *Run) onInvocation(string, int) lambda.FunctionFault {
	r.invocations++
	fault := lambda.FunctionFault{}
	for _, k := range r.befallen(r.invocations, func(k kind) bool { return k.start > 0 }) {
		fault.Start = k.start
	}
	return fault
}

// placeOf is the environment that the sender of a request works on, else the first.
func (r *Run) placeOf(s *sent) *place {
	if s != nil {
		if p := r.place(s.work.App, s.work.Environment); p != nil {
			return p
		}
	}
	return r.places[0]
}

// asPromised reports whether only such things have gone wrong as Sluice promises to come
// through by itself.
func (p Plan) asPromised() bool {
	all := kinds()
	past := func(a Act) bool {
		return verbs()[a.Verb].person || a.Verb == "strike" && all[strings.Fields(a.Args)[0]].person
	}
	return !slices.ContainsFunc(p.Faults, func(f Fault) bool { return all[f.Kind].person }) && !slices.ContainsFunc(p.Acts, past)
}
