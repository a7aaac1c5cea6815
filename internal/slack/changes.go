package slack

import (
	"fmt"
	"strings"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// How much of a list a card shows.
const (
	shownImages   = 10
	shownCommits  = 10
	shownEarlier  = 5
	shownVerdicts = 4
)

// artifacts says what runs other than before: images and the task definition.
func artifacts(ch Changes) string {
	images := make([]string, 0, len(ch.Images))
	for _, image := range ch.Images {
		images = append(images, "• "+free(image.Container, 40)+": "+change(shortImage(image.From), shortImage(image.To)))
	}
	lines := most(images, shownImages)
	if td := ch.TaskDefinition; td != (Change{}) {
		lines = append(lines, "• task definition: "+change(td.From, td.To))
	}
	if ch.First {
		lines = append([]string{"The first release through Sluice here."}, lines...)
	}
	if len(lines) == 0 {
		return ""
	}
	heading := "*What changes*"
	if ch.Author != "" {
		heading += ", by " + free(ch.Author, 80)
	}
	return fit(append([]string{heading}, lines...), "\n", 1600)
}

// change shows old and new, or only the new one where nothing was before.
func change(from, to string) string {
	from, to = code(from, 40), code(to, 40)
	switch {
	case from == "":
		return "new, " + to
	case to == "":
		return from + ", gone"
	case from == to:
		return to + ", as before"
	default:
		return from + " → " + to
	}
}

// shortImage is the beginning of an image's digest, or what stands behind the last
// slash of a reference without one.
func shortImage(reference string) string {
	if _, digest, ok := strings.Cut(reference, "@sha256:"); ok {
		return first(digest, 12)
	}
	return reference[strings.LastIndex(reference, "/")+1:]
}

// commits are the first of them, and a link to all.
func commits(ch Changes) string {
	lines := make([]string, 0, len(ch.Commits))
	for _, one := range ch.Commits {
		lines = append(lines, commit(one))
	}
	lines = most(lines, shownCommits)
	if compare := link(ch.Compare, "Compare", 20); compare != "Compare" {
		lines = append(lines, compare)
	}
	if len(lines) == 0 {
		return ""
	}
	return fit(append([]string{"*Commits*"}, lines...), "\n", 2500)
}

func commit(c rollout.Commit) string {
	message, _, _ := strings.Cut(strings.TrimSpace(c.Message), "\n")
	text := "• " + code(first(c.ID, 7), 30)
	if message != "" {
		text += " " + free(message, 100)
	}
	if c.Author != "" {
		text += " (" + free(c.Author, 50) + ")"
	}
	return text
}

// earlier says how the release fared before.
func earlier(environments []Earlier) string {
	blocks := make([]string, 0, len(environments))
	for _, e := range environments {
		verdicts := make([]string, 0, len(e.Verdicts))
		for _, v := range e.Verdicts {
			verdicts = append(verdicts, free(v, 100))
		}
		lines := append([]string{fared(e)}, most(verdicts, shownVerdicts)...)
		blocks = append(blocks, strings.Join(lines, "\n– "))
	}
	if len(blocks) == 0 {
		return ""
	}
	return fit(append([]string{"*Before this*"}, most(blocks, shownEarlier)...), "\n", 1200)
}

func fared(e Earlier) string {
	text := "• " + free(e.Environment, 50) + ": "
	if e.Outcome == "" {
		text += "committed, its guard still stands"
	} else {
		text += free(string(e.Outcome), 30)
	}
	if e.Took > 0 {
		text += fmt.Sprintf(", took %s", e.Took.Round(time.Second))
	}
	return text
}
