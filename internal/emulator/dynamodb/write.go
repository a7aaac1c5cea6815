package dynamodb

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/attribute"
	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/expression"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// change is a write to one item, checked as far as it can be without the item.
type change struct {
	table     *table
	id        string
	defect    error                 // what is wrong with the key or item itself
	condition *expression.Condition // nil for none
	// showOld is set if a condition that fails is to give the item.
	showOld bool
	// next gives the item as the change leaves it, nil for none. Nil itself, the
	// change only checks its condition.
	next func(old attribute.Item) (attribute.Item, error)
}

// attempt gives the item before and after the change, or why it cannot be made.
// It changes nothing.
func (c *change) attempt() (old, next attribute.Item, err error) {
	if c.defect != nil {
		return nil, nil, c.defect
	}
	old = c.table.items[c.id]
	if c.condition != nil && !c.condition.Holds(old) {
		failed := &types.ConditionalCheckFailedException{Message: aws.String("The conditional request failed")}
		if c.showOld {
			failed.Item = old
		}
		return old, nil, failed
	}
	if c.next == nil {
		return old, old, nil
	}
	next, err = c.next(old)
	return old, next, err
}

// settle stores what attempt gave.
func (c *change) settle(next attribute.Item) {
	switch {
	case c.next == nil:
	case next == nil:
		c.table.discard(c.id)
	default:
		c.table.keep(next)
	}
}

// apply attempts the change and settles it.
func (c *change) apply() (old, next attribute.Item, err error) {
	old, next, err = c.attempt()
	if err == nil {
		c.settle(next)
	}
	return old, next, err
}

func (s *Service) putItem(_ *wire.Call, in *dynamodb.PutItemInput) (*dynamodb.PutItemOutput, error) {
	if err := refuseLegacy("PutItem", parameter{"Expected", in.Expected != nil}, parameter{"ConditionalOperator", in.ConditionalOperator != ""}); err != nil {
		return nil, err
	}
	if err := onlyOldReturned(in.ReturnValues); err != nil {
		return nil, err
	}
	c, err := s.put(&types.Put{
		TableName: in.TableName, Item: in.Item,
		ConditionExpression: in.ConditionExpression, ExpressionAttributeNames: in.ExpressionAttributeNames, ExpressionAttributeValues: in.ExpressionAttributeValues,
		ReturnValuesOnConditionCheckFailure: in.ReturnValuesOnConditionCheckFailure,
	})
	if err != nil {
		return nil, err
	}
	if err := c.table.refuseCollectionMetrics("PutItem", in.ReturnItemCollectionMetrics); err != nil {
		return nil, err
	}
	old, next, err := c.apply()
	if err != nil {
		return nil, err
	}
	out := &dynamodb.PutItemOutput{ConsumedCapacity: c.table.consumedWrite(in.ReturnConsumedCapacity, 1, old, next)}
	if in.ReturnValues == types.ReturnValueAllOld {
		out.Attributes = old
	}
	return out, nil
}

func onlyOldReturned(v types.ReturnValue) error {
	if v != "" && v != types.ReturnValueNone && v != types.ReturnValueAllOld {
		return invalid("ReturnValues can only be ALL_OLD or NONE")
	}
	return nil
}

// put checks a Put, of a transaction or on its own.
func (s *Service) put(in *types.Put) (*change, error) {
	item, err := attribute.NormalizeItem(in.Item)
	if err != nil {
		return nil, rejected(err)
	}
	parsed, err := expressions{
		names: in.ExpressionAttributeNames, values: in.ExpressionAttributeValues,
		condition: in.ConditionExpression, valueUsers: []string{"ConditionExpression"},
	}.parse()
	if err != nil {
		return nil, err
	}
	t, err := s.usable(in.TableName)
	if err != nil {
		return nil, err
	}
	c := &change{
		table: t, defect: t.checkItem(item), condition: parsed.condition, showOld: showsOld(in.ReturnValuesOnConditionCheckFailure),
		next: func(attribute.Item) (attribute.Item, error) { return item, nil },
	}
	if c.defect == nil {
		c.id = identity(item, t.order.schema)
	}
	return c, nil
}

func showsOld(v types.ReturnValuesOnConditionCheckFailure) bool {
	return v == types.ReturnValuesOnConditionCheckFailureAllOld
}

func (s *Service) deleteItem(_ *wire.Call, in *dynamodb.DeleteItemInput) (*dynamodb.DeleteItemOutput, error) {
	if err := refuseLegacy("DeleteItem", parameter{"Expected", in.Expected != nil}, parameter{"ConditionalOperator", in.ConditionalOperator != ""}); err != nil {
		return nil, err
	}
	if err := onlyOldReturned(in.ReturnValues); err != nil {
		return nil, err
	}
	c, err := s.delete(&types.Delete{
		TableName: in.TableName, Key: in.Key,
		ConditionExpression: in.ConditionExpression, ExpressionAttributeNames: in.ExpressionAttributeNames, ExpressionAttributeValues: in.ExpressionAttributeValues,
		ReturnValuesOnConditionCheckFailure: in.ReturnValuesOnConditionCheckFailure,
	})
	if err != nil {
		return nil, err
	}
	if err := c.table.refuseCollectionMetrics("DeleteItem", in.ReturnItemCollectionMetrics); err != nil {
		return nil, err
	}
	old, next, err := c.apply()
	if err != nil {
		return nil, err
	}
	out := &dynamodb.DeleteItemOutput{ConsumedCapacity: c.table.consumedWrite(in.ReturnConsumedCapacity, 1, old, next)}
	if in.ReturnValues == types.ReturnValueAllOld {
		out.Attributes = old
	}
	return out, nil
}

// delete checks a Delete, of a transaction or on its own.
func (s *Service) delete(in *types.Delete) (*change, error) {
	c, err := s.check(&types.ConditionCheck{
		TableName: in.TableName, Key: in.Key,
		ConditionExpression: in.ConditionExpression, ExpressionAttributeNames: in.ExpressionAttributeNames, ExpressionAttributeValues: in.ExpressionAttributeValues,
		ReturnValuesOnConditionCheckFailure: in.ReturnValuesOnConditionCheckFailure,
	})
	if err != nil {
		return nil, err
	}
	c.next = func(attribute.Item) (attribute.Item, error) { return nil, nil } //nolint:nilnil // nothing is left
	return c, nil
}

// check checks a ConditionCheck of a transaction, which changes nothing.
func (s *Service) check(in *types.ConditionCheck) (*change, error) {
	parsed, err := expressions{
		names: in.ExpressionAttributeNames, values: in.ExpressionAttributeValues,
		condition: in.ConditionExpression, valueUsers: []string{"ConditionExpression"},
	}.parse()
	if err != nil {
		return nil, err
	}
	t, err := s.usable(in.TableName)
	if err != nil {
		return nil, err
	}
	_, id, err := t.key(in.Key)
	return &change{table: t, id: id, defect: err, condition: parsed.condition, showOld: showsOld(in.ReturnValuesOnConditionCheckFailure)}, nil
}
