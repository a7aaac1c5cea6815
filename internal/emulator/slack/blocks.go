package slack

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// Block is one block of a message or a view, as Block Kit has it (Slack: Block
// Kit, blocks). Which members are set follows from its type.
type Block struct {
	Type      string    `json:"type"`
	ID        string    `json:"block_id,omitempty"`
	Text      *Text     `json:"text,omitempty"`
	Fields    []Text    `json:"fields,omitempty"`
	Accessory *Element  `json:"accessory,omitempty"`
	Expand    bool      `json:"expand,omitempty"`
	Elements  []Element `json:"elements,omitempty"`
	Label     *Text     `json:"label,omitempty"`
	Hint      *Text     `json:"hint,omitempty"`
	Element   *Element  `json:"element,omitempty"`
	Optional  bool      `json:"optional,omitempty"`
}

// Text is a text object (Slack: Block Kit, text object).
type Text struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	Emoji    *bool  `json:"emoji,omitempty"`
	Verbatim *bool  `json:"verbatim,omitempty"`
}

// Element is a button, an image, an input, or in a context block a text (Slack:
// Block Kit, block elements). Of a text only Type and Text are set.
type Element struct { //nolint:recvcheck // values of it are written, and it is read in place
	Type     string   `json:"type"`
	ActionID string   `json:"action_id,omitempty"`
	Text     *Text    `json:"text,omitempty"`
	Value    string   `json:"value,omitempty"`
	URL      string   `json:"url,omitempty"`
	Style    string   `json:"style,omitempty"`
	Label    string   `json:"accessibility_label,omitempty"`
	Confirm  *Confirm `json:"confirm,omitempty"`
	ImageURL string   `json:"image_url,omitempty"`
	AltText  string   `json:"alt_text,omitempty"`

	Placeholder *Text  `json:"placeholder,omitempty"`
	Initial     string `json:"initial_value,omitempty"`
	Multiline   bool   `json:"multiline,omitempty"`
	Shortest    int    `json:"min_length,omitempty"` // characters
	Longest     int    `json:"max_length,omitempty"` // 0 is Slack's 3000
	Focus       bool   `json:"focus_on_load,omitempty"`
}

// Confirm is what people are asked before their press counts (Slack: Block Kit,
// confirmation dialog object).
type Confirm struct {
	Title   Text   `json:"title"`
	Text    Text   `json:"text"`
	Confirm Text   `json:"confirm"`
	Deny    Text   `json:"deny"`
	Style   string `json:"style,omitempty"`
}

// elementFields is an Element without its methods.
type elementFields Element

// MarshalJSON writes a text as a text object, all else as it is.
func (e Element) MarshalJSON() ([]byte, error) {
	if e.isText() {
		return json.Marshal(e.Text)
	}
	return json.Marshal(elementFields(e))
}

// UnmarshalJSON reads what MarshalJSON writes.
func (e *Element) UnmarshalJSON(raw []byte) error {
	var kind struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(raw, &kind); err != nil {
		return err
	}
	if *e = (Element{Type: kind.Type}); e.isText() {
		return json.Unmarshal(raw, &e.Text)
	}
	return json.Unmarshal(raw, (*elementFields)(e))
}

func (e Element) isText() bool { return e.Type == plainText || e.Type == mrkdwn }

// readBlocks checks and reads the blocks of a message.
func (s *Service) readBlocks(text string) ([]Block, error) {
	document, err := decode(text)
	if err != nil {
		return nil, refuse("invalid_blocks_format")
	}
	c := &check{ids: map[string]bool{}}
	c.blocks("/blocks", document, mostBlocks)
	if len(c.wrong) > 0 {
		return nil, &callError{code: "invalid_blocks", messages: c.wrong}
	}
	var blocks []Block
	if err := json.Unmarshal([]byte(text), &blocks); err != nil {
		return nil, refuse("invalid_blocks_format")
	}
	s.name(blocks)
	return blocks, nil
}

func decode(text string) (any, error) {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	var document any
	err := d.Decode(&document)
	if err == nil && d.More() {
		return nil, refuse("invalid_json")
	}
	return document, err
}

// name gives the blocks and the elements that have no ID one, as Slack does.
func (s *Service) name(blocks []Block) {
	for i := range blocks {
		b := &blocks[i]
		if b.ID == "" {
			b.ID = s.loop.ID(5)
		}
		for _, e := range b.interactive() {
			if e.ActionID == "" {
				e.ActionID = s.loop.ID(5)
			}
		}
	}
}

// interactive are the block's buttons and inputs.
func (b *Block) interactive() []*Element {
	var found []*Element
	for i := range b.Elements {
		found = append(found, &b.Elements[i])
	}
	for _, e := range []*Element{b.Accessory, b.Element} {
		if e != nil {
			found = append(found, e)
		}
	}
	var able []*Element
	for _, e := range found {
		if e.Type == button || e.Type == textInput {
			able = append(able, e)
		}
	}
	return able
}

// characters counts those of all texts that a message's blocks show.
func characters(blocks []Block) int {
	var all strings.Builder
	for _, b := range blocks {
		texts := b.Fields
		if b.Text != nil {
			texts = append(texts, *b.Text)
		}
		for _, e := range b.Elements {
			if e.Text != nil {
				texts = append(texts, *e.Text)
			}
		}
		for _, t := range texts {
			all.WriteString(t.Text)
		}
	}
	return utf8.RuneCountInString(all.String())
}
