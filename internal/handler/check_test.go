package handler_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/cfn"

	"github.com/sluice-deploy/sluice/internal/handler"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/slack"
	"github.com/sluice-deploy/sluice/internal/steps"
)

// listening takes what is put to CloudFormation's URL.
type listening struct {
	status int
	heard  []byte
}

func (l *listening) Do(req *http.Request) (*http.Response, error) {
	var err error
	if l.heard, err = io.ReadAll(req.Body); err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: l.status, Status: http.StatusText(l.status), Body: http.NoBody}, nil
}

const stackRequest = `{"RequestType":"%","RequestId":"r-1","ResponseURL":"https://s3.example.com/answer","StackId":"stack",` +
	`"LogicalResourceId":"Check","ResourceType":"Custom::Check","ResourceProperties":{"AlarmTopic":""}}`

// CloudFormation is always answered, and never kept from deleting.
func TestCheckAnswers(t *testing.T) {
	t.Parallel()
	broken := steps.Checks{Secret: &slack.Secret{}} // asking it panics
	for _, c := range []struct {
		name, request string
		checks        steps.Checks
		status, says  string
	}{
		{"create", "Create", steps.Checks{}, "SUCCESS", ""},
		{"panic", "Update", broken, "FAILED", "the check itself failed"},
		{"delete", "Delete", broken, "SUCCESS", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := &listening{status: http.StatusOK}
			f := handler.Check{Checks: c.checks, HTTP: l, Log: slog.New(slog.DiscardHandler)}.Handler()
			if _, err := f(t.Context(), []byte(strings.Replace(stackRequest, "%", c.request, 1))); err != nil {
				t.Fatal(err)
			}
			var got cfn.Response
			if err := json.Unmarshal(l.heard, &got); err != nil {
				t.Fatalf("answered %q: %v", l.heard, err)
			}
			if string(got.Status) != c.status || !strings.Contains(got.Reason, c.says) || got.RequestID != "r-1" || got.StackID != "stack" ||
				got.LogicalResourceID != "Check" || got.PhysicalResourceID == "" || len(l.heard) > 4096 {
				t.Errorf("answered %+v, want %s with %q", got, c.status, c.says)
			}
		})
	}
}

// What was not answered fails, so that Lambda tries again.
func TestCheckThatCannotAnswer(t *testing.T) {
	t.Parallel()
	f := handler.Check{HTTP: &listening{status: http.StatusServiceUnavailable}, Log: slog.New(slog.DiscardHandler)}.Handler()
	_, err := f(t.Context(), []byte(strings.Replace(stackRequest, "%", "Delete", 1)))
	if rollout.KindOf(err) != rollout.KindUnavailable {
		t.Errorf("an answer that was not taken: %v, want Unavailable", err)
	}
	if _, err := f(t.Context(), []byte(`{"detail":{}}`)); rollout.KindOf(err) != rollout.KindEventInvalid {
		t.Errorf("no request of CloudFormation's: %v, want EventInvalid", err)
	}
}
