package harness_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

const (
	waits   = types.ActionExecutionStatusInProgress
	isGreen = types.ActionExecutionStatusSucceeded
	isRed   = types.ActionExecutionStatusFailed
)

// The stage turns green when the whole deployment has succeeded, guards included, and
// not before.
func TestStageGreen(t *testing.T) {
	t.Parallel()
	d := newDeploying(t, near("staging"), boxed())
	answers := d.answers()
	var readers []string
	d.observe(func(c *wire.Call, _, _ any, _ error) {
		if c.Operation == "GetObject" {
			readers = append(readers, c.Caller.ARN)
		}
	})
	run := d.release(shopPipeline, good)
	// The artifact is read with what the pipeline gave, not with Sluice's own role.
	who := "arn:aws:sts::123456789012:assumed-role/" + d.stack.PhysicalIDs["PipelineRole"] + "/codepipeline"
	if diff := cmp.Diff([]string{who}, readers); diff != "" {
		t.Errorf("who read the artifact (-want +got):\n%s", diff)
	}
	const name = "shop-production-1"
	staging := into("staging", name)
	d.untilState(name, "Guard")
	d.wantStage(shopPipeline, waits, "staging", "production")
	d.untilEnded(name)
	d.RunFor(5 * time.Second)
	d.wantStage(shopPipeline, isGreen, "release 1 of shop: staging Succeeded, production Succeeded")
	d.wantPath(staging, short...)
	d.wantPath(name, whole...)
	d.wantThrough(name, ends{"staging": rollout.Succeeded, "production": rollout.Succeeded})
	if got := aws.ToString(d.stage(shopPipeline).ExternalExecutionId); got != name {
		t.Errorf("the stage's execution is %q, want %s", got, name)
	}
	// Beside the first answer and the last, one every ten minutes at most.
	if n := len(*answers); n > 7 || (*answers)[0] != "goes on" || (*answers)[n-1] != "PutJobSuccessResult" || slices.Index(*answers, "PutJobSuccessResult") != n-1 {
		t.Errorf("answers %q, want that it goes on, at most every 10 minutes, and the result last", *answers)
	}
	d.wantNotes(name, "the pipeline was told: release 1 of shop: staging Succeeded")
	cause := d.releaseOf(1).Cause
	if cause.Source != "codepipeline" || cause.Execution != run || cause.Commit != "3f2c1e0d" || cause.Author != "dana@example.com" ||
		cause.Key != "job#"+cause.Job || !strings.Contains(cause.Link, "/pipelines/shop/view") {
		t.Errorf("the cause is %+v, want the job, the pipeline's execution %s, the commit and its author", cause, run)
	}
	d.RunFor(48 * time.Hour)
	if n := len(*answers); (*answers)[n-1] != "PutJobSuccessResult" || slices.Index(*answers, "PutJobSuccessResult") != n-1 {
		t.Errorf("answers %q, want none after the result", *answers)
	}
	d.wantExecutions(staging, name)
}

// releaseOf is a release of the app.
func (d *deploying) releaseOf(number int) rollout.Release {
	d.t.Helper()
	release, err := d.Steps.Store.Release(d.ctx(), "shop", number)
	if err != nil {
		d.t.Fatal(err)
	}
	return release
}

// The stage turns red when the deployment ends otherwise, and says where and why.
func TestStageRed(t *testing.T) {
	t.Parallel()
	const name = "shop-production-1"
	asked := func(env *rollout.Environment) { env.Approval = asking() }
	for _, c := range []struct {
		name string
		env  rollout.Environment
		fail func(d *deploying)
		says string
		want []string
	}{
		{"rolled back", boxed(), func(d *deploying) {
			d.untilState(name, "Bake")
			d.alarm("shop-green-5xx", red)
		}, "stopped at production: RolledBack: alarm shop-green-5xx went red", way(begin, []string{"Shift", "Bake"}, back)},
		{"an alarm in the guard", boxed(), func(d *deploying) {
			d.untilState(name, "Guard")
			d.alarm("shop-green-5xx", red)
		}, "stopped at production: RolledBack: alarm shop-green-5xx went red", way(begin, step, step, step, []string{"Complete", "Guard"}, back)},
		{"rejected", boxed(asked), func(d *deploying) {
			d.untilAsked(name)
			d.reject(ada, name, "not on a Friday")
		}, "stopped at production: Rejected: rejected by ada: not on a Friday", []string{"Start", "Approve", "Leave"}},
		{"nobody answers", boxed(func(env *rollout.Environment) {
			env.Approval = asking(func(a *rollout.Approval) { a.Expires = 2 * time.Hour })
		}), func(*deploying) {}, "stopped at production: Rejected: expired: 0 of 1", nil},
		{"refused", boxed(), func(d *deploying) {
			d.untilState(name, "Lock")
			d.alarm("shop-blue-5xx", red)
		}, "stopped at production: Refused: alarm shop-blue-5xx is ALARM", way([]string{"Start", "Approve", "Lock", "Prepare"}, back)},
		{"dirty", boxed(), func(d *deploying) {
			d.untilState(name, "Bake")
			d.scale("shop-blue", 0)
			d.RunFor(time.Minute)
			d.alarm("shop-green-5xx", red)
		}, "production stays locked until a person has put it right", way(begin, []string{"Shift", "Bake", "Rollback", "Dirty", "Failed"})},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := newDeploying(t, near("staging"), c.env)
			d.release(shopPipeline, good)
			c.fail(d)
			d.untilEnded(name)
			d.RunFor(10 * time.Second)
			d.wantStage(shopPipeline, isRed, "JobFailed: release 1 of shop stopped at production", c.says)
			if c.want != nil {
				d.wantPath(name, c.want...)
			}
			if notes := d.notes(name); len(notes) == 0 || !strings.HasPrefix(notes[len(notes)-1], "the pipeline was told: release 1 of shop stopped at production") {
				t.Errorf("recorded %q, want what the pipeline was told last", notes)
			}
		})
	}
}

