package cloudformation

import "strings"

// references tells the resources that a value needs, with the branches of Fn::If
// that are not taken left out.
func (s *scope) references(n *node, tell func(line int, id string) error) error {
	if n == nil {
		return nil
	}
	if name, argument, ok := intrinsic(n); ok {
		done, err := s.callReferences(n.line, name, argument, tell)
		if done || err != nil {
			return err
		}
	}
	for _, item := range n.items {
		if err := s.references(item, tell); err != nil {
			return err
		}
	}
	for _, f := range n.fields {
		if err := s.references(f.value, tell); err != nil {
			return err
		}
	}
	return nil
}

// callReferences tells those of an intrinsic function's call itself, and whether
// they are all.
func (s *scope) callReferences(line int, name string, argument *node, tell func(line int, id string) error) (bool, error) {
	switch name {
	case "Fn::If":
		branch, err := s.branch(argument)
		if err != nil {
			return true, err
		}
		return true, s.references(branch, tell)
	case "Ref":
		return true, s.tellResource(line, argument.text, tell)
	case "Fn::GetAtt":
		if len(argument.items) > 0 {
			return true, tell(line, argument.items[0].text)
		}
	case "Fn::Sub":
		template, values := argument, (*node)(nil)
		if len(argument.items) == 2 {
			template, values = argument.items[0], argument.items[1]
		}
		for _, found := range variable.FindAllStringSubmatch(template.text, -1) {
			id, _, _ := strings.Cut(strings.TrimSpace(found[1]), ".")
			if strings.HasPrefix(id, "!") || values.get(found[1]) != nil {
				continue
			}
			if err := s.tellResource(line, id, tell); err != nil {
				return true, err
			}
		}
	}
	return false, nil
}

// tellResource leaves out parameters and pseudo parameters.
func (s *scope) tellResource(line int, name string, tell func(line int, id string) error) error {
	if _, ok := s.pseudo(name); ok || name == "AWS::NoValue" || s.parameters[name] != nil {
		return nil
	}
	return tell(line, name)
}
