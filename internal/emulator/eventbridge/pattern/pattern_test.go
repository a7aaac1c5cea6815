package pattern_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sluice-deploy/sluice/internal/emulator/eventbridge/pattern"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, pattern, event string
		want                 bool
	}{
		{"StringIsNotNumber", `{"a":["1"]}`, `{"a":1}`, false},
		{"NumberHoweverSpelled", `{"a":[300]}`, `{"a":3.0e2}`, true},
		{"NumberTooLongToCompareIsALiteral", `{"a":[12345678901234567890123]}`, `{"a":12345678901234567890123}`, true},
		{"NumberTooLongInAnotherSpelling", `{"a":[12345678901234567890123]}`, `{"a":12345678901234567890123.0}`, false},
		{"Null", `{"a":[null]}`, `{"a":null}`, true},
		{"NullIsNotString", `{"a":["null"]}`, `{"a":null}`, false},
		{"AllFieldsMustMatch", `{"a":["x"],"b":["y"]}`, `{"a":"x","b":"z"}`, false},
		{"MissingField", `{"a":["x"]}`, `{"b":"x"}`, false},
		{"PrefixIgnoringCase", `{"a":[{"prefix":{"equals-ignore-case":"EC2"}}]}`, `{"a":"ec2-x"}`, true},
		{"PrefixIsCaseSensitive", `{"a":[{"prefix":"EC2"}]}`, `{"a":"ec2-x"}`, false},
		{"PrefixLongerThanValue", `{"a":[{"prefix":{"equals-ignore-case":"EC2"}}]}`, `{"a":"ec"}`, false},
		{"EqualsIgnoreCase", `{"a":[{"equals-ignore-case":"ALPHA"}]}`, `{"a":"aLpHa"}`, true},
		{"NumericRangeIsOpenAtTheBottom", `{"a":[{"numeric":[">",0,"<=",5]}]}`, `{"a":0}`, false},
		{"NumericRangeIsClosedAtTheTop", `{"a":[{"numeric":[">",0,"<=",5]}]}`, `{"a":5}`, true},
		{"NumericEquals", `{"a":[{"numeric":["=",3.018e2]}]}`, `{"a":301.8}`, true},
		{"NumericNeverMatchesStrings", `{"a":[{"numeric":["=",1]}]}`, `{"a":"1"}`, false},
		{"NumericNegative", `{"a":[{"numeric":["<",-1]}]}`, `{"a":-1.5}`, true},
		{"CIDRv6", `{"a":[{"cidr":"2001:db8::/32"}]}`, `{"a":"2001:db8:1::1"}`, true},
		{"SameAddressWrittenInAnotherWay", `{"a":["::1"]}`, `{"a":"0:0:0:0:0:0:0:1"}`, true},
		{"WildcardMatchesNothingToo", `{"a":[{"wildcard":"a*b*"}]}`, `{"a":"ab"}`, true},
		{"WildcardEscaped", `{"a":[{"wildcard":"a\\*b"}]}`, `{"a":"axb"}`, false},
		{"WildcardEscapedStar", `{"a":[{"wildcard":"a\\*b"}]}`, `{"a":"a*b"}`, true},
		{"ExistsOfEmptyArray", `{"a":[{"exists":true}]}`, `{"a":[]}`, false},
		{"AbsentOrValue", `{"a":[{"exists":false},"x"]}`, `{"a":"x"}`, true},
		{"AbsentOrValueNeither", `{"a":[{"exists":false},"x"]}`, `{"a":"y"}`, false},
		{"AbsentOrValueAbsent", `{"a":[{"exists":false},"x"]}`, `{}`, true},
		{"AnythingButNumbersMatchesStrings", `{"a":[{"anything-but":[1,2]}]}`, `{"a":"x"}`, true},
		{"AnythingButSuffixList", `{"a":[{"anything-but":{"suffix":[".a",".b"]}}]}`, `{"a":"x.b"}`, false},
		{"OrFirst", `{"$or":[{"a":["x"]},{"b":["y"]}]}`, `{"a":"x"}`, true},
		{"OrSecond", `{"$or":[{"a":["x"]},{"b":["y"]}]}`, `{"b":"y"}`, true},
		{"OrNone", `{"$or":[{"a":["x"]},{"b":["y"]}]}`, `{"a":"y","b":"x"}`, false},
		{"OrAndSibling", `{"$or":[{"a":["x"]},{"b":["y"]}],"c":["z"]}`, `{"a":"x"}`, false},
		{"OrNested", `{"d":{"$or":[{"a":["x"]},{"b":["y"],"$or":[{"c":[1]},{"e":[2]}]}]}}`, `{"d":{"b":"y","e":2}}`, true},
		{"OrNestedMissesInner", `{"d":{"$or":[{"a":["x"]},{"b":["y"],"$or":[{"c":[1]},{"e":[2]}]}]}}`, `{"d":{"b":"y"}}`, false},
		{"ArrayOfValuesEachCounts", `{"a":["y"]}`, `{"a":["x","y"]}`, true},
		{"SameElementOfAnArray", `{"l":{"a":["x"],"b":["y"]}}`, `{"l":[{"a":"x","b":"y"}]}`, true},
		{"DifferentElementsOfAnArray", `{"l":{"a":["x"],"b":["y"]}}`, `{"l":[{"a":"x","b":"n"},{"a":"n","b":"y"}]}`, false},
		{"LaterElementOfAnArray", `{"l":{"a":["x"],"b":["y"]}}`, `{"l":[{"a":"x","b":"n"},{"a":"x","b":"y"}]}`, true},
		{"AbsentInThatElement", `{"l":{"a":["x"],"b":[{"exists":false}]}}`, `{"l":[{"a":"x"},{"a":"n","b":"y"}]}`, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p, err := pattern.Compile([]byte(tc.pattern))
			if err != nil {
				t.Fatalf("Compile: %v", err)
			}
			got, err := p.Match([]byte(tc.event))
			if err != nil {
				t.Fatalf("Match: %v", err)
			}
			if got != tc.want {
				t.Errorf("pattern %s on %s = %v, want %v", tc.pattern, tc.event, got, tc.want)
			}
		})
	}
}

