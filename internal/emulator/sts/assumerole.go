package sts

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/sluice-deploy/sluice/internal/emulator/iam"
	"github.com/sluice-deploy/sluice/internal/emulator/iam/policy"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

const (
	defaultDuration = time.Hour
	// maxChained is the longest session that a session of a role may ask for (AWS: STS
	// API Reference, AssumeRole, DurationSeconds).
	maxChained = time.Hour
	// keepExpired is how long credentials that expired are still known as such.
	keepExpired = 24 * time.Hour
)

// assumeRole gives a session of a role. A role that does not exist is answered as one
// that may not be assumed, as AWS does.
func (s *Service) assumeRole(c *wire.Call, in *sts.AssumeRoleInput) (*sts.AssumeRoleOutput, error) {
	if err := refuse(in); err != nil {
		return nil, err
	}
	account, _, isRole := iam.ParseRoleARN(*in.RoleArn)
	switch {
	case c.Caller.ARN == "":
		return nil, unsigned()
	case !isRole:
		return nil, wire.Errorf("ValidationError", "%s is invalid", *in.RoleArn)
	case strings.HasSuffix(c.Caller.ARN, ":root"):
		return nil, wire.Errorf("AccessDenied", "Roles may not be assumed by root accounts.")
	}
	role := s.deps.Role(*in.RoleArn)
	if role == nil {
		return nil, denied(c, in)
	}
	if err := s.authorize(c, in, role, account); err != nil {
		return nil, err
	}
	duration, err := durationOf(in.DurationSeconds, c.Caller.Role != "", role)
	if err != nil {
		return nil, err
	}
	given, credentials := s.Give(role, *in.RoleSessionName, duration)
	return &sts.AssumeRoleOutput{
		AssumedRoleUser: &types.AssumedRoleUser{Arn: &given.ARN, AssumedRoleId: &given.UserID}, Credentials: &credentials,
	}, nil
}

// Give makes a session of a role, as a service does that a person has let use the role.
func (s *Service) Give(role *iam.Role, name string, duration time.Duration) (wire.Identity, types.Credentials) {
	given := s.give(role.Session(name), duration)
	return given.Identity, given.credentials()
}

func (s *Session) credentials() types.Credentials {
	secret, token := secretKey(s.AccessKey), SessionToken(s.AccessKey)
	return types.Credentials{AccessKeyId: &s.AccessKey, SecretAccessKey: &secret, SessionToken: &token, Expiration: &s.Expires}
}

// refuse names a member that AWS would accept.
func refuse(in *sts.AssumeRoleInput) error {
	for _, member := range []struct {
		name  string
		given bool
	}{
		{"Policy", in.Policy != nil},
		{"PolicyArns", len(in.PolicyArns) > 0},
		{"ProvidedContexts", len(in.ProvidedContexts) > 0},
		{"SerialNumber", in.SerialNumber != nil},
		{"SourceIdentity", in.SourceIdentity != nil},
		{"Tags", len(in.Tags) > 0},
		{"TokenCode", in.TokenCode != nil},
		{"TransitiveTagKeys", len(in.TransitiveTagKeys) > 0},
	} {
		if member.given {
			return wire.Errorf("NotImplemented", "AssumeRole with %s is not emulated", member.name)
		}
	}
	return nil
}

func denied(c *wire.Call, in *sts.AssumeRoleInput) error {
	return wire.Errorf("AccessDenied", "User: %s is not authorized to perform: sts:AssumeRole on resource: %s", c.Caller.ARN, *in.RoleArn)
}

// authorize asks the role's trust policy and the caller's own policies.
// AWS: IAM User Guide, Granting a user permissions to switch roles; IAM and AWS STS
// condition context keys.
func (s *Service) authorize(c *wire.Call, in *sts.AssumeRoleInput, role *iam.Role, account string) error {
	context := map[string][]string{"sts:RoleSessionName": {*in.RoleSessionName}}
	if in.ExternalId != nil {
		context["sts:ExternalId"] = []string{*in.ExternalId}
	}
	for key, value := range role.Tags() {
		context["aws:ResourceTag/"+key] = []string{value}
		context["iam:ResourceTag/"+key] = []string{value}
	}
	var own *iam.Role
	if c.Caller.Role != "" {
		if own = s.deps.Role(c.Caller.Role); own == nil {
			return denied(c, in)
		}
		for key, value := range own.Tags() {
			context["aws:PrincipalTag/"+key] = []string{value}
		}
	}
	d, err := iam.Evaluate(policy.Request{
		Principal: iam.Principal(c.Caller, s.deps.Organization), Action: "sts:AssumeRole", Resource: role.ARN,
		ResourceAccount: account, Region: c.Region, Time: s.loop.Now(), Context: context,
		Attached: role.Trust(), Trust: true,
	}, own)
	if err != nil {
		return err
	}
	if s.deps.Decided != nil {
		s.deps.Decided(c.Caller, role.ARN, d)
	}
	if !d.Allowed {
		return denied(c, in)
	}
	return nil
}

// durationOf is how long a session lasts; chained is one that a session of a role asks
// for.
func durationOf(seconds *int32, chained bool, role *iam.Role) (time.Duration, error) {
	duration := defaultDuration
	if seconds != nil {
		duration = time.Duration(*seconds) * time.Second
	}
	switch {
	case chained && duration > maxChained:
		return 0, wire.Errorf("ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
	case duration > role.MaxSession:
		return 0, wire.Errorf("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	return duration, nil
}

// give makes a session and forgets those that expired long ago.
func (s *Service) give(who wire.Identity, duration time.Duration) *Session {
	now := s.loop.Now()
	for len(s.given) > 0 && now.Sub(s.given[0].Expires) > keepExpired {
		delete(s.sessions, s.given[0].AccessKey)
		s.given = s.given[1:]
	}
	session := &Session{
		Identity: who, AccessKey: "ASIA" + strings.ToUpper(s.loop.ID(16)),
		Expires: now.Add(duration).Truncate(time.Second),
	}
	s.sessions[session.AccessKey] = session
	s.given = append(s.given, session)
	return session
}
