package ssm

import (
	"encoding/base64"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// defaultPage is how many parameters a page has (AWS: GetParametersByPath, MaxResults).
const defaultPage = 10

func (s *Service) getParameter(_ *wire.Call, in *ssm.GetParameterInput) (*ssm.GetParameterOutput, error) {
	described, v, err := s.selected(*in.Name)
	if err != nil {
		return nil, err
	}
	return &ssm.GetParameterOutput{Parameter: decrypted(described, v, in.WithDecryption)}, nil
}

func decrypted(described *types.Parameter, v *version, wanted *bool) *types.Parameter {
	if aws.ToBool(wanted) {
		described.Value = &v.value
	}
	return described
}

func (s *Service) getParameters(_ *wire.Call, in *ssm.GetParametersInput) (*ssm.GetParametersOutput, error) {
	out := &ssm.GetParametersOutput{Parameters: []types.Parameter{}, InvalidParameters: []string{}}
	seen := map[string]bool{}
	for _, name := range in.Names {
		if seen[name] {
			return nil, invalid("Duplicate parameter name: %s", name)
		}
		seen[name] = true
		described, v, err := s.selected(name)
		var missing *types.ParameterNotFound
		var versionMissing *types.ParameterVersionNotFound
		switch {
		case errors.As(err, &missing), errors.As(err, &versionMissing):
			out.InvalidParameters = append(out.InvalidParameters, name)
		case err != nil:
			return nil, err
		default:
			out.Parameters = append(out.Parameters, *decrypted(described, v, in.WithDecryption))
		}
	}
	return out, nil
}

func (s *Service) getParametersByPath(_ *wire.Call, in *ssm.GetParametersByPathInput) (*ssm.GetParametersByPathOutput, error) {
	if in.ParameterFilters != nil {
		return nil, notEmulated("GetParametersByPath", "ParameterFilters")
	}
	if !strings.HasPrefix(*in.Path, "/") || !plainName.MatchString(*in.Path) {
		return nil, invalid("The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash \"/\". It can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). It must use only letters, numbers, or the following symbols: . (period), - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, if specified, must use the forward slash symbol \"/\". Valid example: /get/parameters2-/by1./path0_.")
	}
	after, err := base64.StdEncoding.DecodeString(aws.ToString(in.NextToken))
	if err != nil {
		return nil, &types.InvalidNextToken{Message: aws.String("The specified token isn't valid.")}
	}
	limit := defaultPage
	if in.MaxResults != nil {
		limit = int(*in.MaxResults)
	}
	out := &ssm.GetParametersByPathOutput{Parameters: []types.Parameter{}}
	for _, name := range s.below(*in.Path, aws.ToBool(in.Recursive)) {
		if name <= string(after) {
			continue
		}
		if len(out.Parameters) == limit {
			last := *out.Parameters[limit-1].Name
			out.NextToken = aws.String(base64.StdEncoding.EncodeToString([]byte(last)))
			break
		}
		p := s.parameters[name]
		v := &p.versions[len(p.versions)-1]
		out.Parameters = append(out.Parameters, *decrypted(s.describe(p, v), v, in.WithDecryption))
	}
	return out, nil
}

// below gives the names of a path's parameters, of its paths' too if recursive,
// in order.
func (s *Service) below(path string, recursive bool) []string {
	prefix := strings.TrimSuffix(path, "/") + "/"
	var names []string
	for _, name := range slices.Sorted(maps.Keys(s.parameters)) {
		rest, found := strings.CutPrefix(name, prefix)
		if found && (recursive || !strings.Contains(rest, "/")) {
			names = append(names, name)
		}
	}
	return names
}

func (s *Service) deleteParameter(_ *wire.Call, in *ssm.DeleteParameterInput) (*ssm.DeleteParameterOutput, error) {
	p := s.parameters[*in.Name]
	if p == nil {
		return nil, &types.ParameterNotFound{}
	}
	delete(s.parameters, p.name)
	return &ssm.DeleteParameterOutput{}, nil
}
