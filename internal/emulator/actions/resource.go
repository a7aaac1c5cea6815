package actions

import (
	"reflect"
	"strings"

	"github.com/sluice-deploy/sluice/internal/emulator/partition"
)

// resources are the ARNs that a template stands for. "" is "*". Otherwise it is the end
// of an ARN of the service, in the caller's account and Region, in which {Member} is a
// member of the input: of a list, each makes an ARN of its own. {A.B} is a member's
// member, {Member|default} says what stands for none, and {Member:part} takes a part of
// the value (see partOf). A template that begins with a member whose value is an ARN is
// that ARN.
func (r *request) resources(template string) []string {
	if template == "" || template == "*" {
		return []string{"*"}
	}
	whole := []string{""}
	for rest := template; rest != ""; {
		literal, more, has := strings.Cut(rest, "{")
		whole = eachWith(whole, []string{literal})
		if !has {
			break
		}
		var member string
		member, rest, _ = strings.Cut(more, "}")
		whole = eachWith(whole, r.values(member))
	}
	for i, resource := range whole {
		if !strings.HasPrefix(resource, "arn:") {
			whole[i] = r.arn(resource)
		}
	}
	return whole
}

// eachWith appends each of some ends to each of some beginnings.
func eachWith(beginnings, ends []string) []string {
	var all []string
	for _, b := range beginnings {
		for _, e := range ends {
			all = append(all, b+e)
		}
	}
	return all
}

func (r *request) values(member string) []string {
	member, otherwise, _ := strings.Cut(member, "|")
	member, part, _ := strings.Cut(member, ":")
	values := members(r.in, member)
	if len(values) == 0 {
		return []string{otherwise}
	}
	for i, v := range values {
		values[i] = r.partOf(v, part)
	}
	return values
}

// partOf takes what a resource is named by out of the value of a member, which may be
// its name, its ARN, or more.
func (r *request) partOf(value, part string) string {
	switch part {
	case "name": // what comes last in a path or an ARN
		return value[strings.LastIndexAny(value, "/:")+1:]
	case "path": // of a parameter, whose ARN has no second slash
		return strings.TrimPrefix(value, "/")
	case "function": // name, partial ARN or ARN, with or without a qualifier
		_, after, found := strings.Cut(value, ":function:")
		if !found {
			after = value
		}
		return strings.TrimPrefix(after, "function:")
	case "project": // of a build's id or ARN
		value = value[strings.LastIndexByte(value, '/')+1:]
		project, _, _ := strings.Cut(value, ":")
		return project
	case "stack": // of any id, unless it is named by its ARN
		if !strings.HasPrefix(value, "arn:") {
			return "stack/" + value + "/*"
		}
	case "topic": // of a subscription's ARN
		if parts := strings.SplitN(value, ":", 7); len(parts) == 7 {
			return strings.Join(parts[:6], ":")
		}
	case "role":
		if arn := r.state.RoleARN(value); arn != "" {
			return arn
		}
		return r.iam("role/" + value)
	case "secret":
		if arn := r.state.SecretARN(value); arn != "" {
			return arn
		}
		if strings.HasPrefix(value, "arn:") {
			return value
		}
		return r.arn("secret:" + value)
	}
	return value
}

// arn is an ARN of the service in the caller's account and Region.
func (r *request) arn(resource string) string {
	switch r.prefix {
	case "iam":
		return r.iam(resource)
	case "apigateway": // of no account
		return "arn:" + partition.Of(r.region) + ":apigateway:" + r.region + "::" + resource
	case "s3":
		return partition.Global("s3", r.region, "", resource)
	}
	return partition.ARN(r.prefix, r.region, r.account, resource)
}

// members are the values that a member of the input has, "Targets.RoleArn" those of the
// members of a list; what is not given has none.
func members(in any, path string) []string {
	return collect(reflect.ValueOf(in), strings.Split(path, "."))
}

func collect(v reflect.Value, path []string) []string {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return collect(v.Elem(), path)
	case reflect.Slice:
		var all []string
		for i := range v.Len() {
			all = append(all, collect(v.Index(i), path)...)
		}
		return all
	case reflect.Struct:
		field := v.FieldByName(path[0])
		if !field.IsValid() {
			panic("actions: " + v.Type().String() + " has no member " + path[0])
		}
		return collect(field, path[1:])
	case reflect.String:
		if v.String() == "" {
			return nil
		}
		return []string{v.String()}
	}
	panic("actions: " + v.Type().String() + " is no text")
}
