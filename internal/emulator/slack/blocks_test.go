package slack_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	sdk "github.com/slack-go/slack"

	"github.com/sluice-deploy/sluice/internal/emulator/slack"
)

func TestBlocksAreChecked(t *testing.T) {
	t.Parallel()
	long := func(n int) string { return strings.Repeat("a", n) }
	plain := func(text string) string { return fmt.Sprintf(`{"type":"plain_text","text":%q}`, text) }
	button := func(members string) string {
		return `[{"type":"actions","elements":[{"type":"button","text":` + plain("Go") + members + `}]}]`
	}
	repeat := func(n int, item string) string { return strings.TrimSuffix(strings.Repeat(item+",", n), ",") }
	divider := `{"type":"divider"}`
	for _, tt := range []struct {
		name, blocks string
		want         string // "" for none
	}{
		{"OK", `[{"type":"section","text":` + plain(long(3000)) + `},` + divider + `]`, ""},
		{"SectionText", `[{"type":"section","text":` + plain(long(3001)) + `}]`, "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"},
		{"EmptyText", `[{"type":"section","text":` + plain("") + `}]`, "must be more than 0 characters [json-pointer:/blocks/0/text/text]"},
		{"EmptySection", `[{"type":"section"}]`, "must define either `text` or `fields` [json-pointer:/blocks/0]"},
		{"TextType", `[{"type":"section","text":{"type":"markdown","text":"a"}}]`, `must be one of ["plain_text" "mrkdwn"], got markdown [json-pointer:/blocks/0/text/type]`},
		{"Fields", `[{"type":"section","fields":[` + repeat(11, plain("a")) + `]}]`, "no more than 10 items allowed [json-pointer:/blocks/0/fields]"},
		{"FieldText", `[{"type":"section","fields":[` + plain(long(2001)) + `]}]`, "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]"},
		{"Header", `[{"type":"header","text":` + plain(long(151)) + `}]`, "must be less than 151 characters [json-pointer:/blocks/0/text/text]"},
		{"HeaderMrkdwn", `[{"type":"header","text":{"type":"mrkdwn","text":"a"}}]`, `must be one of ["plain_text"], got mrkdwn [json-pointer:/blocks/0/text/type]`},
		{"HeaderWithout", `[{"type":"header"}]`, "missing required field: text [json-pointer:/blocks/0]"},
		{"Context", `[{"type":"context","elements":[` + repeat(11, plain("a")) + `]}]`, "no more than 10 items allowed [json-pointer:/blocks/0/elements]"},
		{"ContextButton", `[{"type":"context","elements":[{"type":"button"}]}]`, "unsupported type: button [json-pointer:/blocks/0/elements/0/type]"},
		{"Alt", `[{"type":"context","elements":[{"type":"image","image_url":"https://example.com/a.png"}]}]`, "missing required field: alt_text [json-pointer:/blocks/0/elements/0]"},
		{"Actions", `[{"type":"actions","elements":[` + repeat(26, `{"type":"button","text":`+plain("a")+`}`) + `]}]`, "no more than 25 items allowed [json-pointer:/blocks/0/elements]"},
		{"SameAction", `[{"type":"actions","elements":[` + repeat(2, `{"type":"button","action_id":"a","text":`+plain("a")+`}`) + `]}]`, `action_id "a" already exists [json-pointer:/blocks/0/elements]`},
		{"ButtonText", `[{"type":"actions","elements":[{"type":"button","text":` + plain(long(76)) + `}]}]`, "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]"},
		{"Value", button(`,"value":"` + long(2001) + `"`), "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]"},
		{"ActionID", button(`,"action_id":"` + long(256) + `"`), "must be less than 256 characters [json-pointer:/blocks/0/elements/0/action_id]"},
		{"URL", button(`,"url":"nowhere"`), "must be a valid url [json-pointer:/blocks/0/elements/0/url]"},
		{"LongURL", button(`,"url":"https://example.com/` + long(3000) + `"`), "must be less than 3001 characters [json-pointer:/blocks/0/elements/0/url]"},
		{"Style", button(`,"style":"loud"`), `must be one of ["primary" "danger"], got loud [json-pointer:/blocks/0/elements/0/style]`},
		{"Confirm", button(`,"confirm":{"title":` + plain("a") + `,"text":` + plain("a") + `,"confirm":` + plain(long(31)) + `,"deny":` + plain("a") + `}`), "must be less than 31 characters [json-pointer:/blocks/0/elements/0/confirm/confirm/text]"},
		{"Member", button(`,"colour":"red"`), "invalid additional property: colour [json-pointer:/blocks/0/elements/0]"},
		{"Type", `[{"type":"video"}]`, "unsupported type: video [json-pointer:/blocks/0/type]"},
		{"Input", `[{"type":"input"}]`, "unsupported type: input [json-pointer:/blocks/0/type]"},
		{"BlockID", `[{"type":"divider","block_id":"` + long(256) + `"}]`, "must be less than 256 characters [json-pointer:/blocks/0/block_id]"},
		{"SameBlockID", `[` + repeat(2, `{"type":"divider","block_id":"a"}`) + `]`, `block_id "a" already exists [json-pointer:/blocks/1/block_id]`},
		{"FiftyBlocks", `[` + repeat(50, divider) + `]`, ""},
		{"Blocks", `[` + repeat(51, divider) + `]`, "no more than 50 items allowed [json-pointer:/blocks]"},
		{"NoArray", `{}`, "must provide an array [json-pointer:/blocks]"},
		{"NoJSON", `[`, "invalid_blocks_format"},
		{"All", `[` + repeat(5, `{"type":"section","text":`+plain(long(3000))+`}`) + `]`, "msg_blocks_too_long"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, slack.Options{})
			got := w.call("chat.postMessage", url.Values{"channel": {deploys}, "text": {"a"}, "blocks": {tt.blocks}})
			switch {
			case tt.want == "":
				if !got.OK {
					t.Errorf("got %+v, want ok", got)
				}
			case strings.Contains(tt.want, "json-pointer"):
				if diff := cmp.Diff([]string{"[ERROR] " + tt.want}, got.Metadata.Messages); diff != "" || got.Error != "invalid_blocks" {
					t.Errorf("error %q, messages (-want +got):\n%s", got.Error, diff)
				}
			case got.Error != tt.want:
				t.Errorf("error = %q, want %q", got.Error, tt.want)
			}
		})
	}
}

