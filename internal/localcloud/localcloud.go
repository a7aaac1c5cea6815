// Package localcloud puts a local cloud on a port of this machine, for any SDK or
// the aws CLI, and lets other commands of this program find it.
package localcloud

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Credentials that the local cloud takes, as it takes any, and the Region that it is.
const (
	AccessKey = "local"
	SecretKey = "local"
	Region    = "us-east-1"
)

// Server is a cloud on a port.
type Server struct {
	Endpoint string // URL
	Page     string // URL of the stand-in for Slack

	http  *http.Server
	ended chan error
	state string // file that tells of it
}

// Serve puts the cloud on a port of 127.0.0.1, 0 being a free one, and leaves word
// of it for Find.
func Serve(ctx context.Context, cloud *Cloud, port int) (*Server, error) {
	var config net.ListenConfig
	socket, err := config.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, fmt.Errorf("listen on port %d: %w; choose another with --port", port, err)
	}
	s := &Server{
		Endpoint: "http://" + socket.Addr().String(),
		http:     &http.Server{Handler: Handler(cloud), ReadHeaderTimeout: time.Minute},
		ended:    make(chan error, 1),
	}
	s.Page = s.Endpoint + PagePath
	if s.state, err = announce(s.Endpoint); err != nil {
		return nil, errors.Join(err, socket.Close())
	}
	go func() { s.ended <- s.http.Serve(socket) }()
	return s, nil
}

// Port is the server's.
func (s *Server) Port() int {
	_, text, _ := strings.Cut(strings.TrimPrefix(s.Endpoint, "http://"), ":")
	port, _ := strconv.Atoi(text) // it was made of a number
	return port
}

// Local is the address at which a function's URL is reached over the port, from this
// machine: names below localhost lead to it (RFC 6761, section 6.3).
func (s *Server) Local(functionURL string) string {
	_, port, _ := strings.Cut(strings.TrimPrefix(s.Endpoint, "http://"), ":")
	host, path, _ := strings.Cut(strings.TrimPrefix(functionURL, "https://"), "/")
	return "http://" + strings.TrimSuffix(host, "on.aws") + "localhost:" + port + "/" + path
}

// Close takes the cloud off its port. Requests under way are cut off.
func (s *Server) Close() {
	_ = s.http.Close() // its sockets are gone either way
	<-s.ended
	withdraw(s.state)
}
