package conformance_test

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func s3Stories() []story {
	create := ok(&s3.CreateBucketInput{Bucket: new("builds")})
	put := func(bucket, key, body string, options ...option) step {
		return ok(&s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(body)}, options...)
	}
	return []story{
		{name: "s3/Buckets", steps: []step{
			create,
			fails("InvalidBucketName", &s3.CreateBucketInput{Bucket: new("Builds_")},
				moto("moto_server takes it; AWS: Amazon S3 User Guide, General purpose bucket naming rules")),
			// AWS: Amazon S3 API Reference, CreateBucket: us-east-1 has no constraint of its own.
			fails("InvalidLocationConstraint", &s3.CreateBucketInput{
				Bucket: new("elsewhere"), CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: "us-east-1"},
			}),
			ok(&s3.HeadBucketInput{Bucket: new("builds")}, want("BucketRegion", "us-east-1")),
			fails("NotFound", &s3.HeadBucketInput{Bucket: new("none-there")}),
			ok(&s3.ListBucketsInput{}, want("Buckets.0.Name", "builds")),
			fails("InvalidArgument", &s3.ListBucketsInput{MaxBuckets: new(int32(10001))},
				moto("moto_server does not check; AWS: model, MaxBuckets has the maximum 10000")),
			ok(&s3.DeleteBucketInput{Bucket: new("builds")}),
			fails("NoSuchBucket", &s3.DeleteBucketInput{Bucket: new("builds")}),
		}},
		{name: "s3/Objects", steps: []step{
			create,
			put("builds", "a/1", "hello", want("ETag", `"5d41402abc4b2a76b9719d911017c592"`)),
			fails("NoSuchBucket", &s3.PutObjectInput{Bucket: new("none-there"), Key: new("k"), Body: strings.NewReader("x")}),
			fails("PreconditionFailed", &s3.PutObjectInput{Bucket: new("builds"), Key: new("a/1"), Body: strings.NewReader("x"), IfNoneMatch: new("*")}),
			ok(&s3.GetObjectInput{Bucket: new("builds"), Key: new("a/1")}, want("Body", "hello"), want("ContentLength", 5), want("ETag", `"5d41402abc4b2a76b9719d911017c592"`)),
			ok(&s3.GetObjectInput{Bucket: new("builds"), Key: new("a/1"), Range: new("bytes=1-2")}, want("Body", "el"), want("ContentRange", "bytes 1-2/5")),
			fails("InvalidRange", &s3.GetObjectInput{Bucket: new("builds"), Key: new("a/1"), Range: new("bytes=9-")}),
			fails("NoSuchKey", &s3.GetObjectInput{Bucket: new("builds"), Key: new("none")}),
			fails("NoSuchBucket", &s3.GetObjectInput{Bucket: new("none-there"), Key: new("k")}),
			ok(&s3.HeadObjectInput{Bucket: new("builds"), Key: new("a/1")}, want("ContentLength", 5)),
			fails("NotFound", &s3.HeadObjectInput{Bucket: new("builds"), Key: new("none")}),
			fails("BucketNotEmpty", &s3.DeleteBucketInput{Bucket: new("builds")}),
			ok(&s3.DeleteObjectInput{Bucket: new("builds"), Key: new("a/1")}),
			ok(&s3.DeleteObjectInput{Bucket: new("builds"), Key: new("a/1")}),
			fails("NoSuchBucket", &s3.DeleteObjectInput{Bucket: new("none-there"), Key: new("k")}),
		}},
		{name: "s3/Listing", steps: []step{
			create,
			put("builds", "a/1", "x"), put("builds", "a/2", "xx"), put("builds", "b", "xxx"),
			ok(&s3.ListObjectsV2Input{Bucket: new("builds")}, want("KeyCount", 3), want("Contents.1.Key", "a/2"), want("Contents.1.Size", 2), want("IsTruncated", false)),
			ok(&s3.ListObjectsV2Input{Bucket: new("builds"), Delimiter: new("/")},
				want("KeyCount", 2), want("CommonPrefixes.0.Prefix", "a/"), want("Contents.0.Key", "b")),
			ok(&s3.ListObjectsV2Input{Bucket: new("builds"), MaxKeys: new(int32(2))},
				want("KeyCount", 2), want("IsTruncated", true), save("token", "NextContinuationToken")),
			ok(&s3.ListObjectsV2Input{Bucket: new("builds"), ContinuationToken: new("${token}")}, want("KeyCount", 1), want("Contents.0.Key", "b")),
			fails("NoSuchBucket", &s3.ListObjectsV2Input{Bucket: new("none-there")}),
		}},
	}
}