// called is an answer of the Web API.
type called struct {
	OK       bool   `json:"ok"`
	Error    string `json:"error"`
	Metadata struct {
		Messages []string `json:"messages"`
	} `json:"response_metadata"`
}

// call posts a form, with what slack-go would not send.
func (w *world) call(method string, form url.Values) called {
	w.t.Helper()
	return readCalled(w.t, w.fetch(http.MethodPost, "https://slack.com/api/"+method, form, http.Header{
		"Authorization": {"Bearer " + w.Options().Token}, "Content-Type": {"application/x-www-form-urlencoded"},
	}))
}

func readCalled(t *testing.T, resp got) called {
	t.Helper()
	var out called
	if err := json.Unmarshal([]byte(resp.body), &out); err != nil {
		t.Fatalf("read the answer %s: %v", resp.body, err)
	}
	return out
}

func TestBlocksGetIDs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, slack.Options{})
	text := sdk.NewTextBlockObject("plain_text", "Go", true, false)
	w.post(sdk.NewActionBlock("", sdk.NewButtonBlockElement("", "v", text)), sdk.NewContextBlock("", sdk.NewTextBlockObject("mrkdwn", "*a*", false, false)))
	blocks := w.Messages(deploys)[0].Blocks
	if blocks[0].ID == "" || blocks[0].ID == blocks[1].ID || blocks[0].Elements[0].ActionID == "" {
		t.Errorf("blocks = %+v, want IDs of their own and an action_id", blocks)
	}
	if got := blocks[1].Elements[0].Text; got == nil || got.Text != "*a*" {
		t.Errorf("context = %+v, want the text *a*", blocks[1])
	}
}

func TestViewsAreChecked(t *testing.T) {
	t.Parallel()
	plain := func(text string) *sdk.TextBlockObject { return sdk.NewTextBlockObject("plain_text", text, true, false) }
	input := sdk.NewInputBlock("reason", plain("Why"), nil, &sdk.PlainTextInputBlockElement{Type: "plain_text_input", ActionID: "a"})
	view := func(change func(*sdk.ModalViewRequest)) sdk.ModalViewRequest {
		v := sdk.ModalViewRequest{Type: "modal", Title: plain("Reject"), Submit: plain("Reject"), Blocks: sdk.Blocks{BlockSet: []sdk.Block{input}}}
		change(&v)
		return v
	}
	for _, tt := range []struct {
		name   string
		change func(*sdk.ModalViewRequest)
		want   string
	}{
		{"OK", func(*sdk.ModalViewRequest) {}, ""},
		{"Title", func(v *sdk.ModalViewRequest) { v.Title = plain(strings.Repeat("a", 25)) }, "must be less than 25 characters [json-pointer:/view/title/text]"},
		{"NoSubmit", func(v *sdk.ModalViewRequest) { v.Submit = nil }, "missing required field: submit [json-pointer:/view]"},
		{"Metadata", func(v *sdk.ModalViewRequest) { v.PrivateMetadata = strings.Repeat("a", 3001) }, "must be less than 3001 characters [json-pointer:/view/private_metadata]"},
		{"NoBlocks", func(v *sdk.ModalViewRequest) { v.Blocks.BlockSet = []sdk.Block{}; v.Submit = nil }, "no fewer than 1 items allowed [json-pointer:/view/blocks]"},
		{"Actions", func(v *sdk.ModalViewRequest) {
			v.Blocks.BlockSet = append(v.Blocks.BlockSet, sdk.NewActionBlock("", sdk.NewButtonBlockElement("a", "", plain("a"))))
		}, "unsupported type: actions [json-pointer:/view/blocks/1/type]"},
		{"Notify", func(v *sdk.ModalViewRequest) { v.NotifyOnClose = true }, "notify_on_close is not emulated [json-pointer:/view/notify_on_close]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, slack.Options{})
			_, err := w.bot.OpenViewContext(t.Context(), w.trigger(), view(tt.change))
			var refused sdk.SlackErrorResponse
			switch {
			case tt.want == "":
				if err != nil {
					t.Errorf("views.open: %v", err)
				}
			case !errors.As(err, &refused) || refused.Err != "invalid_arguments":
				t.Errorf("views.open: %v, want invalid_arguments", err)
			default:
				if diff := cmp.Diff([]string{"[ERROR] " + tt.want}, refused.ResponseMetadata.Messages); diff != "" {
					t.Errorf("messages (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// trigger presses a button as Ada and gives the trigger that the app got.
func (w *world) trigger() string {
	w.t.Helper()
	ts := w.post(sdk.NewActionBlock("q", sdk.NewButtonBlockElement("reject", "", sdk.NewTextBlockObject("plain_text", "Reject", true, false))))
	if out := w.press(ada, ts, "reject"); out.Failure != "" {
		w.t.Fatalf("press: %s", out.Failure)
	}
	return w.app.got[len(w.app.got)-1].TriggerID
}
