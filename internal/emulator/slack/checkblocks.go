package slack

import "slices"

// Blocks and elements that are emulated, and what each may have. Slack's others
// are refused by name as unsupported.

func (c *check) blocks(at string, value any, most int) {
	if items, ok := value.([]any); ok && len(items) == 0 && !c.view {
		return // a message may take its blocks away
	}
	c.list(at, value, most, c.block)
}

func (c *check) block(at string, value any) {
	o, _ := value.(map[string]any)
	members := c.members(o["type"])
	if members == nil {
		c.fail(at+"/type", "unsupported type: %v", o["type"])
		return
	}
	members["type"] = member{check: func(string, any) {}}
	members["block_id"] = member{check: c.id}
	c.object(at, value, members)
	if o["type"] == "section" && o["text"] == nil && o["fields"] == nil {
		c.fail(at, "must define either `text` or `fields`")
	}
}

// members are those of a block, by its type; nil for a type that may not be there.
func (c *check) members(kind any) map[string]member {
	either := []string{plainText, mrkdwn}
	switch {
	case kind == "section":
		return map[string]member{
			"text": {check: c.textObject(longestSection, either...)},
			"fields": {check: func(at string, value any) {
				c.list(at, value, mostFields, c.textObject(longestField, either...))
			}},
			"accessory": {check: c.element(c.pressable(image)...)},
			"expand":    {check: c.boolean},
		}
	case kind == "header":
		return map[string]member{"text": {true, c.textObject(longestHeader, plainText)}}
	case kind == "divider":
		return map[string]member{}
	case kind == "context":
		return map[string]member{"elements": {true, func(at string, value any) {
			c.list(at, value, mostContext, c.element(plainText, mrkdwn, image))
		}}}
	case kind == "actions" && !c.view:
		return map[string]member{"elements": {true, c.actions}}
	case kind == "input" && c.view:
		return map[string]member{
			"label":    {true, c.textObject(longestLabel, plainText)},
			"hint":     {check: c.textObject(longestLabel, plainText)},
			"element":  {true, c.element(textInput)},
			"optional": {check: c.boolean},
		}
	default:
		return nil
	}
}

// pressable adds buttons to the kinds, where they are emulated: in messages.
func (c *check) pressable(kinds ...string) []string {
	if c.view {
		return kinds
	}
	return append(kinds, button)
}

// actions checks the elements of an actions block, whose action_ids differ.
func (c *check) actions(at string, value any) {
	c.list(at, value, mostActions, c.element(button))
	seen := map[string]bool{}
	items, _ := value.([]any)
	for _, item := range items {
		o, _ := item.(map[string]any)
		id, _ := o["action_id"].(string)
		if id != "" && seen[id] {
			c.fail(at, "action_id %q already exists", id)
		}
		seen[id] = true
	}
}

// element is a rule for an element of one of the kinds.
func (c *check) element(kinds ...string) func(string, any) {
	return func(at string, value any) {
		o, _ := value.(map[string]any)
		kind, _ := o["type"].(string)
		if !slices.Contains(kinds, kind) {
			c.fail(at+"/type", "unsupported type: %v", o["type"])
			return
		}
		c.elementOf(kind)(at, value)
	}
}

func (c *check) elementOf(kind string) func(string, any) {
	checked := member{check: func(string, any) {}} // by whoever chose the kind
	switch kind {
	case button:
		return c.exactly(map[string]member{
			"type": checked, "text": {true, c.textObject(longestButton, plainText)},
			"action_id": {check: c.text(1, longestID)}, "value": {check: c.text(0, longestValue)},
			"url": {check: c.link}, "style": {check: c.oneOf("primary", "danger")},
			"confirm": {check: c.confirm}, "accessibility_label": {check: c.text(1, longestButton)},
		})
	case image:
		return c.exactly(map[string]member{
			"type": checked, "image_url": {true, c.link}, "alt_text": {true, c.text(1, longestAlt)},
		})
	case textInput:
		return c.exactly(map[string]member{
			"type": checked, "action_id": {check: c.text(1, longestID)}, "placeholder": {check: c.textObject(longestHolder, plainText)},
			"initial_value": {check: c.text(0, longestInput)}, "multiline": {check: c.boolean}, "focus_on_load": {check: c.boolean},
			"min_length": {check: c.number(0, longestInput)}, "max_length": {check: c.number(1, longestInput)},
		})
	default:
		return c.textObject(longestSection, kind)
	}
}

// exactly is a rule for an object with these members.
func (c *check) exactly(members map[string]member) func(string, any) {
	return func(at string, value any) { c.object(at, value, members) }
}

func (c *check) confirm(at string, value any) {
	c.object(at, value, map[string]member{
		"title": {true, c.textObject(100, plainText)}, "text": {true, c.textObject(300, plainText, mrkdwn)},
		"confirm": {true, c.textObject(30, plainText)}, "deny": {true, c.textObject(30, plainText)},
		"style": {check: c.oneOf("primary", "danger")},
	})
}

// modal checks a view (Slack: Modal views).
func (c *check) modal(value any) {
	short := c.textObject(longestTitle, plainText)
	o, _ := value.(map[string]any)
	items, _ := o["blocks"].([]any)
	input := false
	for _, item := range items {
		b, _ := item.(map[string]any)
		input = input || b["type"] == "input"
	}
	c.object("/view", value, map[string]member{
		"type": {true, c.oneOf("modal")}, "title": {true, short}, "close": {check: short}, "submit": {input, short},
		"blocks":           {true, func(at string, value any) { c.blocks(at, value, mostViewBlocks) }},
		"private_metadata": {check: c.text(0, longestMetadata)}, "callback_id": {check: c.text(0, longestID)},
		"external_id": {check: c.text(0, longestID)}, "clear_on_close": {check: c.boolean},
		"notify_on_close": {check: func(at string, value any) {
			if value != false {
				c.fail(at, "notify_on_close is not emulated")
			}
		}},
	})
}
