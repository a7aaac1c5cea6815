package live

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/elbv2"
)

// exchange is a request on its way to a target.
type exchange struct {
	group   string
	address string // the target's, local
	port    int32  // the listener's
	sent    time.Time
	cookies []*http.Cookie
}

type exchangeKey struct{}

func exchangeOf(ctx context.Context) *exchange {
	e, _ := ctx.Value(exchangeKey{}).(*exchange)
	return e
}

// handler answers the requests that come to a listener.
func (b *balancer) handler(listenerARN string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		routing := b.routing.Load()
		listener, ok := routing.listeners[listenerARN]
		if !ok {
			b.refuse(w, http.StatusServiceUnavailable)
			return
		}
		rule := listener.Route(requestOf(r))
		switch {
		case rule.FixedResponse != nil:
			w.Header().Set("Content-Type", rule.FixedResponse.ContentType)
			w.WriteHeader(rule.FixedResponse.Status)
			_, _ = w.Write([]byte(rule.FixedResponse.Body)) // the client may have gone
		case rule.Redirect != nil:
			w.Header().Set("Location", location(rule.Redirect, listener, r))
			w.WriteHeader(rule.Redirect.Status)
		default:
			b.forward(w, r, routing, listener.Port, rule.Forward)
		}
	})
}

func requestOf(r *http.Request) elbv2.Request {
	request := elbv2.Request{Method: r.Method, Host: hostOf(r), Path: r.URL.Path, Query: r.URL.Query(), Header: r.Header}
	if source, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		request.Source = source.Addr()
	}
	return request
}

func hostOf(r *http.Request) string {
	if host, _, err := net.SplitHostPort(r.Host); err == nil {
		return host
	}
	return r.Host
}

// location fills in a redirect's placeholders.
// AWS: Application Load Balancers User Guide, redirect actions.
func location(to *elbv2.Redirect, listener elbv2.Listener, r *http.Request) string {
	_, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		port = fmt.Sprint(listener.Port)
	}
	fill := strings.NewReplacer(
		"#{protocol}", strings.ToLower(listener.Protocol), "#{host}", hostOf(r), "#{port}", port,
		"#{path}", strings.TrimPrefix(r.URL.EscapedPath(), "/"), "#{query}", r.URL.RawQuery,
	)
	url := strings.ToLower(fill.Replace(to.Protocol)) + "://" + fill.Replace(to.Host) + ":" + fill.Replace(to.Port) + fill.Replace(to.Path)
	if query := fill.Replace(to.Query); query != "" {
		url += "?" + query
	}
	return url
}

// forward sends a request to a target of the group that is its own by cookie, or
// is chosen by weight.
func (b *balancer) forward(w http.ResponseWriter, r *http.Request, routing *routing, port int32, forward *elbv2.Forward) {
	e := &exchange{port: port, sent: time.Now()}
	var ok bool
	if e.group, ok = stuckGroup(r, forward); !ok {
		if e.group, ok = b.group(forward); !ok {
			b.refuse(w, http.StatusServiceUnavailable)
			return
		}
	}
	group := routing.groups[e.group]
	if len(group.Targets) == 0 {
		b.refuse(w, http.StatusServiceUnavailable)
		return
	}
	if forward.Stickiness > 0 {
		e.cookies = append(e.cookies, cookie(groupCookie, e.group, forward.Stickiness))
	}
	target, ok := stuckTarget(r, group)
	if !ok {
		target = b.target(group, routing.now())
	}
	if group.Stickiness > 0 {
		e.cookies = append(e.cookies, cookie(targetCookie, targetName(target), group.Stickiness))
	}
	e.address = routing.addresses[address{target.IP, target.Port}]
	b.proxy.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), exchangeKey{}, e)))
}

// refuse answers for the load balancer itself.
func (b *balancer) refuse(w http.ResponseWriter, status int) {
	b.samples.add("", func(s *elbv2.Sample) { s.ELB5XX++ })
	page(w, status)
}

