package cli

import (
	"context"
	"os/exec"
	"regexp"
	"strings"
	"time"
)

// hash is a commit as git names it, whole or its beginning. A branch is none: where it
// points changes.
var hash = regexp.MustCompile(`^[0-9a-f]{7,64}$`)

// committed is when the commit of a deployment was made: as --committed says, else as git
// knows it in this folder, else zero.
func (o *DeployOptions) committed(ctx context.Context) (time.Time, error) {
	if o.Committed != "" {
		at, err := time.Parse(time.RFC3339, o.Committed)
		switch {
		case err != nil:
			return at, usagef("--committed is %q, want a time such as 2026-03-02T08:57:11Z, as `git show -s --format=%%cI` gives it", o.Committed)
		case o.Order.Commit == "":
			return at, usagef("--committed says when a commit was made; name it with --commit")
		}
		return at.UTC(), nil
	}
	if !hash.MatchString(o.Order.Commit) {
		return time.Time{}, nil
	}
	shown, err := exec.CommandContext(ctx, "git", "show", "-s", "--format=%cI", o.Order.Commit+"^{commit}").Output() //nolint:gosec // it is a hash
	if err != nil {
		return time.Time{}, nil //nolint:nilerr // there is no git, no repository, or no such commit in it
	}
	at, err := time.Parse(time.RFC3339, strings.TrimSpace(string(shown)))
	if err != nil {
		return time.Time{}, nil //nolint:nilerr // as above: nobody knows
	}
	return at.UTC(), nil
}
