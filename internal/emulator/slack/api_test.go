package slack_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	sdk "github.com/slack-go/slack"

	"github.com/sluice-deploy/sluice/internal/emulator/slack"
)

// code is Slack's error, or "" for none.
func code(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestErrors(t *testing.T) {
	t.Parallel()
	text := sdk.MsgOptionText("hello", false)
	post := func(channel string, o ...sdk.MsgOption) func(*world, *sdk.Client) error {
		return func(w *world, c *sdk.Client) error {
			_, _, err := c.PostMessageContext(w.t.Context(), channel, o...)
			return err
		}
	}
	update := func(pick func(w *world) (channel, ts string), o ...sdk.MsgOption) func(*world, *sdk.Client) error {
		return func(w *world, c *sdk.Client) error {
			channel, ts := pick(w)
			_, _, _, err := c.UpdateMessageContext(w.t.Context(), channel, ts, o...)
			return err
		}
	}
	mine := func(w *world) (string, string) { return deploys, w.post(sdk.NewDividerBlock()) }
	for _, tt := range []struct {
		name   string
		scopes []string
		token  string
		call   func(*world, *sdk.Client) error
		want   string
	}{
		{name: "OK", call: post(deploys, text)},
		{name: "ByName", call: post("#deploys", text)},
		{name: "NoToken", token: "none", call: post(deploys, text), want: "not_authed"},
		{name: "WrongToken", token: "xoxb-other", call: post(deploys, text), want: "invalid_auth"},
		{name: "NoScope", scopes: []string{"users:read"}, call: post(deploys, text), want: "missing_scope"},
		{name: "NoChannel", call: post("C0NONE", text), want: "channel_not_found"},
		{name: "Person", call: post(ada, text), want: "invalid_arguments"},
		{name: "NotAMember", scopes: []string{"chat:write"}, call: post("C0RANDOM", text), want: "not_in_channel"},
		{name: "PublicScope", scopes: []string{"chat:write", "chat:write.public"}, call: post("C0RANDOM", text)},
		{name: "NoText", call: post(deploys), want: "no_text"},
		{name: "LongText", call: post(deploys, sdk.MsgOptionText(strings.Repeat("é", 40_001), false)), want: "msg_too_long"},
		{name: "TextAtTheLimit", call: post(deploys, sdk.MsgOptionText(strings.Repeat("é", 40_000), false))},
		{name: "NotEmulated", call: post(deploys, text, sdk.MsgOptionIconEmoji(":x:")), want: "invalid_arguments"},
		{name: "Update", call: update(mine, text)},
		{name: "UpdateByName", call: update(func(w *world) (string, string) { _, ts := mine(w); return "#deploys", ts }, text), want: "channel_not_found"},
		{name: "UpdateLong", call: update(mine, sdk.MsgOptionText(strings.Repeat("a", 4001), false)), want: "msg_too_long"},
		{name: "UpdateNothing", call: update(func(*world) (string, string) { return deploys, "1.000001" }, text), want: "message_not_found"},
		{name: "UpdateAPersons", call: update(func(w *world) (string, string) { return deploys, w.say(ada, "mine") }, text), want: "cant_update_message"},
		{name: "Ephemeral", call: post(deploys, text, sdk.MsgOptionPostEphemeral(ada))},
		{name: "EphemeralForNobody", call: post(deploys, text, sdk.MsgOptionPostEphemeral("U0NOBODY")), want: "user_not_in_channel"},
		{name: "EphemeralOutside", call: post("C0RANDOM", text, sdk.MsgOptionPostEphemeral(ada)), want: "not_in_channel"},
		{name: "User", call: func(w *world, c *sdk.Client) error {
			_, err := c.GetUserInfoContext(w.t.Context(), "U0NOBODY")
			return err
		}, want: "user_not_found"},
		{name: "Group", call: func(w *world, c *sdk.Client) error {
			_, err := c.GetUserGroupMembersContext(w.t.Context(), "S0NONE")
			return err
		}, want: "no_such_subteam"},
		{name: "UnknownMethod", call: func(w *world, c *sdk.Client) error { _, err := c.GetEmojiContext(w.t.Context()); return err }, want: "unknown_method"},
		{name: "HistoryOutside", call: func(w *world, c *sdk.Client) error {
			_, err := c.GetConversationHistoryContext(w.t.Context(), &sdk.GetConversationHistoryParameters{ChannelID: "C0RANDOM"})
			return err
		}, want: "not_in_channel"},
		{name: "NoThread", call: func(w *world, c *sdk.Client) error {
			_, _, _, err := c.GetConversationRepliesContext(w.t.Context(), &sdk.GetConversationRepliesParameters{ChannelID: deploys, Timestamp: "1.000001"})
			return err
		}, want: "thread_not_found"},
		{name: "Conversations", call: func(w *world, c *sdk.Client) error {
			got, next, err := c.GetConversationsForUserContext(w.t.Context(), &sdk.GetConversationsForUserParameters{Types: []string{"public_channel", "private_channel"}, ExcludeArchived: true})
			if err == nil && (len(got) != 1 || got[0].ID != deploys || got[0].Name != "deploys" || next != "") {
				w.t.Errorf("the bot is in %+v (next %q), want %s alone", got, next, deploys)
			}
			return err
		}},
		{name: "PrivateConversations", scopes: []string{"channels:read"}, call: func(w *world, c *sdk.Client) error {
			_, _, err := c.GetConversationsForUserContext(w.t.Context(), &sdk.GetConversationsForUserParameters{Types: []string{"private_channel"}})
			return err
		}, want: "missing_scope"},
		{name: "NoSuchConversations", call: func(w *world, c *sdk.Client) error {
			_, _, err := c.GetConversationsForUserContext(w.t.Context(), &sdk.GetConversationsForUserParameters{Types: []string{"channel"}})
			return err
		}, want: "invalid_types"},
		{name: "NoPermalink", call: func(w *world, c *sdk.Client) error {
			_, err := c.GetPermalinkContext(w.t.Context(), &sdk.PermalinkParameters{Channel: deploys, Ts: "1.000001"})
			return err
		}, want: "message_not_found"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, slack.Options{Scopes: tt.scopes, Unlimited: true})
			client := w.bot
			switch tt.token {
			case "":
			case "none":
				client = w.client("")
			default:
				client = w.client(tt.token)
			}
			if got := code(tt.call(w, client)); got != tt.want {
				t.Errorf("got error %q, want %q", got, tt.want)
			}
		})
	}
}

