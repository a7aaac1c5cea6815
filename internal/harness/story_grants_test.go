package harness_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codebuild/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Every function that hears of events sends what it cannot follow to the dead letters.
func TestEveryListenerHasDeadLetters(t *testing.T) {
	t.Parallel()
	for function, event := range map[string]string{
		"alarm":    `{"source":"aws.cloudwatch","detail-type":"CloudWatch Alarm State Change","detail":{"alarmName":7}}`,
		"service":  `{"source":"aws.ecs","detail-type":"ECS Deployment State Change","detail":{"eventName":7}}`,
		"approval": `{"source":"sluice.decision","detail-type":"Sluice Decision","detail":{"action":7}}`,
		"notify":   `{"source":"sluice","detail-type":"Sluice Rollout State Change","detail":{"rollout":7}}`,
		"recover":  `{"source":"aws.states","detail-type":"Step Functions Execution Status Change","detail":{"name":7}}`,
		"build":    `{"source":"aws.codebuild","detail-type":"CodeBuild Build State Change","detail":{"build-id":7}}`,
		"check":    `{"RequestType":"Create"}`,
	} {
		t.Run(function, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			b.Do(func() {
				if err := b.Lambda.InvokeAsync("sluice-"+function, []byte(event)); err != nil {
					t.Error(err)
				}
			})
			b.RunFor(5 * time.Minute) // check fails, and is tried again before
			if letters := b.deadLetters(); len(letters) != 1 || aws.ToString(letters[0].Body) != event {
				t.Errorf("dead letters are %+v, want the event", letters)
			}
		})
	}
}

// A schedule's call that cannot be made lies with the dead letters.
func TestCallThatCannotBeMade(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	if err := b.Steps.Deadman.Arm(b.ctx(), "shop-production-1", b.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	_, err := lambda.NewFromConfig(b.Config("AKIAPERSON")).DeleteFunction(b.ctx(), &lambda.DeleteFunctionInput{FunctionName: aws.String("sluice-recover")})
	if err != nil {
		t.Fatal(err)
	}
	b.RunFor(25 * time.Hour)
	const call = `{"deadman":"shop-production-1"}`
	if letters := b.deadLetters(); len(letters) != 1 || aws.ToString(letters[0].Body) != call {
		t.Errorf("dead letters are %+v, want the deadman's call", letters)
	}
}

// A wait that finds no deadman arms one.
func TestEveryWaitArmsTheDeadmanAgain(t *testing.T) {
	t.Parallel()
	waiting := []string{"Approve", "Lock", "Gate", "AwaitCanary", "Ask", "Bake", "Hold", "Guard"}
	b := newStepBox(t, 1, func(a *rollout.Approval) { a.Expires = 24 * time.Hour })
	name := ""
	created := map[string]bool{}
	b.observe(func(c *wire.Call, _, _ any, err error) {
		caller := b.caller(c)
		if c.Operation == "CreateSchedule" && err == nil {
			created[caller] = true
		}
	})
	// It is gone when the state's function is about to move it.
	b.faults = append(b.faults, func(c *wire.Call) *wire.Fault {
		if name != "" && c.Operation == "UpdateSchedule" {
			gone := func(json.RawMessage, error) {} // or it was not there
			b.Mux.InvokeJSON(&wire.Call{RequestID: b.UUID()}, "scheduler", "deleteSchedule", json.RawMessage(`{"Name":"`+name+`"}`), gone)
		}
		return nil
	})
	b.freeze(10 * time.Minute)
	name = b.build(good, 1)
	b.untilAskedAt(name)
	b.press(ada, name, "approve")
	b.untilNth(name, "Bake", 2)
	b.RunFor(time.Minute)
	b.press(ada, name, "pause")
	b.untilState(name, "Hold")
	b.RunFor(time.Minute)
	if err := b.deadman(name); err != nil {
		t.Errorf("the deadman of a wait: %v", err)
	}
	b.press(ada, name, "resume")
	b.untilEnded(name)
	for _, state := range waiting {
		if !created[strings.ToLower(state)] {
			t.Errorf("%s did not arm the deadman that was gone", state)
		}
	}
	b.wantOutcome(name, rollout.Succeeded)
	b.wantAtRest(rollout.Green, name)
}

// The tags of the stable slot's task definition are the new one's too, elsewhere as at
// home.
func TestTagsOfTheTaskDefinitionAreKept(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		make func(t *testing.T) (*box, string)
	}{
		{"at home", func(t *testing.T) (*box, string) { t.Helper(); return newBox(t), "production" }},
		{"in another account", func(t *testing.T) (*box, string) { t.Helper(); return newAbroad(t, abroad("", remoteRole)), "abroad" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b, environment := c.make(t)
			s := b.in(environment)
			_, stable := s.taskDefinition(s.slots.Blue)
			_, err := s.aws.ECS.TagResource(b.ctx(), &ecs.TagResourceInput{
				ResourceArn: &stable, Tags: []ecstypes.Tag{{Key: aws.String("team"), Value: aws.String("web")}},
			})
			if err != nil {
				t.Fatal(err)
			}
			name := into(environment, b.build(good, 1))
			b.untilEnded(name)
			b.wantReason(name, rollout.Succeeded)
			tags, made := s.taskDefinition(s.slots.Green)
			if made == stable {
				t.Error("no task definition was registered")
			}
			if diff := cmp.Diff(map[string]string{"team": "web"}, tags); diff != "" {
				t.Errorf("tags of the new task definition (-want +got):\n%s", diff)
			}
		})
	}
}

