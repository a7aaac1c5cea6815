package rollout

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// TaskDefinition is the file that says what an environment's tasks are; without one,
// they are what runs there, with the release's images.
type TaskDefinition struct {
	File string `json:"file"`           // as the spec names it
	Text string `json:"text,omitempty"` // what it says, rendered, with holes: the input of RegisterTaskDefinition as JSON
}

// Hole is a value in the text of a task definition that is known only when a release
// is rolled out.
type Hole string

// The holes, beside those for images.
const (
	HoleNumber    Hole = "number" // the release's
	HoleName      Hole = "name"   // the rollout's
	HoleCommit    Hole = "commit"
	HoleSlot      Hole = "slot"
	HolePartition Hole = "partition"
	HoleRegion    Hole = "region"
	HoleAccount   Hole = "account"
)

// HoleMark is what holes begin with, and nothing else in a text does.
const HoleMark = "<sluice."

var holePattern = regexp.MustCompile(regexp.QuoteMeta(HoleMark) + `([A-Za-z0-9_.-]+)>`)

// HoleImage is the hole for a container's image.
func HoleImage(container string) Hole { return Hole("image." + container) }

// String is the hole as it stands in a text.
func (h Hole) String() string { return HoleMark + string(h) + ">" }

// Holes are what a release fills in, but for what only its place knows.
func (r Release) Holes(environment string) map[Hole]string {
	holes := map[Hole]string{
		HoleNumber: strconv.Itoa(r.Number), HoleName: r.Name(environment), HoleCommit: r.Cause.Commit,
	}
	for container, image := range r.Images {
		holes[HoleImage(container)] = image
	}
	return holes
}

// Fill gives the text with its holes filled. Refused if one has no value.
func (d TaskDefinition) Fill(values map[Hole]string) (string, error) {
	var empty []string
	text := holePattern.ReplaceAllStringFunc(d.Text, func(found string) string {
		value, known := values[Hole(holePattern.FindStringSubmatch(found)[1])]
		if !known {
			empty = append(empty, found)
		}
		quoted, _ := json.Marshal(value) // a string always can be
		return string(quoted[1 : len(quoted)-1])
	})
	if len(empty) > 0 {
		slices.Sort(empty)
		return "", Errorf(KindRefused, "%s asks for %s, which this release does not have; register the spec again and build once more",
			d.File, strings.Join(slices.Compact(empty), ", "))
	}
	return text, nil
}
