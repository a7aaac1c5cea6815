package handler_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/sluice-deploy/sluice/events"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// seed gives the fuzzer every sample of an event, and pieces that are none.
func seed(f *testing.F) {
	f.Helper()
	samples, err := fs.Glob(events.Files, "*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range samples {
		text, err := events.Files.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	for _, text := range []string{``, `null`, `[]`, `{}`, `{"detail":{}}`, `{"detail":[]}`, `{"deadman":""}`, "\xff\xfe"} {
		f.Add([]byte(text))
	}
}

// known is what an event has to say before anything may come of it.
type known struct {
	Source     string `json:"source"`
	DetailType string `json:"detail-type"`
	Account    string `json:"account"`
	Detail     struct {
		Status     string            `json:"build-status"`
		Project    string            `json:"project-name"`
		Build      string            `json:"build-id"`
		Action     string            `json:"action-type"`
		Result     string            `json:"result"`
		Repository string            `json:"repository-name"`
		Digest     string            `json:"image-digest"`
		Tag        string            `json:"image-tag"`
		App        string            `json:"app"`
		OwnBuild   string            `json:"build"`
		Images     map[string]string `json:"images"`
	} `json:"detail"`
}

// fuzzBuild gives the build function whatever the fuzzer makes of the event. It
// must not break, and starts nothing unless valid says that the event is good for
// it.
func fuzzBuild(f *testing.F, e fields, valid func(w *world, e known) bool) {
	f.Helper()
	w := newWorld(f)
	w.record(nil)
	seed(f)
	f.Add(w.json(e))
	f.Fuzz(func(t *testing.T, payload []byte) {
		w.tb = t
		before := w.executions()
		err := w.invoke("build", payload)
		if err != nil && strings.Contains(err.Error(), "goroutine ") {
			t.Fatalf("it broke: %v", err)
		}
		started := len(w.executions()) - len(before)
		if started == 0 {
			return
		}
		var said known
		if err := json.Unmarshal(payload, &said); err != nil || !valid(w, said) {
			t.Fatalf("%q started %d executions", payload, started)
		}
	})
}

func FuzzCodeBuildEvent(f *testing.F) {
	fuzzBuild(f, built(buildDetail()), validEvent)
}

func FuzzECREvent(f *testing.F) {
	w := newWorld(f)
	fuzzBuild(f, pushed(pushDetail(w.digest)), validEvent)
}

func FuzzOwnEvent(f *testing.F) {
	fuzzBuild(f, own(ownDetail()), validEvent)
}

// validEvent reports whether an event is one of the three kinds and of what there
// is in the world.
func validEvent(w *world, e known) bool {
	d := e.Detail
	switch e.Source + "/" + e.DetailType {
	case "aws.codebuild/CodeBuild Build State Change":
		return e.Account == account && d.Status == "SUCCEEDED" && d.Project == "shop-build" && strings.HasSuffix(buildARN, d.Build)
	case "aws.ecr/ECR Image Action":
		return e.Account == account && d.Action == "PUSH" && d.Result == "SUCCESS" && d.Repository == "pushed" &&
			d.Digest == w.digest && strings.HasPrefix(d.Tag, "v")
	case "sluice.build/Sluice Build Succeeded":
		image := registry + "/shop"
		return e.Account == account && d.App == "shop" && d.OwnBuild != "" && len(d.Images) == 1 &&
			(strings.HasSuffix(d.Images["web"], "@"+w.digest) || d.Images["web"] == image+":v1")
	default:
		return false
	}
}

// fuzzWaker gives a function that wakes whatever the fuzzer makes of an event. It
// must not break; check looks at what has come of it.
func fuzzWaker(f *testing.F, function string, e any, check func(t *testing.T, w *world, payload []byte)) {
	f.Helper()
	w := newWorld(f)
	w.owned(alarmARN + "shop-5xx")
	seed(f)
	f.Add(w.json(e))
	f.Fuzz(func(t *testing.T, payload []byte) {
		w.tb = t
		err := w.invoke(function, payload)
		if err != nil && strings.Contains(err.Error(), "goroutine ") {
			t.Fatalf("it broke: %v", err)
		}
		check(t, w, payload)
	})
}

func FuzzServiceEvent(f *testing.F) {
	e := deployed("arn:aws:ecs:us-east-1:" + account + ":service/shop/shop-green")
	fuzzWaker(f, "service", e, func(t *testing.T, w *world, payload []byte) {
		t.Helper()
		if started := w.executions(); len(started) != 0 {
			t.Fatalf("%q started %q", payload, started)
		}
	})
}

// Only a red alarm that is watched latches.
func FuzzAlarmEvent(f *testing.F) {
	e := alarmed(alarmARN+"shop-5xx", alarmDetail("shop-5xx", rollout.AlarmRed))
	fuzzWaker(f, "alarm", e, func(t *testing.T, w *world, payload []byte) {
		t.Helper()
		env := w.environment()
		if env.LatchRollout != env.Rollout {
			return
		}
		var said struct {
			Resources []string `json:"resources"`
			Detail    struct {
				State struct {
					Value rollout.AlarmState `json:"value"`
				} `json:"state"`
			} `json:"detail"`
		}
		err := json.Unmarshal(payload, &said)
		if err != nil || said.Detail.State.Value != rollout.AlarmRed || said.Resources[0] != alarmARN+"shop-5xx" {
			t.Fatalf("%q latched %s", payload, env.Rollout)
		}
		w.next(&env)
	})
}

// next gives the environment to another rollout, which nothing has latched.
func (w *world) next(env *store.Environment) {
	w.tb.Helper()
	claim := store.Claim{Place: place(), Execution: env.Owner, Rollout: env.Rollout, Kind: env.Kind, Number: env.Number}
	if _, err := w.Steps.Store.HandOver(w.tb.Context(), claim, nil); err != nil {
		w.tb.Fatal(err)
	}
	claim.Number++
	claim.Rollout = fmt.Sprintf("shop-production-%d", claim.Number)
	claim.Execution = w.execution(claim.Rollout)
	if got, _, err := w.Steps.Store.Acquire(w.tb.Context(), claim); err != nil || !got {
		w.tb.Fatalf("acquire for %s: %t, %v", claim.Rollout, got, err)
	}
}

// Only a rollout that is recorded is looked after.
func FuzzRecoverEvent(f *testing.F) {
	fuzzWaker(f, "recover", fields{"deadman": "shop-production-70"}, func(t *testing.T, w *world, payload []byte) {
		t.Helper()
		for _, name := range w.executions() {
			if !strings.HasPrefix(name, "shop-production-7") {
				t.Fatalf("%q started %s", payload, name)
			}
		}
	})
}
