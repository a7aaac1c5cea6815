package main

import "testing"

// Every mistake can be planted in the sources as they are.
func TestMutantsFit(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, m := range mutants() {
		if _, err := m.planted("../../.."); err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
		if names[m.name] {
			t.Errorf("there are two of the name %q", m.name)
		}
		names[m.name] = true
	}
	if len(names) < 20 {
		t.Errorf("there are %d mistakes, want at least 20", len(names))
	}
}
