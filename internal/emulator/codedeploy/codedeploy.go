// Package codedeploy emulates AWS CodeDeploy as far as moving away from it needs:
// applications, and deployment groups of the compute platform ECS. It makes no
// deployments.
//
// AWS's model has the codes; its words are AWS's where they are known from reports of
// users, else ours.
package codedeploy

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Deps are what CodeDeploy looks at.
type Deps struct {
	// Deploys reports whether an ECS service is there and has the deployment controller
	// CODE_DEPLOY.
	Deploys func(cluster, service string) bool
	// MayAssume reports whether CodeDeploy may take a role.
	MayAssume func(roleARN string) bool
}

// Service is CodeDeploy in one account and Region. All its methods are called on the
// loop.
type Service struct {
	loop         *loop.Loop
	deps         Deps `keep:"-"`
	applications map[string]*application
}

type application struct {
	id       string
	name     string
	platform types.ComputePlatform
	created  time.Time
	groups   map[string]types.DeploymentGroupInfo
}

// New gives CodeDeploy without applications.
func New(l *loop.Loop, deps Deps) *Service {
	return &Service{loop: l, deps: deps, applications: map[string]*application{}}
}

// Wire is the operations that are emulated.
func (s *Service) Wire() *wire.Service {
	return wire.NewService("codedeploy",
		wire.Op("BatchGetDeploymentGroups", s.batchGetDeploymentGroups),
		wire.Op("CreateApplication", s.createApplication),
		wire.Op("CreateDeploymentGroup", s.createDeploymentGroup),
		wire.Op("DeleteApplication", s.deleteApplication),
		wire.Op("DeleteDeploymentGroup", s.deleteDeploymentGroup),
		wire.Op("GetApplication", s.getApplication),
		wire.Op("GetDeploymentGroup", s.getDeploymentGroup),
		wire.Op("ListApplications", s.listApplications),
		wire.Op("ListDeploymentGroups", s.listDeploymentGroups),
	)
}

func (s *Service) find(name *string) (*application, error) {
	a := s.applications[aws.ToString(name)]
	if a == nil {
		return nil, &types.ApplicationDoesNotExistException{Message: aws.String("No application found for name: " + aws.ToString(name))}
	}
	return a, nil
}

func (s *Service) createApplication(_ *wire.Call, in *codedeploy.CreateApplicationInput) (*codedeploy.CreateApplicationOutput, error) {
	name := *in.ApplicationName
	if s.applications[name] != nil {
		return nil, &types.ApplicationAlreadyExistsException{Message: aws.String("Application already exists with name: " + name)}
	}
	if len(in.Tags) > 0 {
		return nil, notEmulated("tags of applications")
	}
	a := &application{id: s.loop.UUID(), name: name, platform: in.ComputePlatform, created: s.loop.Now(), groups: map[string]types.DeploymentGroupInfo{}}
	if a.platform == "" {
		a.platform = types.ComputePlatformServer // AWS: CodeDeploy API Reference, CreateApplication
	}
	s.applications[name] = a
	return &codedeploy.CreateApplicationOutput{ApplicationId: &a.id}, nil
}

func (s *Service) getApplication(_ *wire.Call, in *codedeploy.GetApplicationInput) (*codedeploy.GetApplicationOutput, error) {
	a, err := s.find(in.ApplicationName)
	if err != nil {
		return nil, err
	}
	return &codedeploy.GetApplicationOutput{Application: &types.ApplicationInfo{
		ApplicationId: &a.id, ApplicationName: &a.name, ComputePlatform: a.platform, CreateTime: &a.created,
	}}, nil
}

// deleteApplication deletes an application with its groups; one that is not there is no
// error (AWS: model, DeleteApplication has no ApplicationDoesNotExistException).
func (s *Service) deleteApplication(_ *wire.Call, in *codedeploy.DeleteApplicationInput) (*codedeploy.DeleteApplicationOutput, error) {
	delete(s.applications, *in.ApplicationName)
	return &codedeploy.DeleteApplicationOutput{}, nil
}

func (s *Service) listApplications(_ *wire.Call, in *codedeploy.ListApplicationsInput) (*codedeploy.ListApplicationsOutput, error) {
	names, next, err := page(slices.Sorted(maps.Keys(s.applications)), in.NextToken)
	return &codedeploy.ListApplicationsOutput{Applications: names, NextToken: next}, err
}

// pageSize is how many names an answer has.
const pageSize = 100

// page is the part of some names that one answer gives, and the token of the next.
func page(names []string, token *string) ([]string, *string, error) {
	start := 0
	if token != nil {
		var err error
		if start, err = strconv.Atoi(*token); err != nil || start < 0 || start > len(names) {
			return nil, nil, &types.InvalidNextTokenException{Message: aws.String("The next token was specified in an invalid format.")}
		}
	}
	end := min(start+pageSize, len(names))
	if end == len(names) {
		return names[start:end], nil, nil
	}
	return names[start:end], aws.String(strconv.Itoa(end)), nil
}

func notEmulated(what string) error {
	return &types.InvalidInputException{Message: aws.String("The local cloud does not emulate " + what + ".")}
}
