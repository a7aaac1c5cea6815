package notify

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// keep is how long a secret's value is used before it is read again.
const keep = 5 * time.Minute

// Secrets reads secrets of AWS Secrets Manager by name. A value is used for five
// minutes, and it is in no error.
type Secrets struct {
	SecretsManager *secretsmanager.Client
	Now            func() time.Time

	mu   sync.Mutex // not held while AWS is called
	kept map[string]kept
}

type kept struct {
	value string
	until time.Time
}

// wanted is a secret that a channel names.
type wanted struct {
	field string // of the spec
	name  string
	holds string // what its value has to be, for people
}

// use gives the secret's value to an attempt, which tells the HTTP status it was
// answered with, 0 for none. After a 401 the secret is read again; if it has changed,
// there is a second attempt with the new value.
func (s *Secrets) use(ctx context.Context, w wanted, attempt func(value string) (status int, err error)) error {
	value, kept := s.look(w.name)
	if !kept {
		var err error
		if value, err = s.read(ctx, w); err != nil {
			return err
		}
	}
	status, err := attempt(value)
	if status != http.StatusUnauthorized {
		return err
	}
	fresh, missing := s.read(ctx, w)
	if missing != nil {
		return missing
	}
	if fresh == value {
		return err
	}
	_, err = attempt(fresh)
	return err
}

// look gives a value that was read less than five minutes ago.
func (s *Secrets) look(name string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok := s.kept[name]
	return k.value, ok && s.Now().Before(k.until)
}

func (s *Secrets) read(ctx context.Context, w wanted) (string, error) {
	if w.name == "" {
		return "", rollout.Errorf(rollout.KindSpecInvalid, "notify: %s names no secret; want the name of one that holds %s", w.field, w.holds)
	}
	out, err := s.SecretsManager.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &w.name})
	switch {
	case awsclient.Is(err, "ResourceNotFoundException"):
		return "", rollout.Errorf(rollout.KindNotFound,
			"read secret %s: it does not exist or has no value; create it with %s: aws secretsmanager create-secret --name %s --secret-string …: %w",
			w.name, w.holds, w.name, err)
	case awsclient.Is(err, "InvalidRequestException"):
		return "", rollout.Errorf(rollout.KindNotFound,
			"read secret %s: it was deleted; take that back: aws secretsmanager restore-secret --secret-id %s: %w", w.name, w.name, err)
	case err != nil:
		return "", awsclient.Wrap(err, "read secret %s", w.name)
	case out.SecretString == nil:
		return "", rollout.Errorf(rollout.KindRefused, "secret %s holds bytes; want text: %s", w.name, w.holds)
	}
	value := strings.TrimSpace(*out.SecretString)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept == nil {
		s.kept = map[string]kept{}
	}
	s.kept[w.name] = kept{value, s.Now().Add(keep)}
	return value, nil
}
