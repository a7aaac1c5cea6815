package handler_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/sluice-deploy/sluice/internal/approvals"
	"github.com/sluice-deploy/sluice/internal/handler"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// answered invokes what serves a Function URL with whatever the fuzzer made, and gives
// the answer, nil for what is no request. It must not break, and its status is one of
// those.
func answered(t *testing.T, f handler.Func, payload []byte, statuses ...int) *events.LambdaFunctionURLResponse {
	t.Helper()
	out, err := f.Invoke(t.Context(), payload)
	if err != nil {
		if strings.Contains(err.Error(), "goroutine ") || !strings.Contains(err.Error(), "not a request to a Function URL") {
			t.Fatalf("%q: it broke: %v", payload, err)
		}
		return nil
	}
	var answer events.LambdaFunctionURLResponse
	if err := json.Unmarshal(out, &answer); err != nil || !slices.Contains(statuses, answer.StatusCode) {
		t.Fatalf("%q was answered %s (%v), want one of %v", payload, out, err, statuses)
	}
	return &answer
}

// FuzzSlackURL gives the Slack function any event of its Function URL. Nothing comes
// to the bus of what Slack has not signed, and nothing that is not a decision.
func FuzzSlackURL(f *testing.F) {
	w := newWorld(f)
	slack := w.as("slack")
	f.Add([]byte(`{}`), true)
	f.Add([]byte("\xff"), false)
	for _, body := range []string{
		interaction("approve", "apr-1"), interaction("reject", "apr-1"), interaction("abort", "shop-production-7"), "payload={}", "payload=", "a=1", "{}",
		`payload={"type":"view_submission","user":{"id":"U1"},"view":{"callback_id":"reason","private_metadata":"{}","state":{"values":{}}}}`,
	} {
		f.Add(w.json(request(http.MethodPost, "/", body)), true)
		f.Add(w.json(request(http.MethodPost, "/", body)), false)
	}
	f.Fuzz(func(t *testing.T, payload []byte, signed bool) {
		w.tb = t
		w.RunFor(time.Second)
		var r events.LambdaFunctionURLRequest
		if signed && json.Unmarshal(payload, &r) == nil && !r.IsBase64Encoded {
			payload = w.json(w.sign(r))
		}
		before := len(w.put())
		answer := answered(t, slack, payload, http.StatusOK, http.StatusBadRequest, http.StatusUnauthorized,
			http.StatusMethodNotAllowed, http.StatusRequestEntityTooLarge, http.StatusInternalServerError)
		put := w.put()
		if len(put) == before {
			return
		}
		d := put[len(put)-1]
		if !signed || answer == nil || answer.StatusCode != http.StatusOK || len(put) > before+1 {
			t.Fatalf("%q, signed %t, put %+v", payload, signed, put)
		}
		if err := d.Check(); err != nil || d.Person.Way != rollout.BySlack {
			t.Fatalf("%q put %+v: %v", payload, d, err)
		}
		w.recent(t)
	})
}

// recent keeps the events that are remembered from being forgotten: a new world is
// needed before there are too many to count.
func (w *world) recent(t *testing.T) {
	t.Helper()
	if len(w.put()) > 900 {
		t.Skip("there are as many events as EventBridge remembers here")
	}
}

