package dynamodb

import (
	"strings"

	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/attribute"
	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/expression"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// notEmulated refuses, by name, something that AWS would do.
func notEmulated(operation, what string) error {
	return wire.Errorf("NotImplemented", "%s with %s is not emulated", operation, what)
}

// parameter is one of a request's parameters and whether it was given.
type parameter struct {
	name  string
	given bool
}

// refuseLegacy refuses the parameters of the time before expressions.
func refuseLegacy(operation string, parameters ...parameter) error {
	for _, p := range parameters {
		if p.given {
			return notEmulated(operation, "the legacy parameter "+p.name)
		}
	}
	return nil
}

// expressions are a request's expressions as sent.
type expressions struct {
	names                                               map[string]string
	values                                              attribute.Item
	keyCondition, update, condition, filter, projection *string
	valueUsers                                          []string // the expressions that could use values, for errors
}

// parsedExpressions are a request's expressions; nil where it has none.
type parsedExpressions struct {
	keys       []*expression.KeyCondition
	update     *expression.Update
	condition  *expression.Condition // or filter
	projection []expression.Path
}

// parse reads the expressions in the order in which DynamoDB finds mistakes.
func (e expressions) parse() (*parsedExpressions, error) {
	if err := e.checkPresence(); err != nil {
		return nil, err
	}
	attributes, err := expression.NewAttributes(e.names, e.values)
	if err != nil {
		return nil, rejected(err)
	}
	parsed := &parsedExpressions{}
	parts := []struct {
		source *string
		parse  func(source string) error
	}{
		{e.keyCondition, func(source string) (err error) {
			parsed.keys, err = expression.ParseKeyCondition(source, attributes)
			return err
		}},
		{e.update, func(source string) (err error) {
			parsed.update, err = expression.ParseUpdate(source, attributes)
			return err
		}},
		{e.condition, func(source string) (err error) {
			parsed.condition, err = expression.ParseCondition("ConditionExpression", source, attributes)
			return err
		}},
		{e.filter, func(source string) (err error) {
			parsed.condition, err = expression.ParseCondition("FilterExpression", source, attributes)
			return err
		}},
		{e.projection, func(source string) (err error) {
			parsed.projection, err = expression.ParseProjection(source, attributes)
			return err
		}},
	}
	for _, part := range parts {
		if part.source == nil {
			continue
		}
		if err := part.parse(*part.source); err != nil {
			return nil, rejected(err)
		}
	}
	if err := attributes.Unused(); err != nil {
		return nil, rejected(err)
	}
	return parsed, nil
}

// checkPresence refuses names and values without an expression to use them.
func (e expressions) checkPresence() error {
	valuesUsable := e.keyCondition != nil || e.update != nil || e.condition != nil || e.filter != nil
	if e.names != nil && !valuesUsable && e.projection == nil {
		return invalid("ExpressionAttributeNames can only be specified when using expressions")
	}
	if e.values == nil || valuesUsable {
		return nil
	}
	verb := "is"
	if len(e.valueUsers) > 1 {
		verb = "are"
	}
	return invalid("ExpressionAttributeValues can only be specified when using expressions: %s %s null", strings.Join(e.valueUsers, " and "), verb)
}

// refuseNestedKeys refuses paths that lead into a key attribute, which is a scalar.
func (t *table) refuseNestedKeys(paths []expression.Path) error {
	nested := map[string]bool{}
	for _, path := range paths {
		if len(path) > 1 {
			nested[path[0].Name] = true
		}
	}
	const message = "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
	for _, name := range t.order.schema.names() {
		if nested[name] {
			return invalid(message+"Key: %s", name)
		}
	}
	for _, i := range t.indexes {
		for _, name := range i.order.schema.names() {
			if nested[name] {
				return invalid(message+"IndexKey: %s", name)
			}
		}
	}
	return nil
}
