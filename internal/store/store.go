// Package store keeps Sluice's facts in one DynamoDB table. Each item kind has a
// file here; every move on an environment is one conditional write on its item.
//
// Errors are *rollout.Error. A condition that does not hold is an answer, not an
// error, wherever the caller has to decide what to do then.
package store

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Store is the table.
type Store struct {
	DB     *dynamodb.Client
	Table  string
	Format int // of the items that it writes, and the newest that it reads
}

// item is a raw DynamoDB item.
type item = map[string]types.AttributeValue

// key names an item: pk and sk.
type key struct{ pk, sk string }

func (k key) attributes() item {
	return item{
		"pk": &types.AttributeValueMemberS{Value: k.pk},
		"sk": &types.AttributeValueMemberS{Value: k.sk},
	}
}

// update is one conditional write on one item. Names are all aliased with # and
// resolved from the expressions' own #words, so no reserved word can bite; those
// that are no words are given.
type update struct {
	key       key
	set       string // an UpdateExpression
	condition string
	names     map[string]string
	values    map[string]any
}

// apply runs the update. It reports whether the condition held, and gives the
// item after the write if it did and before it if it did not.
func (s *Store) apply(ctx context.Context, u update) (held bool, after item, err error) {
	s.mark(&u)
	values, err := marshal(u.values)
	if err != nil {
		return false, nil, err
	}
	aliases := names(u.set + " " + u.condition)
	maps.Copy(aliases, u.names)
	out, err := s.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:                           &s.Table,
		Key:                                 u.key.attributes(),
		UpdateExpression:                    &u.set,
		ConditionExpression:                 &u.condition,
		ExpressionAttributeNames:            aliases,
		ExpressionAttributeValues:           values,
		ReturnValues:                        types.ReturnValueAllNew,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	var failed *types.ConditionalCheckFailedException
	if errors.As(err, &failed) {
		return false, failed.Item, s.readable(failed.Item)
	}
	if err != nil {
		return false, nil, awsclient.Wrap(err, "update item %s %s", u.key.pk, u.key.sk)
	}
	return true, out.Attributes, nil
}

// get reads an item consistently into out, and reports whether it is there.
func (s *Store) get(ctx context.Context, k key, out any) (bool, error) {
	got, err := s.DB.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &s.Table, Key: k.attributes(), ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return false, awsclient.Wrap(err, "read item %s %s", k.pk, k.sk)
	}
	if got.Item == nil {
		return false, nil
	}
	if err := s.readable(got.Item); err != nil {
		return true, err
	}
	return true, unmarshal(got.Item, out)
}

// putNew writes an item if none has its key, and reports whether it did.
func (s *Store) putNew(ctx context.Context, k key, in any) (bool, error) {
	it, err := s.itemOf(k, in)
	if err != nil {
		return false, err
	}
	_, err = s.DB.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &s.Table, Item: it, ConditionExpression: aws.String("attribute_not_exists(pk)"),
	})
	var failed *types.ConditionalCheckFailedException
	if errors.As(err, &failed) {
		return false, nil
	}
	if err != nil {
		return false, awsclient.Wrap(err, "write item %s %s", k.pk, k.sk)
	}
	return true, nil
}

// put writes an item over any that is not newer.
func (s *Store) put(ctx context.Context, k key, in any) error {
	it, err := s.itemOf(k, in)
	if err != nil {
		return err
	}
	_, err = s.DB.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &s.Table, Item: it, ConditionExpression: aws.String(notNewer),
		ExpressionAttributeNames: names(notNewer), ExpressionAttributeValues: s.known(),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	return s.wrote(err, "write item", k)
}

// remove deletes an item, if there is one, that is not newer.
func (s *Store) remove(ctx context.Context, k key) error {
	_, err := s.DB.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: &s.Table, Key: k.attributes(), ConditionExpression: aws.String(notNewer),
		ExpressionAttributeNames: names(notNewer), ExpressionAttributeValues: s.known(),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	return s.wrote(err, "delete item", k)
}

// wrote is the error of a write whose only condition is that the item is not newer.
func (s *Store) wrote(err error, verb string, k key) error {
	var failed *types.ConditionalCheckFailedException
	if errors.As(err, &failed) {
		return s.readable(failed.Item)
	}
	if err != nil {
		return awsclient.Wrap(err, "%s %s %s", verb, k.pk, k.sk)
	}
	return nil
}

// query reads, consistently and in order, all items of a partition whose sort key
// begins with prefix.
func (s *Store) query(ctx context.Context, pk, prefix string, each func(item) error) error {
	pages := dynamodb.NewQueryPaginator(s.DB, &dynamodb.QueryInput{
		TableName:                &s.Table,
		ConsistentRead:           aws.Bool(true),
		KeyConditionExpression:   aws.String("#pk = :pk AND begins_with(#sk, :sk)"),
		ExpressionAttributeNames: map[string]string{"#pk": "pk", "#sk": "sk"},
		ExpressionAttributeValues: item{
			":pk": &types.AttributeValueMemberS{Value: pk},
			":sk": &types.AttributeValueMemberS{Value: prefix},
		},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return awsclient.Wrap(err, "query items %s %s", pk, prefix)
		}
		for _, it := range page.Items {
			if err := s.readable(it); err != nil {
				return err
			}
			if err := each(it); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Store) itemOf(k key, in any) (item, error) {
	it, err := attributevalue.MarshalMap(in)
	if err != nil {
		return nil, fmt.Errorf("encode item %s %s: %w", k.pk, k.sk, err)
	}
	maps.Copy(it, k.attributes())
	maps.Copy(it, item{formatName: s.known()[":format"]})
	return it, nil
}

func marshal(values map[string]any) (item, error) {
	out := make(item, len(values))
	for name, value := range values {
		v, err := attributevalue.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", name, err)
		}
		out[name] = v
	}
	return out, nil
}

func unmarshal(it item, out any) error {
	if err := attributevalue.UnmarshalMap(it, out); err != nil {
		return rollout.Errorf(rollout.KindInternal, "an item in the table cannot be read: %w", err)
	}
	return nil
}

// names finds every #word of an expression and maps it to the word.
func names(expression string) map[string]string {
	out := map[string]string{}
	for i := 0; i < len(expression); i++ {
		if expression[i] != '#' {
			continue
		}
		end := i + 1
		for end < len(expression) && isWord(expression[end]) {
			end++
		}
		out[expression[i:end]] = expression[i+1 : end]
		i = end
	}
	return out
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}
