package slack

import (
	"bytes"
	"crypto/subtle"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/sluice-deploy/sluice/internal/emulator/web"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

//go:embed page
var pageFiles embed.FS

// page shows the workspace to people.
type page struct {
	service  *Service
	template *template.Template
}

// Page is the workspace in a browser: its channels and what people can press in
// them. All its links are relative and the last segment of a request's path says
// what is asked for, so that it can also be served under a prefix that ends with a
// slash.
func (s *Service) Page() web.Site {
	return &page{service: s, template: template.Must(template.ParseFS(pageFiles, "page/*.html"))}
}

// Serve implements web.Site.
func (p *page) Serve(r *wire.Request, reply func(*wire.Response)) {
	name := r.Path[strings.LastIndex(r.Path, "/")+1:]
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		reply(p.get(name, r.Query))
	case http.MethodPost:
		p.post(name, r, reply)
	default:
		reply(plain(http.StatusMethodNotAllowed, r.Method+" is not allowed"))
	}
}

func (p *page) get(name, query string) *wire.Response {
	switch name {
	case "":
		asked, err := url.ParseQuery(query)
		if err != nil {
			return plain(http.StatusBadRequest, "read the query: "+err.Error())
		}
		return p.show(asked)
	case "version":
		return jsonResponse(http.StatusOK, map[string]int{"version": p.service.version}, http.Header{"Cache-Control": {"no-store"}})
	case "page.css":
		return p.file(name, "text/css; charset=utf-8")
	case "page.js":
		return p.file(name, "text/javascript; charset=utf-8")
	default:
		return plain(http.StatusNotFound, name+" is not here")
	}
}

func (p *page) show(asked url.Values) *wire.Response {
	var out bytes.Buffer
	if err := p.template.ExecuteTemplate(&out, "page.html", p.service.shown(asked.Get("user"), asked.Get("channel"))); err != nil {
		return plain(http.StatusInternalServerError, "write the page: "+err.Error())
	}
	return content("text/html; charset=utf-8", out.Bytes())
}

func (p *page) file(name, kind string) *wire.Response {
	text, err := pageFiles.ReadFile(path.Join("page", name))
	if err != nil {
		return plain(http.StatusNotFound, err.Error())
	}
	return content(kind, text)
}

// content may load nothing but the page's own style and script.
func content(kind string, body []byte) *wire.Response {
	return &wire.Response{Status: http.StatusOK, Body: body, Header: http.Header{
		"Content-Type":  {kind},
		"Cache-Control": {"no-store"},
		"Content-Security-Policy": {"default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; " +
			"img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"},
		"Referrer-Policy":        {"no-referrer"},
		"X-Content-Type-Options": {"nosniff"},
	}}
}

func plain(status int, text string) *wire.Response {
	return &wire.Response{Status: status, Body: []byte(text + "\n"), Header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}}}
}

// post does what a form of the page asks for. A form that the page did not make is
// refused: another site could have a browser send it.
func (p *page) post(name string, r *wire.Request, reply func(*wire.Response)) {
	form, err := url.ParseQuery(string(r.Body))
	if err != nil {
		reply(plain(http.StatusBadRequest, "read the form: "+err.Error()))
		return
	}
	from := r.Header.Get("Sec-Fetch-Site")
	if from != "" && from != "same-origin" || subtle.ConstantTimeCompare([]byte(form.Get("token")), []byte(p.service.token)) != 1 {
		reply(plain(http.StatusForbidden, "the form is not this page's; reload the page"))
		return
	}
	back := func() {
		target := "./?" + url.Values{"user": {form.Get("user")}, "channel": {form.Get("channel")}}.Encode()
		reply(&wire.Response{Status: http.StatusSeeOther, Header: http.Header{"Location": {target}}})
	}
	if err := p.do(name, form, func(Outcome) { back() }); err != nil {
		reply(plain(http.StatusConflict, err.Error()))
	}
}

func (p *page) do(name string, form url.Values, done func(Outcome)) error {
	s, user, view := p.service, form.Get("user"), form.Get("view")
	switch name {
	case "press":
		return s.StartPress(Button{
			User: user, Channel: form.Get("channel"), TS: form.Get("ts"), Block: form.Get("block"), Action: form.Get("action"),
		}, done)
	case "submit":
		values := map[string]string{}
		for field, given := range form {
			if block, ok := strings.CutPrefix(field, "input:"); ok {
				// A browser ends the lines of a form with CRLF (HTML Standard,
				// constructing the entry list); what Slack sends has none.
				values[block] = strings.ReplaceAll(given[0], "\r\n", "\n")
			}
		}
		return s.StartSubmit(user, view, values, done)
	case "close":
		s.CloseDialog(user, view)
		done(Outcome{})
		return nil
	default:
		return fmt.Errorf("post %s: the page has no such form", name)
	}
}
