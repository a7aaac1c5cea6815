package spec

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Problem is one thing that is wrong with a spec.
type Problem struct {
	File         string
	Line, Column int    // from 1
	Field        string // such as environments[0].steps[1].weight; empty for the file as a whole
	Found        string
	Want         string
	Suggestion   string // what was probably meant; may be empty
}

func (p Problem) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s:%d:%d: ", p.File, p.Line, p.Column)
	if p.Field != "" {
		s.WriteString(p.Field + ": ")
	}
	fmt.Fprintf(&s, "found %s, want %s", p.Found, p.Want)
	if p.Suggestion != "" {
		fmt.Fprintf(&s, "; did you mean %s?", p.Suggestion)
	}
	return s.String()
}

// Error is all that is wrong with a spec, in the order of the file; of a file
// without sense, the first hundred problems. Its kind is rollout.KindSpecInvalid.
type Error struct {
	Problems []Problem
}

// Error gives a line for each problem.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives the error as the rest of Sluice knows errors.
func (e *Error) Unwrap() error {
	return &rollout.Error{Kind: rollout.KindSpecInvalid, Message: e.Error()}
}

// err is the problems found so far as an error, nil if there are none.
func (r *reader) err() error {
	if len(r.problems) == 0 {
		return nil
	}
	problems := make([]Problem, len(r.problems))
	for i, p := range r.problems {
		problems[i] = *p
	}
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return &Error{Problems: problems}
}
