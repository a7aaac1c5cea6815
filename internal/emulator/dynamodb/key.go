package dynamodb

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/attribute"
)

// Sizes of keys and items (AWS: DynamoDB Developer Guide, quotas).
const (
	maxPartitionKey = 2048
	maxSortKey      = 1024
	maxItem         = 400 * 1024
)

// key checks and canonicalises a key that a request names, and gives its identity.
func (t *table) key(key attribute.Item) (attribute.Item, string, error) {
	canonical, err := attribute.NormalizeItem(key)
	if err != nil {
		return nil, "", rejected(err)
	}
	if err := t.matchKey(canonical); err != nil {
		return nil, "", err
	}
	return canonical, identity(canonical, t.order.schema), nil
}

// matchKey checks that there are exactly the primary key's attributes.
func (t *table) matchKey(key attribute.Item) error {
	names := t.order.schema.names()
	if len(key) != len(names) {
		return invalid("The provided key element does not match the schema")
	}
	for _, name := range names {
		if attribute.Type(key[name]) != string(t.kinds[name]) {
			return invalid("The provided key element does not match the schema")
		}
		if err := t.checkKeyValue(name, key[name], name == t.order.schema.partition); err != nil {
			return err
		}
	}
	return nil
}

// checkKeyValue checks the length of a value that is part of the primary key.
func (t *table) checkKeyValue(name string, v attribute.Value, partition bool) error {
	if _, number := v.(*attribute.Number); number {
		return nil
	}
	switch size := attribute.Size(v); {
	case size == 0:
		return invalid("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty %s value. Key: %s", scalarName(v), name)
	case partition && size > maxPartitionKey:
		return invalid("One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes")
	case !partition && size > maxSortKey:
		return invalid("One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of 1024 bytes")
	}
	return nil
}

func scalarName(v attribute.Value) string {
	if attribute.Type(v) == "B" {
		return "binary"
	}
	return "string"
}

// checkItem checks an item that is to be stored: its primary key, what the
// indexes need, and its size.
func (t *table) checkItem(item attribute.Item) error {
	for _, name := range t.order.schema.names() {
		switch v := item[name]; {
		case v == nil:
			return invalid("One or more parameter values were invalid: Missing the key %s in the item", name)
		case attribute.Type(v) != string(t.kinds[name]):
			return invalid("One or more parameter values were invalid: Type mismatch for key %s expected: %s actual: %s", name, t.kinds[name], attribute.Type(v))
		default:
			if err := t.checkKeyValue(name, v, name == t.order.schema.partition); err != nil {
				return err
			}
		}
	}
	if err := t.eachIndexKey(func(i *index, name string, kind types.ScalarAttributeType) error {
		if v := item[name]; v != nil && attribute.Type(v) != string(kind) {
			return mismatch(i, name, kind, attribute.Type(v))
		}
		return checkIndexValue(i, name, item[name])
	}); err != nil {
		return err
	}
	if attribute.ItemSize(item) > maxItem {
		return invalid("Item size has exceeded the maximum allowed size")
	}
	return nil
}

func mismatch(i *index, name string, kind types.ScalarAttributeType, actual string) error {
	return invalid("One or more parameter values were invalid: Type mismatch for Index Key %s Expected: %s Actual: %s IndexName: %s", name, kind, actual, i.name)
}

// checkIndexValue checks the length of a value that is a key of an index.
func checkIndexValue(i *index, name string, v attribute.Value) error {
	switch v.(type) {
	case *attribute.String, *attribute.Binary:
	default:
		return nil
	}
	limit := maxSortKey
	if name == i.order.schema.partition {
		limit = maxPartitionKey
	}
	switch size := attribute.Size(v); {
	case size == 0:
		return invalid("One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty %s value. IndexName: %s, IndexKey: %s",
			scalarName(v), i.name, name)
	case size > limit:
		return invalid("One or more parameter values were invalid: Size of a secondary index key has exceeded the maximum size limit of %d bytes. IndexName: %s, IndexKey: %s", limit, i.name, name)
	}
	return nil
}

// eachIndexKey calls f for the key attributes of the indexes that are not the
// table's own, until it gives an error.
func (t *table) eachIndexKey(f func(i *index, name string, kind types.ScalarAttributeType) error) error {
	for _, i := range t.indexes {
		for _, name := range i.order.schema.names() {
			if name == t.order.schema.partition || name == t.order.schema.sort {
				continue
			}
			if err := f(i, name, t.kinds[name]); err != nil {
				return err
			}
		}
	}
	return nil
}
