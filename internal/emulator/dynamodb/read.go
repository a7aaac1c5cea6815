package dynamodb

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/attribute"
	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/expression"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

func (s *Service) getItem(_ *wire.Call, in *dynamodb.GetItemInput) (*dynamodb.GetItemOutput, error) {
	if err := refuseLegacy("GetItem", parameter{"AttributesToGet", in.AttributesToGet != nil}); err != nil {
		return nil, err
	}
	g, err := s.get(&types.Get{
		TableName: in.TableName, Key: in.Key,
		ProjectionExpression: in.ProjectionExpression, ExpressionAttributeNames: in.ExpressionAttributeNames,
	})
	if err != nil {
		return nil, err
	}
	if g.defect != nil {
		return nil, g.defect
	}
	item := g.table.read(g.id, s.stale(g.table, in.ConsistentRead))
	used := newUsage(g.table)
	used.read("", readFactor(in.ConsistentRead), attribute.ItemSize(item))
	return &dynamodb.GetItemOutput{Item: g.project(item), ConsumedCapacity: used.report(in.ReturnConsumedCapacity)}, nil
}

// get is a checked read of one item.
type get struct {
	table      *table
	id         string
	defect     error // what is wrong with the key
	projection []expression.Path
}

func (s *Service) get(in *types.Get) (*get, error) {
	parsed, err := expressions{names: in.ExpressionAttributeNames, projection: in.ProjectionExpression}.parse()
	if err != nil {
		return nil, err
	}
	t, err := s.usable(in.TableName)
	if err != nil {
		return nil, err
	}
	_, id, defect := t.key(in.Key)
	if err := t.refuseNestedKeys(parsed.projection); err != nil {
		return nil, err
	}
	return &get{table: t, id: id, defect: defect, projection: parsed.projection}, nil
}

// project is what the read asks for of an item; nil if there is no item.
func (g *get) project(item attribute.Item) attribute.Item {
	if item == nil || g.projection == nil {
		return item
	}
	return expression.Project(item, g.projection)
}
