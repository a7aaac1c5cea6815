package ecs

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// maxTags is AWS's limit of tags on a resource (AWS: ECS API reference, Tag).
const maxTags = 50

// checkTags refuses what AWS refuses (AWS: ECS API reference, Tag).
func checkTags(tags []types.Tag) error {
	if len(tags) > maxTags {
		return invalidParameter("Tags can not have more than 50 items.")
	}
	seen := map[string]bool{}
	for _, tag := range tags {
		key := aws.ToString(tag.Key)
		switch {
		case key == "":
			return invalidParameter("Tag key can not be blank.")
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			return invalidParameter("Tag keys can not begin with aws:, which is reserved for AWS use.")
		case seen[key]:
			return invalidParameter("Tag keys must be unique: " + key + ".")
		}
		seen[key] = true
	}
	return nil
}

// setTags replaces the tags whose keys are given and adds the others.
func (s *Service) setTags(arn string, tags []types.Tag) {
	have := slices.Clone(s.tags[arn])
	for _, tag := range tags {
		at := slices.IndexFunc(have, func(t types.Tag) bool { return aws.ToString(t.Key) == aws.ToString(tag.Key) })
		if at < 0 {
			have = append(have, tag)
		} else {
			have[at] = tag
		}
	}
	s.tags[arn] = have
}

// taggable reports whether there is a resource of that ARN.
func (s *Service) taggable(arn string) error {
	prefix := s.arn("")
	rest, ok := strings.CutPrefix(arn, prefix)
	if !ok {
		return invalidParameter("Invalid resource ARN: " + arn + ".")
	}
	parts := strings.Split(rest, "/")
	switch {
	case parts[0] == "cluster" && len(parts) == 2:
		_, err := s.cluster(&parts[1])
		return err
	case parts[0] == "service" && len(parts) == 3:
		c, err := s.cluster(&parts[1])
		if err != nil {
			return err
		}
		if _, err := c.active(parts[2]); err != nil {
			return invalidParameter("The specified service is inactive. Specify an active service and try again.")
		}
		return nil
	case parts[0] == "task" && len(parts) == 3:
		if t := s.tasks[parts[2]]; t != nil && t.lastStatus != taskStopped {
			return nil
		}
		return invalidParameter("The specified task is stopped. Specify a running task and try again.")
	case parts[0] == "task-definition" && len(parts) == 2:
		if _, err := s.taskDefinition(parts[1]); err != nil {
			return invalidParameter("The specified task definition does not exist. Specify a valid account, family, revision and try again.")
		}
		return nil
	default:
		return invalidParameter("Invalid resource ARN: " + arn + ".")
	}
}

func (s *Service) tagResource(_ *wire.Call, in *ecs.TagResourceInput) (*ecs.TagResourceOutput, error) {
	arn := aws.ToString(in.ResourceArn)
	if err := s.taggable(arn); err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	before := s.tags[arn]
	s.setTags(arn, in.Tags)
	if len(s.tags[arn]) > maxTags {
		s.tags[arn] = before
		return nil, invalidParameter("Tags can not have more than 50 items.")
	}
	return &ecs.TagResourceOutput{}, nil
}

func (s *Service) untagResource(_ *wire.Call, in *ecs.UntagResourceInput) (*ecs.UntagResourceOutput, error) {
	arn := aws.ToString(in.ResourceArn)
	if err := s.taggable(arn); err != nil {
		return nil, err
	}
	s.tags[arn] = slices.DeleteFunc(slices.Clone(s.tags[arn]), func(t types.Tag) bool {
		return slices.Contains(in.TagKeys, aws.ToString(t.Key))
	})
	return &ecs.UntagResourceOutput{}, nil
}

func (s *Service) listTagsForResource(_ *wire.Call, in *ecs.ListTagsForResourceInput) (*ecs.ListTagsForResourceOutput, error) {
	arn := aws.ToString(in.ResourceArn)
	if err := s.taggable(arn); err != nil {
		return nil, err
	}
	return &ecs.ListTagsForResourceOutput{Tags: slices.Clone(s.tags[arn])}, nil
}
