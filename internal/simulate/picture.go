package simulate

import (
	"fmt"
	"html"
	"math"
	"strings"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Panel is an outcome with its title in a picture.
type Panel struct {
	Title   string
	Outcome Outcome
	End     float64 // seconds that the picture shows at least, so that panels can have one scale
}

// The measures of a picture.
const (
	pictureWidth = 1000
	plotLeft     = 76
	plotRight    = 966
	titleHeight  = 46
	weightHeight = 96
	badHeight    = 54
	rowGap       = 22
	axisHeight   = 26
	markHeight   = 18
	eventHeight  = 18
	panelGap     = 34
	letters      = 118 // of an event's sentence
)

// Picture draws outcomes over time as SVG, one below the other: the weight of the new
// version, the bad answers, and what was decided. It needs no fonts or files beside it,
// and follows the reader's choice of light or dark.
func Picture(panels []Panel) string {
	var body canvas
	y := 0
	for _, p := range panels {
		y = body.panel(p, y+panelGap/2) + panelGap/2
	}
	var out canvas
	out.linef(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="Weights, bad answers and decisions over time">`,
		pictureWidth, y, pictureWidth, y)
	out.linef("%s", pictureStyle)
	out.linef(`<rect class="ground" width="%d" height="%d"/>`, pictureWidth, y)
	out.linef("%s</svg>", body.String())
	return out.String()
}

const pictureStyle = `<style>
:root{color-scheme:light dark;--ground:#ffffff;--ink:#1f2933;--dim:#66727f;--grid:#e3e8ed;--new:#2f6fb3;--fail:#c62f2f;--slow:#c77700;--good:#2c7d46;--chip:#ffffff}
@media (prefers-color-scheme:dark){:root{--ground:#14181d;--ink:#e4e8ec;--dim:#97a3af;--grid:#2b333c;--new:#6aa8ea;--fail:#ff7b72;--slow:#f0b04f;--good:#6cc788;--chip:#14181d}}
.ground{fill:var(--ground)} text{font:12px system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;fill:var(--ink)}
.title{font-size:15px;font-weight:600} .dim{fill:var(--dim)} .label{font-size:11px;fill:var(--dim)} .end{text-anchor:end} .mid{text-anchor:middle}
.grid{stroke:var(--grid);fill:none} .axis{stroke:var(--dim);fill:none} .weight{fill:var(--new);fill-opacity:.22} .line{stroke:var(--new);stroke-width:2;fill:none}
.place{font-weight:600;paint-order:stroke;stroke:var(--ground);stroke-width:4px} rect.fail,rect.slow{shape-rendering:crispEdges} .fail{fill:var(--fail)} .slow{fill:var(--slow)} .good{fill:var(--good)} .trouble{fill:var(--fail);fill-opacity:.09}
.mark{fill:var(--chip);stroke:var(--ink)} .mark.bad{stroke:var(--fail)} .number{font-size:10px;text-anchor:middle} .number.bad,.bad{fill:var(--fail)} .mark.bad{fill:var(--chip)}
.stem{stroke:var(--dim);stroke-dasharray:2 3;fill:none} .stem.bad{stroke:var(--fail);fill:none}
</style>`

// canvas writes a picture.
type canvas struct{ strings.Builder }

func (c *canvas) linef(format string, args ...any) {
	_, _ = fmt.Fprintf(c, format+"\n", args...) // memory takes it
}

func (c *canvas) text(class string, x float64, y int, text string) {
	c.linef(`<text class="%s" x="%s" y="%d">%s</text>`, class, px(x), y, html.EscapeString(text))
}

// px is a coordinate to a tenth.
func px(x float64) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", x), ".0")
}

// timeScale is where a moment is in a picture.
type timeScale struct{ end float64 }

func (s timeScale) x(at float64) float64 {
	return plotLeft + (plotRight-plotLeft)*min(max(at/s.end, 0), 1)
}

// panel draws an outcome from y on, and gives where it ends.
func (c *canvas) panel(p Panel, y int) int {
	o := p.Outcome
	scale := timeScale{end: max(o.Ended, p.End, 1) * 1.01}
	c.text("title", 16, y+14, p.Title)
	if o.New.Bad()+o.Old.Bad() > 0 {
		c.linef(`<text class="end" x="%d" y="%d"><tspan class="fail">■</tspan> failed  <tspan class="slow">■</tspan> slower than %g s</text>`, plotRight, y+32, slowest)
	}
	outcome := "bad"
	if o.Outcome == rollout.Succeeded {
		outcome = "good"
	}
	c.text("title end "+outcome, plotRight, y+14, string(o.Outcome))
	c.text("dim", 16, y+32, clip(numbersOf(o), letters))
	y += titleHeight
	marksAt := y
	y += markHeight + 6
	c.axis(scale, y, y+len(o.Series)*(weightHeight+rowGap/2+badHeight)+(len(o.Series)-1)*rowGap)
	for i, s := range o.Series {
		if i > 0 {
			y += rowGap
		}
		y = c.series(s, o, scale, y, len(o.Series) > 1)
	}
	c.marks(o.Timeline, scale, marksAt, y)
	y += axisHeight + 8
	for i, e := range o.Timeline {
		c.event(i+1, e, y, len(o.Series) > 1)
		y += eventHeight
	}
	return y
}

// numbersOf is what an outcome comes to, in a line.
func numbersOf(o Outcome) string {
	parts := []string{fmt.Sprintf("%d requests to the new version, %d failed, %d slow", o.New.Requests, o.New.Failed, o.New.Slow)}
	if d := Seconds(o.Trouble, o.Noticed); d != nil {
		parts = append(parts, "noticed after "+Span(*d))
	}
	if d := Seconds(o.Trouble, o.Back); d != nil {
		parts = append(parts, "all back after "+Span(*d))
	}
	if o.Full != nil && o.Outcome == rollout.Succeeded {
		parts = append(parts, "all traffic on it at +"+span(*o.Full))
	}
	return strings.Join(append(parts, "ended at +"+span(o.Ended)), " · ")
}

// series draws an environment: the weight of the new version above, its bad answers and
// the old one's below.
func (c *canvas) series(s Series, o Outcome, scale timeScale, y int, named bool) int {
	bottom := y + weightHeight
	for _, percent := range []int{0, 50, 100} {
		at := bottom - weightHeight*percent/100
		c.linef(`<path class="grid" d="M%d %dH%d"/>`, plotLeft, at, plotRight)
		c.text("label end", plotLeft-6, at+4, fmt.Sprintf("%d%%", percent))
	}
	c.linef(`<text class="label mid" transform="translate(20 %d) rotate(-90)">new version</text>`, y+weightHeight/2)
	if o.Trouble != nil && len(o.Series) == 1 && (o.Back != nil || o.New.Bad() > 0) {
		to := o.Ended
		if o.Back != nil {
			to = *o.Back
		}
		c.linef(`<rect class="trouble" x="%s" y="%d" width="%s" height="%d"><title>from when the trouble began</title></rect>`,
			px(scale.x(*o.Trouble)), y, px(scale.x(to)-scale.x(*o.Trouble)), weightHeight+rowGap/2+badHeight)
	}
	path := c.weights(s, scale, bottom)
	c.linef(`<path class="weight" d="%sV%dH%sz"/><path class="line" d="%s"/>`, path, bottom, px(scale.x(0)), path)
	if named {
		c.text("place", plotLeft+8, y+15, s.Environment)
	}
	return c.bad(s, scale, bottom+rowGap/2)
}

// weights is the line of the new version's weight.
func (c *canvas) weights(s Series, scale timeScale, bottom int) string {
	var path strings.Builder
	fmt.Fprintf(&path, "M%s %d", px(scale.x(0)), bottom)
	before, end := 0, 0.0
	for _, p := range s.Points {
		end = p.At
		if p.Weight != before {
			fmt.Fprintf(&path, "H%sV%d", px(scale.x(p.At)), bottom-weightHeight*p.Weight/100)
			before = p.Weight
		}
	}
	fmt.Fprintf(&path, "H%s", px(scale.x(end)))
	return path.String()
}

// bad draws the bad answers a second, as bars at least a pixel wide.
func (c *canvas) bad(s Series, scale timeScale, y int) int {
	bars := barsOf(s, scale)
	top := 0.0
	for _, b := range bars {
		top = max(top, b.failed+b.slow)
	}
	bottom := y + badHeight
	c.linef(`<path class="grid" d="M%d %dH%d"/>`, plotLeft, bottom, plotRight)
	c.linef(`<text class="label mid" transform="translate(20 %d) rotate(-90)">bad</text>`, y+badHeight/2)
	if top == 0 {
		c.text("label", plotLeft+8, bottom-8, "no bad answers")
		return bottom
	}
	c.linef(`<path class="grid" d="M%d %dH%d"/>`, plotLeft, y, plotRight)
	c.text("label end", plotLeft-6, y+8, rate(top)+"/s")
	c.text("label end", plotLeft-6, bottom, "0")
	for _, b := range bars {
		failed, slow := float64(badHeight)*b.failed/top, float64(badHeight)*b.slow/top
		if failed > 0 {
			c.linef(`<rect class="fail" x="%s" y="%s" width="%s" height="%s"><title>%s failed a second at +%s</title></rect>`,
				px(b.x), px(float64(bottom)-failed), px(b.width), px(failed), rate(b.failed), span(b.at))
		}
		if slow > 0 {
			c.linef(`<rect class="slow" x="%s" y="%s" width="%s" height="%s"><title>%s slow a second at +%s</title></rect>`,
				px(b.x), px(float64(bottom)-failed-slow), px(b.width), px(slow), rate(b.slow), span(b.at))
		}
	}
	return bottom
}

func rate(n float64) string {
	if n >= 10 {
		return fmt.Sprintf("%.0f", n)
	}
	return fmt.Sprintf("%.1f", n)
}

// bar is the bad answers a second in a span of time.
type bar struct{ at, x, width, failed, slow float64 }

// barsOf are the bad answers of an environment, put together so that each bar is wide
// enough to be seen.
func barsOf(s Series, scale timeScale) []bar {
	const narrowest = 2
	var bars []bar
	from, sum := 0.0, Answers{}
	for _, p := range s.Points {
		sum = sum.plus(p.New).plus(p.Old)
		x, width := scale.x(from), scale.x(p.At)-scale.x(from)
		if width < narrowest {
			continue
		}
		if seconds := p.At - from; sum.Bad() > 0 {
			bars = append(bars, bar{at: p.At, x: x, width: width, failed: float64(sum.Failed) / seconds, slow: float64(sum.Slow) / seconds})
		}
		from, sum = p.At, Answers{}
	}
	return bars
}

// axis draws the times.
func (c *canvas) axis(scale timeScale, top, bottom int) {
	c.linef(`<path class="axis" d="M%d %dH%d"/>`, plotLeft, bottom, plotRight)
	every := tick(scale.end)
	for at := 0.0; at <= scale.end; at += every {
		x := scale.x(at)
		c.linef(`<path class="grid" d="M%s %dV%d"/>`, px(x), top, bottom+5)
		label := "+" + span(at)
		if at == 0 {
			label = "build"
		}
		c.text("label mid", x, bottom+18, label)
	}
}

// tick is a round time that comes five to ten times.
func tick(end float64) float64 {
	for _, round := range []float64{1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 4 * 3600, 12 * 3600, 24 * 3600, 72 * 3600} {
		if end/round <= 10 {
			return round
		}
	}
	const week = 7 * 24 * 3600
	return week * math.Ceil(end/week/10)
}

// group is events that are so near to each other that they have one mark.
type group struct {
	first, last int // of the events
	x           float64
	bad         bool
}

func groupsOf(events []Event, scale timeScale) []group {
	const apart = 44 // a mark of two numbers, and a gap
	var groups []group
	for i, e := range events {
		x := scale.x(e.At)
		if n := len(groups); n > 0 && x-groups[n-1].x < apart {
			groups[n-1].last, groups[n-1].bad = i, groups[n-1].bad || e.Bad
			continue
		}
		groups = append(groups, group{first: i, last: i, x: x, bad: e.Bad})
	}
	return groups
}

// marks draws a mark for each group of events above the plot, with their numbers, and a
// line down for each event.
func (c *canvas) marks(events []Event, scale timeScale, y, bottom int) {
	drawn := map[string]bool{}
	for _, e := range events {
		stem := fmt.Sprintf(`<path class="stem%s" d="M%s %dV%d"/>`, badly(e.Bad), px(math.Round(scale.x(e.At))), y+markHeight, bottom)
		if !drawn[stem] {
			drawn[stem] = true
			c.linef("%s", stem)
		}
	}
	for _, g := range groupsOf(events, scale) {
		label, width := fmt.Sprint(g.first+1), 18
		if g.last > g.first {
			label, width = fmt.Sprintf("%d–%d", g.first+1, g.last+1), 40
		}
		x := min(max(g.x, plotLeft), float64(plotRight-width/2))
		c.linef(`<rect class="mark%s" x="%s" y="%d" width="%d" height="%d" rx="8"/>`, badly(g.bad), px(x-float64(width)/2), y, width, markHeight-2)
		c.linef(`<text class="number%s" x="%s" y="%d">%s</text>`, badly(g.bad), px(x), y+12, label)
	}
}

func badly(bad bool) string {
	if bad {
		return " bad"
	}
	return ""
}

// event draws a line of what was decided.
func (c *canvas) event(n int, e Event, y int, named bool) {
	class := ""
	if e.Bad {
		class = "bad"
	}
	who := e.Who
	if named && e.Environment != "" {
		who = e.Environment + " " + who
	}
	c.text("dim end", 36, y+12, fmt.Sprint(n))
	c.text("end", 112, y+12, "+"+span(e.At))
	c.text("dim", 126, y+12, who)
	what := 226.0
	if named {
		what = 290
	}
	c.text(class, what, y+12, clip(e.What, letters-int(what-226)/7))
}

// clip is a text with at most so many letters.
func clip(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return strings.TrimRight(string(runes[:most-1]), " ,:") + "…"
}
