package attribute

import (
	"bytes"
	"maps"
	"slices"
	"strings"
)

// maxNesting is how deep lists and maps may stand in each other (AWS: DynamoDB
// Developer Guide, quotas, nested attribute depth).
const maxNesting = 32

const errEmpty = RejectionError("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")

// Normalize checks a value as DynamoDB does and gives it in canonical form:
// numbers without superfluous zeros or exponent, sets in order. It shares
// nothing that can change with what it was given. Its errors are DynamoDB's
// messages.
func Normalize(v Value) (Value, error) {
	return normalize(v, 0)
}

// NormalizeItem is Normalize for each value of an item.
func NormalizeItem(item Item) (Item, error) {
	return normalizeItem(item, 0)
}

func normalizeItem(item Item, depth int) (Item, error) {
	canonical := make(Item, len(item))
	for _, name := range slices.Sorted(maps.Keys(item)) {
		v, err := normalize(item[name], depth)
		if err != nil {
			return nil, err
		}
		canonical[name] = v
	}
	return canonical, nil
}

func normalize(v Value, depth int) (Value, error) {
	if depth > maxNesting {
		return nil, RejectionError("Nesting Levels have exceeded supported limits")
	}
	switch v := v.(type) {
	case *String:
		return v, nil
	case *Number:
		number, err := ParseNumber(v.Value)
		if err != nil {
			return nil, err
		}
		return &Number{Value: number.String()}, nil
	case *Binary:
		return &Binary{Value: bytes.Clone(v.Value)}, nil
	case *Bool:
		return v, nil
	case *Null:
		if !v.Value {
			return nil, invalid("Null attribute value types must have the value of true")
		}
		return v, nil
	case *List:
		members := make([]Value, len(v.Value))
		for i, member := range v.Value {
			canonical, err := normalize(member, depth+1)
			if err != nil {
				return nil, err
			}
			members[i] = canonical
		}
		return &List{Value: members}, nil
	case *Map:
		members, err := normalizeItem(v.Value, depth+1)
		if err != nil {
			return nil, err
		}
		return &Map{Value: members}, nil
	case *StringSet:
		return normalizeStrings(v)
	case *NumberSet:
		return normalizeNumbers(v)
	case *BinarySet:
		return normalizeBinaries(v)
	}
	return nil, errEmpty
}

func normalizeStrings(set *StringSet) (Value, error) {
	if len(set.Value) == 0 {
		return nil, invalid("An string set  may not be empty")
	}
	if slices.Contains(set.Value, "") {
		return nil, invalid("An string set may not have a empty string as a member")
	}
	sorted := slices.Sorted(slices.Values(set.Value))
	if len(slices.Compact(slices.Clone(sorted))) < len(sorted) {
		return nil, invalid("Input collection [" + strings.Join(set.Value, ", ") + "] contains duplicates.")
	}
	return &StringSet{Value: sorted}, nil
}

func normalizeNumbers(set *NumberSet) (Value, error) {
	if len(set.Value) == 0 {
		return nil, invalid("An number set  may not be empty")
	}
	sorted := make([]string, len(set.Value))
	for i, s := range set.Value {
		number, err := ParseNumber(s)
		if err != nil {
			return nil, err
		}
		sorted[i] = number.String()
	}
	slices.SortFunc(sorted, compareNumbers)
	if len(slices.Compact(slices.Clone(sorted))) < len(sorted) {
		return nil, RejectionError("Input collection contains duplicates")
	}
	return &NumberSet{Value: sorted}, nil
}

func normalizeBinaries(set *BinarySet) (Value, error) {
	if len(set.Value) == 0 {
		return nil, invalid("Binary sets should not be empty")
	}
	sorted := make([][]byte, len(set.Value))
	for i, b := range set.Value {
		if len(b) == 0 {
			return nil, invalid("Binary sets may not contain an empty binary")
		}
		sorted[i] = bytes.Clone(b)
	}
	slices.SortFunc(sorted, bytes.Compare)
	if len(slices.CompactFunc(slices.Clone(sorted), bytes.Equal)) < len(sorted) {
		return nil, invalid("Input collection [" + strings.Join(encodeAll(set.Value), ", ") + "]of type BS contains duplicates.")
	}
	return &BinarySet{Value: sorted}, nil
}

func invalid(message string) error {
	return Reject("One or more parameter values were invalid: %s", message)
}