func TestCompileRefuses(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, pattern, want string }{
		{"Array", `["a"]`, `Filter is not an object`},
		{"EmptyObject", `{"detail":{}}`, `Empty objects are not allowed`},
		{"EmptyExpression", `{"a":[{}]}`, `Match expression name not found`},
		{"ArrayInArray", `{"a":[["b"]]}`, `Match value must be String, number, true, false, or null`},
		{"TwoOperators", `{"a":[{"prefix":"a","suffix":"b"}]}`, `Only one key allowed in match expression`},
		{"NumericEmpty", `{"a":[{"numeric":[]}]}`, `Invalid member in numeric match: ]`},
		{"NumericOperator", `{"a":[{"numeric":["!",1]}]}`, `Unrecognized numeric range operator: !`},
		{"NumericUpsideDown", `{"a":[{"numeric":[">",5,"<",5]}]}`, `Bottom must be less than top`},
		{"NumericSecondOperator", `{"a":[{"numeric":[">",5,">",6]}]}`, `Bad numeric range operator: >`},
		{"NumericTooMany", `{"a":[{"numeric":["<",5,">",6]}]}`, `Too many elements in numeric expression`},
		{"NumericTooBig", `{"a":[{"numeric":["<",1e999]}]}`, `Cannot compare number : 1e999`},
		{"ExistsString", `{"a":[{"exists":"true"}]}`, `exists match pattern must be either true or false.`},
		{"CIDRWithoutMask", `{"a":[{"cidr":"10.0.0.0"}]}`, `Malformed CIDR, one '/' required`},
		{"CIDRMask", `{"a":[{"cidr":"10.0.0.0/32"}]}`, `IPv4 mask bits must be < 32`},
		{"CIDRAddress", `{"a":[{"cidr":"10.0.0.256/8"}]}`, `Invalid IP address: 10.0.0.256`},
		{"PrefixOfWhat", `{"a":[{"prefix":{"wildcard":"x"}}]}`, `Unsupported prefix pattern: wildcard`},
		{"AnythingButOfWhat", `{"a":[{"anything-but":{"numeric":["=",1]}}]}`, `Unsupported anything-but pattern: numeric`},
		{"AnythingButMixed", `{"a":[{"anything-but":[1,"a"]}]}`, `Inside anything but list, either all values are number or string, mixed type is not supported`},
		{"WildcardEscape", `{"a":[{"wildcard":"a\\b"}]}`, `Invalid escape character at pos 2`},
		{"WildcardTooComplex", `{"a":[{"wildcard":"*a*a*a*a*a*a*a*a"}]}`, `Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard character`},
		{"OrOfOne", `{"$or":[{"a":["x"]}]}`, `There must have at least 2 Objects in $or relationship.`},
		{"OrOfStrings", `{"$or":["a","b"]}`, `Only JSON object is allowed in array of $or relationship.`},
		{"OrObject", `{"$or":{"a":["x"]}}`, `It must be an Array followed with $or.`},
		{"OrReserved", `{"$or":[{"prefix":["x"]},{"a":["x"]}]}`, `prefix is Ruler reserved fieldName which cannot be used inside $or.`},
		{"Unfinished", `{"a":["x"]`, `Unexpected end-of-input`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := pattern.Compile([]byte(tc.pattern))
			if err == nil || err.Error() != "Event pattern is not valid. Reason: "+tc.want {
				t.Errorf("Compile(%s) = %v, want reason %q", tc.pattern, err, tc.want)
			}
		})
	}
}

