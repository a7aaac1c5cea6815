// Package conformance says what each emulated operation does, as stories of calls
// through the SDK's clients. The same stories are told to the emulator, in virtual
// time, and to moto_server, another emulation of AWS written by other people; where
// that answers otherwise, a note in the story names the AWS source that decides,
// and a note that is no longer true fails. Beside the stories, AWS's own service
// models say which inputs are refused and which errors there are.
//
// moto_server and botocore come with
//
//	pip install -r scripts/requirements-conformance.txt -r scripts/requirements-models.txt
//
// and what needs them is skipped without them, but fails where CI=true.
//
// All of it is tests: there is nothing to import.
package conformance
