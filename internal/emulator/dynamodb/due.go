package dynamodb

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/attribute"
	"github.com/sluice-deploy/sluice/internal/emulator/keep"
)

// What happens to tables later.
type (
	// active: a table that was created or updated is.
	active struct{ table *table }
	// gone: a table that was deleted is.
	gone struct {
		service *Service
		table   string
	}
	// forgotten is the token of a transaction.
	forgotten struct {
		service *Service
		token   string
	}
	// ended: an item has come to its time to live.
	ended struct {
		table *table
		item  string
	}
	// enabled is a table's time to live.
	enabled struct{ table *table }
)

var (
	_ = keep.Type[active]()
	_ = keep.Type[gone]()
	_ = keep.Type[forgotten]()
	_ = keep.Type[ended]()
	_ = keep.Type[enabled]()
)

// Happen implements loop.Event.
func (a active) Happen() { a.table.status = types.TableStatusActive }

// Happen implements loop.Event.
func (g gone) Happen() { delete(g.service.tables, g.table) }

// Happen implements loop.Event.
func (f forgotten) Happen() { delete(f.service.transactions, f.token) }

// Happen implements loop.Event.
func (e ended) Happen() { e.table.discard(e.item) }

// Happen implements loop.Event.
func (e enabled) Happen() { e.table.enableExpiry() }

// Values of attributes.
var (
	_ = keep.Type[*attribute.String]()
	_ = keep.Type[*attribute.Number]()
	_ = keep.Type[*attribute.Binary]()
	_ = keep.Type[*attribute.Bool]()
	_ = keep.Type[*attribute.Null]()
	_ = keep.Type[*attribute.List]()
	_ = keep.Type[*attribute.Map]()
	_ = keep.Type[*attribute.StringSet]()
	_ = keep.Type[*attribute.NumberSet]()
	_ = keep.Type[*attribute.BinarySet]()
)
