package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/sluice-deploy/sluice/internal/terminal"
)

// page is a text for people that is put together line by line.
type page struct {
	terminal.Colors

	width int // of the terminal that it goes to; 0 where it goes elsewhere
	lines []string
}

func newPage(p Process) page { return page{Colors: p.colors(), width: p.width()} }

// drawnWidth is how wide drawings are.
func (p *page) drawnWidth() int {
	const elsewhere = 100
	if p.width == 0 {
		return elsewhere
	}
	return p.width
}

func (p *page) add(lines ...string) { p.lines = append(p.lines, lines...) }

func (p *page) addf(format string, args ...any) { p.add(fmt.Sprintf(format, args...)) }

func (p *page) write(out io.Writer) error {
	_, err := fmt.Fprintln(out, strings.Join(p.lines, "\n"))
	return err
}

// table adds rows, of which the first has the columns' names. On a terminal a row is
// one line.
func (p *page) table(rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], ansi.StringWidth(cell))
		}
	}
	for i, row := range rows {
		var line strings.Builder
		for j, cell := range row {
			if i == 0 {
				cell = p.Dim.Render(cell)
			}
			line.WriteString(cell + strings.Repeat(" ", widths[j]-ansi.StringWidth(cell)+2))
		}
		text := strings.TrimRight(line.String(), " ")
		if p.width > 0 {
			text = ansi.Truncate(text, p.width, "…")
		}
		p.add(text)
	}
}
