package sqs

import (
	"crypto/md5" //nolint:gosec // the digest that SQS's clients check
	"encoding/binary"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func md5Of(b []byte) string {
	sum := md5.Sum(b) //nolint:gosec // as above
	return hex.EncodeToString(sum[:])
}

// md5OfAttributes is the digest of a message's attributes (AWS: SQS Developer
// Guide, calculating the MD5 message digest for message attributes).
func md5OfAttributes(attributes map[string]types.MessageAttributeValue) string {
	var b []byte
	add := func(part []byte) {
		b = binary.BigEndian.AppendUint32(b, uint32(len(part))) //nolint:gosec // a message is at most 1 MiB
		b = append(b, part...)
	}
	for _, name := range sortedNames(attributes) {
		a := attributes[name]
		add([]byte(name))
		add([]byte(aws.ToString(a.DataType)))
		if strings.HasPrefix(aws.ToString(a.DataType), "Binary") {
			b = append(b, 2)
			add(a.BinaryValue)
		} else {
			b = append(b, 1)
			add([]byte(aws.ToString(a.StringValue)))
		}
	}
	return md5Of(b)
}

func sortedNames(attributes map[string]types.MessageAttributeValue) []string {
	return slices.Sorted(maps.Keys(attributes))
}
