package handler_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/sluice-deploy/sluice/internal/approvals"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

func wantAnswer(t *testing.T, name string, got events.LambdaFunctionURLResponse, status int, says string) {
	t.Helper()
	if got.StatusCode != status || !strings.Contains(got.Body, says) {
		t.Errorf("%s: answered %d %s, want %d that says %q", name, got.StatusCode, got.Body, status, says)
	}
}

// What no Function URL has sent is an error of the function.
func TestNoRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, function := range []string{"slack", "decide"} {
		for _, payload := range []string{``, `7`, `{}`, `{"detail":{}}`} {
			wantType(t, w.invoke(function, []byte(payload)), rollout.KindEventInvalid)
		}
	}
}

// A body that Lambda gives in base64 is the same body; one over the limit is not read.
func TestBodies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	decide := w.as("decide")
	body := `{"action":"approve","subject":"apr-1"}`
	r := by(request(http.MethodPost, "/decisions", base64.StdEncoding.EncodeToString([]byte(body))), carl)
	r.IsBase64Encoded = true
	wantAnswer(t, "base64", w.serve(decide, r), http.StatusAccepted, `"id"`)
	r.Body = "?"
	wantAnswer(t, "not base64", w.serve(decide, r), http.StatusBadRequest, "not base64")
	r.Body = base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", 16<<10+1)))
	wantAnswer(t, "too large in base64", w.serve(decide, r), http.StatusRequestEntityTooLarge, "too large")
	r.Body = strings.Repeat("A", 1<<20)
	wantAnswer(t, "far too large", w.serve(decide, r), http.StatusRequestEntityTooLarge, "too large")
}

// Who calls is who AWS says it is.
func TestDecideCallers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	decide := w.as("decide")
	post := request(http.MethodPost, "/decisions", `{"action":"promote","subject":"shop-production-7","reason":" why "}`)
	wantAnswer(t, "nobody", w.serve(decide, post), http.StatusForbidden, "does not say who calls")
	for _, arn := range []string{"arn:aws:iam::" + account + ":root", "arn:aws:sts::" + account + ":federated-user/ada", "ada"} {
		wantAnswer(t, arn, w.serve(decide, by(post, arn)), http.StatusForbidden, "")
	}
	if put := w.put; len(put) != 0 {
		t.Fatalf("the bus has %+v, want nothing", put)
	}
	wantAnswer(t, "carl", w.serve(decide, by(post, carl)), http.StatusAccepted, post.RequestContext.RequestID)
	put := w.put
	if len(put) != 1 || put[0].Person.ID != carl || put[0].Action != approvals.Promote || put[0].Reason != "why" || put[0].ID != post.RequestContext.RequestID {
		t.Errorf("the bus has %+v, want carl's promote", put)
	}
}

func TestDecideUnavailable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	decide := w.as("decide")
	w.Faults.Request = func(*wire.Call) *wire.Fault { return &wire.Fault{LoseRequest: true} }
	for name, r := range map[string]events.LambdaFunctionURLRequest{
		"POST": request(http.MethodPost, "/decisions", `{"action":"approve","subject":"apr-1"}`),
		"GET":  request(http.MethodGet, "/approvals/apr-1", ""),
	} {
		wantAnswer(t, name, w.serve(decide, by(r, carl)), http.StatusServiceUnavailable, "try again")
	}
	if !strings.Contains(w.log.String(), "decision not taken") {
		t.Errorf("the log does not say so:\n%s", w.log)
	}
}

// pressed is a signed request of a press.
func (w *world) pressed(action, value string) events.LambdaFunctionURLRequest {
	payload := strings.TrimPrefix(interaction(action, value), "payload=")
	return w.sign(request(http.MethodPost, "/", "payload="+url.QueryEscape(payload)))
}

func TestSlackPress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slack := w.as("slack")
	r := w.pressed("approve", "apr-1")
	wantAnswer(t, "approve", w.serve(slack, r), http.StatusOK, "")
	put := w.put
	if len(put) != 1 || put[0].Action != approvals.Approve || put[0].Subject != "apr-1" || put[0].Channel != "C1" ||
		put[0].Person.Way != rollout.BySlack || put[0].Person.ID != "U1" || put[0].Person.Name != "ada" || !put[0].At.Equal(w.Now().Truncate(time.Nanosecond)) {
		t.Errorf("the bus has %+v, want ada's approval", put)
	}
	// The same request again, within the five minutes that its signature counts.
	w.RunFor(time.Minute)
	wantAnswer(t, "again", w.serve(slack, r), http.StatusUnauthorized, "not from Slack")
	w.RunFor(10 * time.Minute)
	wantAnswer(t, "late", w.serve(slack, r), http.StatusUnauthorized, "not from Slack")
	if put := w.put; len(put) != 1 {
		t.Errorf("the bus has %d decisions, want one", len(put))
	}
}

func TestSlackRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slack := w.as("slack")
	good := w.pressed("approve", "apr-1")
	changed, unsigned := good, good
	changed.Body = strings.Replace(good.Body, "apr-1", "apr-2", 1)
	unsigned.Headers = map[string]string{}
	for name, c := range map[string]struct {
		r      events.LambdaFunctionURLRequest
		status int
	}{
		"changed":        {changed, http.StatusUnauthorized},
		"unsigned":       {unsigned, http.StatusUnauthorized},
		"GET":            {request(http.MethodGet, "/", ""), http.StatusMethodNotAllowed},
		"no interaction": {w.sign(request(http.MethodPost, "/", "hello")), http.StatusBadRequest},
		"no JSON":        {w.sign(request(http.MethodPost, "/", "payload=%7B")), http.StatusBadRequest},
		"too large":      {w.sign(request(http.MethodPost, "/", strings.Repeat("x", 512<<10+1))), http.StatusRequestEntityTooLarge},
	} {
		wantAnswer(t, name, w.serve(slack, c.r), c.status, "")
	}
	if put := w.put; len(put) != 0 {
		t.Errorf("the bus has %+v, want nothing", put)
	}
}

// What cannot be found out or put now is an error, so that the person sees one.
func TestSlackUnavailable(t *testing.T) {
	t.Parallel()
	for _, operation := range []string{"GetSecretValue", "PutItem", "PutEvents"} {
		w := newWorld(t)
		slack := w.as("slack")
		r := w.pressed("approve", "apr-1")
		w.Faults.Request = func(c *wire.Call) *wire.Fault {
			if c.Operation == operation {
				return &wire.Fault{LoseRequest: true}
			}
			return nil
		}
		wantAnswer(t, operation, w.serve(slack, r), http.StatusInternalServerError, "try again")
		if put := w.put; len(put) != 0 {
			t.Errorf("%s: the bus has %+v, want nothing", operation, put)
		}
	}
}

// Events of pipelines that say too little, or what Sluice does not know, are refused.
func TestPipelineEventRefused(t *testing.T) {
	t.Parallel()
	detail := func() fields { return actionEvent("1", "STARTED")["detail"].(fields) }
	for name, c := range map[string]struct {
		detail any
		says   string
	}{
		"no object":      {"x", "detail of"},
		"no category":    {detail().with("type", nil), "type.category"},
		"no pipeline":    {detail().with("pipeline", nil), "pipeline"},
		"no stage":       {detail().with("stage", nil), "stage"},
		"no action":      {detail().with("action", nil), "no action"},
		"no execution":   {detail().with("action-execution-id", nil), "action-execution-id"},
		"no state":       {detail().with("state", nil), "state"},
		"other state":    {detail().with("state", "DREAMING"), "DREAMING"},
		"long pipeline":  {detail().with("pipeline", strings.Repeat("x", 1025)), "pipeline is longer"},
		"long execution": {detail().with("action-execution-id", strings.Repeat("x", 1025)), "action-execution-id is longer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			payload := w.json(event("aws.codepipeline", "CodePipeline Action Execution State Change", c.detail))
			if err := w.invoke("approval", payload); err != nil {
				t.Fatal(err)
			}
			w.wantRefused(payload, rollout.KindEventInvalid, c.says)
		})
	}
}

// Other actions of a pipeline concern nobody.
func TestPipelineEventOfAnotherAction(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	started, question := w.pipe()
	other := started["detail"].(fields).with("type", fields{"category": "Deploy", "provider": "ECS"})
	w.take("approval", event("aws.codepipeline", "CodePipeline Action Execution State Change", other))
	if _, err := w.Steps.Store.Approval(t.Context(), question); rollout.KindOf(err) != rollout.KindNotFound {
		t.Errorf("the question: %v, want none", err)
	}
	w.take("approval", started)
	if a, err := w.Steps.Store.Approval(t.Context(), question); err != nil || a.Standing != rollout.Open {
		t.Errorf("the question: %+v, %v, want it open", a, err)
	}
	if letters := w.letters(); len(letters) != 0 {
		t.Errorf("dead letters are %+v, want none", letters)
	}
}
