package cloudformation

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // SAM names versions with it
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"strings"
)

// published is what calls of a function are aimed at.
type published struct {
	name, arn *node
	alias     string // the alias's logical id, or ""
	qualifier string
}

// aliasName is what a name of an alias may be.
// AWS: Lambda API Reference, CreateAlias.
var aliasName = regexp.MustCompile(`^[a-zA-Z0-9\-_]*[a-zA-Z\-_][a-zA-Z0-9\-_]*$`)

// publish writes a function's AutoPublishAlias as the version that its code and
// environment now are, which is never deleted, and the alias that points at it; all
// that calls the function is aimed at the alias.
// AWS: SAM Developer Guide, Generated CloudFormation resources, AutoPublishAlias;
// names as aws-sam-translator 1.110 makes them.
func (e *expansion) publish(r resource, function *node) (published, error) {
	alias := e.resolved(r.properties.get("AutoPublishAlias"))
	if alias.isNull() {
		return published{name: ref(r), arn: arnOf(r.line, r.id), qualifier: "$LATEST"}, nil
	}
	if !alias.isString() || !aliasName.MatchString(alias.text) {
		return published{}, fail(alias.line, "property AutoPublishAlias is the name of an alias here, not %v", alias)
	}
	all := e.resolved(r.properties.get("AutoPublishAliasAllProperties"))
	sum, err := e.versionHash(function, !all.isNull() && all.text == "true")
	if err != nil {
		return published{}, err
	}
	version := plainFrom(r, r.id+"Version"+sum, "AWS::Lambda::Version", mapping(r.line,
		field{name: "FunctionName", value: ref(r)}, field{name: "Description", value: r.properties.get("VersionDescription")}))
	if version.deletion == deletes {
		version.deletion = retains
	}
	pointer := plainFrom(r, r.id+"Alias"+strings.NewReplacer("-", "D", "_", "U").Replace(alias.text), "AWS::Lambda::Alias", mapping(r.line,
		field{name: "Name", value: alias}, field{name: "FunctionName", value: ref(r)},
		field{name: "FunctionVersion", value: mapping(r.line, field{name: "Fn::GetAtt", value: list(r.line, text(r.line, version.id), text(r.line, "Version"))})}))
	e.out = append(e.out, version, pointer)
	e.published[r.id+".Version"], e.published[r.id+".Alias"] = version.id, pointer.id
	return published{name: ref(pointer), arn: ref(pointer), alias: pointer.id, qualifier: alias.text}, nil
}

// versionHash is what the version's logical id ends with: it changes with where the
// code is, and with the environment and the memory as the template says them, or with
// all properties. What parameters hold changes it in the code's place only.
func (e *expansion) versionHash(function *node, all bool) (string, error) {
	hashed, _ := e.resolved(function.get("Code")).plain().(map[string]any)
	if all {
		hashed = everything(function)
	} else {
		maps.Copy(hashed, environment(function))
		if memory := function.get("MemorySize"); memory != nil {
			hashed["MemorySize"] = memory.plain()
		}
	}
	data, err := compact(hashed)
	if err != nil {
		return "", fmt.Errorf("hash the function's code: %w", err)
	}
	sum := sha1.Sum(data) //nolint:gosec // a name, not a secret
	return hex.EncodeToString(sum[:])[:10], nil
}

// everything is a function's properties with the tag that SAM gives it.
func everything(function *node) map[string]any {
	out, _ := function.plain().(map[string]any)
	tags := []any{map[string]any{"Key": "lambda:createdBy", "Value": "SAM"}}
	for _, f := range function.get("Tags").entries() {
		tags = append(tags, map[string]any{"Key": f.name, "Value": f.value.plain()})
	}
	out["Tags"] = tags
	return out
}

func environment(function *node) map[string]any {
	out, _ := function.get("Environment").plain().(map[string]any)
	return out
}

// compact writes JSON as Python's json.dumps does without spaces: sorted, and in
// ASCII.
func compact(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	var out []byte
	for _, c := range strings.TrimSuffix(b.String(), "\n") {
		switch {
		case c < 0x80:
			out = append(out, byte(c))
		case c < 0x10000:
			out = fmt.Appendf(out, `\u%04x`, c)
		default:
			c -= 0x10000
			out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+c>>10, 0xdc00+c&0x3ff)
		}
	}
	return out, nil
}

