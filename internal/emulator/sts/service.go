// Package sts emulates the part of AWS Security Token Service that tells callers
// who they are.
package sts

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Service is STS in one account.
type Service struct {
	account string
}

// New gives an STS. It keeps nothing, so loop and region do not matter to it.
func New(_ *loop.Loop, account, _ string) *Service {
	return &Service{account: account}
}

// Wire lists the operations that are emulated.
func (s *Service) Wire() *wire.Service {
	return wire.NewService("sts", wire.Op("GetCallerIdentity", s.getCallerIdentity))
}

// getCallerIdentity names the IAM user that has the caller's access key. Any key
// is somebody's here.
func (s *Service) getCallerIdentity(c *wire.Call, _ *sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
	if c.AccessKey == "" {
		return nil, wire.Errorf("MissingAuthenticationToken", "Request is missing Authentication Token")
	}
	return &sts.GetCallerIdentityOutput{
		Account: &s.account, UserId: &c.AccessKey,
		Arn: aws.String("arn:aws:iam::" + s.account + ":user/" + c.AccessKey),
	}, nil
}
