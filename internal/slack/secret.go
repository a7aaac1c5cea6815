package slack

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Secret is the secret of AWS Secrets Manager that has the app's signing secret and
// bot token. It is read when it is first needed and kept for five minutes, so that a
// new one is taken without a deployment. What it holds is in no error.
type Secret struct {
	SecretsManager *secretsmanager.Client
	Name           string // or ARN
	Now            func() time.Time

	mu    sync.Mutex
	held  secretValue
	until time.Time
}

type secretValue struct {
	SigningSecret string `json:"signingSecret"`
	BotToken      string `json:"botToken"`
}

const secretFor = 5 * time.Minute

// SigningSecret is what Slack signs its requests with.
func (s *Secret) SigningSecret(ctx context.Context) (string, error) {
	v, err := s.value(ctx)
	if err == nil && v.SigningSecret == "" {
		err = s.lacks("signingSecret")
	}
	return v.SigningSecret, err
}

// BotToken is what Sluice calls Slack with.
func (s *Secret) BotToken(ctx context.Context) (string, error) {
	v, err := s.value(ctx)
	if err == nil && v.BotToken == "" {
		err = s.lacks("botToken")
	}
	return v.BotToken, err
}

func (s *Secret) lacks(field string) error {
	return rollout.Errorf(rollout.KindInternal,
		`secret %s has no %q; its value has to be {"signingSecret": "…", "botToken": "xoxb-…"}`, s.Name, field)
}

func (s *Secret) value(ctx context.Context) (secretValue, error) {
	if v, ok := s.current(); ok {
		return v, nil
	}
	out, err := s.SecretsManager.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &s.Name})
	if err != nil {
		return secretValue{}, awsclient.Wrap(err, "read secret %s", s.Name)
	}
	var v secretValue
	if json.Unmarshal([]byte(aws.ToString(out.SecretString)), &v) != nil {
		return v, rollout.Errorf(rollout.KindInternal,
			`secret %s is not JSON; its value has to be {"signingSecret": "…", "botToken": "xoxb-…"}`, s.Name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held, s.until = v, s.Now().Add(secretFor)
	return v, nil
}

func (s *Secret) current() (secretValue, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held, s.Now().Before(s.until)
}
