package simulate_test

import (
	"bytes"
	"crypto/sha256"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sluice-deploy/sluice/internal/simulate"
)

// What was wrong once is right now.
func TestKept(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/kept.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			first, second := sha256.New(), sha256.New()
			once := simulate.Traced(planOf(t, line), first)
			simulate.Traced(planOf(t, line), second)
			if once.Broken != nil {
				t.Errorf("%v\n%s", once.Broken, timeline(once))
			}
			if !bytes.Equal(first.Sum(nil), second.Sum(nil)) {
				t.Error("the same plan gave two different runs")
			}
		})
	}
}

// planOf reads a line of the file.
func planOf(t *testing.T, line string) simulate.Plan {
	t.Helper()
	words := strings.Fields(line)
	var p simulate.Plan
	if words[0] == "seed" {
		seed, err := strconv.ParseUint(words[1], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		p, words = simulate.Random(seed), words[1:]
	} else {
		all := simulate.Stories()
		i := slices.IndexFunc(all, func(p simulate.Plan) bool { return p.Name == words[0] })
		if i < 0 {
			t.Fatalf("there is no story %q", words[0])
		}
		p = all[i]
	}
	p.Faults = nil
	for _, word := range words[1:] {
		f, err := simulate.ParseFault(word)
		if err != nil {
			t.Fatal(err)
		}
		p.Faults = append(p.Faults, f)
	}
	return p
}

// Faults are written and read back; what is none is refused by name.
func TestParseFault(t *testing.T) {
	t.Parallel()
	for _, kind := range simulate.Kinds() {
		want := simulate.Fault{Kind: kind, Nth: 17}
		if got, err := simulate.ParseFault(want.String()); err != nil || got != want {
			t.Errorf("%s is read as %v, %v", want, got, err)
		}
	}
	for text, says := range map[string]string{
		"die": "want kind@n", "die@0": "want kind@n", "die@x": "want kind@n", "dye@3": `perhaps "die" is meant`,
	} {
		if _, err := simulate.ParseFault(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want it to say %q", text, err, says)
		}
	}
}