func (w *world) say(user, text string) string {
	w.t.Helper()
	var ts string
	var err error
	w.loop.Do(func() { ts, err = w.Say(user, deploys, "", text) })
	if err != nil {
		w.t.Fatalf("Say: %v", err)
	}
	return ts
}

func TestMissingScopeSaysWhich(t *testing.T) {
	t.Parallel()
	w := newWorld(t, slack.Options{Scopes: []string{"users:read"}})
	_, _, err := w.bot.PostMessageContext(t.Context(), deploys, sdk.MsgOptionText("hello", false))
	var refused sdk.SlackErrorResponse
	if !errors.As(err, &refused) || refused.Needed != "chat:write" || refused.Provided != "users:read" {
		t.Errorf("got %+v, want chat:write needed and users:read provided", err)
	}
}

func TestUpdateKeepsWhatItWas(t *testing.T) {
	t.Parallel()
	w := newWorld(t, slack.Options{Unlimited: true})
	ts := w.post(sdk.NewDividerBlock())
	header := sdk.NewHeaderBlock(sdk.NewTextBlockObject("plain_text", "Done", true, false))
	type state struct {
		Text   string
		Blocks int
		Edited bool
		Edits  int
	}
	var got []state
	for _, o := range [][]sdk.MsgOption{
		{sdk.MsgOptionText("two", false), sdk.MsgOptionBlocks(header, sdk.NewDividerBlock())},
		{sdk.MsgOptionText("three", false)},
	} {
		if _, _, _, err := w.bot.UpdateMessageContext(t.Context(), deploys, ts, o...); err != nil {
			t.Fatalf("chat.update: %v", err)
		}
		m := w.Messages(deploys)[0]
		got = append(got, state{m.Text, len(m.Blocks), m.Edited, len(m.Edits)})
	}
	want := []state{{"two", 2, false, 1}, {"three", 0, true, 2}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("message (-want +got):\n%s", diff)
	}
	if edits := w.Messages(deploys)[0].Edits; edits[0].Text != "A question" || edits[1].Text != "two" {
		t.Errorf("edits = %+v, want what the message was before each", edits)
	}
}

