package handler

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sluice-deploy/sluice/internal/approvals"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// Decide takes decisions from terminals, behind a Function URL that asks for IAM: who
// calls is who AWS says it is, whatever the request claims.
//
//	POST /decisions        {"action", "subject", "reason", "hash"}: 202 with the decision's id
//	GET  /decisions/{subject}/{id}  what came of a decision
//	POST /orders           an approvals.Order without id, person and time: 202 with the order's id
//	GET  /orders/{id}      what came of an order
//	GET  /approvals/{id}   where a question stands, and what came of each decision on it
//	GET  /deployments/{app}/{build}  how far the deployment of a build, or an order, is
//	GET  /environments/{app}/{environment}  the rollout that has it, and one that asks to
//	GET  /rollouts/{name}  how far a rollout is, and the question that it waits for
type Decide struct {
	Store *store.Store
	Bus   approvals.Bus
	Now   func() time.Time
	Log   *slog.Logger
}

// maxDecision is more than a decision has.
const maxDecision = 16 << 10

// Handler serves the Function URL.
func (d Decide) Handler() Func { return urlFunc(maxDecision, d.serve) }

func (d Decide) serve(ctx context.Context, r request) answer {
	person, err := caller(r)
	if err != nil {
		d.Log.LogAttrs(ctx, slog.LevelWarn, "caller refused", slog.String("error", err.Error()))
		return said(http.StatusForbidden, err.Error())
	}
	path := r.RawPath
	if len(path) > maxDecision {
		path = ""
	}
	top, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch r.method() + " " + top {
	case "POST decisions":
		return d.decide(ctx, r, person)
	case "GET decisions":
		return d.came(ctx, rest)
	case "POST orders":
		return d.order(ctx, r, person)
	case "GET orders":
		order, err := d.Store.Order(ctx, rest)
		return d.found(ctx, order, err)
	case "GET approvals":
		return d.stands(ctx, rest)
	case "GET deployments":
		return d.goes(ctx, rest)
	case "GET environments":
		return d.has(ctx, rest)
	case "GET rollouts":
		rolling, err := d.rolling(ctx, rest)
		return d.found(ctx, rolling, err)
	default:
		return said(http.StatusNotFound,
			"POST /decisions and /orders; GET /decisions/SUBJECT/ID, /orders/ID, /approvals/ID, /deployments/APP/BUILD, /environments/APP/ENVIRONMENT and /rollouts/NAME are what there is")
	}
}

// found is the answer with what was looked for, or with why there is none.
func (d Decide) found(ctx context.Context, v any, err error) answer {
	switch {
	case rollout.KindOf(err) == rollout.KindNotFound:
		return said(http.StatusNotFound, err.Error())
	case err != nil:
		return d.failed(ctx, err)
	default:
		return object(http.StatusOK, v)
	}
}

// order takes an order. Who orders, when, and the order's id are not the caller's to say.
func (d Decide) order(ctx context.Context, r request, person rollout.Person) answer {
	var o approvals.Order
	if err := strict(r.body, &o); err != nil {
		return said(http.StatusBadRequest, err.Error())
	}
	o.ID, o.Person, o.At, o.Reason = r.RequestContext.RequestID, person, d.Now().UTC(), strings.TrimSpace(o.Reason)
	if err := o.Check(); err != nil {
		return said(http.StatusBadRequest, err.Error())
	}
	if err := d.Bus.PutOrder(ctx, o); err != nil {
		return d.failed(ctx, err)
	}
	return object(http.StatusAccepted, map[string]string{"id": o.ID})
}

// caller is who AWS says has called.
func caller(r request) (rollout.Person, error) {
	who := r.RequestContext.Authorizer
	if who == nil || who.IAM == nil || who.IAM.UserARN == "" {
		return rollout.Person{}, rollout.Errorf(rollout.KindDenied, "AWS does not say who calls: the Function URL has to ask for IAM")
	}
	return approvals.PersonOf(who.IAM.UserARN)
}

