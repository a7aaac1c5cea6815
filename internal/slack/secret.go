package slack

import (
	"context"
	"encoding/json"
	"strings"
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

// Check says what is wrong with the secret as far as it can be seen.
func (s *Secret) Check(ctx context.Context) error {
	signing, err := s.SigningSecret(ctx)
	if err != nil {
		return err
	}
	token, err := s.BotToken(ctx)
	switch {
	case err != nil:
		return err
	case strings.HasPrefix(signing, "xox") || len(signing) < 16 || strings.ContainsAny(signing, " \t\r\n"):
		return rollout.Errorf(rollout.KindInternal,
			`secret %s: "signingSecret" cannot be one; it is the Signing Secret on the page Basic Information of Slack's app`, s.Name)
	case !strings.HasPrefix(token, "xoxb-") || strings.ContainsAny(token, " \t\r\n"):
		return rollout.Errorf(rollout.KindInternal,
			`secret %s: "botToken" is no bot token; it is the one that begins with xoxb- on the page OAuth & Permissions of Slack's app`, s.Name)
	}
	return nil
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
