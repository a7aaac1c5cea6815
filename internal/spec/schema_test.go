package spec_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/sluice-deploy/sluice/internal/spec"
)

const committed = "../../schema/sluice.schema.json"

// compiled is the schema as a validator; compiling checks it against its dialect.
var compiled = sync.OnceValues(func() (*jsonschema.Schema, error) {
	text, err := spec.Schema()
	if err != nil {
		return nil, err
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(spec.SchemaURL, document); err != nil {
		return nil, err
	}
	return compiler.Compile(spec.SchemaURL)
})

// bySchema is what the schema says of a value.
func bySchema(t *testing.T, value any) error {
	t.Helper()
	schema, err := compiled()
	if err != nil {
		t.Fatalf("the schema is none: %v", err)
	}
	return schema.Validate(value)
}

func TestCommittedSchema(t *testing.T) {
	t.Parallel()
	want, err := spec.Schema()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(committed)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("schema/sluice.schema.json is stale; `make schema` writes it (-want +got):\n%s", diff)
	}
}

// samples are the specs that people read and that are deployed in tests.
func samples(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{"full": full, "least": least, "several": several}
	for _, pattern := range []string{"../../docs/*.md", "../../README.md", "../../infra/*", "../demo/*.yaml", "../../scripts/*", "../../scripts/*/*"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file) //nolint:gosec // a file of this repository
			if err != nil {
				continue // a folder
			}
			for i, one := range specsIn(file, string(text)) {
				found[fmt.Sprintf("%s#%d", strings.TrimPrefix(file, "../"), i)] = one
			}
		}
	}
	return found
}

// specsIn are the specs in a file: all of it, or what a document shows.
func specsIn(file, text string) []string {
	texts := []string{text}
	if strings.HasSuffix(file, ".md") {
		texts = nil
		for _, rest := range strings.Split(text, "```yaml\n")[1:] {
			shown, _, _ := strings.Cut(rest, "```")
			texts = append(texts, shown)
		}
	}
	return slices.DeleteFunc(texts, func(text string) bool {
		return !regexp.MustCompile(`(?m)^app: `).MatchString(text) || !regexp.MustCompile(`(?m)^environments:`).MatchString(text)
	})
}

func TestSchemaAcceptsSamples(t *testing.T) {
	t.Parallel()
	all := samples(t)
	if len(all) < 6 {
		t.Errorf("found only the samples %v", slices.Sorted(maps.Keys(all)))
	}
	for name, source := range all {
		if _, err := spec.Parse("sluice.yaml", []byte(source)); err != nil {
			t.Errorf("%s is no spec: %v", name, err)
		}
		value, _ := spec.Value([]byte(source))
		if err := bySchema(t, value); err != nil {
			t.Errorf("%s: the schema refuses it: %v", name, err)
		}
	}
}
