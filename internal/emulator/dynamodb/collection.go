package dynamodb

import (
	"cmp"
	"crypto/sha256"
	"slices"
	"strings"

	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/attribute"
)

// keySchema names the key attributes of a table or index; sort is "" if there is none.
type keySchema struct {
	partition, sort string
}

// names are the key attributes' names.
func (k keySchema) names() []string {
	if k.sort == "" {
		return []string{k.partition}
	}
	return []string{k.partition, k.sort}
}

// covers reports whether the item has all attributes of the key.
func (k keySchema) covers(item attribute.Item) bool {
	return item[k.partition] != nil && (k.sort == "" || item[k.sort] != nil)
}

// collection is the items of a table or index in the order in which Query and
// Scan meet them: partitions in the order of a hash of their key, items of one
// partition by sort key. Items of an index that agree in both follow the
// table's key.
type collection struct {
	schema, primary keySchema
	entries         []entry
}

// entry is an item and where it stands.
type entry struct {
	position
	item attribute.Item
}

type position struct {
	partition string
	sort      attribute.Value
	id        string // the item's primary key
}

func (c *collection) position(item attribute.Item) position {
	p := position{partition: partitionOf(item[c.schema.partition]), id: identity(item, c.primary)}
	if c.schema.sort != "" {
		p.sort = item[c.schema.sort]
	}
	return p
}

func comparePositions(a, b position) int {
	if order := strings.Compare(a.partition, b.partition); order != 0 {
		return order
	}
	order, _ := attribute.Compare(a.sort, b.sort)
	return cmp.Or(order, strings.Compare(a.id, b.id))
}

// partitionOf spreads partition keys as a hash does, and tells them apart.
func partitionOf(key attribute.Value) string {
	text := attribute.Format(key)
	sum := sha256.Sum256([]byte(text))
	return string(sum[:8]) + text
}

// identity is a string that only items with this key have.
func identity(item attribute.Item, schema keySchema) string {
	id := partitionOf(item[schema.partition])
	if schema.sort != "" {
		id += "\x00" + attribute.Format(item[schema.sort])
	}
	return id
}

// put adds the item, or takes the place of the one with its position. Items
// without the whole key have no place in an index.
func (c *collection) put(item attribute.Item) {
	if !c.schema.covers(item) {
		return
	}
	p := c.position(item)
	at, found := c.search(p)
	if found {
		c.entries[at].item = item
		return
	}
	c.entries = slices.Insert(c.entries, at, entry{p, item})
}

func (c *collection) remove(item attribute.Item) {
	if !c.schema.covers(item) {
		return
	}
	if at, found := c.search(c.position(item)); found {
		c.entries = slices.Delete(c.entries, at, at+1)
	}
}

func (c *collection) search(p position) (int, bool) {
	return slices.BinarySearchFunc(c.entries, p, func(e entry, p position) int { return comparePositions(e.position, p) })
}

// partition is the entries of one partition.
func (c *collection) partition(key attribute.Value) []entry {
	wanted := partitionOf(key)
	compare := func(e entry, wanted string) int { return strings.Compare(e.partition, wanted) }
	from, _ := slices.BinarySearchFunc(c.entries, wanted, compare)
	to := from
	for to < len(c.entries) && c.entries[to].partition == wanted {
		to++
	}
	return c.entries[from:to]
}
