package graph

import (
	"fmt"
	"html"
	"slices"
	"strings"
)

// SVG draws the machine. States that an execution went through are marked, with how
// often where it was more than once.
func (m *Machine) SVG(went []string) string {
	p := m.lay()
	d := &drawing{picture: p, went: map[string]int{}}
	for _, name := range went {
		d.went[name]++
	}
	d.linef(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="The states of a rollout and the ways between them">`, p.width, p.height, p.width, p.height)
	d.linef(`%s`, style)
	d.linef(`<rect width="%d" height="%d" fill="#fff"/>`, p.width, p.height)
	for i, lane := range p.lanes {
		d.lane(i, lane)
	}
	for i := range p.backs {
		d.back(i)
	}
	for i := range p.rows {
		d.ways(i)
		d.failures(i)
	}
	for _, r := range p.rows {
		d.box(r)
	}
	d.linef(`</svg>`)
	return d.String()
}

const style = `<style>
text{font:12px Helvetica,Arial,sans-serif;fill:#222} .name{font-weight:bold;font-size:13px} .why{font-size:11px;fill:#555}
path{fill:none;stroke:#555} .fail{stroke:#b3261e} .guide{stroke:#d8a8a5;stroke-dasharray:1 4}
rect.box{fill:#f4f6f8;stroke:#8a949e} rect.way{fill:#dbe9ff;stroke:#3a6ea5} rect.bad{fill:#fdeceb;stroke:#b3261e}
rect.went{fill:#dff3e3;stroke:#2b7a3f;stroke-width:3} circle{fill:#b3261e} .lane{fill:#b3261e}
</style>
<defs>
<marker id="a" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L10 5L0 10z" style="fill:#555;stroke:none"/></marker>
<marker id="r" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L10 5L0 10z" style="fill:#b3261e;stroke:none"/></marker>
</defs>`

// drawing writes a picture.
type drawing struct {
	strings.Builder
	*picture

	went map[string]int
}

func (d *drawing) linef(format string, args ...any) {
	_, _ = fmt.Fprintf(d, format+"\n", args...) // memory takes it
}

// box draws a state.
func (d *drawing) box(r row) {
	class := "box"
	switch {
	case d.went[r.Name] > 0:
		class += " went"
	case r.onWay:
		class += " way"
	case !r.detour:
		class += " bad"
	}
	name := r.Name
	if n := d.went[r.Name]; n > 1 {
		name += fmt.Sprintf(" × %d", n)
	}
	d.linef(`<g><title>%s</title><rect class="%s" x="%d" y="%d" width="%d" height="%d" rx="6"/>`, html.EscapeString(r.Comment), class, r.x, r.y, boxWidth, r.height)
	y := r.middle() + 4
	var note string
	for _, e := range r.Ways() {
		if e.To == r.Name {
			note = e.Why + ": again"
		}
	}
	if r.Ends {
		note = "ends"
	}
	if note != "" {
		d.linef(`<text class="why" x="%d" y="%d" text-anchor="middle">%s</text>`, r.x+boxWidth/2, y+9, html.EscapeString(note))
		y -= 6
	}
	d.linef(`<text class="name" x="%d" y="%d" text-anchor="middle">%s</text></g>`, r.x+boxWidth/2, y, html.EscapeString(name))
}

// ways draws the ways that leave a state and are no failure.
func (d *drawing) ways(i int) {
	r := d.rows[i]
	center := r.x + boxWidth/2
	for _, e := range r.Ways() {
		j := d.at(e.To)
		to := d.rows[j]
		switch {
		case i == j:
		case d.straight(i, j):
			d.way(e.Why, center+8, r.y+r.height+13, "start", `M%d %dV%d`, center, r.y+r.height, to.y)
		case r.detour && j == i-1:
			d.way(e.Why, r.x+boxWidth+4, r.y+8, "start", `M%d %dH%dV%d`, r.x+boxWidth, r.y+12, to.x+20, to.y+to.height)
		default:
			d.leave(r, e, to)
		}
	}
}

// leave draws a way that leaves at the left: to a detour, or by a lane.
func (d *drawing) leave(r row, e Edge, to row) {
	y := r.portY(slices.Index(r.ports, e))
	switch {
	case to.detour && !r.detour && to.y > r.y:
		d.way(e.Why, r.x-6, y-3, "end", `M%d %dH%dV%d`, r.x, y, to.x+boxWidth/2, to.y)
	case to.detour && !r.detour:
		d.way(e.Why, r.x-6, y-3, "end", `M%d %dH%dV%d`, r.x, y, to.x+boxWidth/2, to.y+to.height)
	default: // the lane's end has the arrow
		d.linef(`<path d="M%d %dH%dV%d"/>`, r.x, y, d.backX(e.To), to.portY(0))
		d.why(e.Why, r.x-6, y-3, "end")
	}
}

// way draws a line with an arrow and what it is for.
func (d *drawing) way(why string, x, y int, anchor, path string, points ...any) {
	d.linef(`<path marker-end="url(#a)" d="`+path+`"/>`, points...)
	d.why(why, x, y, anchor)
}

func (d *drawing) why(why string, x, y int, anchor string) {
	if why != "" {
		d.linef(`<text class="why" x="%d" y="%d" text-anchor="%s">%s</text>`, x, y, anchor, html.EscapeString(why))
	}
}

// backX is the lane at the left that leads to a state.
func (d *drawing) backX(to string) int { return margin + slices.Index(d.backs, to)*backWidth }

// back draws the end of a lane at the left, into its state.
func (d *drawing) back(i int) {
	to := d.rows[d.at(d.backs[i])]
	d.linef(`<path d="M%d %dH%d" marker-end="url(#a)"/>`, d.backX(to.Name), to.portY(0), to.x)
}

// laneX is where a lane at the right is.
func (d *drawing) laneX(i int) int { return d.right + i*laneWidth }

// lane draws a kind of failure: its name, and its way down or up to its state.
func (d *drawing) lane(i int, g Group) {
	to := d.rows[d.at(g.To)]
	x, into := d.laneX(i), to.y+8
	first, last := into, into
	for _, name := range g.From {
		y := d.rows[d.at(name)].middle() + 6
		first, last = min(first, y), max(last, y)
	}
	d.linef(`<path class="guide" d="M%d %dV%d"/>`, x, d.header-8, first)
	d.linef(`<text class="lane" transform="translate(%d %d) rotate(-45)">%s → %s</text>`, x+4, d.header-12, html.EscapeString(g.Why), g.To)
	d.linef(`<path class="fail" d="M%d %dV%d"/>`, x, first, last)
	d.linef(`<path class="fail" d="M%d %dH%d" marker-end="url(#r)"/>`, x, into, to.x+boxWidth)
}

// failures draws the line from a state to the lanes of its failures.
func (d *drawing) failures(i int) {
	r := d.rows[i]
	y, far := r.middle()+6, 0
	for i, g := range d.lanes {
		if slices.Contains(g.From, r.Name) {
			far = d.laneX(i)
			d.linef(`<circle cx="%d" cy="%d" r="4"/>`, far, y)
		}
	}
	if far > 0 {
		d.linef(`<path class="fail" d="M%d %dH%d"/>`, r.x+boxWidth, y, far)
	}
}
