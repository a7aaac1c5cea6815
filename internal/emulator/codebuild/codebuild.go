// Package codebuild emulates AWS CodeBuild's projects, its record of builds and
// its events. It builds nothing itself: a Builder does, or a build that happened
// elsewhere is recorded.
package codebuild

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codebuild/types"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Deps are what CodeBuild reaches out to.
type Deps struct {
	// Builder does the work of a build that was started. It is called on the loop
	// and calls done there, once; what it says after the build was stopped or has
	// run out of time is not heard. Without a Builder StartBuild is refused.
	Builder func(build *types.Build, done func(Result))
	// Emit puts an AWS service's event on the default bus; nil drops it.
	Emit func(source, detailType string, resources []string, detail any)
}

// Result is how a build went.
type Result struct {
	Status                       types.StatusType // SUCCEEDED or FAILED
	ResolvedSourceVersion        string
	ExportedEnvironmentVariables []types.ExportedEnvironmentVariable
	Artifacts                    *types.BuildArtifacts
}

// Service is CodeBuild in one account and Region.
type Service struct {
	loop     *loop.Loop
	account  string
	region   string
	deps     Deps `keep:"-"`
	projects map[string]*types.Project
	numbers  map[string]int64       // of each project's last build
	builds   []*types.Build         // in the order they were started
	timers   map[string]*loop.Timer // of builds that run, by id
	tokens   map[string]started
}

// started is what a StartBuild request with an idempotency token did.
type started struct {
	build   *types.Build
	request string
	at      time.Time
}

// New gives CodeBuild without projects and builds.
func New(l *loop.Loop, account, region string, deps Deps) *Service {
	return &Service{
		loop: l, account: account, region: region, deps: deps,
		projects: map[string]*types.Project{}, numbers: map[string]int64{},
		timers: map[string]*loop.Timer{}, tokens: map[string]started{},
	}
}

// Resume ends the builds that ran when the cloud was stopped, and whatever did their
// work with it. It must be called on the loop.
func (s *Service) Resume() error {
	for _, b := range s.builds {
		if b.BuildStatus == types.StatusTypeInProgress {
			s.loop.Post(func() { s.end(b, Result{Status: types.StatusTypeFault}) })
		}
	}
	return nil
}

// Wire is the operations that are emulated.
func (s *Service) Wire() *wire.Service {
	return wire.NewService("codebuild",
		wire.Op("CreateProject", s.createProject),
		wire.Op("BatchGetProjects", s.batchGetProjects),
		wire.Op("ListProjects", s.listProjects),
		wire.Op("DeleteProject", s.deleteProject),
		wire.Op("StartBuild", s.startBuild),
		wire.Op("StopBuild", s.stopBuild),
		wire.Op("BatchGetBuilds", s.batchGetBuilds),
		wire.Op("ListBuildsForProject", s.listBuildsForProject),
	)
}

func (s *Service) arn(resource string) string {
	return partition.ARN("codebuild", s.region, s.account, resource)
}

// id is the name in a name or ARN of a kind of resource.
func (s *Service) id(kind, nameOrARN string) string {
	return strings.TrimPrefix(nameOrARN, s.arn(kind+"/"))
}

func invalid(format string, args ...any) error {
	return wire.Errorf("InvalidInputException", format, args...)
}

func notFound(format string, args ...any) error {
	return wire.Errorf("ResourceNotFoundException", format, args...)
}

// onlyEmulated refuses, by name, a member of the input that AWS would heed and
// that is not among those named.
func onlyEmulated(in any, names ...string) error {
	v := reflect.ValueOf(in).Elem()
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if !v.Field(i).IsZero() && !slices.Contains(names, name) {
			return invalid("%s is not emulated", name)
		}
	}
	return nil
}

// perPage is how many names a list gives at once (AWS: CodeBuild API Reference).
const perPage = 100

// page is the part of names from the token on, and the token of the next part.
func page(names []string, token *string) ([]string, *string, error) {
	if token != nil {
		at := slices.Index(names, *token)
		if at < 0 {
			return nil, nil, invalid("Invalid next token: %s", *token)
		}
		names = names[at:]
	}
	if len(names) > perPage {
		return names[:perPage], aws.String(names[perPage]), nil
	}
	return names, nil, nil
}
