package cloudwatch

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// grid is a row of periods: n of them, from start on.
type grid struct {
	start time.Time
	step  time.Duration
	n     int
}

func (g grid) at(i int) time.Time { return g.start.Add(time.Duration(i) * g.step) }

// series has one value for each period of its grid; NaN where there is no
// datapoint.
type series struct {
	label  string
	points []float64
}

// value is what a metric math expression gives: a number, one time series, or an
// array of them.
type value struct {
	kind   valueKind
	number float64
	series []series // exactly one for a time series
}

type valueKind int

const (
	scalar valueKind = iota
	timeSeries
	timeSeriesArray
)

func (k valueKind) String() string {
	switch k {
	case scalar:
		return "a number"
	case timeSeries:
		return "a time series"
	case timeSeriesArray:
		return "an array of time series"
	}
	return "unknown"
}

// scope is where an expression is evaluated.
type scope struct {
	grid grid
	// lookup gives the result of the query with the id.
	lookup func(id string) (value, error)
	// metrics gives the series of all metrics of the request whose id contains the
	// text.
	metrics func(text string) ([]series, error)
}

func (n number) eval(*scope) (value, error) { return value{number: float64(n)}, nil }

func (t text) eval(*scope) (value, error) {
	return value{}, fmt.Errorf("the string '%s' cannot be used here", string(t))
}

func (i identifier) eval(s *scope) (value, error) { return s.lookup(string(i)) }

func (a array) eval(s *scope) (value, error) {
	all := value{kind: timeSeriesArray}
	for _, e := range a {
		v, err := e.eval(s)
		if err != nil {
			return value{}, err
		}
		if v.kind == scalar {
			return value{}, errors.New("an array holds time series, not numbers")
		}
		all.series = append(all.series, v.series...)
	}
	return all, nil
}

func (u negative) eval(s *scope) (value, error) {
	v, err := u.operand.eval(s)
	if err != nil {
		return value{}, err
	}
	return v.each(func(x float64) float64 { return -x }), nil
}

func (b infix) eval(s *scope) (value, error) {
	left, err := b.left.eval(s)
	if err != nil {
		return value{}, err
	}
	right, err := b.right.eval(s)
	if err != nil {
		return value{}, err
	}
	return combine(left, right, operation(b.op))
}

// each applies f to every datapoint, or to the number.
func (v value) each(f func(float64) float64) value {
	out := value{kind: v.kind, number: f(v.number)}
	for _, s := range v.series {
		points := make([]float64, len(s.points))
		for i, x := range s.points {
			points[i] = finite(f(x))
		}
		out.series = append(out.series, series{s.label, points})
	}
	return out
}

// combine applies f to the datapoints of both at each time. Where one has none,
// the result has none, nor where the result is not a finite number, as after a
// division by zero.
func combine(a, b value, f func(x, y float64) float64) (value, error) {
	switch {
	case a.kind == scalar && b.kind == scalar:
		return value{number: f(a.number, b.number)}, nil
	case a.kind == scalar:
		return b.each(func(y float64) float64 { return f(a.number, y) }), nil
	case b.kind == scalar:
		return a.each(func(x float64) float64 { return f(x, b.number) }), nil
	case a.kind == timeSeriesArray && b.kind == timeSeriesArray:
		return value{}, errors.New("an operator cannot be applied to two arrays of time series")
	}
	kind, long, short := a.kind, a, b
	if b.kind == timeSeriesArray {
		kind, long, short = b.kind, b, a
	}
	out := value{kind: kind}
	for _, s := range long.series {
		points := make([]float64, len(s.points))
		for i := range points {
			x, y := s.points[i], short.series[0].points[i]
			if b.kind == timeSeriesArray {
				x, y = y, x
			}
			points[i] = finite(f(x, y))
		}
		out.series = append(out.series, series{s.label, points})
	}
	return out, nil
}

func finite(x float64) float64 {
	if math.IsInf(x, 0) {
		return math.NaN()
	}
	return x
}

// operation is the arithmetic of an operator. Comparisons and logic give 1 or 0,
// and nothing where an operand is missing.
func operation(op string) func(x, y float64) float64 {
	switch op {
	case "+":
		return func(x, y float64) float64 { return x + y }
	case "-":
		return func(x, y float64) float64 { return x - y }
	case "*":
		return func(x, y float64) float64 { return x * y }
	case "/":
		return func(x, y float64) float64 { return x / y }
	case "^":
		return math.Pow
	}
	holds := condition(op)
	return func(x, y float64) float64 {
		switch {
		case math.IsNaN(x) || math.IsNaN(y):
			return math.NaN()
		case holds(x, y):
			return 1
		}
		return 0
	}
}

func condition(op string) func(x, y float64) bool {
	switch strings.ToUpper(op) {
	case "==":
		return func(x, y float64) bool { return x == y }
	case "!=":
		return func(x, y float64) bool { return x != y }
	case "<":
		return func(x, y float64) bool { return x < y }
	case ">":
		return func(x, y float64) bool { return x > y }
	case "<=":
		return func(x, y float64) bool { return x <= y }
	case ">=":
		return func(x, y float64) bool { return x >= y }
	case "AND", "&&":
		return func(x, y float64) bool { return x != 0 && y != 0 }
	default: // OR, ||
		return func(x, y float64) bool { return x != 0 || y != 0 }
	}
}
