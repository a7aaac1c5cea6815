package handler

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// request is what a Function URL brings (AWS: Lambda Developer Guide, invoking
// function URLs): header names are in lower case, the body may be base64.
type request struct {
	events.LambdaFunctionURLRequest

	body []byte
}

func (r request) header(name string) string { return r.Headers[strings.ToLower(name)] }

func (r request) method() string { return r.RequestContext.HTTP.Method }

// answer is what a Function URL gives back.
type answer struct {
	status int
	body   []byte // JSON; nil is an empty body
}

// said is an answer that says something to a program's user.
func said(status int, text string) answer {
	body, err := json.Marshal(map[string]string{"message": text})
	if err != nil {
		return answer{status: status} // a string always encodes
	}
	return answer{status, body}
}

// urlFunc makes a handler of what serves a Function URL. What is not a request from
// one is refused.
func urlFunc(maxBody int, serve func(ctx context.Context, r request) answer) Func {
	return func(ctx context.Context, payload []byte) ([]byte, error) {
		var r request
		if err := json.Unmarshal(payload, &r.LambdaFunctionURLRequest); err != nil {
			return nil, rollout.Errorf(rollout.KindEventInvalid, "not a request to a Function URL: %w", err)
		}
		if r.method() == "" {
			return nil, rollout.Errorf(rollout.KindEventInvalid, "not a request to a Function URL: it has no method")
		}
		return encodeAnswer(func() answer {
			if len(r.Body) > base64.StdEncoding.EncodedLen(maxBody) {
				return said(http.StatusRequestEntityTooLarge, "the body is too large")
			}
			r.body = []byte(r.Body)
			if r.IsBase64Encoded {
				var err error
				if r.body, err = base64.StdEncoding.DecodeString(r.Body); err != nil {
					return said(http.StatusBadRequest, "the body is not base64")
				}
			}
			if len(r.body) > maxBody {
				return said(http.StatusRequestEntityTooLarge, "the body is too large")
			}
			return serve(ctx, r)
		}())
	}
}

func encodeAnswer(a answer) ([]byte, error) {
	out := events.LambdaFunctionURLResponse{StatusCode: a.status, Body: string(a.body)}
	if a.body != nil {
		out.Headers = map[string]string{"Content-Type": "application/json"}
	}
	text, err := json.Marshal(out)
	if err != nil {
		return nil, rollout.Errorf(rollout.KindInternal, "encode an answer: %w", err)
	}
	return text, nil
}
