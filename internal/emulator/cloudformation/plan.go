package cloudformation

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/sluice-deploy/sluice/internal/emulator/partition"
)

// Settings are what a template is resolved with.
type Settings struct {
	StackName string
	Account   string
	Region    string
	// Parameters are the values of the template's parameters; those that have a
	// default may be left out.
	Parameters map[string]string
	// Files holds the files that the template names (DefinitionUri), by their
	// path beside the template.
	Files fs.FS

	// StackID is the ARN of the stack; one is made up if it is "".
	StackID string
	// Object reads an object of S3, Parameter a parameter of Systems Manager, and
	// Import the value that another stack exports. A nil one has none.
	Object    func(bucket, key string) ([]byte, error)
	Parameter func(name string) (string, error)
	Import    func(name string) (value string, ok bool)
}

func (s Settings) stackID() string {
	if s.StackID != "" {
		return s.StackID
	}
	return partition.ARN("cloudformation", s.Region, s.Account, "stack/"+s.StackName+"/00000000-0000-0000-0000-000000000000")
}

// Plan is a template with its parameters and conditions worked out and its
// serverless resources written as plain ones, in the order in which they can be
// created.
type Plan struct {
	name      string
	scope     *scope
	all       []resource // also those whose condition does not hold
	resources []resource
	needs     map[string][]string // logical ids, by that of who needs them
	outputs   []output
}

// output is an entry of the Outputs section.
type output struct {
	name                       string
	value, description, export *node
}

// has reports whether the plan has the resource.
func (p *Plan) has(id string) bool { return p.scope.declared[id] }

// Resolve makes the plan. It fails on a parameter, a condition or a reference
// that does not work out, and on references that go in a circle.
func (t *Template) Resolve(settings Settings) (*Plan, error) {
	p, err := t.resolve(settings)
	if err != nil {
		return nil, fmt.Errorf("template %s: %w", t.Name, err)
	}
	return p, nil
}

func (t *Template) resolve(settings Settings) (*Plan, error) {
	parameters, err := t.parameterValues(settings)
	if err != nil {
		return nil, err
	}
	s := &scope{
		template: t, settings: settings, parameters: parameters,
		conditions: map[string]bool{}, declared: map[string]bool{}, created: map[string]*created{},
	}
	if err := s.checkRules(); err != nil {
		return nil, err
	}
	all, outputs := t.resources, t.outputs
	if t.serverless {
		if all, outputs, err = t.expand(s); err != nil {
			return nil, err
		}
	}
	p := &Plan{name: t.Name, scope: s, all: all}
	for _, r := range all {
		holds := true
		if r.condition != nil {
			if holds, err = s.condition(r.line, r.condition.text); err != nil {
				return nil, fmt.Errorf("resource %s: %w", r.id, err)
			}
		}
		s.declared[r.id] = holds
		if holds {
			p.resources = append(p.resources, r)
		}
	}
	if err := p.order(); err != nil {
		return nil, err
	}
	return p, p.chooseOutputs(outputs)
}

// chooseOutputs keeps the outputs whose condition holds and checks what they
// refer to.
func (p *Plan) chooseOutputs(outputs []field) error {
	for _, o := range outputs {
		if condition := o.value.get("Condition"); condition != nil {
			holds, err := p.scope.condition(o.line, condition.text)
			if err != nil {
				return fmt.Errorf("output %s: %w", o.name, err)
			}
			if !holds {
				continue
			}
		}
		value := o.value.get("Value")
		if value == nil {
			return fail(o.line, "output %s has no Value", o.name)
		}
		if err := p.scope.references(value, p.scope.check); err != nil {
			return fmt.Errorf("output %s: %w", o.name, err)
		}
		p.outputs = append(p.outputs, output{o.name, value, o.value.get("Description"), o.value.get("Export").get("Name")})
	}
	return nil
}

// order sorts the resources so that each comes after what it needs, and
// otherwise as the template has them.
func (p *Plan) order() error {
	needs := make(map[string][]string, len(p.resources))
	for _, r := range p.resources {
		need := func(line int, id string) error {
			needs[r.id] = append(needs[r.id], id)
			return p.scope.check(line, id)
		}
		for _, d := range r.dependsOn {
			if err := need(d.line, d.text); err != nil {
				return fmt.Errorf("resource %s: DependsOn: %w", r.id, err)
			}
		}
		if err := p.scope.references(r.properties, need); err != nil {
			return fmt.Errorf("resource %s: %w", r.id, err)
		}
	}
	placed := map[string]bool{}
	rest, sorted := p.resources, make([]resource, 0, len(p.resources))
	for len(rest) > 0 {
		at := slices.IndexFunc(rest, func(r resource) bool {
			return !slices.ContainsFunc(needs[r.id], func(id string) bool { return !placed[id] })
		})
		if at < 0 {
			return circular(rest)
		}
		placed[rest[at].id] = true
		sorted = append(sorted, rest[at])
		rest = slices.Delete(slices.Clone(rest), at, at+1)
	}
	p.resources, p.needs = sorted, needs
	return nil
}

func circular(rest []resource) error {
	ids := make([]string, 0, len(rest))
	for _, r := range rest {
		ids = append(ids, r.id)
	}
	return fail(rest[0].line, "Circular dependency between resources: [%s]", strings.Join(ids, ", "))
}

// Resources are those that will be created, in the order in which they are, with
// what serverless resources stand for.
func (p *Plan) Resources() []Resource {
	out := make([]Resource, 0, len(p.resources))
	for _, r := range p.resources {
		out = append(out, Resource{LogicalID: r.id, Type: r.kind, Line: r.line})
	}
	return out
}
