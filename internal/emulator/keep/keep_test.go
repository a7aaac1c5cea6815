package keep_test

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/keep"
)

type color interface{ name() string }

type (
	red   struct{ shade int }
	green struct{ Leaf *node }
	blue  struct{}
)

func (red) name() string    { return "red" }
func (*green) name() string { return "green" }
func (blue) name() string   { return "blue" }

var (
	_ = keep.Type[red]()
	_ = keep.Type[*green]()
)

// node is of every kind of data.
type node struct {
	Name    string
	truth   bool
	small   int8
	large   uint64
	share   float64
	at      time.Time
	list    []string
	table   map[string]*node
	numbers map[int][2]int
	self    *node
	other   *node
	color   color
	any     any
	text    *string
	body    []byte
	nothing []int
	empty   []int
	shared  map[string]string
	again   map[string]string
	passing *passing
	wired   func() `keep:"-"`
	worked  string `keep:"-"`
	embedded
}

type embedded struct{ inner int }

// Restore implements keep.Restorer.
func (n *node) Restore() error {
	n.worked = "worked out of " + n.Name
	return nil
}

type passing struct {
	is    string
	never bool
}

// Over implements keep.Passing.
func (p *passing) Over() (bool, error) {
	if p.never {
		return false, fmt.Errorf("the %s cannot be kept", p.is)
	}
	return p.is == "over", nil
}

func full() *node {
	text := "text"
	other := &node{Name: "other", passing: &passing{is: "over"}}
	n := &node{
		Name: "a node", truth: true, small: -7, large: 1 << 63, share: 0.25, at: time.Date(2026, 3, 1, 1, 2, 3, 4, time.UTC),
		list: []string{"x", "", "y"}, table: map[string]*node{"other": other, "nil": nil}, numbers: map[int][2]int{3: {1, 2}, -1: {}},
		other: other, color: red{3}, any: map[string]any{"a": []any{1.5, "b", nil, true}}, text: &text,
		body: bytes.Repeat([]byte("large"), keep.Large), empty: []int{}, shared: map[string]string{"k": "v"},
		passing: &passing{is: "there"}, wired: func() {}, embedded: embedded{5},
	}
	n.self, n.again = n, n.shared
	other.color = &green{Leaf: n}
	return n
}

// beside keeps large bytes by their number.
type beside [][]byte

func (b *beside) put(data []byte) (string, error) {
	*b = append(*b, data)
	return fmt.Sprint(len(*b) - 1), nil
}

func (b *beside) get(name string) ([]byte, error) {
	var i int
	_, err := fmt.Sscan(name, &i)
	return (*b)[i], err
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	n, large := full(), &beside{}
	state, err := keep.Write([]keep.Root{{Name: "n", Of: n}}, large.put)
	if err != nil {
		t.Fatal(err)
	}
	got := &node{}
	if err := keep.Read(state, []keep.Root{{Name: "n", Of: got}}, large.get); err != nil {
		t.Fatal(err)
	}
	if got.self != got || got.table["other"] != got.other || got.other.color.(*green).Leaf != got {
		t.Error("pointers to one thing are pointers to several")
	}
	got.shared["new"] = "value"
	if got.again["new"] != "value" {
		t.Error("one map has become two")
	}
	delete(got.shared, "new")
	if got.nothing != nil || got.empty == nil || got.wired != nil || got.other.passing != nil || got.worked != "worked out of a node" {
		t.Errorf("%+v: want nil and empty told apart, and what is over, or no state, left out", got)
	}
	if !got.at.Equal(n.at) || !bytes.Equal(got.body, n.body) || got.inner != 5 || got.color != n.color || !cmp.Equal(got.any, n.any) || *got.text != *n.text || got.passing.is != "there" {
		t.Errorf("%+v, want %+v", got, n)
	}
	again, err := keep.Write([]keep.Root{{Name: "n", Of: got}}, (&beside{}).put)
	if err != nil || !bytes.Equal(state, again) {
		t.Errorf("written again it is other bytes (%v)", err)
	}
}

func TestWhatCannotBeKept(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		of   any
		want string
	}{
		"a func":            {&struct{ inner struct{ Do func() } }{}, "keep root.inner.Do: a func() is no data"},
		"a channel":         {&struct{ c []chan int }{c: make([]chan int, 1)}, "keep root.c[]: a chan int is no data"},
		"an unnamed type":   {&struct{ c color }{blue{}}, "keep root.c: a keep_test.blue stands in an interface, and keep.Type does not name it"},
		"a map by pointers": {&struct{ m map[*int]int }{map[*int]int{}}, "keep root.m: a map by *int has no order"},
		"a timer that runs": {&struct{ p *passing }{&passing{is: "clock", never: true}}, "keep root.p: the clock cannot be kept"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := keep.Write([]keep.Root{{Name: "root", Of: c.of}}, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

// State of another shape is refused, and of every length but the whole.
func TestReadRefuses(t *testing.T) {
	t.Parallel()
	type state struct{ A, B int }
	written, err := keep.Write([]keep.Root{{Name: "root", Of: &state{1, 2}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	{
		type state struct{ A int }
		if err := keep.Read(written, []keep.Root{{Name: "root", Of: &state{}}}, nil); err == nil || !strings.Contains(err.Error(), `keep_test.state has a field "B int" there that it has not here`) {
			t.Errorf("error %v, want one that names the field that is unknown", err)
		}
	}
	{
		type state struct {
			A, B int
			C    string
		}
		if err := keep.Read(written, []keep.Root{{Name: "root", Of: &state{}}}, nil); err == nil || !strings.Contains(err.Error(), `keep_test.state has a field "C string" here that it has not there`) {
			t.Errorf("error %v, want one that names the field that is missing", err)
		}
	}
	if err := keep.Read(written, []keep.Root{{Name: "other", Of: &state{}}}, nil); err == nil {
		t.Error("another root was filled")
	}
	large := &beside{}
	whole, err := keep.Write([]keep.Root{{Name: "n", Of: full()}}, large.put)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range whole {
		if keep.Read(whole[:cut], []keep.Root{{Name: "n", Of: &node{}}}, large.get) == nil {
			t.Fatalf("the first %d bytes of %d are taken for the whole", cut, len(whole))
		}
	}
}

func FuzzRead(f *testing.F) {
	large := &beside{}
	whole, err := keep.Write([]keep.Root{{Name: "n", Of: full()}}, large.put)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Fuzz(func(_ *testing.T, state []byte) {
		_ = keep.Read(state, []keep.Root{{Name: "n", Of: &node{}}}, func(string) ([]byte, error) { return nil, keep.ErrCut }) // it must return
	})
}

func TestCheck(t *testing.T) {
	t.Parallel()
	type good struct {
		Next  *good
		Color color
		At    time.Time
		Do    func() `keep:"-"`
	}
	if found := keep.Check(nil, reflect.TypeFor[good]()); len(found) > 0 {
		t.Errorf("found %q, want nothing", found)
	}
	type bad struct {
		Do     func()
		B      bytes.Buffer
		ByName map[any]int
		error
	}
	if found := keep.Check(nil, reflect.TypeFor[bad]()); len(found) != 4 {
		t.Errorf("found %q, want all four fields", found)
	}
}
