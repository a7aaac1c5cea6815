package slack

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Scopes that are checked beside the one that a method needs.
const (
	scopePublic = "chat:write.public" // post in public channels without being a member
	scopeEmail  = "users:read.email"

	scopeChannels = "channels:read" // what public channels there are
	scopeGroups   = "groups:read"   // the same of private ones
)

// method is one of the Web API's (Slack: Web API methods, each by its name).
type method struct {
	scope     string   // "" for none
	perMinute int      // 0 where Slack names no number
	arguments []string // those that are emulated
	off       []string // those of which only "false" is emulated
	call      func(a arguments) (answer, error)
}

// answer is what a call comes to, besides "ok".
type answer map[string]any

// callError is Slack's error of a call.
type callError struct {
	code     string
	messages []string
	needed   string
}

func (e *callError) Error() string {
	return strings.Join(append([]string{e.code}, e.messages...), ": ")
}

func refuse(code string) error { return &callError{code: code} }

func invalid(messages ...string) error {
	return &callError{code: "invalid_arguments", messages: messages}
}

func (s *Service) methods() map[string]method {
	content := []string{"channel", "text", "blocks", "thread_ts"}
	unfurl := []string{"unfurl_links", "unfurl_media", "reply_broadcast"}
	span := []string{"channel", "ts", "cursor", "inclusive", "latest", "oldest", "limit"}
	return map[string]method{
		"auth.test":             {call: s.authTest},
		"chat.getPermalink":     {arguments: []string{"channel", "message_ts"}, call: s.permalink},
		"chat.postEphemeral":    {scope: "chat:write", perMinute: tier4, arguments: append(content, "user"), call: s.postEphemeral},
		"chat.postMessage":      {scope: "chat:write", arguments: content, off: unfurl, call: s.postMessage},
		"chat.update":           {scope: "chat:write", perMinute: tier3, arguments: []string{"channel", "ts", "text", "blocks"}, off: unfurl, call: s.updateMessage},
		"conversations.history": {scope: "channels:history", perMinute: tier3, arguments: slices.DeleteFunc(slices.Clone(span), func(a string) bool { return a == "ts" }), off: []string{"include_all_metadata"}, call: s.history},
		"conversations.replies": {scope: "channels:history", perMinute: tier3, arguments: span, off: []string{"include_all_metadata"}, call: s.replies},
		"usergroups.users.list": {scope: "usergroups:read", perMinute: tier2, arguments: []string{"usergroup", "include_disabled", "team_id"}, call: s.groupUsers},
		"users.conversations":   {scope: scopeChannels, perMinute: tier3, arguments: []string{"types", "limit", "exclude_archived"}, call: s.userConversations},
		"users.info":            {scope: "users:read", perMinute: tier4, arguments: []string{"user", "include_locale"}, call: s.userInfo},
		"views.open":            {perMinute: tier4, arguments: []string{"trigger_id", "view"}, call: s.openView},
	}
}

func allScopes() []string {
	return []string{"channels:history", scopeChannels, "chat:write", scopeGroups, scopePublic, "usergroups:read", "users:read", scopeEmail}
}

// serveAPI answers slack.com.
func (s *Service) serveAPI(r *wire.Request, reply func(*wire.Response)) {
	name, isAPI := strings.CutPrefix(r.Path, "/api/")
	if !isAPI {
		reply(&wire.Response{Status: http.StatusNotFound, Header: http.Header{"Content-Type": {"text/plain"}}, Body: []byte("not found\n")})
		return
	}
	reply(s.call(name, r))
}

func (s *Service) call(name string, r *wire.Request) *wire.Response {
	m, ok := s.methods()[name]
	if !ok {
		return s.answer(nil, refuse("unknown_method"))
	}
	a, err := readArguments(r)
	if err != nil {
		return s.answer(nil, err)
	}
	if err := s.authenticate(a, r.Header); err != nil {
		return s.answer(nil, err)
	}
	if wait := s.limit(name, m, a); wait > 0 {
		resp := s.answer(nil, refuse("ratelimited"))
		resp.Status = http.StatusTooManyRequests
		resp.Header.Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		return resp
	}
	if m.scope != "" && !s.granted(m.scope) {
		return s.answer(nil, &callError{code: "missing_scope", needed: m.scope})
	}
	if err := a.check(name, m); err != nil {
		return s.answer(nil, err)
	}
	return s.answer(m.call(a))
}

// authenticate takes the token from the header or the arguments (Slack: Web API,
// passing tokens).
func (s *Service) authenticate(a arguments, h http.Header) error {
	token, bearer := strings.CutPrefix(h.Get("Authorization"), "Bearer ")
	if !bearer {
		token = a["token"]
	}
	switch token {
	case "":
		return refuse("not_authed")
	case s.options.Token:
		return nil
	default:
		return refuse("invalid_auth")
	}
}

func (s *Service) granted(scope string) bool { return slices.Contains(s.options.Scopes, scope) }

// limit is how long the caller has to wait; 0 lets the call through.
func (s *Service) limit(name string, m method, a arguments) time.Duration {
	switch {
	case s.options.Unlimited:
		return 0
	case name == "chat.postMessage":
		where := a["channel"]
		if c := s.named(where); c != nil {
			where = c.ID
		}
		return s.limits.take(name+" "+where, burst, burst*time.Second, s.loop.Now())
	case m.perMinute > 0:
		return s.limits.take(name, m.perMinute, time.Minute, s.loop.Now())
	default:
		return 0
	}
}

func (s *Service) answer(out answer, err error) *wire.Response {
	body := answer{"ok": err == nil}
	maps.Copy(body, out)
	if err != nil {
		maps.Copy(body, s.errorBody(err))
	}
	return jsonResponse(http.StatusOK, body, http.Header{"X-Oauth-Scopes": {strings.Join(s.options.Scopes, ",")}})
}

func (s *Service) errorBody(err error) answer {
	refused, ok := err.(*callError) //nolint:errorlint // made here, never wrapped
	if !ok {
		return answer{"error": "fatal_error"}
	}
	body := answer{"error": refused.code}
	if refused.needed != "" {
		body["needed"] = refused.needed
		body["provided"] = strings.Join(s.options.Scopes, ",")
	}
	if len(refused.messages) > 0 {
		var marked []string
		for _, message := range refused.messages {
			marked = append(marked, "[ERROR] "+message)
		}
		body["errors"] = refused.messages
		body["response_metadata"] = answer{"messages": marked}
	}
	return body
}

func jsonResponse(status int, body any, header http.Header) *wire.Response {
	text, err := json.Marshal(body)
	if err != nil {
		return &wire.Response{Status: http.StatusInternalServerError, Header: http.Header{}, Body: fmt.Appendf(nil, "write answer: %v", err)}
	}
	if header == nil {
		header = http.Header{}
	}
	header.Set("Content-Type", "application/json; charset=utf-8")
	return &wire.Response{Status: status, Header: header, Body: text}
}
