package conformance_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	buildtypes "github.com/aws/aws-sdk-go-v2/service/codebuild/types"

	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/codebuild"
	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// TestEmulator tells every story to a cloud of its own.
func TestEmulator(t *testing.T) {
	t.Parallel()
	all := new(models)
	for _, s := range stories() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			cloud := newCloud(t)
			cloud.Observe = func(c *wire.Call, _, _ any, err error) { checkCode(t, all, c, err) }
			s.tell(t, target{
				call:  newCaller(cloud.Config("AKIDEXAMPLE"), false).call,
				wait:  cloud.RunFor,
				known: map[string]string{"vpc": "vpc-1", "subnet1": "subnet-1", "subnet2": "subnet-2"},
			})
		})
	}
}

// newCloud is a cloud in virtual time with what the stories suppose: three functions,
// of which one puts the ID of CodePipeline's job on the queue jobs, builds that take a
// minute, and an issuer of tokens.
func newCloud(t *testing.T) *emulator.Cloud {
	t.Helper()
	cloud, provided := newBareCloud(t, nil)
	for name, code := range provided {
		cloud.Lambda.Provide(name, code)
	}
	return cloud
}

// newBareCloud is one without functions, and the code of those that are supposed. It tells
// building how many more builds run.
func newBareCloud(t *testing.T, building func(more int)) (*emulator.Cloud, map[string]lambda.Code) {
	t.Helper()
	l := loop.NewVirtual(start)
	t.Cleanup(l.Close)
	if building == nil {
		building = func(int) {}
	}
	cloud := emulator.New(l, emulator.Options{
		Builder: func(_ *buildtypes.Build, done func(codebuild.Result)) {
			building(1)
			l.After(time.Minute, func() {
				building(-1)
				done(codebuild.Result{Status: buildtypes.StatusTypeSucceeded})
			})
		},
	})
	cloud.Web.Host(tokenHost, tokenIssuer(1))
	provided := map[string]lambda.Code{}
	provided["echo"] = lambda.InProcess("echo", function(func(payload []byte) ([]byte, error) { return payload, nil }))
	provided["broken"] = lambda.InProcess("broken", function(func([]byte) ([]byte, error) { return nil, errors.New("it broke") }))
	provided["worker"] = lambda.InProcess("worker", function(func(payload []byte) ([]byte, error) {
		var e struct {
			Job struct {
				ID string `json:"id"`
			} `json:"CodePipeline.job"`
		}
		err := json.Unmarshal(payload, &e)
		cloud.Post(func() {
			if err := cloud.SQS.Send("arn:aws:sqs:us-east-1:123456789012:jobs", e.Job.ID, nil); err != nil {
				t.Error(err)
			}
		})
		return []byte("null"), err
	}))
	return cloud, provided
}

// function is a handler that does not look at its context.
type function func(payload []byte) ([]byte, error)

// Invoke runs the function.
func (f function) Invoke(_ context.Context, payload []byte) ([]byte, error) { return f(payload) }

var _ lambda.Handler = function(nil)
