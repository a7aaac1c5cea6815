package spec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// SchemaURL is where the schema is published.
const SchemaURL = "https://raw.githubusercontent.com/sluice-deploy/sluice/main/schema/sluice.schema.json"

// Schema is the JSON Schema (draft 2020-12) of a spec. It accepts every spec that
// Parse accepts. Parse refuses more: what several fields say together.
func Schema() ([]byte, error) {
	root := mapping(topFields())
	root.Dialect, root.ID = "https://json-schema.org/draft/2020-12/schema", SchemaURL
	root.Title, root.Description = "sluice.yaml", "What Sluice deploys, where to, and how."
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // people read it
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(root); err != nil {
		return nil, fmt.Errorf("write the schema: %w", err)
	}
	return text.Bytes(), nil
}

// shape is what may stand at a place, in the words of JSON Schema.
type shape struct {
	Dialect       string           `json:"$schema,omitempty"`
	ID            string           `json:"$id,omitempty"`
	Title         string           `json:"title,omitempty"`
	Description   string           `json:"description,omitempty"`
	Type          string           `json:"type,omitempty"`
	Const         string           `json:"const,omitempty"`
	Enum          []string         `json:"enum,omitempty"`
	Pattern       string           `json:"pattern,omitempty"`
	MinLength     int              `json:"minLength,omitempty"`
	MaxLength     int              `json:"maxLength,omitempty"`
	Minimum       *int             `json:"minimum,omitempty"`
	Maximum       *int             `json:"maximum,omitempty"`
	Items         *shape           `json:"items,omitempty"`
	MinItems      int              `json:"minItems,omitempty"`
	MaxItems      int              `json:"maxItems,omitempty"`
	Unique        bool             `json:"uniqueItems,omitempty"`
	Properties    map[string]shape `json:"properties,omitempty"`
	Required      []string         `json:"required,omitempty"`
	Names         *shape           `json:"propertyNames,omitempty"`
	Additional    any              `json:"additionalProperties,omitempty"` // false or a shape
	MinProperties int              `json:"minProperties,omitempty"`
	MaxProperties int              `json:"maxProperties,omitempty"`
	OneOf         []shape          `json:"oneOf,omitempty"`
	Default       any              `json:"default,omitempty"`
}

// or says what holds where nothing stands.
func (s shape) or(value any) shape {
	s.Default = value
	return s
}

// mapping has the fields and no others.
func mapping(f fields) shape {
	s := shape{Type: "object", Properties: map[string]shape{}, Additional: false}
	for _, known := range f.known {
		is := known.is
		is.Description = known.about
		s.Properties[known.name] = is
		if known.needed {
			s.Required = append(s.Required, known.name)
		}
	}
	return s
}

// mapOf has any names of a form, at least one, each with a value of one shape.
func mapOf(name *regexp.Regexp, value shape) shape {
	return shape{Type: "object", Names: &shape{Pattern: name.String()}, Additional: value, MinProperties: 1}
}

// exactly has one of the fields, whichever others it has.
func (s shape) exactly(names ...string) shape {
	for _, name := range names {
		s.OneOf = append(s.OneOf, shape{Required: []string{name}})
	}
	return s
}

func list(item shape, least, most int) shape {
	return shape{Type: "array", Items: &item, MinItems: least, MaxItems: most}
}

func set(item shape, least, most int) shape {
	s := list(item, least, most)
	s.Unique = true
	return s
}

// text has one of the forms.
func text(forms ...*regexp.Regexp) shape {
	var patterns []string
	for _, form := range forms {
		patterns = append(patterns, form.String())
	}
	return shape{Type: "string", MinLength: 1, Pattern: strings.Join(patterns, "|")}
}

func words(choices ...string) shape { return shape{Type: "string", Enum: choices} }

func whole(least, most int) shape {
	return shape{Type: "integer", Minimum: &least, Maximum: &most}
}

func percent() shape { return shape{OneOf: []shape{whole(1, 100), text(percentPattern)}} }

func yesOrNo() shape { return shape{Type: "boolean", Default: false} }

func span() shape { return text(durationPattern) }

// shortest is a duration as people write it.
func shortest(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
