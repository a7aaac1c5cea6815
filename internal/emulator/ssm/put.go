package ssm

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Limits of parameters (AWS: Systems Manager User Guide, parameter tiers and
// parameter hierarchies).
const (
	maxStandard = 4 * 1024
	maxAdvanced = 8 * 1024
	maxLevels   = 15
	maxVersions = 100
)

var plainName = regexp.MustCompile(`^[a-zA-Z0-9_./-]+$`)

func (s *Service) putParameter(_ *wire.Call, in *ssm.PutParameterInput) (*ssm.PutParameterOutput, error) {
	if err := refusePut(in); err != nil {
		return nil, err
	}
	if err := checkName(*in.Name); err != nil {
		return nil, err
	}
	old := s.parameters[*in.Name]
	if old != nil && !aws.ToBool(in.Overwrite) {
		return nil, &types.ParameterAlreadyExists{Message: aws.String("The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")}
	}
	if old == nil && in.Type == "" {
		return nil, invalid("A parameter type is required when you create a parameter.")
	}
	if old != nil && in.Type != "" && in.Type != old.kind {
		return nil, &types.HierarchyTypeMismatchException{Message: aws.String("The parameter type cannot be changed from " + string(old.kind) + " to " + string(in.Type) + ". Create a new, unique parameter.")}
	}
	if err := checkValue(in); err != nil {
		return nil, err
	}
	if old == nil {
		old = &parameter{name: *in.Name, kind: in.Type}
		s.parameters[*in.Name] = old
	}
	v := version{number: 1, value: *in.Value, tier: tierOf(in), modified: s.loop.Now()}
	if count := len(old.versions); count > 0 {
		v.number = old.versions[count-1].number + 1
	}
	old.versions = append(old.versions, v)
	if len(old.versions) > maxVersions {
		old.versions = old.versions[1:]
	}
	return &ssm.PutParameterOutput{Version: v.number, Tier: v.tier}, nil
}

func refusePut(in *ssm.PutParameterInput) error {
	switch {
	case in.Policies != nil:
		return notEmulated("PutParameter", "Policies")
	case in.DataType != nil && *in.DataType != "text":
		return notEmulated("PutParameter", "DataType "+*in.DataType)
	case in.Overwrite != nil && *in.Overwrite && in.Tags != nil:
		return invalid("Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.")
	}
	return nil
}

func checkName(name string) error {
	if !plainName.MatchString(name) {
		return invalid(`Parameter name: can't contain other characters than letters, numbers and the symbols ".-_/".`)
	}
	first := strings.ToLower(strings.TrimPrefix(name, "/"))
	if strings.HasPrefix(first, "aws") || strings.HasPrefix(first, "ssm") {
		return invalid(`Parameter name: can't be prefixed with "aws" or "ssm" (case-insensitive).`)
	}
	if strings.Contains(name, "/") && !strings.HasPrefix(name, "/") {
		return invalid("Parameter name must be a fully qualified name.")
	}
	if strings.Count(name, "/") > maxLevels {
		return &types.HierarchyLevelLimitExceededException{Message: aws.String(fmt.Sprintf("A hierarchy can have a maximum of %d levels.", maxLevels))}
	}
	return nil
}

func tierOf(in *ssm.PutParameterInput) types.ParameterTier {
	switch {
	case in.Tier == types.ParameterTierIntelligentTiering && len(*in.Value) > maxStandard:
		return types.ParameterTierAdvanced
	case in.Tier == types.ParameterTierAdvanced:
		return in.Tier
	}
	return types.ParameterTierStandard
}

func checkValue(in *ssm.PutParameterInput) error {
	switch tier := tierOf(in); {
	case tier == types.ParameterTierStandard && len(*in.Value) > maxStandard:
		return invalid("Standard tier parameters support a maximum parameter value of %d characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. For more information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html", maxStandard)
	case len(*in.Value) > maxAdvanced:
		return invalid("Advanced tier parameters support a maximum parameter value of %d characters.", maxAdvanced)
	}
	if in.AllowedPattern == nil {
		return nil
	}
	pattern, err := regexp.Compile("^(?:" + *in.AllowedPattern + ")$")
	if err != nil {
		return &types.InvalidAllowedPatternException{Message: aws.String("The request does not meet the regular expression requirement: " + *in.AllowedPattern)}
	}
	if !pattern.MatchString(*in.Value) {
		return &types.ParameterPatternMismatchException{Message: aws.String("Parameter value, cannot be validated against allowedPattern: " + *in.AllowedPattern)}
	}
	return nil
}

// ciphertext is what is shown without decryption: for a secure string something
// that does not tell the value.
func (p *parameter) ciphertext(v *version) string {
	if p.kind != types.ParameterTypeSecureString {
		return v.value
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s:%d:%s", p.name, v.number, v.value))
	return base64.StdEncoding.EncodeToString(sum[:])
}
