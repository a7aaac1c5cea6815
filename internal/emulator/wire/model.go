package wire

import (
	"embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed models/*.json
var modelFiles embed.FS

// model is AWS's description of a service, reduced by scripts/models.py to the
// operations that are emulated.
type model struct {
	Name       string               `json:"-"`
	Metadata   metadata             `json:"metadata"`
	Operations map[string]*apiModel `json:"operations"`
	Shapes     map[string]*shape    `json:"shapes"`
	Others     map[string]*other    `json:"others"` // AWS has them, the emulator does not

	routes   []uriRoute // of a REST service
	bindings bindingCache
}

type metadata struct {
	APIVersion      string    `json:"apiVersion"`
	QueryCompatible *struct{} `json:"awsQueryCompatible"`
	EndpointPrefix  string    `json:"endpointPrefix"`
	JSONVersion     string    `json:"jsonVersion"`
	Protocol        string    `json:"protocol"`
	Protocols       []string  `json:"protocols"`
	ServiceID       string    `json:"serviceId"`
	SigningName     string    `json:"signingName"`
	TargetPrefix    string    `json:"targetPrefix"`
	XMLNamespace    string    `json:"xmlNamespace"`
}

// speaks reports whether the service's clients may use the protocol.
func (m metadata) speaks(protocol string) bool {
	return m.Protocol == protocol || slices.Contains(m.Protocols, protocol)
}

// httpTrait is how an operation stands in HTTP. Outside of REST it is always
// POST and /.
type httpTrait struct {
	Method string `json:"method"`
	URI    string `json:"requestUri"`
	Status int    `json:"responseCode"`
}

// other is what it takes to recognise an operation that is not emulated.
type other struct {
	HTTP  httpTrait `json:"http"`
	Needs []string  `json:"needs"` // headers and query parameters that it always has
}

// apiModel is the model of one operation.
type apiModel struct {
	Name     string    `json:"-"`
	HTTP     httpTrait `json:"http"`
	Checksum struct {
		RequestAlgorithm string `json:"requestAlgorithmMember"`
		ResponseMode     string `json:"requestValidationModeMember"`
	} `json:"httpChecksum"`
	Input  *messageRef `json:"input"`
	Output *messageRef `json:"output"`
	Errors []string    `json:"errors"`
}

// messageRef names an operation's input or output shape.
type messageRef struct {
	Shape         string       `json:"shape"`
	LocationName  string       `json:"locationName"`
	ResultWrapper string       `json:"resultWrapper"`
	XMLNamespace  xmlNamespace `json:"xmlNamespace"`

	target *shape
}

// xmlNamespace is an object on a member or a bare string on a shape.
type xmlNamespace struct {
	Prefix string `json:"prefix"`
	URI    string `json:"uri"`
}

func (n *xmlNamespace) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &n.URI)
	}
	type plain xmlNamespace
	return json.Unmarshal(b, (*plain)(n))
}

// shape is a type of the service's model.
type shape struct {
	Name            string                `json:"-"`
	Type            string                `json:"type"`
	RawMembers      map[string]*memberRef `json:"members"`
	Member          *memberRef            `json:"member"`
	Key             *memberRef            `json:"key"`
	Value           *memberRef            `json:"value"`
	Required        []string              `json:"required"`
	Min             json.Number           `json:"min"`
	Max             json.Number           `json:"max"`
	Pattern         string                `json:"pattern"`
	Enum            []string              `json:"enum"`
	Exception       bool                  `json:"exception"`
	Error           errorTrait            `json:"error"`
	Fault           bool                  `json:"fault"`
	Flattened       bool                  `json:"flattened"`
	LocationName    string                `json:"locationName"`
	Payload         string                `json:"payload"`
	Sensitive       bool                  `json:"sensitive"`
	Streaming       bool                  `json:"streaming"`
	TimestampFormat string                `json:"timestampFormat"`
	Union           bool                  `json:"union"`
	XMLNamespace    xmlNamespace          `json:"xmlNamespace"`

	members []*memberRef // sorted by name; a record's values stand in this order
	min     limit
	max     limit
	pattern *regexp.Regexp // nil where RE2 cannot say it
}

type errorTrait struct {
	Code       string `json:"code"`
	HTTPStatus int    `json:"httpStatusCode"`
	Sender     bool   `json:"senderFault"`
}

