package rollout_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

func TestFill(t *testing.T) {
	t.Parallel()
	r := rollout.Release{
		App: "shop", Number: 7, Images: map[string]string{"web": "shop@sha256:1", "log_router": "fluent@sha256:2"},
		Cause: rollout.Cause{Commit: `3f"2c\`},
	}
	for _, c := range []struct{ text, want, err string }{
		{`{"a":"<sluice.number> of <sluice.name>: <sluice.commit>"}`, `{"a":"7 of shop-production-7: 3f\"2c\\"}`, ""},
		{`["<sluice.image.web>","<sluice.image.log_router>"]`, `["shop@sha256:1","fluent@sha256:2"]`, ""},
		{`{"a":"<b> {{ c }} sluice.number"}`, `{"a":"<b> {{ c }} sluice.number"}`, ""},
		{
			`["<sluice.image.api>","<sluice.slot>","<sluice.slot>","<sluice.number>"]`, "",
			"task.json asks for <sluice.image.api>, <sluice.slot>, which this release does not have; register the spec again and build once more",
		},
	} {
		got, err := rollout.TaskDefinition{File: "task.json", Text: c.text}.Fill(r.Holes("production"))
		if said := saidBy(err); said != c.err || got != c.want {
			t.Errorf("%s is %s (%s), want %s (%s)", c.text, got, said, c.want, c.err)
		}
	}
	if diff := cmp.Diff("<sluice.image.web>", rollout.HoleImage("web").String()); diff != "" {
		t.Errorf("hole (-want +got):\n%s", diff)
	}
}

func saidBy(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
