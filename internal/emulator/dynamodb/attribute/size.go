package attribute

import "unicode/utf8"

// ItemSize is the room an item takes, names included (AWS: DynamoDB Developer
// Guide, item sizes and formats).
func ItemSize(item Item) int {
	size := 0
	for name, v := range item {
		size += len(name) + Size(v)
	}
	return size
}

// Size is the room a value takes. A list or map takes three bytes and one for
// each member besides the members themselves.
func Size(v Value) int {
	size := 0
	switch v := v.(type) {
	case *String:
		return len(v.Value)
	case *Number:
		return numberSize(v.Value)
	case *Binary:
		return len(v.Value)
	case *Bool, *Null:
		return 1
	case *List:
		size = 3
		for _, member := range v.Value {
			size += 1 + Size(member)
		}
	case *Map:
		size = 3 + len(v.Value) + ItemSize(v.Value)
	case *StringSet:
		for _, member := range v.Value {
			size += len(member)
		}
	case *NumberSet:
		for _, member := range v.Value {
			size += numberSize(member)
		}
	case *BinarySet:
		for _, member := range v.Value {
			size += len(member)
		}
	}
	return size
}

// Length is what the expression function size gives: the length of a string or
// binary, the number of members of a list, map or set. Numbers, booleans and
// null have none.
func Length(v Value) (int, bool) {
	switch v := v.(type) {
	case *String:
		return utf8.RuneCountInString(v.Value), true
	case *Binary:
		return len(v.Value), true
	case *List:
		return len(v.Value), true
	case *Map:
		return len(v.Value), true
	case *StringSet:
		return len(v.Value), true
	case *NumberSet:
		return len(v.Value), true
	case *BinarySet:
		return len(v.Value), true
	}
	return 0, false
}
