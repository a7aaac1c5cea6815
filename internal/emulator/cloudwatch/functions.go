package cloudwatch

import (
	"fmt"
	"math"
)

// eval runs a metric math function. Functions that AWS has and this cloud has not
// are refused by name.
func (c call) eval(s *scope) (value, error) {
	switch c.function {
	case "METRICS":
		return c.metrics(s)
	case "FILL":
		return c.fill(s)
	}
	args := make([]value, 0, len(c.args))
	for _, e := range c.args {
		v, err := e.eval(s)
		if err != nil {
			return value{}, err
		}
		args = append(args, v)
	}
	want := 1
	switch c.function {
	case "METRIC_COUNT":
		if len(args) == 0 {
			all, err := s.metrics("")
			return value{number: float64(len(all))}, err
		}
	case "IF":
		want = 3
	}
	if len(args) != want {
		return value{}, fmt.Errorf("%s takes %d arguments, not %d", c.function, want, len(args))
	}
	switch c.function {
	case "IF":
		return choose(args[0], args[1], args[2], s.grid.n)
	case "ABS":
		return args[0].each(math.Abs), nil
	case "CEIL":
		return args[0].each(math.Ceil), nil
	case "FLOOR":
		return args[0].each(math.Floor), nil
	case "SUM", "AVG", "MIN", "MAX":
		return reduce(c.function, args[0])
	case "METRIC_COUNT":
		return value{number: float64(len(args[0].series))}, nil
	case "PERIOD":
		return value{number: s.grid.step.Seconds()}, nil
	case "RATE", "DIFF", "RUNNING_SUM":
		return along(c.function, args[0], s.grid)
	case "TIME_SERIES":
		return constant(args[0], s.grid.n)
	}
	return value{}, fmt.Errorf("the function %s is not emulated by this cloud", c.function)
}

func (c call) metrics(s *scope) (value, error) {
	filter := ""
	if len(c.args) == 1 {
		t, ok := c.args[0].(text)
		if !ok {
			return value{}, fmt.Errorf("METRICS takes a string")
		}
		filter = string(t)
	}
	if len(c.args) > 1 {
		return value{}, fmt.Errorf("METRICS takes at most 1 argument, not %d", len(c.args))
	}
	all, err := s.metrics(filter)
	return value{kind: timeSeriesArray, series: all}, err
}

// fill puts values where a series has none: a number or the value of a series,
// the value before (REPEAT), or the line between its neighbours (LINEAR).
func (c call) fill(s *scope) (value, error) {
	if len(c.args) != 2 {
		return value{}, fmt.Errorf("FILL takes 2 arguments, not %d", len(c.args))
	}
	v, err := c.args[0].eval(s)
	if err != nil {
		return value{}, err
	}
	if v.kind == scalar {
		return value{}, fmt.Errorf("FILL takes a time series, not a number")
	}
	gaps, err := filler(c.args[1], s)
	if err != nil {
		return value{}, err
	}
	out := value{kind: v.kind}
	for _, one := range v.series {
		points := make([]float64, len(one.points))
		for i, x := range one.points {
			if math.IsNaN(x) {
				x = gaps(one.points, i)
			}
			points[i] = x
		}
		out.series = append(out.series, series{one.label, points})
	}
	return out, nil
}

// filler gives the function that knows the value for a gap at i.
func filler(with expression, s *scope) (func(points []float64, i int) float64, error) {
	switch with {
	case identifier("REPEAT"):
		return func(points []float64, i int) float64 {
			before, _ := neighbours(points, i)
			if before < 0 {
				return math.NaN()
			}
			return points[before]
		}, nil
	case identifier("LINEAR"):
		return interpolate, nil
	}
	v, err := with.eval(s)
	if err != nil {
		return nil, err
	}
	switch v.kind {
	case scalar:
		return func([]float64, int) float64 { return v.number }, nil
	case timeSeries:
		return func(_ []float64, i int) float64 { return v.series[0].points[i] }, nil
	case timeSeriesArray:
	}
	return nil, fmt.Errorf("FILL cannot fill with %s", v.kind)
}

