package s3

import (
	"encoding/base64"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// maxKeys is how many keys and common prefixes a page has (AWS: ListObjectsV2).
const maxKeys = 1000

func (s *Service) listObjects(_ *wire.Call, in *s3.ListObjectsV2Input) (*s3.ListObjectsV2Output, error) {
	if err := refuse("ListObjectsV2", in, "Bucket", "ContinuationToken", "Delimiter", "EncodingType", "ExpectedBucketOwner", "FetchOwner", "MaxKeys", "Prefix", "StartAfter"); err != nil {
		return nil, err
	}
	b, err := s.bucket(in.Bucket, in.ExpectedBucketOwner)
	if err != nil {
		return nil, err
	}
	after, err := decodeToken(in.ContinuationToken)
	if err != nil {
		return nil, err
	}
	if after == "" {
		after = aws.ToString(in.StartAfter)
	}
	limit := maxKeys
	if in.MaxKeys != nil {
		if *in.MaxKeys < 0 {
			return nil, wire.Errorf("InvalidArgument", "Argument maxKeys must be an integer between 0 and 2147483647")
		}
		limit = min(limit, int(*in.MaxKeys))
	}
	encode := func(text string) *string { return &text }
	if in.EncodingType == types.EncodingTypeUrl {
		encode = func(text string) *string { return aws.String(strings.ReplaceAll(url.QueryEscape(text), "%2F", "/")) }
	}
	out := &s3.ListObjectsV2Output{
		Name: in.Bucket, Prefix: encode(aws.ToString(in.Prefix)), MaxKeys: aws.Int32(int32(limit)), //nolint:gosec // at most maxKeys
		ContinuationToken: in.ContinuationToken, EncodingType: in.EncodingType, IsTruncated: aws.Bool(false),
	}
	if in.Delimiter != nil {
		out.Delimiter = encode(*in.Delimiter)
	}
	if in.StartAfter != nil {
		out.StartAfter = encode(*in.StartAfter)
	}
	entries := b.list(aws.ToString(in.Prefix), aws.ToString(in.Delimiter), after)
	if len(entries) > limit {
		entries = entries[:limit]
		out.IsTruncated = aws.Bool(limit > 0)
		if limit > 0 {
			out.NextContinuationToken = encodeToken(entries[limit-1].name)
		}
	}
	for _, e := range entries {
		if e.object == nil {
			out.CommonPrefixes = append(out.CommonPrefixes, types.CommonPrefix{Prefix: encode(e.name)})
			continue
		}
		listed := types.Object{
			Key: encode(e.name), ETag: e.object.described.ETag, Size: e.object.described.ContentLength,
			LastModified: e.object.described.LastModified, StorageClass: types.ObjectStorageClassStandard,
		}
		if aws.ToBool(in.FetchOwner) {
			listed.Owner = &types.Owner{ID: &s.account}
		}
		out.Contents = append(out.Contents, listed)
	}
	out.KeyCount = aws.Int32(int32(len(entries))) //nolint:gosec // at most maxKeys
	return out, nil
}

// listed is a key with its object, or a common prefix without one.
type listed struct {
	name   string
	object *object
}

// list gives keys with the prefix and, where they go on to a delimiter, what
// they have in common up to it; all after the given name, in order.
func (b *bucket) list(prefix, delimiter, after string) []listed {
	var entries []listed
	for _, key := range slices.Sorted(maps.Keys(b.objects)) {
		if !strings.HasPrefix(key, prefix) {
			continue
		}
		e := listed{key, b.objects[key]}
		if at := strings.Index(key[len(prefix):], delimiter); delimiter != "" && at >= 0 {
			e = listed{name: key[:len(prefix)+at+len(delimiter)]}
		}
		repeated := len(entries) > 0 && entries[len(entries)-1].name == e.name
		if e.name > after && !repeated {
			entries = append(entries, e)
		}
	}
	return entries
}

// Tokens hide the name after which a listing goes on.
func encodeToken(name string) *string {
	return aws.String(base64.URLEncoding.EncodeToString([]byte(name)))
}

func decodeToken(token *string) (string, error) {
	if token == nil {
		return "", nil
	}
	name, err := base64.URLEncoding.DecodeString(*token)
	if err != nil {
		return "", wire.Errorf("InvalidArgument", "The continuation token provided is incorrect")
	}
	return string(name), nil
}
