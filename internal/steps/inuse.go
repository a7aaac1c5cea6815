package steps

import (
	"context"
	"log/slog"
	"maps"
	"slices"

	"github.com/sluice-deploy/sluice/internal/images"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// maxTag is the length of a tag in ECR (AWS: ECR API Reference, PutImage).
const maxTag = 128

// keepImages has ECR keep the images of the slot that is about to run them, as long as the
// slot runs no others; before the first rollout also those that the stable slot came
// with. Where ECR cannot be told, because the repository is somebody else's or makes no
// exception for such tags, the rollout goes on without.
func (s *Steps) keepImages(ctx context.Context, j *job) {
	s.tagInUse(ctx, j, j.snap.Plan.Canary, j.release.Images)
	if j.snap.Facts != nil {
		return
	}
	stable := j.snap.StableSlot()
	running, err := j.Services.Images(ctx, j.snap.Of(stable).TaskDefinition)
	if err != nil {
		s.Log.LogAttrs(ctx, slog.LevelWarn, "images of the stable slot may expire while they are in use", slog.String("error", err.Error()))
		return
	}
	maps.DeleteFunc(running, func(container, _ string) bool { return j.release.Images[container] == "" })
	s.tagInUse(ctx, j, stable, running)
}

func (s *Steps) tagInUse(ctx context.Context, j *job, slot rollout.Slot, of map[string]string) {
	for _, container := range slices.Sorted(maps.Keys(of)) {
		tag := images.InUse + j.record.Place.App + "-" + j.record.Place.Environment + "-" + string(slot) + "-" + container
		ref, err := images.Parse(of[container])
		if err == nil {
			err = s.Keeper.Keep(ctx, ref, tag[:min(len(tag), maxTag)])
		}
		if err != nil {
			s.Log.LogAttrs(ctx, slog.LevelWarn, "image may expire while it is in use",
				slog.String("image", of[container]), slog.String("tag", tag), slog.String("error", err.Error()))
		}
	}
}
