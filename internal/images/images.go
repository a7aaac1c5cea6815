// Package images knows container images: how they are named, what builds say of
// them, and which digest a tag stands for right now.
package images

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Ref is an image in ECR: registry/repository, and a tag or a digest.
type Ref struct {
	Account    string
	Region     string
	Registry   string // host name
	Repository string // name within the registry
	Tag        string
	Digest     string // sha256:…
}

// reference is an ECR image (AWS: Amazon ECR User Guide, private registry and
// repository names); the domain differs between partitions. Every function would wait
// for it to be compiled, and few read an image.
var reference = sync.OnceValue(func() *regexp.Regexp { //nolint:gochecknoglobals // a compiled regexp
	return regexp.MustCompile(
		`^((\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?)/([a-z0-9]+(?:(?:\.|__?|-+|/)[a-z0-9]+)*)` +
			`(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$`)
})

// Parse reads an image reference. EventInvalid, naming it, if it is not one of an
// ECR repository.
func Parse(image string) (Ref, error) {
	m := reference().FindStringSubmatch(image)
	if m == nil {
		return Ref{}, rollout.Errorf(rollout.KindEventInvalid,
			"image %q is not an ECR image such as 123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:tag", image)
	}
	return Ref{Registry: m[1], Account: m[2], Region: m[3], Repository: m[4], Tag: m[5], Digest: m[6]}, nil
}

// Name is the repository with its registry.
func (r Ref) Name() string { return r.Registry + "/" + r.Repository }

// Pinned is the reference by digest.
func (r Ref) Pinned() string { return r.Name() + "@" + r.Digest }

// Resolver asks ECR.
type Resolver struct{ ECR *ecr.Client }

// Pin gives the reference by digest: of the image that has the tag now, or of the
// digest, which must be there. EventInvalid if ECR does not know it.
func (r Resolver) Pin(ctx context.Context, ref Ref) (string, error) {
	id := types.ImageIdentifier{}
	switch {
	case ref.Digest != "":
		id.ImageDigest = &ref.Digest
	case ref.Tag != "":
		id.ImageTag = &ref.Tag
	default:
		return "", rollout.Errorf(rollout.KindEventInvalid, "image %s has neither a tag nor a digest", ref.Name())
	}
	out, err := r.ECR.DescribeImages(ctx, &ecr.DescribeImagesInput{
		RegistryId: &ref.Account, RepositoryName: &ref.Repository, ImageIds: []types.ImageIdentifier{id},
	})
	switch {
	case awsclient.Is(err, "RepositoryNotFoundException"):
		return "", rollout.Errorf(rollout.KindEventInvalid, "ECR has no repository %s", ref.Name())
	case awsclient.Is(err, "ImageNotFoundException") || err == nil && len(out.ImageDetails) == 0:
		return "", rollout.Errorf(rollout.KindEventInvalid, "ECR has no image %s", ref)
	case err != nil:
		return "", awsclient.Wrap(err, "read image %s", ref)
	}
	ref.Digest = aws.ToString(out.ImageDetails[0].ImageDigest)
	return ref.Pinned(), nil
}

func (r Ref) String() string {
	switch {
	case r.Digest != "":
		return r.Pinned()
	case r.Tag != "":
		return r.Name() + ":" + r.Tag
	default:
		return r.Name()
	}
}

// Definitions reads imagedefinitions.json: [{"name": "web", "imageUri": "…"}]
// (AWS: CodePipeline User Guide, image definitions file reference). It gives
// container to image. EventInvalid for anything else.
func Definitions(text []byte) (map[string]string, error) {
	var rows []struct {
		Name     string `json:"name"`
		ImageURI string `json:"imageUri"`
	}
	if err := json.Unmarshal(text, &rows); err != nil {
		return nil, rollout.Errorf(rollout.KindEventInvalid,
			`imagedefinitions.json is not a list such as [{"name":"web","imageUri":"…"}]: %w`, err)
	}
	found := map[string]string{}
	for i, row := range rows {
		if row.Name == "" || row.ImageURI == "" {
			return nil, rollout.Errorf(rollout.KindEventInvalid, "imagedefinitions.json: entry %d has no name or no imageUri", i)
		}
		if _, twice := found[row.Name]; twice {
			return nil, rollout.Errorf(rollout.KindEventInvalid, "imagedefinitions.json: container %q is there twice", row.Name)
		}
		found[row.Name] = row.ImageURI
	}
	if len(found) == 0 {
		return nil, rollout.Errorf(rollout.KindEventInvalid, "imagedefinitions.json names no container")
	}
	return found, nil
}

// Exported picks container images out of a build's exported variables: IMAGE_WEB
// for the container web, and IMAGE where there is one container only.
func Exported(variables map[string]string, containers []string) map[string]string {
	found := map[string]string{}
	for _, name := range containers {
		if image := variables[variable(name)]; image != "" {
			found[name] = image
		} else if len(containers) == 1 && variables["IMAGE"] != "" {
			found[name] = variables["IMAGE"]
		}
	}
	return found
}

// variable is the name of the variable for a container: IMAGE_ and the name in
// capitals, with everything but letters and digits as an underscore.
func variable(container string) string {
	return "IMAGE_" + strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		default:
			return '_'
		}
	}, container)
}

// Check compares what an event brought with the spec: every container has an
// image, each of the repository the spec names, and there are no others.
func Check(spec rollout.Spec, found map[string]string) (map[string]Ref, error) {
	refs := map[string]Ref{}
	for name, image := range found {
		want, ok := spec.Containers[name]
		if !ok {
			return nil, rollout.Errorf(rollout.KindEventInvalid, "the spec of %s names no container %q", spec.App, name)
		}
		ref, err := Parse(image)
		if err != nil {
			return nil, fmt.Errorf("container %s: %w", name, err)
		}
		if ref.Name() != want {
			return nil, rollout.Errorf(rollout.KindEventInvalid,
				"container %s: image %q is not of the repository that the spec of %s names, %s", name, image, spec.App, want)
		}
		refs[name] = ref
	}
	for name := range spec.Containers {
		if _, ok := refs[name]; !ok {
			return nil, rollout.Errorf(rollout.KindEventInvalid,
				"no image for container %q of %s: export %s (or IMAGE) from the build, or write imagedefinitions.json",
				name, spec.App, variable(name))
		}
	}
	return refs, nil
}
