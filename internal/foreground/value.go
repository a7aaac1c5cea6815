package foreground

import (
	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/attribute"
)

// value is an attribute value as DynamoDB's JSON has it: one field is set.
type value struct {
	S    *string           `json:"S,omitempty"`
	N    *string           `json:"N,omitempty"`
	B    []byte            `json:"B,omitempty"`
	Bool *bool             `json:"BOOL,omitempty"`
	Null *bool             `json:"NULL,omitempty"`
	L    *[]value          `json:"L,omitempty"`
	M    *map[string]value `json:"M,omitempty"`
	SS   []string          `json:"SS,omitempty"`
	NS   []string          `json:"NS,omitempty"`
	BS   [][]byte          `json:"BS,omitempty"`
}

func valuesOf(item attribute.Item) map[string]value {
	all := map[string]value{}
	for name, v := range item {
		all[name] = valueOf(v)
	}
	return all
}

func valueOf(v attribute.Value) value {
	switch v := v.(type) {
	case *attribute.String:
		return value{S: &v.Value}
	case *attribute.Number:
		return value{N: &v.Value}
	case *attribute.Binary:
		return value{B: v.Value}
	case *attribute.Bool:
		return value{Bool: &v.Value}
	case *attribute.Null:
		return value{Null: &v.Value}
	case *attribute.List:
		list := []value{}
		for _, one := range v.Value {
			list = append(list, valueOf(one))
		}
		return value{L: &list}
	case *attribute.Map:
		m := valuesOf(v.Value)
		return value{M: &m}
	case *attribute.StringSet:
		return value{SS: v.Value}
	case *attribute.NumberSet:
		return value{NS: v.Value}
	case *attribute.BinarySet:
		return value{BS: v.Value}
	default: // the table has no others
		return value{}
	}
}

func itemOf(values map[string]value) attribute.Item {
	item := attribute.Item{}
	for name, v := range values {
		item[name] = v.attribute()
	}
	return item
}

func (v value) attribute() attribute.Value {
	switch {
	case v.S != nil:
		return &attribute.String{Value: *v.S}
	case v.N != nil:
		return &attribute.Number{Value: *v.N}
	case v.Bool != nil:
		return &attribute.Bool{Value: *v.Bool}
	case v.Null != nil:
		return &attribute.Null{Value: *v.Null}
	case v.L != nil:
		list := []attribute.Value{}
		for _, one := range *v.L {
			list = append(list, one.attribute())
		}
		return &attribute.List{Value: list}
	case v.M != nil:
		return &attribute.Map{Value: itemOf(*v.M)}
	case v.SS != nil:
		return &attribute.StringSet{Value: v.SS}
	case v.NS != nil:
		return &attribute.NumberSet{Value: v.NS}
	case v.BS != nil:
		return &attribute.BinarySet{Value: v.BS}
	default:
		return &attribute.Binary{Value: v.B}
	}
}
