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
// slot runs no others. Where ECR cannot be told, because the repository is somebody
// else's or makes no exception for such tags, the rollout goes on without.
func (s *Steps) keepImages(ctx context.Context, j *job, slot rollout.Slot) {
	for _, container := range slices.Sorted(maps.Keys(j.release.Images)) {
		tag := images.InUse + j.record.Place.App + "-" + j.record.Place.Environment + "-" + string(slot) + "-" + container
		ref, err := images.Parse(j.release.Images[container])
		if err == nil {
			err = s.Keeper.Keep(ctx, ref, tag[:min(len(tag), maxTag)])
		}
		if err != nil {
			s.Log.LogAttrs(ctx, slog.LevelWarn, "image may expire while it is in use",
				slog.String("image", j.release.Images[container]), slog.String("tag", tag), slog.String("error", err.Error()))
		}
	}
}
