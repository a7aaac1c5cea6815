package attribute

import "fmt"

// RejectionError is what is wrong with a request, in DynamoDB's words: the message of
// a ValidationException.
type RejectionError string

func (r RejectionError) Error() string { return string(r) }

// Reject makes a RejectionError.
func Reject(format string, args ...any) error { return RejectionError(fmt.Sprintf(format, args...)) }
