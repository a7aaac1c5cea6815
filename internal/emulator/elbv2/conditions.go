package elbv2

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// AWS: Application Load Balancers User Guide, quotas.
const (
	valuesPerRule    = 5
	wildcardsPerRule = 5
)

var (
	hostForm   = regexp.MustCompile(`^[A-Za-z0-9.*?-]{1,128}$`)
	pathForm   = regexp.MustCompile("^[A-Za-z0-9_.$/~\"'@:+&*?-]{1,128}$")
	headerForm = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,40}$")
	methodForm = regexp.MustCompile(`^[A-Z_-]{1,40}$`)
)

// checkConditions applies AWS's rules to a rule's conditions and gives them in
// the form in which they are kept and shown: with their Config, and for hosts and
// paths with Values as well.
func checkConditions(in []types.RuleCondition) ([]types.RuleCondition, error) {
	if len(in) == 0 {
		return nil, wire.Errorf("ValidationError", "A condition must be specified")
	}
	seen := map[string]bool{}
	values, wildcards := 0, 0
	kept := make([]types.RuleCondition, 0, len(in))
	for _, c := range in {
		field := aws.ToString(c.Field)
		if seen[field] && field != "http-header" && field != "query-string" {
			return nil, wire.Errorf("ValidationError", "A rule can only have one '%s' condition", field)
		}
		seen[field] = true
		checked, all, err := checkCondition(c)
		if err != nil {
			return nil, err
		}
		if len(all) == 0 {
			return nil, wire.Errorf("ValidationError", "A condition value must be specified")
		}
		values += len(all)
		for _, value := range all {
			wildcards += strings.Count(value, "*") + strings.Count(value, "?")
		}
		kept = append(kept, checked)
	}
	if values > valuesPerRule {
		return nil, wire.Errorf("ValidationError", "A rule can only have '%d' condition values", valuesPerRule)
	}
	if wildcards > wildcardsPerRule {
		return nil, wire.Errorf("ValidationError", "A rule can only have '%d' condition wildcards", wildcardsPerRule)
	}
	return kept, nil
}

// checkCondition gives the condition as kept, and its values.
func checkCondition(c types.RuleCondition) (types.RuleCondition, []string, error) {
	kept := types.RuleCondition{Field: c.Field}
	if usesRegex(c) {
		return kept, nil, wire.Errorf("InvalidConfigurationRequest", "Regular expressions in conditions are not emulated")
	}
	var values []string
	var err error
	switch field := aws.ToString(c.Field); field {
	case "host-header":
		values = c.Values
		if c.HostHeaderConfig != nil {
			values = c.HostHeaderConfig.Values
		}
		err = checkForm(field, values, hostForm)
		kept.Values, kept.HostHeaderConfig = values, &types.HostHeaderConditionConfig{Values: values}
	case "path-pattern":
		values = c.Values
		if c.PathPatternConfig != nil {
			values = c.PathPatternConfig.Values
		}
		err = checkForm(field, values, pathForm)
		kept.Values, kept.PathPatternConfig = values, &types.PathPatternConditionConfig{Values: values}
	case "http-header":
		kept.HttpHeaderConfig, values, err = checkHeaderCondition(c.HttpHeaderConfig)
	case "query-string":
		kept.QueryStringConfig, values, err = checkQueryCondition(c.QueryStringConfig)
	case "http-request-method":
		if c.HttpRequestMethodConfig != nil {
			values = c.HttpRequestMethodConfig.Values
		}
		err = checkForm(field, values, methodForm)
		kept.HttpRequestMethodConfig = &types.HttpRequestMethodConditionConfig{Values: values}
	case "source-ip":
		if c.SourceIpConfig != nil {
			values = c.SourceIpConfig.Values
		}
		err = checkBlocks(values)
		kept.SourceIpConfig = &types.SourceIpConditionConfig{Values: values}
	default:
		err = wire.Errorf("ValidationError", "Condition field '%s' must be one of '[path-pattern, host-header, http-header, http-request-method, query-string, source-ip]'", field)
	}
	return kept, values, err
}

func usesRegex(c types.RuleCondition) bool {
	return len(c.RegexValues) > 0 ||
		c.HostHeaderConfig != nil && len(c.HostHeaderConfig.RegexValues) > 0 ||
		c.PathPatternConfig != nil && len(c.PathPatternConfig.RegexValues) > 0 ||
		c.HttpHeaderConfig != nil && len(c.HttpHeaderConfig.RegexValues) > 0
}

func checkForm(field string, values []string, form *regexp.Regexp) error {
	for _, value := range values {
		if !form.MatchString(value) {
			return wire.Errorf("ValidationError", "The value '%s' of condition field '%s' is not valid", value, field)
		}
	}
	return nil
}

func checkHeaderCondition(in *types.HttpHeaderConditionConfig) (*types.HttpHeaderConditionConfig, []string, error) {
	if in == nil {
		return nil, nil, wire.Errorf("ValidationError", "A configuration must be specified for condition field 'http-header'")
	}
	name := aws.ToString(in.HttpHeaderName)
	if !headerForm.MatchString(name) || strings.EqualFold(name, "host") {
		return nil, nil, wire.Errorf("ValidationError", "The HTTP header name '%s' is not valid", name)
	}
	for _, value := range in.Values {
		if value == "" || len(value) > 128 {
			return nil, nil, wire.Errorf("ValidationError", "The value '%s' of condition field 'http-header' is not valid", value)
		}
	}
	return &types.HttpHeaderConditionConfig{HttpHeaderName: in.HttpHeaderName, Values: slices.Clone(in.Values)}, in.Values, nil
}

func checkQueryCondition(in *types.QueryStringConditionConfig) (*types.QueryStringConditionConfig, []string, error) {
	if in == nil {
		return nil, nil, wire.Errorf("ValidationError", "A configuration must be specified for condition field 'query-string'")
	}
	var values []string
	for _, pair := range in.Values {
		value := aws.ToString(pair.Value)
		if value == "" || len(value) > 128 || len(aws.ToString(pair.Key)) > 128 {
			return nil, nil, wire.Errorf("ValidationError", "The value '%s' of condition field 'query-string' is not valid", value)
		}
		values = append(values, value)
	}
	return &types.QueryStringConditionConfig{Values: slices.Clone(in.Values)}, values, nil
}

func checkBlocks(blocks []string) error {
	for _, block := range blocks {
		if _, err := netip.ParsePrefix(block); err != nil {
			return wire.Errorf("ValidationError", "The value '%s' of condition field 'source-ip' must be in CIDR format", block)
		}
	}
	return nil
}
