package slack

import (
	"encoding/json"

	slackgo "github.com/slack-go/slack"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Dialog asks for the reason of an action. What comes back of it is an Interaction
// with the same action, subject and message.
type Dialog struct {
	Action  Action
	Subject string // approval ID or rollout
	Title   string
	About   string // a sentence above the input; may be empty
	Channel string // of the message whose button was pressed
	TS      string
}

// The names in a dialog that its answer carries.
const (
	reasonDialog = "reason" // the view's callback_id
	reasonInput  = "reason" // the input's block_id and action_id
)

// maxReason is how many characters a reason may have.
const maxReason = 500

// carried is what a dialog knows of the button that opened it, in its
// private_metadata.
type carried struct {
	Action  Action `json:"action"`
	Subject string `json:"subject"`
	Channel string `json:"channel"`
	TS      string `json:"ts"`
}

// view is the modal. Of a title Slack takes 24 characters, of private_metadata
// 3,000 (Slack: Modal views).
func (d Dialog) view() (slackgo.ModalViewRequest, error) {
	const maxTitle, maxMetadata = 24, 3000
	metadata, err := json.Marshal(carried{d.Action, d.Subject, d.Channel, d.TS})
	if err != nil {
		return slackgo.ModalViewRequest{}, rollout.Errorf(rollout.KindInternal, "encode the dialog about %s: %w", d.Subject, err)
	}
	if units(string(metadata)) > maxMetadata {
		return slackgo.ModalViewRequest{}, rollout.Errorf(rollout.KindInternal,
			"the dialog's subject has %d characters; Slack carries %d with the channel", units(d.Subject), maxMetadata)
	}
	input := slackgo.NewPlainTextInputBlockElement(nil, reasonInput).WithMultiline(true).WithMinLength(1).WithMaxLength(maxReason)
	blocks := []slackgo.Block{slackgo.NewInputBlock(reasonInput, plainText("Reason"), nil, input)}
	if d.About != "" {
		about := slackgo.NewSectionBlock(markdown(free(d.About, maxText)), nil, nil)
		blocks = append([]slackgo.Block{about}, blocks...)
	}
	return slackgo.ModalViewRequest{
		Type: slackgo.VTModal, CallbackID: reasonDialog, PrivateMetadata: string(metadata),
		Title: plainText(plain(d.Title, maxTitle)), Submit: plainText(plain(label(d.Action), maxTitle)), Close: plainText("Cancel"),
		Blocks: slackgo.Blocks{BlockSet: blocks},
	}, nil
}

// ReasonMissing is the answer to a dialog that came back without a reason; it
// shows the text under the input (Slack: Modals, displaying errors).
func ReasonMissing(text string) []byte {
	shown := map[string]string{reasonInput: plain(text, maxReason)}
	body, err := json.Marshal(slackgo.NewErrorsViewSubmissionResponse(shown))
	if err != nil {
		panic("slack: an answer of strings is not JSON: " + err.Error()) // it has nothing else
	}
	return body
}