// A newer release of another pipeline takes the place of one that waits for its
// approval.
func TestStageSuperseded(t *testing.T) {
	t.Parallel()
	d := newDeploying(t, boxed(func(env *rollout.Environment) { env.Approval = asking() }))
	d.release(shopPipeline, good)
	d.untilAsked("shop-production-1")
	d.release("hotfix", good)
	d.untilStage(shopPipeline, isRed)
	d.wantStage(shopPipeline, isRed, "stopped at production: Superseded: ", "shop-production-2")
	d.wantPath("shop-production-1", "Start", "Approve", "Leave")
	d.press(ada, "shop-production-2", "approve")
	d.untilStage("hotfix", isGreen)
	d.wantPath("shop-production-2", whole...)
	d.wantThrough("shop-production-2", ends{"production": rollout.Succeeded})
}

// The retry of a failed stage is a deployment of its own, of the same images.
func TestStageRetried(t *testing.T) {
	t.Parallel()
	d := newDeploying(t, boxed())
	run := d.release(shopPipeline, good)
	d.untilState("shop-production-1", "Bake")
	d.alarm("shop-green-5xx", red)
	d.untilStage(shopPipeline, isRed)
	d.RunFor(10 * time.Minute) // the alarm is green again
	d.retry(shopPipeline, run)
	d.untilStage(shopPipeline, isGreen)
	d.wantPath("shop-production-1", way(begin, []string{"Shift", "Bake"}, back)...)
	d.wantPath("shop-production-2", whole...)
	first, second := d.releaseOf(1), d.releaseOf(2)
	if at := time.Date(2026, 3, 2, 8, 57, 11, 0, time.UTC); !first.Cause.CommittedAt.Equal(at) {
		t.Errorf("the commit is of %v, want %v, as the build said", first.Cause.CommittedAt, at)
	}
	if first.Images["web"] != second.Images["web"] || first.Cause.Execution != second.Cause.Execution || first.Cause.Job == second.Cause.Job {
		t.Errorf("the retry is %+v of %v, want the images and the execution of %+v, and another job", second.Cause, second.Images, first.Cause)
	}
	d.wantExecutions("shop-production-1", "shop-production-2")
	d.wantAtRest(rollout.Green, "shop-production-1", "shop-production-2")
}

// Two changes come through the pipeline: the second waits before the stage until the
// first has its result.
func TestStageTwoChanges(t *testing.T) {
	t.Parallel()
	d := newDeploying(t, boxed())
	d.release(shopPipeline, good)
	d.untilState("shop-production-1", "Bake")
	d.release(shopPipeline, good)
	d.untilEnded("shop-production-1")
	d.untilEnded("shop-production-2")
	d.untilStage(shopPipeline, isGreen)
	d.wantStage(shopPipeline, isGreen, "release 2 of shop: production Succeeded")
	d.wantPath("shop-production-1", whole...)
	d.wantPath("shop-production-2", whole...)
}

// An approval may take longer than the stage can wait: this is said at once, where
// people look, and what comes after is recorded.
func TestStageTimesOut(t *testing.T) {
	t.Parallel()
	d := newDeploying(t, near("staging"), boxed(func(env *rollout.Environment) {
		env.Approval = asking(func(a *rollout.Approval) { a.Expires = 48 * time.Hour })
	}))
	d.release(shopPipeline, good)
	const name = "shop-production-1"
	const warning = "waits until 2026-03-02 00:1"
	d.wantStage(shopPipeline, waits, warning, "may take 48 hours", "turns red", "shorter `expires`")
	d.untilAsked(name)
	d.wantNotes(name, warning)
	d.wantNotes(into("staging", name), warning)
	d.wantReply(name, warning)
	d.untilStage(shopPipeline, isRed)
	if after := d.Now().Sub(midnight); after < 24*time.Hour || after > 25*time.Hour {
		t.Errorf("the stage turned red after %v, want 24 hours", after)
	}
	d.RunFor(30 * time.Minute)
	d.wantNotes(name, warning, "does not wait for this deployment any more (AWS ends such an action after 24 hours)")
	d.wantReply(name, "does not wait for this deployment any more")
	// What is approved late is deployed all the same.
	answers := d.answers()
	d.press(ada, name, "approve")
	d.untilEnded(name)
	d.RunFor(time.Hour)
	d.wantPath(name, way([]string{"Start"}, slices.Repeat([]string{"Approve"}, 25), whole[2:])...)
	d.wantThrough(name, ends{"staging": rollout.Succeeded, "production": rollout.Succeeded})
	d.wantStage(shopPipeline, isRed, "did not succeed within 24 hours")
	if len(*answers) != 0 {
		t.Errorf("answers %q after the stage had ended, want none", *answers)
	}
}

// wantReply fails the test unless the thread of a rollout's message says so, once.
func (b *box) wantReply(name, text string) {
	b.t.Helper()
	ts, count := b.message(name).TS, 0
	b.Do(func() {
		for _, m := range b.Slack.Replies(deploys, ts) {
			if strings.Contains(said(m), text) {
				count++
			}
		}
	})
	if count != 1 {
		b.t.Errorf("the thread of %s says %q %d times, want once", name, text, count)
	}
}