// taskDefinition is the tags and the ARN of the one that a service of the environment has.
func (s *stage) taskDefinition(service string) (map[string]string, string) {
	s.t.Helper()
	services, err := s.aws.ECS.DescribeServices(s.ctx(), &ecs.DescribeServicesInput{Cluster: &s.cluster, Services: []string{service}})
	if err != nil {
		s.t.Fatal(err)
	}
	arn := aws.ToString(services.Services[0].TaskDefinition)
	out, err := s.aws.ECS.DescribeTaskDefinition(s.ctx(), &ecs.DescribeTaskDefinitionInput{
		TaskDefinition: &arn, Include: []ecstypes.TaskDefinitionField{ecstypes.TaskDefinitionFieldTags},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	tags := map[string]string{}
	for _, tag := range out.Tags {
		tags[*tag.Key] = *tag.Value
	}
	return tags, arn
}

// A build that exports nothing is read from its artifact: the file itself, or the folder
// that has it. The first look finds nothing, which S3 says only to who may list.
func TestImagesFromTheArtifact(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	image := b.push("v1", good)
	const bucket, folder = "artifacts", "shop/1"
	if _, err := b.aws.S3.CreateBucket(b.ctx(), &s3.CreateBucketInput{Bucket: aws.String(bucket)}); err != nil {
		t.Fatal(err)
	}
	_, err := b.aws.S3.PutObject(b.ctx(), &s3.PutObjectInput{
		Bucket: aws.String(bucket), Key: aws.String(folder + "/imagedefinitions.json"), Body: strings.NewReader(`[{"name":"web","imageUri":"` + image + `"}]`),
	})
	if err != nil {
		t.Fatal(err)
	}
	const id = "shop-build:00000001-0000-4000-8000-000000000000"
	b.Do(func() {
		err := b.CodeBuild.RecordBuild(types.Build{
			Id: aws.String(id), Arn: aws.String("arn:aws:codebuild:us-east-1:123456789012:build/" + id),
			ProjectName: aws.String("shop-build"), BuildStatus: types.StatusTypeSucceeded,
			Artifacts: &types.BuildArtifacts{Location: aws.String("arn:aws:s3:::" + bucket + "/" + folder)},
		})
		if err == nil {
			err = b.CodeBuild.Announce(id)
		}
		if err != nil {
			t.Error(err)
		}
	})
	b.untilEnded("shop-production-1")
	b.wantOutcome("shop-production-1", rollout.Succeeded)
	b.wantAtRest(rollout.Green, "shop-production-1")
}
