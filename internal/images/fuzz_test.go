package images_test

import (
	"strings"
	"testing"

	"github.com/sluice-deploy/sluice/internal/images"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// A build's artifact is whatever the build has put there: it gives containers with
// images, or is refused.
func FuzzDefinitions(f *testing.F) {
	for _, text := range []string{
		`[{"name":"web","imageUri":"shop:v1"}]`, `[{"name":"web","imageUri":"a"},{"name":"web","imageUri":"b"}]`, `[]`, `{}`, `[null]`, ``, `[{"name":1}]`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		found, err := images.Definitions(text)
		if err != nil {
			if rollout.KindOf(err) != rollout.KindEventInvalid {
				t.Fatalf("%q: %v is of kind %s", text, err, rollout.KindOf(err))
			}
			return
		}
		if len(found) == 0 {
			t.Fatalf("%q names nothing, and was taken", text)
		}
		for container, image := range found {
			if container == "" || image == "" {
				t.Fatalf("%q gives container %q the image %q", text, container, image)
			}
		}
	})
}

// FuzzParse: what is taken for an image is one, and its parts make the same again.
func FuzzParse(f *testing.F) {
	const registry = "123456789012.dkr.ecr.us-east-1.amazonaws.com/"
	for _, text := range []string{
		registry + "shop:v1", registry + "team/shop@sha256:" + strings.Repeat("ab", 32), registry + "shop", "shop:v1", "", ":", "@sha256:", registry + ":v1",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ref, err := images.Parse(text)
		if err != nil {
			return
		}
		if ref.Registry == "" || ref.Repository == "" || strings.ContainsAny(text, " \n\x00\"") {
			t.Fatalf("%q was taken for %+v", text, ref)
		}
		again, err := images.Parse(ref.String())
		if err != nil || again != ref {
			t.Fatalf("%q is %+v, written %q, which is %+v: %v", text, ref, ref, again, err)
		}
	})
}
