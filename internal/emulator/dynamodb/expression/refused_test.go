package expression_test

import (
	"strings"
	"testing"

	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/attribute"
	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/expression"
)

func TestConditionRefused(t *testing.T) {
	t.Parallel()
	const kind = "Incorrect operand type for operator or function; "
	for source, want := range map[string]string{
		"":                                  "The expression can not be empty;",
		"a":                                 `Syntax error; token: "<EOF>", near: "a"`,
		"a > 4":                             `Syntax error; token: "4", near: "> 4"`,
		"a = :5 b":                          `Syntax error; token: "b", near: ":5 b"`,
		"a..b = :5":                         `Syntax error; token: ".", near: "..b"`,
		"a in :5":                           `Syntax error; token: ":5", near: "in :5"`,
		"(a = :5":                           `Syntax error; token: "<EOF>", near: ":5"`,
		"ü > a":                             "Syntax error; token: \"\\xc3\", near: \"ü\"",
		"(a = :5) = :5":                     `Syntax error; token: "=", near: ") = :5"`,
		"((a = :5))":                        "The expression has redundant parentheses;",
		"a > ((b))":                         "The expression has redundant parentheses;",
		"whatever(a)":                       "Invalid function name; function: whatever",
		"attribute_Exists(a)":               "Invalid function name; function: attribute_Exists",
		"size(a)":                           "The function is not allowed to be used this way in an expression; function: size",
		"contains(a, :5) > b":               "The function is not allowed to be used this way in an expression; function: contains",
		"a IN (b, attribute_exists(c))":     "The function is not allowed to be used this way in an expression; function: attribute_exists",
		"if_not_exists(a, b) = :5":          "The function is not allowed in a condition expression; function: if_not_exists",
		"status = :5":                       "Attribute name is a reserved keyword; reserved keyword: status",
		"a.#nope = :5":                      "An expression attribute name used in the document path is not defined; attribute name: #nope",
		"a = :nope":                         "An expression attribute value used in expression is not defined; attribute value: :nope",
		"attribute_exists(a, b)":            "Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 2",
		"begins_with(a, :5)":                kind + "operator or function: begins_with, operand type: N",
		"attribute_type(a, :5)":             kind + "operator or function: attribute_type, operand type: N",
		"attribute_type(a, :he)":            "Invalid attribute type name found; type: he, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
		"size(:true) > a":                   kind + "operator or function: size, operand type: BOOL",
		"a < :list":                         kind + "operator: <, operand type: L",
		"a BETWEEN :true AND b":             kind + "operator: BETWEEN, operand type: BOOL",
		"attribute_exists(:5)":              "Operator or function requires a document path; operator or function: attribute_exists",
		"a = #a":                            "The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [a]",
		"contains(doc.l[1], doc.l[1])":      "The first operand must be distinct from the remaining operands for this operator or function; operator: contains, first operand: [doc, l, [1]]",
		"a BETWEEN :7 AND :5":               "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:7}, upper bound operand: AttributeValue: {N:5}",
		"a BETWEEN :5 AND :he":              "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: {N:5}, upper bound operand: AttributeValue: {S:he}",
		strings.Repeat("NOT ", 1025) + "a":  "Expression size has exceeded the maximum allowed size; expression size: 4101",
		strings.Repeat("(", 4000) + "a = a": `Syntax error; token: "<EOF>", near: "a"`,
	} {
		t.Run(source[:min(len(source), 40)], func(t *testing.T) {
			t.Parallel()
			_, err := expression.ParseCondition("ConditionExpression", source, attributes(t))
			if want := "Invalid ConditionExpression: " + want; err == nil || err.Error() != want {
				t.Errorf("error = %v\nwant    %s", err, want)
			}
		})
	}
}

func TestUpdateRefused(t *testing.T) {
	t.Parallel()
	const kind = "Incorrect operand type for operator or function; "
	for source, want := range map[string]string{
		"  ":                           "The expression can not be empty;",
		"SET":                          `Syntax error; token: "<EOF>", near: "SET"`,
		"SET a":                        `Syntax error; token: "<EOF>", near: "a"`,
		"whatever":                     `Syntax error; token: "whatever", near: "whatever"`,
		"SET a = 1":                    `Syntax error; token: "1", near: "= 1"`,
		"SET a = :5 + :7 + :5":         `Syntax error; token: "+", near: ":7 + :5"`,
		"SET a = (:5 + :7) - :5":       `Syntax error; token: "-", near: ") - :5"`,
		"SET a = :5 - (:5 + :7)":       `Syntax error; token: "+", near: ":5 + :7"`,
		"ADD a b":                      `Syntax error; token: "b", near: "a b"`,
		"SET a = :5 SET b = :5":        `The "SET" section can only be used once in an update expression;`,
		"REMOVE Absolute":              "Attribute name is a reserved keyword; reserved keyword: Absolute",
		"SET a = nope(b, c)":           "Invalid function name; function: nope",
		"SET a = size(b)":              "The function is not allowed in an update expression; function: size",
		"SET #nope = :5":               "An expression attribute name used in the document path is not defined; attribute name: #nope",
		"SET a = if_not_exists(b)":     "Incorrect number of operands for operator or function; operator or function: if_not_exists, number of operands: 1",
		"SET a = if_not_exists(:5, b)": "Operator or function requires a document path; operator or function: if_not_exists",
		"SET a = list_append(b, :5)":   kind + "operator or function: list_append, operand type: N",
		"SET a = b + :he":              kind + "operator or function: +, operand type: S",
		"ADD a :he":                    kind + "operator: ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND",
		"DELETE a :5":                  kind + "operator: DELETE, operand type: NUMBER, typeSet: ALLOWED_FOR_DELETE_OPERAND",
		"SET a = :5 REMOVE a":          "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path two: [a]",
		"SET doc.x.y = :5, doc.x = :5": "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [doc, x, y], path two: [doc, x]",
		"REMOVE doc.x SET doc[1] = :5": "Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [doc, x], path two: [doc, [1]]",
	} {
		t.Run(source, func(t *testing.T) {
			t.Parallel()
			_, err := expression.ParseUpdate(source, attributes(t))
			if want := "Invalid UpdateExpression: " + want; err == nil || err.Error() != want {
				t.Errorf("error = %v\nwant    %s", err, want)
			}
		})
	}
}

