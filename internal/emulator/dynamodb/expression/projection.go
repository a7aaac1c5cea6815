package expression

import "github.com/sluice-deploy/sluice/internal/emulator/dynamodb/attribute"

// ParseProjection reads a ProjectionExpression: paths separated by commas, none
// leading into another.
func ParseProjection(source string, attributes *Attributes) ([]Path, error) {
	p := &parser{attributes: attributes}
	var paths []Path
	err := p.parse("ProjectionExpression", source, func() {
		paths = append(paths, p.path())
		for p.accept(",") {
			paths = append(paths, p.path())
		}
	})
	if err != nil {
		return nil, err
	}
	if err := disjoint(paths); err != nil {
		return nil, attribute.Reject("Invalid ProjectionExpression: %s", err)
	}
	return paths, nil
}
