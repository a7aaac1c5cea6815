package spec

import (
	"fmt"
	"strings"

	"github.com/sluice-deploy/sluice/internal/spelling"
)

// suggest gives the quoted choice that is nearest to a misspelt word, or "" if
// none is near.
func suggest(word string, choices []string) string {
	near := spelling.Near(word, choices)
	if near == "" {
		return ""
	}
	return fmt.Sprintf("%q", near)
}

func quotedList(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = fmt.Sprintf("%q", w)
	}
	return strings.Join(quoted, ", ")
}