func TestThreadsAndHistory(t *testing.T) {
	t.Parallel()
	w := newWorld(t, slack.Options{Unlimited: true})
	parent := w.say(ada, "parent")
	reply := func(thread, text string) {
		if _, _, err := w.bot.PostMessageContext(t.Context(), deploys, sdk.MsgOptionText(text, false), sdk.MsgOptionTS(thread)); err != nil {
			t.Fatalf("chat.postMessage: %v", err)
		}
	}
	reply(parent, "first")
	reply(w.Replies(deploys, parent)[0].TS, "second")
	reply("1.000001", "in no thread")

	texts := func(messages []sdk.Message) []string {
		var all []string
		for _, m := range messages {
			all = append(all, m.Text)
		}
		return all
	}
	history, err := w.bot.GetConversationHistoryContext(t.Context(), &sdk.GetConversationHistoryParameters{ChannelID: deploys, Limit: 1})
	if err != nil {
		t.Fatalf("conversations.history: %v", err)
	}
	if diff := cmp.Diff([]string{"in no thread"}, texts(history.Messages)); diff != "" || !history.HasMore {
		t.Errorf("has more %v, history (-want +got):\n%s", history.HasMore, diff)
	}
	history, err = w.bot.GetConversationHistoryContext(t.Context(), &sdk.GetConversationHistoryParameters{ChannelID: deploys, Cursor: history.ResponseMetaData.NextCursor})
	if err != nil {
		t.Fatalf("conversations.history: %v", err)
	}
	if diff := cmp.Diff([]string{"parent"}, texts(history.Messages)); diff != "" || history.HasMore {
		t.Errorf("has more %v, history (-want +got):\n%s", history.HasMore, diff)
	}
	replies, more, _, err := w.bot.GetConversationRepliesContext(t.Context(), &sdk.GetConversationRepliesParameters{ChannelID: deploys, Timestamp: parent})
	if err != nil || more {
		t.Fatalf("conversations.replies: more %v, %v", more, err)
	}
	if diff := cmp.Diff([]string{"parent", "first", "second"}, texts(replies)); diff != "" {
		t.Errorf("replies (-want +got):\n%s", diff)
	}
	replies, _, _, err = w.bot.GetConversationRepliesContext(t.Context(), &sdk.GetConversationRepliesParameters{ChannelID: deploys, Timestamp: parent, Oldest: parent, Latest: replies[2].Timestamp})
	if err != nil {
		t.Fatalf("conversations.replies: %v", err)
	}
	if diff := cmp.Diff([]string{"first"}, texts(replies)); diff != "" {
		t.Errorf("replies between two times (-want +got):\n%s", diff)
	}
}

