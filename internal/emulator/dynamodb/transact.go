package dynamodb

import (
	"errors"
	"reflect"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/attribute"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// maxTransaction is how much the items of a transaction may take together (AWS:
// TransactWriteItems).
const maxTransaction = 4 * 1024 * 1024

const itemTwice = "Transaction request cannot include multiple operations on one item"

// transaction is one that was made under a client request token, remembered so
// that its repetition does nothing.
type transaction struct {
	items []types.TransactWriteItem
	out   *dynamodb.TransactWriteItemsOutput
}

func (s *Service) transactWriteItems(_ *wire.Call, in *dynamodb.TransactWriteItemsInput) (*dynamodb.TransactWriteItemsOutput, error) {
	token := aws.ToString(in.ClientRequestToken)
	if earlier := s.transactions[token]; token != "" && earlier != nil {
		if !reflect.DeepEqual(earlier.items, in.TransactItems) {
			return nil, &types.IdempotentParameterMismatchException{Message: aws.String("The request uses the same client token as a previous, but non-identical request.")}
		}
		return earlier.out, nil
	}
	changes, err := s.transactionChanges(in)
	if err != nil {
		return nil, err
	}
	out, err := commit(changes, in.ReturnConsumedCapacity)
	if err != nil {
		return nil, err
	}
	if token != "" {
		s.transactions[token] = &transaction{items: in.TransactItems, out: out}
		s.loop.DueIn(tokenLife, forgotten{s, token})
	}
	return out, nil
}

// transactionChanges checks all writes of a transaction.
func (s *Service) transactionChanges(in *dynamodb.TransactWriteItemsInput) ([]*change, error) {
	changes := make([]*change, len(in.TransactItems))
	seen := map[string]bool{}
	for i, item := range in.TransactItems {
		c, err := s.transactionChange(item)
		if err != nil {
			return nil, err
		}
		if err := c.table.refuseCollectionMetrics("TransactWriteItems", in.ReturnItemCollectionMetrics); err != nil {
			return nil, err
		}
		if seen[c.table.name+"/"+c.id] {
			return nil, invalid(itemTwice)
		}
		seen[c.table.name+"/"+c.id] = c.defect == nil
		changes[i] = c
	}
	return changes, nil
}

func (s *Service) transactionChange(item types.TransactWriteItem) (*change, error) {
	given := 0
	var c *change
	var err error
	if item.ConditionCheck != nil {
		given++
		c, err = s.check(item.ConditionCheck)
	}
	if item.Put != nil {
		given++
		c, err = s.put(item.Put)
	}
	if item.Update != nil {
		given++
		c, _, err = s.prepareUpdate(item.Update)
	}
	if item.Delete != nil {
		given++
		c, err = s.delete(item.Delete)
	}
	if given != 1 {
		return nil, invalid("TransactItems can only contain one of Check, Put, Update or Delete")
	}
	return c, err
}

// commit makes all changes or none.
func commit(changes []*change, detail types.ReturnConsumedCapacity) (*dynamodb.TransactWriteItemsOutput, error) {
	reasons := make([]types.CancellationReason, len(changes))
	results := make([]attribute.Item, len(changes))
	used := newUsages()
	size, cancelled := 0, false
	for i, c := range changes {
		old, next, err := c.attempt()
		reasons[i] = types.CancellationReason{Code: aws.String("None")}
		if err != nil {
			reasons[i], cancelled = reasonOf(err), true
			continue
		}
		used.of(c.table).write(2, old, next)
		results[i] = next
		size += attribute.ItemSize(next)
	}
	if cancelled {
		return nil, cancel(reasons)
	}
	if size > maxTransaction {
		return nil, invalid("Transaction request cannot include items of more than %d bytes together", maxTransaction)
	}
	for i, c := range changes {
		c.settle(results[i])
	}
	return &dynamodb.TransactWriteItemsOutput{ConsumedCapacity: used.report(detail)}, nil
}

// reasonOf is why an error of one change cancels the transaction.
func reasonOf(err error) types.CancellationReason {
	var failed *types.ConditionalCheckFailedException
	if errors.As(err, &failed) {
		return types.CancellationReason{Code: aws.String("ConditionalCheckFailed"), Message: failed.Message, Item: failed.Item}
	}
	message := err.Error()
	var api smithy.APIError
	if errors.As(err, &api) {
		message = api.ErrorMessage()
	}
	return types.CancellationReason{Code: aws.String("ValidationError"), Message: &message}
}

func cancel(reasons []types.CancellationReason) error {
	codes := make([]string, len(reasons))
	for i, reason := range reasons {
		codes[i] = *reason.Code
	}
	return &types.TransactionCanceledException{
		Message:             aws.String("Transaction cancelled, please refer cancellation reasons for specific reasons [" + strings.Join(codes, ", ") + "]"),
		CancellationReasons: reasons,
	}
}

func (s *Service) transactGetItems(_ *wire.Call, in *dynamodb.TransactGetItemsInput) (*dynamodb.TransactGetItemsOutput, error) {
	gets := make([]*get, len(in.TransactItems))
	seen := map[string]bool{}
	for i, item := range in.TransactItems {
		g, err := s.get(item.Get)
		if err != nil {
			return nil, err
		}
		if seen[g.table.name+"/"+g.id] {
			return nil, invalid(itemTwice)
		}
		seen[g.table.name+"/"+g.id] = g.defect == nil
		gets[i] = g
	}
	out := &dynamodb.TransactGetItemsOutput{Responses: make([]types.ItemResponse, len(gets))}
	if reasons, cancelled := reasonsOf(gets); cancelled {
		return nil, cancel(reasons)
	}
	used := newUsages()
	for i, g := range gets {
		item := g.table.items[g.id]
		used.of(g.table).read("", 2, attribute.ItemSize(item))
		out.Responses[i] = types.ItemResponse{Item: g.project(item)}
	}
	out.ConsumedCapacity = used.report(in.ReturnConsumedCapacity)
	return out, nil
}

// reasonsOf gives why reads with a wrong key cancel their transaction.
func reasonsOf(gets []*get) (reasons []types.CancellationReason, cancelled bool) {
	reasons = make([]types.CancellationReason, len(gets))
	for i, g := range gets {
		reasons[i] = types.CancellationReason{Code: aws.String("None")}
		if g.defect != nil {
			reasons[i], cancelled = reasonOf(g.defect), true
		}
	}
	return reasons, cancelled
}
