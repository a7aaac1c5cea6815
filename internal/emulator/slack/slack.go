// Package slack stands in for Slack: the part of its Web API that an app needs to
// ask people something, what people see of it, and the signed interactions that
// their presses send to the app. Page shows it in a browser.
//
// What Slack refuses is refused with Slack's error; what is not emulated fails by
// name. The facts are Slack's own (docs.slack.dev), named where they are used.
package slack

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/web"
)

// PageHost is the host of Page on the web.
const PageHost = "slack.localhost"

// Options are a workspace and the one app in it. What is left empty is made up;
// Service.Options says what it became.
type Options struct {
	Team, TeamName, Domain string // T…, the workspace's name, and its part of <domain>.slack.com
	App, AppName           string // A…, and the name that its messages bear
	Bot, BotUser           string // B… and U… of the app's bot
	Token                  string // of the bot
	SigningSecret          string
	RequestURL             string // where interactions go; "" until SetRequestURL

	// Scopes are those of the token; nil is every scope that the emulated methods
	// know.
	Scopes []string
	// AnswerWithin is how long the app has to answer an interaction, and to open a
	// dialog for it; 0 is 3 seconds (Slack: Handling user interaction, acknowledgment
	// response).
	AnswerWithin time.Duration `keep:"-"` // it is the process's
	// Unlimited switches the rate limits off.
	Unlimited bool
}

// User is a person of the workspace.
type User struct {
	ID, Name, RealName string // U…, the handle, and what people read
	DisplayName        string // of the profile; "" is the handle
	Email              string
	HidesEmail         bool // the profile does not show it, whatever the token's scopes
}

// Group is a user group.
type Group struct {
	ID, Handle string // S…, and the handle without its @
	Members    []string
}

// Channel is a public channel.
type Channel struct {
	ID, Name string // C…, and the name without its #
	HasBot   bool   // the app's bot is a member
	Members  []string
	Everyone bool // every user is a member, besides Members
}

// Service is a Slack workspace. It lives on the loop: its methods are to be called
// there, but for Press and Submit, which wait for the loop.
type Service struct {
	loop    *loop.Loop
	web     *web.Web `keep:"-"`
	options Options
	limits  limits

	users    map[string]User
	groups   map[string]Group
	channels map[string]*channel
	order    []string // channel IDs as they were added

	triggers map[string]*trigger
	hooks    map[string]*hook // by path
	dialogs  []*Dialog        // open, the oldest first
	failures map[seen]string
	version  int    // grows with everything that the page could show
	token    string // that the page's forms carry
}

// seen is a message as one person sees it.
type seen struct{ user, channel, ts string }

// New gives a workspace with the app in it and without people, and has it answer
// the hosts slack.com, hooks.slack.com and PageHost. It must be called on the loop.
func New(l *loop.Loop, w *web.Web, o Options) *Service {
	s := &Service{
		loop: l, web: w, options: o.filled(l), limits: limits{},
		users: map[string]User{}, groups: map[string]Group{}, channels: map[string]*channel{},
		triggers: map[string]*trigger{}, hooks: map[string]*hook{}, failures: map[seen]string{},
		token: l.ID(32),
	}
	w.Host("slack.com", web.SiteFunc(s.serveAPI))
	w.Host("hooks.slack.com", web.SiteFunc(s.serveHooks))
	w.Host(PageHost, s.Page())
	return s
}

func (o Options) filled(l *loop.Loop) Options {
	id := func(prefix string) string { return prefix + strings.ToUpper(l.ID(10)) }
	for _, field := range []struct {
		value *string
		made  string
	}{
		{&o.Team, id("T")},
		{&o.TeamName, "Local"},
		{&o.Domain, "local"},
		{&o.App, id("A")},
		{&o.AppName, "App"},
		{&o.Bot, id("B")},
		{&o.BotUser, id("U")},
		{&o.Token, "xoxb-" + l.ID(24)},
		{&o.SigningSecret, l.ID(32)},
	} {
		if *field.value == "" {
			*field.value = field.made
		}
	}
	if o.AnswerWithin == 0 {
		o.AnswerWithin = 3 * time.Second
	}
	if o.Scopes == nil {
		o.Scopes = allScopes()
	}
	return o
}

// Options are the workspace's options, with what was made up.
func (s *Service) Options() Options { return s.options }

// SetRequestURL says where interactions go from now on.
func (s *Service) SetRequestURL(url string) { s.options.RequestURL = url }

// AddUser puts a person into the workspace, in the place of one with the same ID.
func (s *Service) AddUser(u User) { s.users[u.ID] = u; s.changed() }

// AddGroup puts a user group into the workspace, in the place of one with the same
// ID.
func (s *Service) AddGroup(g Group) { s.groups[g.ID] = g; s.changed() }

// AddChannel puts a channel into the workspace. A channel that is there keeps its
// messages.
func (s *Service) AddChannel(c Channel) {
	if old := s.channels[c.ID]; old != nil {
		old.Channel = c
	} else {
		s.channels[c.ID] = &channel{Channel: c}
		s.order = append(s.order, c.ID)
	}
	s.changed()
}

func (s *Service) changed() { s.version++ }

// people are all users, by real name.
func (s *Service) people() []User {
	return slices.SortedFunc(maps.Values(s.users), func(a, b User) int {
		if c := strings.Compare(a.RealName, b.RealName); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
}

func (c *channel) has(user string) bool {
	return c.Everyone || slices.Contains(c.Members, user)
}
