package slack

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Limits of Block Kit (Slack: Block Kit reference, each by its block, element or
// object; Modal views for those of a view).
const (
	mostBlocks      = 50
	mostViewBlocks  = 100
	mostFields      = 10
	mostContext     = 10
	mostActions     = 25
	longestID       = 255
	longestSection  = 3000
	longestField    = 2000
	longestHeader   = 150
	longestButton   = 75
	longestValue    = 2000
	longestURL      = 3000
	longestAlt      = 2000
	longestLabel    = 2000
	longestHolder   = 150
	longestInput    = 3000
	longestTitle    = 24
	longestMetadata = 3000
	largestView     = 250_000
)

// Types of texts and elements.
const (
	plainText = "plain_text"
	mrkdwn    = "mrkdwn"
	button    = "button"
	image     = "image"
	textInput = "plain_text_input"
)

// check goes over a JSON document and notes what is wrong with it, in the words
// that Slack uses: what, and where as a JSON pointer.
type check struct {
	view  bool // the blocks are a view's
	ids   map[string]bool
	wrong []string
}

// member is what a member of an object has to be.
type member struct {
	required bool
	check    func(at string, value any)
}

func (c *check) fail(at, format string, args ...any) {
	c.wrong = append(c.wrong, fmt.Sprintf(format, args...)+" [json-pointer:"+at+"]")
}

// object checks an object's members, and that it has no others.
func (c *check) object(at string, value any, members map[string]member) {
	o, ok := value.(map[string]any)
	if !ok {
		c.fail(at, "must provide an object")
		return
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if given, there := o[name]; there {
			members[name].check(at+"/"+name, given)
		} else if members[name].required {
			c.fail(at, "missing required field: %s", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if _, known := members[name]; !known {
			c.fail(at, "invalid additional property: %s", name)
		}
	}
}

func (c *check) list(at string, value any, most int, each func(at string, value any)) {
	items, ok := value.([]any)
	switch {
	case !ok:
		c.fail(at, "must provide an array")
	case len(items) == 0:
		c.fail(at, "no fewer than 1 items allowed")
	case len(items) > most:
		c.fail(at, "no more than %d items allowed", most)
	default:
		for i, item := range items {
			each(at+"/"+strconv.Itoa(i), item)
		}
	}
}

// text is a rule for a string of at least shortest and at most longest characters.
func (c *check) text(shortest, longest int) func(string, any) {
	return func(at string, value any) {
		given, ok := value.(string)
		length := utf8.RuneCountInString(given)
		switch {
		case !ok:
			c.fail(at, "must provide a string")
		case length < shortest:
			c.fail(at, "must be more than %d characters", shortest-1)
		case length > longest:
			c.fail(at, "must be less than %d characters", longest+1)
		}
	}
}

func (c *check) oneOf(allowed ...string) func(string, any) {
	return func(at string, value any) {
		if given, _ := value.(string); !slices.Contains(allowed, given) {
			c.fail(at, "must be one of %q, got %v", allowed, value)
		}
	}
}

func (c *check) boolean(at string, value any) {
	if _, ok := value.(bool); !ok {
		c.fail(at, "must provide a boolean")
	}
}

func (c *check) number(least, most int64) func(string, any) {
	return func(at string, value any) {
		given, _ := value.(json.Number)
		if n, err := given.Int64(); err != nil || n < least || n > most {
			c.fail(at, "must be a whole number from %d to %d", least, most)
		}
	}
}

func (c *check) link(at string, value any) {
	c.text(1, longestURL)(at, value)
	given, _ := value.(string)
	if u, err := url.Parse(given); err != nil || u.Scheme == "" || u.Host == "" && u.Opaque == "" {
		c.fail(at, "must be a valid url")
	}
}

// textObject is a rule for a text object of one of the kinds.
func (c *check) textObject(longest int, kinds ...string) func(string, any) {
	return func(at string, value any) {
		members := map[string]member{
			"type": {true, c.oneOf(kinds...)},
			"text": {true, c.text(1, longest)},
		}
		o, _ := value.(map[string]any)
		switch o["type"] {
		case plainText:
			members["emoji"] = member{check: c.boolean}
		case mrkdwn:
			members["verbatim"] = member{check: c.boolean}
		}
		c.object(at, value, members)
	}
}

// id is a rule for a block_id, which no other block may have.
func (c *check) id(at string, value any) {
	c.text(1, longestID)(at, value)
	given, _ := value.(string)
	if c.ids[given] {
		c.fail(at, "block_id %q already exists", given)
	}
	c.ids[given] = true
}
