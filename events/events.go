// Package events holds one sample of each kind of event that Sluice takes or
// gives, as JSON: an event as EventBridge delivers it, or the input of the one
// call that is none. README.md says what each is.
package events

import "embed"

// Files are the samples, by file name.
//
//go:embed *.json
var Files embed.FS