// FuzzDecideURL gives the decide function any event of its Function URL. What comes to
// the bus is of who AWS says has called.
func FuzzDecideURL(f *testing.F) {
	w := newWorld(f)
	decide := w.as("decide")
	id := w.ask()
	for _, body := range []string{
		`{"action":"approve","subject":"` + id + `"}`, `{"action":"reject","subject":"` + id + `","reason":"no"}`,
		`{"action":"approve","subject":"` + id + `","person":{"id":"x"}}`, `{}`, ``, `[]`, `{"action":"approve","subject":"` + id + `"}{}`,
	} {
		f.Add(w.json(by(request(http.MethodPost, "/decisions", body), carl)))
		f.Add(w.json(request(http.MethodPost, "/decisions", body)))
	}
	f.Add(w.json(by(request(http.MethodGet, "/approvals/"+id, ""), carl)))
	f.Add(w.json(by(request(http.MethodGet, "/approvals/", ""), "arn:aws:sts::"+account+":assumed-role/Deployers/ann")))
	f.Add(w.json(by(request(http.MethodPost, "/decisions", ""), "arn:aws:iam::"+account+":root")))
	f.Fuzz(func(t *testing.T, payload []byte) {
		w.tb = t
		before := len(w.put())
		answer := answered(t, decide, payload, http.StatusOK, http.StatusAccepted, http.StatusBadRequest, http.StatusForbidden,
			http.StatusNotFound, http.StatusRequestEntityTooLarge, http.StatusServiceUnavailable)
		put := w.put()
		if len(put) == before {
			if answer != nil && answer.StatusCode == http.StatusAccepted {
				t.Fatalf("%q was taken, and is not on the bus", payload)
			}
			return
		}
		var r events.LambdaFunctionURLRequest
		if err := json.Unmarshal(payload, &r); err != nil || r.RequestContext.Authorizer == nil || r.RequestContext.Authorizer.IAM == nil {
			t.Fatalf("%q put %+v", payload, put[len(put)-1])
		}
		want, err := approvals.PersonOf(r.RequestContext.Authorizer.IAM.UserARN)
		if d := put[len(put)-1]; err != nil || d.Person.ID != want.ID || d.Person.Way != rollout.ByIAM || d.Check() != nil {
			t.Fatalf("%q put %+v, want it of %+v", payload, d, want)
		}
		w.recent(t)
	})
}

// FuzzDecisionEvent gives the approval function any event. A vote is counted of a
// decision of who may, and of nothing else.
func FuzzDecisionEvent(f *testing.F) {
	w := newWorld(f)
	id := w.ask()
	seed(f)
	f.Add(w.json(decided(id)))
	f.Add([]byte(`{"again":"` + id + `"}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		w.tb = t
		w.neverBreaks(t, "approval", payload)
		a, err := w.Steps.Store.Approval(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if a.Standing == rollout.Open && len(a.Votes) == 0 {
			return
		}
		var said struct {
			Source string             `json:"source"`
			Type   string             `json:"detail-type"`
			Detail approvals.Decision `json:"detail"`
		}
		err = json.Unmarshal(payload, &said)
		if d := said.Detail; err != nil || said.Source != approvals.Source || said.Type != approvals.DetailType || d.Check() != nil ||
			d.Person.Way != rollout.ByIAM || d.Person.ID != carl && !slices.Contains(d.Person.Groups, carl) || d.Subject != id || !d.Action.Answers() {
			t.Fatalf("%q made the question %s with %+v", payload, a.Standing, a.Votes)
		}
		w.ask()
	})
}

// neverBreaks has a function take whatever the fuzzer made.
func (w *world) neverBreaks(t *testing.T, function string, payload []byte) {
	t.Helper()
	if err := w.invoke(function, payload); err != nil && strings.Contains(err.Error(), "goroutine ") {
		t.Fatalf("%q: it broke: %v", payload, err)
	}
}

// FuzzPipelineEvent gives the approval function any event. People are asked for the
// approval that waits, when its event says so, and for no other.
func FuzzPipelineEvent(f *testing.F) {
	w := newWorld(f)
	started, id := w.pipe()
	seed(f)
	f.Add(w.json(started))
	f.Add([]byte(strings.Replace(string(w.json(started)), "STARTED", "SUCCEEDED", 1)))
	f.Fuzz(func(t *testing.T, payload []byte) {
		w.tb = t
		w.neverBreaks(t, "approval", payload)
		a, err := w.Steps.Store.Approval(t.Context(), id)
		if rollout.KindOf(err) == rollout.KindNotFound {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		var said struct {
			Source string `json:"source"`
			Detail struct {
				Pipeline  string `json:"pipeline"`
				Execution string `json:"action-execution-id"`
				State     string `json:"state"`
				Type      struct{ Category, Provider string }
			} `json:"detail"`
		}
		err = json.Unmarshal(payload, &said)
		if d := said.Detail; err != nil || said.Source != "aws.codepipeline" || d.Pipeline != "infra" || d.Execution != a.Hash ||
			d.State != "STARTED" || d.Type.Category != "Approval" || d.Type.Provider != "Manual" || a.Standing != rollout.Open {
			t.Fatalf("%q made the question %+v", payload, a)
		}
		w.forget(id)
	})
}
