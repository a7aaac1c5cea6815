package slack

import (
	"encoding/json"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// arguments are a call's, however they came. What is no string, such as blocks in
// a JSON body, is its JSON. One that is empty is not there.
type arguments map[string]string

// readArguments reads the query, and the body by its type (Slack: Web API, POST
// bodies).
func readArguments(r *wire.Request) (arguments, error) {
	a := arguments{}
	query, err := url.ParseQuery(r.Query)
	if err != nil {
		return nil, refuse("invalid_form_data")
	}
	a.take(query)
	if r.Method != http.MethodPost || len(r.Body) == 0 {
		return a, nil
	}
	if r.Header.Get("Content-Type") == "" {
		return nil, refuse("missing_post_type")
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return nil, refuse("invalid_post_type")
	}
	switch kind {
	case "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(r.Body))
		if err != nil {
			return nil, refuse("invalid_form_data")
		}
		a.take(form)
		return a, nil
	case "application/json":
		return a, a.takeJSON(r.Body)
	default:
		return nil, refuse("invalid_post_type")
	}
}

func (a arguments) take(values url.Values) {
	for name, given := range values {
		if given[0] != "" {
			a[name] = given[0]
		}
	}
}

func (a arguments) takeJSON(body []byte) error {
	if !json.Valid(body) {
		return refuse("invalid_json")
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return refuse("json_not_object")
	}
	for name, raw := range members {
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			text = string(raw)
		}
		if text != "" && string(raw) != "null" && (name != "metadata" || !blank(raw)) {
			a[name] = text
		}
	}
	return nil
}

// blank reports whether metadata says nothing: slack-go sends such.
func blank(metadata json.RawMessage) bool {
	var m struct {
		Event string `json:"event_type"`
	}
	return json.Unmarshal(metadata, &m) == nil && m.Event == ""
}

// check refuses what is not emulated.
func (a arguments) check(name string, m method) error {
	for _, argument := range slices.Sorted(maps.Keys(a)) {
		switch {
		case argument == "token" || slices.Contains(m.arguments, argument):
		case slices.Contains(m.off, argument) && !a.yes(argument):
		case argument == "parse" && a[argument] == "none" && strings.HasPrefix(name, "chat."):
			// as messages are taken here (Slack: chat.postMessage, parse)
		default:
			return invalid(argument + " of " + name + " is not emulated")
		}
	}
	return nil
}

func (a arguments) yes(name string) bool { return a[name] == "1" || a[name] == "true" }

// number is a whole number from 1 to most, or usual if there is none.
func (a arguments) number(name string, usual, most int) (int, error) {
	if a[name] == "" {
		return usual, nil
	}
	n, err := strconv.Atoi(a[name])
	if err != nil || n < 1 || n > most {
		return 0, refuse("invalid_limit")
	}
	return n, nil
}
