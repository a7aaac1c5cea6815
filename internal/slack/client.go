package slack

import (
	"context"
	"net/http"

	slackgo "github.com/slack-go/slack"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Doer sends HTTP requests; *http.Client is one.
type Doer interface {
	Do(req *http.Request) (*http.Response, error)
}

// Client calls Slack's Web API. Each method is one call, which is never repeated
// here. Its errors have a kind: Throttled, with a *RateLimited among its causes;
// Unavailable, where Slack did not answer or could not work; Denied, where the app
// has to be installed, invited or allowed; NotFound; Internal for what is left.
type Client struct {
	HTTP  Doer
	Token func(context.Context) (string, error) // the bot token, asked for with each call
}

// Posted is where a message stands.
type Posted struct{ Channel, TS string } // the channel's ID

// Post puts a message into a channel, which is given by #name or ID. Slack has no
// key to know a repeat by: one that follows a lost answer posts twice (Slack:
// chat.postMessage).
func (c Client) Post(ctx context.Context, channel string, m Message) (Posted, error) {
	return c.send(ctx, "post to "+channel, channel, m)
}

// Reply puts a message into the thread of another.
func (c Client) Reply(ctx context.Context, at Posted, m Message) (Posted, error) {
	return c.send(ctx, "reply to "+at.TS+" in "+at.Channel, at.Channel, m, slackgo.MsgOptionTS(at.TS))
}

// Update puts another message in the place of one of ours. NotFound if somebody
// deleted it.
func (c Client) Update(ctx context.Context, at Posted, m Message) error {
	what := "update " + at.TS + " in " + at.Channel
	var ts string
	err := c.call(ctx, what, func(api *slackgo.Client) error {
		var err error
		// Also without blocks: Slack keeps the old ones if none are given (Slack: chat.update).
		_, ts, _, err = api.UpdateMessageContext(ctx, at.Channel, at.TS, options(m), slackgo.MsgOptionBlocks(m.Blocks...))
		return err
	})
	if err == nil && ts == "" {
		return rollout.Errorf(rollout.KindInternal, "%s: Slack's answer has no ts", what)
	}
	return err
}

// Whisper tells a text to one person in a channel; nobody else sees it. The text
// is shown as it is.
func (c Client) Whisper(ctx context.Context, channel, user, text string) error {
	return c.call(ctx, "tell "+user+" in "+channel, func(api *slackgo.Client) error {
		_, err := api.PostEphemeralContext(ctx, channel, user, contents(Told(text)))
		return err
	})
}

// OpenReason opens a dialog that asks for a reason. The trigger comes with the
// button that was pressed and holds for 3 seconds (Slack: Handling user
// interaction).
func (c Client) OpenReason(ctx context.Context, trigger string, d Dialog) error {
	view, err := d.view()
	if err != nil {
		return err
	}
	return c.call(ctx, "ask for the reason to "+string(d.Action)+" "+d.Subject, func(api *slackgo.Client) error {
		_, err := api.OpenViewContext(ctx, trigger, view)
		return err
	})
}

// Email gives the name that a user shows and the e-mail address, which is empty if
// the profile shows none (Slack: users.info; the address takes the scope
// users:read.email).
func (c Client) Email(ctx context.Context, user string) (name, email string, err error) {
	err = c.call(ctx, "read user "+user, func(api *slackgo.Client) error {
		found, err := api.GetUserInfoContext(ctx, user)
		if err != nil {
			return err
		}
		email = found.Profile.Email
		for _, name = range []string{found.Profile.DisplayName, found.Profile.RealName, found.RealName, found.Name} {
			if name != "" {
				break
			}
		}
		return nil
	})
	return name, email, err
}

// Members are the IDs of a user group's members.
func (c Client) Members(ctx context.Context, group string) ([]string, error) {
	var members []string
	err := c.call(ctx, "read the members of user group "+group, func(api *slackgo.Client) error {
		var err error
		members, err = api.GetUserGroupMembersContext(ctx, group)
		return err
	})
	if err != nil {
		return nil, err
	}
	return members, nil
}

// Test asks Slack whether it takes the token.
func (c Client) Test(ctx context.Context) error {
	return c.call(ctx, "test the bot token", func(api *slackgo.Client) error {
		_, err := api.AuthTestContext(ctx)
		return err
	})
}

// Joined are the channels that the app is a member of: their IDs, and their names with #.
func (c Client) Joined(ctx context.Context) ([]string, error) {
	var joined []string
	err := c.call(ctx, "list the app's channels", func(api *slackgo.Client) error {
		joined = nil
		const most = 1000 // in one answer (Slack: users.conversations)
		ask := slackgo.GetConversationsForUserParameters{Types: []string{"public_channel", "private_channel"}, Limit: most, ExcludeArchived: true}
		for {
			channels, next, err := api.GetConversationsForUserContext(ctx, &ask)
			if err != nil {
				return err
			}
			for _, channel := range channels {
				joined = append(joined, channel.ID, "#"+channel.Name)
			}
			if ask.Cursor = next; next == "" {
				return nil
			}
		}
	})
	return joined, err
}

func (c Client) send(ctx context.Context, what, channel string, m Message, more ...slackgo.MsgOption) (Posted, error) {
	given := append([]slackgo.MsgOption{options(m)}, more...)
	if len(m.Blocks) > 0 {
		given = append(given, slackgo.MsgOptionBlocks(m.Blocks...))
	}
	var posted Posted
	err := c.call(ctx, what, func(api *slackgo.Client) error {
		var err error
		posted.Channel, posted.TS, err = api.PostMessageContext(ctx, channel, given...)
		return err
	})
	if err != nil {
		return Posted{}, err
	}
	if posted.Channel == "" || posted.TS == "" {
		return Posted{}, rollout.Errorf(rollout.KindInternal, "%s: Slack's answer has no channel or no ts", what)
	}
	return posted, nil
}

// options are those of every message. Parse none, because chat.update would
// otherwise make links and mentions of plain text (Slack: chat.update, parse).
func options(m Message) slackgo.MsgOption {
	return slackgo.MsgOptionCompose(
		contents(m),
		slackgo.MsgOptionDisableLinkUnfurl(),
		slackgo.MsgOptionDisableMediaUnfurl(),
	)
}

// contents is what every kind of message takes; an ephemeral one takes no more (Slack:
// chat.postEphemeral).
func contents(m Message) slackgo.MsgOption {
	return slackgo.MsgOptionCompose(
		slackgo.MsgOptionText(m.Text, false), // it is escaped
		slackgo.MsgOptionParse(false),
	)
}

// call makes a call with the token of now.
func (c Client) call(ctx context.Context, what string, do func(*slackgo.Client) error) error {
	token, err := c.Token(ctx)
	if err != nil {
		return rollout.Errorf(rollout.KindOf(err), "%s: read the bot token: %w", what, err)
	}
	if token == "" {
		return rollout.Errorf(rollout.KindDenied, "%s: there is no bot token; put the app's into Sluice's Slack secret, as botToken", what)
	}
	if err := do(slackgo.New(token, slackgo.OptionHTTPClient(transport{c.HTTP}))); err != nil {
		return explain(what, err, token)
	}
	return nil
}
