package dynamodb

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/attribute"
	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/expression"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

func (s *Service) updateItem(_ *wire.Call, in *dynamodb.UpdateItemInput) (*dynamodb.UpdateItemOutput, error) {
	if err := refuseLegacy("UpdateItem",
		parameter{"AttributeUpdates", in.AttributeUpdates != nil},
		parameter{"Expected", in.Expected != nil},
		parameter{"ConditionalOperator", in.ConditionalOperator != ""},
	); err != nil {
		return nil, err
	}
	c, update, err := s.prepareUpdate(&types.Update{
		TableName: in.TableName, Key: in.Key, UpdateExpression: in.UpdateExpression,
		ConditionExpression: in.ConditionExpression, ExpressionAttributeNames: in.ExpressionAttributeNames, ExpressionAttributeValues: in.ExpressionAttributeValues,
		ReturnValuesOnConditionCheckFailure: in.ReturnValuesOnConditionCheckFailure,
	})
	if err != nil {
		return nil, err
	}
	if err := c.table.refuseCollectionMetrics("UpdateItem", in.ReturnItemCollectionMetrics); err != nil {
		return nil, err
	}
	old, next, err := c.apply()
	if err != nil {
		return nil, err
	}
	return &dynamodb.UpdateItemOutput{
		Attributes:       returned(in.ReturnValues, update, old, next),
		ConsumedCapacity: c.table.consumedWrite(in.ReturnConsumedCapacity, 1, old, next),
	}, nil
}

// returned is what an update gives back, nil if that is nothing.
func returned(v types.ReturnValue, update *expression.Update, old, next attribute.Item) attribute.Item {
	var changed []expression.Path
	if update != nil {
		changed = update.Paths()
	}
	var result attribute.Item
	switch v {
	case types.ReturnValueAllOld:
		result = old
	case types.ReturnValueAllNew:
		result = next
	case types.ReturnValueUpdatedOld:
		result = expression.Project(old, changed)
	case types.ReturnValueUpdatedNew:
		result = expression.Project(next, changed)
	case types.ReturnValueNone:
	}
	if len(result) == 0 {
		return nil
	}
	return result
}

// prepareUpdate checks an Update, of a transaction or on its own. Without an
// UpdateExpression it makes sure that there is an item with the key.
func (s *Service) prepareUpdate(in *types.Update) (*change, *expression.Update, error) {
	parsed, err := expressions{
		names: in.ExpressionAttributeNames, values: in.ExpressionAttributeValues,
		update: in.UpdateExpression, condition: in.ConditionExpression,
		valueUsers: []string{"UpdateExpression", "ConditionExpression"},
	}.parse()
	if err != nil {
		return nil, nil, err
	}
	t, err := s.usable(in.TableName)
	if err != nil {
		return nil, nil, err
	}
	key, id, err := t.key(in.Key)
	if err == nil {
		err = t.checkUpdate(parsed.update)
	}
	c := &change{table: t, id: id, defect: err, condition: parsed.condition, showOld: showsOld(in.ReturnValuesOnConditionCheckFailure)}
	c.next = func(old attribute.Item) (attribute.Item, error) { return t.updated(old, key, parsed.update) }
	return c, parsed.update, nil
}

// checkUpdate checks what an update would do to keys, as far as it can be told
// without the item.
func (t *table) checkUpdate(update *expression.Update) error {
	if update == nil {
		return nil
	}
	for _, path := range update.Paths() {
		if slices.Contains(t.order.schema.names(), path[0].Name) {
			return invalid("One or more parameter values were invalid: Cannot update attribute %s. This attribute is part of the key", path[0].Name)
		}
	}
	if err := t.eachIndexKey(func(i *index, name string, kind types.ScalarAttributeType) error {
		if actual := update.StaticType(name); actual != "" && actual != string(kind) {
			return mismatch(i, name, kind, actual)
		}
		return nil
	}); err != nil {
		return err
	}
	return t.refuseNestedKeys(update.Paths())
}

// updated is the item as an update leaves it; one that is not there is made of its key.
func (t *table) updated(old, key attribute.Item, update *expression.Update) (attribute.Item, error) {
	item := old
	if item == nil {
		item = key
	}
	if update == nil {
		return item, nil
	}
	next, err := update.Apply(item)
	if err != nil {
		return nil, rejected(err)
	}
	if err := t.eachIndexKey(func(i *index, name string, kind types.ScalarAttributeType) error {
		if v := next[name]; v != nil && attribute.Type(v) != string(kind) {
			return invalid("The update expression attempted to update the secondary index key to unsupported type")
		}
		return checkIndexValue(i, name, next[name])
	}); err != nil {
		return nil, err
	}
	if attribute.ItemSize(next) > maxItem {
		return nil, invalid("Item size to update has exceeded the maximum allowed size")
	}
	return next, nil
}
