package slack

import (
	"net/http"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// A response_url takes so many posts for so long (Slack: Handling user
// interaction, message responses).
const (
	hookPosts = 5
	hookLives = 30 * time.Minute
)

// hook is a response_url: it lets the app answer where someone pressed.
type hook struct {
	user, channel, ts string
	expires           time.Time
	posts             int
}

func (s *Service) newHook(user, channel, ts string) string {
	path := "/actions/" + s.options.Team + "/" + digits(s.loop.ID(13)) + "/" + s.loop.ID(24)
	s.hooks[path] = &hook{user: user, channel: channel, ts: ts, expires: s.loop.Now().Add(hookLives)}
	return "https://hooks.slack.com" + path
}

// serveHooks answers hooks.slack.com.
func (s *Service) serveHooks(r *wire.Request, reply func(*wire.Response)) {
	h := s.hooks[r.Path]
	switch {
	case h == nil:
		reply(s.hookAnswer(http.StatusNotFound, refuse("no_service")))
		return
	case r.Method != http.MethodPost:
		reply(s.hookAnswer(http.StatusMethodNotAllowed, refuse("method_not_allowed")))
		return
	case !s.loop.Now().Before(h.expires):
		reply(s.hookAnswer(http.StatusNotFound, refuse("expired_url")))
		return
	case h.posts >= hookPosts:
		reply(s.hookAnswer(http.StatusNotFound, refuse("used_url")))
		return
	}
	h.posts++
	if err := s.respond(h, r.Body); err != nil {
		reply(s.hookAnswer(http.StatusBadRequest, err))
		return
	}
	reply(s.hookAnswer(http.StatusOK, nil))
}

func (s *Service) hookAnswer(status int, err error) *wire.Response {
	resp := s.answer(nil, err)
	resp.Status = status
	return resp
}

// respond does what the app's post says. Without more it is a new ephemeral
// message.
func (s *Service) respond(h *hook, body []byte) error {
	a := arguments{}
	if err := a.takeJSON(body); err != nil {
		return err
	}
	if err := a.check("response_url", method{
		arguments: []string{"text", "blocks", "thread_ts", "response_type", "replace_original", "delete_original"},
		off:       []string{"unfurl_links", "unfurl_media", "reply_broadcast"},
	}); err != nil {
		return err
	}
	c := s.channels[h.channel]
	original := c.find(h.ts)
	if original == nil && (a.yes("replace_original") || a.yes("delete_original")) {
		return refuse("message_not_found")
	}
	if a.yes("delete_original") {
		s.remove(c, original)
		return nil
	}
	m, err := s.content(a, longestText)
	if err != nil {
		return err
	}
	if a.yes("replace_original") {
		s.update(original, m.Text, m.Blocks)
		return nil
	}
	switch a["response_type"] {
	case "", "ephemeral":
		m.OnlyFor = h.user
	case "in_channel":
	default:
		return invalid("response_type must be ephemeral or in_channel, got " + a["response_type"])
	}
	s.post(c, m, a["thread_ts"])
	return nil
}
