package codepipeline

import (
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"
)

// stored is an artifact that an action gave.
type stored struct{ key, revision string }

// newKeys are places in the pipeline's bucket for an action's artifacts.
func (s *Service) newKeys(e *execution, declared types.ActionDeclaration) map[string]string {
	const nameLength, keyLength = 10, 7
	keys := map[string]string{}
	for _, artifact := range declared.OutputArtifacts {
		name := *artifact.Name
		keys[name] = *e.pipeline.declared.Name + "/" + name[:min(len(name), nameLength)] + "/" + s.loop.ID(keyLength)
	}
	return keys
}

// keep notes what an action that succeeded gave.
func (a *actionExecution) keep() {
	for name, key := range a.keys {
		a.execution.artifacts[name] = stored{key, a.result.Revision}
	}
	if a.declared.Namespace != nil {
		a.execution.variables[*a.declared.Namespace] = a.result.Variables
	}
}

// inputs are the names of an action's input artifacts.
func inputs(a *actionExecution) []string {
	var names []string
	for _, artifact := range a.declared.InputArtifacts {
		names = append(names, *artifact.Name)
	}
	return names
}

func outputs(a *actionExecution) []string {
	var names []string
	for _, artifact := range a.declared.OutputArtifacts {
		names = append(names, *artifact.Name)
	}
	return names
}

func (s *Service) inputsOf(a *actionExecution) []Artifact {
	var all []Artifact
	for _, name := range inputs(a) {
		all = append(all, Artifact{name, s.bucket(a.execution.pipeline), a.execution.artifacts[name].key})
	}
	return all
}

func (s *Service) outputsOf(a *actionExecution) []Artifact {
	var all []Artifact
	for _, name := range outputs(a) {
		all = append(all, Artifact{name, s.bucket(a.execution.pipeline), a.keys[name]})
	}
	return all
}

// details are artifacts with their places, of those that there are.
func (s *Service) details(a *actionExecution, names []string) []types.ArtifactDetail {
	out := []types.ArtifactDetail{}
	for _, name := range names {
		if artifact, ok := a.execution.artifacts[name]; ok {
			out = append(out, types.ArtifactDetail{Name: &name, S3location: &types.S3Location{Bucket: new(s.bucket(a.execution.pipeline)), Key: &artifact.key}})
		}
	}
	return out
}

// places are artifacts in an event.
func (s *Service) places(a *actionExecution, names []string) []artifact {
	var out []artifact
	for _, name := range names {
		if found, ok := a.execution.artifacts[name]; ok {
			out = append(out, artifact{name, location{s.bucket(a.execution.pipeline), found.key}})
		}
	}
	return out
}

// store is where the pipeline's artifacts are.
func (s *Service) store(p *pipeline) types.ArtifactStore {
	if p.declared.ArtifactStore != nil {
		return *p.declared.ArtifactStore
	}
	return p.declared.ArtifactStores[s.region]
}

func (s *Service) bucket(p *pipeline) string { return *s.store(p).Location }
