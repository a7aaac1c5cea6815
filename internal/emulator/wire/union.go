package wire

import (
	"fmt"
	"reflect"

	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// unionTypes are the SDK's types for a union's members, by the interface that
// stands for the union. Each is a struct with one field, Value.
func unionTypes(union reflect.Type) map[string]reflect.Type {
	switch union {
	case reflect.TypeFor[dynamodbtypes.AttributeValue]():
		return map[string]reflect.Type{
			"B":    reflect.TypeFor[dynamodbtypes.AttributeValueMemberB](),
			"BOOL": reflect.TypeFor[dynamodbtypes.AttributeValueMemberBOOL](),
			"BS":   reflect.TypeFor[dynamodbtypes.AttributeValueMemberBS](),
			"L":    reflect.TypeFor[dynamodbtypes.AttributeValueMemberL](),
			"M":    reflect.TypeFor[dynamodbtypes.AttributeValueMemberM](),
			"N":    reflect.TypeFor[dynamodbtypes.AttributeValueMemberN](),
			"NS":   reflect.TypeFor[dynamodbtypes.AttributeValueMemberNS](),
			"NULL": reflect.TypeFor[dynamodbtypes.AttributeValueMemberNULL](),
			"S":    reflect.TypeFor[dynamodbtypes.AttributeValueMemberS](),
			"SS":   reflect.TypeFor[dynamodbtypes.AttributeValueMemberSS](),
		}
	case reflect.TypeFor[cloudwatchtypes.EvaluationCriteria]():
		return map[string]reflect.Type{
			"PromQLCriteria": reflect.TypeFor[cloudwatchtypes.EvaluationCriteriaMemberPromQLCriteria](),
		}
	}
	return nil
}

// alternative is a union's member bound to its Go type.
type alternative struct {
	member *memberRef
	typ    reflect.Type
	value  *binding
}

// union binds a structure of which one member is set to an interface.
func (c *bindingCache) union(s *shape, t reflect.Type) (binding, error) {
	types := unionTypes(t)
	byType := map[reflect.Type]alternative{}
	byIndex := make([]alternative, len(s.members))
	for _, ref := range s.members {
		typ, ok := types[ref.name]
		if !ok {
			return binding{}, fmt.Errorf("union %v has no type for member %s of shape %s", t, ref.name, s.Name)
		}
		f, _ := typ.FieldByName("Value")
		value, err := c.find(ref.target, f.Type)
		if err != nil {
			return binding{}, fmt.Errorf("member %s of union %s: %w", ref.name, s.Name, err)
		}
		byIndex[ref.index] = alternative{ref, typ, value}
		byType[typ] = byIndex[ref.index]
	}
	return binding{
		set: func(dst reflect.Value, v any) {
			for i, value := range v.(*record).values {
				if value != nil {
					one := reflect.New(byIndex[i].typ)
					byIndex[i].value.set(one.Elem().FieldByName("Value"), value)
					dst.Set(one)
					return
				}
			}
		},
		get: func(src reflect.Value) any {
			if src.IsNil() {
				return nil
			}
			one := reflect.Indirect(src.Elem())
			chosen, ok := byType[one.Type()]
			if !ok {
				return nil
			}
			rec := newRecord(s)
			rec.values[chosen.member.index] = chosen.value.get(one.FieldByName("Value"))
			return rec
		},
	}, nil
}
