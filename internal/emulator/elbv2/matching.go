package elbv2

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// Request is what conditions look at.
type Request struct {
	Method string
	Host   string // without port
	Path   string
	Query  url.Values
	Header http.Header
	Source netip.Addr
}

// condition reports whether a rule's condition holds for a request.
type condition func(Request) bool

// conditionOf gives the test for a condition that was checked before.
// AWS: ELBv2 API Reference, RuleCondition.
func conditionOf(c types.RuleCondition) condition {
	switch aws.ToString(c.Field) {
	case "host-header":
		patterns := lower(c.HostHeaderConfig.Values)
		return func(r Request) bool { return anyMatches(patterns, strings.ToLower(r.Host)) }
	case "path-pattern":
		patterns := c.PathPatternConfig.Values
		return func(r Request) bool { return anyMatches(patterns, r.Path) }
	case "http-header":
		name, patterns := aws.ToString(c.HttpHeaderConfig.HttpHeaderName), lower(c.HttpHeaderConfig.Values)
		return func(r Request) bool {
			return slices.ContainsFunc(r.Header.Values(name), func(v string) bool { return anyMatches(patterns, strings.ToLower(v)) })
		}
	case "query-string":
		pairs := c.QueryStringConfig.Values
		return func(r Request) bool {
			return slices.ContainsFunc(pairs, func(pair types.QueryStringKeyValuePair) bool { return inQuery(r.Query, pair) })
		}
	case "http-request-method":
		methods := c.HttpRequestMethodConfig.Values
		return func(r Request) bool { return slices.Contains(methods, r.Method) }
	default: // source-ip, the only one left after checking
		return sourceIn(c.SourceIpConfig.Values)
	}
}

func sourceIn(blocks []string) condition {
	prefixes := make([]netip.Prefix, 0, len(blocks))
	for _, block := range blocks {
		prefixes = append(prefixes, netip.MustParsePrefix(block))
	}
	return func(r Request) bool {
		return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(r.Source) })
	}
}

func inQuery(query url.Values, pair types.QueryStringKeyValuePair) bool {
	value := strings.ToLower(aws.ToString(pair.Value))
	for key, values := range query {
		if pair.Key != nil && !matches(strings.ToLower(*pair.Key), strings.ToLower(key)) {
			continue
		}
		if anyMatches([]string{value}, lower(values)...) {
			return true
		}
	}
	return false
}

func lower(values []string) []string {
	lowered := make([]string, 0, len(values))
	for _, value := range values {
		lowered = append(lowered, strings.ToLower(value))
	}
	return lowered
}

func anyMatches(patterns []string, values ...string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		return slices.ContainsFunc(values, func(value string) bool { return matches(pattern, value) })
	})
}

// matches reports whether the value has the pattern's form: * stands for any
// characters, ? for one, \ takes away the meaning of the next.
func matches(pattern, value string) bool {
	for pattern != "" {
		switch {
		case pattern[0] == '*':
			for at := 0; at <= len(value); at++ {
				if matches(pattern[1:], value[at:]) {
					return true
				}
			}
			return false
		case value == "":
			return false
		case pattern[0] == '?':
		case pattern[0] == '\\' && len(pattern) > 1:
			pattern = pattern[1:]
			fallthrough
		default:
			if pattern[0] != value[0] {
				return false
			}
		}
		pattern, value = pattern[1:], value[1:]
	}
	return value == ""
}
