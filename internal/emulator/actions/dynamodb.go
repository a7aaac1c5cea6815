package actions

import (
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Item is an item of a table, or a key.
type Item = map[string]types.AttributeValue

// Query is the input of a query.
type Query = dynamodb.QueryInput

// onItems is an action on items of a table.
func (r *request) onItems(action string, table *string, items ...Item) Need {
	var keys []string
	for _, item := range items {
		if key := r.state.PartitionKey(aws.ToString(table), item); key != "" {
			keys = append(keys, key)
		}
	}
	return r.onTable(action, table, nil, keys)
}

func (r *request) onTable(action string, table, index *string, keys []string) Need {
	resource := "table/" + r.partOf(aws.ToString(table), "name")
	if index != nil {
		resource += "/index/" + *index
	}
	need := Need{Action: "dynamodb:" + action, Resource: r.arn(resource)}
	if len(keys) > 0 {
		need.Context = map[string][]string{"dynamodb:LeadingKeys": keys}
	}
	return need
}

func getItem(r *request) []Need {
	in := r.in.(*dynamodb.GetItemInput)
	return []Need{r.onItems("GetItem", in.TableName, in.Key)}
}

func putItem(r *request) []Need {
	in := r.in.(*dynamodb.PutItemInput)
	return []Need{r.onItems("PutItem", in.TableName, in.Item)}
}

func updateItem(r *request) []Need {
	in := r.in.(*dynamodb.UpdateItemInput)
	return []Need{r.onItems("UpdateItem", in.TableName, in.Key)}
}

func deleteItem(r *request) []Need {
	in := r.in.(*dynamodb.DeleteItemInput)
	return []Need{r.onItems("DeleteItem", in.TableName, in.Key)}
}

func query(r *request) []Need {
	in := r.in.(*dynamodb.QueryInput)
	var keys []string
	if key := r.state.QueriedPartition(in); key != "" {
		keys = []string{key}
	}
	return []Need{r.onTable("Query", in.TableName, in.IndexName, keys)}
}

func scan(r *request) []Need {
	in := r.in.(*dynamodb.ScanInput)
	return []Need{r.onTable("Scan", in.TableName, in.IndexName, nil)}
}

func batchGet(r *request) []Need {
	requests := r.in.(*dynamodb.BatchGetItemInput).RequestItems
	var needs []Need
	for _, table := range slices.Sorted(maps.Keys(requests)) {
		needs = append(needs, r.onItems("BatchGetItem", &table, requests[table].Keys...))
	}
	return needs
}

func batchWrite(r *request) []Need {
	requests := r.in.(*dynamodb.BatchWriteItemInput).RequestItems
	var needs []Need
	for _, table := range slices.Sorted(maps.Keys(requests)) {
		var items []Item
		for _, w := range requests[table] {
			if w.PutRequest != nil {
				items = append(items, w.PutRequest.Item)
			}
			if w.DeleteRequest != nil {
				items = append(items, w.DeleteRequest.Key)
			}
		}
		needs = append(needs, r.onItems("BatchWriteItem", &table, items...))
	}
	return needs
}

func transactGet(r *request) []Need {
	var needs []Need
	for _, item := range r.in.(*dynamodb.TransactGetItemsInput).TransactItems {
		needs = append(needs, r.onItems("GetItem", item.Get.TableName, item.Get.Key))
	}
	return needs
}

func transactWrite(r *request) []Need {
	var needs []Need
	for _, item := range r.in.(*dynamodb.TransactWriteItemsInput).TransactItems {
		if c := item.ConditionCheck; c != nil {
			needs = append(needs, r.onItems("ConditionCheckItem", c.TableName, c.Key))
		}
		if p := item.Put; p != nil {
			needs = append(needs, r.onItems("PutItem", p.TableName, p.Item))
		}
		if u := item.Update; u != nil {
			needs = append(needs, r.onItems("UpdateItem", u.TableName, u.Key))
		}
		if d := item.Delete; d != nil {
			needs = append(needs, r.onItems("DeleteItem", d.TableName, d.Key))
		}
	}
	return needs
}
