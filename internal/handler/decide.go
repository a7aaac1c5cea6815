package handler

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
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
//	GET  /approvals/{id}   where a question stands, and what came of each decision on it
//	GET  /deployments/{app}/{build}  how far the deployment of a build is
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
	id, about := strings.CutPrefix(r.RawPath, "/approvals/")
	build, deployed := strings.CutPrefix(r.RawPath, "/deployments/")
	switch {
	case r.method() == http.MethodPost && r.RawPath == "/decisions":
		return d.decide(ctx, r, person)
	case r.method() == http.MethodGet && about && id != "" && len(id) <= approvals.MaxSubject:
		return d.stands(ctx, id)
	case r.method() == http.MethodGet && deployed && len(build) <= maxDecision:
		return d.goes(ctx, build)
	default:
		return said(http.StatusNotFound, "POST /decisions, GET /approvals/ID and GET /deployments/APP/BUILD are what there is")
	}
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

func (d Decide) stands(ctx context.Context, id string) answer {
	a, err := d.Store.Approval(ctx, id)
	if rollout.KindOf(err) == rollout.KindNotFound {
		return said(http.StatusNotFound, err.Error())
	}
	if err != nil {
		return d.failed(ctx, err)
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
		out.Clicks = append(out.Clicks, decided{ID: c.ID, Done: c.Done, Refused: c.Refused, Result: c.Result})
	}
	return object(http.StatusOK, out)
}

// going is what GET /deployments/{app}/{build} tells.
type going struct {
	App     string `json:"app"`
	Release int    `json:"release"`
	// State is succeeded when the release has got through every environment, guards
	// included, stopped when it did not go on in one, and else going.
	State        string               `json:"state"`
	Why          string               `json:"why,omitempty"`
	Environments map[string]goingInto `json:"environments"`
}

type goingInto struct {
	Rollout string          `json:"rollout"`
	Outcome rollout.Outcome `json:"outcome,omitempty"`
	Why     string          `json:"why,omitempty"`
}

// goes tells of the deployment of an app's build.
func (d Decide) goes(ctx context.Context, which string) answer {
	app, escaped, _ := strings.Cut(which, "/")
	build, err := url.PathUnescape(escaped)
	if err != nil || app == "" || build == "" {
		return said(http.StatusBadRequest, "the path is /deployments/APP/BUILD")
	}
	deployment, err := d.Store.DeploymentOf(ctx, app, buildKey(build))
	switch {
	case rollout.KindOf(err) == rollout.KindNotFound:
		return said(http.StatusNotFound, "no deployment of build "+build+" of app "+app+" is known, or not yet")
	case err != nil:
		return d.failed(ctx, err)
	}
	out := going{App: app, Release: deployment.Release, Environments: map[string]goingInto{}}
	out.State, out.Why = deployment.State()
	for name, stage := range deployment.Environments {
		out.Environments[name] = goingInto{stage.Rollout, stage.Outcome, stage.Reason}
	}
	return object(http.StatusOK, out)
}
