// Package secretsmanager emulates AWS Secrets Manager: secrets, their versions
// and staging labels, and their deletion after a recovery window.
package secretsmanager

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// The labels that Secrets Manager moves itself (AWS: Secrets Manager User Guide,
// versions).
const (
	current  = "AWSCURRENT"
	previous = "AWSPREVIOUS"
)

// Service is Secrets Manager in one account and region. It lives on the loop.
type Service struct {
	loop            *loop.Loop
	account, region string
	secrets         map[string]*secret // by name
}

type secret struct {
	arn, name        string
	description, key *string
	tags             []types.Tag
	created, changed time.Time
	deletion         *loop.Timer // set while the secret is marked for deletion
	deleted          time.Time   // when it was marked
	versions         map[string]*version
	stages           map[string]string // the version that each label is on
}

type version struct {
	id      string
	text    *string
	binary  []byte
	created time.Time
}

// New gives a Secrets Manager without secrets.
func New(l *loop.Loop, account, region string) *Service {
	return &Service{loop: l, account: account, region: region, secrets: map[string]*secret{}}
}

// Wire lists the operations that are emulated.
func (s *Service) Wire() *wire.Service {
	return wire.NewService("secretsmanager",
		wire.Op("CreateSecret", s.createSecret),
		wire.Op("PutSecretValue", s.putSecretValue),
		wire.Op("GetSecretValue", s.getSecretValue),
		wire.Op("DescribeSecret", s.describeSecret),
		wire.Op("DeleteSecret", s.deleteSecret),
	)
}

// find gives a secret by name, ARN, or ARN without its random end.
func (s *Service) find(id string) (*secret, error) {
	if found := s.secrets[id]; found != nil {
		return found, nil
	}
	for _, name := range slices.Sorted(maps.Keys(s.secrets)) {
		arn := s.secrets[name].arn
		if arn == id || arn[:strings.LastIndex(arn, "-")] == id {
			return s.secrets[name], nil
		}
	}
	return nil, notFound("Secrets Manager can't find the specified secret.")
}

// ARN is the ARN of the secret with a name or an ARN; "" if there is none.
func (s *Service) ARN(id string) string {
	found, err := s.find(id)
	if err != nil {
		return ""
	}
	return found.arn
}

// usable gives a secret that is not marked for deletion.
func (s *Service) usable(id string) (*secret, error) {
	found, err := s.find(id)
	if err != nil {
		return nil, err
	}
	if found.deletion != nil {
		return nil, &types.InvalidRequestException{Message: aws.String("You can't perform this operation on the secret because it was marked for deletion.")}
	}
	return found, nil
}

func notFound(format string, args ...any) error {
	return &types.ResourceNotFoundException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func badParameter(message string) error {
	return &types.InvalidParameterException{Message: &message}
}

// labels are the labels on a version, in order.
func (s *secret) labels(id string) []string {
	var labels []string
	for _, label := range slices.Sorted(maps.Keys(s.stages)) {
		if s.stages[label] == id {
			labels = append(labels, label)
		}
	}
	return labels
}

// label moves a label to a version. The version that was current becomes the
// previous one.
func (s *secret) label(name, id string) {
	if old, labelled := s.stages[current]; name == current && labelled && old != id {
		s.stages[previous] = old
	}
	s.stages[name] = id
}
