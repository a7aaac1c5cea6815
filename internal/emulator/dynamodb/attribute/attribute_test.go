package attribute_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/attribute"
)

func diff(want, got any) string {
	return cmp.Diff(want, got, cmpopts.IgnoreUnexported(
		types.AttributeValueMemberS{}, types.AttributeValueMemberN{}, types.AttributeValueMemberL{}, types.AttributeValueMemberM{},
		types.AttributeValueMemberSS{}, types.AttributeValueMemberNS{}, types.AttributeValueMemberBS{}, types.AttributeValueMemberB{}))
}

func TestNumbersAreCanonical(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"0": "0", "-0": "0", "0.000": "0", "0e500": "0", "007": "7", "+7": "7", "-7.50": "-7.5", ".5": "0.5", "5.": "5",
		"1e2": "100", "1.5E-3": "0.0015", "100": "100", "123456789012345678901234567890.12345678": "123456789012345678901234567890.12345678",
		"9.9999999999999999999999999999999999999E+125": strings.Repeat("9", 38) + strings.Repeat("0", 88),
		"-1e-130": "-0." + strings.Repeat("0", 129) + "1",
	} {
		got, err := attribute.Normalize(&attribute.Number{Value: in})
		if err != nil {
			t.Errorf("Normalize(%s): %v", in, err)
			continue
		}
		if d := diff(attribute.Value(&attribute.Number{Value: want}), got); d != "" {
			t.Errorf("Normalize(%s) (-want +got):\n%s", in, d)
		}
	}
}

func TestNormalizeRefuses(t *testing.T) {
	t.Parallel()
	number := func(s string) attribute.Value { return &attribute.Number{Value: s} }
	nested := attribute.Value(&attribute.Null{Value: true})
	for range 33 {
		nested = &attribute.List{Value: []attribute.Value{nested}}
	}
	const invalid = "One or more parameter values were invalid: "
	for name, test := range map[string]struct {
		value attribute.Value
		want  string
	}{
		"Empty":             {nil, "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"},
		"EmptyInList":       {&attribute.List{Value: []attribute.Value{nil}}, "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"},
		"NoNumber":          {number(""), "The parameter cannot be converted to a numeric value"},
		"Letters":           {number("1x"), "The parameter cannot be converted to a numeric value: 1x"},
		"Point":             {number("."), "The parameter cannot be converted to a numeric value: ."},
		"Overflow":          {number("1e126"), "Number overflow. Attempting to store a number with magnitude larger than supported range"},
		"HugeExponent":      {number("1e99999999999999999999"), "Number overflow. Attempting to store a number with magnitude larger than supported range"},
		"Underflow":         {number("-1e-131"), "Number underflow. Attempting to store a number with magnitude smaller than supported range"},
		"Precision":         {number("1" + strings.Repeat("0", 37) + "1"), "Attempting to store more than 38 significant digits in a Number"},
		"NullFalse":         {&attribute.Null{}, invalid + "Null attribute value types must have the value of true"},
		"NoStrings":         {&attribute.StringSet{}, invalid + "An string set  may not be empty"},
		"NoNumbers":         {&attribute.NumberSet{}, invalid + "An number set  may not be empty"},
		"NoBinaries":        {&attribute.BinarySet{}, invalid + "Binary sets should not be empty"},
		"EmptyMember":       {&attribute.StringSet{Value: []string{"a", ""}}, invalid + "An string set may not have a empty string as a member"},
		"DuplicateStrings":  {&attribute.StringSet{Value: []string{"b", "a", "b"}}, invalid + "Input collection [b, a, b] contains duplicates."},
		"DuplicateNumbers":  {&attribute.NumberSet{Value: []string{"1", "1.0"}}, "Input collection contains duplicates"},
		"DuplicateBinaries": {&attribute.BinarySet{Value: [][]byte{[]byte("b"), []byte("b")}}, invalid + "Input collection [Yg==, Yg==]of type BS contains duplicates."},
		"TooDeep":           {nested, "Nesting Levels have exceeded supported limits"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := attribute.Normalize(test.value); err == nil || err.Error() != test.want {
				t.Errorf("Normalize: %v, want %s", err, test.want)
			}
		})
	}
}

func TestArithmeticKeepsTheRange(t *testing.T) {
	t.Parallel()
	number := func(s string) *attribute.Number { return &attribute.Number{Value: s} }
	got, err := attribute.Subtract(number("0.3"), number("0.1"))
	if err != nil {
		t.Fatalf("0.3 - 0.1: %v", err)
	}
	if d := diff(attribute.Value(number("0.2")), got); d != "" {
		t.Errorf("0.3 - 0.1 (-want +got):\n%s", d)
	}
	for _, test := range []struct {
		a, b string
		want error
	}{
		{"9e125", "9e125", attribute.ErrOverflow},
		{"1e40", "1", attribute.ErrPrecision},
	} {
		if _, err := attribute.Add(number(test.a), number(test.b)); !errors.Is(err, test.want) {
			t.Errorf("%s + %s: %v, want %v", test.a, test.b, err, test.want)
		}
	}
}

func TestEqualityAndOrder(t *testing.T) {
	t.Parallel()
	set := func(v ...string) attribute.Value {
		canonical, err := attribute.Normalize(&attribute.NumberSet{Value: v})
		if err != nil {
			t.Fatalf("Normalize(%v): %v", v, err)
		}
		return canonical
	}
	if !attribute.Equal(set("10", "9.0"), set("9", "1e1")) {
		t.Error("sets with the same numbers are not equal")
	}
	if attribute.Equal(set("1"), set("1", "2")) || attribute.Equal(nil, nil) {
		t.Error("what differs, or is not there, is equal")
	}
	if order, ok := attribute.Compare(&attribute.Number{Value: "9"}, &attribute.Number{Value: "10"}); !ok || order >= 0 {
		t.Errorf("9 against 10 = %d, %v, want below zero", order, ok)
	}
	if order, ok := attribute.Compare(&attribute.String{Value: "9"}, &attribute.String{Value: "10"}); !ok || order <= 0 {
		t.Errorf(`"9" against "10" = %d, %v, want above zero`, order, ok)
	}
	if _, ok := attribute.Compare(&attribute.String{Value: "1"}, &attribute.Number{Value: "1"}); ok {
		t.Error("a string and a number have an order")
	}
}

func TestSize(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		item attribute.Item
		want int
	}{
		{attribute.Item{"key": &attribute.String{Value: "é1"}}, 3 + 3},
		{attribute.Item{"n": &attribute.Number{Value: "1234"}}, 1 + 3},
		{attribute.Item{"n": &attribute.Number{Value: "-0.01234"}}, 1 + 4},
		{attribute.Item{"l": &attribute.List{Value: []attribute.Value{&attribute.Bool{}}}}, 1 + 3 + 1 + 1},
	} {
		if got := attribute.ItemSize(test.item); got != test.want {
			t.Errorf("ItemSize(%s) = %d, want %d", attribute.Format(&attribute.Map{Value: test.item}), got, test.want)
		}
	}
}
