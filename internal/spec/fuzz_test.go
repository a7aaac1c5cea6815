package spec_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/spec"
)

func FuzzParse(f *testing.F) {
	for _, seed := range []string{full, least, several, "", "a: 1\n---\nb: 2\n", "&a b: *a\n<<: {c: d}", "? x\n: y\n", "\ta: 1", "a: [", "- - - -\n", "a: |\n  b", "%YAML 1.2\n---\na: 1"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := spec.Parse("sluice.yaml", data)
		if err != nil {
			var problems *spec.Error
			if !errors.As(err, &problems) || len(problems.Problems) == 0 {
				t.Fatalf("error = %v, want a *spec.Error with problems", err)
			}
			for _, p := range problems.Problems {
				if p.Line < 1 || p.Column < 1 || p.Found == "" || p.Want == "" {
					t.Errorf("problem %+v is incomplete", p)
				}
			}
			return
		}
		if !followable(s) {
			t.Errorf("accepted a spec that cannot be followed: %+v", s)
		}
		if value, _ := spec.Value(data); bySchema(t, value) != nil {
			t.Errorf("the schema alone refuses: %v", bySchema(t, value))
		}
		raw, err := json.Marshal(s)
		if err != nil {
			t.Fatalf("marshal: %v", err)
		}
		var back rollout.Spec
		if err := json.Unmarshal(raw, &back); err != nil {
			t.Fatalf("unmarshal: %v", err)
		}
		if diff := cmp.Diff(s, &back); diff != "" {
			t.Errorf("after a round trip (-want +got):\n%s", diff)
		}
	})
}

// followable tells whether a spec holds what the rest of Sluice counts on.
func followable(s *rollout.Spec) bool {
	last, names := 1, map[string]bool{}
	for _, env := range s.Environments {
		approvals := []*rollout.Approval{env.Approval}
		for _, step := range env.Steps {
			approvals = append(approvals, step.Approval)
		}
		switch {
		case names[env.Name], env.Wave < last, len(s.Notify)+len(env.Notify) > spec.MaxChannels:
			return false
		case env.Steps[len(env.Steps)-1].Weight != 100, env.Guard <= 0, env.Slots.Blue == env.Slots.Green:
			return false
		case slices.ContainsFunc(approvals, func(a *rollout.Approval) bool {
			return a != nil && (a.Expires <= 0 || a.OnExpiry == "" || !answerable(*a))
		}):
			return false
		}
		last, names[env.Name] = env.Wave, true
	}
	for _, p := range s.Pipelines {
		if p.Name == "" || p.Approval.Expires != 0 || p.Approval.OnExpiry != "" || !answerable(p.Approval) {
			return false
		}
	}
	return len(names) > 0
}

func answerable(a rollout.Approval) bool {
	return len(a.Approvers) > 0 && a.Quorum > 0 && !slices.Contains(a.Approvers, "")
}

// FuzzWindow reads any text as the parts of a window, and any as a duration.
func FuzzWindow(f *testing.F) {
	f.Add("mon", "09:00", "16:00", "Europe/Berlin", "1h30m")
	f.Add("Mon", "24:00", "9:00", "../etc/passwd", "-1h")
	f.Add("", "\x00", "23:59", "Local", "2d12h")
	f.Add("sun", "00:00", "00:00", "UTC", "9999999999999h")
	f.Fuzz(func(t *testing.T, day, from, to, zone, guard string) {
		quoted := func(s string) string {
			text, err := json.Marshal(s)
			if err != nil {
				t.Skip("no JSON")
			}
			return string(text)
		}
		text := least + "    guard: " + quoted(guard) + "\n    windows: [{days: [" + quoted(day) + "], from: " + quoted(from) +
			", to: " + quoted(to) + ", zone: " + quoted(zone) + "}]\n"
		s, err := spec.Parse("sluice.yaml", []byte(text))
		if err != nil {
			return
		}
		env := s.Environments[0]
		if _, _, err := env.OpenAt(time.Date(2026, 3, 29, 1, 15, 0, 0, time.UTC)); err != nil || env.Guard <= 0 {
			t.Fatalf("%q was taken: guard %s, windows %+v: %v", text, env.Guard, env.Windows, err)
		}
	})
}