// neighbours are the places of the datapoints around a gap; -1 and len(points)
// where there are none.
func neighbours(points []float64, i int) (before, after int) {
	before, after = i-1, i+1
	for before >= 0 && math.IsNaN(points[before]) {
		before--
	}
	for after < len(points) && math.IsNaN(points[after]) {
		after++
	}
	return before, after
}

func interpolate(points []float64, i int) float64 {
	before, after := neighbours(points, i)
	if before < 0 || after >= len(points) {
		return math.NaN()
	}
	slope := (points[after] - points[before]) / float64(after-before)
	return points[before] + slope*float64(i-before)
}

// choose is IF: at each time the one or the other, nothing where the condition
// is missing.
func choose(cond, yes, no value, n int) (value, error) {
	if cond.kind == timeSeriesArray || yes.kind == timeSeriesArray || no.kind == timeSeriesArray {
		return value{}, fmt.Errorf("IF takes numbers and time series, not arrays")
	}
	if cond.kind == scalar {
		if cond.number != 0 {
			return yes, nil
		}
		return no, nil
	}
	points := make([]float64, n)
	for i := range points {
		switch c := cond.series[0].points[i]; {
		case math.IsNaN(c):
			points[i] = math.NaN()
		case c != 0:
			points[i] = yes.pointAt(i)
		default:
			points[i] = no.pointAt(i)
		}
	}
	return value{kind: timeSeries, series: []series{{points: points}}}, nil
}

func (v value) pointAt(i int) float64 {
	if v.kind == scalar {
		return v.number
	}
	return v.series[0].points[i]
}

// reduce is SUM, AVG, MIN or MAX: of one time series a number, of an array a time
// series with what there is at each time.
func reduce(function string, v value) (value, error) {
	switch v.kind {
	case scalar:
		return value{}, fmt.Errorf("%s takes time series, not a number", function)
	case timeSeries:
		return value{number: fold(function, v.series[0].points)}, nil
	case timeSeriesArray:
	}
	if len(v.series) == 0 {
		return value{}, fmt.Errorf("%s takes at least one time series", function)
	}
	points := make([]float64, len(v.series[0].points))
	column := make([]float64, len(v.series))
	for i := range points {
		for j, s := range v.series {
			column[j] = s.points[i]
		}
		points[i] = fold(function, column)
	}
	return value{kind: timeSeries, series: []series{{points: points}}}, nil
}

// fold reduces the numbers that are there; NaN if none is.
func fold(function string, numbers []float64) float64 {
	var d distribution
	for _, x := range numbers {
		if !math.IsNaN(x) {
			d.widen(x, x)
			d.samples++
			d.sum += x
		}
	}
	switch {
	case d.samples == 0:
		return math.NaN()
	case function == "SUM":
		return d.sum
	case function == "AVG":
		return d.sum / d.samples
	case function == "MIN":
		return d.min
	}
	return d.max
}

// along is RATE, DIFF or RUNNING_SUM: each datapoint with the ones before it.
func along(function string, v value, g grid) (value, error) {
	if v.kind == scalar {
		return value{}, fmt.Errorf("%s takes time series, not a number", function)
	}
	out := value{kind: v.kind}
	for _, s := range v.series {
		points := make([]float64, len(s.points))
		last, total := -1, 0.0
		for i, x := range s.points {
			points[i] = math.NaN()
			if math.IsNaN(x) {
				continue
			}
			total += x
			switch {
			case function == "RUNNING_SUM":
				points[i] = total
			case last >= 0 && function == "DIFF":
				points[i] = x - s.points[last]
			case last >= 0:
				points[i] = (x - s.points[last]) / g.at(i).Sub(g.at(last)).Seconds()
			}
			last = i
		}
		out.series = append(out.series, series{s.label, points})
	}
	return out, nil
}

// constant is TIME_SERIES: a number at every time.
func constant(v value, n int) (value, error) {
	if v.kind != scalar {
		return value{}, fmt.Errorf("TIME_SERIES takes a number, not %s", v.kind)
	}
	points := make([]float64, n)
	for i := range points {
		points[i] = v.number
	}
	return value{kind: timeSeries, series: []series{{points: points}}}, nil
}
