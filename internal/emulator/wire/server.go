package wire

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
)

// maxBody is the largest body that a request may have: above what any emulated
// operation takes but S3's objects, which are small here.
const maxBody = 64 << 20

// NewServer serves a handler on a real port. Every request waits for its answer
// on the loop.
func NewServer(l *loop.Loop, h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxBody))
		if err != nil {
			status := http.StatusBadRequest
			var tooLarge *http.MaxBytesError
			if errors.As(err, &tooLarge) {
				status = http.StatusRequestEntityTooLarge
			}
			http.Error(w, err.Error(), status)
			return
		}
		r := newRequest(req, body)
		r.Remote = req.RemoteAddr
		var resp *Response
		var at time.Time
		l.Await(func(done func()) { //nolint:contextcheck // Handle gets the request's
			r.ID = l.UUID()
			h.Handle(req.Context(), r, func(answer *Response) {
				resp, at = answer, l.Now()
				done()
			})
		})
		if resp == nil {
			panic(http.ErrAbortHandler) // how net/http is told to cut a connection
		}
		w.Header().Set("Date", at.UTC().Format(http.TimeFormat)) // the cloud's clock may run faster than this machine's
		resp.writeTo(w, req.Method)
	})
}

func newRequest(req *http.Request, body []byte) *Request {
	host := req.Host
	if host == "" {
		host = req.URL.Host
	}
	return &Request{
		Method: req.Method, Path: req.URL.EscapedPath(), Query: req.URL.RawQuery,
		Header: req.Header, Host: host, Body: body,
	}
}

func (resp *Response) writeTo(w http.ResponseWriter, method string) {
	maps.Copy(w.Header(), resp.Header)
	if method != http.MethodHead && resp.Status != http.StatusNoContent && resp.Status != http.StatusNotModified {
		w.Header().Set("Content-Length", strconv.Itoa(len(resp.Body)))
	}
	w.WriteHeader(resp.Status)
	// The client may be gone; then there is nobody to tell.
	_, _ = w.Write(resp.Body)
}
