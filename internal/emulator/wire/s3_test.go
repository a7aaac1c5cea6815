package wire_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// bucket keeps one object.
type bucket struct {
	body     []byte
	crc32    *string
	encoding *string
}

func (b *bucket) wire() *wire.Service {
	return wire.NewService("s3",
		wire.Op("PutObject", func(_ *wire.Call, in *s3.PutObjectInput) (*s3.PutObjectOutput, error) {
			var err error
			if b.body, err = io.ReadAll(in.Body); err != nil {
				return nil, err
			}
			b.crc32, b.encoding = in.ChecksumCRC32, in.ContentEncoding
			return &s3.PutObjectOutput{ETag: aws.String(`"etag"`)}, nil
		}),
		wire.Op("GetObject", func(_ *wire.Call, in *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
			if *in.Key != "a/b c" {
				return nil, &types.NoSuchKey{Message: aws.String("The specified key does not exist.")}
			}
			out := &s3.GetObjectOutput{Body: io.NopCloser(bytes.NewReader(b.body)), ETag: aws.String(`"etag"`)}
			if in.ChecksumMode == types.ChecksumModeEnabled {
				out.ChecksumCRC32 = b.crc32
			}
			return out, nil
		}),
	)
}

func TestS3OverAPort(t *testing.T) {
	t.Parallel()
	b := new(bucket)
	l := loop.NewVirtual(start)
	server := httptest.NewServer(wire.NewServer(l, wire.NewMux(account, region, b.wire())))
	t.Cleanup(server.Close)
	cfg := config()
	cfg.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenSupported // as LoadDefaultConfig has it
	cfg.HTTPClient = server.Client()
	cfg.BaseEndpoint = aws.String(server.URL)
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })

	body := bytes.Repeat([]byte("0123456789"), 20000) // more than one chunk
	if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String("bucket"), Key: aws.String("a/b c"), Body: bytes.NewReader(body), ContentEncoding: aws.String("gzip"),
	}); err != nil {
		t.Fatal(err)
	}
	if b.crc32 == nil {
		t.Error("the handler got no checksum: the SDK sends CRC32 with every object")
	}
	if aws.ToString(b.encoding) != "gzip" {
		t.Errorf("content encoding = %q, want gzip", aws.ToString(b.encoding))
	}
	out, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String("a/b c")})
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, body) {
		t.Errorf("%d bytes came back, want the %d that were put", len(got), len(body))
	}
}

func TestAWSChunkedBodies(t *testing.T) {
	t.Parallel()
	put := func(body string, header map[string]string) *wire.Response {
		h := http.Header{"Authorization": {signed("s3")}, "X-Amz-Content-Sha256": {"STREAMING-UNSIGNED-PAYLOAD-TRAILER"}}
		for name, value := range header {
			h.Set(name, value)
		}
		return send(t, &wire.Request{Method: "PUT", Path: "/bucket/key", Host: "localhost", Header: h, Body: []byte(body)})
	}
	tests := map[string]struct {
		body   string
		header map[string]string
		status int
		code   string
	}{
		"OK":                {"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", nil, 200, ""},
		"Signed":            {"5;chunk-signature=ab\r\nhello\r\n0;chunk-signature=cd\r\n\r\n", nil, 200, ""},
		"ErrDigest":         {"5\r\nhullo\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", nil, 400, "BadDigest"},
		"ErrShort":          {"5\r\nhel", nil, 400, "IncompleteBody"},
		"ErrHugeChunk":      {"7fffffffffffffff\r\nhello\r\n0\r\n\r\n", nil, 400, "IncompleteBody"},
		"ErrNegative":       {"-1\r\nhello\r\n0\r\n\r\n", nil, 400, "IncompleteBody"},
		"ErrDecodedLength":  {"5\r\nhello\r\n0\r\n\r\n", map[string]string{"X-Amz-Decoded-Content-Length": "6"}, 400, "IncompleteBody"},
		"ErrPayloadHash":    {"hello", map[string]string{"X-Amz-Content-Sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}, 400, "XAmzContentSHA256Mismatch"},
		"ErrMD5":            {"hello", map[string]string{"X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD", "Content-Md5": "AAAA"}, 400, "BadDigest"},
		"CRC64":             {"123456789", map[string]string{"X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD", "X-Amz-Checksum-Crc64nvme": "rosUhgp5mIg="}, 200, ""},
		"ErrOtherAlgorithm": {"hello", map[string]string{"X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD", "X-Amz-Checksum-Xxhash64": "AAAA"}, 501, "NotImplemented"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp := put(tc.body, tc.header)
			if tc.code != "" {
				wantAnswer(t, resp, tc.status, "<Code>"+tc.code+"</Code>")
				return
			}
			wantAnswer(t, resp, tc.status)
		})
	}
}
