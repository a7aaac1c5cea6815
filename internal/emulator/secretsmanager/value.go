package secretsmanager

import (
	"bytes"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

func (s *Service) putSecretValue(_ *wire.Call, in *secretsmanager.PutSecretValueInput) (*secretsmanager.PutSecretValueOutput, error) {
	switch {
	case in.RotationToken != nil:
		return nil, notEmulated("PutSecretValue", "RotationToken")
	case (in.SecretString == nil) == (in.SecretBinary == nil):
		return nil, badParameter("You must provide either SecretString or SecretBinary.")
	}
	found, err := s.usable(*in.SecretId)
	if err != nil {
		return nil, err
	}
	v := &version{id: s.token(in.ClientRequestToken), text: in.SecretString, binary: in.SecretBinary, created: s.loop.Now()}
	if old := found.versions[v.id]; old == nil {
		found.versions[v.id] = v
		found.changed = v.created
		found.move(in.VersionStages, v.id)
	} else if !old.same(v) {
		return nil, &types.ResourceExistsException{Message: aws.String("You can't modify an existing version, you can only create a new version.")}
	}
	return &secretsmanager.PutSecretValueOutput{ARN: &found.arn, Name: &found.name, VersionId: &v.id, VersionStages: found.labels(v.id)}, nil
}

// move puts labels on a new version: those given, else that of the current one.
// A secret's first version is always current.
func (s *secret) move(labels []string, id string) {
	if labels == nil {
		labels = []string{current}
	}
	for _, label := range labels {
		s.label(label, id)
	}
	if s.stages[current] == "" {
		s.label(current, id)
	}
}

func (v *version) same(other *version) bool {
	return aws.ToString(v.text) == aws.ToString(other.text) && bytes.Equal(v.binary, other.binary)
}

func (s *Service) getSecretValue(_ *wire.Call, in *secretsmanager.GetSecretValueInput) (*secretsmanager.GetSecretValueOutput, error) {
	found, err := s.usable(*in.SecretId)
	if err != nil {
		return nil, err
	}
	v, err := found.pick(in.VersionId, in.VersionStage)
	if err != nil {
		return nil, err
	}
	return &secretsmanager.GetSecretValueOutput{
		ARN: &found.arn, Name: &found.name, SecretString: v.text, SecretBinary: v.binary,
		VersionId: &v.id, VersionStages: found.labels(v.id), CreatedDate: &v.created,
	}, nil
}

// pick gives the version with the id, with the label, or with both.
func (s *secret) pick(id, label *string) (*version, error) {
	if id != nil {
		v := s.versions[*id]
		if v == nil {
			return nil, notFound("Secrets Manager can't find the specified secret value for VersionId: %s", *id)
		}
		if label != nil && s.stages[*label] != *id {
			return nil, &types.InvalidRequestException{Message: aws.String("You provided a VersionStage that is not associated to the provided VersionId.")}
		}
		return v, nil
	}
	wanted := current
	if label != nil {
		wanted = *label
	}
	v := s.versions[s.stages[wanted]]
	if v == nil {
		return nil, notFound("Secrets Manager can't find the specified secret value for staging label: %s", wanted)
	}
	return v, nil
}
