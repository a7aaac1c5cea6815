package dynamodb

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/attribute"
)

// Sizes that one capacity unit pays for (AWS: DynamoDB Developer Guide, read and
// write request units).
const (
	writeUnit = 1024
	readUnit  = 4096
)

func units(size, unit int) float64 { return float64(max(1, (size+unit-1)/unit)) }

// usage is the capacity that a request has used, by table or index; "" is the table.
type usage struct {
	table *table
	units map[string]float64
}

func newUsage(t *table) *usage { return &usage{table: t, units: map[string]float64{}} }

// write counts a change of an item: the larger of before and after, in the
// table and in each index where the item is. Transactions count twice.
func (u *usage) write(factor float64, old, next attribute.Item) {
	u.units[""] += factor * units(max(attribute.ItemSize(old), attribute.ItemSize(next)), writeUnit)
	for _, i := range u.table.indexes {
		before, after := i.view(old), i.view(next)
		if before == nil && after == nil || attribute.Equal(&attribute.Map{Value: before}, &attribute.Map{Value: after}) {
			continue
		}
		u.units[i.name] += factor * units(max(attribute.ItemSize(before), attribute.ItemSize(after)), writeUnit)
	}
}

// read counts a read of size bytes from a table or index.
func (u *usage) read(of string, factor float64, size int) {
	u.units[of] += factor * units(size, readUnit)
}

// readFactor is what a unit of reading counts: half unless it is strongly consistent.
func readFactor(consistent *bool) float64 {
	if aws.ToBool(consistent) {
		return 1
	}
	return 0.5
}

// report gives the usage in the detail that was asked for, nil for none.
func (u *usage) report(detail types.ReturnConsumedCapacity) *types.ConsumedCapacity {
	if detail == "" || detail == types.ReturnConsumedCapacityNone {
		return nil
	}
	total := u.units[""]
	for _, i := range u.table.indexes {
		total += u.units[i.name]
	}
	consumed := &types.ConsumedCapacity{TableName: &u.table.name, CapacityUnits: &total}
	if detail == types.ReturnConsumedCapacityTotal {
		return consumed
	}
	consumed.Table = &types.Capacity{CapacityUnits: aws.Float64(u.units[""])}
	for _, i := range u.table.indexes {
		used, ok := u.units[i.name]
		if !ok {
			continue
		}
		if i.global {
			consumed.GlobalSecondaryIndexes = with(consumed.GlobalSecondaryIndexes, i.name, used)
		} else {
			consumed.LocalSecondaryIndexes = with(consumed.LocalSecondaryIndexes, i.name, used)
		}
	}
	return consumed
}

func with(capacities map[string]types.Capacity, name string, units float64) map[string]types.Capacity {
	if capacities == nil {
		capacities = map[string]types.Capacity{}
	}
	capacities[name] = types.Capacity{CapacityUnits: &units}
	return capacities
}

// consumedWrite reports one write.
func (t *table) consumedWrite(detail types.ReturnConsumedCapacity, factor float64, old, next attribute.Item) *types.ConsumedCapacity {
	u := newUsage(t)
	u.write(factor, old, next)
	return u.report(detail)
}

// refuseCollectionMetrics refuses to measure item collections, which only a
// table with local indexes has.
func (t *table) refuseCollectionMetrics(operation string, wanted types.ReturnItemCollectionMetrics) error {
	if wanted == types.ReturnItemCollectionMetricsSize && len(t.definition.LocalSecondaryIndexes) > 0 {
		return notEmulated(operation, "ReturnItemCollectionMetrics on a table with local secondary indexes")
	}
	return nil
}

// usages is the capacity that a request has used on several tables, in the order
// in which it came to them.
type usages struct {
	byTable map[*table]*usage
	order   []*usage
}

func newUsages() *usages { return &usages{byTable: map[*table]*usage{}} }

func (u *usages) of(t *table) *usage {
	if u.byTable[t] == nil {
		u.byTable[t] = newUsage(t)
		u.order = append(u.order, u.byTable[t])
	}
	return u.byTable[t]
}

func (u *usages) report(detail types.ReturnConsumedCapacity) []types.ConsumedCapacity {
	var all []types.ConsumedCapacity
	for _, used := range u.order {
		if consumed := used.report(detail); consumed != nil {
			all = append(all, *consumed)
		}
	}
	return all
}