// resolved is a value with the parameters that it refers to in their place.
func (e *expansion) resolved(n *node) *node {
	if n == nil || n.kind == scalarKind {
		return n
	}
	if name, argument, ok := intrinsic(n); ok && name == "Ref" && e.parameters[argument.text] != nil {
		return e.parameters[argument.text]
	}
	out := &node{line: n.line, kind: n.kind}
	for _, item := range n.items {
		out.items = append(out.items, e.resolved(item))
	}
	for _, f := range n.fields {
		out.fields = append(out.fields, field{f.name, f.line, e.resolved(f.value)})
	}
	return out
}

// rename writes references to a function's published version and alias as those to
// the resources they stand for.
// AWS: SAM Developer Guide, Referencing resource attributes.
func (e *expansion) rename(n *node) *node {
	if n == nil || n.kind == scalarKind || len(e.published) == 0 {
		return n
	}
	switch name, argument, ok := intrinsic(n); {
	case ok && name == "Ref":
		if id := e.published[argument.text]; id != "" {
			return mapping(n.line, field{name: name, value: text(n.line, id)})
		}
		return n
	case ok && name == "Fn::GetAtt" && len(argument.items) == 2:
		property, attribute, dotted := strings.Cut(argument.items[1].text, ".")
		if id := e.published[argument.items[0].text+"."+property]; dotted && id != "" {
			return mapping(n.line, field{name: name, value: list(n.line, text(n.line, id), text(n.line, attribute))})
		}
		return n
	case ok && name == "Fn::Sub":
		return mapping(n.line, field{name: name, value: e.renameSub(argument)})
	}
	out := &node{line: n.line, kind: n.kind}
	for _, item := range n.items {
		out.items = append(out.items, e.rename(item))
	}
	for _, f := range n.fields {
		out.fields = append(out.fields, field{f.name, f.line, e.rename(f.value)})
	}
	return out
}

func (e *expansion) renameSub(argument *node) *node {
	if argument.kind == listKind && len(argument.items) == 2 {
		return list(argument.line, e.renameSub(argument.items[0]), e.rename(argument.items[1]))
	}
	return text(argument.line, variable.ReplaceAllStringFunc(argument.text, func(found string) string {
		name := found[2 : len(found)-1]
		for short, id := range e.published {
			if rest, ok := strings.CutPrefix(name, short); ok && (rest == "" || rest[0] == '.') {
				return "${" + id + rest + "}"
			}
		}
		return found
	}))
}

// codeOf is the Code of a function whose CodeUri that is: an object of S3, or a
// folder that whoever deploys knows.
func codeOf(uri *node) (*node, error) {
	at, err := s3Location(uri, "S3Bucket", "S3Key", "S3ObjectVersion")
	if at != nil || err != nil {
		return at, err
	}
	return mapping(uri.line, field{name: "CodeUri", value: uri}), nil
}

// s3Location is where in S3 a CodeUri or DefinitionUri points, under these names;
// nil if it is a path.
func s3Location(uri *node, bucket, key, version string) (*node, error) {
	if uri.kind == mappingKind {
		if uri.get("Bucket") == nil || uri.get("Key") == nil {
			return nil, fail(uri.line, "CodeUri and DefinitionUri are a path, s3://bucket/key, or a mapping with Bucket and Key")
		}
		return renamed(uri, map[string]string{"Bucket": bucket, "Key": key, "Version": version}), nil
	}
	rest, ok := strings.CutPrefix(uri.text, "s3://")
	if !ok {
		return nil, nil //nolint:nilnil // it is a path
	}
	b, k, ok := strings.Cut(rest, "/")
	if !ok || b == "" || k == "" {
		return nil, fail(uri.line, "%v is not a valid S3 Uri of the form 's3://bucket/key'", uri)
	}
	k, v, versioned := strings.Cut(k, "?versionId=")
	out := mapping(uri.line, field{name: bucket, value: text(uri.line, b)}, field{name: key, value: text(uri.line, k)})
	if versioned {
		out.fields = append(out.fields, field{version, uri.line, text(uri.line, v)})
	}
	return out, nil
}
