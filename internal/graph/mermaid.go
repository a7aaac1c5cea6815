package graph

import (
	"fmt"
	"slices"
	"strings"
)

// Mermaid writes the machine as a stateDiagram-v2. States that an execution went
// through are marked. What errors lead to is a box for each kind of failure, with the
// states that it is caught in.
func (m *Machine) Mermaid(went []string) string {
	var b strings.Builder
	line := func(format string, args ...any) {
		_, _ = fmt.Fprintf(&b, format+"\n", args...) // memory takes it
	}
	line("stateDiagram-v2")
	line("    [*] --> %s", m.Way[0])
	for _, s := range m.States {
		for _, e := range s.Ways() {
			if e.Why == "" {
				line("    %s --> %s", s.Name, e.To)
				continue
			}
			line("    %s --> %s : %s", s.Name, e.To, e.Why)
		}
		if s.Ends || s.Fails {
			line("    %s --> [*]", s.Name)
		}
	}
	const aLine = 4 // names
	for i, g := range m.Groups() {
		line("    failure%d : %s in", i+1, g.Why)
		for names := range slices.Chunk(g.From, aLine) {
			line("    failure%d : %s", i+1, strings.Join(names, ", "))
		}
		line("    failure%d --> %s", i+1, g.To)
		line("    class failure%d failure", i+1)
	}
	line("    classDef failure stroke-dasharray:4")
	line("    classDef went fill:#dff3e3,stroke:#3c8f52")
	for _, s := range m.States {
		if slices.Contains(went, s.Name) {
			line("    class %s went", s.Name)
		}
	}
	return b.String()
}
