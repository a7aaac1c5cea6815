package sts

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/sluice-deploy/sluice/internal/emulator/iam"
	"github.com/sluice-deploy/sluice/internal/emulator/iam/policy"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// algorithms are those that a token may be signed with.
// AWS: IAM User Guide, Create an OpenID Connect (OIDC) identity provider in IAM.
func algorithms() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.ES256, jose.ES384, jose.ES512}
}

// claims are what is read of a token.
type claims struct {
	jwt.Claims

	Party string `json:"azp"`
}

// web is a request for a session for a token.
type web struct {
	in       *sts.AssumeRoleWithWebIdentityInput
	token    *jwt.JSONWebToken
	claims   claims
	account  string
	provider *iam.Provider
}

// assumeRoleWithWebIdentity gives a session of a role for a token of an OpenID Connect
// provider, which is verified with the keys that the issuer publishes. Who sends it needs
// no credentials.
// AWS: STS API Reference, AssumeRoleWithWebIdentity. The messages are AWS's as seen in
// users' reports, but that of a signature that is wrong, which is ours.
func (s *Service) assumeRoleWithWebIdentity(c *wire.Call, in *sts.AssumeRoleWithWebIdentityInput, reply func(*sts.AssumeRoleWithWebIdentityOutput, error)) {
	w, err := s.read(in)
	if err != nil {
		reply(nil, err)
		return
	}
	s.keys(w.claims.Issuer, func(keys *jose.JSONWebKeySet, err error) {
		if err == nil {
			err = w.verify(keys)
		}
		if err != nil {
			reply(nil, err)
			return
		}
		reply(s.giveForToken(c, w))
	})
}

// read reads the token, whose issuer has to be a provider of the role's account.
func (s *Service) read(in *sts.AssumeRoleWithWebIdentityInput) (*web, error) {
	switch {
	case in.Policy != nil || len(in.PolicyArns) > 0:
		return nil, wire.Errorf("NotImplemented", "AssumeRoleWithWebIdentity with Policy or PolicyArns is not emulated")
	case in.ProviderId != nil:
		return nil, wire.Errorf("NotImplemented", "AssumeRoleWithWebIdentity with ProviderId is not emulated")
	}
	w := &web{in: in}
	var isRole bool
	if w.account, _, isRole = iam.ParseRoleARN(*in.RoleArn); !isRole {
		return nil, wire.Errorf("ValidationError", "Request ARN is invalid")
	}
	var err error
	if w.token, err = jwt.ParseSigned(*in.WebIdentityToken, algorithms()); err == nil {
		err = w.token.UnsafeClaimsWithoutVerification(&w.claims) // to find who can verify them
	}
	if err != nil {
		return nil, invalidToken("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
	}
	if w.claims.Party != "" {
		return nil, wire.Errorf("NotImplemented", "AssumeRoleWithWebIdentity for a token with the claim azp is not emulated")
	}
	if w.provider = s.deps.Provider(w.account, w.claims.Issuer); w.provider == nil {
		return nil, invalidToken("No OpenIDConnect provider found in your account for " + w.claims.Issuer)
	}
	return w, nil
}

// keys gives those that an issuer publishes.
func (s *Service) keys(issuer string, reply func(*jose.JSONWebKeySet, error)) {
	unreachable := invalidToken("Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements")
	s.deps.Fetch(strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration", func(body []byte, err error) {
		var found struct {
			Keys string `json:"jwks_uri"`
		}
		if err != nil || json.Unmarshal(body, &found) != nil {
			reply(nil, unreachable)
			return
		}
		s.deps.Fetch(found.Keys, func(body []byte, err error) {
			var keys jose.JSONWebKeySet
			if err != nil || json.Unmarshal(body, &keys) != nil {
				reply(nil, unreachable)
				return
			}
			reply(&keys, nil)
		})
	})
}

// verify looks whether the issuer has signed the token.
func (w *web) verify(keys *jose.JSONWebKeySet) error {
	if err := w.token.Claims(*keys, &w.claims); err != nil {
		return invalidToken("The signature of the token cannot be verified")
	}
	return nil
}

// giveForToken gives the session if the token is good now and the role trusts it.
func (s *Service) giveForToken(c *wire.Call, w *web) (*sts.AssumeRoleWithWebIdentityOutput, error) {
	now, audience := s.loop.Now(), w.audience()
	switch expires := w.claims.Expiry; {
	case expires == nil:
		return nil, invalidToken("Missing a required claim: exp")
	case now.Unix() >= int64(*expires):
		return nil, wire.Errorf("ExpiredTokenException", "Token expired: current date/time %d must be before the expiration date/time %d", now.Unix(), int64(*expires))
	case audience == "":
		return nil, invalidToken("Incorrect token audience")
	}
	role := s.deps.Role(*w.in.RoleArn)
	if role == nil || !s.trusts(c, role, w, audience) {
		return nil, wire.Errorf("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
	}
	duration, err := durationOf(w.in.DurationSeconds, false, role)
	if err != nil {
		return nil, err
	}
	who := role.Session(*w.in.RoleSessionName)
	who.Provider = w.provider.ARN
	given := s.give(who, duration)
	return &sts.AssumeRoleWithWebIdentityOutput{
		AssumedRoleUser: &types.AssumedRoleUser{Arn: &given.ARN, AssumedRoleId: &given.UserID}, Credentials: new(given.credentials()),
		Audience: &audience, Provider: &w.provider.ARN, SubjectFromWebIdentityToken: &w.claims.Subject,
	}, nil
}

// audience is the one of the token's that the provider is for; "" if there is none.
func (w *web) audience() string {
	for _, a := range w.claims.Audience {
		if slices.Contains(w.provider.Clients, a) {
			return a
		}
	}
	return ""
}

// trusts asks the role's trust policy.
// AWS: IAM User Guide, IAM and AWS STS condition context keys, Available keys for AWS OIDC
// federation.
func (s *Service) trusts(c *wire.Call, role *iam.Role, w *web, audience string) bool {
	host := strings.TrimPrefix(w.provider.Issuer, "https://")
	context := map[string][]string{
		host + ":aud": {audience}, host + ":sub": {w.claims.Subject}, "sts:RoleSessionName": {*w.in.RoleSessionName},
	}
	for key, value := range role.Tags() {
		context["aws:ResourceTag/"+key] = []string{value}
		context["iam:ResourceTag/"+key] = []string{value}
	}
	return policy.Evaluate(policy.Request{
		Principal: policy.Principal{Provider: w.provider.ARN}, Action: "sts:AssumeRoleWithWebIdentity", Resource: role.ARN,
		ResourceAccount: w.account, Region: c.Region, Time: s.loop.Now(), Context: context, Attached: role.Trust(), Trust: true,
	}).Allowed
}

func invalidToken(message string) error {
	return &types.InvalidIdentityTokenException{Message: aws.String(message)}
}
