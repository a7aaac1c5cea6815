package codebuild

import (
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codebuild/types"
)

// stateChange is the detail of a CodeBuild Build State Change event (AWS:
// CodeBuild User Guide, build notifications input format reference).
type stateChange struct {
	Status              types.StatusType `json:"build-status"`
	Project             string           `json:"project-name"`
	Build               string           `json:"build-id"` // an ARN
	Information         information      `json:"additional-information"`
	CurrentPhase        string           `json:"current-phase"`
	CurrentPhaseContext string           `json:"current-phase-context"`
	Version             string           `json:"version"`
}

type information struct {
	Artifact      *artifact   `json:"artifact,omitempty"`
	Environment   environment `json:"environment"`
	Timeout       decimal     `json:"timeout-in-minutes"`
	Complete      bool        `json:"build-complete"`
	Number        decimal     `json:"build-number"`
	Initiator     string      `json:"initiator"`
	Started       string      `json:"build-start-time"`
	Source        source      `json:"source"`
	SourceVersion string      `json:"source-version,omitempty"`
	Logs          logs        `json:"logs"`
	Phases        []phaseInfo `json:"phases"`
}

type artifact struct {
	MD5      string `json:"md5sum,omitempty"`
	SHA256   string `json:"sha256sum,omitempty"`
	Location string `json:"location"`
}

type environment struct {
	Image      string                `json:"image"`
	Privileged bool                  `json:"privileged-mode"`
	Compute    types.ComputeType     `json:"compute-type"`
	Type       types.EnvironmentType `json:"type"`
	Variables  []variable            `json:"environment-variables"`
}

type variable struct {
	Name  string                        `json:"name"`
	Type  types.EnvironmentVariableType `json:"type"`
	Value string                        `json:"value"`
}

type source struct {
	Location string           `json:"location,omitempty"`
	Type     types.SourceType `json:"type"`
}

type logs struct {
	Group    string `json:"group-name,omitempty"`
	Stream   string `json:"stream-name,omitempty"`
	DeepLink string `json:"deep-link,omitempty"`
}

type phaseInfo struct {
	Context  []string             `json:"phase-context,omitempty"`
	Start    string               `json:"start-time,omitempty"`
	End      string               `json:"end-time,omitempty"`
	Duration *decimal             `json:"duration-in-seconds,omitempty"`
	Type     types.BuildPhaseType `json:"phase-type"`
	Status   types.StatusType     `json:"phase-status,omitempty"`
}

// decimal is a number as CodeBuild's events write it: 60.0.
type decimal float64

// MarshalJSON writes one digit after the point.
func (d decimal) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(d), 'f', 1, 64), nil
}

// clock is a time as CodeBuild's events write it.
func clock(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format("Jan 2, 2006 3:04:05 PM")
}

// Announce emits the CodeBuild Build State Change event of a build as it is now.
// It must be called on the loop.
func (s *Service) Announce(idOrARN string) error {
	b := s.find(idOrARN)
	if b == nil {
		return fmt.Errorf("announce build %q: no such build", idOrARN)
	}
	s.emit(b)
	return nil
}

func (s *Service) emit(b *types.Build) {
	if s.deps.Emit == nil {
		return
	}
	s.deps.Emit("aws.codebuild", "CodeBuild Build State Change", []string{*b.Arn}, stateChange{
		Status: b.BuildStatus, Project: *b.ProjectName, Build: *b.Arn, Information: s.information(b),
		CurrentPhase: aws.ToString(b.CurrentPhase), CurrentPhaseContext: "[]", Version: "1",
	})
}

func (s *Service) information(b *types.Build) information {
	i := information{
		Timeout: decimal(aws.ToInt32(b.TimeoutInMinutes)), Complete: b.BuildComplete, Number: decimal(aws.ToInt64(b.BuildNumber)),
		Initiator: aws.ToString(b.Initiator), Started: clock(b.StartTime), SourceVersion: aws.ToString(b.SourceVersion),
		Environment: environment{Variables: []variable{}}, Phases: []phaseInfo{},
	}
	if a := b.Artifacts; a != nil && a.Location != nil {
		i.Artifact = &artifact{MD5: aws.ToString(a.Md5sum), SHA256: aws.ToString(a.Sha256sum), Location: *a.Location}
	}
	if e := b.Environment; e != nil {
		i.Environment.Image, i.Environment.Compute, i.Environment.Type = aws.ToString(e.Image), e.ComputeType, e.Type
		i.Environment.Privileged = aws.ToBool(e.PrivilegedMode)
		for _, v := range e.EnvironmentVariables {
			i.Environment.Variables = append(i.Environment.Variables, describeVariable(v))
		}
	}
	if src := b.Source; src != nil {
		i.Source = source{Location: aws.ToString(src.Location), Type: src.Type}
	}
	if l := b.Logs; l != nil {
		i.Logs = logs{Group: aws.ToString(l.GroupName), Stream: aws.ToString(l.StreamName), DeepLink: aws.ToString(l.DeepLink)}
	}
	for _, p := range b.Phases {
		i.Phases = append(i.Phases, describePhase(p))
	}
	return i
}

func describeVariable(v types.EnvironmentVariable) variable {
	kind := v.Type
	if kind == "" {
		kind = types.EnvironmentVariableTypePlaintext
	}
	return variable{Name: aws.ToString(v.Name), Type: kind, Value: aws.ToString(v.Value)}
}

func describePhase(p types.BuildPhase) phaseInfo {
	out := phaseInfo{Type: p.PhaseType, Status: p.PhaseStatus, Start: clock(p.StartTime), End: clock(p.EndTime)}
	if p.DurationInSeconds != nil {
		d := decimal(*p.DurationInSeconds)
		out.Duration = &d
	}
	for _, c := range p.Contexts {
		out.Context = append(out.Context, aws.ToString(c.StatusCode)+": "+aws.ToString(c.Message))
	}
	return out
}