// page writes an error as load balancers do.
func page(w http.ResponseWriter, status int) {
	title := fmt.Sprintf("%d %s", status, http.StatusText(status))
	w.Header().Set("Content-Type", "text/html")
	w.Header().Set("Server", "awselb/2.0")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<html>\r\n<head><title>%s</title></head>\r\n<body>\r\n<center><h1>%s</h1></center>\r\n</body>\r\n</html>\r\n", title, title) // the client may have gone
}

// rewrite addresses a request to its target, with the headers load balancers
// add. AWS: Application Load Balancers User Guide, X-Forwarded headers.
func rewrite(r *httputil.ProxyRequest) {
	e := exchangeOf(r.In.Context())
	r.Out.URL.Scheme, r.Out.URL.Host = "http", e.address
	r.Out.Header["X-Forwarded-For"] = r.In.Header["X-Forwarded-For"]
	r.SetXForwarded()
	r.Out.Host = r.In.Host
	r.Out.Header.Del("X-Forwarded-Host")
	r.Out.Header.Set("X-Forwarded-Port", fmt.Sprint(e.port))
}

// answered takes in that a target has answered.
func (b *balancer) answered(resp *http.Response) error {
	e := exchangeOf(resp.Request.Context())
	for _, c := range e.cookies {
		resp.Header.Add("Set-Cookie", c.String())
	}
	took := time.Since(e.sent).Round(time.Millisecond).Seconds()
	b.samples.add(e.group, func(s *elbv2.Sample) {
		s.Requests++
		if class := resp.StatusCode / 100; class < len(s.Status) {
			s.Status[class]++
		}
		s.Latencies = append(s.Latencies, elbv2.Latency{Seconds: took, Count: 1})
	})
	return nil
}

// statusClientClosed is what load balancers note for a client that went away.
const statusClientClosed = 460

// unanswered takes in that a target has not answered.
func (b *balancer) unanswered(w http.ResponseWriter, r *http.Request, err error) {
	e := exchangeOf(r.Context())
	if r.Context().Err() != nil {
		b.samples.add(e.group, func(s *elbv2.Sample) { s.Requests++; s.ELB4XX++ })
		w.WriteHeader(statusClientClosed)
		return
	}
	status := http.StatusBadGateway
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		status = http.StatusGatewayTimeout
	}
	var failed *net.OpError
	unconnected := e.address == "" || errors.As(err, &failed) && failed.Op == "dial"
	b.samples.add(e.group, func(s *elbv2.Sample) {
		s.Requests++
		s.ELB5XX++
		if unconnected {
			s.ConnectionErrors++
		}
	})
	page(w, status)
}

// Cookies of load balancers. AWS: Application Load Balancers User Guide, sticky
// sessions. AWS's are encrypted; these say what they mean.
const (
	groupCookie  = "AWSALBTG"
	targetCookie = "AWSALB"
)

func cookie(name, value string, lasts time.Duration) *http.Cookie {
	return &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: int(lasts.Seconds())}
}

// stuckGroup gives the group a client is to stay with, as long as the rule names
// it: also at weight 0, for which AWS makes no promise.
func stuckGroup(r *http.Request, forward *elbv2.Forward) (string, bool) {
	c, err := r.Cookie(groupCookie)
	if err != nil || forward.Stickiness == 0 {
		return "", false
	}
	named := func(g elbv2.WeightedGroup) bool { return g.ARN == c.Value }
	return c.Value, slices.ContainsFunc(forward.Groups, named)
}

// stuckTarget gives the target a client is to stay with, as long as it may be
// used.
func stuckTarget(r *http.Request, group elbv2.Group) (elbv2.Target, bool) {
	c, err := r.Cookie(targetCookie)
	if err != nil || group.Stickiness == 0 {
		return elbv2.Target{}, false
	}
	at := slices.IndexFunc(group.Targets, func(t elbv2.Target) bool { return targetName(t) == c.Value })
	if at < 0 {
		return elbv2.Target{}, false
	}
	return group.Targets[at], true
}
