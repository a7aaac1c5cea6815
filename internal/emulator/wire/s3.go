package wire

import (
	"bytes"
	"crypto/md5"  //nolint:gosec // S3's Content-MD5
	"crypto/sha1" //nolint:gosec // one of S3's checksums
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"net/http"
	"strconv"
	"strings"
)

const s3Namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

// rootElement is the name of an answer's root element. The clients' models do not
// have it (AWS: Amazon S3 API Reference, "ListBuckets", "ListObjectsV2").
func rootElement(s *shape) string {
	switch s.Name {
	case "ListBucketsOutput":
		return "ListAllMyBucketsResult"
	case "ListObjectsV2Output":
		return "ListBucketResult"
	}
	return s.Name
}

// setS3IDs gives the request's ids the names they have in S3.
func setS3IDs(h http.Header) {
	id := h.Get("X-Amzn-Requestid")
	h.Del("X-Amzn-Requestid")
	h.Set("X-Amz-Request-Id", id)
	sum := sha256.Sum256([]byte(id))
	h.Set("X-Amz-Id-2", base64.StdEncoding.EncodeToString(sum[:]))
}

// readS3Payload gives the request as it is without transfer coding: chunks put
// together, trailers among the headers; and with all checksums verified.
func readS3Payload(r *Request) (*Request, error) {
	plain := *r
	plain.Header = r.Header.Clone()
	sha := r.Header.Get("X-Amz-Content-Sha256")
	if strings.HasPrefix(sha, "STREAMING-") {
		body, trailer, err := readAWSChunked(r.Body)
		if err != nil {
			return nil, err
		}
		plain.Body = body
		for _, name := range sortedKeys(trailer) {
			plain.Header[name] = trailer[name]
		}
		dropAWSChunked(plain.Header)
		if want := r.Header.Get("X-Amz-Decoded-Content-Length"); want != "" && want != strconv.Itoa(len(body)) {
			return nil, incompleteBody()
		}
	} else if len(sha) == hex.EncodedLen(sha256.Size) {
		sum := sha256.Sum256(r.Body)
		if got := hex.EncodeToString(sum[:]); !strings.EqualFold(got, sha) {
			return nil, &wireError{
				code: "XAmzContentSHA256Mismatch", status: http.StatusBadRequest,
				message: "The provided 'x-amz-content-sha256' header does not match what was computed.",
			}
		}
	}
	plain.Header.Set("Content-Length", strconv.Itoa(len(plain.Body)))
	return &plain, verifyChecksums(&plain)
}

// dropAWSChunked takes the coding of the transfer out of Content-Encoding, which
// S3 keeps without it.
func dropAWSChunked(h http.Header) {
	var kept []string
	for part := range strings.SplitSeq(h.Get("Content-Encoding"), ",") {
		if part = strings.TrimSpace(part); part != "" && part != "aws-chunked" {
			kept = append(kept, part)
		}
	}
	h.Del("Content-Encoding")
	if kept != nil {
		h.Set("Content-Encoding", strings.Join(kept, ","))
	}
}

func incompleteBody() error {
	return &wireError{
		code: "IncompleteBody", status: http.StatusBadRequest,
		message: "The request body terminated unexpectedly",
	}
}

// readAWSChunked reads chunks "<hex size>[;chunk-signature=…]", each ended by a
// line, up to the one of size 0, and the trailer's headers behind it
// (AWS: Amazon S3 API Reference, "Signature calculations for the Authorization
// header: transferring payload in multiple chunks").
func readAWSChunked(b []byte) (body []byte, trailer http.Header, err error) {
	body = []byte{}
	for {
		head, rest, ok := bytes.Cut(b, []byte("\r\n"))
		if !ok {
			return nil, nil, incompleteBody()
		}
		digits, _, _ := strings.Cut(string(head), ";")
		size, err := strconv.ParseInt(digits, 16, 32)
		if err != nil || size < 0 || size > int64(len(rest)) {
			return nil, nil, incompleteBody()
		}
		if size == 0 {
			return body, readTrailer(rest), nil
		}
		body = append(body, rest[:size]...)
		b, ok = bytes.CutPrefix(rest[size:], []byte("\r\n"))
		if !ok {
			return nil, nil, incompleteBody()
		}
	}
}

func readTrailer(b []byte) http.Header {
	trailer := http.Header{}
	for line := range bytes.Lines(b) {
		name, value, ok := strings.Cut(strings.TrimSpace(string(line)), ":")
		if ok && name != "" {
			trailer.Set(name, strings.TrimSpace(value))
		}
	}
	return trailer
}

// checksumHash makes the hash of one of S3's checksums
// (AWS: Amazon S3 User Guide, "Checking object integrity"); nil for another.
func checksumHash(algorithm string) hash.Hash {
	const crc64NVME = 0x9a6c9329ac4bc9b5
	switch algorithm {
	case "crc32":
		return crc32.NewIEEE()
	case "crc32c":
		return crc32.New(crc32.MakeTable(crc32.Castagnoli))
	case "crc64nvme":
		return crc64.New(crc64.MakeTable(crc64NVME))
	case "md5":
		return md5.New() //nolint:gosec // as above
	case "sha1":
		return sha1.New() //nolint:gosec // as above
	case "sha256":
		return sha256.New()
	case "sha512":
		return sha512.New()
	}
	return nil
}

// verifyChecksums compares every checksum that came with a body.
func verifyChecksums(r *Request) error {
	if want := r.Header.Get("Content-Md5"); want != "" && want != checksum(checksumHash("md5"), r.Body) {
		return &wireError{
			code: "BadDigest", status: http.StatusBadRequest,
			message: "The Content-MD5 you specified did not match what we received.",
		}
	}
	for _, name := range sortedKeys(r.Header) {
		algorithm, ok := strings.CutPrefix(strings.ToLower(name), "x-amz-checksum-")
		if !ok || algorithm == "mode" || algorithm == "algorithm" || algorithm == "type" {
			continue
		}
		h := checksumHash(algorithm)
		if h == nil {
			return &wireError{
				code: "NotImplemented", status: http.StatusNotImplemented,
				message: "the checksum " + strconv.Quote(algorithm) + " is not emulated",
			}
		}
		if r.Header.Get(name) != checksum(h, r.Body) {
			return &wireError{
				code: "BadDigest", status: http.StatusBadRequest,
				message: "The " + strings.ToUpper(algorithm) + " you specified did not match the calculated checksum.",
			}
		}
	}
	return nil
}

func checksum(h hash.Hash, body []byte) string {
	h.Write(body)
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}
