package emulator

import (
	"reflect"
	"testing"

	cloudwatch "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	ecs "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/sluice-deploy/sluice/internal/emulator/keep"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/slack"
)

// Whoever adds a service, or a field that is no data, is told here what to do.
func TestEverythingIsKeptOrMarked(t *testing.T) {
	t.Parallel()
	types := []reflect.Type{
		reflect.TypeFor[made](), reflect.TypeFor[Partition](), reflect.TypeFor[loop.State](), reflect.TypeFor[slack.Service](),
	}
	without := []reflect.Type{
		reflect.TypeFor[loop.Loop](),
		reflect.TypeFor[cloudwatch.EvaluationCriteria](), reflect.TypeFor[ecs.DeploymentLifecycleHook](), // refused by name
	}
	for _, problem := range keep.Check(without, types...) {
		t.Error(problem)
	}
}
