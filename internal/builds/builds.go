// Package builds asks CodeBuild, and the artifacts it left in S3, what a build made.
package builds

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	"github.com/aws/aws-sdk-go-v2/service/codebuild/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Reader reads builds.
type Reader struct {
	CodeBuild *codebuild.Client
	S3        *s3.Client
}

// Build is what a finished build left.
type Build struct {
	ID      string // ARN
	Project string
	Commit  string
	Link    string // to its log
	// Repository is the web page of the source's repository, "" if it has none.
	Repository string
	Variables  map[string]string
	Artifact   string // bucket/key of its artifact in S3, "" if none
}

// maxArtifact is how large an artifact may be that we look into, in bytes.
const maxArtifact = 32 << 20

// definitionsFile is the name of the file in the artifact.
const definitionsFile = "imagedefinitions.json"

// Read reads a build by its ARN or id. EventInvalid if there is none or it did not
// succeed.
func (r Reader) Read(ctx context.Context, id string) (Build, error) {
	out, err := r.CodeBuild.BatchGetBuilds(ctx, &codebuild.BatchGetBuildsInput{Ids: []string{id}})
	if awsclient.Is(err, "InvalidInputException") {
		return Build{}, rollout.Errorf(rollout.KindEventInvalid, "CodeBuild takes %q for no build of this account: %w", id, err)
	}
	if err != nil {
		return Build{}, awsclient.Wrap(err, "read build %s", id)
	}
	if len(out.Builds) == 0 {
		return Build{}, rollout.Errorf(rollout.KindEventInvalid, "CodeBuild knows no build %q", id)
	}
	raw := out.Builds[0]
	if raw.BuildStatus != types.StatusTypeSucceeded {
		return Build{}, rollout.Errorf(rollout.KindEventInvalid, "build %s is %s, not SUCCEEDED", id, raw.BuildStatus)
	}
	build := Build{
		ID: aws.ToString(raw.Arn), Project: aws.ToString(raw.ProjectName),
		Commit: aws.ToString(raw.ResolvedSourceVersion), Variables: map[string]string{},
	}
	if raw.Logs != nil {
		build.Link = aws.ToString(raw.Logs.DeepLink)
	}
	if raw.Source != nil && strings.HasPrefix(aws.ToString(raw.Source.Location), "https://") {
		build.Repository = strings.TrimSuffix(*raw.Source.Location, ".git")
	}
	for _, v := range raw.ExportedEnvironmentVariables {
		build.Variables[aws.ToString(v.Name)] = aws.ToString(v.Value)
	}
	if raw.Artifacts != nil {
		_, build.Artifact, _ = strings.Cut(aws.ToString(raw.Artifacts.Location), ":::")
	}
	return build, nil
}

// Definitions gives the imagedefinitions.json of a build's artifact, which may be
// the file itself, a zip that has it, or a folder with it; nil if there is none.
func (r Reader) Definitions(ctx context.Context, build Build) ([]byte, error) {
	bucket, prefix, _ := strings.Cut(build.Artifact, "/")
	if bucket == "" || prefix == "" {
		return nil, nil
	}
	for _, key := range []string{prefix, path.Join(prefix, definitionsFile)} {
		text, err := r.object(ctx, bucket, key)
		if err != nil {
			return nil, err
		}
		if text == nil {
			continue
		}
		if !bytes.HasPrefix(text, []byte("PK")) {
			return text, nil
		}
		return unzip(bucket+"/"+key, text, definitionsFile)
	}
	return nil, nil
}

// File gives a file of an artifact of CodePipeline, by its path or name. EventInvalid if
// the artifact is not there, is no zip or does not have it; Denied if the Reader may not
// read it.
func (r Reader) File(ctx context.Context, bucket, key, file string) ([]byte, error) {
	text, err := r.object(ctx, bucket, key)
	name := bucket + "/" + key
	switch {
	case awsclient.Is(err, "ExpiredToken", "InvalidToken"):
		return nil, rollout.Errorf(rollout.KindEventInvalid, "the credentials for artifact %s have expired; retry the stage: %w", name, err)
	case rollout.KindOf(err) == rollout.KindDenied:
		return nil, rollout.Errorf(rollout.KindDenied,
			"the pipeline's role may not read artifact %s, or it is not there; give the role s3:GetObject, and kms:Decrypt where the bucket has a key", name)
	case err != nil:
		return nil, err
	case text == nil:
		return nil, rollout.Errorf(rollout.KindEventInvalid, "artifact %s is not there any more; release the change again", name)
	}
	return unzip(name, text, file)
}

// object reads an object; nil if it is not there.
func (r Reader) object(ctx context.Context, bucket, key string) ([]byte, error) {
	out, err := r.S3.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if awsclient.Is(err, "NoSuchKey", "NotFound") {
		return nil, nil
	}
	if awsclient.Is(err, "NoSuchBucket") {
		return nil, rollout.Errorf(rollout.KindEventInvalid, "the artifact bucket %s does not exist", bucket)
	}
	if err != nil {
		return nil, awsclient.Wrap(err, "read artifact %s/%s", bucket, key)
	}
	defer func() { _ = out.Body.Close() }() // everything that was wanted has been read
	text, err := limited(bucket+"/"+key, out.Body)
	if err != nil {
		return nil, awsclient.Wrap(err, "read artifact %s/%s", bucket, key)
	}
	return text, nil
}

// limited reads everything, or refuses what is larger than we look into.
func limited(name string, in io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(in, maxArtifact+1))
	if err == nil && len(text) > maxArtifact {
		err = rollout.Errorf(rollout.KindEventInvalid, "%s is larger than %d bytes", name, maxArtifact)
	}
	return text, err
}

// unzip takes a file, named by its path or by its name, out of a zipped artifact.
func unzip(name string, text []byte, wanted string) ([]byte, error) {
	archive, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		return nil, rollout.Errorf(rollout.KindEventInvalid, "artifact %s is not a zip file: %w", name, err)
	}
	for _, file := range archive.File {
		if file.Name != wanted && path.Base(file.Name) != wanted {
			continue
		}
		in, err := file.Open()
		if err != nil {
			return nil, rollout.Errorf(rollout.KindEventInvalid, "artifact %s: %s: %w", name, file.Name, err)
		}
		found, err := limited(file.Name, in)
		if err = errors.Join(err, in.Close()); err != nil {
			return nil, rollout.Errorf(rollout.KindEventInvalid, "artifact %s: %s: %w", name, file.Name, err)
		}
		return found, nil
	}
	return nil, rollout.Errorf(rollout.KindEventInvalid, "artifact %s has no %s", name, wanted)
}
