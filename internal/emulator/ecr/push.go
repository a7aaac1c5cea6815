package ecr

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// manifest is what ECR reads of an image manifest or an index.
type manifest struct {
	MediaType string       `json:"mediaType"`
	Config    descriptor   `json:"config"`
	Layers    []descriptor `json:"layers"`
	Manifests []descriptor `json:"manifests"`
}

type descriptor struct {
	Digest string `json:"digest"`
	Size   int64  `json:"size"`
}

func (s *Service) putImage(_ *wire.Call, in *ecr.PutImageInput) (*ecr.PutImageOutput, error) {
	r, err := s.find(in.RegistryId, in.RepositoryName)
	if err != nil {
		return nil, err
	}
	pushed, err := s.read(r, in)
	if err != nil {
		return nil, err
	}
	tag := aws.ToString(in.ImageTag)
	tagged, tagTaken := r.tags[tag]
	switch known := r.images[pushed.digest] != nil; {
	case known && (tag == "" || tagged == pushed.digest):
		return nil, &types.ImageAlreadyExistsException{Message: aws.String(s.alreadyExists(r, pushed.digest, tag))}
	case tagTaken && r.keeps(tag):
		return nil, &types.ImageTagAlreadyExistsException{Message: aws.String(fmt.Sprintf(
			"The image tag '%s' already exists in the '%s' repository and cannot be overwritten because the tag is immutable.", tag, *r.described.RepositoryName))}
	case !known:
		r.images[pushed.digest] = pushed
	}
	if tag != "" {
		r.tags[tag] = pushed.digest
	}
	s.emitPush(r, pushed.digest, tag)
	return &ecr.PutImageOutput{Image: s.describeManifest(r, r.images[pushed.digest], tag)}, nil
}

// keeps tells whether a tag stays with the image that has it.
// AWS: ECR User Guide, image tag mutability.
func (r *repository) keeps(tag string) bool {
	switch r.described.ImageTagMutability { // the other is refused when a repository is made
	case types.ImageTagMutabilityImmutable:
		return true
	case types.ImageTagMutabilityImmutableWithExclusion:
		return !slices.ContainsFunc(r.described.ImageTagMutabilityExclusionFilters, func(f types.ImageTagMutabilityExclusionFilter) bool {
			pattern := "^" + strings.ReplaceAll(regexp.QuoteMeta(*f.Filter), `\*`, ".*") + "$"
			return regexp.MustCompile(pattern).MatchString(tag)
		})
	default:
		return false
	}
}

// tokenLife is how long a login lasts.
// AWS: ECR API Reference, GetAuthorizationToken.
const tokenLife = 12 * time.Hour

// getAuthorizationToken gives a login to the registry, which is none here: images
// are pushed by their manifests.
func (s *Service) getAuthorizationToken(_ *wire.Call, in *ecr.GetAuthorizationTokenInput) (*ecr.GetAuthorizationTokenOutput, error) {
	for _, id := range in.RegistryIds { //nolint:staticcheck // AWS still reads it
		if id != s.account {
			return nil, notEmulated("A login to the registry " + id)
		}
	}
	return &ecr.GetAuthorizationTokenOutput{AuthorizationData: []types.AuthorizationData{{
		AuthorizationToken: aws.String(base64.StdEncoding.EncodeToString([]byte("AWS:" + s.loop.ID(32)))),
		ExpiresAt:          aws.Time(s.loop.Now().Add(tokenLife)),
		ProxyEndpoint:      aws.String("https://" + s.host()),
	}}}, nil
}

// host is that of the registry.
func (s *Service) host() string {
	return s.account + ".dkr.ecr." + s.region + "." + partition.Domain(s.region)
}

func (s *Service) alreadyExists(r *repository, digest, tag string) string {
	if tag == "" {
		return fmt.Sprintf("Image with digest '%s' already exists in the repository with name '%s' in registry with id '%s'", digest, *r.described.RepositoryName, s.account)
	}
	return fmt.Sprintf("Image with digest '%s' and tag '%s' already exists in the repository with name '%s' in registry with id '%s'", digest, tag, *r.described.RepositoryName, s.account)
}

// read checks a manifest and makes an image of it, named by the hash of its
// bytes.
func (s *Service) read(r *repository, in *ecr.PutImageInput) (*image, error) {
	var m manifest
	if err := json.Unmarshal([]byte(*in.ImageManifest), &m); err != nil {
		return nil, invalid("Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'")
	}
	mediaType := m.MediaType
	if in.ImageManifestMediaType != nil {
		mediaType = *in.ImageManifestMediaType
	}
	if mediaType == "" {
		return nil, invalid("Invalid parameter at 'ImageManifestMediaType' failed to satisfy constraint: 'the manifest does not name its media type'")
	}
	digest := digestOf([]byte(*in.ImageManifest))
	if in.ImageDigest != nil && *in.ImageDigest != digest {
		return nil, &types.ImageDigestDoesNotMatchException{Message: aws.String("The provided digest does not match the calculated image digest")}
	}
	if err := s.complete(r, m); err != nil {
		return nil, err
	}
	made := &image{digest: digest, manifest: *in.ImageManifest, mediaType: mediaType, pushed: s.loop.Now()}
	for _, d := range m.blobs() {
		made.blobs = append(made.blobs, d.Digest)
		made.size += d.Size
	}
	return made, nil
}

// blobs are what a manifest names of the repository's layers.
func (m manifest) blobs() []descriptor {
	if m.Config.Digest == "" {
		return m.Layers
	}
	return append([]descriptor{m.Config}, m.Layers...)
}

// complete wants all that a manifest names to be in the repository.
func (s *Service) complete(r *repository, m manifest) error {
	const sentence = "%s with digests '[%s]' required for pushing image into repository with name '%s' in the registry with id '%s' do not exist"
	var images, layers []string
	for _, d := range m.Manifests {
		if r.images[d.Digest] == nil {
			images = append(images, d.Digest)
		}
	}
	for _, d := range m.blobs() {
		if _, there := r.layers[d.Digest]; !there {
			layers = append(layers, d.Digest)
		}
	}
	name := *r.described.RepositoryName
	switch {
	case len(images) > 0:
		return &types.ReferencedImagesNotFoundException{Message: aws.String(fmt.Sprintf(sentence, "Images", strings.Join(images, ", "), name, s.account))}
	case len(layers) > 0:
		return &types.LayersNotFoundException{Message: aws.String(fmt.Sprintf(sentence, "Layers", strings.Join(layers, ", "), name, s.account))}
	}
	return nil
}

func (s *Service) describeManifest(r *repository, i *image, tag string) *types.Image {
	out := &types.Image{
		RegistryId: &s.account, RepositoryName: r.described.RepositoryName,
		ImageManifest: &i.manifest, ImageManifestMediaType: &i.mediaType,
		ImageId: &types.ImageIdentifier{ImageDigest: &i.digest},
	}
	if tag != "" {
		out.ImageId.ImageTag = &tag
	}
	return out
}
