package jsonata_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/states/jsonata"
)

const order = `{"items":[{"sku":"a","price":2,"n":3},{"sku":"b","price":5,"n":1},{"sku":"a","price":1,"n":1}],
 "who":{"name":"Ada","tags":["x","y"],"age":36},"one":[7],"none":[],"text":"hello world","nested":[[1,2],[3]]}`

func environment(t *testing.T) jsonata.Environment {
	t.Helper()
	input, err := jsonata.Decode(order)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	return jsonata.Environment{
		Variables: map[string]any{"o": input, "states": jsonata.NewObject("input", input)},
		Now:       time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC),
		ID:        func(length int) string { n++; return fmt.Sprintf("%0*x", length, n) },
	}
}

func TestEvaluate(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ expression, want string }{
		// Paths, sequences and predicates.
		{`$o.who.name`, `"Ada"`},
		{`$states.input.who.tags`, `["x","y"]`},
		{`$o.items.sku`, `["a","b","a"]`},
		{`$o.items[sku="b"].price`, `5`},
		{`$o.items[0].sku`, `"a"`},
		{`$o.items[-1].price`, `1`},
		{`$o.items.price[0]`, `[2,5,1]`},
		{`($o.items.price)[0]`, `2`},
		{`$o.items[price>1]`, `[{"sku":"a","price":2,"n":3},{"sku":"b","price":5,"n":1}]`},
		{`$o.items[[0,2]].price`, `[2,1]`},
		{`$o.items[sku="b"].price[]`, `[5]`},
		{`$o.one`, `[7]`},
		{`$o.none`, `[]`},
		{`$o.one[0]`, `7`},
		{`$o.missing`, `undefined`},
		{`$missing`, `undefined`},
		{`$o.who.*`, `["Ada","x","y",36]`},
		{`$o.**.price`, `[2,5,1]`},
		{`$o.items.(price * n)`, `[6,5,1]`},
		{`$o.items.{"s": sku}`, `[{"s":"a"},{"s":"b"},{"s":"a"}]`},
		{`$o.items.[sku, n]`, `[["a",3],["b",1],["a",1]]`},
		{`$o.nested[0]`, `[1,2]`},
		{`$o.items{sku: $sum(price)}`, `{"a":3,"b":5}`},
		{`$o.items^(price).price`, `[1,2,5]`},
		{`$o.items^(>sku, price).(sku & price)`, `["b5","a1","a2"]`},
		{"$o.`who`.name", `"Ada"`},
		{`$o . "who" . 'name' & "."`, `"Ada."`},
		{`$o.who.[name, age][]`, `[["Ada",36]]`},
		// Operators.
		{`1 + 2 * 3 - 4 / 2`, `5`},
		{`-$o.who.age % 5`, `-1`},
		{`1 + $missing`, `undefined`},
		{`"a" & 1 & true & null & $missing & [1]`, `"a1truenull[1]"`},
		{`$o.who.age >= 36 and $o.who.name != "Bob"`, `true`},
		{`$missing = 1 or "x" in $o.who.tags`, `true`},
		{`[1..3, 7]`, `[1,2,3,7]`},
		{`[3..1]`, `[]`},
		{`$missing ? 1 : 2`, `2`},
		{`false ? 1`, `undefined`},
		{`{"a": 1, "b": $missing, "c": [1]} = {"c": [1], "a": 1}`, `true`},
		{`( $x := 1; $y := $x + 1; [$x, $y] )`, `[1,2]`},
		{`$variable := 1`, `1`},
		{`/* a "comment */ "/* none */" /* two */`, `"/* none */"`},
		// Functions.
		{`$map([1,2,3], function($v, $i) { $v * $i })`, `[0,2,6]`},
		{`$filter([1,2,3], function($v) { $v > 2 })`, `3`},
		{`$reduce([1,2,3], function($a, $b) { $a + $b }, 10)`, `16`},
		{`[1,2,3] ~> $sum()`, `6`},
		{`$o.text ~> $uppercase ~> $length`, `11`},
		{`($add := function($a, $b) { $a + $b }; $inc := $add(?, 1); $inc(4))`, `5`},
		{`($f := function($n) { $n <= 1 ? 1 : $n * $f($n - 1) }; $f(10))`, `3628800`},
		{`(function($a)<a<n>>{ $sum($a) })(3)`, `3`},
		{`$keys($o.who)`, `["name","tags","age"]`},
		{`$merge([{"a":1},{"b":2,"a":3}])`, `{"a":3,"b":2}`},
		{`$spread({"a":1,"b":2})`, `[{"a":1},{"b":2}]`},
		{`$each({"a":1,"b":2}, function($v, $k) { $k & $v })`, `["a1","b2"]`},
		{`$sift({"a":1,"b":2}, function($v) { $v > 1 })`, `{"b":2}`},
		{`$lookup($o.who, "age")`, `36`},
		{`$exists($o.who) and $not($exists($o.nope))`, `true`},
		{`$type(null) & $type([]) & $type({})`, `"nullarrayobject"`},
		{`$sort($o.items, function($l, $r) { $l.price > $r.price }).price`, `[1,2,5]`},
		{`$distinct([1,2,1,"1"])`, `[1,2,"1"]`},
		{`$zip([1,2],[3,4,5])`, `[[1,3],[2,4]]`},
		{`$append([1],2)`, `[1,2]`},
		{`$reverse([1,2])`, `[2,1]`},
		{`$count($missing) + $count("x")`, `1`},
		{`$max([1,3,2]) & $min([1,3,2]) & $average([1,2])`, `"311.5"`},
		{`$round(2.5) + $round(3.5) + $round(0.15, 1)`, `6.2`},
		{`$number("0x1f") + $number(" 1" = 1 ? "1" : "2")`, `33`},
		{`$string({"a":[1,"<&>"]})`, `"{\"a\":[1,\"<&>\"]}"`},
		{`$string(1e21) & $string(0.1 + 0.2) & $string(100)`, `"1e+210.3100"`},
		{`$substring("hello", -3, 2) & $substringBefore("a-b","-") & $substringAfter("a-b","-") & $substringAfter("ab","-")`, `"llabab"`},
		{`$pad("x", -3, "-") & $pad("x", 3) & "|"`, `"--xx  |"`},
		{`$split("a, b, c", ", ", 2)`, `["a","b"]`},
		{`$join(["a","b"], "-")`, `"a-b"`},
		{`$contains("hello$world", /^hello\ /)`, `false`},
		{`$contains("Hello", /hello/i)`, `true`},
		{`$match("ab12cd3", /[a-z]+([0-9]+)/).groups`, `["12","3"]`},
		{`$replace("john smith", /(\w+)\s(\w+)/, "$2, $1")`, `"smith, john"`},
		{`$replace("aaa", "a", "b", 2)`, `"bba"`},
		{`$base64decode($base64encode("x y"))`, `"x y"`},
		{`$encodeUrlComponent("a b/c")`, `"a%20b%2Fc"`},
		{`$fromMillis(0)`, `"1970-01-01T00:00:00.000Z"`},
		{`$fromMillis(1510067557121, '[Y]-[M01]-[D01]')`, `"2017-11-07"`},
		{`$toMillis("1970-01-01T00:00:01Z")`, `1000`},
		{`$now()`, `"2026-01-02T03:04:05.678Z"`},
		{`$o.who ~> |$|{"age": 1}, "tags"|`, `{"name":"Ada","age":1}`},
		{`$formatNumber(1234.5, "#,##0.00")`, `"1,234.50"`},
		{`$formatBase(255, 16)`, `"ff"`},
		// What Step Functions adds.
		{`$parse('{"b":1,"a":[true]}')`, `{"b":1,"a":[true]}`},
		{`$partition([1,2,3,4,5], 2)`, `[[1,2],[3,4],[5]]`},
		{`$range(0, 10, 3)`, `[0,3,6,9]`},
		{`$range(1, 9, 9)`, `1`},
		{`$hash("abc", "SHA-256")`, `"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"`},
		{`$uuid()`, `"00000000-0000-4000-a000-000000000001"`},
		{`$random(42)`, `0.7275636800328681`},
		{`$range(-1.7, 2, 1)`, `[-1,0,1,2]`},
		{`$partition([1,2,3], 2.9)`, `[[1,2],[3]]`},
		{`$random() < 1 and $random(7) = $random(7)`, `true`},
	} {
		t.Run(test.expression, func(t *testing.T) {
			t.Parallel()
			e, err := jsonata.Compile(test.expression)
			if err != nil {
				t.Fatal(err)
			}
			got, err := e.Evaluate(environment(t))
			if err != nil {
				t.Fatal(err)
			}
			text := jsonata.Encode(got)
			if got == (any)(jsonata.Undefined{}) {
				text = "undefined"
			}
			if text != test.want {
				t.Errorf("got %s, want %s", text, test.want)
			}
		})
	}
}

