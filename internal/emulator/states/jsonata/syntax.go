package jsonata

import (
	"errors"
	"slices"

	"github.com/blues/jsonata-go/jparse"
)

// inReferenceWords says what is wrong with an expression's syntax as the
// reference implementation does, whose messages AWS gives (floci-io/floci, issue
// 2745, measured on AWS).
func inReferenceWords(err error) error {
	var syntax *jparse.Error
	if !errors.As(err, &syntax) {
		return err
	}
	switch syntax.Type { //nolint:exhaustive // the others keep the parser's words
	case jparse.ErrSyntaxError, jparse.ErrInfix:
		return errorf("", "Syntax error: %s", quote(syntax.Token))
	case jparse.ErrUnexpectedEOF:
		return errorf("", "Unexpected end of expression")
	case jparse.ErrUnexpectedToken:
		return errorf("", "Expected %s, got %s", quote(syntax.Hint), quote(syntax.Token))
	case jparse.ErrMissingToken:
		return errorf("", "Expected %s before end of expression", quote(syntax.Hint))
	case jparse.ErrPrefix:
		return errorf("", "The symbol %s cannot be used as a unary operator", quote(syntax.Token))
	case jparse.ErrUnterminatedString:
		return errorf("", "String literal must be terminated by a matching quote")
	case jparse.ErrUnterminatedRegex:
		return errorf("", "No terminating / in regular expression")
	case jparse.ErrEmptyRegex:
		return errorf("", "Empty regular expressions are not allowed")
	default:
		return err
	}
}

// References are what an expression reads apart from variables.
type References struct {
	// Context are the names of fields, and "$", that are read from the value that an
	// expression is given as its context, in the order of the text and each once.
	Context []string
	// Root says that it reads the root of that value, $$.
	Root bool
	// States are the members of the variable $states that it reads.
	States []string
}

// References gives what the expression reads. The bodies of functions are not
// looked into for Context.
func (e *Expression) References() References {
	var r References
	r.root(e.root)
	r.context(e.root)
	return r
}

// root finds Root and States anywhere in the tree.
func (r *References) root(n jparse.Node) {
	switch n := n.(type) {
	case *jparse.VariableNode:
		r.Root = r.Root || n.Name == "$"
	case *jparse.PathNode:
		first, isVariable := n.Steps[0].(*jparse.VariableNode)
		if isVariable && first.Name == "states" && len(n.Steps) > 1 {
			r.States = once(r.States, nameOf(n.Steps[1]))
		}
	}
	for _, child := range children(n) {
		r.root(child)
	}
}

// context finds Context in the nodes that are evaluated on the context itself:
// not in later steps of a path, nor in a step's predicates and order.
func (r *References) context(n jparse.Node) {
	switch n := n.(type) {
	case *jparse.VariableNode:
		if n.Name == "" {
			r.Context = once(r.Context, "$")
		}
	case *jparse.NameNode:
		r.Context = once(r.Context, n.Value)
	case *jparse.PathNode:
		r.context(n.Steps[0])
	case *jparse.PredicateNode:
		r.context(n.Expr)
	case *jparse.SortNode:
		r.context(n.Expr)
	case *jparse.GroupNode:
		r.context(n.Expr)
	case *jparse.LambdaNode, *jparse.TypedLambdaNode, *jparse.ObjectTransformationNode:
	default:
		for _, child := range children(n) {
			r.context(child)
		}
	}
}

// nameOf is the field that a step selects, or "".
func nameOf(step jparse.Node) string {
	if filtered, is := step.(*jparse.PredicateNode); is {
		step = filtered.Expr
	}
	if name, is := step.(*jparse.NameNode); is {
		return name.Value
	}
	return ""
}

func once(names []string, name string) []string {
	if name == "" || slices.Contains(names, name) {
		return names
	}
	return append(names, name)
}
