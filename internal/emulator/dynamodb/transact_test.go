package dynamodb_test

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
)

func (c *cloud) transact(t *testing.T, token string, writes ...types.TransactWriteItem) error {
	t.Helper()
	in := &sdk.TransactWriteItemsInput{TransactItems: writes}
	if token != "" {
		in.ClientRequestToken = &token
	}
	_, err := c.TransactWriteItems(t.Context(), in)
	return err
}

func putIn(i item) types.TransactWriteItem {
	return types.TransactWriteItem{Put: &types.Put{TableName: aws.String("items"), Item: i}}
}

func increment(sk string) types.TransactWriteItem {
	return types.TransactWriteItem{Update: &types.Update{
		TableName: aws.String("items"), Key: key("a", sk), UpdateExpression: aws.String("ADD age :one"), ExpressionAttributeValues: item{":one": n("1")},
	}}
}

// reasons are the codes why a transaction was cancelled, and the items shown.
func reasons(t *testing.T, err error) ([]string, []item) {
	t.Helper()
	var cancelled *types.TransactionCanceledException
	if !errors.As(err, &cancelled) {
		t.Fatalf("error = %v, want TransactionCanceledException", err)
	}
	var codes []string
	var items []item
	for _, reason := range cancelled.CancellationReasons {
		codes = append(codes, aws.ToString(reason.Code))
		items = append(items, reason.Item)
	}
	return codes, items
}

func TestTransactionIsAllOrNothing(t *testing.T) {
	t.Parallel()
	c := start(t)
	c.put(t, item{"pk": s("a"), "sk": n("1"), "note": s("here")})
	err := c.transact(t, "",
		putIn(key("a", "2")),
		types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
			TableName: aws.String("items"), Key: key("a", "1"), ConditionExpression: aws.String("attribute_not_exists(pk)"),
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		}},
		types.TransactWriteItem{Update: &types.Update{TableName: aws.String("items"), Key: key("a", "3"), UpdateExpression: aws.String("SET note = gone")}},
		types.TransactWriteItem{Put: &types.Put{TableName: aws.String("items"), Item: item{"pk": s("a")}}},
	)
	codes, items := reasons(t, err)
	if diff := cmp.Diff([]string{"None", "ConditionalCheckFailed", "ValidationError", "ValidationError"}, codes); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
	wantItem(t, "item of the failed condition", items[1], item{"pk": s("a"), "sk": n("1"), "note": s("here")})
	wantError(t, err, "TransactionCanceledException", "Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed, ValidationError, ValidationError]")
	if got := c.get(t, key("a", "2")); got != nil {
		t.Errorf("a cancelled transaction put %v", got)
	}

	if err := c.transact(t, "", putIn(key("a", "2")), increment("3"), types.TransactWriteItem{Delete: &types.Delete{TableName: aws.String("items"), Key: key("a", "1")}}); err != nil {
		t.Fatalf("TransactWriteItems: %v", err)
	}
	out, err := c.TransactGetItems(t.Context(), &sdk.TransactGetItemsInput{TransactItems: []types.TransactGetItem{
		{Get: &types.Get{TableName: aws.String("items"), Key: key("a", "1")}},
		{Get: &types.Get{TableName: aws.String("items"), Key: key("a", "2")}},
		{Get: &types.Get{TableName: aws.String("items"), Key: key("a", "3"), ProjectionExpression: aws.String("age")}},
	}})
	if err != nil {
		t.Fatalf("TransactGetItems: %v", err)
	}
	for i, want := range []item{nil, key("a", "2"), {"age": n("1")}} {
		wantItem(t, "read", out.Responses[i].Item, want)
	}
}

