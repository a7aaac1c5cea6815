package ecr_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	client "github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/ecr"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/web"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

const mediaType = "application/vnd.oci.image.manifest.v1+json"

// world is ECR with a client, a repository "shop", and the events it emitted.
type world struct {
	loop   *loop.Loop
	web    *web.Web
	client *client.Client
	events []string
}

func newWorld(t *testing.T, mutability types.ImageTagMutability) *world {
	t.Helper()
	w := &world{loop: loop.NewVirtual(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))}
	w.web = web.New(w.loop)
	service := ecr.New(w.loop, "123456789012", "us-east-1", ecr.Deps{Web: w.web, Emit: func(source, detailType string, resources []string, detail any) {
		body, err := json.Marshal(detail)
		if err != nil || len(resources) != 0 {
			t.Errorf("event of %v: %v", resources, err)
		}
		w.events = append(w.events, source+" "+detailType+" "+string(body))
	}})
	mux := wire.NewMux("123456789012", "us-east-1", service.Wire())
	w.client = client.NewFromConfig(aws.Config{
		Region:      "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		HTTPClient:  wire.NewTransport(w.loop, mux, wire.TransportOptions{}),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	})
	if _, err := w.client.CreateRepository(t.Context(), &client.CreateRepositoryInput{RepositoryName: aws.String("shop"), ImageTagMutability: mutability}); err != nil {
		t.Fatal(err)
	}
	for _, blob := range []string{"config", "aa", "bb"} {
		if err := w.upload(t, digestOf(blob), blob); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// upload uploads a layer in the parts that are given.
func (w *world) upload(t *testing.T, digest string, parts ...string) error {
	t.Helper()
	begun, err := w.client.InitiateLayerUpload(t.Context(), &client.InitiateLayerUploadInput{RepositoryName: aws.String("shop")})
	if err != nil {
		return err
	}
	at := 0
	for _, part := range parts {
		_, err := w.client.UploadLayerPart(t.Context(), &client.UploadLayerPartInput{
			RepositoryName: aws.String("shop"), UploadId: begun.UploadId, LayerPartBlob: []byte(part),
			PartFirstByte: aws.Int64(int64(at)), PartLastByte: aws.Int64(int64(at + len(part) - 1)),
		})
		if err != nil {
			return err
		}
		at += len(part)
	}
	_, err = w.client.CompleteLayerUpload(t.Context(), &client.CompleteLayerUploadInput{
		RepositoryName: aws.String("shop"), UploadId: begun.UploadId, LayerDigests: []string{digest},
	})
	return err
}

// get downloads a layer.
func (w *world) get(t *testing.T, url string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := w.web.Client(0).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // all was read
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestLayerIsDownloadedByItsURL(t *testing.T) {
	t.Parallel()
	w := newWorld(t, types.ImageTagMutabilityMutable)
	if _, err := w.push(t, manifest("aa"), "v1"); err != nil {
		t.Fatal(err)
	}
	out, err := w.client.GetDownloadUrlForLayer(t.Context(), &client.GetDownloadUrlForLayerInput{RepositoryName: aws.String("shop"), LayerDigest: aws.String(digestOf("aa"))})
	if err != nil {
		t.Fatal(err)
	}
	if status, body := w.get(t, *out.DownloadUrl); status != http.StatusOK || body != "aa" {
		t.Errorf("the URL answers %d, %q; want 200 and the layer", status, body)
	}
	w.loop.RunFor(time.Hour + time.Second)
	if status, body := w.get(t, *out.DownloadUrl); status != http.StatusForbidden || !strings.Contains(body, "Request has expired") {
		t.Errorf("after an hour the URL answers %d, %q; want 403", status, body)
	}
}

func TestOnlyTheLastPartIsShort(t *testing.T) {
	t.Parallel()
	w := newWorld(t, types.ImageTagMutabilityMutable)
	whole := strings.Repeat("a", 5<<20)
	if err := w.upload(t, digestOf(whole+"b"), whole, "b"); err != nil {
		t.Error(err)
	}
	wantError(t, w.upload(t, digestOf("bc"), "b", "c"), "LayerPartTooSmallException", "at least 5 MiB")
}

// manifest is an image manifest of a config, as it says of 100 bytes, and one layer.
func manifest(layer string) string {
	return `{"schemaVersion":2,"mediaType":"` + mediaType + `","config":{"digest":"` + digestOf("config") + `","size":100},"layers":[{"digest":"` + digestOf(layer) + `","size":1000}]}`
}

func digestOf(manifest string) string {
	sum := sha256.Sum256([]byte(manifest))
	return "sha256:" + hex.EncodeToString(sum[:])
}

func (w *world) push(t *testing.T, manifest, tag string) (*client.PutImageOutput, error) {
	t.Helper()
	in := &client.PutImageInput{RepositoryName: aws.String("shop"), ImageManifest: &manifest}
	if tag != "" {
		in.ImageTag = &tag
	}
	return w.client.PutImage(t.Context(), in)
}

func (w *world) describe(t *testing.T, ids ...types.ImageIdentifier) ([]types.ImageDetail, error) {
	t.Helper()
	out, err := w.client.DescribeImages(t.Context(), &client.DescribeImagesInput{RepositoryName: aws.String("shop"), ImageIds: ids})
	if err != nil {
		return nil, err
	}
	return out.ImageDetails, nil
}

func byTag(tag string) types.ImageIdentifier { return types.ImageIdentifier{ImageTag: &tag} }
func byDigest(digest string) types.ImageIdentifier {
	return types.ImageIdentifier{ImageDigest: &digest}
}

func wantError(t *testing.T, err error, code, message string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) {
		t.Errorf("error = %v, want %s", err, code)
		return
	}
	if api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), message) {
		t.Errorf("error = %s: %s, want %s: %s", api.ErrorCode(), api.ErrorMessage(), code, message)
	}
}

func TestPushedImageIsFoundByTagAndDigest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, types.ImageTagMutabilityMutable)
	body := manifest("aa")
	out, err := w.push(t, body, "v1")
	if err != nil {
		t.Fatal(err)
	}
	if *out.Image.ImageId.ImageDigest != digestOf(body) || *out.Image.ImageManifestMediaType != mediaType {
		t.Errorf("image = %s of %s, want %s", *out.Image.ImageId.ImageDigest, *out.Image.ImageManifestMediaType, digestOf(body))
	}
	for _, id := range []types.ImageIdentifier{byTag("v1"), byDigest(digestOf(body))} {
		got, err := w.describe(t, id)
		if err != nil || len(got) != 1 {
			t.Fatalf("describe %v = %v, %v", id, got, err)
		}
		if *got[0].ImageDigest != digestOf(body) || *got[0].ImageSizeInBytes != 1100 || !cmp.Equal(got[0].ImageTags, []string{"v1"}) || !got[0].ImagePushedAt.Equal(w.loop.Now()) {
			t.Errorf("image = %s, %d bytes, tags %v, pushed %v", *got[0].ImageDigest, *got[0].ImageSizeInBytes, got[0].ImageTags, got[0].ImagePushedAt)
		}
	}
	want := []string{`aws.ecr ECR Image Action {"result":"SUCCESS","repository-name":"shop","image-digest":"` + digestOf(body) + `","action-type":"PUSH","image-tag":"v1"}`}
	if diff := cmp.Diff(want, w.events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestTagMovesToANewImage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, types.ImageTagMutabilityMutable)
	first, second := manifest("aa"), manifest("bb")
	for _, body := range []string{first, second} {
		if _, err := w.push(t, body, "latest"); err != nil {
			t.Fatal(err)
		}
	}
	got, err := w.describe(t, byTag("latest"))
	if err != nil || *got[0].ImageDigest != digestOf(second) {
		t.Errorf("latest = %v, %v; want the second image", got, err)
	}
	got, err = w.describe(t, byDigest(digestOf(first)))
	if err != nil || len(got[0].ImageTags) != 0 {
		t.Errorf("first image = %v, %v; want it untagged", got, err)
	}
	tagged, err := w.client.DescribeImages(t.Context(), &client.DescribeImagesInput{
		RepositoryName: aws.String("shop"), Filter: &types.DescribeImagesFilter{TagStatus: types.TagStatusUntagged},
	})
	if err != nil || len(tagged.ImageDetails) != 1 || *tagged.ImageDetails[0].ImageDigest != digestOf(first) {
		t.Errorf("untagged images = %v, %v; want the first", tagged, err)
	}
	_, err = w.push(t, second, "latest")
	wantError(t, err, "ImageAlreadyExistsException", "Image with digest '"+digestOf(second)+"' and tag 'latest' already exists")
	if len(w.events) != 2 {
		t.Errorf("%d events, want those of the two pushes", len(w.events))
	}
}

func TestImmutableTagStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, types.ImageTagMutabilityImmutable)
	if _, err := w.push(t, manifest("aa"), "v1"); err != nil {
		t.Fatal(err)
	}
	_, err := w.push(t, manifest("bb"), "v1")
	wantError(t, err, "ImageTagAlreadyExistsException", "cannot be overwritten because the tag is immutable.")
	if got, err := w.describe(t, byTag("v1")); err != nil || *got[0].ImageDigest != digestOf(manifest("aa")) {
		t.Errorf("v1 = %v, %v; want the first image", got, err)
	}
}

func TestIndexNeedsItsImages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, types.ImageTagMutabilityMutable)
	child := manifest("aa")
	index := `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"digest":"` + digestOf(child) + `","size":1}]}`
	_, err := w.push(t, index, "v1")
	wantError(t, err, "ReferencedImagesNotFoundException", digestOf(child))
	for _, body := range []string{child, index} {
		if _, err := w.push(t, body, ""); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Contains(strings.Join(w.events, "\n"), "image-tag") {
		t.Errorf("events of untagged pushes = %v, want no image-tag", w.events)
	}
}

func TestWhatIsNotThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, types.ImageTagMutabilityMutable)
	_, err := w.describe(t, byTag("v9"))
	wantError(t, err, "ImageNotFoundException", "The image with imageId {imageDigest:'null', imageTag:'v9'} does not exist within the repository with name 'shop' in the registry with id '123456789012'")
	_, err = w.client.DescribeImages(t.Context(), &client.DescribeImagesInput{RepositoryName: aws.String("nowhere")})
	wantError(t, err, "RepositoryNotFoundException", "The repository with name 'nowhere' does not exist in the registry with id '123456789012'")
	_, err = w.client.DescribeImages(t.Context(), &client.DescribeImagesInput{RepositoryName: aws.String("shop"), RegistryId: aws.String("210987654321")})
	wantError(t, err, "RepositoryNotFoundException", "The repository with name 'shop' does not exist in the registry with id '210987654321'")
}

