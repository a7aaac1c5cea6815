package s3_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/s3"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// start gives an S3 in a region, with a bucket "builds" in the first region.
func start(t *testing.T, region string) (*sdk.Client, *loop.Loop) {
	t.Helper()
	l := loop.NewVirtual(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	mux := wire.NewMux("123456789012", region, s3.New(l, "123456789012", region, s3.Deps{}).Wire())
	client := sdk.NewFromConfig(aws.Config{
		Region:      region,
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		HTTPClient:  wire.NewTransport(l, mux, wire.TransportOptions{}),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}, func(o *sdk.Options) { o.UsePathStyle = true })
	if region == "us-east-1" {
		if _, err := client.CreateBucket(t.Context(), &sdk.CreateBucketInput{Bucket: aws.String("builds")}); err != nil {
			t.Fatalf("CreateBucket: %v", err)
		}
	}
	return client, l
}

func put(t *testing.T, c *sdk.Client, key, body string) *sdk.PutObjectOutput {
	t.Helper()
	out, err := c.PutObject(t.Context(), &sdk.PutObjectInput{Bucket: aws.String("builds"), Key: &key, Body: strings.NewReader(body)})
	if err != nil {
		t.Fatalf("PutObject %s: %v", key, err)
	}
	return out
}

func wantCode(t *testing.T, what string, err error, code string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

func TestObjectComesBackAsPut(t *testing.T) {
	t.Parallel()
	c, l := start(t, "us-east-1")
	_, err := c.PutObject(t.Context(), &sdk.PutObjectInput{
		Bucket: aws.String("builds"), Key: aws.String("shop/image definitions+ü.json"), Body: strings.NewReader(`[{"name":"web"}]`),
		ContentType: aws.String("application/json"), CacheControl: aws.String("no-store"), Metadata: map[string]string{"build": "17"},
	})
	if err != nil {
		t.Fatalf("PutObject: %v", err)
	}
	out, err := c.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: aws.String("builds"), Key: aws.String("shop/image definitions+ü.json")})
	if err != nil {
		t.Fatalf("GetObject: %v", err)
	}
	body, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatalf("read body: %v", err)
	}
	got := []string{string(body), *out.ContentType, *out.CacheControl, out.Metadata["build"], out.LastModified.Format(time.RFC3339)}
	want := []string{`[{"name":"web"}]`, "application/json", "no-store", "17", l.Now().Format(time.RFC3339)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("object (-want +got):\n%s", diff)
	}
	head, err := c.HeadObject(t.Context(), &sdk.HeadObjectInput{Bucket: aws.String("builds"), Key: aws.String("shop/image definitions+ü.json")})
	if err != nil {
		t.Fatalf("HeadObject: %v", err)
	}
	if *head.ETag != *out.ETag || *head.ContentLength != int64(len(body)) || head.Metadata["build"] != "17" {
		t.Errorf("head = %v, %v, %v, want as the object", *head.ETag, *head.ContentLength, head.Metadata)
	}
}

func TestETagIsTheMD5(t *testing.T) {
	t.Parallel()
	c, _ := start(t, "us-east-1")
	if got, want := *put(t, c, "k", "hello").ETag, `"5d41402abc4b2a76b9719d911017c592"`; got != want {
		t.Errorf("ETag = %s, want %s", got, want)
	}
}

func TestRanges(t *testing.T) {
	t.Parallel()
	c, _ := start(t, "us-east-1")
	put(t, c, "k", "0123456789")
	for header, want := range map[string][2]string{
		"bytes=2-4":     {"234", "bytes 2-4/10"},
		"bytes=7-":      {"789", "bytes 7-9/10"},
		"bytes=-3":      {"789", "bytes 7-9/10"},
		"bytes=-30":     {"0123456789", "bytes 0-9/10"},
		"bytes=8-99":    {"89", "bytes 8-9/10"},
		"bytes=4-2":     {"0123456789", ""},
		"bytes=0-1,3-4": {"0123456789", ""},
		"lines=1-2":     {"0123456789", ""},
	} {
		out, err := c.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: aws.String("builds"), Key: aws.String("k"), Range: &header})
		if err != nil {
			t.Errorf("GetObject %s: %v", header, err)
			continue
		}
		body, err := io.ReadAll(out.Body)
		if err != nil {
			t.Errorf("read %s: %v", header, err)
		}
		if got := [2]string{string(body), aws.ToString(out.ContentRange)}; got != want {
			t.Errorf("%s = %v, want %v", header, got, want)
		}
		wantStatus := http.StatusOK
		if want[1] != "" {
			wantStatus = http.StatusPartialContent
		}
		if got := awsmiddleware.GetRawResponse(out.ResultMetadata).(*smithyhttp.Response).StatusCode; got != wantStatus {
			t.Errorf("%s is answered with %d, want %d", header, got, wantStatus)
		}
	}
	for _, header := range []string{"bytes=10-", "bytes=-0"} {
		_, err := c.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: aws.String("builds"), Key: aws.String("k"), Range: &header})
		wantCode(t, header, err, "InvalidRange")
	}
}