func TestEvaluateErrors(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]string{
		`1 + "a"`:                              `T2002: The right side of the "+" operator must evaluate to a number`,
		`"a" > 1`:                              `T2009: `,
		`$o.who > 1`:                           `T2010: `,
		`1 / 0`:                                `D1001: `,
		`$length(1)`:                           `T0410: Argument 1 of function "length" does not match function signature`,
		`$substring("a", "b")`:                 `T0410: `,
		`$nothing()`:                           `T1006: Attempted to invoke a non-function`,
		`$eval("1 + 1")`:                       `T1006: Attempted to invoke a non-function`,
		`(function($a)<a<n>>{ $a })([1, "2"])`: `T0412: Argument 1 of function "lambda" must be an array of "numbers"`,
		`(function($a)<a<s>>{ $a })(1)`:        `T0412: Argument 1 of function "lambda" must be an array of "strings"`,
		`(function($a)<n>{ $a })(1, 2)`:        `T0410: Argument 2 of function "lambda"`,
		`(function($a)<n>{ $a })("1")`:         `T0410: Argument 1 of function "lambda"`,
		`$sum(["a"])`:                          `T0412: Argument 1 of function "sum" must be an array of "numbers"`,
		`$partition([1], -1)`:                  `T0410: Argument 2 of function "partition"`,
		`sum(1)`:                               `T1005: Attempted to invoke a non-function. Did you mean $sum?`,
		`$number("x")`:                         `D3030: `,
		`$error("no luck")`:                    `D3137: no luck`,
		`$assert(false, "bad")`:                `D3141: bad`,
		`{1: 2}`:                               `T1003: `,
		`$parse("{")`:                          `Unable to parse`,
	} {
		t.Run(expression, func(t *testing.T) {
			t.Parallel()
			e, err := jsonata.Compile(expression)
			if err != nil {
				t.Fatal(err)
			}
			got, err := e.Evaluate(environment(t))
			if err == nil {
				t.Fatalf("got %s, want an error that begins with %q", jsonata.Encode(got), want)
			}
			if !strings.HasPrefix(err.Error(), want) {
				t.Errorf("got error %q, want one that begins with %q", err, want)
			}
		})
	}
}

