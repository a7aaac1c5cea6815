package dynamodb

import (
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/attribute"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Limits of a batch (AWS: BatchGetItem, BatchWriteItem).
const (
	maxBatchGet      = 100
	maxBatchWrite    = 25
	maxBatchResponse = 16 * 1024 * 1024
)

// batchGet is the part of a BatchGetItem that concerns one table.
type batchGet struct {
	name    string // as the request wrote it
	request types.KeysAndAttributes
	gets    []*get
}

func (s *Service) batchGetItem(_ *wire.Call, in *dynamodb.BatchGetItemInput) (*dynamodb.BatchGetItemOutput, error) {
	total := 0
	var batches []*batchGet
	for _, name := range slices.Sorted(maps.Keys(in.RequestItems)) {
		total += len(in.RequestItems[name].Keys)
		if total > maxBatchGet {
			return nil, invalid("Too many items requested for the BatchGetItem call")
		}
		batch, err := s.batchGet(name, in.RequestItems[name])
		if err != nil {
			return nil, err
		}
		batches = append(batches, batch)
	}
	out := &dynamodb.BatchGetItemOutput{Responses: map[string][]map[string]types.AttributeValue{}, UnprocessedKeys: map[string]types.KeysAndAttributes{}}
	size := 0
	for _, batch := range batches {
		used := s.runBatchGet(batch, &size, out)
		if consumed := used.report(in.ReturnConsumedCapacity); consumed != nil {
			out.ConsumedCapacity = append(out.ConsumedCapacity, *consumed)
		}
	}
	return out, nil
}

func (s *Service) batchGet(name string, request types.KeysAndAttributes) (*batchGet, error) {
	if err := refuseLegacy("BatchGetItem", parameter{"AttributesToGet", request.AttributesToGet != nil}); err != nil {
		return nil, err
	}
	batch := &batchGet{name: name, request: request}
	seen := map[string]bool{}
	for _, key := range request.Keys {
		g, err := s.get(&types.Get{
			TableName: &name, Key: key,
			ProjectionExpression: request.ProjectionExpression, ExpressionAttributeNames: request.ExpressionAttributeNames,
		})
		if err != nil {
			return nil, err
		}
		if g.defect != nil {
			return nil, g.defect
		}
		if seen[g.id] {
			return nil, invalid("Provided list of item keys contains duplicates")
		}
		seen[g.id] = true
		batch.gets = append(batch.gets, g)
	}
	return batch, nil
}

// runBatchGet reads the items of one table until the answer is full; keys that
// are left are unprocessed.
func (s *Service) runBatchGet(batch *batchGet, size *int, out *dynamodb.BatchGetItemOutput) *usage {
	t := batch.gets[0].table
	used, stale := newUsage(t), s.stale(t, batch.request.ConsistentRead)
	items := []map[string]types.AttributeValue{}
	for i, g := range batch.gets {
		item := t.read(g.id, stale)
		if *size+attribute.ItemSize(item) > maxBatchResponse {
			rest := batch.request
			rest.Keys = rest.Keys[i:]
			out.UnprocessedKeys[batch.name] = rest
			break
		}
		*size += attribute.ItemSize(item)
		used.read("", readFactor(batch.request.ConsistentRead), attribute.ItemSize(item))
		if item != nil {
			items = append(items, g.project(item))
		}
	}
	out.Responses[batch.name] = items
	return used
}

func (s *Service) batchWriteItem(_ *wire.Call, in *dynamodb.BatchWriteItemInput) (*dynamodb.BatchWriteItemOutput, error) {
	names := slices.Sorted(maps.Keys(in.RequestItems))
	changes, err := s.batchChanges(in, names)
	if err != nil {
		return nil, err
	}
	out := &dynamodb.BatchWriteItemOutput{UnprocessedItems: map[string][]types.WriteRequest{}}
	for _, name := range names {
		used := newUsage(changes[name][0].table)
		for _, c := range changes[name] {
			old, next, err := c.apply()
			if err != nil {
				return nil, err
			}
			used.write(1, old, next)
		}
		if consumed := used.report(in.ReturnConsumedCapacity); consumed != nil {
			out.ConsumedCapacity = append(out.ConsumedCapacity, *consumed)
		}
	}
	return out, nil
}

// batchChanges checks all writes of a batch, by table.
func (s *Service) batchChanges(in *dynamodb.BatchWriteItemInput, names []string) (map[string][]*change, error) {
	total := 0
	changes := map[string][]*change{}
	for _, name := range names {
		total += len(in.RequestItems[name])
		if total > maxBatchWrite {
			return nil, invalid("Too many items requested for the BatchWriteItem call")
		}
		seen := map[string]bool{}
		for _, request := range in.RequestItems[name] {
			c, err := s.batchChange(name, request)
			if err != nil {
				return nil, err
			}
			if err := c.table.refuseCollectionMetrics("BatchWriteItem", in.ReturnItemCollectionMetrics); err != nil {
				return nil, err
			}
			if c.defect != nil {
				return nil, c.defect
			}
			if seen[c.id] {
				return nil, invalid("Provided list of item keys contains duplicates")
			}
			seen[c.id] = true
			changes[name] = append(changes[name], c)
		}
	}
	return changes, nil
}

func (s *Service) batchChange(table string, request types.WriteRequest) (*change, error) {
	switch {
	case request.PutRequest != nil && request.DeleteRequest != nil:
		return nil, invalid("Supplied WriteRequest has more than one of PutRequest and DeleteRequest set, must contain exactly one")
	case request.PutRequest != nil:
		return s.put(&types.Put{TableName: &table, Item: request.PutRequest.Item})
	case request.DeleteRequest != nil:
		return s.delete(&types.Delete{TableName: &table, Key: request.DeleteRequest.Key})
	}
	return nil, invalid("Supplied WriteRequest is empty, must contain exactly one of PutRequest and DeleteRequest")
}
