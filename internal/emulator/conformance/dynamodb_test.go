package conformance_test

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func text(s string) types.AttributeValue   { return &types.AttributeValueMemberS{Value: s} }
func number(s string) types.AttributeValue { return &types.AttributeValueMemberN{Value: s} }

// key is the key of an item of the stories' table.
func key(pk, sk string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"pk": text(pk), "sk": text(sk)}
}

func item(pk, sk, n string) map[string]types.AttributeValue {
	i := key(pk, sk)
	i["n"] = number(n)
	return i
}

func createTable() step {
	return ok(&dynamodb.CreateTableInput{
		TableName: new("items"), BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: new("pk"), AttributeType: types.ScalarAttributeTypeS}, {AttributeName: new("sk"), AttributeType: types.ScalarAttributeTypeS},
		},
		KeySchema: []types.KeySchemaElement{{AttributeName: new("pk"), KeyType: types.KeyTypeHash}, {AttributeName: new("sk"), KeyType: types.KeyTypeRange}},
	}, want("TableDescription.TableName", "items"), want("TableDescription.TableArn", "arn:aws:dynamodb:us-east-1:123456789012:table/items"))
}

func dynamodbStories() []story {
	put := func(pk, sk, n string) step {
		return ok(&dynamodb.PutItemInput{TableName: new("items"), Item: item(pk, sk, n)})
	}
	two := map[string]types.AttributeValue{":two": number("2")}
	writes := func(requests ...types.WriteRequest) map[string][]types.WriteRequest {
		return map[string][]types.WriteRequest{"items": requests}
	}
	return []story{
		{name: "dynamodb/Tables", steps: tableSteps()},
		{name: "dynamodb/Items", steps: []step{
			createTable(), wait(tableTime),
			put("a", "1", "1"),
			fails("ConditionalCheckFailedException", &dynamodb.PutItemInput{TableName: new("items"), Item: item("a", "1", "9"), ConditionExpression: new("attribute_not_exists(pk)")}),
			fails("ValidationException", &dynamodb.PutItemInput{TableName: new("items"), Item: map[string]types.AttributeValue{"pk": text("a")}}),
			fails("ResourceNotFoundException", &dynamodb.PutItemInput{TableName: new("none"), Item: item("a", "1", "1")}),
			ok(&dynamodb.GetItemInput{TableName: new("items"), Key: key("a", "1"), ConsistentRead: new(true)}, want("Item.#", 3), want("Item.n.Value", "1")),
			ok(&dynamodb.GetItemInput{TableName: new("items"), Key: key("a", "none")}, want("Item.#", 0)),
			fails("ValidationException", &dynamodb.GetItemInput{TableName: new("items"), Key: map[string]types.AttributeValue{"pk": text("a")}}),
			ok(&dynamodb.UpdateItemInput{
				TableName: new("items"), Key: key("a", "1"), UpdateExpression: new("ADD n :two SET #w = :two"), ExpressionAttributeNames: map[string]string{"#w": "w"},
				ExpressionAttributeValues: two, ReturnValues: types.ReturnValueAllNew,
			}, want("Attributes.n.Value", "3"), want("Attributes.w.Value", "2")),
			fails("ConditionalCheckFailedException", &dynamodb.UpdateItemInput{
				TableName: new("items"), Key: key("a", "1"), UpdateExpression: new("SET n = :two"), ConditionExpression: new("n < :two"), ExpressionAttributeValues: two,
			}),
			fails("ValidationException", &dynamodb.UpdateItemInput{TableName: new("items"), Key: key("a", "1"), UpdateExpression: new("SET n ="), ExpressionAttributeValues: two}),
			ok(&dynamodb.DeleteItemInput{TableName: new("items"), Key: key("a", "1"), ReturnValues: types.ReturnValueAllOld}, want("Attributes.n.Value", "3")),
			fails("ConditionalCheckFailedException", &dynamodb.DeleteItemInput{TableName: new("items"), Key: key("a", "1"), ConditionExpression: new("attribute_exists(pk)")}),
		}},
		{name: "dynamodb/Queries", steps: []step{
			createTable(), wait(tableTime), put("a", "1", "1"), put("a", "2", "2"), put("a", "3", "3"), put("b", "1", "4"),
			ok(&dynamodb.QueryInput{
				TableName: new("items"), KeyConditionExpression: new("pk = :pk AND sk > :sk"), ScanIndexForward: new(false),
				ExpressionAttributeValues: map[string]types.AttributeValue{":pk": text("a"), ":sk": text("1")},
			}, want("Count", 2), want("Items.0.sk.Value", "3"), want("Items.1.sk.Value", "2")),
			ok(&dynamodb.QueryInput{
				TableName: new("items"), KeyConditionExpression: new("pk = :pk"), FilterExpression: new("n > :two"),
				ExpressionAttributeValues: map[string]types.AttributeValue{":pk": text("a"), ":two": number("2")},
			}, want("Count", 1), want("ScannedCount", 3)),
			fails("ValidationException", &dynamodb.QueryInput{
				TableName: new("items"), KeyConditionExpression: new("sk = :sk"), ExpressionAttributeValues: map[string]types.AttributeValue{":sk": text("1")},
			}),
			fails("ResourceNotFoundException", &dynamodb.QueryInput{
				TableName: new("none"), KeyConditionExpression: new("pk = :pk"), ExpressionAttributeValues: map[string]types.AttributeValue{":pk": text("1")},
			}),
			ok(&dynamodb.ScanInput{TableName: new("items"), Limit: new(int32(3))}, want("Count", 3), want("LastEvaluatedKey.#", 2)),
			fails("ResourceNotFoundException", &dynamodb.ScanInput{TableName: new("none")}),
		}},
		{name: "dynamodb/Batches", steps: []step{
			createTable(), wait(tableTime),
			ok(&dynamodb.BatchWriteItemInput{RequestItems: writes(
				types.WriteRequest{PutRequest: &types.PutRequest{Item: item("a", "1", "1")}}, types.WriteRequest{PutRequest: &types.PutRequest{Item: item("a", "2", "2")}},
			)}, want("UnprocessedItems.#", 0)),
			ok(&dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{"items": {Keys: []map[string]types.AttributeValue{key("a", "1"), key("b", "1")}}}},
				want("Responses.items.#", 1), want("Responses.items.0.n.Value", "1"), want("UnprocessedKeys.#", 0)),
			fails("ResourceNotFoundException", &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{"none": {Keys: []map[string]types.AttributeValue{key("a", "1")}}}}),
			fails("ValidationException", &dynamodb.BatchWriteItemInput{RequestItems: writes(
				types.WriteRequest{PutRequest: &types.PutRequest{Item: item("a", "1", "1")}}, types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: key("a", "1")}},
			)}, moto("moto_server does not check; AWS: DynamoDB API Reference, BatchWriteItem: several operations on one item are rejected")),
		}},
		{name: "dynamodb/Transactions", steps: []step{
			createTable(), wait(tableTime),
			ok(&dynamodb.TransactWriteItemsInput{ClientRequestToken: new("one"), TransactItems: []types.TransactWriteItem{
				{Put: &types.Put{TableName: new("items"), Item: item("a", "1", "1"), ConditionExpression: new("attribute_not_exists(pk)")}},
				{Put: &types.Put{TableName: new("items"), Item: item("a", "2", "2")}},
			}}),
			fails("TransactionCanceledException", &dynamodb.TransactWriteItemsInput{ClientRequestToken: new("two"), TransactItems: []types.TransactWriteItem{
				{Put: &types.Put{TableName: new("items"), Item: item("a", "3", "3")}},
				{ConditionCheck: &types.ConditionCheck{TableName: new("items"), Key: key("a", "1"), ConditionExpression: new("n = :two"), ExpressionAttributeValues: two}},
			}}),
			ok(&dynamodb.TransactGetItemsInput{TransactItems: []types.TransactGetItem{
				{Get: &types.Get{TableName: new("items"), Key: key("a", "2")}}, {Get: &types.Get{TableName: new("items"), Key: key("a", "3")}},
			}}, want("Responses.#", 2), want("Responses.0.Item.n.Value", "2"), want("Responses.1.Item.#", 0)),
			fails("ResourceNotFoundException", &dynamodb.TransactGetItemsInput{TransactItems: []types.TransactGetItem{{Get: &types.Get{TableName: new("none"), Key: key("a", "2")}}}}),
		}},
		{name: "dynamodb/TimeToLive", steps: []step{
			createTable(), wait(tableTime),
			ok(&dynamodb.DescribeTimeToLiveInput{TableName: new("items")}, want("TimeToLiveDescription.TimeToLiveStatus", "DISABLED")),
			ok(&dynamodb.UpdateTimeToLiveInput{TableName: new("items"), TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: new("ttl"), Enabled: new(true)}},
				want("TimeToLiveSpecification.AttributeName", "ttl"), want("TimeToLiveSpecification.Enabled", true)),
			fails("ValidationException", &dynamodb.UpdateTimeToLiveInput{TableName: new("items"), TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: new("ttl"), Enabled: new(true)}},
				moto("moto_server does it again; AWS: DynamoDB API Reference, UpdateTimeToLive: a second call within an hour is a ValidationException")),
			ok(&dynamodb.DescribeTimeToLiveInput{TableName: new("items")}, want("TimeToLiveDescription.AttributeName", "ttl")),
			fails("ResourceNotFoundException", &dynamodb.DescribeTimeToLiveInput{TableName: new("none")},
				moto("moto_server's code is ResourceNotFound; AWS: model, DescribeTimeToLive has ResourceNotFoundException")),
		}},
	}
}

