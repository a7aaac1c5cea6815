package jsonata_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/sluice-deploy/sluice/internal/emulator/states/jsonata"
)

// The values are those of JSONata's documentation and of its reference
// implementation.
func TestPictures(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ expression, want string }{
		{`$formatInteger(2789, "w")`, `"two thousand, seven hundred and eighty-nine"`},
		{`$formatInteger(1999, "I")`, `"MCMXCIX"`},
		{`$formatInteger(28, "a") & $formatInteger(703, "A")`, `"abAAA"`},
		{`$formatInteger(30, "Ww;o") & $formatInteger(1000, "W;o")`, `"ThirtiethONE THOUSANDTH"`},
		{`$formatInteger(-7.5, "000")`, `"-008"`},
		{`$formatInteger(1234567, "#,##0")`, `"1,234,567"`},
		{`$formatInteger(1234567, "##_##,000")`, `"12_34,567"`},
		{`[1, 2, 3, 11, 23, 112].$formatInteger("0;o")`, `["1st","2nd","3rd","11th","23rd","112th"]`},
		{`$formatInteger(42, "٠")`, `"٤٢"`},
		{`$contains($formatInteger(1e59, "w"), "trillion")`, `true`},
		{`$formatInteger($missing, "0")`, `undefined`},
		{`$parseInteger("twelve thousand, four hundred and seventy-sixth", "w;o")`, `12476`},
		{`$parseInteger("MCMXCIX", "I") + $parseInteger("ab", "a")`, `2027`},
		{`$parseInteger("12,345", "#,##0") + $parseInteger("3rd", "0;o")`, `12348`},
		{`$parseInteger("٤٢", "٠")`, `42`},
		{`$parseInteger($missing, "0")`, `undefined`},

		{`$formatNumber(1234.5678, "00.000e000") & $formatNumber(-42, "0e0") & $formatNumber(0, "0.0e0")`, `"12.346e002-4e10.0e0"`},
		{`$formatNumber(0.234, "0.0e0")`, `"2.3e-1"`},
		{`$formatNumber(1234567.891, "€#,##0.0;(0)")`, `"€1,234,567.9"`},
		{`$formatNumber(-12.5, "#,##0.0;(0)") & $formatNumber(-0.5, ".##")`, `"(12)-.5"`},
		{`$formatNumber(0.125, "0 %") & $formatNumber(0.14, "#‰")`, `"12 %140‰"`},
		{`$formatNumber(1234.5, "#.##0,00", {"decimal-separator": ",", "grouping-separator": "."})`, `"1.234,50"`},
		{`$formatNumber(3.14159, "0.00,0")`, `"3.14,2"`},
		{`$formatNumber(7, "٠٠", {"zero-digit": "٠"})`, `"٠٧"`},
		{`$round(1.5, 400) + $round(1e300, 20) - 1e300`, `0`},

		{`$fromMillis(1509380732935, "[M01]/[D01]/[Y0001] [h#1]:[m01][P]")`, `"10/30/2017 4:25pm"`},
		{`$fromMillis(1509380732935, "[H01]:[m01]:[s01] [z]", "-0500")`, `"11:25:32 GMT-05:00"`},
		{`$fromMillis(1509380732935, "[FNn,*-3], [D1o] [MNn] [Y,2-2], week [W] of [X], day [d]")`, `"Mon, 30th October 17, week 44 of 2017, day 303"`},
		{`$fromMillis(0, "[[[Y0001][M01][D01]]] [Z0] [Z0101t]", "+0530")`, `"[19700101] +5:30 +0530"`},
		{`$fromMillis(0, "[h]:[m] [PN] [f001] [C]")`, `"12:00 AM 000 ISO"`},
		{`$fromMillis(1614556800000, "[xNn] [w], [DWwo] of [Mn]")`, `"March 1, First of march"`},
		{`$toMillis("10/30/2017 4:25pm", "[M01]/[D01]/[Y0001] [h#1]:[m01][P]")`, `1509380700000`},
		{`$toMillis("30th October 2017 12:05 am GMT+01:00", "[D1o] [MNn] [Y] [h]:[m] [P] [z]")`, `1509318300000`},
		{`$toMillis("20171030", "[Y0001][M01][D01]")`, `1509321600000`},
		{`$toMillis("2018-094", "[Y0001]-[d001]")`, `1522800000000`},
		{`$toMillis("06:30.5", "[H01]:[m01].[s]") = $toMillis("2026-01-02T06:30:05Z")`, `true`},
		{`$toMillis("irgendwann", "[Y]-[M]-[D]")`, `undefined`},
		{`$toMillis("2018")`, `1514764800000`},
		{`$toMillis("2017-10-30T16:25:32.935+0100")`, `1509377132935`},
	} {
		t.Run(test.expression, func(t *testing.T) {
			t.Parallel()
			e, err := jsonata.Compile(test.expression)
			if err != nil {
				t.Fatal(err)
			}
			v, err := e.Evaluate(environment(t))
			if err != nil {
				t.Fatal(err)
			}
			got := jsonata.Encode(v)
			if jsonata.TypeName(v) == "undefined" {
				got = "undefined"
			}
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestPicturesRefuse(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]string{
		`$formatInteger(1, "x")`:                              "D3130",
		`$formatInteger(1, "0٠")`:                             "D3131",
		`$formatInteger("1", "0")`:                            "T0410",
		`$parseInteger("many", "w")`:                          "D1001",
		`$parseInteger("x1", "0")`:                            "D1001",
		`$parseInteger("IZ", "I")`:                            "D1001",
		`$formatNumber(1, "x")`:                               "D3086",
		`$formatNumber(1, "0;0;0")`:                           "D3080",
		`$formatNumber(1, "#0.#0")`:                           "D3091",
		`$formatNumber(1, "0,")`:                              "D3088",
		`$formatNumber(1, "0", {"zero-digit": 1})`:            "T0410",
		`$formatNumber(1.5e308, "0%")`:                        "D1001",
		`$fromMillis(0, "[q]")`:                               "D3132",
		`$fromMillis(0, "[YN]")`:                              "D3133",
		`$fromMillis(0, "[Z00000]")`:                          "D3134",
		`$fromMillis(0, "[Y")`:                                "D3135",
		`$fromMillis(0, "[Y,x]")`:                             "The width",
		`$fromMillis(0, "[Y]", "Berlin")`:                     "The timezone",
		`$fromMillis(1e300)`:                                  "$fromMillis: 1e+300 is outside",
		`$toMillis("2018 12", "[Y0001] [m01]")`:               "D3136",
		`$toMillis("2018-W01-1", "[X0001]-W[W01]-[F1]")`:      "D3136",
		`$toMillis("99999999999999999999", "[Y]")`:            "D3110",
		`$toMillis("2017-10-30T16:25")`:                       "D3110",
		`$toMillis("20171030", "[Y,2000-2000][M,2000][D01]")`: "The date/time picture string is too large",
	} {
		t.Run(expression, func(t *testing.T) {
			t.Parallel()
			e, err := jsonata.Compile(expression)
			if err != nil {
				t.Fatal(err)
			}
			if v, err := e.Evaluate(environment(t)); err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("got %s and error %v, want an error that begins with %q", jsonata.Encode(v), err, want)
			}
		})
	}
}

func TestPicturesAreBounded(t *testing.T) {
	t.Parallel()
	for _, expression := range []string{
		`$formatInteger(1e15, "I")`,
		`$fromMillis(0, "[Y,1000000000-1000000000]")`,
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
