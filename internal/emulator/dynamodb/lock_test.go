package dynamodb_test

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// acquire takes a lock with a lease, as a lock table does it.
func (c *cloud) acquire(t *testing.T, me, now, until string) (item, error) {
	t.Helper()
	out, err := c.UpdateItem(t.Context(), &sdk.UpdateItemInput{
		TableName:                           aws.String("items"),
		Key:                                 key("lock", "0"),
		UpdateExpression:                    aws.String("SET #o = :me, lease_until = :until ADD fence :one"),
		ConditionExpression:                 aws.String("attribute_not_exists(pk) OR lease_until < :now OR #o = :me"),
		ExpressionAttributeNames:            map[string]string{"#o": "owner"},
		ExpressionAttributeValues:           item{":me": s(me), ":until": n(until), ":one": n("1"), ":now": n(now)},
		ReturnValues:                        types.ReturnValueUpdatedNew,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if err != nil {
		return nil, err
	}
	return out.Attributes, nil
}

func (c *cloud) renew(t *testing.T, me, fence string) error {
	t.Helper()
	_, err := c.UpdateItem(t.Context(), &sdk.UpdateItemInput{
		TableName:                 aws.String("items"),
		Key:                       key("lock", "0"),
		UpdateExpression:          aws.String("SET lease_until = :x"),
		ConditionExpression:       aws.String("#o = :me AND fence = :f"),
		ExpressionAttributeNames:  map[string]string{"#o": "owner"},
		ExpressionAttributeValues: item{":me": s(me), ":f": n(fence), ":x": n("900")},
	})
	return err
}

func TestLockWithLeaseAndFence(t *testing.T) {
	t.Parallel()
	c := start(t)
	got, err := c.acquire(t, "a", "100", "200")
	if err != nil {
		t.Fatalf("acquire by a: %v", err)
	}
	wantItem(t, "what a gets", got, item{"owner": s("a"), "lease_until": n("200"), "fence": n("1")})

	_, err = c.acquire(t, "b", "150", "250")
	var failed *types.ConditionalCheckFailedException
	if !errors.As(err, &failed) {
		t.Fatalf("acquire by b while a holds: %v, want ConditionalCheckFailedException", err)
	}
	wantItem(t, "the holder that b sees", failed.Item, item{"pk": s("lock"), "sk": n("0"), "owner": s("a"), "lease_until": n("200"), "fence": n("1")})

	if got, err = c.acquire(t, "b", "201", "300"); err != nil {
		t.Fatalf("acquire by b after the lease: %v", err)
	}
	wantItem(t, "what b gets", got, item{"owner": s("b"), "lease_until": n("300"), "fence": n("2")})

	wantError(t, c.renew(t, "a", "1"), "ConditionalCheckFailedException", "The conditional request failed")
	if err := c.renew(t, "b", "2"); err != nil {
		t.Errorf("renew by b: %v", err)
	}
}

func TestFencedWrite(t *testing.T) {
	t.Parallel()
	c := start(t)
	write := func(fence, value string) error {
		_, err := c.UpdateItem(t.Context(), &sdk.UpdateItemInput{
			TableName:                 aws.String("items"),
			Key:                       key("deployment", "1"),
			UpdateExpression:          aws.String("SET fence = :f, note = :v"),
			ConditionExpression:       aws.String("attribute_not_exists(fence) OR fence <= :f"),
			ExpressionAttributeValues: item{":f": n(fence), ":v": s(value)},
		})
		return err
	}
	for _, fence := range []string{"2", "2", "10"} {
		if err := write(fence, "by "+fence); err != nil {
			t.Errorf("write with fence %s: %v", fence, err)
		}
	}
	wantError(t, write("9", "late"), "ConditionalCheckFailedException", "The conditional request failed")
	wantItem(t, "item", c.get(t, key("deployment", "1")), item{"pk": s("deployment"), "sk": n("1"), "fence": n("10"), "note": s("by 10")})
}

func TestReservedWordsAndUnusedNames(t *testing.T) {
	t.Parallel()
	c := start(t)
	for name, test := range map[string]struct {
		update, condition *string
		names             map[string]string
		values            item
		want              string
	}{
		"Reserved": {
			update: aws.String("SET owner = :o"), values: item{":o": s("a")},
			want: "Invalid UpdateExpression: Attribute name is a reserved keyword; reserved keyword: owner",
		},
		"UnusedName": {
			update: aws.String("REMOVE note"), names: map[string]string{"#a": "a", "#b": "b"},
			want: "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a, #b}",
		},
		"UnusedValue": {
			update: aws.String("SET note = :a"), condition: aws.String("age = :b"), values: item{":a": s("a"), ":b": s("b"), ":c": s("c")},
			want: "Value provided in ExpressionAttributeValues unused in expressions: keys: {:c}",
		},
		"NoExpression": {
			values: item{":a": s("a")},
			want:   "ExpressionAttributeValues can only be specified when using expressions: UpdateExpression and ConditionExpression are null",
		},
		"KeyChanged": {
			update: aws.String("SET sk = :a"), values: item{":a": n("1")},
			want: "One or more parameter values were invalid: Cannot update attribute sk. This attribute is part of the key",
		},
		"IndexKeyType": {
			update: aws.String("SET age = :a"), values: item{":a": s("old")},
			want: "One or more parameter values were invalid: Type mismatch for Index Key age Expected: N Actual: S IndexName: byAge",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := start(t)
			_, err := c.UpdateItem(t.Context(), &sdk.UpdateItemInput{
				TableName: aws.String("items"), Key: key("a", "1"), UpdateExpression: test.update, ConditionExpression: test.condition,
				ExpressionAttributeNames: test.names, ExpressionAttributeValues: test.values,
			})
			wantError(t, err, "ValidationException", test.want)
		})
	}
	_, err := c.UpdateItem(t.Context(), &sdk.UpdateItemInput{
		TableName: aws.String("items"), Key: key("a", "1"),
		AttributeUpdates: map[string]types.AttributeValueUpdate{"note": {Value: s("x")}},
	})
	wantError(t, err, "NotImplemented", "UpdateItem with the legacy parameter AttributeUpdates is not emulated")
}