func TestOrIsBounded(t *testing.T) {
	t.Parallel()
	var ors []string
	for i := range 12 {
		ors = append(ors, fmt.Sprintf(`"f%d":{"$or":[{"a":[1]},{"b":[1]}]}`, i))
	}
	_, err := pattern.Compile([]byte("{" + strings.Join(ors, ",") + "}"))
	var invalid *pattern.InvalidError
	if !errors.As(err, &invalid) {
		t.Errorf("Compile of 4096 combinations = %v, want an InvalidError", err)
	}
}

func TestMatchRefusesWhatIsNoObject(t *testing.T) {
	t.Parallel()
	p, err := pattern.Compile([]byte(`{"a":["x"]}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, event := range []string{`[]`, ``, `{"a":`, `{"a":["x"}`} {
		if _, err := p.Match([]byte(event)); err == nil {
			t.Errorf("Match(%q) succeeded, want an error", event)
		}
	}
}

func FuzzCompile(f *testing.F) {
	f.Add(`{"a":[{"numeric":[">",0,"<=",5]},"x",1,null]}`, `{"a":[1,2]}`)
	f.Add(`{"$or":[{"a":[{"wildcard":"*a*b"}]},{"b":[{"cidr":"10.0.0.0/8"}]}]}`, `{"b":"10.1.1.1"}`)
	f.Add(`{"a":[{"anything-but":{"suffix":["x"]}},{"exists":false}]}`, `{"a":{"b":[{"c":1},{"c":2}]}}`)
	f.Fuzz(func(t *testing.T, source, event string) {
		if len(source) > 4096 { // AWS: PutRule, EventPattern, at most 4096 characters
			t.Skip()
		}
		p, err := pattern.Compile([]byte(source))
		if err != nil {
			var invalid *pattern.InvalidError
			if !errors.As(err, &invalid) || invalid.Reason == "" {
				t.Errorf("Compile(%q) = %v, want an InvalidError with a reason", source, err)
			}
			return
		}
		first, err := p.Match([]byte(event))
		if err != nil {
			return
		}
		if again, _ := p.Match([]byte(event)); again != first {
			t.Errorf("Match(%q) on %q is once %v and once %v", source, event, first, again)
		}
	})
}
