package dynamodb_test

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/attribute"
)

// A table's items are handed over once for each operation that has written, before it is
// answered: a transaction's all together. What cannot be kept fails the operation.
func TestKeep(t *testing.T) {
	t.Parallel()
	c := start(t)
	kept, failure := []int{}, error(nil)
	c.loop.Do(func() {
		c.service.Keep("items", []attribute.Item{key("a", "0")}, func(all []attribute.Item) error {
			kept = append(kept, len(all))
			return failure
		})
	})
	got, err := c.GetItem(t.Context(), &sdk.GetItemInput{TableName: aws.String("items"), Key: key("a", "0")})
	if err != nil || len(got.Item) == 0 {
		t.Errorf("what was kept before is not there: %v, %v", got, err)
	}
	put := func(sort string) error {
		_, err := c.PutItem(t.Context(), &sdk.PutItemInput{TableName: aws.String("items"), Item: key("a", sort)})
		return err
	}
	if err := put("1"); err != nil {
		t.Fatal(err)
	}
	writes := []types.TransactWriteItem{}
	for _, sort := range []string{"2", "3"} {
		writes = append(writes, types.TransactWriteItem{Put: &types.Put{TableName: aws.String("items"), Item: key("a", sort)}})
	}
	if _, err := c.TransactWriteItems(t.Context(), &sdk.TransactWriteItemsInput{TransactItems: writes}); err != nil {
		t.Fatal(err)
	}
	failure = errors.New("the disk is full")
	wantError(t, put("4"), "InternalServerError", "the disk is full")
	if diff := cmp.Diff([]int{2, 4, 5}, kept); diff != "" {
		t.Errorf("items handed over (-want +got):\n%s", diff)
	}
}
