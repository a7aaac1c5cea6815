package iam

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// user is a user of the account. All are administrators: policies of users are not
// emulated, and neither are access keys, whose secrets nothing here would check.
type user struct {
	name, path, id string
	created        time.Time
	tags           []types.Tag
}

// maxUsers is AWS's quota (AWS: IAM User Guide, IAM and AWS STS quotas).
const maxUsers = 5000

func (s *Service) findUser(name string) (*user, error) {
	u := s.users[name]
	if u == nil {
		return nil, noSuchEntity("The user with name %s cannot be found.", name)
	}
	return u, nil
}

func (s *Service) createUser(_ *wire.Call, in *iam.CreateUserInput) (*iam.CreateUserOutput, error) {
	if in.PermissionsBoundary != nil {
		return nil, notEmulated("CreateUser", "PermissionsBoundary")
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	for name := range s.users {
		if strings.EqualFold(name, *in.UserName) {
			return nil, &types.EntityAlreadyExistsException{Message: aws.String("User with name " + *in.UserName + " already exists.")}
		}
	}
	if len(s.users) >= maxUsers {
		return nil, limitExceeded("Cannot exceed quota for UsersPerAccount: %d", maxUsers)
	}
	u := &user{name: *in.UserName, path: "/", id: s.uniqueID("AIDA"), created: s.loop.Now(), tags: in.Tags}
	if in.Path != nil {
		u.path = *in.Path
	}
	s.users[u.name] = u
	return &iam.CreateUserOutput{User: new(s.describeUser(u))}, nil
}

// getUser reads a user, or who asks where none is named (AWS: IAM API Reference,
// GetUser): only a user has a name to be found by.
func (s *Service) getUser(c *wire.Call, in *iam.GetUserInput) (*iam.GetUserOutput, error) {
	name := aws.ToString(in.UserName)
	if in.UserName == nil {
		_, path, ok := strings.Cut(c.Caller.ARN, ":user/")
		if !ok {
			return nil, wire.Errorf("ValidationError", "Must specify userName when calling with non-User credentials")
		}
		name = path[strings.LastIndexByte(path, '/')+1:]
	}
	u, err := s.findUser(name)
	if err != nil {
		return nil, err
	}
	user := s.describeUser(u)
	return &iam.GetUserOutput{User: &user}, nil
}

func (s *Service) deleteUser(_ *wire.Call, in *iam.DeleteUserInput) (*iam.DeleteUserOutput, error) {
	if _, err := s.findUser(*in.UserName); err != nil {
		return nil, err
	}
	delete(s.users, *in.UserName)
	return &iam.DeleteUserOutput{}, nil
}

// listUsers lists without tags (AWS: IAM API Reference, ListUsers).
func (s *Service) listUsers(_ *wire.Call, in *iam.ListUsersInput) (*iam.ListUsersOutput, error) {
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(s.users)), func(name string) bool {
		return !strings.HasPrefix(s.users[name].path, aws.ToString(in.PathPrefix))
	})
	part, next := page(names, in.Marker, in.MaxItems)
	out := &iam.ListUsersOutput{Users: []types.User{}, IsTruncated: next != nil, Marker: next}
	for _, name := range part {
		u := s.describeUser(s.users[name])
		u.Tags = nil
		out.Users = append(out.Users, u)
	}
	return out, nil
}

func (s *Service) describeUser(u *user) types.User {
	return types.User{
		UserName: &u.name, Path: &u.path, UserId: &u.id, CreateDate: &u.created, Tags: u.tags,
		Arn: aws.String(partition.IAM(s.region, s.account, "user"+u.path+u.name)),
	}
}
