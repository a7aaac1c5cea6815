package taskdef

import (
	"reflect"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
)

// Names are the paths of all fields that the checker knows.
func Names() map[string]bool {
	all := map[string]bool{}
	var walk func(t reflect.Type, above string)
	walk = func(t reflect.Type, above string) {
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice:
			walk(t.Elem(), above)
		case reflect.Struct:
			for name, member := range members(t) {
				path := strings.TrimPrefix(above+"."+name, ".")
				all[path] = true
				walk(member, path)
			}
		}
	}
	walk(reflect.TypeFor[ecs.RegisterTaskDefinitionInput](), "")
	return all
}
