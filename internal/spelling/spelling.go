// Package spelling finds what a misspelt word may have meant.
package spelling

import "strings"

// Near gives the choice that is nearest to a misspelt word, "" if none is near.
func Near(word string, choices []string) string {
	best, distance := "", max(2, len(word)/3)+1
	for _, c := range choices {
		if d := edits(strings.ToLower(word), strings.ToLower(c)); d < distance {
			best, distance = c, d
		}
	}
	if distance >= len(best) {
		return ""
	}
	return best
}

// edits is how many characters have to be added, removed or changed to turn one
// word into the other.
func edits(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return len(a) + len(b)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
