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

// Service is S3 in one account and region. It lives on the loop.
type Service struct {
	loop            *loop.Loop
	account, region string
	buckets         map[string]*bucket
}

// bucket is a bucket and its objects by key.
type bucket struct {
	name    string
	created time.Time
	objects map[string]*object
}

// New gives an S3 without buckets.
func New(l *loop.Loop, account, region string) *Service {
	return &Service{loop: l, account: account, region: region, buckets: map[string]*bucket{}}
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
		return nil, &types.NoSuchBucket{Message: aws.String("The specified bucket does not exist")}
	}
	if expectedOwner != nil && *expectedOwner != s.account {
		return nil, wire.Errorf("AccessDenied", "Access Denied")
	}
	return b, nil
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
