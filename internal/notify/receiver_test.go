package notify_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/notify"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// receiver answers requests one after the other and keeps what it got. The last
// answer stands for all that follow.
type receiver struct {
	answers []answer
	got     []request
}

type answer struct {
	status int
	header http.Header
	body   io.Reader
	err    error
}

type request struct {
	method, url string
	header      http.Header
	body        []byte
}

// answering is a receiver that gives each status once, the last for ever.
func answering(statuses ...int) *receiver {
	r := &receiver{}
	for _, status := range statuses {
		r.answers = append(r.answers, answer{status: status})
	}
	return r
}

func (r *receiver) Do(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	if int64(len(body)) != req.ContentLength {
		return nil, errors.New("the content has another length than was said")
	}
	r.got = append(r.got, request{req.Method, req.URL.String(), req.Header.Clone(), body})
	a := r.answers[min(len(r.got), len(r.answers))-1]
	if a.err != nil {
		return nil, a.err
	}
	if a.body == nil {
		a.body = &bytes.Buffer{}
	}
	if a.header == nil {
		a.header = http.Header{}
	}
	return &http.Response{StatusCode: a.status, Header: a.header, Body: io.NopCloser(a.body), Request: req}, nil
}

// secrets are those of the world's Secrets Manager.
func (w world) secrets() *notify.Secrets {
	return &notify.Secrets{SecretsManager: w.aws.SecretsManager, Now: w.Now}
}

// secret makes a secret, or gives it another value.
func (w world) secret(name, value string) {
	w.t.Helper()
	ctx := w.t.Context()
	_, err := w.aws.SecretsManager.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: &name, SecretString: &value})
	if err == nil {
		return
	}
	_, err = w.aws.SecretsManager.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: &name, SecretString: &value})
	if err != nil {
		w.t.Fatal(err)
	}
}

// reads counts how often a secret's value is read from now on.
func (w world) reads() *int {
	n := 0
	w.Observe = func(c *wire.Call, _, _ any, _ error) {
		if c.Operation == "GetSecretValue" {
			n++
		}
	}
	return &n
}

// identified is a notice as the bus delivers it.
func identified() notify.Notice {
	n := notice()
	n.ID, n.Moment = "5d41402abc4b2a76b9719d91", rollout.MomentRolledBack
	return n
}

// wantKind checks an error's kind, and that it says the parts.
func wantKind(t *testing.T, err error, kind rollout.ErrorKind, parts ...string) {
	t.Helper()
	if got := rollout.KindOf(err); got != kind {
		t.Fatalf("%v is %q, want %q", err, got, kind)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
}

// wantHidden checks that an error does not say the parts.
func wantHidden(t *testing.T, err error, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if strings.Contains(err.Error(), part) {
			t.Errorf("%q shows %q", err, part)
		}
	}
}

// pause is how long the receiver asked to be left alone, 0 if it did not.
func pause(err error) time.Duration {
	var later *notify.RetryLater
	if !errors.As(err, &later) {
		return 0
	}
	return later.After
}
