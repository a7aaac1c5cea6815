package localcloud

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/sluice-deploy/sluice/internal/emulator/web"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// PagePath is where the stand-in for Slack is shown.
const PagePath = "/slack/"

// LogsPath is where what functions have printed is shown, one line each, where they
// are processes. It is in their log groups too, where `sluice logs` finds it.
const LogsPath = "/_sluice/logs"

// writeLogs answers a request to LogsPath.
func (c *Cloud) writeLogs(w http.ResponseWriter) {
	if c.functions == nil {
		http.Error(w, "functions are called in the cloud's process here and print nothing of their own", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	for _, line := range c.Logs.Lines() {
		_, _ = fmt.Fprintln(w, line) // who asked may be gone
	}
}

// Handler serves the cloud: AWS's own interface, and every host of its web, such as
// those of function URLs, by the request's Host. On the port's own host it has three
// paths more, EventsPath, LogsPath and PagePath. Nobody else's path is touched: a
// function URL gets it as it was sent.
func Handler(cloud *Cloud) http.Handler {
	aws, put := cloud.Handler(), events(cloud.Cloud)
	page := wire.NewServer(cloud.loop, site{cloud.Slack.Page()})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.Path
		switch {
		case !own(r.Host):
			aws.ServeHTTP(w, r)
		case path == EventsPath:
			put.ServeHTTP(w, r)
		case path == LogsPath:
			cloud.writeLogs(w)
		case signed(r): // S3 may have a bucket named slack
			aws.ServeHTTP(w, r)
		case path == strings.TrimSuffix(PagePath, "/"):
			to := PagePath
			if r.URL.RawQuery != "" {
				to += "?" + r.URL.RawQuery
			}
			http.Redirect(w, r, to, http.StatusPermanentRedirect)
		case strings.HasPrefix(path, PagePath):
			page.ServeHTTP(w, r)
		default:
			aws.ServeHTTP(w, r)
		}
	})
}

// own reports whether a host is the port's: this machine by number, or localhost.
func own(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	ip := net.ParseIP(strings.Trim(name, "[]"))
	return strings.EqualFold(name, "localhost") || ip != nil && ip.IsLoopback()
}

// signed reports whether a request is one to AWS, signed in a header or in the URL.
// AWS: IAM User Guide, AWS Signature Version 4 for API requests.
func signed(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-") || r.URL.Query().Has("X-Amz-Algorithm")
}

// site serves a site of the web on a port.
type site struct{ web.Site }

// Handle implements wire.Handler.
func (s site) Handle(_ context.Context, r *wire.Request, reply func(*wire.Response)) {
	s.Serve(r, reply)
}
