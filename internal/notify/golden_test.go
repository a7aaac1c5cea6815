package notify_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/notify"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

var update = flag.Bool("update", false, "write testdata as notices are rendered now")

// TestRendered compares what people read of a notice. Each file of testdata is a
// case: the notice, and after it what is made of it.
func TestRendered(t *testing.T) {
	t.Parallel()
	for name, n := range cases(t) {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			t.Parallel()
			got := rendered(t, n)
			if *update {
				if err := os.WriteFile(name, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name) //nolint:gosec // a file of testdata
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got; -update writes it):\n%s", name, diff)
			}
		})
	}
}

// TestEveryMomentIsRendered finds moments and outcomes without a case, and those that
// people cannot tell apart.
func TestEveryMomentIsRendered(t *testing.T) {
	t.Parallel()
	moments, outcomes, sentences := map[rollout.Moment]bool{}, map[rollout.Outcome]bool{}, map[string]string{}
	for name, n := range cases(t) {
		moments[n.Moment], outcomes[n.Outcome] = true, true
		said := notify.Sentence(n)
		if other, twice := sentences[said]; twice {
			t.Errorf("%s and %s say the same: %q", name, other, said)
		}
		sentences[said] = name
	}
	for _, m := range append(rollout.Moments(), "") {
		if !moments[m] {
			t.Errorf("no case has the moment %q", m)
		}
	}
	for _, o := range []rollout.Outcome{rollout.Succeeded, rollout.RolledBack, rollout.Superseded, rollout.Refused, rollout.Rejected, rollout.Dirty} {
		if !outcomes[o] {
			t.Errorf("no case has the outcome %q", o)
		}
	}
}

// cases are the notices of testdata, by file.
func cases(t *testing.T) map[string]notify.Notice {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("testdata has no cases: %v", err)
	}
	all := map[string]notify.Notice{}
	for _, name := range files {
		text, err := os.ReadFile(name) //nolint:gosec // a file of testdata
		if err != nil {
			t.Fatal(err)
		}
		given, _, _ := strings.Cut(string(text), "\n-- ")
		var n notify.Notice
		decoder := json.NewDecoder(strings.NewReader(given))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&n); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all[name] = n
	}
	return all
}

// rendered is a case's file.
func rendered(t *testing.T, n notify.Notice) string {
	t.Helper()
	topics, workflows := taking(), answering(http.StatusAccepted)
	if err := publisher(topics).Deliver(t.Context(), rollout.Channel{SNS: topic}, n); err != nil {
		t.Fatal(err)
	}
	if err := newWorld(t).teams(workflows).Deliver(t.Context(), carded(), n); err != nil {
		t.Fatal(err)
	}
	given, err := json.MarshalIndent(n, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	var card bytes.Buffer
	if err := json.Indent(&card, workflows.got[0].body, "", "  "); err != nil {
		t.Fatal(err)
	}
	return strings.Join([]string{
		string(given), "-- sentence --", notify.Sentence(n), "-- SNS subject --", form(t, topics.got[0]).Get("Subject"),
		"-- Teams card --", card.String(), "",
	}, "\n")
}
