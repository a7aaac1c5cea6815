package images

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// InUse is what the tags begin with by which Sluice says what a slot runs. ECR knows
// no use: a repository's lifecycle policy has to leave such images alone, and its
// tags have to be mutable or to make an exception of these.
const InUse = "in-use-"

// Keeper says in ECR what is in use.
type Keeper struct{ ECR *ecr.Client }

// Keep gives an image, by digest or else by tag, another tag, which leaves the image that
// had it. It asks once: nobody waits for this.
func (k Keeper) Keep(ctx context.Context, ref Ref, tag string) error {
	there := func(o *ecr.Options) { o.Region, o.Retryer = ref.Region, aws.NopRetryer{} }
	id := types.ImageIdentifier{ImageDigest: &ref.Digest}
	if ref.Digest == "" {
		id = types.ImageIdentifier{ImageTag: &ref.Tag}
	}
	found, err := k.ECR.BatchGetImage(ctx, &ecr.BatchGetImageInput{
		RegistryId: &ref.Account, RepositoryName: &ref.Repository, ImageIds: []types.ImageIdentifier{id},
	}, there)
	switch {
	case err != nil:
		return awsclient.Wrap(err, "read image %s", ref)
	case len(found.Images) == 0:
		return rollout.Errorf(rollout.KindNotFound, "ECR has no image %s", ref)
	}
	_, err = k.ECR.PutImage(ctx, &ecr.PutImageInput{
		RegistryId: &ref.Account, RepositoryName: &ref.Repository, ImageTag: &tag, ImageDigest: found.Images[0].ImageId.ImageDigest,
		ImageManifest: found.Images[0].ImageManifest, ImageManifestMediaType: found.Images[0].ImageManifestMediaType,
	}, there)
	if err != nil && !awsclient.Is(err, "ImageAlreadyExistsException") {
		return awsclient.Wrap(err, "tag image %s as %s", ref, tag)
	}
	return nil
}
