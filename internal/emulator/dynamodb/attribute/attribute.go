// Package attribute knows DynamoDB's attribute values: what is a valid one, when
// two are equal, which comes first and how much room each takes.
//
// Values are the SDK's own. Normalize checks one that came in and gives it in
// canonical form; everything else here expects canonical values.
package attribute

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// The SDK's names for values, shortened.
type (
	// Value is any attribute value.
	Value = types.AttributeValue
	// Item is an item, or the values of a map.
	Item = map[string]types.AttributeValue
	// String is a value of type S.
	String = types.AttributeValueMemberS
	// Number is a value of type N.
	Number = types.AttributeValueMemberN
	// Binary is a value of type B.
	Binary = types.AttributeValueMemberB
	// Bool is a value of type BOOL.
	Bool = types.AttributeValueMemberBOOL
	// Null is a value of type NULL.
	Null = types.AttributeValueMemberNULL
	// List is a value of type L.
	List = types.AttributeValueMemberL
	// Map is a value of type M.
	Map = types.AttributeValueMemberM
	// StringSet is a value of type SS.
	StringSet = types.AttributeValueMemberSS
	// NumberSet is a value of type NS.
	NumberSet = types.AttributeValueMemberNS
	// BinarySet is a value of type BS.
	BinarySet = types.AttributeValueMemberBS
)

// Type is the value's type as DynamoDB abbreviates it: S, N, B, BOOL, NULL, L,
// M, SS, NS or BS; "" for no value.
func Type(v Value) string {
	switch v.(type) {
	case *String:
		return "S"
	case *Number:
		return "N"
	case *Binary:
		return "B"
	case *Bool:
		return "BOOL"
	case *Null:
		return "NULL"
	case *List:
		return "L"
	case *Map:
		return "M"
	case *StringSet:
		return "SS"
	case *NumberSet:
		return "NS"
	case *BinarySet:
		return "BS"
	}
	return ""
}

// Equal reports whether two values are the same: of one type, numbers by what
// they mean, sets whatever their order. No value equals none.
func Equal(a, b Value) bool {
	if order, ok := Compare(a, b); ok {
		return order == 0
	}
	switch a := a.(type) {
	case *Bool:
		b, ok := b.(*Bool)
		return ok && a.Value == b.Value
	case *Null:
		_, ok := b.(*Null)
		return ok
	case *List:
		b, ok := b.(*List)
		return ok && slices.EqualFunc(a.Value, b.Value, Equal)
	case *Map:
		b, ok := b.(*Map)
		return ok && maps.EqualFunc(a.Value, b.Value, Equal)
	case *StringSet:
		b, ok := b.(*StringSet)
		return ok && slices.Equal(a.Value, b.Value)
	case *NumberSet:
		b, ok := b.(*NumberSet)
		return ok && slices.Equal(a.Value, b.Value)
	case *BinarySet:
		b, ok := b.(*BinarySet)
		return ok && slices.EqualFunc(a.Value, b.Value, bytes.Equal)
	}
	return false
}

// Compare orders two values of one type that has an order: strings by their
// UTF-8 bytes, numbers, and binaries by unsigned bytes. For others it gives false.
func Compare(a, b Value) (int, bool) {
	switch a := a.(type) {
	case *String:
		if b, ok := b.(*String); ok {
			return strings.Compare(a.Value, b.Value), true
		}
	case *Number:
		if b, ok := b.(*Number); ok {
			return compareNumbers(a.Value, b.Value), true
		}
	case *Binary:
		if b, ok := b.(*Binary); ok {
			return bytes.Compare(a.Value, b.Value), true
		}
	}
	return 0, false
}

// HasPrefix reports whether a string or binary begins with another of its type.
func HasPrefix(v, prefix Value) bool {
	switch v := v.(type) {
	case *String:
		prefix, ok := prefix.(*String)
		return ok && strings.HasPrefix(v.Value, prefix.Value)
	case *Binary:
		prefix, ok := prefix.(*Binary)
		return ok && bytes.HasPrefix(v.Value, prefix.Value)
	}
	return false
}

// Contains reports whether a string has the other as a part, or a set or list
// has it as a member.
func Contains(v, part Value) bool {
	switch v := v.(type) {
	case *String:
		part, ok := part.(*String)
		return ok && strings.Contains(v.Value, part.Value)
	case *Binary:
		part, ok := part.(*Binary)
		return ok && bytes.Contains(v.Value, part.Value)
	case *StringSet:
		part, ok := part.(*String)
		return ok && slices.Contains(v.Value, part.Value)
	case *NumberSet:
		part, ok := part.(*Number)
		return ok && slices.Contains(v.Value, part.Value)
	case *BinarySet:
		part, ok := part.(*Binary)
		return ok && slices.ContainsFunc(v.Value, func(b []byte) bool { return bytes.Equal(b, part.Value) })
	case *List:
		return slices.ContainsFunc(v.Value, func(member Value) bool { return Equal(member, part) })
	}
	return false
}

// Clone is a copy that shares nothing that can change.
func Clone(v Value) Value {
	switch v := v.(type) {
	case *List:
		members := make([]Value, len(v.Value))
		for i, member := range v.Value {
			members[i] = Clone(member)
		}
		return &List{Value: members}
	case *Map:
		return &Map{Value: CloneItem(v.Value)}
	}
	return v
}

// CloneItem is a copy of the item that shares nothing that can change; nil for nil.
func CloneItem(item Item) Item {
	if item == nil {
		return nil
	}
	clone := make(Item, len(item))
	for name, v := range item {
		clone[name] = Clone(v)
	}
	return clone
}

// Format writes a value as DynamoDB's messages do: {S:a}.
func Format(v Value) string {
	return fmt.Sprintf("{%s:%s}", Type(v), plain(v))
}

func plain(v Value) string {
	switch v := v.(type) {
	case *String:
		return v.Value
	case *Number:
		return v.Value
	case *Binary:
		return base64.StdEncoding.EncodeToString(v.Value)
	case *Bool:
		return fmt.Sprint(v.Value)
	case *Null:
		return "true"
	case *StringSet:
		return "[" + strings.Join(v.Value, ", ") + "]"
	case *NumberSet:
		return "[" + strings.Join(v.Value, ", ") + "]"
	case *BinarySet:
		return "[" + strings.Join(encodeAll(v.Value), ", ") + "]"
	case *List:
		members := make([]string, len(v.Value))
		for i, member := range v.Value {
			members[i] = Format(member)
		}
		return "[" + strings.Join(members, ", ") + "]"
	case *Map:
		members := make([]string, 0, len(v.Value))
		for _, name := range slices.Sorted(maps.Keys(v.Value)) {
			members = append(members, name+"="+Format(v.Value[name]))
		}
		return "{" + strings.Join(members, ", ") + "}"
	}
	return ""
}

func encodeAll(values [][]byte) []string {
	encoded := make([]string, len(values))
	for i, b := range values {
		encoded[i] = base64.StdEncoding.EncodeToString(b)
	}
	return encoded
}