func (d Decide) decide(ctx context.Context, r request, person rollout.Person) answer {
	var in struct {
		Action  approvals.Action `json:"action"`
		Subject string           `json:"subject"`
		Reason  string           `json:"reason"`
		Hash    string           `json:"hash"`
	}
	if err := strict(r.body, &in); err != nil {
		return said(http.StatusBadRequest, err.Error())
	}
	decision := approvals.Decision{
		ID: r.RequestContext.RequestID, Action: in.Action, Subject: in.Subject, Person: person,
		Reason: strings.TrimSpace(in.Reason), Saw: in.Hash, At: d.Now().UTC(),
	}
	if err := decision.Check(); err != nil {
		return said(http.StatusBadRequest, err.Error())
	}
	if decision.Action == approvals.Reject && decision.Reason == "" {
		return said(http.StatusBadRequest, "reason: a rejection needs one")
	}
	if utf8.RuneCountInString(decision.Reason) > approvals.MaxReason || len(in.Hash) > approvals.MaxSubject {
		return said(http.StatusBadRequest, "reason or hash is too long")
	}
	if err := d.Bus.Put(ctx, decision); err != nil {
		return d.failed(ctx, err)
	}
	return object(http.StatusAccepted, map[string]string{"id": decision.ID})
}

func (d Decide) failed(ctx context.Context, err error) answer {
	d.Log.LogAttrs(ctx, slog.LevelError, "decision not taken", slog.String("error", err.Error()))
	return said(http.StatusServiceUnavailable, "Sluice cannot take this now; try again")
}

func object(status int, v any) answer {
	body, err := json.Marshal(v)
	if err != nil {
		return said(http.StatusInternalServerError, err.Error())
	}
	return answer{status, body}
}

// standing is what GET /approvals/{id} tells.
type standing struct {
	ID       string           `json:"id"`
	Standing rollout.Standing `json:"standing"`
	Why      string           `json:"why,omitempty"`
	Rollout  string           `json:"rollout,omitempty"`
	Hash     string           `json:"hash"`
	Expires  *time.Time       `json:"expires,omitempty"`
	Quorum   int              `json:"quorum"`
	Votes    []rollout.Vote   `json:"votes"`
	Clicks   []decided        `json:"decisions"`
}

// decided is what came of one decision.
type decided struct {
	ID      string `json:"id"`
	Done    bool   `json:"done"`
	Refused bool   `json:"refused"`
	Result  string `json:"result"`
}

// came tells what came of one decision.
func (d Decide) came(ctx context.Context, which string) answer {
	subject, id, _ := strings.Cut(which, "/")
	clicks, err := d.Store.Clicks(ctx, subject)
	if err != nil {
		return d.failed(ctx, err)
	}
	for _, c := range clicks {
		if c.ID == id {
			return object(http.StatusOK, outcomeOf(c))
		}
	}
	return said(http.StatusNotFound, "no decision "+id+" on "+subject+" is known, or not yet")
}

func outcomeOf(c store.Click) decided {
	return decided{ID: c.ID, Done: c.Done, Refused: c.Refused, Result: c.Result}
}

func (d Decide) stands(ctx context.Context, id string) answer {
	a, err := d.Store.Approval(ctx, id)
	if err != nil {
		return d.found(ctx, nil, err)
	}
	clicks, err := d.Store.Clicks(ctx, id)
	if err != nil {
		return d.failed(ctx, err)
	}
	out := standing{
		ID: a.ID, Standing: a.Standing, Why: a.Why, Rollout: a.Rollout, Hash: a.Hash, Quorum: a.Rule.Quorum, Votes: a.Cast(),
	}
	if at := a.ExpiresAt(); !at.IsZero() {
		out.Expires = &at
	}
	for _, c := range clicks {
		out.Clicks = append(out.Clicks, outcomeOf(c))
	}
	return object(http.StatusOK, out)
}
