package harness_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// What a slot runs has a tag in ECR that says so, from the first rollout on, and nothing
// that no slot runs has one.
func TestImagesInUseAreTagged(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.wantInUse(map[string]string{})
	first := b.build(good, 1)
	b.untilState(first, "AwaitCanary")
	b.wantInUse(map[string]string{"blue": "v0", "green": "v1"})
	b.untilEnded(first)
	b.wantInUse(map[string]string{"blue": "v0", "green": "v1"})
	second := b.build(good, 1)
	b.untilEnded(second)
	b.wantOutcome(second, rollout.Succeeded)
	b.wantInUse(map[string]string{"blue": "v2", "green": "v1"})
	bad := b.build(failing(0.5, 0), 1)
	b.untilEnded(bad)
	b.wantOutcome(bad, rollout.RolledBack)
	b.wantInUse(map[string]string{"blue": "v2", "green": "v3"})
}

// wantInUse compares which version has which slot's tag.
func (b *box) wantInUse(want map[string]string) {
	b.t.Helper()
	out, err := b.aws.ECR.DescribeImages(b.ctx(), &ecr.DescribeImagesInput{RepositoryName: new("shop")})
	if err != nil {
		b.t.Fatal(err)
	}
	got := map[string]string{}
	for _, image := range out.ImageDetails {
		var version string
		for _, tag := range image.ImageTags {
			if strings.HasPrefix(tag, "v") {
				version = tag
			}
		}
		for _, tag := range image.ImageTags {
			if slot, ok := strings.CutPrefix(tag, "in-use-shop-production-"); ok {
				got[strings.TrimSuffix(slot, "-web")] = version
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		b.t.Errorf("versions tagged as in use, by slot (-want +got):\n%s", diff)
	}
}
