package terminal

import "strings"

// Spark draws values, none below zero, as a line of bars, the highest of which is most,
// in so many columns: the last ones, where there are more.
func Spark(values []float64, most float64, columns int) string {
	bars := []rune("▁▂▃▄▅▆▇█")
	values = values[max(len(values)-columns, 0):]
	var line strings.Builder
	line.WriteString(strings.Repeat(" ", columns-len(values)))
	for _, v := range values {
		height := 0
		if most > 0 {
			height = int(v / most * float64(len(bars)-1))
		}
		if v > 0 {
			height = max(height, 1) // what is there is seen
		}
		line.WriteRune(bars[min(height, len(bars)-1)])
	}
	return line.String()
}
