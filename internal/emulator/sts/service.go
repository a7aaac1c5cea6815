// Package sts emulates the part of AWS Security Token Service that tells callers who
// they are and gives them sessions of roles, also for a token of an OpenID Connect
// provider. Session policies, session tags and
// multi-factor authentication are not emulated and are refused by name.
package sts

import (
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/sluice-deploy/sluice/internal/emulator/iam"
	"github.com/sluice-deploy/sluice/internal/emulator/iam/policy"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Deps are what STS asks others.
type Deps struct {
	// Role is the role with this ARN, of any account, or nil.
	Role func(arn string) *iam.Role
	// Provider is the OpenID Connect provider that an account has for an issuer, or nil, and
	// Fetch gives what is at a URL, or an error. Needed by AssumeRoleWithWebIdentity.
	Provider func(account, issuer string) *iam.Provider
	Fetch    func(url string, reply func(body []byte, err error))
	// Decided, if not nil, is told of every decision about who may assume a role.
	Decided func(caller wire.Identity, roleARN string, d policy.Decision)
	// Organization is the one that all accounts belong to, or "".
	Organization string
}

// Service is STS of all accounts and Regions. It lives on the loop.
type Service struct {
	loop     *loop.Loop
	deps     Deps                `keep:"-"`
	sessions map[string]*Session // by access key
	given    []*Session          // in the order in which they were given
}

// Session is the credentials of an assumed role.
type Session struct {
	wire.Identity

	AccessKey string
	Expires   time.Time
}

// New gives an STS that has given no sessions.
func New(l *loop.Loop, deps Deps) *Service {
	return &Service{loop: l, deps: deps, sessions: map[string]*Session{}}
}

// Wire lists the operations that are emulated.
func (s *Service) Wire() *wire.Service {
	return wire.NewService("sts",
		wire.Op("AssumeRole", s.assumeRole),
		wire.AsyncOp("AssumeRoleWithWebIdentity", s.assumeRoleWithWebIdentity),
		wire.Op("GetCallerIdentity", s.getCallerIdentity),
	)
}

// Session is the one with this access key, also for a day after it has expired; nil
// if there is none.
func (s *Service) Session(accessKey string) *Session { return s.sessions[accessKey] }

// SessionToken is the token that has to come with an access key of a session, also of
// a function's.
func SessionToken(accessKey string) string {
	sum := sha256.Sum256([]byte("session token of " + accessKey))
	return "IQoJb3JpZ2luX2Vj" + base64.StdEncoding.EncodeToString(sum[:])
}

// secretKey is the secret of an access key. Signatures are not checked.
func secretKey(accessKey string) string {
	sum := sha256.Sum256([]byte("secret of " + accessKey))
	return base64.StdEncoding.EncodeToString(sum[:30])
}

func (s *Service) getCallerIdentity(c *wire.Call, _ *sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
	if c.Caller.ARN == "" {
		return nil, unsigned()
	}
	return &sts.GetCallerIdentityOutput{Account: &c.Caller.Account, UserId: &c.Caller.UserID, Arn: &c.Caller.ARN}, nil
}

func unsigned() error {
	return wire.Errorf("MissingAuthenticationToken", "Request is missing Authentication Token")
}
