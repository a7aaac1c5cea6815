package cli_test

import (
	"os"
	"path/filepath"
	"regexp"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
)

// shows compares what was printed last with a golden file, which UPDATE_SCRIPTS writes.
// A command takes the cloud's time from a header in whole seconds, and its own from
// there, so times and spans may differ by a second and are left out.
func shows(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("it takes one argument and is not negated")
	}
	matches(ts, args[0], ts.ReadFile("stdout"))
}

// matches compares a text with a golden file, times and spans aside.
func matches(ts *testscript.TestScript, name, got string) {
	golden := filepath.Join("testdata", "golden", name+".txt")
	if before, err := os.ReadFile(golden); os.Getenv("UPDATE_SCRIPTS") != "" && (err != nil || timeless(string(before)) != timeless(got)) { //nolint:gosec // a script of ours names it
		ts.Check(os.WriteFile(golden, []byte(got), 0o600))
	}
	want, err := os.ReadFile(golden) //nolint:gosec // a script of ours names it
	ts.Check(err)
	if diff := cmp.Diff(timeless(string(want)), timeless(got)); diff != "" {
		ts.Fatalf("%s (-want +got; UPDATE_SCRIPTS=1 writes it):\n%s", golden, diff)
	}
}

// alike compares two files of a script, but for what hangs on the second and on ids.
func alike(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("it takes two files and is not negated")
	}
	if diff := cmp.Diff(timeless(ts.ReadFile(args[1])), timeless(ts.ReadFile(args[0]))); diff != "" {
		ts.Fatalf("%s and %s differ (-want +got):\n%s", args[0], args[1], diff)
	}
}

// timeless is a text without what depends on the second it was written in.
func timeless(text string) string {
	for _, r := range []struct{ pattern, with string }{
		{`\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`, "uuid"},
		{`\d\d:\d\d(:\d\d(\.\d+)?)?`, "hh:mm"},
		{`\b(\d+[dhms])+\b`, "span"},
		{`"seconds": \d+`, `"seconds": n`},
		{`\b\d+\.\d+\b`, "n"},
		{`\n {20,}`, " "}, // where it is wrapped
		{` {2,}`, "  "},   // columns are as wide as what is in them
		{`apr-[0-9a-f]+`, "apr-id"},
		// What AWS, and the stacks, give out: it hangs on all that was made before.
		{`\b[0-9a-f]{64}\b`, "digest"},
		{`/[0-9a-f]{16}\b`, "/id"},
		{`-[0-9A-F]{12}\b`, "-ID"},
		{`rollout-[0-9a-f]{8}\b`, "rollout-id"},
	} {
		text = regexp.MustCompile(r.pattern).ReplaceAllString(text, r.with)
	}
	return text
}
