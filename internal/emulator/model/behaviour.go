package model

import (
	"strings"
	"time"
)

// Latency is how long a container takes to answer of whose behaviour nothing else is said.
const Latency = 20 * time.Millisecond

// Behaviour is what a container does that runs an image. The zero Behaviour is
// good and immediate. Times with a zero value that would mean never do so.
type Behaviour struct {
	// StartAfter is how long pulling and starting take.
	StartAfter time.Duration
	// FailsToStart is the reason why it never starts, such as
	// "CannotPullContainerError: ..."; "" when it does.
	FailsToStart string
	// Prints are the lines that it prints when it runs.
	Prints []string
	// HealthyAfter is how long after its start it passes health checks.
	HealthyAfter time.Duration
	// NeverHealthy says that it answers requests but never passes a check.
	NeverHealthy bool
	// UnhealthyAfter is how long after its start it fails health checks again;
	// 0 is never.
	UnhealthyAfter time.Duration
	// ExitsAfter is how long after its start it ends with ExitCode; 0 is never.
	ExitsAfter time.Duration
	ExitCode   int
	// StopsAfter is how long it takes to end when told to; it is killed when
	// that is longer than it is given.
	StopsAfter time.Duration
	// ErrorShare is the part of requests that it answers with a 500, by the time
	// since its start; nil is none.
	ErrorShare func(sinceStart time.Duration) float64
	// Latency is how long it takes to answer, by the time since its start; nil is
	// always the constant Latency.
	Latency func(sinceStart time.Duration) time.Duration
}

// Image says how the containers behave that run an image from now on. The image
// is a reference as in a task definition, or a digest, sha256:..., which is
// looked at when the reference is not known.
func (w *World) Image(image string, b Behaviour) { w.images[image] = b }

func (w *World) behaviour(image string) Behaviour {
	if b, ok := w.images[image]; ok {
		return b
	}
	if _, digest, ok := strings.Cut(image, "@"); ok {
		if b, ok := w.images[digest]; ok {
			return b
		}
	}
	return w.Default
}

func (b Behaviour) errorShare(since time.Duration) float64 {
	if b.ErrorShare == nil {
		return 0
	}
	return min(max(b.ErrorShare(since), 0), 1)
}

func (b Behaviour) latency(since time.Duration) time.Duration {
	if b.Latency == nil {
		return Latency
	}
	return b.Latency(since)
}

// healthy reports whether a health check passes.
func (b Behaviour) healthy(since time.Duration) bool {
	return !b.NeverHealthy && since >= b.HealthyAfter && (b.UnhealthyAfter == 0 || since < b.UnhealthyAfter)
}
