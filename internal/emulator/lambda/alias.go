package lambda

import (
	"maps"
	"regexp"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// alias is a name that leads to a version, which may be $LATEST.
type alias struct {
	name        string
	number      string // of the version
	description string
	revision    string
}

// aliasesOf are the names of the aliases that lead to a version, sorted.
func (f *function) aliasesOf(v *version) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(f.aliases)), func(name string) bool { return f.aliases[name].number != v.number })
}

// createAlias gives a version a name.
// AWS: Lambda API Reference, CreateAlias.
func (s *Service) createAlias(_ *wire.Call, in *lambda.CreateAliasInput) (*lambda.CreateAliasOutput, error) {
	f, err := s.findFunction(*in.FunctionName)
	if err == nil {
		err = checkAliasName(*in.Name)
	}
	if err == nil {
		err = unweighted(in.RoutingConfig)
	}
	if err == nil {
		_, err = s.find(f.name, *in.FunctionVersion)
	}
	if err != nil {
		return nil, err
	}
	if f.aliases[*in.Name] != nil {
		return nil, conflict("Alias already exists: " + s.ARN(f.name) + ":" + *in.Name)
	}
	a := &alias{name: *in.Name, number: *in.FunctionVersion, description: aws.ToString(in.Description), revision: s.loop.UUID()}
	f.aliases[a.name] = a
	out := lambda.CreateAliasOutput(s.aliasConfiguration(f, a))
	return &out, nil
}

var aliasName = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)

// checkAliasName holds the name against the model's pattern, which Go's regular
// expressions cannot.
func checkAliasName(name string) error {
	if aliasName.MatchString(name) && !number.MatchString(name) {
		return nil
	}
	return wire.Errorf("ValidationException",
		"1 validation error detected: Value '%s' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)", name)
}

// unweighted refuses an alias that leads to two versions.
func unweighted(c *types.AliasRoutingConfiguration) error {
	if c != nil && len(c.AdditionalVersionWeights) > 0 {
		return invalidParameter("an alias with RoutingConfig is not emulated: it leads to one version")
	}
	return nil
}

// findAlias finds an alias by its name.
func (s *Service) findAlias(function, name string) (*function, *alias, error) {
	f, err := s.findFunction(function)
	if err != nil {
		return nil, nil, err
	}
	a := f.aliases[name]
	if a == nil {
		return nil, nil, missing("Cannot find alias arn: " + s.ARN(f.name) + ":" + name)
	}
	return f, a, nil
}

// updateAlias leads an alias to another version. What is being invoked through it
// stays with the one it began with.
func (s *Service) updateAlias(_ *wire.Call, in *lambda.UpdateAliasInput) (*lambda.UpdateAliasOutput, error) {
	f, a, err := s.findAlias(*in.FunctionName, *in.Name)
	if err == nil {
		err = target{function: f, alias: a}.checkRevision(in.RevisionId)
	}
	if err == nil {
		err = unweighted(in.RoutingConfig)
	}
	if err == nil && in.FunctionVersion != nil {
		_, err = s.find(f.name, *in.FunctionVersion)
	}
	if err != nil {
		return nil, err
	}
	if in.FunctionVersion != nil {
		a.number = *in.FunctionVersion
	}
	if in.Description != nil {
		a.description = *in.Description
	}
	a.revision = s.loop.UUID()
	out := lambda.UpdateAliasOutput(s.aliasConfiguration(f, a))
	return &out, nil
}

func (s *Service) getAlias(_ *wire.Call, in *lambda.GetAliasInput) (*lambda.GetAliasOutput, error) {
	f, a, err := s.findAlias(*in.FunctionName, *in.Name)
	if err != nil {
		return nil, err
	}
	out := s.aliasConfiguration(f, a)
	return &out, nil
}

// deleteAlias takes an alias away with what it has of its own. One that is not there
// is no error (AWS: model, DeleteAlias has no ResourceNotFoundException).
func (s *Service) deleteAlias(_ *wire.Call, in *lambda.DeleteAliasInput) (*lambda.DeleteAliasOutput, error) {
	f, a, err := s.findAlias(*in.FunctionName, *in.Name)
	if err == nil {
		if own := f.settings[a.name]; own != nil {
			s.removeURL(own)
		}
		delete(f.settings, a.name)
		delete(f.aliases, a.name)
	}
	return &lambda.DeleteAliasOutput{}, nil
}

// listAliases gives the aliases by name, at most 50 a page.
func (s *Service) listAliases(_ *wire.Call, in *lambda.ListAliasesInput) (*lambda.ListAliasesOutput, error) {
	f, err := s.findFunction(*in.FunctionName)
	if err != nil {
		return nil, err
	}
	names := slices.Sorted(maps.Keys(f.aliases))
	if in.FunctionVersion != nil {
		names = slices.DeleteFunc(names, func(name string) bool { return f.aliases[name].number != *in.FunctionVersion })
	}
	names, next, err := page(names, func(name string) string { return name }, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &lambda.ListAliasesOutput{Aliases: []types.AliasConfiguration{}, NextMarker: next}
	for _, name := range names {
		c := s.aliasConfiguration(f, f.aliases[name])
		out.Aliases = append(out.Aliases, types.AliasConfiguration{
			AliasArn: c.AliasArn, Name: c.Name, FunctionVersion: c.FunctionVersion, Description: c.Description, RevisionId: c.RevisionId,
		})
	}
	return out, nil
}

// aliasConfiguration is the alias as the API shows it.
func (s *Service) aliasConfiguration(f *function, a *alias) lambda.GetAliasOutput {
	return lambda.GetAliasOutput{
		AliasArn: aws.String(s.ARN(f.name) + ":" + a.name), Name: aws.String(a.name), FunctionVersion: aws.String(a.number),
		Description: aws.String(a.description), RevisionId: aws.String(a.revision),
	}
}
