package dynamodb_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
)

func TestPutItemRefused(t *testing.T) {
	t.Parallel()
	const invalid = "One or more parameter values were invalid: "
	for name, test := range map[string]struct {
		item item
		want string
	}{
		"NoKey":         {item{"pk": s("a")}, invalid + "Missing the key sk in the item"},
		"KeyType":       {item{"pk": s("a"), "sk": s("1")}, invalid + "Type mismatch for key sk expected: N actual: S"},
		"EmptyKey":      {item{"pk": s(""), "sk": n("1")}, "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk"},
		"LongKey":       {item{"pk": s(strings.Repeat("x", 2049)), "sk": n("1")}, invalid + "Size of hashkey has exceeded the maximum size limit of2048 bytes"},
		"IndexKeyType":  {item{"pk": s("a"), "sk": n("1"), "holder": n("1")}, invalid + "Type mismatch for Index Key holder Expected: S Actual: N IndexName: byHolder"},
		"EmptyIndexKey": {item{"pk": s("a"), "sk": n("1"), "holder": s("")}, "One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty string value. IndexName: byHolder, IndexKey: holder"},
		"TooBig":        {item{"pk": s("a"), "sk": n("1"), "note": s(strings.Repeat("x", 400*1024))}, "Item size has exceeded the maximum allowed size"},
		"BadNumber":     {item{"pk": s("a"), "sk": n("one")}, "The parameter cannot be converted to a numeric value: one"},
		"Duplicates":    {item{"pk": s("a"), "sk": n("1"), "tags": &strs{Value: []string{"a", "a"}}}, invalid + "Input collection [a, a] contains duplicates."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := start(t)
			_, err := c.PutItem(t.Context(), &sdk.PutItemInput{TableName: aws.String("items"), Item: test.item})
			wantError(t, err, "ValidationException", test.want)
		})
	}
}

func TestKeysMustMatchTheSchema(t *testing.T) {
	t.Parallel()
	c := start(t)
	for _, k := range []item{{"pk": s("a")}, {"pk": s("a"), "sk": s("1")}, {"pk": s("a"), "sk": n("1"), "more": n("1")}} {
		_, err := c.GetItem(t.Context(), &sdk.GetItemInput{TableName: aws.String("items"), Key: k})
		wantError(t, err, "ValidationException", "The provided key element does not match the schema")
		_, err = c.DeleteItem(t.Context(), &sdk.DeleteItemInput{TableName: aws.String("items"), Key: k})
		wantError(t, err, "ValidationException", "The provided key element does not match the schema")
	}
}

func TestNumbersAsKeysAreEqualByValue(t *testing.T) {
	t.Parallel()
	c := start(t)
	c.put(t, item{"pk": s("a"), "sk": n("1.0"), "note": s("x")})
	wantItem(t, "item", c.get(t, key("a", "01")), item{"pk": s("a"), "sk": n("1"), "note": s("x")})
}

func TestReturnValues(t *testing.T) {
	t.Parallel()
	before := item{"pk": s("a"), "sk": n("1"), "count": n("1"), "doc": &dict{Value: item{"x": n("1"), "y": n("2")}}}
	after := item{"pk": s("a"), "sk": n("1"), "count": n("2"), "doc": &dict{Value: item{"x": n("9"), "y": n("2")}}}
	for wanted, want := range map[types.ReturnValue]item{
		types.ReturnValueNone:       nil,
		types.ReturnValueAllOld:     before,
		types.ReturnValueAllNew:     after,
		types.ReturnValueUpdatedOld: {"count": n("1"), "doc": &dict{Value: item{"x": n("1")}}},
		types.ReturnValueUpdatedNew: {"count": n("2"), "doc": &dict{Value: item{"x": n("9")}}},
	} {
		t.Run(string(wanted), func(t *testing.T) {
			t.Parallel()
			c := start(t)
			c.put(t, before)
			out, err := c.UpdateItem(t.Context(), &sdk.UpdateItemInput{
				TableName: aws.String("items"), Key: key("a", "1"), ReturnValues: wanted,
				UpdateExpression: aws.String("ADD #c :one SET doc.x = :nine REMOVE gone"), ExpressionAttributeNames: map[string]string{"#c": "count"},
				ExpressionAttributeValues: item{":one": n("1"), ":nine": n("9")},
			})
			if err != nil {
				t.Fatalf("UpdateItem: %v", err)
			}
			wantItem(t, "returned", out.Attributes, want)
		})
	}
}

func TestPutAndDeleteReturnTheOldItem(t *testing.T) {
	t.Parallel()
	c := start(t)
	old := item{"pk": s("a"), "sk": n("1"), "note": s("old")}
	c.put(t, old)
	replaced, err := c.PutItem(t.Context(), &sdk.PutItemInput{TableName: aws.String("items"), Item: key("a", "1"), ReturnValues: types.ReturnValueAllOld})
	if err != nil {
		t.Fatalf("PutItem: %v", err)
	}
	wantItem(t, "replaced", replaced.Attributes, old)
	_, err = c.PutItem(t.Context(), &sdk.PutItemInput{TableName: aws.String("items"), Item: key("a", "1"), ReturnValues: types.ReturnValueAllNew})
	wantError(t, err, "ValidationException", "ReturnValues can only be ALL_OLD or NONE")
	_, err = c.DeleteItem(t.Context(), &sdk.DeleteItemInput{
		TableName: aws.String("items"), Key: key("a", "1"), ConditionExpression: aws.String("attribute_exists(note)"),
	})
	wantError(t, err, "ConditionalCheckFailedException", "The conditional request failed")
	deleted, err := c.DeleteItem(t.Context(), &sdk.DeleteItemInput{TableName: aws.String("items"), Key: key("a", "1"), ReturnValues: types.ReturnValueAllOld})
	if err != nil {
		t.Fatalf("DeleteItem: %v", err)
	}
	wantItem(t, "deleted", deleted.Attributes, key("a", "1"))
	if got := c.get(t, key("a", "1")); got != nil {
		t.Errorf("after DeleteItem there is %v", got)
	}
}

