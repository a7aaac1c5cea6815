package sandbox_test

import (
	"bufio"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/live/sandbox"
)

// listener gives the one connection that it was made with.
type listener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}
func (l *listener) Close() error   { close(l.closed); return nil }
func (l *listener) Addr() net.Addr { return &net.TCPAddr{} }

// A process that is frozen for a day finds a connection on which it has sent nothing
// yet as it left it.
func TestConnectionOutlivesTheFreeze(t *testing.T) {
	t.Parallel()
	certificate := httptest.NewTLSServer(nil)
	t.Cleanup(certificate.Close)
	config, trust := certificate.TLS, certificate.Client().Transport.(*http.Transport).TLSClientConfig
	for name, secure := range map[string]bool{"HTTP": false, "HTTPS": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ours, theirs := net.Pipe()
				conn := ours
				plain := &listener{conns: make(chan net.Conn, 1), closed: make(chan struct{})}
				plain.conns <- theirs
				var l net.Listener = plain
				if secure {
					l = tls.NewListener(plain, config)
					conn = tls.Client(conn, &tls.Config{RootCAs: trust.RootCAs, ServerName: "example.com", MinVersion: tls.VersionTLS12})
				}
				server := sandbox.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
				ended := make(chan struct{})
				go func() { _ = server.Serve(l); close(ended) }()
				// The pipe first: a server that closes says farewell to whoever does not read, and
				// virtual time does not pass while its lock is waited for.
				defer func() { _ = ours.Close(); _ = server.Close(); <-ended }()

				<-time.After(24 * time.Hour)
				req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
				if err := req.Write(conn); err != nil {
					t.Fatalf("the first request after the freeze: %v", err)
				}
				resp, err := http.ReadResponse(bufio.NewReader(conn), req)
				if err != nil {
					t.Fatalf("the first answer after the freeze: %v", err)
				}
				defer resp.Body.Close() //nolint:errcheck // it is not read
				if got, want := resp.StatusCode, http.StatusTeapot; got != want {
					t.Errorf("status %d, want %d", got, want)
				}
			})
		})
	}
}