func TestEvaluationIsBounded(t *testing.T) {
	t.Parallel()
	for _, expression := range []string{
		`($f := function($x) { $f($x + 1) }; $f(1))`,
		`($f := function($x) { 1 + $f($x) }; $f(1))`,
		`[1..1000000].[1..1000000]`,
		`$count([1..9000000])`,
		`$length($pad("x", 100000000))`,
		`($d := function($s, $n) { $n = 0 ? $s : $d($s & $s, $n - 1) }; $length($d("xxxxxxxxxxxxxxxx", 60)))`,
	} {
		t.Run(expression, func(t *testing.T) {
			t.Parallel()
			e, err := jsonata.Compile(expression)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := e.Evaluate(environment(t)); !errors.Is(err, jsonata.ErrBounds) {
				t.Errorf("got error %v, want %v", err, jsonata.ErrBounds)
			}
		})
	}
}

func TestReferences(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]jsonata.References{
		`$a.b[c > $.d].($.e & f)^(g)`:               {},
		`$map($a, function($v) { $v.x & $ & y })`:   {},
		`[$, a, {b: (c; d ? -e : $f(g & h))}, a.i]`: {Context: []string{"$", "a", "b", "c", "d", "e", "g", "h"}},
		`a[b].c{d: e}`:                              {Context: []string{"a"}},
		`$a[$$.b = 1]`:                              {Root: true},
		`$states.input[x = $states.result.y]`:       {States: []string{"input", "result"}},
		`$map([1], function($v) { $states.input })`: {States: []string{"input"}},
	} {
		t.Run(expression, func(t *testing.T) {
			t.Parallel()
			e, err := jsonata.Compile(expression)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, e.References()); diff != "" {
				t.Errorf("References (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCompileRefuses(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]string{
		`1 +`:                      "Unexpected end",
		`$contains("a", /(?=a)/)`:  "invalid regular expression",
		`a.%.b`:                    "%",
		`$o.items#$i.sku`:          "@ and #",
		`$o.items@$i.sku`:          "@",
		``:                         "Unexpected end",
		strings.Repeat("(", 40000): "longer than",
	} {
		t.Run(expression[:min(len(expression), 20)], func(t *testing.T) {
			t.Parallel()
			_, err := jsonata.Compile(expression)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got error %v, want one with %q", err, want)
			}
		})
	}
}

func FuzzEvaluate(f *testing.F) {
	f.Add(`$o.items[sku="b"].{"x": $sum(price)}`)
	f.Add(`$map($o.items, function($v) { $v.price ~> $string })`)
	f.Add(`$toMillis($fromMillis(1e12, "[Y0001]-[MNn,3-3]-[D1o] [h]:[m][P] [z]", "+0530"), "[Y]-[M]-[D]")`)
	f.Add(`$formatNumber(-1234.5, "#,##0.0#e0;(0)", {"zero-digit": "٠"}) & $formatInteger(12, "Ww;o")`)
	f.Add(`$parseInteger("one hundred and first", "w;o")`)
	f.Fuzz(func(t *testing.T, expression string) {
		e, err := jsonata.Compile(expression)
		if err != nil {
			return
		}
		v, err := e.Evaluate(environment(t))
		if err == nil {
			jsonata.Encode(v)
		}
	})
}
