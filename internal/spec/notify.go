package spec

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Slack's names of channels are letters that are not upper-case, digits, hyphens
// and underscores, at most 80 and not only punctuation (Slack: reference,
// conversations.create). IDs begin with C, those of older private channels with G
// (Slack: reference, conversation object).
var (
	slackNamePattern = regexp.MustCompile(`^#[\p{Ll}\p{Lm}\p{Lo}\p{M}\p{N}_-]+$`)
	slackIDPattern   = regexp.MustCompile(`^[CG][A-Z0-9]{5,20}$`)
)

const maxSlackName = 80

// channel is a channel that was read, with its place.
type channel struct {
	rollout.Channel
	at object
}

// slack tells whether the channel is meant to be one of Slack.
func (c channel) slack() bool { return c.at.get("slack").given() }

// notify reads the channels at the top level. One that names environments goes to
// those; the others, which hear of every environment, are given back.
func (r *reader) notify(p place, entries []*entry) []channel {
	if !p.given() {
		return nil
	}
	var everywhere []channel
	for _, c := range r.channels(p, environmentsOfChannel()) {
		names := c.at.get("environments")
		if !names.given() {
			everywhere = append(everywhere, c)
			continue
		}
		for _, e := range r.named(names, entries) {
			e.notify = append(e.notify, c)
		}
	}
	return everywhere
}

// named reads a list of environments' names.
func (r *reader) named(p place, entries []*entry) []*entry {
	const want = "a list of environments' names"
	items, ok := r.list(p, want)
	if !ok {
		return nil
	}
	if len(items) == 0 {
		r.add(p, "an empty list", want)
	}
	var known []string
	for _, e := range entries {
		known = append(known, e.Name)
	}
	var names []string
	var chosen []*entry
	for _, item := range items {
		name, ok := r.text(item, "the name of an environment")
		if !ok {
			continue
		}
		names = append(names, name)
		switch i := slices.Index(known, name); {
		case i >= 0 && !slices.Contains(chosen, entries[i]):
			chosen = append(chosen, entries[i])
		case i < 0 && len(known) > 0 && !slices.Contains(known, ""): // else a name that is wrong may be this one
			r.add(item, fmt.Sprintf("%q", name), "the name of an environment: "+quotedList(known)).Suggestion = suggest(name, known)
		}
	}
	r.unique(items, names)
	return chosen
}

// channels reads a list of channels, which may have more fields than all have.
func (r *reader) channels(p place, more ...field) []channel {
	items, ok := r.list(p, "a list of channels: slack, sns, webhook or teams")
	if !ok {
		return nil
	}
	var channels []channel
	for _, item := range items {
		if c := r.channel(item, more); c.at.ok {
			channels = append(channels, c)
		}
	}
	return channels
}

func (r *reader) channel(p place, more []field) channel {
	kinds := channelKinds()
	o := r.object(p, channelFields().with(more...))
	c := channel{at: o}
	if !o.ok {
		return c
	}
	named := slices.DeleteFunc(slices.Clone(o.names), func(name string) bool { return !slices.Contains(kinds, name) })
	switch {
	case len(named) == 0:
		r.add(p, "no channel", oneOf(kinds))
		return c
	case len(named) > 1:
		r.add(p, strings.Join(named, " and "), "one channel in each entry of the list")
		return c
	}
	switch at := o.get(named[0]); named[0] {
	case "slack":
		c.Slack = r.slackChannel(at)
	case "sns":
		c.SNS = r.topic(at)
	case "webhook":
		c.Webhook, c.Secret = r.webhook(at)
	case "teams":
		teams := r.object(at, teamsFields())
		if teams.ok {
			c.Teams = r.secret(teams.get("secret"))
		}
	}
	if on := o.get("on"); on.given() {
		c.On = r.moments(on, named[0])
	}
	return c
}

// moments reads what a channel hears of.
func (r *reader) moments(p place, kind string) []rollout.Moment {
	if kind == "slack" {
		r.add(p, "moments for a Slack channel", "none: its message follows the whole rollout")
		return nil
	}
	const want = "a list of moments such as [committed, rolledBack]"
	items, ok := r.list(p, want)
	if !ok {
		return nil
	}
	if len(items) == 0 {
		r.add(p, "an empty list", want)
	}
	var words []string
	for _, m := range rollout.Moments() {
		words = append(words, string(m))
	}
	var names []string
	var moments []rollout.Moment
	for _, item := range items {
		name := r.choice(item, words...)
		names = append(names, name)
		moments = append(moments, rollout.Moment(name))
	}
	r.unique(items, names)
	return moments
}

// slackChannel reads a channel's name or ID.
func (r *reader) slackChannel(p place) string {
	const want = `a Slack channel's name in quotes such as "#deploys" (at most 80 letters that are not upper-case, digits, hyphens and underscores), or its ID`
	text, ok := r.text(p, want)
	if !ok || slackName(text) || slackIDPattern.MatchString(text) {
		return text
	}
	problem := r.add(p, fmt.Sprintf("%q", text), want)
	meant := "#" + strings.ToLower(strings.TrimPrefix(text, "#"))
	if id := text == strings.ToUpper(text) && text[0] != '#'; !id && slackName(meant) {
		problem.Suggestion = fmt.Sprintf("%q", meant)
	}
	return ""
}

func slackName(text string) bool {
	return slackNamePattern.MatchString(text) && utf8.RuneCountInString(text) <= 1+maxSlackName && strings.Trim(text, "#_-") != ""
}

// topic reads a topic's ARN. A FIFO topic takes only messages that have a group
// (AWS: SNS API Reference, Publish), which a notice has not.
func (r *reader) topic(p place) string {
	text, ok := r.text(p, wantTopic)
	switch {
	case !ok || topicPattern.MatchString(text):
		return text
	case topicPattern.MatchString(strings.TrimSuffix(text, ".fifo")):
		r.add(p, fmt.Sprintf("%q", text), wantTopic+" that is not a FIFO topic")
	default:
		r.add(p, fmt.Sprintf("%q", text), wantTopic)
	}
	return ""
}

// webhook reads a URL and the secret that signs what is sent to it.
func (r *reader) webhook(p place) (address, secret string) {
	o := r.object(p, webhookFields())
	if !o.ok {
		return "", ""
	}
	return r.address(o.get("url")), r.secret(o.get("secret"))
}

// secret reads the name of a secret, or its ARN.
func (r *reader) secret(p place) string {
	return r.matching(p, secretPattern, "the name or ARN of a secret: 1 to 512 letters, digits and /_+=.@-")
}

// address reads an https URL. A problem does not repeat a password.
func (r *reader) address(p place) string {
	const want = "an https URL such as https://hooks.example.com/sluice"
	text, ok := r.text(p, want)
	if !ok {
		return ""
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		r.add(p, "what is not a URL", want)
	case u.User != nil:
		r.add(p, "a URL with a user's name or password", "one without: the secret signs what is sent")
	case u.Scheme != "https" || u.Hostname() == "":
		r.add(p, fmt.Sprintf("%q", text), want)
	default:
		return text
	}
	return ""
}
