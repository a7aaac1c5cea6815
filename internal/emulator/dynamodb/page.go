package dynamodb

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/attribute"
	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/expression"
)

// maxPage is how much a page of Query or Scan reads (AWS: Query, 1 MB).
const maxPage = 1024 * 1024

// listingRequest is what Query and Scan have in common.
type listingRequest struct {
	table, index *string
	consistent   *bool
	parsed       *parsedExpressions
	selects      types.Select
	limit        *int32
	start        attribute.Item
}

// listing is a checked Query or Scan of a table or index.
type listing struct {
	table      *table
	index      *index // nil for the table itself
	order      *collection
	consistent *bool
	filter     *expression.Condition
	projection []expression.Path
	selects    types.Select
	limit      int // 0 for none
	start      attribute.Item
	descending bool
}

func (s *Service) listing(r *listingRequest) (*listing, error) {
	if err := checkSelect(r); err != nil {
		return nil, err
	}
	t, err := s.usable(r.table)
	if err != nil {
		return nil, err
	}
	l := &listing{
		table: t, order: t.order, consistent: r.consistent, filter: r.parsed.condition, projection: r.parsed.projection,
		selects: r.selects, limit: int(aws.ToInt32(r.limit)),
	}
	if r.index != nil {
		if l.index = t.index(*r.index); l.index == nil {
			return nil, invalid("The table does not have the specified index: %s", *r.index)
		}
		l.order = l.index.order
	}
	if err := l.checkIndex(); err != nil {
		return nil, err
	}
	if l.start, err = l.startKey(r.start); err != nil {
		return nil, err
	}
	paths := r.parsed.projection
	if l.filter != nil {
		paths = slices.Concat(paths, l.filter.Paths())
	}
	if err := t.refuseNestedKeys(paths); err != nil {
		return nil, err
	}
	if s.stale(t, r.consistent) {
		l.order = t.lagging(l.order)
	}
	return l, nil
}

func checkSelect(r *listingRequest) error {
	switch projected := r.parsed.projection != nil; {
	case r.selects == types.SelectSpecificAttributes && !projected:
		return invalid("Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES")
	case r.selects != "" && r.selects != types.SelectSpecificAttributes && projected:
		return invalid("Cannot specify the ProjectionExpression when choosing to get %s", r.selects)
	case r.selects == types.SelectAllProjectedAttributes && r.index == nil:
		return invalid("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")
	}
	return nil
}

// checkIndex refuses what a global index cannot give.
func (l *listing) checkIndex() error {
	if l.index == nil || !l.index.global {
		return nil
	}
	if aws.ToBool(l.consistent) {
		return invalid("Consistent reads are not supported on global secondary indexes")
	}
	if l.index.projection.ProjectionType == types.ProjectionTypeAll {
		return nil
	}
	if l.selects == types.SelectAllAttributes {
		return invalid("One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index %s because its projection type is not ALL", l.index.name)
	}
	var missing []string
	for _, path := range l.projection {
		if !slices.Contains(l.index.attributes(), path[0].Name) {
			missing = append(missing, path[0].Name)
		}
	}
	if missing != nil {
		return invalid("One or more parameter values were invalid: Global secondary index %s does not project [%s]", l.index.name, strings.Join(missing, ", "))
	}
	return nil
}

// startKey checks an ExclusiveStartKey: the keys of the table and of the index.
func (l *listing) startKey(key attribute.Item) (attribute.Item, error) {
	if key == nil {
		return nil, nil //nolint:nilnil // there is none
	}
	canonical, err := attribute.NormalizeItem(key)
	if err != nil {
		return nil, invalid("The provided starting key is invalid: %s", err)
	}
	names := l.startNames()
	for _, name := range names {
		if len(canonical) != len(names) || attribute.Type(canonical[name]) != string(l.table.kinds[name]) || attribute.Size(canonical[name]) == 0 {
			return nil, invalid("The provided starting key is invalid: The provided key element does not match the schema")
		}
	}
	return canonical, nil
}

func (l *listing) startNames() []string {
	names := slices.Concat(l.order.schema.names(), l.order.primary.names())
	slices.Sort(names)
	return slices.Compact(names)
}

// page is one answer of Query or Scan.
type page struct {
	items          []attribute.Item
	count, scanned int32
	size           int            // of what was read
	last           attribute.Item // the key to go on from, nil at the end
}

// page reads entries after the starting key until the limit or maxPage.
func (l *listing) page(entries []entry) *page {
	p := &page{}
	for at, e := range l.rest(entries) {
		item := e.item
		if l.index != nil {
			item = l.index.view(item)
		}
		p.size += attribute.ItemSize(item)
		p.scanned++
		if l.filter == nil || l.filter.Holds(item) {
			p.count++
			if l.selects != types.SelectCount {
				p.items = append(p.items, l.shape(e.item, item))
			}
		}
		full := p.size >= maxPage && at < len(entries)-1
		if full || l.limit > 0 && int(p.scanned) == l.limit {
			p.last = l.key(e.item)
			return p
		}
	}
	return p
}

// rest is the entries after the starting key.
func (l *listing) rest(entries []entry) []entry {
	if l.start == nil {
		return entries
	}
	start := l.order.position(l.start)
	at := slices.IndexFunc(entries, func(e entry) bool {
		order := comparePositions(e.position, start)
		return order > 0 && !l.descending || order < 0 && l.descending
	})
	if at < 0 {
		return nil
	}
	return entries[at:]
}

// shape is what the request wants of an item. A local index fetches from the
// table what it does not have itself.
func (l *listing) shape(whole, projected attribute.Item) attribute.Item {
	local := l.index != nil && !l.index.global
	if local && (l.projection != nil || l.selects == types.SelectAllAttributes) {
		projected = whole
	}
	if l.projection != nil {
		return expression.Project(projected, l.projection)
	}
	return projected
}

// key is the part of the item that a next page starts from.
func (l *listing) key(item attribute.Item) attribute.Item {
	key := attribute.Item{}
	for _, name := range l.startNames() {
		key[name] = item[name]
	}
	return key
}

// attributes are the attributes that an index has of an item, unless it has all.
func (i *index) attributes() []string {
	return slices.Concat(i.order.schema.names(), i.order.primary.names(), i.projection.NonKeyAttributes)
}

// view is the item as the index has it, nil if it does not.
func (i *index) view(item attribute.Item) attribute.Item {
	if item == nil || !i.order.schema.covers(item) {
		return nil
	}
	if i.projection.ProjectionType == types.ProjectionTypeAll {
		return item
	}
	view := maps.Clone(item)
	maps.DeleteFunc(view, func(name string, _ attribute.Value) bool { return !slices.Contains(i.attributes(), name) })
	return view
}
