package graph

import "slices"

// The measures of a picture.
const (
	margin    = 16
	letter    = 5 // what a letter of a lane's name takes, which is written askew
	boxWidth  = 150
	boxHeight = 34
	gap       = 18 // between rows
	port      = 16 // between lines that leave a box at one side
	laneWidth = 30
	backWidth = 12 // of a lane at the left
	between   = 70 // between the detours and the way
)

// picture is where everything is drawn: each state has a row of its own, the way of a
// success straight down, each detour from it at the left below the state it leaves, and
// then the ways of failures. At the right each kind of failure has a lane, which goes
// down to the state that it leads to; at the left ways over several rows have theirs.
type picture struct {
	rows          []row
	lanes         []Group  // at the right
	backs         []string // at the left: the states that they lead to
	detours, ways int      // x of the columns' boxes
	right         int      // x of the first lane at the right
	header        int      // height of the lanes' names
	width, height int
}

// row is a state in its place.
type row struct {
	State

	onWay, detour bool
	x, y, height  int
	ports         []Edge // that leave or enter at the left, downwards; To is the row's own where one enters
}

// lay lays the machine out.
func (m *Machine) lay() *picture {
	p := &picture{rows: m.inRows(), lanes: m.Groups()}
	for i := range p.rows {
		p.addPorts(i)
	}
	slices.SortStableFunc(p.lanes, func(a, b Group) int { return p.at(a.To) - p.at(b.To) })
	p.detours = margin + len(p.backs)*backWidth + margin
	p.ways = p.detours + boxWidth + between
	p.right = p.ways + boxWidth + 2*laneWidth
	for _, g := range p.lanes {
		p.header = max(p.header, margin+letter*len(g.Why+g.To)+letter*4)
	}
	y := p.header
	for i := range p.rows {
		r := &p.rows[i]
		r.x, r.y, r.height = p.ways, y, max(boxHeight, (len(r.ports)+1)*port)
		if r.detour {
			r.x = p.detours
		}
		y += r.height + gap
	}
	p.width, p.height = p.right+len(p.lanes)*laneWidth+p.header, y
	return p
}

// inRows puts the states in the order of their rows.
func (m *Machine) inRows() []row {
	var rows []row
	placed := map[string]bool{}
	add := func(s State, onWay, detour bool) {
		if !placed[s.Name] {
			placed[s.Name] = true
			rows = append(rows, row{State: s, onWay: onWay, detour: detour})
		}
	}
	state := map[string]State{}
	for _, s := range m.States {
		state[s.Name] = s
	}
	returns := func(e Edge) bool { return slices.Contains(m.Way, e.To) }
	for _, name := range m.Way {
		add(state[name], true, false)
		for _, e := range state[name].Ways() {
			if !returns(e) && slices.ContainsFunc(state[e.To].Next, returns) {
				add(state[e.To], false, true)
			}
		}
	}
	for _, s := range m.States {
		add(s, false, false)
	}
	return rows
}

// addPorts gives a row its ways that leave at the left, and makes their lanes.
func (p *picture) addPorts(i int) {
	from := &p.rows[i]
	for _, e := range from.Ways() {
		j := p.at(e.To)
		to := &p.rows[j]
		switch {
		case i == j || p.straight(i, j) || from.detour && j == i-1:
		case to.detour && !from.detour:
			from.ports = append(from.ports, e)
		default:
			from.ports = append(from.ports, e)
			if !slices.Contains(p.backs, e.To) {
				p.backs = append(p.backs, e.To)
				to.ports = slices.Insert(to.ports, 0, Edge{To: e.To})
			}
		}
	}
}

// straight reports whether a way goes straight down from one row to another: nothing is
// between them but detours.
func (p *picture) straight(i, j int) bool {
	if i > j || p.rows[i].detour || p.rows[j].detour {
		return false
	}
	for _, r := range p.rows[i+1 : j] {
		if !r.detour {
			return false
		}
	}
	return true
}

// at is the number of a state's row.
func (p *picture) at(name string) int {
	return slices.IndexFunc(p.rows, func(r row) bool { return r.Name == name })
}

// portY is the height of a row's port at the left.
func (r row) portY(i int) int { return r.y + (i+1)*r.height/(len(r.ports)+1) }

// middle is the height of a row's middle.
func (r row) middle() int { return r.y + r.height/2 }
