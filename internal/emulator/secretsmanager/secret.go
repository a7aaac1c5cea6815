package secretsmanager

import (
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/sluice-deploy/sluice/internal/emulator/keep"
	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Days that a deleted secret can be recovered (AWS: DeleteSecret).
const (
	shortestWindow = 7
	longestWindow  = 30
)

func (s *Service) createSecret(_ *wire.Call, in *secretsmanager.CreateSecretInput) (*secretsmanager.CreateSecretOutput, error) {
	switch {
	case in.AddReplicaRegions != nil || in.ForceOverwriteReplicaSecret:
		return nil, notEmulated("CreateSecret", "AddReplicaRegions")
	case in.Type != nil:
		return nil, notEmulated("CreateSecret", "Type")
	case in.SecretString != nil && in.SecretBinary != nil:
		return nil, badParameter("You can't specify both a secret string and a secret binary value.")
	}
	if old := s.secrets[*in.Name]; old != nil {
		if old.deletion != nil {
			return nil, &types.InvalidRequestException{Message: aws.String("You can't create this secret because a secret with this name is already scheduled for deletion.")}
		}
		return nil, &types.ResourceExistsException{Message: aws.String("The operation failed because the secret " + *in.Name + " already exists.")}
	}
	now := s.loop.Now()
	created := &secret{
		arn:  partition.ARN("secretsmanager", s.region, s.account, "secret:"+*in.Name+"-"+s.loop.ID(6)),
		name: *in.Name, description: in.Description, key: in.KmsKeyId, tags: in.Tags, created: now, changed: now,
		versions: map[string]*version{}, stages: map[string]string{},
	}
	s.secrets[*in.Name] = created
	out := &secretsmanager.CreateSecretOutput{ARN: &created.arn, Name: &created.name}
	if in.SecretString != nil || in.SecretBinary != nil {
		id := s.token(in.ClientRequestToken)
		created.versions[id] = &version{id: id, text: in.SecretString, binary: in.SecretBinary, created: now}
		created.label(current, id)
		out.VersionId = &id
	}
	return out, nil
}

func notEmulated(operation, what string) error {
	return wire.Errorf("NotImplemented", "%s with %s is not emulated", operation, what)
}

// token is the version's id: the client's token, or one of our own.
func (s *Service) token(given *string) string {
	if given != nil {
		return *given
	}
	return s.loop.UUID()
}

func (s *Service) describeSecret(_ *wire.Call, in *secretsmanager.DescribeSecretInput) (*secretsmanager.DescribeSecretOutput, error) {
	found, err := s.find(*in.SecretId)
	if err != nil {
		return nil, err
	}
	out := &secretsmanager.DescribeSecretOutput{
		ARN: &found.arn, Name: &found.name, Description: found.description, KmsKeyId: found.key, Tags: found.tags,
		CreatedDate: &found.created, LastChangedDate: &found.changed, VersionIdsToStages: map[string][]string{},
	}
	if found.deletion != nil {
		out.DeletedDate = &found.deleted
	}
	for _, id := range slices.Sorted(maps.Keys(found.versions)) {
		if labels := found.labels(id); labels != nil {
			out.VersionIdsToStages[id] = labels
		}
	}
	return out, nil
}

func (s *Service) deleteSecret(_ *wire.Call, in *secretsmanager.DeleteSecretInput) (*secretsmanager.DeleteSecretOutput, error) {
	force := aws.ToBool(in.ForceDeleteWithoutRecovery)
	days := int64(longestWindow)
	if in.RecoveryWindowInDays != nil {
		days = *in.RecoveryWindowInDays
	}
	switch {
	case force && in.RecoveryWindowInDays != nil:
		return nil, badParameter("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.")
	case days < shortestWindow || days > longestWindow:
		return nil, badParameter("The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).")
	}
	found, err := s.find(*in.SecretId)
	if err != nil {
		return nil, err
	}
	now := s.loop.Now()
	out := &secretsmanager.DeleteSecretOutput{ARN: &found.arn, Name: &found.name}
	if force {
		found.deletion.Stop()
		delete(s.secrets, found.name)
		out.DeletionDate = &now
		return out, nil
	}
	if found.deletion != nil {
		return nil, &types.InvalidRequestException{Message: aws.String("You can't perform this operation on the secret because it was already scheduled for deletion.")}
	}
	end := now.Add(time.Duration(days) * 24 * time.Hour)
	found.deleted = now
	found.deletion = s.loop.Due(end, gone{s, found.name})
	out.DeletionDate = &end
	return out, nil
}

// gone is the end of a secret that was marked for deletion.
type gone struct {
	service *Service
	secret  string
}

var _ = keep.Type[gone]()

// Happen implements loop.Event.
func (g gone) Happen() { delete(g.service.secrets, g.secret) }
