package elbv2

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// tagLimit is how many tags a resource can have.
const tagLimit = 50

func (s *Service) addTags(_ *wire.Call, in *sdk.AddTagsInput) (*sdk.AddTagsOutput, error) {
	old := make([]map[string]string, 0, len(in.ResourceArns))
	for _, arn := range in.ResourceArns {
		tags, err := s.tagsOf(arn)
		if err != nil {
			return nil, err
		}
		if _, err := withTags(tags, in.Tags); err != nil {
			return nil, err
		}
		old = append(old, tags)
	}
	for _, tags := range old {
		for _, tag := range in.Tags {
			tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
	}
	return &sdk.AddTagsOutput{}, nil
}

func (s *Service) describeTags(_ *wire.Call, in *sdk.DescribeTagsInput) (*sdk.DescribeTagsOutput, error) {
	out := &sdk.DescribeTagsOutput{}
	for _, arn := range in.ResourceArns {
		tags, err := s.tagsOf(arn)
		if err != nil {
			return nil, err
		}
		description := types.TagDescription{ResourceArn: aws.String(arn)}
		for _, key := range slices.Sorted(maps.Keys(tags)) {
			description.Tags = append(description.Tags, types.Tag{Key: aws.String(key), Value: aws.String(tags[key])})
		}
		out.TagDescriptions = append(out.TagDescriptions, description)
	}
	return out, nil
}

// withTags gives the tags with more added, keys given twice being refused.
func withTags(tags map[string]string, more []types.Tag) (map[string]string, error) {
	given := map[string]string{}
	for _, tag := range more {
		key := aws.ToString(tag.Key)
		if _, twice := given[key]; twice {
			return nil, wire.Errorf("DuplicateTagKeys", "Tag key '%s' was specified more than once", key)
		}
		if strings.HasPrefix(strings.ToLower(key), "aws:") {
			return nil, wire.Errorf("ValidationError", "Tag keys cannot start with 'aws:'")
		}
		given[key] = aws.ToString(tag.Value)
	}
	all := maps.Clone(tags)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, given)
	if len(all) > tagLimit {
		return nil, wire.Errorf("TooManyTags", "The number of tags exceeds the limit of %d", tagLimit)
	}
	return all, nil
}

// tagsOf gives the tags of the resource, which may be changed.
func (s *Service) tagsOf(arn string) (map[string]string, error) {
	_, resource, _ := strings.Cut(arn, s.account+":")
	kind, _, _ := strings.Cut(resource, "/")
	switch kind {
	case "loadbalancer":
		b, err := s.balancer(arn)
		if err != nil {
			return nil, err
		}
		return b.tags, nil
	case "targetgroup":
		g, err := s.group(arn)
		if err != nil {
			return nil, err
		}
		return g.tags, nil
	case "listener":
		l, err := s.listener(arn)
		if err != nil {
			return nil, err
		}
		return l.tags, nil
	case "listener-rule":
		r, err := s.rule(arn)
		if err != nil {
			return nil, err
		}
		return r.tags, nil
	default:
		return nil, wire.Errorf("ValidationError", "'%s' is not a valid resource ARN", arn)
	}
}
