// Package ssm emulates AWS Systems Manager Parameter Store: parameters with
// their versions.
package ssm

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Service is Parameter Store in one account and region. It lives on the loop.
type Service struct {
	loop            *loop.Loop
	account, region string
	parameters      map[string]*parameter
}

// parameter is a parameter's versions, the latest last.
type parameter struct {
	name     string
	kind     types.ParameterType
	versions []version
}

type version struct {
	number   int64
	value    string
	tier     types.ParameterTier
	modified time.Time
}

// New gives a Parameter Store without parameters.
func New(l *loop.Loop, account, region string) *Service {
	return &Service{loop: l, account: account, region: region, parameters: map[string]*parameter{}}
}

// Wire lists the operations that are emulated.
func (s *Service) Wire() *wire.Service {
	return wire.NewService("ssm",
		wire.Op("PutParameter", s.putParameter),
		wire.Op("GetParameter", s.getParameter),
		wire.Op("GetParameters", s.getParameters),
		wire.Op("GetParametersByPath", s.getParametersByPath),
		wire.Op("DeleteParameter", s.deleteParameter),
	)
}

func invalid(format string, args ...any) error {
	return wire.Errorf("ValidationException", format, args...)
}

func notEmulated(operation, what string) error {
	return wire.Errorf("NotImplemented", "%s with %s is not emulated", operation, what)
}

func (s *Service) arn(name string) string {
	return partition.ARN("ssm", s.region, s.account, "parameter/"+strings.TrimPrefix(name, "/"))
}

// find gives a parameter by name or ARN.
func (s *Service) find(nameOrARN string) *parameter {
	if p := s.parameters[nameOrARN]; p != nil {
		return p
	}
	for _, p := range s.parameters {
		if s.arn(p.name) == nameOrARN {
			return p
		}
	}
	return nil
}

// selected finds what a name means that may end in a version, ":3".
func (s *Service) selected(reference string) (*types.Parameter, *version, error) {
	name, selector := reference, ""
	p := s.find(name)
	if at := strings.LastIndex(reference, ":"); p == nil && at >= 0 {
		name, selector = reference[:at], reference[at:]
		p = s.find(name)
	}
	if p == nil {
		return nil, nil, &types.ParameterNotFound{}
	}
	v := &p.versions[len(p.versions)-1]
	if selector != "" {
		if v = p.version(selector[1:]); v == nil {
			return nil, nil, &types.ParameterVersionNotFound{Message: aws.String(fmt.Sprintf("Systems Manager could not find version %s of %s. Verify the version and try again.", selector[1:], name))}
		}
	}
	described := s.describe(p, v)
	if selector != "" {
		described.Selector = &selector
	}
	return described, v, nil
}

func (p *parameter) version(text string) *version {
	number, err := strconv.ParseInt(text, 10, 64)
	for i := range p.versions {
		if err == nil && p.versions[i].number == number {
			return &p.versions[i]
		}
	}
	return nil
}

// describe gives a version with its value hidden if it is a secure string.
func (s *Service) describe(p *parameter, v *version) *types.Parameter {
	return &types.Parameter{
		ARN: aws.String(s.arn(p.name)), Name: &p.name, Type: p.kind, DataType: aws.String("text"),
		Value: aws.String(p.ciphertext(v)), Version: v.number, LastModifiedDate: &v.modified,
	}
}
