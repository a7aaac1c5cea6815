package wire

// Between the wire and the SDK's structs a value stands in a neutral form, the
// same for every protocol, on which the validation works:
//
//	structure      *record
//	list           []any
//	map            []entry
//	string         as in Go
//	boolean        bool
//	integer, long  int64
//	float, double  float64
//	timestamp      time.Time
//	blob           []byte
//
// nil is what was not sent.

// record is a structure: a value for each of the shape's members, in their
// order.
type record struct {
	shape  *shape
	values []any
}

func newRecord(s *shape) *record { return &record{shape: s, values: make([]any, len(s.members))} }

// get is the value of the member with the model's name; nil if there is none.
func (r *record) get(name string) any {
	if ref := r.shape.member(name); ref != nil {
		return r.values[ref.index]
	}
	return nil
}

// entry is one pair of a map. Maps keep the order in which they were sent.
type entry struct {
	key   string
	value any
}
