// Package s3 emulates Amazon S3: buckets and their objects, without versions.
// Conditional reads and writes, ranges, checksums and listings answer as S3
// does; parameters for anything else are refused by name.
package s3

import (
	"reflect"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Deps are what the service asks others.
type Deps struct {
	// All are the S3s of all accounts and Regions, which share the names of buckets;
	// nil if there is only this one.
	All func() []*Service
	// MayList is nil to whom may list the bucket, and the refusal otherwise. Without it
	// everybody may.
	MayList func(c *wire.Call, bucket string) error
}

// Service is S3 in one account and region. It lives on the loop.
type Service struct {
	loop            *loop.Loop
	account, region string
	deps            Deps `keep:"-"`
	buckets         map[string]*bucket
}

// bucket is a bucket and its objects by key.
type bucket struct {
	name    string
	created time.Time
	objects map[string]*object
}

// New gives an S3 without buckets.
func New(l *loop.Loop, account, region string, deps Deps) *Service {
	return &Service{loop: l, account: account, region: region, deps: deps, buckets: map[string]*bucket{}}
}

// Wire lists the operations that are emulated.
func (s *Service) Wire() *wire.Service {
	return wire.NewService("s3",
		wire.Op("CreateBucket", s.createBucket),
		wire.Op("HeadBucket", s.headBucket),
		wire.Op("ListBuckets", s.listBuckets),
		wire.Op("DeleteBucket", s.deleteBucket),
		wire.Op("PutObject", s.putObject),
		wire.Op("GetObject", s.getObject),
		wire.Op("HeadObject", s.headObject),
		wire.Op("DeleteObject", s.deleteObject),
		wire.Op("ListObjectsV2", s.listObjects),
	)
}

// bucket finds a bucket that a request names.
func (s *Service) bucket(name, expectedOwner *string) (*bucket, error) {
	b := s.buckets[*name]
	if b == nil {
		return nil, s.notHere(*name)
	}
	if expectedOwner != nil && *expectedOwner != s.account {
		return nil, wire.Errorf("AccessDenied", "Access Denied")
	}
	return b, nil
}

// elsewhere is the S3 that has the bucket, if it is another.
func (s *Service) elsewhere(name string) *Service {
	if s.deps.All == nil {
		return nil
	}
	for _, other := range s.deps.All() {
		if other != s && other.buckets[name] != nil {
			return other
		}
	}
	return nil
}

// notHere is the answer to who asks for a bucket that is in another account or Region,
// or nowhere. Buckets have no policies, so another account's cannot be reached.
// AWS: Amazon S3 API Reference, Error responses.
func (s *Service) notHere(name string) error {
	switch other := s.elsewhere(name); {
	case other == nil:
		return &types.NoSuchBucket{Message: aws.String("The specified bucket does not exist")}
	case other.account != s.account:
		return wire.Errorf("AccessDenied", "Access Denied")
	}
	return wire.Errorf("PermanentRedirect", "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.")
}

// refuse names the first parameter that was given and is not one of the known.
func refuse(operation string, in any, known ...string) error {
	v := reflect.ValueOf(in).Elem()
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.IsExported() && !v.Field(i).IsZero() && !slices.Contains(known, field.Name) {
			return wire.Errorf("NotImplemented", "%s with %s is not emulated", operation, field.Name)
		}
	}
	return nil
}