func TestUpdateMakesTheItem(t *testing.T) {
	t.Parallel()
	c := start(t)
	if _, err := c.UpdateItem(t.Context(), &sdk.UpdateItemInput{TableName: aws.String("items"), Key: key("a", "1")}); err != nil {
		t.Fatalf("UpdateItem without an expression: %v", err)
	}
	wantItem(t, "item", c.get(t, key("a", "1")), key("a", "1"))
	if _, err := c.UpdateItem(t.Context(), &sdk.UpdateItemInput{TableName: aws.String("items"), Key: key("a", "2"), UpdateExpression: aws.String("SET note = pk")}); err != nil {
		t.Fatalf("UpdateItem: %v", err)
	}
	wantItem(t, "item", c.get(t, key("a", "2")), item{"pk": s("a"), "sk": n("2"), "note": s("a")})
}

func TestUpdatedIndexKeyOfWrongType(t *testing.T) {
	t.Parallel()
	c := start(t)
	c.put(t, item{"pk": s("a"), "sk": n("1"), "note": s("x"), "age": n("3")})
	_, err := c.UpdateItem(t.Context(), &sdk.UpdateItemInput{TableName: aws.String("items"), Key: key("a", "1"), UpdateExpression: aws.String("SET age = note")})
	wantError(t, err, "ValidationException", "The update expression attempted to update the secondary index key to unsupported type")
	_, err = c.UpdateItem(t.Context(), &sdk.UpdateItemInput{TableName: aws.String("items"), Key: key("a", "1"), UpdateExpression: aws.String("REMOVE holder.x")})
	wantError(t, err, "ValidationException", "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: IndexKey: holder")
}

func TestStaleReads(t *testing.T) {
	t.Parallel()
	c := start(t)
	c.put(t, item{"pk": s("a"), "sk": n("1"), "note": s("old")})
	c.put(t, item{"pk": s("a"), "sk": n("1"), "note": s("new")})
	c.put(t, item{"pk": s("a"), "sk": n("2"), "note": s("first")})
	c.stale = true
	out, err := c.GetItem(t.Context(), &sdk.GetItemInput{TableName: aws.String("items"), Key: key("a", "1")})
	if err != nil {
		t.Fatalf("GetItem: %v", err)
	}
	wantItem(t, "eventually consistent", out.Item, item{"pk": s("a"), "sk": n("1"), "note": s("old")})
	wantItem(t, "strongly consistent", c.get(t, key("a", "1")), item{"pk": s("a"), "sk": n("1"), "note": s("new")})
	queried, err := c.Query(t.Context(), &sdk.QueryInput{
		TableName: aws.String("items"), KeyConditionExpression: aws.String("pk = :a"), ExpressionAttributeValues: item{":a": s("a")},
	})
	if err != nil {
		t.Fatalf("Query: %v", err)
	}
	if diff := diffItems([]item{{"pk": s("a"), "sk": n("1"), "note": s("old")}}, queried.Items); diff != "" {
		t.Errorf("Query (-want +got):\n%s", diff)
	}
}

func TestConsumedCapacity(t *testing.T) {
	t.Parallel()
	c := start(t)
	put, err := c.PutItem(t.Context(), &sdk.PutItemInput{
		TableName: aws.String("items"), ReturnConsumedCapacity: types.ReturnConsumedCapacityIndexes,
		Item: item{"pk": s("a"), "sk": n("1"), "age": n("1"), "note": s(strings.Repeat("x", 1500))},
	})
	if err != nil {
		t.Fatalf("PutItem: %v", err)
	}
	used := put.ConsumedCapacity
	got := []float64{*used.CapacityUnits, *used.Table.CapacityUnits, *used.LocalSecondaryIndexes["byAge"].CapacityUnits}
	if diff := cmp.Diff([]float64{3, 2, 1}, got); diff != "" || len(used.GlobalSecondaryIndexes) > 0 {
		t.Errorf("a write used %+v (-want +got):\n%s", used, diff)
	}
	for consistent, want := range map[bool]float64{false: 0.5, true: 1} {
		out, err := c.GetItem(t.Context(), &sdk.GetItemInput{
			TableName: aws.String("items"), Key: key("a", "1"), ConsistentRead: &consistent, ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
		})
		if err != nil {
			t.Fatalf("GetItem: %v", err)
		}
		if got := *out.ConsumedCapacity.CapacityUnits; got != want {
			t.Errorf("a read, consistent %v, used %v, want %v", consistent, got, want)
		}
	}
}
