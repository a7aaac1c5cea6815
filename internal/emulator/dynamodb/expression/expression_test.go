package expression_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/attribute"
	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/expression"
)

func s(v string) attribute.Value             { return &attribute.String{Value: v} }
func n(v string) attribute.Value             { return &attribute.Number{Value: v} }
func l(v ...attribute.Value) attribute.Value { return &attribute.List{Value: v} }
func m(v attribute.Item) attribute.Value     { return &attribute.Map{Value: v} }
func ss(v ...string) attribute.Value         { return &attribute.StringSet{Value: v} }
func ns(v ...string) attribute.Value         { return &attribute.NumberSet{Value: v} }

func diff(want, got any) string {
	return cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(
		types.AttributeValueMemberS{}, types.AttributeValueMemberN{}, types.AttributeValueMemberL{}, types.AttributeValueMemberM{},
		types.AttributeValueMemberSS{}, types.AttributeValueMemberNS{}, types.AttributeValueMemberBOOL{}))
}

// sample is an item, and names and values to speak of it.
func sample() attribute.Item {
	return attribute.Item{
		"a": n("5"), "b": s("hello"), "tags": ss("x", "y"), "numbers": ns("1", "2"),
		"l": l(n("0"), n("1"), n("2")), "doc": m(attribute.Item{"x": n("1"), "deep": l(s("p"), m(attribute.Item{"q": s("r")}))}),
		"flag": &attribute.Bool{Value: true},
	}
}

func attributes(t *testing.T) *expression.Attributes {
	t.Helper()
	a, err := expression.NewAttributes(
		map[string]string{"#a": "a", "#o": "owner", "#dot": "x.y"},
		attribute.Item{
			":5": n("5"), ":7": n("7.0"), ":big": n("1e2"), ":he": s("he"), ":hello": s("hello"), ":l": s("l"), ":x": s("x"), ":L": s("L"), ":q": s("q"),
			":true": &attribute.Bool{Value: true}, ":list": l(n("9")), ":empty": l(), ":ss": ss("y", "z"), ":ns": ns("2", "3"), ":all": ss("x", "y"), ":map": m(nil),
		})
	if err != nil {
		t.Fatalf("NewAttributes: %v", err)
	}
	return a
}

func TestConditionHolds(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]bool{
		"a = :5":                             true,
		"a <> :5":                            false,
		"a < :7":                             true,
		"a <= :5 AND a >= :5":                true,
		"a > :7 OR a < :7":                   true,
		"NOT a > :7":                         true,
		"not a = :5 and a = :5":              false,
		"(NOT (a = :5)) OR b = :hello":       true,
		"a = :5 OR a = :7 AND b = :he":       true,
		"(a = :5 OR a = :7) AND b = :he":     false,
		"a = :hello":                         false,
		"a < :hello":                         false,
		"a <> :hello":                        true,
		"absent = :5":                        false,
		"absent <> :5":                       true,
		"absent < :5":                        false,
		"absent <> gone":                     true,
		"absent = gone":                      false,
		"a BETWEEN :5 AND :7":                true,
		"absent BETWEEN :5 AND :7":           false,
		":5 between a and :7 and b = :hello": true,
		"a IN (:7, :5)":                      true,
		"b IN (:7, :5)":                      false,
		"absent IN (:5)":                     false,
		"attribute_exists(doc.deep[1].q)":    true,
		"attribute_exists(doc.deep[2])":      false,
		"attribute_not_exists(doc.deep.q)":   true,
		"attribute_exists(a) and a = :5":     true,
		"attribute_type(l, :L)":              true,
		"attribute_type(a, :L)":              false,
		"begins_with(b, :he)":                true,
		"begins_with(a, :he)":                false,
		"begins_with(absent, :he)":           false,
		"contains(b, :l)":                    true,
		"contains(tags, :x)":                 true,
		"contains(tags, :he)":                false,
		"contains(l, :5)":                    false,
		"size(b) = :5":                       true,
		"size(tags) < :5":                    true,
		"size(absent) < :5":                  false,
		"size(a) < :7":                       false,
		"flag = :true":                       true,
		"(size(b)) = a":                      true,
		"#a = :5":                            true,
		"#o = :5":                            false,
		"tags = :all":                        true,
		"  a   =\n:5 ":                       true,
		"doc.x < l[2] AND (doc.x <> l[0])":   true,
		"attribute_not_exists(a) OR a < :7 OR a = a2": true,
	} {
		t.Run(source, func(t *testing.T) {
			t.Parallel()
			c, err := expression.ParseCondition("ConditionExpression", source, attributes(t))
			if err != nil {
				t.Fatalf("parse: %v", err)
			}
			if got := c.Holds(sample()); got != want {
				t.Errorf("Holds = %v, want %v", got, want)
			}
		})
	}
}