// memberRef is a structure's member, or the element of a list or map.
type memberRef struct {
	Shape           string       `json:"shape"`
	Location        string       `json:"location"`
	LocationName    string       `json:"locationName"`
	QueryName       string       `json:"queryName"`
	Flattened       bool         `json:"flattened"`
	Streaming       bool         `json:"streaming"`
	TimestampFormat string       `json:"timestampFormat"`
	XMLAttribute    bool         `json:"xmlAttribute"`
	XMLNamespace    xmlNamespace `json:"xmlNamespace"`

	name     string
	index    int
	required bool
	target   *shape
}

// wireName is the member's name in documents and headers.
func (m *memberRef) wireName() string {
	if m.LocationName != "" {
		return m.LocationName
	}
	return m.name
}

// timestampFormat is the format that the model states, or the protocol's own.
func (m *memberRef) timestampFormat(own string) string {
	switch {
	case m.TimestampFormat != "":
		return m.TimestampFormat
	case m.target.TimestampFormat != "":
		return m.target.TimestampFormat
	}
	return own
}

// limit is a bound of a length or a value; text is how the model writes it.
type limit struct {
	set  bool
	n    float64
	text string
}

func newLimit(n json.Number) limit {
	f, err := strconv.ParseFloat(n.String(), 64)
	return limit{set: err == nil, n: f, text: n.String()}
}

// member finds a member by its name in the model.
func (s *shape) member(name string) *memberRef { return s.RawMembers[name] }

// modelCache holds each model once for the whole process: they are immutable
// and parsing them takes milliseconds.
var modelCache sync.Map //nolint:gochecknoglobals // immutable parts of the binary, parsed when first needed

// loadModel gives the model with botocore's name for the service.
func loadModel(name string) (*model, error) {
	once, _ := modelCache.LoadOrStore(name, sync.OnceValues(func() (*model, error) { return parseModel(name) }))
	return once.(func() (*model, error))()
}

func parseModel(name string) (*model, error) {
	b, err := modelFiles.ReadFile("models/" + name + ".json")
	if err != nil {
		return nil, fmt.Errorf("find the model of service %q: %w", name, err)
	}
	m := &model{Name: name}
	if err := json.Unmarshal(b, m); err != nil {
		return nil, fmt.Errorf("read the model of service %q: %w", name, err)
	}
	if m.Metadata.SigningName == "" {
		m.Metadata.SigningName = m.Metadata.EndpointPrefix
	}
	if err := m.link(); err != nil {
		return nil, err
	}
	if strings.HasPrefix(m.Metadata.Protocol, "rest") {
		m.routes = newRoutes(m)
	}
	return m, nil
}

// link resolves all names in the model.
func (m *model) link() error {
	for name, s := range m.Shapes {
		s.Name = name
		s.min, s.max = newLimit(s.Min), newLimit(s.Max)
		if s.Pattern != "" {
			s.pattern = compilePattern(s.Pattern)
		}
		for memberName, ref := range s.RawMembers {
			ref.name = memberName
			ref.required = slices.Contains(s.Required, memberName)
			s.members = append(s.members, ref)
		}
		slices.SortFunc(s.members, func(a, b *memberRef) int { return strings.Compare(a.name, b.name) })
		refs := s.members
		for i, ref := range refs {
			ref.index = i
		}
		for _, ref := range []*memberRef{s.Member, s.Key, s.Value} {
			if ref != nil {
				refs = append(refs, ref)
			}
		}
		for _, ref := range refs {
			if ref.target = m.Shapes[ref.Shape]; ref.target == nil {
				return fmt.Errorf("model of %s: shape %s refers to %q, which is missing", m.Name, name, ref.Shape)
			}
		}
	}
	for name, op := range m.Operations {
		op.Name = name
		for _, ref := range []*messageRef{op.Input, op.Output} {
			if ref == nil {
				continue
			}
			if ref.target = m.Shapes[ref.Shape]; ref.target == nil {
				return fmt.Errorf("model of %s: operation %s refers to %q, which is missing", m.Name, name, ref.Shape)
			}
		}
	}
	return nil
}

// errorShape finds the shape of an error by its code on the wire or its name.
func (m *model) errorShape(code string) *shape {
	if s := m.Shapes[code]; s != nil && s.Exception {
		return s
	}
	var found *shape
	for _, s := range m.Shapes {
		if s.Exception && s.Error.Code == code && (found == nil || s.Name < found.Name) {
			found = s
		}
	}
	return found
}