func TestConditionalReads(t *testing.T) {
	t.Parallel()
	c, l := start(t, "us-east-1")
	tag := put(t, c, "k", "hello").ETag
	earlier, later := aws.Time(l.Now().Add(-time.Hour)), aws.Time(l.Now().Add(time.Hour))
	for name, test := range map[string]struct {
		in   sdk.GetObjectInput
		code string
	}{
		"IfMatch":              {sdk.GetObjectInput{IfMatch: tag}, ""},
		"IfMatchOther":         {sdk.GetObjectInput{IfMatch: aws.String(`"other"`)}, "PreconditionFailed"},
		"IfNoneMatch":          {sdk.GetObjectInput{IfNoneMatch: tag}, "NotModified"},
		"IfNoneMatchOther":     {sdk.GetObjectInput{IfNoneMatch: aws.String(`"other"`)}, ""},
		"ModifiedSince":        {sdk.GetObjectInput{IfModifiedSince: earlier}, ""},
		"NotModifiedSince":     {sdk.GetObjectInput{IfModifiedSince: later}, "NotModified"},
		"UnmodifiedSince":      {sdk.GetObjectInput{IfUnmodifiedSince: later}, ""},
		"NotUnmodifiedSince":   {sdk.GetObjectInput{IfUnmodifiedSince: earlier}, "PreconditionFailed"},
		"TagOutweighsTime":     {sdk.GetObjectInput{IfMatch: tag, IfUnmodifiedSince: earlier}, ""},
		"NoneTagOutweighsTime": {sdk.GetObjectInput{IfNoneMatch: aws.String(`"other"`), IfModifiedSince: later}, ""},
	} {
		in := test.in
		in.Bucket, in.Key = aws.String("builds"), aws.String("k")
		_, err := c.GetObject(t.Context(), &in)
		if test.code == "" && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if test.code != "" {
			wantCode(t, name, err, test.code)
		}
	}
}

