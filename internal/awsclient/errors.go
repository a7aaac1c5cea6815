package awsclient

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Code is the AWS error code of err, "" if it has none.
func Code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// Is reports whether err carries one of the AWS error codes.
func Is(err error, codes ...string) bool { return slices.Contains(codes, Code(err)) }

// Wrap says what a failed call was about and what its error means: Throttled,
// Unavailable (a 5xx, a broken connection, no answer in time), Denied, or
// Internal for what is left, which is nothing that a repeat would mend. An error
// that has a kind keeps it.
func Wrap(err error, format string, args ...any) error {
	what := fmt.Sprintf(format, args...)
	var known *rollout.Error
	if errors.As(err, &known) {
		return rollout.Errorf(known.Kind, "%s: %w", what, err)
	}
	switch kind := meaning(err); kind { //nolint:exhaustive // meaning gives these four
	case rollout.KindThrottled:
		return rollout.Errorf(kind, "%s: AWS asks for fewer calls: %w", what, err)
	case rollout.KindUnavailable:
		return rollout.Errorf(kind, "%s: AWS did not answer: %w", what, err)
	case rollout.KindDenied:
		return rollout.Errorf(kind, "%s: Sluice's role may not do this; add the permission: %w", what, err)
	default:
		return rollout.Errorf(kind, "%s: %w", what, err)
	}
}

func meaning(err error) rollout.ErrorKind {
	code := Code(err)
	if _, ok := retry.DefaultThrottleErrorCodes[code]; ok {
		return rollout.KindThrottled
	}
	if strings.HasPrefix(code, "AccessDenied") || code == "UnauthorizedOperation" || code == "NotAuthorized" {
		return rollout.KindDenied
	}
	var status *smithyhttp.ResponseError
	var api smithy.APIError
	if errors.As(err, &status) && status.HTTPStatusCode() >= 500 ||
		errors.As(err, &api) && api.ErrorFault() == smithy.FaultServer {
		return rollout.KindUnavailable
	}
	var network net.Error
	var sent *smithyhttp.RequestSendError
	var cancelled *smithy.CanceledError
	if errors.As(err, &network) || errors.As(err, &sent) || errors.As(err, &cancelled) ||
		errors.Is(err, context.DeadlineExceeded) {
		return rollout.KindUnavailable
	}
	return rollout.KindInternal
}
