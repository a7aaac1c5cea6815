package awsclient

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
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
		return rollout.Errorf(kind, "%s: %s: %w", what, mend(err), err)
	default:
		return rollout.Errorf(kind, "%s: %w", what, err)
	}
}

// denies tells AWS's many codes for a caller who may not do what he asks for; SNS has
// one of its own, and so has a key that may not be used.
func denies(code string) bool {
	for _, begins := range []string{"AccessDenied", "AuthorizationError", "UnauthorizedOperation", "NotAuthorized", "KMSAccessDenied", "KMS.AccessDenied"} {
		if strings.HasPrefix(code, begins) {
			return true
		}
	}
	return false
}

// refusal is how AWS words one: who may not do what, on which resource.
// AWS: IAM User Guide, Troubleshoot access denied error messages.
var refusal = regexp.MustCompile(`User: (\S+) is not authorized to perform: (\S+)(?: on resource: "?([^\s"]+))?`)

// session is the ARN of a session of a role.
var session = regexp.MustCompile(`^arn:[\w-]+:sts::(\d+):assumed-role/([^/]+)/`)

// mend says which role may not do what, and what to do. Where AWS does not say it, neither
// does it.
func mend(err error) string {
	text := err.Error()
	found := refusal.FindStringSubmatch(text)
	if found == nil {
		return "Sluice's role may not do this; add the permission"
	}
	who, action, resource := found[1], found[2], found[3]
	if s := session.FindStringSubmatch(who); s != nil {
		who = "role " + s[2] + " of account " + s[1]
	}
	do := "allow it in the role's policies"
	if strings.Contains(text, "with an explicit deny") {
		do = "a policy denies it: find the statement that does"
	}
	if resource != "" {
		action += " on " + resource
	}
	return fmt.Sprintf("%s may not %s; %s", who, action, do)
}

func meaning(err error) rollout.ErrorKind {
	code := Code(err)
	if _, ok := retry.DefaultThrottleErrorCodes[code]; ok {
		return rollout.KindThrottled
	}
	if denies(code) {
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
