package dynamodb

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/attribute"
	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/expression"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

func (s *Service) query(_ *wire.Call, in *dynamodb.QueryInput) (*dynamodb.QueryOutput, error) {
	if err := refuseLegacy("Query",
		parameter{"AttributesToGet", in.AttributesToGet != nil},
		parameter{"KeyConditions", in.KeyConditions != nil},
		parameter{"QueryFilter", in.QueryFilter != nil},
		parameter{"ConditionalOperator", in.ConditionalOperator != ""},
	); err != nil {
		return nil, err
	}
	if in.KeyConditionExpression == nil {
		return nil, invalid("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
	}
	parsed, err := expressions{
		names: in.ExpressionAttributeNames, values: in.ExpressionAttributeValues,
		keyCondition: in.KeyConditionExpression, filter: in.FilterExpression, projection: in.ProjectionExpression,
	}.parse()
	if err != nil {
		return nil, err
	}
	l, err := s.listing(&listingRequest{
		table: in.TableName, index: in.IndexName, consistent: in.ConsistentRead, parsed: parsed,
		selects: in.Select, limit: in.Limit, start: in.ExclusiveStartKey,
	})
	if err != nil {
		return nil, err
	}
	partition, sort, err := l.keyConditions(parsed.keys)
	if err != nil {
		return nil, err
	}
	if err := l.checkQuery(partition, sort, parsed.condition); err != nil {
		return nil, err
	}
	entries := slices.Clone(l.order.partition(partition))
	if sort != nil {
		entries = slices.DeleteFunc(entries, func(e entry) bool { return !sort.Holds(e.item) })
	}
	if in.ScanIndexForward != nil && !*in.ScanIndexForward {
		l.descending = true
		slices.Reverse(entries)
	}
	p := l.page(entries)
	return &dynamodb.QueryOutput{
		Items: p.items, Count: p.count, ScannedCount: p.scanned, LastEvaluatedKey: p.last,
		ConsumedCapacity: l.consumed(in.ReturnConsumedCapacity, p),
	}, nil
}

// keyConditions splits the conditions into the partition key's value and the
// sort key's condition, nil for none.
func (l *listing) keyConditions(keys []*expression.KeyCondition) (attribute.Value, *expression.KeyCondition, error) {
	schema := l.order.schema
	find := func(name string) *expression.KeyCondition {
		at := slices.IndexFunc(keys, func(k *expression.KeyCondition) bool { return name != "" && k.Attribute == name })
		if at < 0 {
			return nil
		}
		return keys[at]
	}
	partition, sort := find(schema.partition), find(schema.sort)
	switch {
	case len(keys) > 1 && schema.sort == "":
		return nil, nil, invalid("Query key condition not supported")
	case partition == nil:
		return nil, nil, invalid("Query condition missed key schema element: %s", schema.partition)
	case len(keys) > 1 && sort == nil:
		return nil, nil, invalid("Query condition missed key schema element: %s", schema.sort)
	}
	for _, key := range keys {
		for _, v := range key.Values {
			if attribute.Type(v) != string(l.table.kinds[key.Attribute]) {
				return nil, nil, invalid("One or more parameter values were invalid: Condition parameter type does not match schema type")
			}
			if attribute.Size(v) == 0 {
				return nil, nil, invalid("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty %s value. Key: %s", scalarName(v), key.Attribute)
			}
		}
	}
	if partition.Operator != "=" {
		return nil, nil, invalid("Query key condition not supported")
	}
	return partition.Values[0], sort, nil
}

// checkQuery checks the starting key against the conditions, and the filter.
func (l *listing) checkQuery(partition attribute.Value, sort *expression.KeyCondition, filter *expression.Condition) error {
	if l.start != nil {
		if !attribute.Equal(l.start[l.order.schema.partition], partition) {
			return invalid("The provided starting key is outside query boundaries based on provided conditions")
		}
		if sort != nil && !sort.Holds(l.start) {
			return invalid("The provided starting key does not match the range key predicate")
		}
	}
	if filter == nil {
		return nil
	}
	for _, path := range filter.Paths() {
		if slices.Contains(l.order.schema.names(), path[0].Name) {
			return invalid("Filter Expression can only contain non-primary key attributes: Primary key attribute: %s", path[0].Name)
		}
	}
	return nil
}

func (s *Service) scan(_ *wire.Call, in *dynamodb.ScanInput) (*dynamodb.ScanOutput, error) {
	if err := refuseLegacy("Scan",
		parameter{"AttributesToGet", in.AttributesToGet != nil},
		parameter{"ScanFilter", in.ScanFilter != nil},
		parameter{"ConditionalOperator", in.ConditionalOperator != ""},
	); err != nil {
		return nil, err
	}
	if err := checkSegment(in.Segment, in.TotalSegments); err != nil {
		return nil, err
	}
	parsed, err := expressions{
		names: in.ExpressionAttributeNames, values: in.ExpressionAttributeValues,
		filter: in.FilterExpression, projection: in.ProjectionExpression, valueUsers: []string{"FilterExpression"},
	}.parse()
	if err != nil {
		return nil, err
	}
	l, err := s.listing(&listingRequest{
		table: in.TableName, index: in.IndexName, consistent: in.ConsistentRead, parsed: parsed,
		selects: in.Select, limit: in.Limit, start: in.ExclusiveStartKey,
	})
	if err != nil {
		return nil, err
	}
	entries := l.order.entries
	if in.TotalSegments != nil {
		entries = slices.DeleteFunc(slices.Clone(entries), func(e entry) bool {
			return int32(e.partition[0])%*in.TotalSegments != *in.Segment
		})
	}
	p := l.page(entries)
	return &dynamodb.ScanOutput{
		Items: p.items, Count: p.count, ScannedCount: p.scanned, LastEvaluatedKey: p.last,
		ConsumedCapacity: l.consumed(in.ReturnConsumedCapacity, p),
	}, nil
}

func checkSegment(segment, total *int32) error {
	switch {
	case segment == nil && total == nil:
		return nil
	case total == nil:
		return invalid("The TotalSegments parameter is required but was not present in the request when Segment parameter is present")
	case segment == nil:
		return invalid("The Segment parameter is required but was not present in the request when parameter TotalSegments is present")
	case *segment >= *total:
		return invalid("The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: %d is not less than TotalSegments: %d", *segment, *total)
	}
	return nil
}

// consumed reports the capacity that a page took.
func (l *listing) consumed(detail types.ReturnConsumedCapacity, p *page) *types.ConsumedCapacity {
	used := newUsage(l.table)
	of := ""
	if l.index != nil {
		of = l.index.name
	}
	used.read(of, readFactor(l.consistent), p.size)
	return used.report(detail)
}
