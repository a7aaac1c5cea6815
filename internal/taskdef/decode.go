package taskdef

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/goccy/go-yaml"
)

// decode reads what a file rendered to: JSON with every name once, and its numbers as
// they are written.
func decode(text string, isJSON bool) (any, error) {
	raw := []byte(text)
	if !isJSON {
		var err error
		if raw, err = fromYAML(raw); err != nil {
			return nil, err
		}
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	tree, err := value(d, "")
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return nil, fmt.Errorf("is not JSON once it is rendered: line %d: %w", line(raw, syntax.Offset), err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, errors.New("is not JSON once it is rendered: it ends too early")
	case err != nil:
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("is not JSON once it is rendered: line %d: more follows the end of the object", line(raw, d.InputOffset()))
	}
	return tree, nil
}

func line(raw []byte, offset int64) int { return 1 + bytes.Count(raw[:offset], []byte("\n")) }

// fromYAML keeps a panic of the parser from people.
func fromYAML(text []byte) (raw []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("is not YAML once it is rendered: %v", p)
		}
	}()
	raw, err = yaml.YAMLToJSON(text)
	var at yaml.Error
	if errors.As(err, &at) && at.GetToken() != nil {
		return nil, fmt.Errorf("is not YAML once it is rendered: line %d: %s", at.GetToken().Position.Line, at.GetMessage())
	}
	return raw, err
}

// value reads the next value; path is where it stands.
func value(d *json.Decoder, path string) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		return object(d, path)
	case json.Delim('['):
		return list(d, path)
	default:
		return token, nil
	}
}

func object(d *json.Decoder, path string) (any, error) {
	m := map[string]any{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		name := token.(string) // the decoder refuses everything else
		if _, again := m[name]; again {
			return nil, fmt.Errorf("%s: found the field again, want it once", child(path, name))
		}
		if m[name], err = value(d, child(path, name)); err != nil {
			return nil, err
		}
	}
	_, err := d.Token()
	return m, err
}

func list(d *json.Decoder, path string) (any, error) {
	items := []any{}
	for d.More() {
		item, err := value(d, fmt.Sprintf("%s[%d]", path, len(items)))
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	_, err := d.Token()
	return items, err
}

func child(path, name string) string { return strings.TrimPrefix(path+"."+name, ".") }

// compact is the tree as it is stored. Holes keep their brackets.
func compact(tree any) (string, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(tree); err != nil {
		return "", fmt.Errorf("cannot be written as JSON: %w", err)
	}
	return strings.TrimSpace(text.String()), nil
}
