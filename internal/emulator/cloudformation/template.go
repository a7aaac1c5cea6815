// Package cloudformation emulates AWS CloudFormation: it reads templates, AWS SAM's
// serverless ones among them, and creates, updates and deletes what they describe in
// the emulated services.
//
// A template is read (Load), worked out with parameters (Template.Resolve) and
// brought about by an operation on a stack: resource by resource in the order of
// their dependencies, each asked of its service as any client would. An update
// leaves alone what is the same, changes the rest in place or by replacement as
// CloudFormation's registry says of the property, and goes back when something
// fails. The Service is the API on top.
//
// Resources that only say who may do what, or where things stand in a network, are
// kept with their properties and given physical names. A resource type or a property
// that is not known is an error with its line.
//
// Departures: an operation does one thing after the other. It does not wait for a
// service's tasks to be steady. Stack tags are not put on resources. There are no
// nested stacks, stack sets, drift, imports of resources, or macros but SAM's.
//
// It is our own because the known Go library for templates replaces Ref and
// GetAtt of resources with placeholders when it reads them, and has no place to
// ask what was really created.
package cloudformation

import (
	"fmt"
	"slices"
	"strings"
)

// Template is a template that has been read.
type Template struct {
	// Name is the name that errors call it by, usually the file's.
	Name string

	body        string
	description string     `keep:"-"` // what follows is read from the body
	serverless  bool       `keep:"-"`
	globals     *node      `keep:"-"`
	rules       []field    `keep:"-"`
	parameters  []field    `keep:"-"`
	mappings    *node      `keep:"-"`
	conditions  *node      `keep:"-"`
	resources   []resource `keep:"-"`
	outputs     []field    `keep:"-"`
}

// Restore implements keep.Restorer.
func (t *Template) Restore() error {
	read, err := Load(t.Name, []byte(t.body))
	if err == nil {
		*t = *read
	}
	return err
}

// resource is an entry of the Resources section.
type resource struct {
	id         string
	line       int
	kind       string // its type
	properties *node  // a mapping, or nil
	dependsOn  []*node
	condition  *node

	deletion    string // its DeletionPolicy
	replacement string // its UpdateReplacePolicy
}

// Load reads a template. The name stands in errors.
func Load(name string, data []byte) (*Template, error) {
	t := &Template{Name: name, body: string(data)}
	root, err := parsed.of(t.body)
	if err == nil {
		err = t.read(root)
	}
	if err != nil {
		return nil, fmt.Errorf("template %s: %w", name, err)
	}
	return t, nil
}

// read takes the sections apart.
// AWS: CloudFormation User Guide, Template sections.
func (t *Template) read(root *node) error {
	if root.kind != mappingKind {
		return fail(root.line, "a template is a mapping of sections, not %v", root)
	}
	for _, section := range root.fields {
		if err := t.readSection(section); err != nil {
			return err
		}
	}
	if len(t.resources) == 0 {
		return fail(root.line, "Template format error: At least one Resources member must be defined.")
	}
	if t.globals != nil && !t.serverless {
		return fail(t.globals.line, "section Globals needs Transform: AWS::Serverless-2016-10-31")
	}
	return nil
}

func (t *Template) readSection(section field) error {
	value := section.value
	switch section.name {
	case "AWSTemplateFormatVersion", "Metadata":
		return nil
	case "Description":
		t.description = value.text
		return nil
	case "Transform":
		return t.readTransform(value)
	case "Globals", "Parameters", "Rules", "Mappings", "Conditions", "Resources", "Outputs":
		if value.kind != mappingKind {
			return fail(section.line, "section %s is a mapping, not %v", section.name, value)
		}
	default:
		return fail(section.line, "section %s is not supported", section.name)
	}
	switch section.name {
	case "Globals":
		t.globals = value
	case "Parameters":
		t.parameters = value.fields
	case "Rules":
		t.rules = value.fields
	case "Mappings":
		t.mappings = value
	case "Conditions":
		t.conditions = value
	case "Outputs":
		t.outputs = value.fields
	case "Resources":
		return t.readResources(value)
	}
	return nil
}

func (t *Template) readTransform(value *node) error {
	names := value.items
	if value.kind != listKind {
		names = []*node{value}
	}
	for _, name := range names {
		if name.text != "AWS::Serverless-2016-10-31" {
			return fail(name.line, "transform %v is not supported, only AWS::Serverless-2016-10-31", name)
		}
		t.serverless = true
	}
	return nil
}

func (t *Template) readResources(section *node) error {
	for _, entry := range section.fields {
		r := resource{id: entry.name, line: entry.line, deletion: deletes, replacement: deletes}
		if entry.value.kind != mappingKind {
			return fail(entry.line, "resource %s is a mapping, not %v", entry.name, entry.value)
		}
		for _, f := range entry.value.fields {
			if err := r.readAttribute(f); err != nil {
				return err
			}
		}
		if r.kind == "" {
			return fail(entry.line, "resource %s has no Type", entry.name)
		}
		if strings.HasPrefix(r.kind, "AWS::Serverless::") && !t.serverless {
			return fail(entry.line, "resource %s: type %s needs Transform: AWS::Serverless-2016-10-31", r.id, r.kind)
		}
		t.resources = append(t.resources, r)
	}
	return nil
}

// readAttribute reads one of a resource's attributes.
// AWS: CloudFormation template reference, Resource attribute reference.
func (r *resource) readAttribute(f field) (err error) {
	switch f.name {
	case "Type":
		r.kind = f.value.text
	case "Properties":
		if f.value.kind != mappingKind && !f.value.isNull() {
			return fail(f.line, "resource %s: Properties is a mapping, not %v", r.id, f.value)
		}
		r.properties = f.value
	case "DependsOn":
		r.dependsOn = f.value.items
		if f.value.kind == scalarKind {
			r.dependsOn = []*node{f.value}
		}
	case "Condition":
		r.condition = f.value
	case "DeletionPolicy":
		r.deletion, err = readPolicy(f, deletes, retains, retainsOnceItWasMade)
	case "UpdateReplacePolicy":
		r.replacement, err = readPolicy(f, deletes, retains)
	case "UpdatePolicy", "Metadata":
	default:
		return fail(f.line, "resource %s: attribute %s is not supported", r.id, f.name)
	}
	return err
}

// Resource is a resource as the template declares it.
type Resource struct {
	LogicalID string
	Type      string
	Line      int
}

// Resources are those the template itself declares, in its order.
func (t *Template) Resources() []Resource {
	out := make([]Resource, 0, len(t.resources))
	for _, r := range t.resources {
		out = append(out, Resource{LogicalID: r.id, Type: r.kind, Line: r.line})
	}
	return out
}

// Parameters are the names of the template's parameters, sorted.
func (t *Template) Parameters() []string {
	names := make([]string, 0, len(t.parameters))
	for _, p := range t.parameters {
		names = append(names, p.name)
	}
	slices.Sort(names)
	return names
}
