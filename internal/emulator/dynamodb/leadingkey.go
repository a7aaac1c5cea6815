package dynamodb

import (
	"encoding/base64"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/attribute"
	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/expression"
)

// PartitionKey is the value of the partition key in an item, or a key, of a table, as
// policies compare it; "" if there is none.
// AWS: DynamoDB Developer Guide, Using IAM policy conditions for fine-grained access
// control, dynamodb:LeadingKeys.
func (s *Service) PartitionKey(nameOrARN string, item attribute.Item) string {
	t := s.tables[tableName(&nameOrARN)]
	if t == nil {
		return ""
	}
	return keyText(item[t.order.schema.partition])
}

// QueriedPartition is the value of the partition key that a query asks for; "" if it
// cannot be read.
func (s *Service) QueriedPartition(in *dynamodb.QueryInput) string {
	t := s.tables[tableName(in.TableName)]
	if t == nil || in.KeyConditionExpression == nil {
		return ""
	}
	schema := t.order.schema
	if in.IndexName != nil {
		i := t.index(*in.IndexName)
		if i == nil {
			return ""
		}
		schema = i.order.schema
	}
	attributes, err := expression.NewAttributes(in.ExpressionAttributeNames, in.ExpressionAttributeValues)
	if err != nil {
		return ""
	}
	keys, err := expression.ParseKeyCondition(*in.KeyConditionExpression, attributes)
	if err != nil {
		return ""
	}
	for _, key := range keys {
		if key.Attribute == schema.partition && key.Operator == "=" {
			return keyText(key.Values[0])
		}
	}
	return ""
}

// keyText is a key's value as text, binary ones in base64.
func keyText(v attribute.Value) string {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberN:
		return v.Value
	case *types.AttributeValueMemberB:
		return base64.StdEncoding.EncodeToString(v.Value)
	}
	return ""
}
