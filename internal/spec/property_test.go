package spec_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/spec"
)

func drawName(t *rapid.T, label string) string {
	return rapid.StringMatching(`[a-z][a-z0-9]{0,8}`).Draw(t, label)
}

func drawSpan(t *rapid.T, label string) time.Duration {
	return time.Duration(rapid.IntRange(1, 24*60*60).Draw(t, label)) * time.Second
}

// drawEnvironment draws an environment, and what the file says for it.
func drawEnvironment(t *rapid.T, name string, wave int) (rollout.Environment, map[string]any) {
	env := rollout.Environment{
		Name: name, Wave: wave, Cluster: drawName(t, "cluster"),
		Slots: rollout.Names{Blue: name + "-blue", Green: name + "-green"}, Guard: drawSpan(t, "guard"),
		Inconclusive: rollout.InconclusiveRule{
			Retries: rapid.IntRange(0, 10).Draw(t, "retries"),
			Then:    rapid.SampledFrom([]rollout.Choice{rollout.ChooseRollback, rollout.ChooseProceed}).Draw(t, "then"),
		},
		Windows: []rollout.Window{{
			Days: []time.Weekday{time.Weekday(rapid.IntRange(0, 6).Draw(t, "day"))}, Zone: "Europe/Berlin",
			From: rapid.IntRange(0, 24*60-1).Draw(t, "from"), To: rapid.IntRange(0, 24*60-1).Draw(t, "to"),
		}},
	}
	weights := rapid.SliceOfNDistinct(rapid.IntRange(1, 99), 0, 4, rapid.ID[int]).Draw(t, "weights")
	slices.Sort(weights)
	var steps []map[string]any
	for _, weight := range append(weights, 100) {
		step := rollout.Step{Weight: weight, Bake: drawSpan(t, "bake")}
		env.Steps = append(env.Steps, step)
		steps = append(steps, map[string]any{"weight": step.Weight, "bake": step.Bake.String()})
	}
	w := env.Windows[0]
	clock := func(minutes int) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }
	return env, map[string]any{
		"name": name, "cluster": env.Cluster, "slots": map[string]any{"blue": env.Slots.Blue, "green": env.Slots.Green},
		"guard": env.Guard.String(), "steps": steps,
		"inconclusive": map[string]any{"retries": env.Inconclusive.Retries, "then": string(env.Inconclusive.Then)},
		"windows": []any{map[string]any{
			"days": []string{strings.ToLower(w.Days[0].String()[:3])}, "from": clock(w.From), "to": clock(w.To), "zone": w.Zone,
		}},
	}
}

// What is written down as a spec is read as what it was.
func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		const repository = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop"
		want := rollout.Spec{App: drawName(t, "app"), Containers: map[string]string{"web": repository}, Triggers: rollout.Triggers{Event: true}}
		var environments []any
		for i := range rapid.IntRange(1, 3).Draw(t, "environments") {
			env, said := drawEnvironment(t, fmt.Sprintf("env%d", i), i+1)
			want.Environments = append(want.Environments, env)
			environments = append(environments, said)
		}
		text, err := yaml.Marshal(map[string]any{
			"app": want.App, "containers": want.Containers, "triggers": []string{"event"}, "environments": environments,
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := spec.Parse("sluice.yaml", text)
		if err != nil {
			t.Fatalf("%s\n%v", text, err)
		}
		if diff := cmp.Diff(&want, got); diff != "" {
			t.Fatalf("%s\nis read as (-want +got):\n%s", text, diff)
		}
	})
}

// Whatever is broken in a spec, each error stands at a place in the file.
func TestErrorsStandInTheFile(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		lines := strings.SplitAfter(full, "\n")
		i := rapid.IntRange(0, len(lines)-1).Draw(t, "line")
		lines[i] = rapid.OneOf(
			rapid.Just(""), rapid.Just(lines[i]+lines[i]), rapid.Just("  "+lines[i]),
			rapid.Just(lines[rapid.IntRange(0, len(lines)-1).Draw(t, "another")]),
			rapid.Map(rapid.SampledFrom([]string{"{", "]", ": ", "- ", "&a ", "*a", "\t", "é", "null"}), func(odd string) string { return odd + lines[i] }),
			rapid.Map(rapid.String(), func(odd string) string { return odd + "\n" }),
		).Draw(t, "becomes")
		text := strings.Join(lines, "")
		_, err := spec.Parse("sluice.yaml", []byte(text))
		if err == nil {
			return
		}
		var wrong *spec.Error
		if !errors.As(err, &wrong) || len(wrong.Problems) == 0 {
			t.Fatalf("%v is no *spec.Error with problems", err)
		}
		last := strings.Count(text, "\n") + strings.Count(text, "\r") + 1
		for _, p := range wrong.Problems {
			if p.Line < 1 || p.Line > last || p.Column < 1 || p.Found == "" || p.Want == "" {
				t.Fatalf("%+v of a file of %d lines:\n%s", p, last, text)
			}
		}
	})
}
