package conformance_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// model is what the tests read of AWS's model of a service.
type model struct {
	Metadata struct {
		APIVersion     string `json:"apiVersion"`
		EndpointPrefix string `json:"endpointPrefix"`
		JSONVersion    string `json:"jsonVersion"`
		Protocol       string `json:"protocol"`
		SigningName    string `json:"signingName"`
		TargetPrefix   string `json:"targetPrefix"`
	} `json:"metadata"`
	Operations map[string]struct {
		HTTP struct {
			Method string `json:"method"`
			URI    string `json:"requestUri"`
		} `json:"http"`
		Input  *reference `json:"input"`
		Errors []string   `json:"errors"`
	} `json:"operations"`
	Shapes map[string]*shape `json:"shapes"`
}

// shape is a type with its constraints.
type shape struct {
	Type     string               `json:"type"`
	Members  map[string]reference `json:"members"`
	Member   reference            `json:"member"`
	Key      reference            `json:"key"`
	Value    reference            `json:"value"`
	Required []string             `json:"required"`
	Min      *float64             `json:"min"`
	Max      *float64             `json:"max"`
	Pattern  string               `json:"pattern"`
	Enum     []string             `json:"enum"`
	Payload  string               `json:"payload"`
	Union    bool                 `json:"union"`
	Error    struct {
		Code string `json:"code"`
	} `json:"error"`
	Exception bool `json:"exception"`
}

// reference is where a shape is used.
type reference struct {
	Shape        string `json:"shape"`
	Location     string `json:"location"`
	LocationName string `json:"locationName"`
}

// operation names an operation of a service.
type operation struct{ service, name string }

func (o operation) String() string { return o.service + " " + o.name }

const modelFolder = "../wire/models"

// listed are the emulated operations, as operations.txt has them.
func listed(t *testing.T) []operation {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(modelFolder, "operations.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var all []operation
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		if words := strings.Fields(line); len(words) == 2 {
			all = append(all, operation{words[0], words[1]})
		}
	}
	if len(all) == 0 {
		t.Fatal("operations.txt lists nothing")
	}
	return all
}

// models reads each model once in a test.
type models struct{ read sync.Map }

func (m *models) of(t *testing.T, service string) *model {
	t.Helper()
	if known, ok := m.read.Load(service); ok {
		return known.(*model)
	}
	text, err := fs.ReadFile(os.DirFS(modelFolder), service+".json")
	if err != nil {
		t.Fatal(err)
	}
	fresh := new(model)
	if err := json.Unmarshal(text, fresh); err != nil {
		t.Fatal(err)
	}
	if fresh.Metadata.SigningName == "" {
		fresh.Metadata.SigningName = fresh.Metadata.EndpointPrefix
	}
	m.read.Store(service, fresh)
	return fresh
}

// expression is a pattern in Go's syntax, for whole values; nil where it looks
// ahead or behind, which Go cannot.
func expression(pattern string) *regexp.Regexp {
	pattern = strings.ReplaceAll(pattern, `\uD800\uDC00-\uDBFF\uDFFF`, `\x{10000}-\x{10FFFF}`)
	pattern = regexp.MustCompile(`\\u([0-9A-Fa-f]{4})`).ReplaceAllString(pattern, `\x{$1}`)
	pattern = strings.ReplaceAll(pattern, `\p{ASCII}`, `[\x00-\x7F]`)
	found, err := regexp.Compile(`\A(?:` + pattern + `)\z`)
	if err != nil {
		return nil
	}
	return found
}
