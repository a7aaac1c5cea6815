package harness_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Staging goes back while production's lock is on its way: who stops production finds
// it neither asked, nor in the queue, nor in its environment. Prepare looks once it has
// the environment, and does not begin.
func TestStagingGoesBackWhileProductionTakesTheLock(t *testing.T) {
	t.Parallel()
	b := late(t)
	slow := false
	b.faults = append(b.faults, func(c *wire.Call) *wire.Fault {
		update, ok := c.Input().(*dynamodb.UpdateItemInput)
		if !ok || slow || b.caller(c) != "lock" {
			return nil
		}
		if sk, ok := update.Key["sk"].(*types.AttributeValueMemberS); !ok || sk.Value != "environment#production" {
			return nil
		}
		slow = true
		b.After(500*time.Millisecond, func() { b.alarmNow("staging-green-5xx", red) })
		return &wire.Fault{Delay: 4500 * time.Millisecond}
	})
	name := b.build(good, 1)
	staging := into("staging", name)
	b.untilEnded(name)
	b.untilEnded(staging)
	b.wantOutcome(staging, rollout.RolledBack)
	b.wantPath(name, way([]string{"Start", "Approve", "Lock", "Prepare"}, back)...)
	b.wantReason(name, rollout.Refused, "the deployment stopped at staging")
	b.RunFor(5 * time.Minute)
	b.in("staging").wantAtRest(rollout.Blue, staging)
	b.wantAtRest(rollout.Blue, name)
	b.wantNoTraffic(rollout.Green)
}
