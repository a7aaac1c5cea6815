package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/images"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// platform is what a program is built for, as images name it.
// Spec: OCI Image Format, image configuration and image index.
type platform struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
}

func (p platform) String() string { return p.OS + "/" + p.Architecture }

// attestation is the platform under which an index has what is no image.
const attestation = "unknown"

// platformOf is what tasks run on.
func platformOf(td *types.TaskDefinition) platform {
	p := platform{Architecture: "amd64", OS: "linux"}
	if wanted := td.RuntimePlatform; wanted != nil {
		if wanted.CpuArchitecture == types.CPUArchitectureArm64 {
			p.Architecture = "arm64"
		}
		if strings.HasPrefix(string(wanted.OperatingSystemFamily), "WINDOWS") {
			p.OS = "windows"
		}
	}
	return p
}

// manifest is what is read of an image's manifest: of an index the platforms, of one
// image its config, which has the platform.
type manifest struct {
	Manifests []struct {
		Platform platform `json:"platform"`
	} `json:"manifests"`
	Config struct {
		Digest string `json:"digest"`
	} `json:"config"`
}

// platforms are those that an image of ECR is for.
func (e *environment) platforms(ctx context.Context, ref images.Ref) ([]platform, error) {
	id := ecrtypes.ImageIdentifier{ImageTag: &ref.Tag}
	if ref.Digest != "" {
		id = ecrtypes.ImageIdentifier{ImageDigest: &ref.Digest}
	}
	out, err := e.place.ecr.BatchGetImage(ctx, &ecr.BatchGetImageInput{RegistryId: &ref.Account, RepositoryName: &ref.Repository, ImageIds: []ecrtypes.ImageIdentifier{id}})
	if err != nil {
		return nil, awsclient.Wrap(err, "read image %s", ref)
	}
	if len(out.Images) == 0 {
		return nil, rollout.Errorf(rollout.KindNotFound, "ECR does not give the manifest of image %s", ref)
	}
	var m manifest
	if err := json.Unmarshal([]byte(aws.ToString(out.Images[0].ImageManifest)), &m); err != nil {
		return nil, rollout.Errorf(rollout.KindInternal, "the manifest of image %s is no JSON: %w", ref, err)
	}
	if len(m.Manifests) == 0 {
		one, err := e.configured(ctx, ref, m.Config.Digest)
		return []platform{one}, err
	}
	var all []platform
	for _, entry := range m.Manifests {
		if entry.Platform.Architecture != attestation {
			all = append(all, entry.Platform)
		}
	}
	return all, nil
}

// configured is the platform that the config of an image names.
func (e *environment) configured(ctx context.Context, ref images.Ref, digest string) (platform, error) {
	var p platform
	if digest == "" {
		return p, rollout.Errorf(rollout.KindInternal, "the manifest of image %s names no config", ref)
	}
	out, err := e.place.ecr.GetDownloadUrlForLayer(ctx, &ecr.GetDownloadUrlForLayerInput{RegistryId: &ref.Account, RepositoryName: &ref.Repository, LayerDigest: &digest})
	if err != nil {
		return p, awsclient.Wrap(err, "find the config of image %s", ref)
	}
	text, err := e.download(ctx, aws.ToString(out.DownloadUrl))
	if err != nil {
		return p, rollout.Errorf(rollout.KindUnavailable, "download the config of image %s: %w", ref, err)
	}
	if err := json.Unmarshal(text, &p); err != nil || p.Architecture == "" || p.OS == "" {
		return p, rollout.Errorf(rollout.KindInternal, "the config of image %s names no platform", ref)
	}
	return p, nil
}

// maxConfig is more than a config has: registries take no manifest that is longer.
const maxConfig = 4 << 20

// download gets what is at a URL of S3. The URL lets anybody in who has it, so that no
// error repeats it.
func (e *environment) download(ctx context.Context, address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, awsclient.CallTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("ECR gave no URL")
	}
	host := req.URL.Host
	resp, err := e.HTTP.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%s did not answer", host)
	}
	defer resp.Body.Close() //nolint:errcheck // all was read
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", host, resp.Status)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxConfig))
	if err != nil {
		return nil, fmt.Errorf("%s broke off", host)
	}
	return text, nil
}

// fits says what is wrong with an image's platforms for tasks that run on one; "" where
// it is among them.
func fits(ref images.Ref, has []platform, wanted platform) string {
	if slices.Contains(has, wanted) {
		return ""
	}
	var all []string
	for _, p := range has {
		all = append(all, p.String())
	}
	return fmt.Sprintf("%s is for %s, and tasks run on %s", ref, strings.Join(all, ", "), wanted)
}