// tableTime is longer than a table needs to be created or deleted.
const tableTime = time.Minute

func tableSteps() []step {
	create := createTable()
	create.wants = append(create.wants, expectation{
		path: "TableDescription.TableStatus", value: "CREATING", moto: "moto_server's tables are there at once; AWS: DynamoDB API Reference, CreateTable",
	})
	return []step{
		create,
		wait(tableTime),
		fails("ResourceInUseException", create.in),
		ok(&dynamodb.DescribeTableInput{TableName: new("items")}, want("Table.TableStatus", "ACTIVE"), want("Table.KeySchema.1.AttributeName", "sk")),
		fails("ResourceNotFoundException", &dynamodb.DescribeTableInput{TableName: new("none")}),
		ok(&dynamodb.ListTablesInput{}, want("TableNames.#", 1), want("TableNames.0", "items")),
		fails("ValidationException", &dynamodb.ListTablesInput{Limit: new(int32(101))},
			moto("moto_server does not check; AWS: model, ListTablesInputLimit has the maximum 100")),
		ok(&dynamodb.UpdateTableInput{TableName: new("items"), DeletionProtectionEnabled: new(true)}, want("TableDescription.DeletionProtectionEnabled", true)),
		wait(tableTime),
		fails("ValidationException", &dynamodb.DeleteTableInput{TableName: new("items")}),
		ok(&dynamodb.UpdateTableInput{TableName: new("items"), DeletionProtectionEnabled: new(false)}),
		wait(tableTime),
		fails("ResourceNotFoundException", &dynamodb.UpdateTableInput{TableName: new("none"), DeletionProtectionEnabled: new(true)}),
		ok(&dynamodb.DeleteTableInput{TableName: new("items")}, want("TableDescription.TableStatus", "DELETING"),
			motoValue("moto_server's tables are gone at once; AWS: DynamoDB API Reference, DeleteTable")),
		wait(tableTime),
		fails("ResourceNotFoundException", &dynamodb.DeleteTableInput{TableName: new("items")}),
		create,
		fails("ResourceInUseException", &dynamodb.DeleteTableInput{TableName: new("items")},
			moto("moto_server's tables are there at once; AWS: DynamoDB API Reference, DeleteTable: ResourceInUseException while CREATING")),
	}
}
