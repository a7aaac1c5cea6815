package wire

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
)

// inflate undoes the compression of a request's body. CloudWatch's clients
// compress large requests (smithy.io, "requestCompression trait").
func inflate(r *Request) error {
	if r.Header.Get("Content-Encoding") != "gzip" {
		return nil
	}
	z, err := gzip.NewReader(bytes.NewReader(r.Body))
	if err != nil {
		return serializationError("read the compressed body: %v", err)
	}
	body, err := io.ReadAll(io.LimitReader(z, maxBody+1))
	if err != nil {
		return serializationError("read the compressed body: %v", err)
	}
	if len(body) > maxBody {
		return &wireError{
			code: "RequestEntityTooLarge", message: "the body is larger than the emulator takes",
			status: http.StatusRequestEntityTooLarge,
		}
	}
	r.Body = body
	return nil
}