func TestConditionalWrites(t *testing.T) {
	t.Parallel()
	c, _ := start(t, "us-east-1")
	write := func(ifMatch, ifNoneMatch *string) (*sdk.PutObjectOutput, error) {
		return c.PutObject(t.Context(), &sdk.PutObjectInput{
			Bucket: aws.String("builds"), Key: aws.String("k"), Body: strings.NewReader("x"), IfMatch: ifMatch, IfNoneMatch: ifNoneMatch,
		})
	}
	_, err := write(aws.String(`"tag"`), nil)
	wantCode(t, "If-Match without an object", err, "NoSuchKey")
	out, err := write(nil, aws.String("*"))
	if err != nil {
		t.Fatalf("If-None-Match without an object: %v", err)
	}
	_, err = write(nil, aws.String("*"))
	wantCode(t, "If-None-Match with an object", err, "PreconditionFailed")
	_, err = write(nil, out.ETag)
	wantCode(t, "If-None-Match with a tag", err, "NotImplemented")
	_, err = write(aws.String(`"other"`), nil)
	wantCode(t, "If-Match with another tag", err, "PreconditionFailed")
	if _, err = write(out.ETag, nil); err != nil {
		t.Errorf("If-Match with the object's tag: %v", err)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	c, _ := start(t, "us-east-1")
	for _, key := range []string{"a/1", "a/2", "a/b/3", "b", "c/4", "d"} {
		put(t, c, key, key)
	}
	for name, test := range map[string]struct {
		in   sdk.ListObjectsV2Input
		want [][]string
	}{
		"All":       {sdk.ListObjectsV2Input{}, [][]string{{"a/1", "a/2", "a/b/3", "b", "c/4", "d"}}},
		"Prefix":    {sdk.ListObjectsV2Input{Prefix: aws.String("a/")}, [][]string{{"a/1", "a/2", "a/b/3"}}},
		"Delimiter": {sdk.ListObjectsV2Input{Delimiter: aws.String("/")}, [][]string{{"b", "d", "a/", "c/"}}},
		"Both":      {sdk.ListObjectsV2Input{Prefix: aws.String("a/"), Delimiter: aws.String("/")}, [][]string{{"a/1", "a/2", "a/b/"}}},
		"After":     {sdk.ListObjectsV2Input{StartAfter: aws.String("a/2")}, [][]string{{"a/b/3", "b", "c/4", "d"}}},
		"Pages":     {sdk.ListObjectsV2Input{MaxKeys: aws.Int32(4)}, [][]string{{"a/1", "a/2", "a/b/3", "b"}, {"c/4", "d"}}},
		"FoldedPages": {
			sdk.ListObjectsV2Input{Delimiter: aws.String("/"), MaxKeys: aws.Int32(1)},
			[][]string{{"a/"}, {"b"}, {"c/"}, {"d"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := test.in
			in.Bucket = aws.String("builds")
			var pages [][]string
			for pager := sdk.NewListObjectsV2Paginator(c, &in); pager.HasMorePages(); {
				out, err := pager.NextPage(t.Context())
				if err != nil {
					t.Fatalf("ListObjectsV2: %v", err)
				}
				var names []string
				for _, object := range out.Contents {
					names = append(names, *object.Key)
				}
				for _, prefix := range out.CommonPrefixes {
					names = append(names, *prefix.Prefix)
				}
				if int(*out.KeyCount) != len(names) {
					t.Errorf("KeyCount = %d of %v", *out.KeyCount, names)
				}
				pages = append(pages, names)
			}
			if diff := cmp.Diff(test.want, pages); diff != "" {
				t.Errorf("pages (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBuckets(t *testing.T) {
	t.Parallel()
	c, _ := start(t, "us-east-1")
	if _, err := c.CreateBucket(t.Context(), &sdk.CreateBucketInput{Bucket: aws.String("builds")}); err != nil {
		t.Errorf("CreateBucket again in us-east-1: %v", err)
	}
	for _, name := range []string{"Builds", "ab", "a..b", "10.0.0.1", "-ab"} {
		_, err := c.CreateBucket(t.Context(), &sdk.CreateBucketInput{Bucket: &name})
		wantCode(t, "CreateBucket "+name, err, "InvalidBucketName")
	}
	put(t, c, "k", "x")
	_, err := c.DeleteBucket(t.Context(), &sdk.DeleteBucketInput{Bucket: aws.String("builds")})
	wantCode(t, "DeleteBucket with an object", err, "BucketNotEmpty")
	for range 2 {
		if _, err := c.DeleteObject(t.Context(), &sdk.DeleteObjectInput{Bucket: aws.String("builds"), Key: aws.String("k")}); err != nil {
			t.Errorf("DeleteObject, there or not: %v", err)
		}
	}
	listed, err := c.ListBuckets(t.Context(), &sdk.ListBucketsInput{})
	if err != nil || len(listed.Buckets) != 1 || *listed.Buckets[0].Name != "builds" {
		t.Errorf("ListBuckets = %+v, %v, want builds", listed, err)
	}
	if _, err := c.DeleteBucket(t.Context(), &sdk.DeleteBucketInput{Bucket: aws.String("builds")}); err != nil {
		t.Errorf("DeleteBucket: %v", err)
	}
	_, err = c.HeadBucket(t.Context(), &sdk.HeadBucketInput{Bucket: aws.String("builds")})
	wantCode(t, "HeadBucket", err, "NotFound")
}

func TestBucketsOfOtherRegions(t *testing.T) {
	t.Parallel()
	c, _ := start(t, "eu-west-1")
	create := func(constraint types.BucketLocationConstraint) error {
		in := &sdk.CreateBucketInput{Bucket: aws.String("builds")}
		if constraint != "" {
			in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: constraint}
		}
		_, err := c.CreateBucket(t.Context(), in)
		return err
	}
	wantCode(t, "no constraint", create(""), "IllegalLocationConstraintException")
	wantCode(t, "another region", create("us-west-2"), "IllegalLocationConstraintException")
	if err := create("eu-west-1"); err != nil {
		t.Errorf("CreateBucket: %v", err)
	}
	var owned *types.BucketAlreadyOwnedByYou
	if err := create("eu-west-1"); !errors.As(err, &owned) {
		t.Errorf("CreateBucket again: %v, want BucketAlreadyOwnedByYou", err)
	}
}

func TestWhatIsNotThere(t *testing.T) {
	t.Parallel()
	c, _ := start(t, "us-east-1")
	_, err := c.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: aws.String("builds"), Key: aws.String("k")})
	var noKey *types.NoSuchKey
	if !errors.As(err, &noKey) || noKey.ErrorMessage() != "The specified key does not exist." {
		t.Errorf("GetObject: %v, want NoSuchKey", err)
	}
	_, err = c.HeadObject(t.Context(), &sdk.HeadObjectInput{Bucket: aws.String("builds"), Key: aws.String("k")})
	wantCode(t, "HeadObject", err, "NotFound")
	_, err = c.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: aws.String("nowhere"), Key: aws.String("k")})
	wantCode(t, "GetObject from nowhere", err, "NoSuchBucket")
	_, err = c.PutObject(t.Context(), &sdk.PutObjectInput{Bucket: aws.String("builds"), Key: aws.String("k"), Tagging: aws.String("a=b")})
	wantCode(t, "PutObject with tags", err, "NotImplemented")
	_, err = c.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: aws.String("builds"), Key: aws.String("k"), ExpectedBucketOwner: aws.String("999999999999")})
	wantCode(t, "GetObject from another's bucket", err, "AccessDenied")
}