func TestPeople(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		scopes []string
		user   string
		want   string
		called string
	}{
		{"Shown", nil, ada, "ada@example.com", "ada"},
		{"Hidden", nil, grace, "", "Amazing Grace"},
		{"NoScope", []string{"users:read"}, ada, "", "ada"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, slack.Options{Scopes: tt.scopes})
			u, err := w.bot.GetUserInfoContext(t.Context(), tt.user)
			if err != nil {
				t.Fatalf("users.info: %v", err)
			}
			if u.ID != tt.user || u.Profile.Email != tt.want || u.Profile.DisplayName != tt.called {
				t.Errorf("got %s with e-mail %q, called %q, want %s with %q, called %q", u.ID, u.Profile.Email, u.Profile.DisplayName, tt.user, tt.want, tt.called)
			}
		})
	}
	w := newWorld(t, slack.Options{})
	members, err := w.bot.GetUserGroupMembersContext(t.Context(), "S0LEADS")
	if diff := cmp.Diff([]string{grace}, members); err != nil || diff != "" {
		t.Errorf("usergroups.users.list: %v (-want +got):\n%s", err, diff)
	}
	who, err := w.bot.AuthTestContext(t.Context())
	if err != nil || who.TeamID != w.Options().Team || who.BotID != w.Options().Bot || who.UserID != w.Options().BotUser {
		t.Errorf("auth.test = %+v, %v, want the bot of %+v", who, err, w.Options())
	}
	ts := w.post(sdk.NewDividerBlock())
	link, err := w.bot.GetPermalinkContext(t.Context(), &sdk.PermalinkParameters{Channel: deploys, Ts: ts})
	if want := "https://local.slack.com/archives/" + deploys + "/p" + strings.ReplaceAll(ts, ".", ""); err != nil || link != want {
		t.Errorf("chat.getPermalink = %s, %v, want %s", link, err, want)
	}
}

func TestRateLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, slack.Options{})
	post := func(channel string) error {
		_, _, err := w.bot.PostMessageContext(t.Context(), channel, sdk.MsgOptionText("hello", false))
		return err
	}
	for i := range 5 {
		if err := post([]string{deploys, "#deploys"}[i%2]); err != nil {
			t.Fatalf("message %d of a burst: %v", i+1, err)
		}
	}
	err := post(deploys)
	var limited *sdk.RateLimitedError
	if !errors.As(err, &limited) || limited.RetryAfter != 5*time.Second {
		t.Fatalf("message after a burst: %v, want to retry after 5s", err)
	}
	if err := post("C0RANDOM"); err != nil {
		t.Errorf("message in another channel: %v", err)
	}
	w.loop.RunFor(limited.RetryAfter)
	if err := post(deploys); err != nil {
		t.Errorf("message after %v: %v", limited.RetryAfter, err)
	}

	group := func() error { _, err := w.bot.GetUserGroupMembersContext(t.Context(), "S0LEADS"); return err }
	for i := range 20 {
		if err := group(); err != nil {
			t.Fatalf("call %d of tier 2: %v", i+1, err)
		}
	}
	if err := group(); !errors.As(err, &limited) || limited.RetryAfter != time.Minute {
		t.Errorf("call 21 of tier 2: %v, want to retry after a minute", err)
	}
}

func TestOtherPathsAreNotHere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, slack.Options{})
	if resp := w.fetch(http.MethodGet, "https://slack.com/help", nil, nil); resp.status != http.StatusNotFound {
		t.Errorf("status = %d, want 404", resp.status)
	}
}

func TestBodies(t *testing.T) {
	t.Parallel()
	const object = `{"channel":"#deploys","text":"a","blocks":[{"type":"divider"}]}`
	for _, tt := range []struct{ name, kind, body, want string }{
		{"JSON", "application/json; charset=utf-8", object, ""},
		{"NoJSON", "application/json", `{`, "invalid_json"},
		{"Array", "application/json", `[]`, "json_not_object"},
		{"NoType", "", object, "missing_post_type"},
		{"OtherType", "text/xml", object, "invalid_post_type"},
		{"Form", "application/x-www-form-urlencoded", "channel=%23deploys&text=a", ""},
		{"NoForm", "application/x-www-form-urlencoded", "channel=%zz", "invalid_form_data"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, slack.Options{})
			resp := w.send(http.MethodPost, "https://slack.com/api/chat.postMessage", tt.body, http.Header{
				"Authorization": {"Bearer " + w.Options().Token}, "Content-Type": {tt.kind},
			})
			if got := readCalled(t, resp).Error; got != tt.want {
				t.Errorf("got error %q, want %q", got, tt.want)
			}
		})
	}
}
