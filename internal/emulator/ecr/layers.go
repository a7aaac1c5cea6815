package ecr

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

const (
	partSize = 10 << 20 // that ECR asks for
	leastLen = 5 << 20  // of a part that is not the last (AWS: ECR API Reference, CompleteLayerUpload)
	urlLife  = time.Hour
)

// upload is a layer that is on its way.
type upload struct {
	blob  []byte
	parts int
	short bool // its newest part is shorter than any but the last may be
	torn  bool // a part came after such a one
}

// download is a URL that was given out.
type download struct {
	repository, digest string
	until              time.Time
}

func (s *Service) initiateLayerUpload(_ *wire.Call, in *ecr.InitiateLayerUploadInput) (*ecr.InitiateLayerUploadOutput, error) {
	r, err := s.find(in.RegistryId, in.RepositoryName)
	if err != nil {
		return nil, err
	}
	id := s.loop.UUID()
	r.uploads[id] = &upload{}
	return &ecr.InitiateLayerUploadOutput{UploadId: &id, PartSize: aws.Int64(partSize)}, nil
}

// findUpload gives an upload of a repository. The words of its error, and of the other
// errors of uploads, are ours.
func (s *Service) findUpload(registry, name, id *string) (*repository, *upload, error) {
	r, err := s.find(registry, name)
	if err != nil {
		return nil, nil, err
	}
	u := r.uploads[*id]
	if u == nil {
		return nil, nil, &types.UploadNotFoundException{Message: aws.String(fmt.Sprintf(
			"The upload with id '%s' does not exist in the repository with name '%s' in the registry with id '%s'", *id, *name, s.account))}
	}
	return r, u, nil
}

func (s *Service) uploadLayerPart(_ *wire.Call, in *ecr.UploadLayerPartInput) (*ecr.UploadLayerPartOutput, error) {
	_, u, err := s.findUpload(in.RegistryId, in.RepositoryName, in.UploadId)
	if err != nil {
		return nil, err
	}
	has, size := int64(len(u.blob)), int64(len(in.LayerPartBlob))
	if *in.PartFirstByte != has || *in.PartLastByte != has+size-1 {
		return nil, &types.InvalidLayerPartException{
			RegistryId: &s.account, RepositoryName: in.RepositoryName, UploadId: in.UploadId, LastValidByteReceived: aws.Int64(max(has-1, 0)),
			Message: aws.String(fmt.Sprintf("The part of %d bytes is given as %d to %d, and the next byte of the layer is %d", size, *in.PartFirstByte, *in.PartLastByte, has)),
		}
	}
	u.torn = u.torn || u.short
	u.short, u.parts, u.blob = size < leastLen, u.parts+1, append(u.blob, in.LayerPartBlob...)
	return &ecr.UploadLayerPartOutput{RegistryId: &s.account, RepositoryName: in.RepositoryName, UploadId: in.UploadId, LastByteReceived: in.PartLastByte}, nil
}

// completeLayerUpload keeps a layer, under the hash of its bytes.
func (s *Service) completeLayerUpload(_ *wire.Call, in *ecr.CompleteLayerUploadInput) (*ecr.CompleteLayerUploadOutput, error) {
	r, u, err := s.findUpload(in.RegistryId, in.RepositoryName, in.UploadId)
	if err != nil {
		return nil, err
	}
	digest := digestOf(u.blob)
	switch _, there := r.layers[digest]; {
	case u.parts == 0:
		return nil, &types.EmptyUploadException{Message: aws.String("The upload has no parts")}
	case u.torn:
		return nil, &types.LayerPartTooSmallException{Message: aws.String("Layer parts must be at least 5 MiB in size")}
	case !slices.Contains(in.LayerDigests, digest):
		return nil, &types.InvalidLayerException{Message: aws.String(fmt.Sprintf("The layer has the digest %s, not %s", digest, strings.Join(in.LayerDigests, ", ")))}
	case there:
		return nil, &types.LayerAlreadyExistsException{Message: aws.String(fmt.Sprintf(
			"The layer with digest '%s' already exists in the repository with name '%s' in registry with id '%s'", digest, *in.RepositoryName, s.account))}
	}
	delete(r.uploads, *in.UploadId)
	r.layers[digest] = u.blob
	return &ecr.CompleteLayerUploadOutput{RegistryId: &s.account, RepositoryName: in.RepositoryName, UploadId: in.UploadId, LayerDigest: &digest}, nil
}

func digestOf(blob []byte) string {
	sum := sha256.Sum256(blob)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// getDownloadURLForLayer gives a URL of S3, for a layer that an image has.
func (s *Service) getDownloadURLForLayer(_ *wire.Call, in *ecr.GetDownloadUrlForLayerInput) (*ecr.GetDownloadUrlForLayerOutput, error) {
	r, err := s.find(in.RegistryId, in.RepositoryName)
	if err != nil {
		return nil, err
	}
	_, there := r.layers[*in.LayerDigest]
	switch {
	case !there:
		return nil, &types.LayersNotFoundException{Message: aws.String(fmt.Sprintf(
			"The layer with digest '%s' does not exist within the repository with name '%s' in the registry with id '%s'", *in.LayerDigest, *in.RepositoryName, s.account))}
	case !r.uses(*in.LayerDigest):
		return nil, &types.LayerInaccessibleException{Message: aws.String(fmt.Sprintf( // the words are ours
			"The layer with digest '%s' is not associated with an image", *in.LayerDigest))}
	case s.deps.Web == nil:
		return nil, notEmulated("A layer's URL where there is no web")
	}
	path, now := "/"+s.loop.ID(32), s.loop.Now()
	s.downloads[path] = download{*in.RepositoryName, *in.LayerDigest, now.Add(urlLife)}
	query := fmt.Sprintf("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=%s&X-Amz-Expires=%d", now.UTC().Format("20060102T150405Z"), int(urlLife.Seconds()))
	return &ecr.GetDownloadUrlForLayerOutput{LayerDigest: in.LayerDigest, DownloadUrl: aws.String("https://" + s.layerHost() + path + "?" + query)}, nil
}

// layerHost is where layers are downloaded from. It is the registry's own, unlike AWS's,
// whose bucket of a Region is everybody's.
func (s *Service) layerHost() string {
	return "prod-" + s.region + "-starport-layer-bucket-" + s.account + ".s3." + s.region + "." + partition.Domain(s.region)
}

// uses reports whether an image has a layer.
func (r *repository) uses(digest string) bool {
	for _, i := range r.images {
		if slices.Contains(i.blobs, digest) {
			return true
		}
	}
	return false
}

// serve answers at the URLs of layers, as S3 does.
// AWS: S3 User Guide, presigned URLs.
func (s *Service) serve(r *wire.Request, reply func(*wire.Response)) {
	d, known := s.downloads[r.Path]
	var blob []byte
	if from := s.repositories[d.repository]; from != nil {
		blob = from.layers[d.digest]
	}
	if !known || blob == nil || r.Method != http.MethodGet || s.loop.Now().After(d.until) {
		reply(&wire.Response{
			Status: http.StatusForbidden, Header: http.Header{"Content-Type": {"application/xml"}},
			Body: []byte(`<?xml version="1.0" encoding="UTF-8"?>` + "\n<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"),
		})
		return
	}
	reply(&wire.Response{Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/octet-stream"}}, Body: blob})
}
