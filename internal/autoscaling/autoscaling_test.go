package autoscaling_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/autoscaling"
	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/harness"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

const cluster = "shop-production"

// names are the services' names.
func names() rollout.Names { return rollout.Names{Blue: "shop-blue", Green: "shop-green"} }

// world is a cloud with an app's environment, both of whose services scale.
type world struct {
	*harness.Harness
	t      *testing.T
	scaler autoscaling.Scaler
}

func newWorld(t *testing.T) world {
	t.Helper()
	l := loop.NewVirtual(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	t.Cleanup(l.Close)
	h, err := harness.New(l, harness.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.DeployService(map[string]string{
		"App": "shop", "Environment": "production", "Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:v0",
	})
	if err != nil {
		t.Fatal(err)
	}
	return world{h, t, autoscaling.Scaler{AutoScaling: awsclient.New(h.Config("AKIAPERSON")).AutoScaling}}
}

func (w world) read(cluster string, names rollout.Names) map[rollout.Slot]*rollout.Scaling {
	w.t.Helper()
	found, err := w.scaler.Read(w.t.Context(), cluster, names)
	if err != nil {
		w.t.Fatal(err)
	}
	return found
}

func TestReadAndSet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	want := map[rollout.Slot]*rollout.Scaling{
		rollout.Blue:  {Min: 2, Max: 6},
		rollout.Green: {Max: 6, InSuspended: true, OutSuspended: true, ScheduledSuspended: true},
	}
	if diff := cmp.Diff(want, w.read(cluster, names())); diff != "" {
		t.Errorf("before (-want +got):\n%s", diff)
	}
	for slot, to := range map[rollout.Slot]rollout.Scaling{
		rollout.Blue:  {Min: 1, Max: 9, InSuspended: true},
		rollout.Green: {Min: 3, Max: 4, OutSuspended: true, ScheduledSuspended: true},
	} {
		for range 2 { // the second changes nothing
			if err := w.scaler.Set(t.Context(), cluster, names().Of(slot), to); err != nil {
				t.Fatal(err)
			}
		}
		want[slot] = &to
	}
	if diff := cmp.Diff(want, w.read(cluster, names())); diff != "" {
		t.Errorf("after (-want +got):\n%s", diff)
	}
}

// A spec may name its cluster by ARN; a scalable target has the cluster's name.
func TestClusterByARN(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const arn = "arn:aws:ecs:us-east-1:123456789012:cluster/" + cluster
	if diff := cmp.Diff(w.read(cluster, names()), w.read(arn, names())); diff != "" {
		t.Errorf("settings by ARN (-by name +by ARN):\n%s", diff)
	}
	to := rollout.Scaling{Min: 1, Max: 9}
	if err := w.scaler.Set(t.Context(), arn, "shop-blue", to); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&to, w.read(cluster, names())[rollout.Blue]); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

func TestReadWithoutTarget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	found := w.read(cluster, rollout.Names{Blue: "shop-blue", Green: "fixed"})
	if found[rollout.Blue] == nil || found[rollout.Green] != nil {
		t.Errorf("settings are %+v, want some for blue and none for green", found)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Faults.Request = func(*wire.Call) *wire.Fault {
		return &wire.Fault{Err: wire.Errorf("ThrottlingException", "Rate exceeded")}
	}
	if _, err := w.scaler.Read(t.Context(), cluster, names()); rollout.KindOf(err) != rollout.KindThrottled {
		t.Errorf("reading: %v, want a Throttled error", err)
	}
	if err := w.scaler.Set(t.Context(), cluster, "shop-blue", rollout.Scaling{Max: 1}); rollout.KindOf(err) != rollout.KindThrottled {
		t.Errorf("setting: %v, want a Throttled error", err)
	}
}
