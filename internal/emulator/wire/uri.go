package wire

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/sluice-deploy/sluice/internal/emulator/partition"
)

// uriRoute is the place of one operation of a REST service.
type uriRoute struct {
	operation string
	listed    bool // in operations.txt
	method    string
	segments  []string
	params    [][2]string // query parameters that are part of the place
	needs     []string    // headers and parameters that the operation always has
}

// newRoutes lists the places of all operations of a REST service, emulated or
// not, by name.
func newRoutes(m *model) []uriRoute {
	var routes []uriRoute
	for _, name := range sortedKeys(m.Operations) {
		op := m.Operations[name]
		r := newRoute(name, op.HTTP)
		r.listed = true
		if op.Input != nil {
			r.needs = neededPlaces(op.Input.target)
		}
		routes = append(routes, r)
	}
	for _, name := range sortedKeys(m.Others) {
		r := newRoute(name, m.Others[name].HTTP)
		r.needs = m.Others[name].Needs
		routes = append(routes, r)
	}
	return routes
}

// neededPlaces are the headers and parameters of the members that are required.
func neededPlaces(s *shape) []string {
	var needs []string
	for _, ref := range s.members {
		if ref.required && (ref.Location == "header" || ref.Location == "querystring") {
			needs = append(needs, ref.LocationName)
		}
	}
	return needs
}

func newRoute(operation string, trait httpTrait) uriRoute {
	path, query, _ := strings.Cut(trait.URI, "?")
	r := uriRoute{operation: operation, method: trait.Method, segments: splitPath(path)}
	for param := range strings.SplitSeq(query, "&") {
		if param != "" {
			name, value, _ := strings.Cut(param, "=")
			r.params = append(r.params, [2]string{name, value})
		}
	}
	return r
}

// splitPath gives a path's segments; a slash at the end makes none.
func splitPath(path string) []string {
	path = strings.TrimPrefix(strings.TrimSuffix(path, "/"), "/")
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}

// place is where a request goes, read once for all routes.
type place struct {
	method string
	path   string
	query  url.Values
	header http.Header
}

// match reports whether the route is the request's, how well, and the values in
// its path.
func (r *uriRoute) match(p place) (labels map[string]string, score int, ok bool) {
	if r.method != p.method {
		return nil, 0, false
	}
	for _, param := range r.params {
		if !p.query.Has(param[0]) || param[1] != "" && p.query.Get(param[0]) != param[1] {
			return nil, 0, false
		}
	}
	for _, need := range r.needs {
		if !p.query.Has(need) && p.header.Get(need) == "" {
			return nil, 0, false
		}
	}
	labels, literals, ok := r.matchPath(p.path)
	return labels, 100*literals + len(r.params) + len(r.needs), ok
}

func (r *uriRoute) matchPath(path string) (labels map[string]string, literals int, ok bool) {
	segments := splitPath(path)
	labels = map[string]string{}
	for i, want := range r.segments {
		if i >= len(segments) {
			return nil, 0, false
		}
		name, label := strings.CutPrefix(want, "{")
		name = strings.TrimSuffix(name, "}")
		if !label {
			if segments[i] != want {
				return nil, 0, false
			}
			literals++
			continue
		}
		got := segments[i]
		greedy, isGreedy := strings.CutSuffix(name, "+")
		if isGreedy {
			got = strings.Join(segments[i:], "/")
			if strings.HasSuffix(path, "/") {
				got += "/"
			}
		}
		value, err := url.PathUnescape(got)
		if err != nil {
			return nil, 0, false
		}
		labels[greedy] = value
		if isGreedy {
			return labels, literals, value != ""
		}
	}
	return labels, literals, len(segments) == len(r.segments)
}

// find picks the route that fits a request best. Where two fit as well, the one
// that is emulated does.
func find(routes []uriRoute, p place) (operation string, labels map[string]string, score int, ok bool) {
	best := -1
	listed := false
	for i := range routes {
		l, s, matched := routes[i].match(p)
		if matched && (s > best || s == best && routes[i].listed && !listed) {
			best, listed, operation, labels = s, routes[i].listed, routes[i].operation, l
		}
	}
	return operation, labels, best, best >= 0
}

// bucketOf is the bucket that a host names, in virtual-host style: of
// amazonaws.com, or before "localhost"
// (AWS: Amazon S3 User Guide, "Virtual hosting of general purpose buckets").
func bucketOf(host string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		host = host[:i]
	}
	labels := strings.Split(strings.ToLower(host), ".")
	end := slices.Index(labels, "localhost")
	if partition.Hosts(host) {
		end = len(labels)
	}
	for i := len(labels) - 1; i >= 0; i-- {
		if labels[i] == "s3" || strings.HasPrefix(labels[i], "s3-") {
			end = i
		}
	}
	if end <= 0 || end == len(labels) {
		return ""
	}
	return strings.Join(labels[:end], ".")
}
