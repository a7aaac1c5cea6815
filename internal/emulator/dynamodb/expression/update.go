package expression

import (
	"cmp"
	"slices"
	"strings"

	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/attribute"
)

// Errors of an update that is well formed but does not fit the item.
const (
	errMissing     = attribute.RejectionError("The provided expression refers to an attribute that does not exist in the item")
	errInvalidPath = attribute.RejectionError("The document path provided in the update expression is invalid for update")
	errWrongType   = attribute.RejectionError("An operand in the update expression has an incorrect data type")
)

// Update is a parsed UpdateExpression.
type Update struct {
	paths   []Path // all that it changes, as written
	sets    []action
	removes []Path
	adds    []action
	deletes []action
}

// action is one change of SET, ADD or DELETE.
type action struct {
	path Path
	of   operand
}

// Paths are the paths that the update changes, in the order it names them.
func (u *Update) Paths() []Path { return u.paths }

// StaticType is the type of what the update assigns to a top-level attribute,
// as far as the expression alone tells it, or "".
func (u *Update) StaticType(name string) string {
	for _, a := range slices.Concat(u.sets, u.adds) {
		if len(a.path) == 1 && a.path[0].Name == name {
			return staticType(a.of)
		}
	}
	return ""
}

// Apply gives the item as the update leaves it; what it was given stays as it
// is. All values are calculated on the item as it was before.
func (u *Update) Apply(item attribute.Item) (attribute.Item, error) {
	changes, err := u.changes(item)
	if err != nil {
		return nil, err
	}
	updated := attribute.CloneItem(item)
	// List members are added in the order of their indexes and removed from the
	// highest down, so that each index means what it meant before the update.
	slices.SortStableFunc(changes, func(a, b change) int { return comparePaths(a.path, b.path) })
	for _, c := range changes {
		if c.value != nil {
			if err := put(updated, c.path, c.value); err != nil {
				return nil, err
			}
		}
	}
	for _, c := range slices.Backward(changes) {
		if c.value == nil {
			if err := remove(updated, c.path); err != nil {
				return nil, err
			}
		}
	}
	return updated, nil
}

// change is a value to stand at a path, or nil for none.
type change struct {
	path  Path
	value attribute.Value
}

func (u *Update) changes(item attribute.Item) ([]change, error) {
	var changes []change
	for _, a := range u.sets {
		v, err := calculate(a.of, item)
		if err != nil {
			return nil, err
		}
		changes = append(changes, change{a.path, attribute.Clone(v)})
	}
	for _, path := range u.removes {
		changes = append(changes, change{path, nil})
	}
	for _, a := range u.adds {
		v, err := added(a.path.Value(item), a.of.value(item))
		if err != nil {
			return nil, err
		}
		changes = append(changes, change{a.path, v})
	}
	for _, a := range u.deletes {
		v, err := deleted(a.path.Value(item), a.of.value(item))
		if err != nil {
			return nil, err
		}
		changes = append(changes, change{a.path, v})
	}
	return changes, nil
}

// added is what ADD makes of the value that is there, if any.
func added(old, more attribute.Value) (attribute.Value, error) {
	if old == nil {
		return more, nil
	}
	if number, ok := old.(*attribute.Number); ok {
		if more, ok := more.(*attribute.Number); ok {
			return attribute.Add(number, more)
		}
		return nil, errWrongType
	}
	union, ok := attribute.Union(old, more)
	if !ok {
		return nil, errWrongType
	}
	return union, nil
}

// deleted is what DELETE leaves of the set that is there, if any.
func deleted(old, members attribute.Value) (attribute.Value, error) {
	if old == nil {
		return nil, nil //nolint:nilnil // nothing was there and nothing is left
	}
	rest, ok := attribute.Difference(old, members)
	if !ok {
		return nil, errWrongType
	}
	return rest, nil
}

// comparePaths orders paths by name, and by index within a list.
func comparePaths(a, b Path) int {
	return slices.CompareFunc(a, b, func(a, b Element) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(a.Index, b.Index))
	})
}

// put sets the value at the path. What holds it must be there; an index beyond
// a list's end appends.
func put(item attribute.Item, path Path, v attribute.Value) error {
	last := path[len(path)-1]
	if len(path) == 1 {
		item[last.Name] = v
		return nil
	}
	switch parent := path[:len(path)-1].Value(item).(type) {
	case *attribute.Map:
		if last.List {
			return errInvalidPath
		}
		parent.Value[last.Name] = v
	case *attribute.List:
		switch {
		case !last.List:
			return errInvalidPath
		case last.Index < len(parent.Value):
			parent.Value[last.Index] = v
		default:
			parent.Value = append(parent.Value, v)
		}
	default:
		return errInvalidPath
	}
	return nil
}

// remove takes away the value at the path, if it is there. What would hold it
// must be there.
func remove(item attribute.Item, path Path) error {
	last := path[len(path)-1]
	if len(path) == 1 {
		delete(item, last.Name)
		return nil
	}
	switch parent := path[:len(path)-1].Value(item).(type) {
	case *attribute.Map:
		if last.List {
			return errInvalidPath
		}
		delete(parent.Value, last.Name)
	case *attribute.List:
		if !last.List {
			return errInvalidPath
		}
		if last.Index < len(parent.Value) {
			parent.Value = slices.Delete(parent.Value, last.Index, last.Index+1)
		}
	default:
		return errInvalidPath
	}
	return nil
}
