package wire

import (
	"net/http"
	"net/url"

	"github.com/sluice-deploy/sluice/internal/emulator/partition"
)

// Identity is who calls. The zero value is nobody: the request was not signed.
type Identity struct {
	Account string
	ARN     string // of a user, a session, or an account's root
	UserID  string
	Role    string // ARN of a session's role; "" for others
	// Provider is the ARN of the identity provider by whose token the session was given.
	Provider string

	// Service is a service of AWS that calls for itself ("events.amazonaws.com"), and
	// Source the ARN of the account's resource for whose sake it does. It has no ARN.
	Service, Source string
}

// CredentialError is what is wrong with the credentials of a request. The answer has
// the code that AWS has for it in the request's protocol.
type CredentialError int

// The credential errors.
const (
	ErrUnknownCredentials CredentialError = iota // no such key, or not with this session token
	ErrExpiredCredentials
	ErrOtherRegion // the signature is for a Region that is not served here
)

func (e CredentialError) Error() string {
	switch e {
	case ErrUnknownCredentials:
		return "the credentials are not known"
	case ErrExpiredCredentials:
		return "the credentials have expired"
	case ErrOtherRegion:
		return "the signature is for another Region"
	}
	return "the credentials are not valid"
}

// Credentials gives the access key id and the Region of a request's signature, both ""
// if it is not signed.
func Credentials(r *Request) (accessKey, region string) {
	s := readScope(r)
	return s.accessKey, s.region
}

// SecurityToken is the session token that came with the request, or "".
func (c *Call) SecurityToken() string {
	const name = "X-Amz-Security-Token"
	if token := c.Header.Get(name); token != "" || c.request == nil {
		return token
	}
	values, err := url.ParseQuery(c.request.Query)
	if err != nil {
		return ""
	}
	return values.Get(name)
}

// authenticate finds out who sent a request. Without an Authenticate of the Mux every
// key is a user's of the Mux's account.
func (m *Mux) authenticate(c *Call) error {
	var err error
	switch {
	case c.Region != m.region:
		err = ErrOtherRegion
	case m.Authenticate != nil:
		c.Caller, err = m.Authenticate(c)
	case c.AccessKey != "":
		c.Caller = Identity{Account: m.account, ARN: partition.IAM(m.region, m.account, "user/"+c.AccessKey), UserID: c.AccessKey}
	}
	if wrong, ok := err.(CredentialError); ok { //nolint:errorlint // Authenticate gives it bare
		return c.refuseCredentials(wrong)
	}
	return err
}

// Deny is the answer to a caller who may not do what the call asks for, with the code and
// status that AWS has for it.
// AWS: the API References, Common Errors (JSON: AccessDeniedException, 400; REST-JSON: 403;
// Query: AccessDenied, 403); Amazon SNS API Reference, Publish (AuthorizationError);
// Amazon S3 API Reference, Error responses. Unconfirmed: the status of SQS and CloudWatch,
// whose clients see the code of their older Query protocols.
func (c *Call) Deny(message string) error {
	code, status := "AccessDeniedException", http.StatusBadRequest
	switch c.Service {
	case "sns":
		code, status = "AuthorizationError", http.StatusForbidden
	case "cloudwatch", "elbv2", "iam", "s3", "sqs", "sts":
		code, status = "AccessDenied", http.StatusForbidden
	case "apigatewayv2", "lambda", "scheduler":
		status = http.StatusForbidden
	}
	return &wireError{code: code, message: message, status: status, space: "com.amazon.coral.service"}
}

// refuseCredentials words a credential error as the request's protocol does.
// AWS: the API References, Common Errors (JSON: UnrecognizedClientException,
// ExpiredTokenException; Query: InvalidClientTokenId, ExpiredToken; both:
// SignatureDoesNotMatch or InvalidSignatureException); Amazon S3 API Reference, Error
// responses (InvalidAccessKeyId, ExpiredToken, AuthorizationHeaderMalformed).
func (c *Call) refuseCredentials(e CredentialError) error {
	protocol := "json"
	switch c.protocol.(type) {
	case awsQuery:
		protocol = "query"
	case restXML:
		protocol = "s3"
	}
	status := http.StatusBadRequest
	if _, isREST := c.protocol.(restJSON); isREST || protocol == "query" {
		status = http.StatusForbidden
	}
	refuse := func(code, message string) error {
		return &wireError{code: code, message: message, status: status, space: "com.amazon.coral.service"}
	}
	scope := "Credential should be scoped to a valid region, not '" + c.Region + "'. "
	switch {
	case e == ErrOtherRegion && protocol == "query":
		return refuse("SignatureDoesNotMatch", scope)
	case e == ErrOtherRegion && protocol == "s3":
		return refuse("AuthorizationHeaderMalformed", "The authorization header is malformed; the region '"+c.Region+"' is wrong")
	case e == ErrOtherRegion:
		return refuse("InvalidSignatureException", scope)
	case e == ErrExpiredCredentials && protocol == "query":
		return refuse("ExpiredToken", "The security token included in the request is expired")
	case e == ErrExpiredCredentials && protocol == "s3":
		return refuse("ExpiredToken", "The provided token has expired.")
	case e == ErrExpiredCredentials:
		return refuse("ExpiredTokenException", "The security token included in the request is expired")
	case protocol == "query":
		return refuse("InvalidClientTokenId", "The security token included in the request is invalid")
	case protocol == "s3":
		status = http.StatusForbidden
		return refuse("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
	}
	return refuse("UnrecognizedClientException", "The security token included in the request is invalid.")
}
