// Package dynamodb emulates Amazon DynamoDB: tables with secondary indexes and
// expiry, items with conditions, updates, queries, batches and transactions.
//
// Writes take effect at once, in the table and its indexes. A read that is not
// strongly consistent may be made to lag behind (Deps.Stale). What DynamoDB's
// old, expression-less parameters do is refused by their name.
package dynamodb

import (
	"strings"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Deps is what DynamoDB needs from outside.
type Deps struct {
	// Stale, if given, is asked at each read that is not strongly consistent.
	// When it returns true, the read sees each item as it was before the item's
	// latest write.
	Stale func(table string) bool
}

// Service is DynamoDB in one account and region. It lives on the loop.
type Service struct {
	loop            *loop.Loop
	account, region string
	deps            Deps `keep:"-"`

	tables       map[string]*table
	transactions map[string]*transaction // by client request token
	keeper       keeper                  `keep:"-"`
}

// New gives a DynamoDB without tables.
func New(l *loop.Loop, account, region string, deps Deps) *Service {
	return &Service{
		loop: l, account: account, region: region, deps: deps,
		tables:       map[string]*table{},
		transactions: map[string]*transaction{},
	}
}

// Wire lists the operations that are emulated.
func (s *Service) Wire() *wire.Service {
	return wire.NewService("dynamodb",
		wire.Op("CreateTable", s.createTable),
		wire.Op("DescribeTable", s.describeTable),
		wire.Op("DeleteTable", s.deleteTable),
		wire.Op("ListTables", s.listTables),
		wire.Op("UpdateTable", s.updateTable),
		wire.Op("UpdateTimeToLive", s.updateTimeToLive),
		wire.Op("DescribeTimeToLive", s.describeTimeToLive),
		wire.Op("GetItem", s.getItem),
		wire.Op("PutItem", kept(s, s.putItem)),
		wire.Op("UpdateItem", kept(s, s.updateItem)),
		wire.Op("DeleteItem", kept(s, s.deleteItem)),
		wire.Op("Query", s.query),
		wire.Op("Scan", s.scan),
		wire.Op("BatchGetItem", s.batchGetItem),
		wire.Op("BatchWriteItem", kept(s, s.batchWriteItem)),
		wire.Op("TransactGetItems", s.transactGetItems),
		wire.Op("TransactWriteItems", kept(s, s.transactWriteItems)),
	)
}

// How long things take that AWS does in the background. AWS gives no figures
// but "seconds" for tables and "within a few days" for expiry (DynamoDB
// Developer Guide, TTL); these are the emulator's own.
const (
	creating    = 5 * time.Second
	deleting    = 3 * time.Second
	updating    = 2 * time.Second
	enabling    = 30 * time.Second
	expiryLag   = 48 * time.Hour
	tokenLife   = 10 * time.Minute // AWS: TransactWriteItems, ClientRequestToken
	ttlInterval = time.Hour        // AWS: UpdateTimeToLive, one change an hour
)

func invalid(format string, args ...any) error {
	return wire.Errorf("ValidationException", format, args...)
}

// rejected is an error of the attribute or expression package as the client sees it.
func rejected(err error) error {
	return invalid("%s", err)
}

// tableName takes a table's name or ARN.
func tableName(nameOrARN *string) string {
	if nameOrARN == nil {
		return ""
	}
	if _, name, found := strings.Cut(*nameOrARN, ":table/"); found && strings.HasPrefix(*nameOrARN, "arn:") {
		return name
	}
	return *nameOrARN
}
