package awsclient

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Away says in which Region ("" is our own) and as which role ("" is our own)
// clients are to call.
type Away struct{ Region, Role string }

// Config is cfg for clients that call from there. A role is assumed with cfg's
// credentials when the first call needs it; Denied if it may not be.
func (a Away) Config(cfg aws.Config, now func() time.Time) aws.Config {
	home := sts.NewFromConfig(cfg)
	cfg = cfg.Copy()
	if a.Region != "" {
		cfg.Region = a.Region
	}
	if a.Role != "" {
		cfg.Credentials = &assumed{sts: home, role: a.Role, now: now}
	}
	return cfg
}

// sessionName is what AWS's records call Sluice in other accounts.
const sessionName = "sluice"

// early is how long before their end credentials are asked for anew.
const early = time.Minute

// assumed is the credentials of an assumed role. The SDK's own provider makes one
// call for several that wait, in a goroutine of its own; this one lets each make
// its call, which costs one call too many now and then.
type assumed struct {
	sts  *sts.Client
	role string
	now  func() time.Time

	mu   sync.Mutex
	have aws.Credentials
}

// Retrieve implements aws.CredentialsProvider.
func (a *assumed) Retrieve(ctx context.Context) (aws.Credentials, error) {
	if have, ok := a.current(); ok {
		return have, nil
	}
	out, err := a.sts.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &a.role, RoleSessionName: aws.String(sessionName)})
	if err == nil && (out.Credentials == nil || out.Credentials.Expiration == nil) {
		err = errors.New("the answer has no credentials")
	}
	if err != nil {
		return aws.Credentials{}, Wrap(err, "assume role %s", a.role)
	}
	c := out.Credentials
	got := aws.Credentials{
		AccessKeyID: aws.ToString(c.AccessKeyId), SecretAccessKey: aws.ToString(c.SecretAccessKey),
		SessionToken: aws.ToString(c.SessionToken), Source: "AssumeRole", CanExpire: true, Expires: *c.Expiration,
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.have = got
	return got, nil
}

func (a *assumed) current() (aws.Credentials, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.have, a.have.HasKeys() && a.now().Before(a.have.Expires.Add(-early))
}