func TestBatchGetImageListsFailures(t *testing.T) {
	t.Parallel()
	w := newWorld(t, types.ImageTagMutabilityMutable)
	body, other := manifest("aa"), manifest("bb")
	for tag, m := range map[string]string{"v1": body, "v2": other} {
		if _, err := w.push(t, m, tag); err != nil {
			t.Fatal(err)
		}
	}
	mismatch := types.ImageIdentifier{ImageTag: aws.String("v1"), ImageDigest: aws.String(digestOf(other))}
	out, err := w.client.BatchGetImage(t.Context(), &client.BatchGetImageInput{
		RepositoryName: aws.String("shop"), ImageIds: []types.ImageIdentifier{byTag("v1"), byTag("v9"), byDigest("nonsense"), mismatch, {}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Images) != 1 || *out.Images[0].ImageManifest != body || *out.Images[0].ImageId.ImageTag != "v1" {
		t.Errorf("images = %v, want v1 with its manifest", out.Images)
	}
	var got []types.ImageFailureCode
	for _, f := range out.Failures {
		got = append(got, f.FailureCode)
	}
	want := []types.ImageFailureCode{"ImageNotFound", "InvalidImageDigest", "ImageTagDoesNotMatchDigest", "MissingDigestAndTag"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("failures (-want +got):\n%s", diff)
	}
}

func TestPutImageRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, types.ImageTagMutabilityMutable)
	_, err := w.push(t, `{`, "v1")
	wantError(t, err, "InvalidParameterException", "Invalid JSON syntax")
	_, err = w.push(t, `{}`, "v1")
	wantError(t, err, "InvalidParameterException", "media type")
	_, err = w.client.PutImage(t.Context(), &client.PutImageInput{
		RepositoryName: aws.String("shop"), ImageManifest: aws.String(manifest("aa")), ImageDigest: aws.String("sha256:00"),
	})
	wantError(t, err, "ImageDigestDoesNotMatchException", "The provided digest does not match the calculated image digest")
	_, err = w.push(t, manifest("cc"), "v1")
	wantError(t, err, "LayersNotFoundException", "Layers with digests '["+digestOf("cc")+"]' required for pushing image into repository with name 'shop' in the registry with id '123456789012' do not exist")
	if got, err := w.describe(t); err != nil || len(got) != 0 || len(w.events) != 0 {
		t.Errorf("images = %v, events = %v, %v; want none", got, w.events, err)
	}
}

func TestRepositories(t *testing.T) {
	t.Parallel()
	w := newWorld(t, types.ImageTagMutabilityMutable)
	ctx := t.Context()
	_, err := w.client.CreateRepository(ctx, &client.CreateRepositoryInput{RepositoryName: aws.String("shop")})
	wantError(t, err, "RepositoryAlreadyExistsException", "The repository with name 'shop' already exists in the registry with id '123456789012'")
	if _, err := w.client.CreateRepository(ctx, &client.CreateRepositoryInput{RepositoryName: aws.String("team/api")}); err != nil {
		t.Fatal(err)
	}
	out, err := w.client.DescribeRepositories(ctx, &client.DescribeRepositoriesInput{})
	if err != nil || len(out.Repositories) != 2 {
		t.Fatalf("repositories = %v, %v; want two", out, err)
	}
	if want := "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/api"; *out.Repositories[1].RepositoryUri != want {
		t.Errorf("URI = %s, want %s", *out.Repositories[1].RepositoryUri, want)
	}
	if _, err := w.push(t, manifest("aa"), "v1"); err != nil {
		t.Fatal(err)
	}
	_, err = w.client.DeleteRepository(ctx, &client.DeleteRepositoryInput{RepositoryName: aws.String("shop")})
	wantError(t, err, "RepositoryNotEmptyException", "cannot be deleted because it still contains images")
	if _, err := w.client.DeleteRepository(ctx, &client.DeleteRepositoryInput{RepositoryName: aws.String("shop"), Force: true}); err != nil {
		t.Fatal(err)
	}
	_, err = w.describe(t)
	wantError(t, err, "RepositoryNotFoundException", "'shop'")
}
