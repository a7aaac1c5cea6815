package conformance_test

import (
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

// manifest and otherManifest name no layers, which moto_server does not take.
const (
	manifest      = `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","annotations":{"version":"1"}}`
	otherManifest = `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","annotations":{"version":"2"}}`
)

// The layer "abc", and a manifest whose config and only layer it is.
const (
	abc         = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	abcManifest = `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",` +
		`"config":{"mediaType":"application/vnd.oci.image.config.v1+json","size":3,"digest":"` + abc + `"},` +
		`"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","size":3,"digest":"` + abc + `"}]}`
)

// pullers lets another account pull.
const pullers = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::210987654321:root"},` +
	`"Action":["ecr:BatchCheckLayerAvailability","ecr:GetDownloadUrlForLayer","ecr:BatchGetImage"]}]}`

func ecrStories() []story {
	create := &ecr.CreateRepositoryInput{RepositoryName: new("shop/web")}
	byTag := func(tag string) []types.ImageIdentifier { return []types.ImageIdentifier{{ImageTag: &tag}} }
	return []story{
		{name: "ecr/Repositories", steps: []step{
			ok(create, want("Repository.RepositoryName", "shop/web"), want("Repository.RegistryId", "123456789012"),
				want("Repository.RepositoryArn", "arn:aws:ecr:us-east-1:123456789012:repository/shop/web"),
				want("Repository.RepositoryUri", "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/web"),
				want("Repository.ImageTagMutability", "MUTABLE")),
			fails("RepositoryAlreadyExistsException", create),
			fails("InvalidParameterException", &ecr.CreateRepositoryInput{RepositoryName: new("Shop")}),
			ok(&ecr.DescribeRepositoriesInput{}, want("Repositories.#", 1), want("Repositories.0.RepositoryName", "shop/web")),
			fails("RepositoryNotFoundException", &ecr.DescribeRepositoriesInput{RepositoryNames: []string{"none"}}),
			ok(&ecr.DeleteRepositoryInput{RepositoryName: new("shop/web")}, want("Repository.RepositoryName", "shop/web")),
			fails("RepositoryNotFoundException", &ecr.DeleteRepositoryInput{RepositoryName: new("shop/web")}),
		}},
		{name: "ecr/Images", steps: []step{
			ok(create),
			ok(&ecr.PutImageInput{RepositoryName: new("shop/web"), ImageManifest: new(manifest), ImageTag: new("1")},
				want("Image.ImageId.ImageTag", "1"), like("Image.ImageId.ImageDigest", "sha256:[0-9a-f]{64}"), save("digest", "Image.ImageId.ImageDigest")),
			fails("ImageAlreadyExistsException", &ecr.PutImageInput{RepositoryName: new("shop/web"), ImageManifest: new(manifest), ImageTag: new("1")}),
			fails("RepositoryNotFoundException", &ecr.PutImageInput{RepositoryName: new("none"), ImageManifest: new(manifest), ImageTag: new("1")},
				moto("moto_server answers 500; AWS: model, PutImage has RepositoryNotFoundException")),
			ok(&ecr.DescribeImagesInput{RepositoryName: new("shop/web"), ImageIds: byTag("1")},
				want("ImageDetails.#", 1), want("ImageDetails.0.ImageDigest", "${digest}"), want("ImageDetails.0.ImageTags.0", "1")),
			fails("ImageNotFoundException", &ecr.DescribeImagesInput{RepositoryName: new("shop/web"), ImageIds: byTag("2")}),
			fails("RepositoryNotFoundException", &ecr.DescribeImagesInput{RepositoryName: new("none")}),
			ok(&ecr.BatchGetImageInput{RepositoryName: new("shop/web"), ImageIds: byTag("1")},
				want("Images.#", 1), want("Images.0.ImageId.ImageDigest", "${digest}"), want("Images.0.ImageManifest", manifest), want("Failures.#", 0)),
			ok(&ecr.BatchGetImageInput{RepositoryName: new("shop/web"), ImageIds: byTag("2")},
				want("Images.#", 0), want("Failures.0.FailureCode", "ImageNotFound"), want("Failures.0.ImageId.ImageTag", "2")),
			fails("RepositoryNotFoundException", &ecr.BatchGetImageInput{RepositoryName: new("none"), ImageIds: byTag("1")}),
			fails("RepositoryNotEmptyException", &ecr.DeleteRepositoryInput{RepositoryName: new("shop/web")}),
			ok(&ecr.DeleteRepositoryInput{RepositoryName: new("shop/web"), Force: true}),
		}},
		{name: "ecr/Layers", notMoto: "it has no layers; AWS: ECR API Reference, InitiateLayerUpload and the operations after it", steps: layerSteps()},
		{name: "ecr/Login", steps: []step{
			ok(&ecr.GetAuthorizationTokenInput{}, want("AuthorizationData.#", 1),
				like("AuthorizationData.0.ProxyEndpoint", "https://123456789012.dkr.ecr.us-east-1.amazonaws.com")),
			fails("InvalidParameterException", &ecr.GetAuthorizationTokenInput{RegistryIds: []string{"mine"}},
				moto("moto_server takes any; AWS: model, RegistryId is 12 digits")),
		}},
		{name: "ecr/ImmutableTagsWithExclusion", steps: []step{
			ok(&ecr.CreateRepositoryInput{
				RepositoryName: new("shop"), ImageTagMutability: types.ImageTagMutabilityImmutableWithExclusion,
				ImageTagMutabilityExclusionFilters: []types.ImageTagMutabilityExclusionFilter{
					{FilterType: types.ImageTagMutabilityExclusionFilterTypeWildcard, Filter: new("in-use-*")},
				},
			}),
			ok(&ecr.PutImageInput{RepositoryName: new("shop"), ImageManifest: new(manifest), ImageTag: new("1")}),
			ok(&ecr.PutImageInput{RepositoryName: new("shop"), ImageManifest: new(manifest), ImageTag: new("in-use-blue")}),
			fails("ImageTagAlreadyExistsException", &ecr.PutImageInput{RepositoryName: new("shop"), ImageManifest: new(otherManifest), ImageTag: new("1")},
				moto("moto_server lets the tag move; AWS: ECR User Guide, image tag mutability")),
			ok(&ecr.PutImageInput{RepositoryName: new("shop"), ImageManifest: new(otherManifest), ImageTag: new("in-use-blue")}),
		}},
		{name: "ecr/Policies", steps: []step{
			ok(create),
			fails("RepositoryPolicyNotFoundException", &ecr.GetRepositoryPolicyInput{RepositoryName: new("shop/web")}),
			ok(&ecr.SetRepositoryPolicyInput{RepositoryName: new("shop/web"), PolicyText: new(pullers)}, want("RepositoryName", "shop/web")),
			ok(&ecr.GetRepositoryPolicyInput{RepositoryName: new("shop/web")}, want("RegistryId", "123456789012"), like("PolicyText", `(?s).*ecr:BatchGetImage.*`)),
			fails("InvalidParameterException", &ecr.SetRepositoryPolicyInput{RepositoryName: new("shop/web"), PolicyText: new("{")}),
			fails("RepositoryNotFoundException", &ecr.SetRepositoryPolicyInput{RepositoryName: new("none"), PolicyText: new(pullers)}),
		}},
		{name: "ecr/ImmutableTags", steps: []step{
			ok(&ecr.CreateRepositoryInput{RepositoryName: new("shop"), ImageTagMutability: types.ImageTagMutabilityImmutable}),
			ok(&ecr.PutImageInput{RepositoryName: new("shop"), ImageManifest: new(manifest), ImageTag: new("1")}),
			fails("ImageTagAlreadyExistsException", &ecr.PutImageInput{RepositoryName: new("shop"), ImageManifest: new(otherManifest), ImageTag: new("1")},
				moto("moto_server's code is ImageAlreadyExistsException; AWS: ECR API Reference, PutImage: ImageTagAlreadyExistsException for a tag that is immutable")),
		}},
	}
}

func layerSteps() []step {
	shop, part := new("shop/web"), &ecr.UploadLayerPartInput{
		RepositoryName: new("shop/web"), UploadId: new("${upload}"), PartFirstByte: new(int64(0)), PartLastByte: new(int64(2)), LayerPartBlob: []byte("abc"),
	}
	complete := func(digest string) *ecr.CompleteLayerUploadInput {
		return &ecr.CompleteLayerUploadInput{RepositoryName: shop, UploadId: new("${upload}"), LayerDigests: []string{digest}}
	}
	image := &ecr.PutImageInput{RepositoryName: shop, ImageManifest: new(abcManifest), ImageTag: new("1")}
	get := &ecr.GetDownloadUrlForLayerInput{RepositoryName: shop, LayerDigest: new(abc)}
	return []step{
		fails("RepositoryNotFoundException", &ecr.InitiateLayerUploadInput{RepositoryName: shop}),
		ok(&ecr.CreateRepositoryInput{RepositoryName: shop}),
		fails("LayersNotFoundException", image),
		fails("LayersNotFoundException", get),
		ok(&ecr.InitiateLayerUploadInput{RepositoryName: shop}, save("upload", "UploadId")),
		fails("EmptyUploadException", complete(abc)),
		ok(part, want("LastByteReceived", 2)),
		fails("InvalidLayerPartException", part),
		fails("InvalidLayerException", complete("sha256:00")),
		ok(complete(abc), want("LayerDigest", abc)),
		fails("UploadNotFoundException", complete(abc)),
		fails("LayerInaccessibleException", get),
		ok(image),
		ok(get, want("LayerDigest", abc), like("DownloadUrl", `https://prod-us-east-1-starport-layer-bucket.*`)),
		ok(&ecr.InitiateLayerUploadInput{RepositoryName: shop}, save("upload", "UploadId")),
		ok(part),
		fails("LayerAlreadyExistsException", complete(abc)),
	}
}