func TestTransactionRefused(t *testing.T) {
	t.Parallel()
	c := start(t)
	wantError(t, c.transact(t, "", increment("1"), putIn(key("a", "1.0"))), "ValidationException", "Transaction request cannot include multiple operations on one item")
	both := increment("1")
	both.Put = putIn(key("a", "1")).Put
	wantError(t, c.transact(t, "", both), "ValidationException", "TransactItems can only contain one of Check, Put, Update or Delete")
	reserved := increment("1")
	reserved.Update.UpdateExpression = aws.String("ADD count :one")
	wantError(t, c.transact(t, "", reserved), "ValidationException", "Invalid UpdateExpression: Attribute name is a reserved keyword; reserved keyword: count")
	elsewhere := increment("1")
	elsewhere.Update.TableName = aws.String("nowhere")
	wantError(t, c.transact(t, "", elsewhere), "ResourceNotFoundException", "Requested resource not found")
	many := make([]types.TransactWriteItem, 101)
	for i := range many {
		many[i] = increment(string(rune('0' + i%10)))
	}
	if err := c.transact(t, "", many...); err == nil {
		t.Error("a transaction of 101 actions was accepted")
	}
}

func TestTransactionTokenIsIdempotent(t *testing.T) {
	t.Parallel()
	c := start(t)
	age := func() string {
		v, ok := c.get(t, key("a", "1"))["age"].(*num)
		if !ok {
			return "none"
		}
		return v.Value
	}
	for range 3 {
		if err := c.transact(t, "token", increment("1")); err != nil {
			t.Fatalf("TransactWriteItems: %v", err)
		}
	}
	if got := age(); got != "1" {
		t.Errorf("age after three repeats = %s, want 1", got)
	}
	wantError(t, c.transact(t, "token", increment("2")), "IdempotentParameterMismatchException", "The request uses the same client token as a previous, but non-identical request.")
	c.loop.RunFor(11 * time.Minute)
	if err := c.transact(t, "token", increment("1")); err != nil {
		t.Fatalf("TransactWriteItems after ten minutes: %v", err)
	}
	if got := age(); got != "2" {
		t.Errorf("age after the token's life = %s, want 2", got)
	}
}

func TestCancelledTransactionDoesNotUseUpItsToken(t *testing.T) {
	t.Parallel()
	c := start(t)
	guarded := increment("1")
	guarded.Update.ConditionExpression = aws.String("attribute_exists(pk)")
	if codes, _ := reasons(t, c.transact(t, "token", guarded)); codes[0] != "ConditionalCheckFailed" {
		t.Errorf("reason = %s, want ConditionalCheckFailed", codes[0])
	}
	c.put(t, key("a", "1"))
	if err := c.transact(t, "token", guarded); err != nil {
		t.Errorf("the same transaction when its condition holds: %v", err)
	}
}

func TestBatches(t *testing.T) {
	t.Parallel()
	c := start(t)
	write := func(requests ...types.WriteRequest) error {
		_, err := c.BatchWriteItem(t.Context(), &sdk.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{"items": requests}})
		return err
	}
	put := func(sk string) types.WriteRequest {
		return types.WriteRequest{PutRequest: &types.PutRequest{Item: key("a", sk)}}
	}
	remove := func(sk string) types.WriteRequest {
		return types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: key("a", sk)}}
	}
	if err := write(put("1"), put("2"), put("3")); err != nil {
		t.Fatalf("BatchWriteItem: %v", err)
	}
	if err := write(remove("2"), put("4")); err != nil {
		t.Fatalf("BatchWriteItem: %v", err)
	}
	wantError(t, write(put("1"), remove("1")), "ValidationException", "Provided list of item keys contains duplicates")
	read := func(sks ...string) (*sdk.BatchGetItemOutput, error) {
		var keys []item
		for _, sk := range sks {
			keys = append(keys, key("a", sk))
		}
		return c.BatchGetItem(t.Context(), &sdk.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{"items": {Keys: keys}}})
	}
	out, err := read("4", "2", "1")
	if err != nil {
		t.Fatalf("BatchGetItem: %v", err)
	}
	if got := sks(out.Responses["items"]); got != "4 1" || len(out.UnprocessedKeys) != 0 {
		t.Errorf("read %s, unprocessed %v, want 4 1 and none", got, out.UnprocessedKeys)
	}
	_, err = read("1", "1.0")
	wantError(t, err, "ValidationException", "Provided list of item keys contains duplicates")
}
