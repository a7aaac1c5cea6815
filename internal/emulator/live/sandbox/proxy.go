package sandbox

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"github.com/sluice-deploy/sluice/internal/emulator/partition"
)

// proxy is the port through which the processes see the cloud: its APIs, for those
// who ask the port itself, and as an HTTP proxy all hosts that there are. A host of
// HTTPS has a certificate of an authority that only the processes trust.
type proxy struct {
	host      *Host
	authority *authority
	listener  net.Listener
	file      string // of the authority's certificate
	plain     *http.Server
	secure    *http.Server
	tls       *tls.Config
	tunnels   *tunnels
}

func newProxy(h *Host) (*proxy, error) {
	p := &proxy{host: h, file: filepath.Join(h.folder, "authority.pem"), tunnels: newTunnels()}
	var err error
	if p.authority, err = newAuthority(); err != nil {
		return nil, err
	}
	if err := os.WriteFile(p.file, p.authority.pem(), 0o600); err != nil {
		return nil, fmt.Errorf("keep the certificate authority of functions: %w", err)
	}
	if p.listener, err = listen(context.Background()); err != nil { //nolint:forbidigo // a local port is had at once
		return nil, err
	}
	p.plain = newServer(p)
	p.secure = newServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.world.Handler.ServeHTTP(w, r) }))
	p.tls = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: p.authority.certificate}
	return p, nil
}

func (p *proxy) serve() {
	serve(p.plain, p.listener)
	serve(p.secure, p.tunnels)
}

func (p *proxy) close() {
	_ = p.listener.Close() // it may not have been served
	_ = p.plain.Close()
	_ = p.secure.Close()
	_ = p.tunnels.Close()
}

// variables lead a process here. Its own Runtime API is no host of the cloud.
func (p *proxy) variables() map[string]string {
	url := "http://" + p.listener.Addr().String()
	return map[string]string{
		"AWS_ENDPOINT_URL": url, "HTTPS_PROXY": url, "HTTP_PROXY": url, "NO_PROXY": "127.0.0.1", "SSL_CERT_FILE": p.file,
	}
}

// ServeHTTP serves the port.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	proxied := r.Method == http.MethodConnect || r.URL.IsAbs()
	if proxied && !p.reaches(r.Host) {
		http.Error(w, "the local cloud has no host "+r.Host, http.StatusBadGateway)
		return
	}
	if r.Method == http.MethodConnect {
		p.tunnel(w, r)
		return
	}
	p.host.world.Handler.ServeHTTP(w, r)
}

// reaches reports whether a host is AWS's or one of the cloud's web.
func (p *proxy) reaches(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	known := partition.Hosts(name)
	if !known {
		p.host.loop.Do(func() { known = p.host.world.Knows(name) })
	}
	return known
}

// tunnel makes a connection one of the HTTPS server's, once its handshake is done. One
// that fails is nothing to report here, as net/http would: the process was killed in it,
// or sees for itself what is wrong.
func (p *proxy) tunnel(w http.ResponseWriter, r *http.Request) {
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if _, err := conn.Write([]byte("HTTP/1.1 200 Connection Established\r\n\r\n")); err != nil {
		_ = conn.Close() // the process is gone
		return
	}
	secure := tls.Server(&tunneled{Conn: conn, from: buffered.Reader}, p.tls)
	if err := secure.HandshakeContext(context.WithoutCancel(r.Context())); err != nil {
		_ = conn.Close() // it is of no use
		return
	}
	p.tunnels.add(secure)
}

// tunneled is a connection of which a part may have been read ahead.
type tunneled struct {
	net.Conn

	from *bufio.Reader
}

func (t *tunneled) Read(p []byte) (int, error) { return t.from.Read(p) }

// tunnels is a listener of connections that came in by CONNECT, with TLS in them.
type tunnels struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newTunnels() *tunnels { return &tunnels{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (t *tunnels) add(c net.Conn) {
	select {
	case t.conns <- c:
	case <-t.closed:
		_ = c.Close()
	}
}

// Accept implements net.Listener.
func (t *tunnels) Accept() (net.Conn, error) {
	select {
	case c := <-t.conns:
		return c, nil
	case <-t.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (t *tunnels) Close() error {
	t.once.Do(func() { close(t.closed) })
	return nil
}

// Addr implements net.Listener.
func (t *tunnels) Addr() net.Addr { return &net.TCPAddr{} }
