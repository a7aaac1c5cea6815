// Package conformance says what each emulated operation does, as stories of calls
// through the SDK's clients. The same stories are told to the emulator and to
// moto_server, another emulation of AWS written by other people; where the two
// differ, the story names the AWS source that decides. Beside the stories, AWS's
// own service models say which inputs are refused.
//
// All of it is tests: there is nothing to import.
package conformance
