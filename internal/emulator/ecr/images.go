package ecr

import (
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

var imageDigest = regexp.MustCompile(`^[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+$`)

func (s *Service) describeImages(_ *wire.Call, in *ecr.DescribeImagesInput) (*ecr.DescribeImagesOutput, error) {
	r, err := s.find(in.RegistryId, in.RepositoryName)
	if err != nil {
		return nil, err
	}
	if in.Filter != nil && in.Filter.ImageStatus != "" && in.Filter.ImageStatus != types.ImageStatusFilterActive {
		return nil, notEmulated("The filter imageStatus " + string(in.Filter.ImageStatus))
	}
	digests, next, err := s.chosen(r, in)
	if err != nil {
		return nil, err
	}
	out := &ecr.DescribeImagesOutput{ImageDetails: []types.ImageDetail{}, NextToken: next}
	for _, digest := range digests {
		i := r.images[digest]
		out.ImageDetails = append(out.ImageDetails, types.ImageDetail{
			RegistryId: &s.account, RepositoryName: r.described.RepositoryName, ImageDigest: &i.digest,
			ImageTags: r.tagsOf(digest), ImageSizeInBytes: &i.size, ImagePushedAt: &i.pushed,
			ImageManifestMediaType: &i.mediaType, ImageStatus: types.ImageStatusActive,
		})
	}
	return out, nil
}

// chosen gives the digests that a request is about: those it names, or a page
// of all.
func (s *Service) chosen(r *repository, in *ecr.DescribeImagesInput) (digests []string, next *string, err error) {
	if len(in.ImageIds) == 0 {
		all := slices.DeleteFunc(slices.Sorted(maps.Keys(r.images)), func(digest string) bool {
			if in.Filter == nil {
				return false
			}
			tagged := len(r.tagsOf(digest)) > 0
			return (in.Filter.TagStatus == types.TagStatusTagged && !tagged) || (in.Filter.TagStatus == types.TagStatusUntagged && tagged)
		})
		digests, next = page(all, in.NextToken, in.MaxResults)
		return digests, next, nil
	}
	if in.NextToken != nil || in.MaxResults != nil {
		return nil, nil, invalid("Invalid parameter: nextToken and maxResults cannot be used when you specify images with imageIds")
	}
	for _, id := range in.ImageIds {
		digest, failure := r.resolve(id)
		switch {
		case failure == types.ImageFailureCodeMissingDigestAndTag:
			return nil, nil, invalid("Invalid request parameters: both tag and digest cannot be null")
		case failure != "":
			return nil, nil, s.imageNotFound(r, id)
		case !slices.Contains(digests, digest):
			digests = append(digests, digest)
		}
	}
	return digests, nil, nil
}

func (s *Service) imageNotFound(r *repository, id types.ImageIdentifier) error {
	quoted := func(v *string) string {
		if v == nil {
			return "'null'"
		}
		return "'" + *v + "'"
	}
	return &types.ImageNotFoundException{Message: aws.String(fmt.Sprintf(
		"The image with imageId {imageDigest:%s, imageTag:%s} does not exist within the repository with name '%s' in the registry with id '%s'",
		quoted(id.ImageDigest), quoted(id.ImageTag), *r.described.RepositoryName, s.account))}
}

// resolve finds the digest of the image that an identifier names, or says why
// there is none.
func (r *repository) resolve(id types.ImageIdentifier) (string, types.ImageFailureCode) {
	if id.ImageDigest == nil && id.ImageTag == nil {
		return "", types.ImageFailureCodeMissingDigestAndTag
	}
	digest := aws.ToString(id.ImageDigest)
	if id.ImageDigest != nil && !imageDigest.MatchString(digest) {
		return "", types.ImageFailureCodeInvalidImageDigest
	}
	if id.ImageTag != nil {
		tagged, ok := r.tags[*id.ImageTag]
		switch {
		case !ok:
			return "", types.ImageFailureCodeImageNotFound
		case digest != "" && digest != tagged:
			return "", types.ImageFailureCodeImageTagDoesNotMatchDigest
		}
		digest = tagged
	}
	if r.images[digest] == nil {
		return "", types.ImageFailureCodeImageNotFound
	}
	return digest, ""
}

func (r *repository) tagsOf(digest string) []string {
	var tags []string
	for _, tag := range slices.Sorted(maps.Keys(r.tags)) {
		if r.tags[tag] == digest {
			tags = append(tags, tag)
		}
	}
	return tags
}

func (s *Service) batchGetImage(_ *wire.Call, in *ecr.BatchGetImageInput) (*ecr.BatchGetImageOutput, error) {
	r, err := s.find(in.RegistryId, in.RepositoryName)
	if err != nil {
		return nil, err
	}
	out := &ecr.BatchGetImageOutput{Images: []types.Image{}, Failures: []types.ImageFailure{}}
	for _, id := range in.ImageIds {
		digest, failure := r.resolve(id)
		if failure != "" {
			out.Failures = append(out.Failures, types.ImageFailure{ImageId: &id, FailureCode: failure, FailureReason: aws.String(reason(failure))})
			continue
		}
		i := r.images[digest]
		if len(in.AcceptedMediaTypes) > 0 && !slices.Contains(in.AcceptedMediaTypes, i.mediaType) {
			return nil, notEmulated("The conversion of " + i.mediaType + " to one of acceptedMediaTypes")
		}
		out.Images = append(out.Images, *s.describeManifest(r, i, aws.ToString(id.ImageTag)))
	}
	return out, nil
}

func reason(code types.ImageFailureCode) string {
	switch code { // the codes that resolve gives
	case types.ImageFailureCodeMissingDigestAndTag:
		return "Invalid request parameters: both tag and digest cannot be null"
	case types.ImageFailureCodeInvalidImageDigest:
		return "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'"
	case types.ImageFailureCodeImageTagDoesNotMatchDigest:
		return "Requested image tag does not match the requested image digest"
	}
	return "Requested image not found"
}