func TestUpdateApply(t *testing.T) {
	t.Parallel()
	for source, change := range map[string]func(attribute.Item){
		"SET a = a + :7":                                       func(i attribute.Item) { i["a"] = n("12") },
		"SET a = ((a)+(:7))":                                   func(i attribute.Item) { i["a"] = n("12") },
		"SET a = (:5 - :7)":                                    func(i attribute.Item) { i["a"] = n("-2") },
		"SET a = b, b = a":                                     func(i attribute.Item) { i["a"], i["b"] = i["b"], i["a"] },
		"SET c = if_not_exists(c, :big)":                       func(i attribute.Item) { i["c"] = n("100") },
		"SET c = if_not_exists(a, :7)":                         func(i attribute.Item) { i["c"] = n("5") },
		"SET c = if_not_exists(c, :5) + :7":                    func(i attribute.Item) { i["c"] = n("12") },
		"SET l = list_append(l, :list)":                        func(i attribute.Item) { i["l"] = l(n("0"), n("1"), n("2"), n("9")) },
		"SET c = list_append(if_not_exists(c, :empty), :list)": func(i attribute.Item) { i["c"] = l(n("9")) },
		"SET l[1] = :7":                                        func(i attribute.Item) { i["l"] = l(n("0"), n("7"), n("2")) },
		"SET l[9] = :7, l[5] = :5":                             func(i attribute.Item) { i["l"] = l(n("0"), n("1"), n("2"), n("5"), n("7")) },
		"SET l[1] = :7 REMOVE l[0], l[2]":                      func(i attribute.Item) { i["l"] = l(n("7")) },
		"REMOVE l[7], absent":                                  func(attribute.Item) {},
		"SET doc.y = :5, doc.deep[1].q = :7": func(i attribute.Item) {
			i["doc"] = m(attribute.Item{"x": n("1"), "y": n("5"), "deep": l(s("p"), m(attribute.Item{"q": n("7")}))})
		},
		"REMOVE doc.deep": func(i attribute.Item) { i["doc"] = m(attribute.Item{"x": n("1")}) },
		"SET #dot = :5":   func(i attribute.Item) { i["x.y"] = n("5") },
		"ADD a :7, c :5":  func(i attribute.Item) { i["a"], i["c"] = n("12"), n("5") },
		"ADD tags :ss, numbers :ns, fresh :ss": func(i attribute.Item) {
			i["tags"], i["numbers"], i["fresh"] = ss("x", "y", "z"), ns("1", "2", "3"), ss("y", "z")
		},
		"DELETE tags :ss, absent :ss": func(i attribute.Item) { i["tags"] = ss("x") },
		"DELETE tags :all":            func(i attribute.Item) { delete(i, "tags") },
		"SET c = :5 REMOVE a ADD doc.x :5 DELETE numbers :ns": func(i attribute.Item) {
			i["c"], i["numbers"] = n("5"), ns("1")
			i["doc"].(*attribute.Map).Value["x"] = n("6")
			delete(i, "a")
		},
	} {
		t.Run(source, func(t *testing.T) {
			t.Parallel()
			u, err := expression.ParseUpdate(source, attributes(t))
			if err != nil {
				t.Fatalf("parse: %v", err)
			}
			before, want := sample(), sample()
			change(want)
			got, err := u.Apply(before)
			if err != nil {
				t.Fatalf("Apply: %v", err)
			}
			if d := diff(want, got); d != "" {
				t.Errorf("item (-want +got):\n%s", d)
			}
			if d := diff(sample(), before); d != "" {
				t.Errorf("Apply changed what it was given (-want +got):\n%s", d)
			}
		})
	}
}

func TestUpdateDoesNotFitItem(t *testing.T) {
	t.Parallel()
	const (
		missing   = "The provided expression refers to an attribute that does not exist in the item"
		path      = "The document path provided in the update expression is invalid for update"
		wrongType = "An operand in the update expression has an incorrect data type"
	)
	for source, want := range map[string]string{
		"SET c = absent":            missing,
		"SET c = absent + :5":       missing,
		"SET c = list_append(l, c)": missing,
		"SET absent.x = :5":         path,
		"SET a.x = :5":              path,
		"SET l.x = :5":              path,
		"SET doc[0] = :5":           path,
		"REMOVE absent.x":           path,
		"DELETE absent.x :ss":       path,
		"ADD absent.x :ss":          path,
		"SET c = b + :5":            wrongType,
		"SET c = list_append(a, l)": wrongType,
		"ADD b :5":                  wrongType,
		"ADD tags :ns":              wrongType,
		"ADD tags :5":               wrongType,
		"DELETE tags :ns":           wrongType,
		"DELETE a :ns":              wrongType,
	} {
		t.Run(source, func(t *testing.T) {
			t.Parallel()
			u, err := expression.ParseUpdate(source, attributes(t))
			if err != nil {
				t.Fatalf("parse: %v", err)
			}
			if _, err = u.Apply(sample()); err == nil || err.Error() != want {
				t.Errorf("Apply: %v, want %s", err, want)
			}
		})
	}
}

func TestProject(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]attribute.Item{
		"a, absent":                 {"a": n("5")},
		"l[2], l[0]":                {"l": l(n("0"), n("2"))},
		"doc.deep[1].q, doc.x":      {"doc": m(attribute.Item{"x": n("1"), "deep": l(m(attribute.Item{"q": s("r")}))})},
		"a.b, doc.deep.x, doc.x[0]": {},
		"#a,#dot , doc.deep [ 0 ] ": {"a": n("5"), "doc": m(attribute.Item{"deep": l(s("p"))})},
	} {
		t.Run(source, func(t *testing.T) {
			t.Parallel()
			paths, err := expression.ParseProjection(source, attributes(t))
			if err != nil {
				t.Fatalf("parse: %v", err)
			}
			if d := diff(want, expression.Project(sample(), paths)); d != "" {
				t.Errorf("projection (-want +got):\n%s", d)
			}
		})
	}
}
