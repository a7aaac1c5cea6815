package notify_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/notify"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

func TestSecretIsKeptForFiveMinutes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	to := answering(http.StatusOK)
	hook := w.webhook(to)
	reads := w.reads()
	for i, c := range []struct {
		later time.Duration
		want  int
	}{{0, 1}, {5*time.Minute - time.Second, 1}, {time.Second, 2}} {
		w.RunFor(c.later)
		if err := hook.Deliver(t.Context(), hooked(), identified()); err != nil {
			t.Fatal(err)
		}
		if *reads != c.want {
			t.Errorf("after delivery %d: read %d times, want %d", i+1, *reads, c.want)
		}
	}
	w.secret("sluice/other", signing(2))
	other := rollout.Channel{Webhook: "https://hooks.example.com/", Secret: "sluice/other"}
	if err := hook.Deliver(t.Context(), other, identified()); err != nil {
		t.Fatal(err)
	}
	if last := to.got[len(to.got)-1]; !verify(signing(2), last.header, last.body, w.Now()) {
		t.Error("another secret's value was used")
	}
}

// While the receiver changes keys, both are in the secret.
func TestSecretWithTwoKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	to := answering(http.StatusOK)
	hook := w.webhook(to)
	w.secret("sluice/hook", signing(2)+"\r\n"+signing(1)+"\n")
	if err := hook.Deliver(t.Context(), hooked(), identified()); err != nil {
		t.Fatal(err)
	}
	got := to.got[0]
	if n := len(strings.Fields(got.header.Get("Webhook-Signature"))); n != 2 {
		t.Errorf("got %d signatures, want 2", n)
	}
	for n := 1; n <= 2; n++ {
		if !verify(signing(n), got.header, got.body, w.Now()) {
			t.Errorf("key %d does not verify", n)
		}
	}
}

func TestSecretThatHasChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	to := answering(http.StatusOK, http.StatusUnauthorized, http.StatusOK)
	hook := w.webhook(to)
	for n := 1; n <= 2; n++ {
		w.secret("sluice/hook", signing(n))
		if err := hook.Deliver(t.Context(), hooked(), identified()); err != nil {
			t.Fatal(err)
		}
	}
	if len(to.got) != 3 {
		t.Fatalf("got %d requests, want 3: before, with the old key, with the new", len(to.got))
	}
	for i, key := range []string{signing(1), signing(1), signing(2)} {
		if got := to.got[i]; !verify(key, got.header, got.body, w.Now()) {
			t.Errorf("request %d is not signed with its key", i+1)
		}
	}
}

// A receiver that always says 401 gets two requests at most, and one if the secret is
// what it was.
func TestUnauthorized(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	to := answering(http.StatusUnauthorized)
	hook := w.webhook(to)
	reads := w.reads()
	wantKind(t, hook.Deliver(t.Context(), hooked(), identified()), rollout.KindRefused, "401")
	if len(to.got) != 1 || *reads != 2 {
		t.Errorf("got %d requests and %d reads of the secret, want 1 and 2", len(to.got), *reads)
	}
	w.secret("sluice/hook", signing(2))
	wantKind(t, hook.Deliver(t.Context(), hooked(), identified()), rollout.KindRefused, "401")
	if len(to.got) != 3 || *reads != 3 {
		t.Errorf("got %d requests and %d reads of the secret, want 3 and 3", len(to.got), *reads)
	}
}

func TestSecretThatIsNotThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	to := answering(http.StatusOK)
	hook := notify.Webhook{HTTP: to, Secrets: w.secrets(), Now: w.Now}
	deliver := func() error { return hook.Deliver(t.Context(), hooked(), identified()) }

	wantKind(t, deliver(), rollout.KindNotFound, "sluice/hook", "whsec_", "aws secretsmanager create-secret --name sluice/hook")

	ctx := t.Context()
	sm, name := w.aws.SecretsManager, aws.String("sluice/hook")
	if _, err := sm.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: name}); err != nil {
		t.Fatal(err)
	}
	wantKind(t, deliver(), rollout.KindNotFound, "sluice/hook", "no value")

	if _, err := sm.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: name, SecretBinary: []byte("bytes")}); err != nil {
		t.Fatal(err)
	}
	wantKind(t, deliver(), rollout.KindRefused, "sluice/hook", "holds bytes")

	if _, err := sm.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: name}); err != nil {
		t.Fatal(err)
	}
	wantKind(t, deliver(), rollout.KindNotFound, "restore-secret --secret-id sluice/hook")

	wantKind(t, hook.Deliver(ctx, rollout.Channel{Webhook: "https://hooks.example.com/"}, identified()), rollout.KindSpecInvalid, "secret")
	wantKind(t, notify.Teams{HTTP: to, Secrets: w.secrets()}.Deliver(ctx, rollout.Channel{}, identified()), rollout.KindSpecInvalid, "teams")
	if len(to.got) != 0 {
		t.Errorf("got %d requests, want none", len(to.got))
	}
}

func TestSecretThatCannotBeRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hook := w.webhook(answering(http.StatusOK))
	for kind, fault := range map[rollout.ErrorKind]wire.Fault{
		rollout.KindDenied:      {Err: wire.Errorf("AccessDeniedException", "not authorized to perform: secretsmanager:GetSecretValue")},
		rollout.KindThrottled:   {Err: wire.Errorf("ThrottlingException", "Rate exceeded")},
		rollout.KindUnavailable: {Err: wire.Errorf("InternalServiceError", "an error of AWS")},
	} {
		w.Faults.Request = func(*wire.Call) *wire.Fault { return &fault }
		wantKind(t, hook.Deliver(t.Context(), hooked(), identified()), kind, "read secret sluice/hook")
	}
}

// What is in a secret that is no signing secret is in no error.
func TestSecretThatSignsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	to := answering(http.StatusOK)
	for name, c := range map[string]struct{ value, line string }{
		"no prefix":    {"c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0", "line 1"},
		"no base64":    {"whsec_%%secret%%", "line 1"},
		"too short":    {"whsec_c2VjcmV0", "line 1"},
		"too long":     {"whsec_" + strings.Repeat("c2VjcmV0", 11), "line 1"},
		"second line":  {signing(1) + "\nsecret", "line 2"},
		"line between": {signing(1) + "\n\n" + signing(2), "line 2"},
		"JSON":         {`{"key": "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"}`, "line 1"},
	} {
		hook := w.webhook(to)
		w.secret("sluice/hook", c.value)
		err := hook.Deliver(t.Context(), hooked(), identified())
		if got := rollout.KindOf(err); got != rollout.KindRefused {
			t.Errorf("%s: %v is %q, want %q", name, err, got, rollout.KindRefused)
			continue
		}
		if !strings.Contains(err.Error(), "sluice/hook, "+c.line) {
			t.Errorf("%s: %q does not say %q", name, err, c.line)
		}
		wantHidden(t, err, "c2VjcmV0", "%%", strings.TrimPrefix(signing(1), "whsec_"))
	}
	if len(to.got) != 0 {
		t.Errorf("got %d requests, want none", len(to.got))
	}
}
