package dynamodb

import (
	"maps"
	"slices"

	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/attribute"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// keeper keeps the items of one table outside of the emulation.
type keeper struct {
	table string
	keep  func([]attribute.Item) error
}

// Keep puts items into a table, and from then on hands all of its items to keep after
// each operation that writes items, before it is answered. What keep cannot do is
// answered as a failure of DynamoDB's own, as if the answer had been lost. It must be
// called on the loop; there must be such a table.
func (s *Service) Keep(table string, items []attribute.Item, keep func([]attribute.Item) error) {
	for _, item := range items {
		s.tables[table].keep(item)
	}
	s.keeper = keeper{table, keep}
}

// kept makes an operation one after which the items are kept.
func kept[In, Out any](s *Service, op func(*wire.Call, *In) (*Out, error)) func(*wire.Call, *In) (*Out, error) {
	return func(c *wire.Call, in *In) (*Out, error) {
		out, err := op(c, in)
		if err != nil || s.keeper.keep == nil {
			return out, err
		}
		items := s.tables[s.keeper.table].items
		all := make([]attribute.Item, 0, len(items))
		for _, id := range slices.Sorted(maps.Keys(items)) {
			all = append(all, items[id])
		}
		if err := s.keeper.keep(all); err != nil {
			return nil, wire.Errorf("InternalServerError", "%v", err)
		}
		return out, nil
	}
}
