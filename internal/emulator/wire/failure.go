package wire

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"github.com/aws/smithy-go"
)

// wireError is an error of the wire layer itself, with its HTTP status.
type wireError struct {
	code    string
	message string
	status  int
	space   string // Coral's namespace of the error's type, where it has one
}

func (e *wireError) Error() string                 { return e.code + ": " + e.message }
func (e *wireError) ErrorCode() string             { return e.code }
func (e *wireError) ErrorMessage() string          { return e.message }
func (e *wireError) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

// serializationError says that a request is not in the protocol's form.
func serializationError(format string, args ...any) error {
	return &wireError{
		code: "SerializationException", message: fmt.Sprintf(format, args...),
		status: http.StatusBadRequest, space: "com.amazon.coral.service",
	}
}

// failure is an error as the wire shows it.
type failure struct {
	code    string // on the wire of Query and XML
	shape   string // in the model; the code where the model does not have it
	space   string
	message string
	status  int
	sender  bool
	detail  *record // the modelled error's members
}

// describe finds out how the model has an error. What is no API error is AWS's
// own failure: the emulator's, here, so it is told.
func describe(m *model, err error) *failure {
	var own *wireError
	if errors.As(err, &own) {
		return &failure{
			code: own.code, shape: own.code, space: own.space, message: own.message,
			status: own.status, sender: own.status < http.StatusInternalServerError,
		}
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return &failure{
			code: "InternalFailure", shape: "InternalFailure", message: err.Error(),
			status: http.StatusInternalServerError,
		}
	}
	f := &failure{code: api.ErrorCode(), shape: api.ErrorCode(), message: api.ErrorMessage(), sender: true}
	s := m.errorShapeOf(api)
	if s == nil {
		f.status = statusOf(f.code, api.ErrorFault())
		f.sender = f.status < http.StatusInternalServerError
		return f
	}
	f.shape = s.Name
	switch {
	case s.Error.Code != "":
		f.code = s.Error.Code
	case m.Name == "sqs" && f.code == s.Name:
		f.code = sqsQueryCode(s.Name)
	}
	f.status = s.Error.HTTPStatus
	if f.status == 0 {
		f.status = statusOf(f.code, api.ErrorFault())
		if s.Fault {
			f.status = http.StatusInternalServerError
		}
	}
	f.sender = f.status < http.StatusInternalServerError && !s.Fault
	f.detail = m.errorDetail(s, api)
	return f
}

// errorShapeOf finds an error by its Go type, else by its code.
func (m *model) errorShapeOf(api smithy.APIError) *shape {
	if t := reflect.TypeOf(api); t.Kind() == reflect.Pointer {
		if s := m.Shapes[t.Elem().Name()]; s != nil && s.Exception {
			return s
		}
	}
	return m.errorShape(api.ErrorCode())
}

// errorDetail is the error's members: those of the SDK's type, or the message
// alone; nil where botocore's model has none, though AWS sends the message there
// too, as the SDK's types for them have it.
func (m *model) errorDetail(s *shape, api smithy.APIError) *record {
	if len(s.members) == 0 {
		return nil
	}
	v := reflect.ValueOf(api)
	if v.Kind() == reflect.Pointer && v.Elem().Type().Name() == s.Name && !v.IsNil() {
		if b, err := m.bind(s, v.Elem().Type()); err == nil {
			return b.get(v.Elem()).(*record)
		}
	}
	rec := newRecord(s)
	for _, name := range []string{"message", "Message"} {
		if ref := s.member(name); ref != nil {
			rec.values[ref.index] = api.ErrorMessage()
			return rec
		}
	}
	return nil
}

// typeName is the value of __type.
func (f *failure) typeName(m *model) string {
	space := f.space
	if space == "" || !coralNamespaces(m.Name) {
		space = errorNamespace(m.Name)
	}
	if space == "" {
		return f.shape
	}
	return space + "#" + f.shape
}

// sqsQueryCode is the code that an error of SQS has in its older Query protocol.
// botocore's model does not have it; it is the awsQueryError trait of the service
// model that the SDK for Go is made from.
func sqsQueryCode(shape string) string {
	switch shape {
	case "QueueDoesNotExist":
		return "AWS.SimpleQueueService.NonExistentQueue"
	case "QueueNameExists":
		return "QueueAlreadyExists"
	case "PurgeQueueInProgress", "QueueDeletedRecently", "UnsupportedOperation":
		return "AWS.SimpleQueueService." + shape
	case "KmsOptInRequired":
		return "KMS.OptInRequired"
	case "KmsThrottled":
		return "KMS.ThrottlingException"
	case "KmsAccessDenied", "KmsDisabled", "KmsInvalidKeyUsage", "KmsInvalidState", "KmsNotFound":
		return "KMS." + strings.TrimPrefix(shape, "Kms") + "Exception"
	}
	return shape
}

// errorNamespace is what a service puts before its errors' names. Clients cut it
// off (smithy.io, "AWS JSON: operation error serialization"); it is here so that
// recordings agree.
func errorNamespace(service string) string {
	switch service {
	case "dynamodb":
		return "com.amazonaws.dynamodb.v20120810"
	case "sqs":
		return "com.amazonaws.sqs"
	case "cloudwatch":
		return "com.amazonaws.cloudwatch"
	}
	return ""
}

// coralNamespaces tells the services that show the namespace of Coral's own
// errors.
func coralNamespaces(service string) bool { return service == "dynamodb" }

// statusOf is the HTTP status of a code that the model gives none.
// AWS: API references, "Common Errors"; Amazon S3 API Reference, "Error
// responses".
func statusOf(code string, fault smithy.ErrorFault) int {
	switch code {
	case "NotModified":
		return http.StatusNotModified
	case "PermanentRedirect":
		return http.StatusMovedPermanently
	case "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "AllAccessDisabled":
		return http.StatusForbidden
	case "NoSuchBucket", "NoSuchKey", "NoSuchUpload", "NoSuchVersion", "NotFound":
		return http.StatusNotFound
	case "MethodNotAllowed":
		return http.StatusMethodNotAllowed
	case "BucketAlreadyExists", "BucketAlreadyOwnedByYou", "BucketNotEmpty", "OperationAborted", "ConditionalRequestConflict":
		return http.StatusConflict
	case "PreconditionFailed":
		return http.StatusPreconditionFailed
	case "InvalidRange":
		return http.StatusRequestedRangeNotSatisfiable
	case "MissingContentLength":
		return http.StatusLengthRequired
	case "InternalFailure", "InternalError", "InternalServerError", "InternalServerException", "ServerException":
		return http.StatusInternalServerError
	case "NotImplemented":
		return http.StatusNotImplemented
	case "ServiceUnavailable", "ServiceUnavailableException", "SlowDown":
		return http.StatusServiceUnavailable
	}
	if fault == smithy.FaultServer {
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}
