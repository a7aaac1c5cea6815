package jsonata

import "github.com/blues/jsonata-go/jparse"

// children are the nodes directly below a node, in the order of the text.
func children(n jparse.Node) []jparse.Node {
	switch n := n.(type) {
	case *jparse.PathNode:
		return n.Steps
	case *jparse.NegationNode:
		return []jparse.Node{n.RHS}
	case *jparse.RangeNode:
		return []jparse.Node{n.LHS, n.RHS}
	case *jparse.ArrayNode:
		return n.Items
	case *jparse.ObjectNode:
		return pairs(n)
	case *jparse.BlockNode:
		return n.Exprs
	case *jparse.ObjectTransformationNode:
		return present(n.Pattern, n.Updates, n.Deletes)
	case *jparse.LambdaNode:
		return []jparse.Node{n.Body}
	case *jparse.TypedLambdaNode:
		return []jparse.Node{n.Body}
	case *jparse.PartialNode:
		return append([]jparse.Node{n.Func}, n.Args...)
	case *jparse.FunctionCallNode:
		return append([]jparse.Node{n.Func}, n.Args...)
	case *jparse.PredicateNode:
		return append([]jparse.Node{n.Expr}, n.Filters...)
	case *jparse.GroupNode:
		return append([]jparse.Node{n.Expr}, pairs(n.ObjectNode)...)
	case *jparse.SortNode:
		nodes := []jparse.Node{n.Expr}
		for _, term := range n.Terms {
			nodes = append(nodes, term.Expr)
		}
		return nodes
	default:
		return operands(n)
	}
}

func operands(n jparse.Node) []jparse.Node {
	switch n := n.(type) {
	case *jparse.ConditionalNode:
		return present(n.If, n.Then, n.Else)
	case *jparse.AssignmentNode:
		return []jparse.Node{n.Value}
	case *jparse.NumericOperatorNode:
		return []jparse.Node{n.LHS, n.RHS}
	case *jparse.ComparisonOperatorNode:
		return []jparse.Node{n.LHS, n.RHS}
	case *jparse.BooleanOperatorNode:
		return []jparse.Node{n.LHS, n.RHS}
	case *jparse.StringConcatenationNode:
		return []jparse.Node{n.LHS, n.RHS}
	case *jparse.FunctionApplicationNode:
		return []jparse.Node{n.LHS, n.RHS}
	default:
		return nil
	}
}

func pairs(o *jparse.ObjectNode) []jparse.Node {
	var nodes []jparse.Node
	for _, pair := range o.Pairs {
		nodes = append(nodes, pair[0], pair[1])
	}
	return nodes
}

func present(nodes ...jparse.Node) []jparse.Node {
	var there []jparse.Node
	for _, n := range nodes {
		if n != nil {
			there = append(there, n)
		}
	}
	return there
}