func TestKeyCondition(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"a = :5 AND begins_with(b, :he)": "",
		"a = :5 AND b BETWEEN :5 AND :7": "",
		":5 = a AND :7 >= b":             "",
		"a > b OR a > c":                 "Invalid operator used in KeyConditionExpression: OR",
		"a IN (b, c)":                    "Invalid operator used in KeyConditionExpression: IN",
		"contains(a, b)":                 "Invalid operator used in KeyConditionExpression: contains",
		"NOT a > b":                      "Invalid operator used in KeyConditionExpression: NOT",
		"a <> :5":                        "Invalid operator used in KeyConditionExpression: <>",
		":5 BETWEEN a AND b":             "Invalid condition in KeyConditionExpression: BETWEEN operator must have the key attribute as its first operand",
		"a > size(b)":                    "KeyConditionExpressions cannot contain nested operations",
		"a > b":                          "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition",
		"a.b > :5":                       "KeyConditionExpressions cannot have conditions on nested attributes",
		":5 > :7":                        "Invalid condition in KeyConditionExpression: No key attribute specified",
		"a > :5 AND a < :7":              "KeyConditionExpressions must only contain one condition per key",
		"a = :5 AND b = :5 AND l = :5":   "Conditions can be of length 1 or 2 only",
	} {
		t.Run(source, func(t *testing.T) {
			t.Parallel()
			_, err := expression.ParseKeyCondition(source, attributes(t))
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != want {
				t.Errorf("error = %s\nwant    %s", got, want)
			}
		})
	}
}

func TestKeyConditionTurnsAround(t *testing.T) {
	t.Parallel()
	keys, err := expression.ParseKeyCondition(":7 >= a", attributes(t))
	if err != nil {
		t.Fatal(err)
	}
	if got := keys[0]; got.Attribute != "a" || got.Operator != "<=" || !got.Holds(attribute.Item{"a": n("6")}) || got.Holds(attribute.Item{"a": n("8")}) {
		t.Errorf("key condition = %+v, want a <= 7", got)
	}
}

func TestAttributesRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		names  map[string]string
		values attribute.Item
		want   string
	}{
		"EmptyNames":  {names: map[string]string{}, want: "ExpressionAttributeNames must not be empty"},
		"BadName":     {names: map[string]string{"a": "a"}, want: `ExpressionAttributeNames contains invalid key: Syntax error; key: "a"`},
		"EmptyValues": {values: attribute.Item{}, want: "ExpressionAttributeValues must not be empty"},
		"BadKey":      {values: attribute.Item{"a": n("1")}, want: `ExpressionAttributeValues contains invalid key: Syntax error; key: "a"`},
		"BadValue":    {values: attribute.Item{":a": n("x")}, want: "ExpressionAttributeValues contains invalid value: The parameter cannot be converted to a numeric value: x for key :a"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := expression.NewAttributes(test.names, test.values); err == nil || err.Error() != test.want {
				t.Errorf("error = %v, want %s", err, test.want)
			}
		})
	}
}

// FuzzExpressions feeds all parsers and evaluates what they accept: nothing may
// panic, and an update leaves the item it was given alone.
func FuzzExpressions(f *testing.F) {
	for _, seed := range []string{
		"a = :5 AND (NOT b < :7 OR c BETWEEN :5 AND :7) AND d IN (:5, :7)", "attribute_exists(doc.deep[1].q) OR size(b) > :5",
		"SET a = if_not_exists(a, :5) + :7, l[0] = list_append(l, :list) REMOVE doc.x ADD tags :ss DELETE numbers :ns", "a, doc.deep[1].q, #o",
		strings.Repeat("NOT ", 1000) + "a = :5", "SET a = " + strings.Repeat("(", 4000),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		if c, err := expression.ParseCondition("ConditionExpression", source, attributes(t)); err == nil {
			c.Holds(sample())
			c.Holds(nil)
		}
		if paths, err := expression.ParseProjection(source, attributes(t)); err == nil {
			expression.Project(sample(), paths)
		}
		if keys, err := expression.ParseKeyCondition(source, attributes(t)); err == nil && (len(keys) < 1 || len(keys) > 2) {
			t.Errorf("%q has %d key conditions", source, len(keys))
		}
		if u, err := expression.ParseUpdate(source, attributes(t)); err == nil {
			before := sample()
			if next, err := u.Apply(before); err == nil {
				if _, err := attribute.NormalizeItem(next); err != nil {
					t.Errorf("%q leaves an invalid item: %v", source, err)
				}
			}
			if d := diff(sample(), before); d != "" {
				t.Errorf("%q changed what it was given:\n%s", source, d)
			}
		}
	})
}
