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
	limit, err := pageSize(in.MaxKeys)
	if err != nil {
		return nil, err
	}
	encode := encoding(in.EncodingType)
	out := &s3.ListObjectsV2Output{
		Name: in.Bucket, Prefix: encode(aws.String(aws.ToString(in.Prefix))), Delimiter: encode(in.Delimiter), StartAfter: encode(in.StartAfter),
		MaxKeys: &limit, ContinuationToken: in.ContinuationToken, EncodingType: in.EncodingType, IsTruncated: aws.Bool(false),
	}
	entries := b.list(aws.ToString(in.Prefix), aws.ToString(in.Delimiter), after)
	if len(entries) > int(limit) {
		entries = entries[:limit]
		if limit > 0 {
			out.IsTruncated, out.NextContinuationToken = aws.Bool(true), encodeToken(entries[limit-1].name)
		}
	}
	for _, e := range entries {
		if e.object == nil {
			out.CommonPrefixes = append(out.CommonPrefixes, types.CommonPrefix{Prefix: encode(&e.name)})
			continue
		}
		out.Contents = append(out.Contents, s.describe(e, encode, aws.ToBool(in.FetchOwner)))
	}
	out.KeyCount = aws.Int32(int32(len(entries))) //nolint:gosec // at most maxKeys
	return out, nil
}

func pageSize(wanted *int32) (int32, error) {
	switch {
	case wanted == nil:
		return maxKeys, nil
	case *wanted < 0:
		return 0, wire.Errorf("InvalidArgument", "Argument maxKeys must be an integer between 0 and 2147483647")
	}
	return min(maxKeys, *wanted), nil
}

// encoding gives how names are written in the answer (AWS: ListObjectsV2,
// EncodingType). Nil stays nil.
func encoding(wanted types.EncodingType) func(*string) *string {
	return func(name *string) *string {
		if name == nil || wanted != types.EncodingTypeUrl {
			return name
		}
		return aws.String(strings.ReplaceAll(url.QueryEscape(*name), "%2F", "/"))
	}
}

func (s *Service) describe(e listed, encode func(*string) *string, owner bool) types.Object {
	described := types.Object{
		Key: encode(&e.name), ETag: e.object.described.ETag, Size: e.object.described.ContentLength,
		LastModified: e.object.described.LastModified, StorageClass: types.ObjectStorageClassStandard,
	}
	if owner {
		described.Owner = &types.Owner{ID: &s.account}
	}
	return described
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
