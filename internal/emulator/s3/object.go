package s3

import (
	"bytes"
	"crypto/md5" //nolint:gosec // an ETag is an MD5 by definition
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc64"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Limits of an object (AWS: Amazon S3 User Guide, object keys and metadata).
const (
	maxKey      = 1024
	maxMetadata = 2 * 1024
)

// defaultType is the type of an object whose writer gave none (AWS: PutObject).
const defaultType = "binary/octet-stream"

// object is a stored object. Described is what HeadObject says of it, without
// the checksums; it never changes.
type object struct {
	body      []byte
	described s3.HeadObjectOutput
	checksums checksums
}

// checksums are the object's; that of the algorithm its writer chose, else S3's own.
type checksums struct {
	crc32, crc32c, crc64nvme, sha1, sha256 *string
}

func (s *Service) putObject(_ *wire.Call, in *s3.PutObjectInput) (*s3.PutObjectOutput, error) {
	if err := checkPut(in); err != nil {
		return nil, err
	}
	b, err := s.bucket(in.Bucket, in.ExpectedBucketOwner)
	if err != nil {
		return nil, err
	}
	if err := checkWriteCondition(b.objects[*in.Key], in); err != nil {
		return nil, err
	}
	var body []byte
	if in.Body != nil {
		if body, err = io.ReadAll(in.Body); err != nil {
			return nil, fmt.Errorf("read the body of %s: %w", *in.Key, err)
		}
	}
	o := newObject(in, body, s.loop.Now())
	b.objects[*in.Key] = o
	return &s3.PutObjectOutput{
		ETag: o.described.ETag, ServerSideEncryption: types.ServerSideEncryptionAes256,
		ChecksumCRC32: o.checksums.crc32, ChecksumCRC32C: o.checksums.crc32c, ChecksumCRC64NVME: o.checksums.crc64nvme,
		ChecksumSHA1: o.checksums.sha1, ChecksumSHA256: o.checksums.sha256, ChecksumType: types.ChecksumTypeFullObject,
	}, nil
}

func checkPut(in *s3.PutObjectInput) error {
	if err := refuse("PutObject", in, "Bucket", "Key", "Body", "CacheControl",
		"ChecksumAlgorithm", "ChecksumCRC32", "ChecksumCRC32C", "ChecksumCRC64NVME", "ChecksumSHA1", "ChecksumSHA256",
		"ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentLength", "ContentMD5", "ContentType",
		"ExpectedBucketOwner", "IfMatch", "IfNoneMatch", "Metadata", "ServerSideEncryption", "StorageClass"); err != nil {
		return err
	}
	switch {
	case in.ServerSideEncryption != "" && in.ServerSideEncryption != types.ServerSideEncryptionAes256:
		return wire.Errorf("NotImplemented", "PutObject with ServerSideEncryption %s is not emulated", in.ServerSideEncryption)
	case in.StorageClass != "" && in.StorageClass != types.StorageClassStandard:
		return wire.Errorf("NotImplemented", "PutObject with StorageClass %s is not emulated", in.StorageClass)
	case len(*in.Key) > maxKey:
		return wire.Errorf("KeyTooLongError", "Your key is too long")
	}
	size := 0
	for name, value := range in.Metadata {
		size += len(name) + len(value)
	}
	if size > maxMetadata {
		return wire.Errorf("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size")
	}
	return nil
}

// checkWriteCondition decides a conditional write (AWS: Amazon S3 User Guide,
// conditional writes). Only "*" can be given as what must not be there.
func checkWriteCondition(old *object, in *s3.PutObjectInput) error {
	if in.IfNoneMatch != nil {
		if *in.IfNoneMatch != "*" {
			return wire.Errorf("NotImplemented", "A header you provided implies functionality that is not implemented")
		}
		if old != nil {
			return preconditionFailed()
		}
	}
	if in.IfMatch == nil {
		return nil
	}
	if old == nil {
		return noSuchKey()
	}
	if !matches(*in.IfMatch, *old.described.ETag) {
		return preconditionFailed()
	}
	return nil
}

func newObject(in *s3.PutObjectInput, body []byte, now time.Time) *object {
	sum := md5.Sum(body) //nolint:gosec // an ETag is an MD5 by definition
	o := &object{body: body}
	o.described = s3.HeadObjectOutput{
		ETag: aws.String(`"` + hex.EncodeToString(sum[:]) + `"`), ContentLength: aws.Int64(int64(len(body))),
		LastModified: aws.Time(now.Truncate(time.Second)), AcceptRanges: aws.String("bytes"),
		ContentType: in.ContentType, CacheControl: in.CacheControl, ContentDisposition: in.ContentDisposition,
		ContentEncoding: in.ContentEncoding, ContentLanguage: in.ContentLanguage,
		Metadata: in.Metadata, ServerSideEncryption: types.ServerSideEncryptionAes256,
	}
	if in.ContentType == nil {
		o.described.ContentType = aws.String(defaultType)
	}
	o.checksums = checksums{crc32: in.ChecksumCRC32, crc32c: in.ChecksumCRC32C, crc64nvme: in.ChecksumCRC64NVME, sha1: in.ChecksumSHA1, sha256: in.ChecksumSHA256}
	if o.checksums == (checksums{}) {
		o.checksums.crc64nvme = crc64NVME(body)
	}
	return o
}

// crc64NVME is the checksum that S3 makes where the writer sent none (AWS:
// Amazon S3 User Guide, checking object integrity).
func crc64NVME(body []byte) *string {
	const polynomial = 0x9A6C9329AC4BC9B5
	sum := crc64.Checksum(body, crc64.MakeTable(polynomial))
	return aws.String(base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, sum)))
}

func (s *Service) deleteObject(_ *wire.Call, in *s3.DeleteObjectInput) (*s3.DeleteObjectOutput, error) {
	if err := refuse("DeleteObject", in, "Bucket", "Key", "ExpectedBucketOwner"); err != nil {
		return nil, err
	}
	b, err := s.bucket(in.Bucket, in.ExpectedBucketOwner)
	if err != nil {
		return nil, err
	}
	delete(b.objects, *in.Key)
	return &s3.DeleteObjectOutput{}, nil
}

func noSuchKey() error {
	return &types.NoSuchKey{Message: aws.String("The specified key does not exist.")}
}

func preconditionFailed() error {
	return wire.Errorf("PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
}

func reader(body []byte) io.ReadCloser { return io.NopCloser(bytes.NewReader(body)) }
