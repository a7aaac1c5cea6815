package graph_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	sluice "github.com/sluice-deploy/sluice"
	"github.com/sluice-deploy/sluice/internal/graph"
)

func load(t *testing.T) *graph.Machine {
	t.Helper()
	m, err := graph.Load(definition(t))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func definition(t *testing.T) []byte {
	t.Helper()
	text, err := sluice.Files.ReadFile("statemachine/rollout.asl.json")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestWayOfASuccess(t *testing.T) {
	t.Parallel()
	want := []string{"Start", "Approve", "Lock", "Prepare", "AwaitCanary", "Shift", "Bake", "Judge", "Next", "Complete", "Guard", "Retire"}
	if diff := cmp.Diff(want, load(t).Way); diff != "" {
		t.Errorf("the way of a success (-want +got):\n%s", diff)
	}
}

// Each way of the definition is in the diagram, and no other.
func TestMermaidHasEachWay(t *testing.T) {
	t.Parallel()
	type way struct {
		Next string `json:"Next"`
	}
	var d struct {
		States map[string]struct {
			Next    string `json:"Next"`
			Default string `json:"Default"`
			Choices []way  `json:"Choices"`
			Catch   []way  `json:"Catch"`
		} `json:"States"`
	}
	if err := json.Unmarshal(definition(t), &d); err != nil {
		t.Fatal(err)
	}
	var want []string
	for name, s := range d.States {
		for _, c := range slices.Concat(s.Choices, s.Catch) {
			want = append(want, name+" "+c.Next)
		}
		for _, to := range []string{s.Next, s.Default} {
			if to != "" {
				want = append(want, name+" "+to)
			}
		}
	}
	if got := waysIn(load(t).Mermaid(nil)); !cmp.Equal(unique(want), got) {
		t.Errorf("ways (-want +got):\n%s", cmp.Diff(unique(want), got))
	}
}

// waysIn reads the ways from a diagram, those of a box of failures from each of the
// states in it.
func waysIn(diagram string) []string {
	in := map[string][]string{}
	for _, found := range regexp.MustCompile(`(?m)^    (failure\d+) : ([\w, ]+)$`).FindAllStringSubmatch(diagram, -1) {
		if !strings.HasSuffix(found[2], " in") {
			in[found[1]] = append(in[found[1]], strings.Split(found[2], ", ")...)
		}
	}
	var ways []string
	for _, found := range regexp.MustCompile(`(?m)^    (\w+) --> (\w+)`).FindAllStringSubmatch(diagram, -1) {
		from := in[found[1]]
		if from == nil {
			from = []string{found[1]}
		}
		for _, one := range from {
			ways = append(ways, one+" "+found[2])
		}
	}
	return unique(ways)
}

func unique(all []string) []string {
	slices.Sort(all)
	return slices.Compact(all)
}

func TestMarks(t *testing.T) {
	t.Parallel()
	went := []string{"Start", "Shift", "Bake", "Shift"}
	marked := regexp.MustCompile(`(?m)^    class (\w+) went$`).FindAllStringSubmatch(load(t).Mermaid(went), -1)
	if len(marked) != 3 {
		t.Errorf("%v are marked, want Start, Shift and Bake", marked)
	}
	svg := load(t).SVG(went)
	if n := strings.Count(svg, `class="box went"`); n != 3 {
		t.Errorf("%d boxes are marked, want 3", n)
	}
	if !strings.Contains(svg, ">Shift × 2</text>") {
		t.Error("it does not say that Shift was entered twice")
	}
}

// The picture is XML, and no two of its boxes meet.
func TestSVG(t *testing.T) {
	t.Parallel()
	m := load(t)
	type rect struct {
		Class  string `xml:"class,attr"`
		Y      int    `xml:"y,attr"`
		Height int    `xml:"height,attr"`
	}
	var boxes []rect
	for d := xml.NewDecoder(strings.NewReader(m.SVG(nil))); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "rect" {
			var r rect
			if err := d.DecodeElement(&r, &start); err != nil {
				t.Fatal(err)
			}
			if r.Class != "" {
				boxes = append(boxes, r)
			}
		}
	}
	if len(boxes) != len(m.States) {
		t.Errorf("%d boxes, want one for each of the %d states", len(boxes), len(m.States))
	}
	for i := 1; i < len(boxes); i++ {
		if above := boxes[i-1]; boxes[i].Y < above.Y+above.Height {
			t.Errorf("box %d meets the one above it", i)
		}
	}
}

// The documents show the machine as it is; UPDATE_IMAGES=1 writes the picture anew.
func TestPictureInTheDocuments(t *testing.T) {
	t.Parallel()
	const file = "../../docs/images/rollout.svg"
	drawn := load(t).SVG(nil)
	if os.Getenv("UPDATE_IMAGES") != "" {
		if err := os.WriteFile(file, []byte(drawn), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	shown, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(shown) != drawn {
		t.Errorf("%s is not what `sluice graph` draws; UPDATE_IMAGES=1 go test ./internal/graph writes it", file)
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"no JSON":        `{`,
		"no states":      `{"StartAt": "A"}`,
		"no way through": `{"StartAt": "A", "States": {"A": {"Type": "Fail"}}}`,
	} {
		if _, err := graph.Load([]byte(text)); err == nil {
			t.Errorf("%s: it is taken", name)
		}
	}
}
