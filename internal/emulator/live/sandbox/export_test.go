package sandbox

import "net/http"

// NewServer is that of what processes ask: their Runtime API and the proxy.
func NewServer(h http.Handler) *http.Server { return newServer(h) }
