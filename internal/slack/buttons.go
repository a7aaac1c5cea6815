package slack

import (
	"slices"

	slackgo "github.com/slack-go/slack"
)

// answerButtons carry the approval's ID, and nothing else: who presses is known
// from Slack, what it is worth from our own record.
func answerButtons(c Card) []slackgo.BlockElement {
	if !c.Question.Open || !usable(c.Question.Approval) {
		return nil
	}
	return []slackgo.BlockElement{
		button(c, Approve, c.Question.Approval).WithStyle(slackgo.StylePrimary),
		button(c, Reject, c.Question.Approval).WithStyle(slackgo.StyleDanger),
	}
}

// waitMark stands in a button's value between the rollout and the wait that it ends.
const waitMark = "@"

// controlButtons carry the rollout's name, and those that end a wait say which: an old
// message's button, or a second click, ends no other.
func controlButtons(c Card) []slackgo.BlockElement {
	if !usable(c.Rollout) {
		return nil
	}
	wait := c.Rollout
	if c.Wait != "" {
		wait += waitMark + c.Wait
	}
	var buttons []slackgo.BlockElement
	for i, action := range c.Controls {
		if slices.Contains(c.Controls[:i], action) {
			continue // Slack refuses two elements of one action_id in a block
		}
		switch action {
		case Promote, Pause, Resume:
			buttons = append(buttons, button(c, action, wait))
		case Abort:
			buttons = append(buttons, button(c, action, c.Rollout).WithStyle(slackgo.StyleDanger).WithConfirm(sure(c)))
		case Approve, Reject:
			// they answer a question; they control no rollout
		}
	}
	return buttons
}

// usable keeps a value whole: a part of a name would be another name.
func usable(value string) bool { return value != "" && units(value) <= maxValue }

func button(c Card, action Action, value string) *slackgo.ButtonBlockElement {
	b := slackgo.NewButtonBlockElement(string(action), value, plainText(label(action)))
	b.AccessibilityLabel = plain(label(action)+" "+where(c), maxButton)
	return b
}

func label(action Action) string {
	switch action {
	case Approve:
		return "Approve"
	case Reject:
		return "Reject"
	case Promote:
		return "Promote"
	case Pause:
		return "Pause"
	case Resume:
		return "Resume"
	case Abort:
		return "Abort"
	}
	return plain(string(action), maxButton)
}

// sure asks once more: an abort moves all traffic at once. Slack takes 100
// characters of title and 300 of text (Slack: confirmation dialog object).
func sure(c Card) *slackgo.ConfirmationBlockObject {
	place := plain(c.App, 50)
	if c.Environment != "" {
		place += " in " + plain(c.Environment, 50)
	}
	text := "All traffic of " + place + " goes back to the version that had it before this rollout, and the rollout ends."
	return slackgo.NewConfirmationBlockObject(
		plainText("Abort this rollout?"), plainText(text), plainText("Abort"), plainText("Keep going"),
	).WithStyle(slackgo.StyleDanger)
}
