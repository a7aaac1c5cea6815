package elbv2

import (
	"encoding/base64"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// pageLimit is the size of a page that is not asked for; the model's maximum.
const pageLimit = 400

// page gives the items from the marker on, at most size of them, and the marker
// of the rest. A marker is the ARN of the first item to come.
func page[T any](items []T, arn func(T) string, marker *string, size *int32) ([]T, *string, error) {
	if marker != nil {
		first, err := base64.RawURLEncoding.DecodeString(*marker)
		at := slices.IndexFunc(items, func(item T) bool { return arn(item) == string(first) })
		if err != nil || at < 0 {
			return nil, nil, wire.Errorf("ValidationError", "Invalid marker '%s'", *marker)
		}
		items = items[at:]
	}
	limit := pageLimit
	if size != nil {
		limit = int(*size)
	}
	if len(items) <= limit {
		return items, nil, nil
	}
	next := base64.RawURLEncoding.EncodeToString([]byte(arn(items[limit])))
	return items[:limit], aws.String(next), nil
}
