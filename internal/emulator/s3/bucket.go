package s3

import (
	"maps"
	"net"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// firstRegion is the region that has no location constraint and where creating
// one's own bucket again succeeds (AWS: CreateBucket).
const firstRegion = "us-east-1"

// maxBuckets is how many buckets a page lists (AWS: ListBuckets, MaxBuckets).
const maxBuckets = 10000

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

func (s *Service) createBucket(_ *wire.Call, in *s3.CreateBucketInput) (*s3.CreateBucketOutput, error) {
	if err := refuse("CreateBucket", in, "Bucket", "CreateBucketConfiguration"); err != nil {
		return nil, err
	}
	name := *in.Bucket
	if !bucketName.MatchString(name) || strings.Contains(name, "..") || net.ParseIP(name) != nil {
		return nil, wire.Errorf("InvalidBucketName", "The specified bucket is not valid.")
	}
	if err := s.checkLocation(in.CreateBucketConfiguration); err != nil {
		return nil, err
	}
	out := &s3.CreateBucketOutput{Location: aws.String("/" + name)}
	other := s.elsewhere(name)
	if other != nil && other.account != s.account {
		return nil, &types.BucketAlreadyExists{Message: aws.String("The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.")}
	}
	if other != nil || s.buckets[name] != nil {
		if other == nil && s.region == firstRegion {
			return out, nil
		}
		return nil, &types.BucketAlreadyOwnedByYou{Message: aws.String("Your previous request to create the named bucket succeeded and you already own it.")}
	}
	s.buckets[name] = &bucket{name: name, created: s.loop.Now(), objects: map[string]*object{}}
	return out, nil
}

func (s *Service) checkLocation(configuration *types.CreateBucketConfiguration) error {
	constraint := ""
	if configuration != nil {
		if err := refuse("CreateBucket", configuration, "LocationConstraint"); err != nil {
			return err
		}
		constraint = string(configuration.LocationConstraint)
	}
	switch {
	case s.region == firstRegion && constraint != "":
		return wire.Errorf("InvalidLocationConstraint", "The specified location-constraint is not valid")
	case s.region != firstRegion && constraint == "":
		return wire.Errorf("IllegalLocationConstraintException", "The unspecified location constraint is incompatible for the region specific endpoint this request was sent to.")
	case s.region != firstRegion && constraint != s.region:
		return wire.Errorf("IllegalLocationConstraintException", "The %s location constraint is incompatible for the region specific endpoint this request was sent to.", constraint)
	}
	return nil
}

func (s *Service) headBucket(_ *wire.Call, in *s3.HeadBucketInput) (*s3.HeadBucketOutput, error) {
	if s.buckets[*in.Bucket] == nil && s.elsewhere(*in.Bucket) == nil {
		return nil, &types.NotFound{Message: aws.String("Not Found")}
	}
	if _, err := s.bucket(in.Bucket, in.ExpectedBucketOwner); err != nil {
		return nil, err
	}
	return &s3.HeadBucketOutput{BucketRegion: &s.region}, nil
}

func (s *Service) listBuckets(_ *wire.Call, in *s3.ListBucketsInput) (*s3.ListBucketsOutput, error) {
	out := &s3.ListBucketsOutput{Owner: &types.Owner{ID: &s.account}, Prefix: in.Prefix}
	limit := maxBuckets
	if in.MaxBuckets != nil {
		limit = int(*in.MaxBuckets)
	}
	after, err := decodeToken(in.ContinuationToken)
	if err != nil {
		return nil, err
	}
	buckets := s.ofAccount()
	for _, name := range slices.Sorted(maps.Keys(buckets)) {
		region := buckets[name].region
		if !strings.HasPrefix(name, aws.ToString(in.Prefix)) || name <= after || in.BucketRegion != nil && *in.BucketRegion != region {
			continue
		}
		if len(out.Buckets) == limit {
			out.ContinuationToken = encodeToken(*out.Buckets[limit-1].Name)
			break
		}
		out.Buckets = append(out.Buckets, types.Bucket{Name: &name, CreationDate: &buckets[name].buckets[name].created, BucketRegion: &region})
	}
	return out, nil
}

// ofAccount is the S3 of each of the account's buckets, by its name.
func (s *Service) ofAccount() map[string]*Service {
	all := []*Service{s}
	if s.deps.All != nil {
		all = s.deps.All()
	}
	buckets := map[string]*Service{}
	for _, each := range all {
		if each.account != s.account {
			continue
		}
		for name := range each.buckets {
			buckets[name] = each
		}
	}
	return buckets
}

func (s *Service) deleteBucket(_ *wire.Call, in *s3.DeleteBucketInput) (*s3.DeleteBucketOutput, error) {
	b, err := s.bucket(in.Bucket, in.ExpectedBucketOwner)
	if err != nil {
		return nil, err
	}
	if len(b.objects) > 0 {
		return nil, wire.Errorf("BucketNotEmpty", "The bucket you tried to delete is not empty")
	}
	delete(s.buckets, b.name)
	return &s3.DeleteBucketOutput{}, nil
}
