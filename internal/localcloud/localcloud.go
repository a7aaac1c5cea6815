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
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator"
)

// Credentials that the local cloud takes; it takes any.
const (
	AccessKey = "local"
	SecretKey = "local"
)

// Server is a cloud on a port.
type Server struct {
	Endpoint string // URL

	http  *http.Server
	ended chan error
	state string // file that tells of it
}

// Serve puts the cloud on a port of 127.0.0.1, 0 being a free one, and leaves word
// of it for Find.
func Serve(ctx context.Context, cloud *emulator.Cloud, port int) (*Server, error) {
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
	if s.state, err = announce(s.Endpoint); err != nil {
		return nil, errors.Join(err, socket.Close())
	}
	go func() { s.ended <- s.http.Serve(socket) }()
	return s, nil
}

// Handler serves the cloud, and beside AWS's own interface the path EventsPath.
func Handler(cloud *emulator.Cloud) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(EventsPath, events(cloud))
	mux.Handle("/", cloud.Handler())
	return mux
}

// Close takes the cloud off its port. Requests under way are cut off.
func (s *Server) Close() {
	_ = s.http.Close() // its sockets are gone either way
	<-s.ended
	withdraw(s.state)
}
