// Package ecr emulates Amazon ECR's private registry as far as layers are uploaded,
// images pushed by manifest and both found again, and the events of a push. Docker's own
// protocol is not emulated.
package ecr

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/web"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Deps are what ECR reaches out to.
type Deps struct {
	// Emit puts an AWS service's event on the default bus; nil drops it.
	Emit func(source, detailType string, resources []string, detail any)
	// Web has the host that layers are downloaded from.
	Web *web.Web
}

// Service is ECR in one account and Region.
type Service struct {
	loop         *loop.Loop
	account      string
	region       string
	deps         Deps `keep:"-"`
	repositories map[string]*repository
	downloads    map[string]download // by path
}

// New gives ECR without repositories.
func New(l *loop.Loop, account, region string, deps Deps) *Service {
	s := &Service{loop: l, account: account, region: region, deps: deps, repositories: map[string]*repository{}, downloads: map[string]download{}}
	if deps.Web != nil {
		deps.Web.Host(s.layerHost(), web.SiteFunc(s.serve))
	}
	return s
}

// Wire is the operations that are emulated.
func (s *Service) Wire() *wire.Service {
	return wire.NewService("ecr",
		wire.Op("CreateRepository", s.createRepository),
		wire.Op("DescribeRepositories", s.describeRepositories),
		wire.Op("DeleteRepository", s.deleteRepository),
		wire.Op("GetAuthorizationToken", s.getAuthorizationToken),
		wire.Op("InitiateLayerUpload", s.initiateLayerUpload),
		wire.Op("UploadLayerPart", s.uploadLayerPart),
		wire.Op("CompleteLayerUpload", s.completeLayerUpload),
		wire.Op("GetDownloadUrlForLayer", s.getDownloadURLForLayer),
		wire.Op("PutImage", s.putImage),
		wire.Op("DescribeImages", s.describeImages),
		wire.Op("BatchGetImage", s.batchGetImage),
		wire.Op("GetRepositoryPolicy", s.getRepositoryPolicy),
		wire.Op("SetRepositoryPolicy", s.setRepositoryPolicy),
	)
}

type repository struct {
	described types.Repository
	images    map[string]*image // by digest
	tags      map[string]string // to digest
	layers    map[string][]byte // by digest
	uploads   map[string]*upload
	policy    *repositoryPolicy // nil if it has none
}

type image struct {
	digest, manifest, mediaType string
	blobs                       []string // digests of its config and layers
	size                        int64
	pushed                      time.Time
}

func invalid(format string, args ...any) error {
	return &types.InvalidParameterException{Message: aws.String(fmt.Sprintf(format, args...))}
}

// notEmulated refuses, by name, what AWS would accept.
func notEmulated(what string) error { return invalid("%s is not emulated", what) }

func (s *Service) find(registry, name *string) (*repository, error) {
	id := s.account
	if registry != nil {
		id = *registry
	}
	r, ok := s.repositories[*name]
	if !ok || id != s.account {
		return nil, &types.RepositoryNotFoundException{Message: aws.String(fmt.Sprintf(
			"The repository with name '%s' does not exist in the registry with id '%s'", *name, id))}
	}
	return r, nil
}

// emitPush tells of a pushed image, once for each tag, as AWS does (ECR User
// Guide, events and EventBridge).
func (s *Service) emitPush(r *repository, digest, tag string) {
	if s.deps.Emit == nil {
		return
	}
	s.deps.Emit("aws.ecr", "ECR Image Action", []string{}, struct {
		Result     string `json:"result"`
		Repository string `json:"repository-name"`
		Digest     string `json:"image-digest"`
		Action     string `json:"action-type"`
		Tag        string `json:"image-tag,omitempty"`
	}{"SUCCESS", *r.described.RepositoryName, digest, "PUSH", tag})
}

// page is the part of names, which are sorted, from the token on, and the token
// of the next part.
func page(names []string, token *string, limit *int32) ([]string, *string) {
	for len(names) > 0 && names[0] < aws.ToString(token) {
		names = names[1:]
	}
	most := 100
	if limit != nil {
		most = int(*limit)
	}
	if len(names) > most {
		return names[:most], aws.String(names[most])
	}
	return names, nil
}
