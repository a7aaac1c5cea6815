package s3

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Read is the body of an object of the account and Region, for the services that read
// their input there.
func (s *Service) Read(bucket, key string) ([]byte, error) {
	b, err := s.bucket(&bucket, nil)
	if err != nil {
		return nil, err
	}
	if o := b.objects[key]; o != nil {
		return o.body, nil
	}
	return nil, noSuchKey()
}

func (s *Service) getObject(c *wire.Call, in *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
	if err := refuse("GetObject", in, readParameters()...); err != nil {
		return nil, err
	}
	b, err := s.bucket(in.Bucket, in.ExpectedBucketOwner)
	if err != nil {
		return nil, err
	}
	o := b.objects[*in.Key]
	if o == nil {
		return nil, s.missing(c, *in.Bucket, noSuchKey())
	}
	head, body, err := o.read(&reading{in.IfMatch, in.IfNoneMatch, in.IfModifiedSince, in.IfUnmodifiedSince, in.Range, in.ChecksumMode})
	if err != nil {
		return nil, err
	}
	return &s3.GetObjectOutput{
		Body: reader(body), ContentLength: head.ContentLength, ContentRange: head.ContentRange, AcceptRanges: head.AcceptRanges,
		ETag: head.ETag, LastModified: head.LastModified, Metadata: head.Metadata, ServerSideEncryption: head.ServerSideEncryption,
		ContentType: head.ContentType, CacheControl: head.CacheControl, ContentDisposition: head.ContentDisposition,
		ContentEncoding: head.ContentEncoding, ContentLanguage: head.ContentLanguage,
		ChecksumCRC32: head.ChecksumCRC32, ChecksumCRC32C: head.ChecksumCRC32C, ChecksumCRC64NVME: head.ChecksumCRC64NVME,
		ChecksumSHA1: head.ChecksumSHA1, ChecksumSHA256: head.ChecksumSHA256, ChecksumType: head.ChecksumType,
	}, nil
}

func (s *Service) headObject(c *wire.Call, in *s3.HeadObjectInput) (*s3.HeadObjectOutput, error) {
	if err := refuse("HeadObject", in, readParameters()...); err != nil {
		return nil, err
	}
	b, err := s.bucket(in.Bucket, in.ExpectedBucketOwner)
	if err != nil {
		return nil, err
	}
	o := b.objects[*in.Key]
	if o == nil {
		return nil, s.missing(c, *in.Bucket, &types.NotFound{Message: aws.String("Not Found")})
	}
	head, _, err := o.read(&reading{in.IfMatch, in.IfNoneMatch, in.IfModifiedSince, in.IfUnmodifiedSince, in.Range, in.ChecksumMode})
	return head, err
}

// missing is the answer about an object that is not there: only who may list the bucket
// is told so.
// AWS: S3 API Reference, GetObject, Permissions.
func (s *Service) missing(c *wire.Call, bucket string, err error) error {
	if s.deps.MayList != nil {
		if refused := s.deps.MayList(c, bucket); refused != nil {
			return refused
		}
	}
	return err
}

// readParameters are what GetObject and HeadObject know.
func readParameters() []string {
	return []string{
		"Bucket", "Key", "ExpectedBucketOwner", "ChecksumMode", "Range",
		"IfMatch", "IfNoneMatch", "IfModifiedSince", "IfUnmodifiedSince",
	}
}

// reading is how an object is asked for.
type reading struct {
	ifMatch, ifNoneMatch               *string
	ifModifiedSince, ifUnmodifiedSince *time.Time
	byteRange                          *string
	checksumMode                       types.ChecksumMode
}

// read gives what a request gets of the object.
func (o *object) read(r *reading) (*s3.HeadObjectOutput, []byte, error) {
	if err := o.checkReadCondition(r); err != nil {
		return nil, nil, err
	}
	head := o.described
	if r.byteRange != nil {
		from, to, ok := parseRange(*r.byteRange, len(o.body))
		if ok && from >= to {
			return nil, nil, wire.Errorf("InvalidRange", "The requested range is not satisfiable")
		}
		if ok {
			head.ContentRange = aws.String(fmt.Sprintf("bytes %d-%d/%d", from, to-1, len(o.body)))
			head.ContentLength = aws.Int64(int64(to - from))
			return &head, o.body[from:to], nil
		}
	}
	if r.checksumMode == types.ChecksumModeEnabled {
		head.ChecksumCRC32, head.ChecksumCRC32C, head.ChecksumCRC64NVME = o.checksums.crc32, o.checksums.crc32c, o.checksums.crc64nvme
		head.ChecksumSHA1, head.ChecksumSHA256, head.ChecksumType = o.checksums.sha1, o.checksums.sha256, types.ChecksumTypeFullObject
	}
	return &head, o.body, nil
}

// checkReadCondition decides a conditional read (AWS: GetObject, RFC 9110
// section 13.2.2): a tag, where one is given, outweighs a time.
func (o *object) checkReadCondition(r *reading) error {
	modified := *o.described.LastModified
	switch {
	case r.ifMatch != nil:
		if !matches(*r.ifMatch, *o.described.ETag) {
			return preconditionFailed()
		}
	case r.ifUnmodifiedSince != nil && modified.After(*r.ifUnmodifiedSince):
		return preconditionFailed()
	}
	switch {
	case r.ifNoneMatch != nil:
		if matches(*r.ifNoneMatch, *o.described.ETag) {
			return wire.Errorf("NotModified", "Not Modified")
		}
	case r.ifModifiedSince != nil && !modified.After(*r.ifModifiedSince):
		return wire.Errorf("NotModified", "Not Modified")
	}
	return nil
}

// matches reports whether a list of tags, quoted or not, has the tag.
func matches(list, tag string) bool {
	for one := range strings.SplitSeq(list, ",") {
		one = strings.Trim(strings.TrimPrefix(strings.TrimSpace(one), "W/"), `"`)
		if one == "*" || one == strings.Trim(tag, `"`) {
			return true
		}
	}
	return false
}

var singleRange = regexp.MustCompile(`^bytes=([0-9]*)-([0-9]*)$`)

// parseRange reads a Range header for a body of size bytes: from the first byte
// to before the last. One that S3 ignores, because it is malformed or has
// several parts, gives false.
func parseRange(header string, size int) (from, to int, ok bool) {
	part := singleRange.FindStringSubmatch(header)
	if part == nil || part[1]+part[2] == "" {
		return 0, 0, false
	}
	first, errFirst := strconv.Atoi(part[1])
	last, errLast := strconv.Atoi(part[2])
	switch {
	case part[1] == "" && errLast == nil:
		return max(0, size-last), size, true
	case errFirst != nil:
		return 0, 0, false
	case part[2] == "":
		return first, size, true
	case errLast != nil || last < first:
		return 0, 0, false
	}
	return first, min(last+1, size), true
}
