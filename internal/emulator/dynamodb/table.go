package dynamodb

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/attribute"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
)

// table is a table, its indexes and its items. Stored items never change: a
// write puts another in their place.
type table struct {
	loop        *loop.Loop
	definition  *dynamodb.CreateTableInput
	name        string
	arn, id     string
	created     time.Time
	status      types.TableStatus
	kinds       map[string]types.ScalarAttributeType // of the key attributes
	items       map[string]attribute.Item            // by identity
	order       *collection
	indexes     []*index
	expiry      expiry
	before      map[string]attribute.Item // each item before its latest write; nil unless reads may lag
	bytesStored int
}

// index is a secondary index.
type index struct {
	name       string
	global     bool
	projection *types.Projection
	order      *collection
}

func newTable(l *loop.Loop, in *dynamodb.CreateTableInput, arn string) *table {
	t := &table{
		loop: l, definition: in, name: tableName(in.TableName), arn: arn, id: l.UUID(), created: l.Now(),
		status: types.TableStatusCreating,
		kinds:  map[string]types.ScalarAttributeType{},
		items:  map[string]attribute.Item{},
		expiry: expiry{status: types.TimeToLiveStatusDisabled, waiting: map[string]*loop.Timer{}},
	}
	for _, definition := range in.AttributeDefinitions {
		t.kinds[*definition.AttributeName] = definition.AttributeType
	}
	schema := schemaOf(in.KeySchema)
	t.order = &collection{schema: schema, primary: schema}
	for _, local := range in.LocalSecondaryIndexes {
		t.addIndex(&index{name: *local.IndexName, projection: local.Projection}, local.KeySchema)
	}
	for _, global := range in.GlobalSecondaryIndexes {
		t.addIndex(&index{name: *global.IndexName, global: true, projection: global.Projection}, global.KeySchema)
	}
	return t
}

func (t *table) addIndex(i *index, schema []types.KeySchemaElement) {
	i.order = &collection{schema: schemaOf(schema), primary: t.order.schema}
	t.indexes = append(t.indexes, i)
}

func schemaOf(elements []types.KeySchemaElement) keySchema {
	schema := keySchema{partition: *elements[0].AttributeName}
	if len(elements) > 1 {
		schema.sort = *elements[1].AttributeName
	}
	return schema
}

// keep puts the item in the table, in the place of the one with its key.
func (t *table) keep(item attribute.Item) {
	id := identity(item, t.order.schema)
	t.replace(id, item)
	t.expiry.schedule(t, id, item)
}

// discard takes the item with the identity out of the table.
func (t *table) discard(id string) {
	t.replace(id, nil)
	t.expiry.forget(id)
}

func (t *table) replace(id string, item attribute.Item) {
	old := t.items[id]
	if t.before != nil {
		t.before[id] = old
	}
	for _, order := range t.orders() {
		if old != nil {
			order.remove(old)
		}
		if item != nil {
			order.put(item)
		}
	}
	t.bytesStored += attribute.ItemSize(item) - attribute.ItemSize(old)
	if item == nil {
		delete(t.items, id)
		return
	}
	t.items[id] = item
}

func (t *table) orders() []*collection {
	orders := []*collection{t.order}
	for _, i := range t.indexes {
		orders = append(orders, i.order)
	}
	return orders
}

func (t *table) index(name string) *index {
	for _, i := range t.indexes {
		if i.name == name {
			return i
		}
	}
	return nil
}

// read is the item with the identity, as a lagging read sees it or as it is.
func (t *table) read(id string, stale bool) attribute.Item {
	if stale {
		if old, written := t.before[id]; written {
			return old
		}
	}
	return t.items[id]
}

// lagging is the collection as a lagging read sees it.
func (t *table) lagging(order *collection) *collection {
	old := &collection{schema: order.schema, primary: order.primary}
	for _, item := range t.before {
		if item != nil {
			old.put(item)
		}
	}
	return old
}

// usable is the table of a request for items: it must be active.
func (s *Service) usable(nameOrARN *string) (*table, error) {
	t := s.tables[tableName(nameOrARN)]
	if t == nil || t.status == types.TableStatusCreating {
		return nil, &types.ResourceNotFoundException{Message: aws.String("Requested resource not found")}
	}
	return t, nil
}

// stale asks whether a read of the table lags.
func (s *Service) stale(t *table, consistent *bool) bool {
	return s.deps.Stale != nil && !aws.ToBool(consistent) && s.deps.Stale(t.name)
}
