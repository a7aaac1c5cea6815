package harness_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// What cannot be deployed turns the stage red at once, with a sentence that says what
// to do.
func TestStageOfBadInput(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		make func(d *deploying)
		says []string
	}{
		{"no parameters", func(d *deploying) {
			d.change = func(a *types.ActionDeclaration) { delete(a.Configuration, "UserParameters") }
		}, []string{"ConfigurationError: the action has no UserParameters", `{"app": "`}},
		{"no JSON", func(d *deploying) { d.parameters = "shop" }, []string{"ConfigurationError: UserParameters", "docs/events.md"}},
		{"a list", func(d *deploying) { d.parameters = `["shop"]` }, []string{"ConfigurationError: UserParameters"}},
		{"two objects", func(d *deploying) { d.parameters = `{"app":"shop"}{}` }, []string{"ConfigurationError: UserParameters", "more behind"}},
		{"an unknown field", func(d *deploying) { d.parameters = `{"app":"shop","branch":"main"}` }, []string{`unknown field "branch"`}},
		{"no app", func(d *deploying) { d.parameters = `{}` }, []string{"name no app"}},
		{"a long app", func(d *deploying) { d.parameters = `{"app":"` + strings.Repeat("a", 980) + `"}` }, []string{"is not registered"}},
		{"an unknown app", func(d *deploying) { d.parameters = `{"app":"cart"}` }, []string{`app "cart" is not registered`}},
		{"an app of builds", func(d *deploying) {
			spec := shop()
			spec.App, spec.Triggers = "cart", rollout.Triggers{CodeBuild: []string{"cart-build"}}
			if err := d.Steps.Register(d.ctx(), spec); err != nil {
				d.t.Fatal(err)
			}
			d.parameters = `{"app":"cart"}`
		}, []string{`app "cart" is not deployed by a pipeline`, "`codepipeline` its trigger"}},
		{"no artifact", func(d *deploying) {
			d.change = func(a *types.ActionDeclaration) { a.InputArtifacts = nil }
		}, []string{"has no input artifact", "imagedefinitions.json"}},
		{"two artifacts", func(d *deploying) {
			d.change = func(a *types.ActionDeclaration) {
				a.InputArtifacts = append(a.InputArtifacts, types.InputArtifact{Name: aws.String("Source")})
			}
		}, []string{"has 2 input artifacts (Build, Source)", `"artifact"`}},
		{"another artifact", func(d *deploying) { d.parameters = `{"app":"shop","artifact":"Other"}` }, []string{`no input artifact "Other"`, "it has Build"}},
		{"no such file", func(d *deploying) { d.parameters = `{"app":"shop","file":"images.json"}` }, []string{"has no images.json"}},
		{"an artifact that is no zip", func(d *deploying) { d.zip = func(string) []byte { return []byte("hello") } }, []string{"is not a zip file"}},
		{"an artifact that was cut", func(d *deploying) {
			d.zip = func(text string) []byte { return d.zipped(text)[:40] }
		}, []string{"is not a zip file"}},
		{"no artifact in the bucket", func(d *deploying) { d.zip = func(string) []byte { return nil } }, []string{"is not there"}},
		{"no definitions", func(d *deploying) { d.text = `{"web":"x"}` }, []string{"imagedefinitions.json is not a list"}},
		{"another container", func(d *deploying) { d.text = `[{"name":"db","imageUri":"` + repository + `:v1"}]` }, []string{`names no container "db"`}},
		{"another repository", func(d *deploying) {
			d.text = `[{"name":"web","imageUri":"123456789012.dkr.ecr.us-east-1.amazonaws.com/cart:v1"}]`
		}, []string{"is not of the repository", repository}},
		{"no such image", func(d *deploying) { d.text = `[{"name":"web","imageUri":"` + repository + `:v99"}]` }, []string{"ECR has no image"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := newDeploying(t, boxed())
			c.make(d)
			d.release(shopPipeline, good)
			d.wantStage(shopPipeline, isRed, c.says...)
			d.wantExecutions()
			d.wantNoLetters()
			if strings.Contains(d.log.String(), "sessionToken") || strings.Contains(d.log.String(), "IQoJ") {
				t.Error("the log has the credentials of the job")
			}
		})
	}
}

// wantNoLetters fails the test if there are dead letters.
func (b *box) wantNoLetters() {
	b.t.Helper()
	if all := b.letters(); len(all) != 0 {
		b.t.Errorf("dead letters %q, want none", all)
	}
}

// letters are the bodies of the dead letters.
func (b *box) letters() []string {
	b.t.Helper()
	out, err := b.aws.SQS.ReceiveMessage(b.ctx(), &sqs.ReceiveMessageInput{QueueUrl: &b.Settings.DeadLetters, MaxNumberOfMessages: 10})
	if err != nil {
		b.t.Fatal(err)
	}
	var bodies []string
	for _, m := range out.Messages {
		bodies = append(bodies, aws.ToString(m.Body))
	}
	return bodies
}

// Of two artifacts the one that is named has the images, in the file that is named.
func TestStageOfANamedFile(t *testing.T) {
	t.Parallel()
	d := newDeploying(t, boxed())
	d.parameters, d.file = `{"app":"shop","artifact":"Build","file":"deploy/web.json"}`, "deploy/web.json"
	d.change = func(a *types.ActionDeclaration) {
		a.InputArtifacts = append([]types.InputArtifact{{Name: aws.String("Source")}}, a.InputArtifacts...)
	}
	d.release(shopPipeline, good)
	d.untilStage(shopPipeline, isGreen)
	d.wantPath("shop-production-1", whole...)
	if c := d.releaseOf(1).Cause; c.Commit != "" || c.Execution != "" || c.Link != "" {
		t.Errorf("the cause is %+v, want nothing that was not told", c)
	}
}

// Every event comes twice, the jobs' too: one deployment, one result.
func TestStageEventTwice(t *testing.T) {
	t.Parallel()
	d := newDeploying(t, boxed())
	d.twice()
	answers := d.answers()
	d.relay(func(payload []byte, send func(time.Duration, []byte)) {
		send(0, payload)
		send(time.Millisecond, payload)
		send(time.Minute, payload)
		send(25*time.Minute, payload)
	})
	d.release(shopPipeline, good)
	d.untilStage(shopPipeline, isGreen)
	d.RunFor(time.Hour)
	d.wantPath("shop-production-1", whole...)
	d.wantExecutions("shop-production-1")
	if n := count(*answers, "PutJobSuccessResult"); n != 1 {
		t.Errorf("%d results in %q, want one", n, *answers)
	}
	d.wantNotes("shop-production-1", "the pipeline was told")
}

func count(all []string, one string) int {
	n := 0
	for _, s := range all {
		if s == one {
			n++
		}
	}
	return n
}

// The functions that work for the stage die after any of their calls: one deployment,
// and the stage gets its result.
func TestStageFunctionsDie(t *testing.T) {
	t.Parallel()
	for function, calls := range map[string]int{"build": 18, "notify": 10} {
		for call := range calls {
			t.Run(fmt.Sprintf("%s after call %d", function, call+1), func(t *testing.T) {
				t.Parallel()
				d := newDeploying(t, boxed())
				d.Faults.Function = func(name string, n int) lambda.FunctionFault {
					if d.folder(name) != function || function == "build" && n > 2 || function == "notify" && n%2 == 0 {
						return lambda.FunctionFault{}
					}
					return lambda.FunctionFault{DieAfterCall: call + 1}
				}
				d.release(shopPipeline, good)
				d.untilStage(shopPipeline, isGreen)
				d.RunFor(time.Hour)
				d.wantPath("shop-production-1", whole...)
				d.wantExecutions("shop-production-1")
				d.wantStage(shopPipeline, isGreen, "release 1 of shop: production Succeeded")
			})
		}
	}
}

// Answers are throttled, refused, or lost on their way: they are given again, and the
// stage gets its result once.
func TestStageAnswersFail(t *testing.T) {
	t.Parallel()
	throttled := wire.Fault{Err: wire.Errorf("ThrottlingException", "Rate exceeded")}
	lost, unsent := wire.Fault{LoseAnswer: true}, wire.Fault{LoseRequest: true}
	for _, c := range []struct {
		name, function string
		n              int
		fault          wire.Fault
		says           string // of the last note
	}{
		{"the first is throttled", "build", 2, throttled, "the pipeline was told"},
		{"the first is lost", "build", 1, lost, "the pipeline was told"},
		{"the first is not sent", "build", 1, unsent, "the pipeline was told"},
		{"later ones are throttled", "notify", 3, throttled, "the pipeline was told"},
		{"a later one is lost", "notify", 1, lost, "the pipeline was told"},
		{"a later one is not sent", "notify", 1, unsent, "the pipeline was told"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := newDeploying(t, boxed())
			d.during(c.function, "PutJobSuccessResult", c.n, c.fault)
			answers := d.answers()
			d.release(shopPipeline, good)
			d.untilStage(shopPipeline, isGreen)
			d.RunFor(time.Hour)
			d.wantPath("shop-production-1", whole...)
			d.wantExecutions("shop-production-1")
			if n := count(*answers, "PutJobSuccessResult"); n != 1 {
				t.Errorf("%d results in %q, want one", n, *answers)
			}
			d.wantNotes("shop-production-1", c.says)
		})
	}
}

// The result itself is throttled, or lost: the record says what is known.
func TestStageResultFails(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		n     int
		fault wire.Fault
		says  string
	}{
		{"throttled", 2, wire.Fault{Err: wire.Errorf("ThrottlingException", "Rate exceeded")}, "the pipeline was told: release 1 of shop"},
		{"lost", 1, wire.Fault{LoseAnswer: true}, "whether the pipeline was told is not known"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := newDeploying(t, boxed())
			d.release(shopPipeline, good)
			d.untilState("shop-production-1", "Bake")
			d.during("notify", "PutJobFailureResult", c.n, c.fault)
			d.alarm("shop-green-5xx", red)
			d.untilStage(shopPipeline, isRed)
			d.RunFor(time.Hour)
			d.wantStage(shopPipeline, isRed, "JobFailed: release 1 of shop stopped at production: RolledBack")
			d.wantNotes("shop-production-1", c.says)
		})
	}
}

// Somebody stops the pipeline: the deployment goes on, and that nobody hears of its end
// is recorded, once.
func TestStageAbandoned(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		after time.Duration
		notes []string
	}{
		{"before it asks again", 0, []string{"does not wait for this deployment any more (it was stopped"}},
		{"while a job is open", 2 * time.Minute, []string{"does not wait for this deployment any more (it was stopped"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := newDeploying(t, boxed(func(env *rollout.Environment) {
				env.Approval = asking(func(a *rollout.Approval) { a.Expires = 2 * time.Hour })
			}))
			run := d.release(shopPipeline, good)
			d.RunFor(c.after)
			d.abandon(shopPipeline, run)
			d.untilAsked("shop-production-1")
			d.RunFor(time.Hour)
			d.wantNotes("shop-production-1", c.notes...)
			answers := d.answers()
			d.press(ada, "shop-production-1", "approve")
			d.untilEnded("shop-production-1")
			d.RunFor(2 * time.Hour)
			d.wantOutcome("shop-production-1", rollout.Succeeded)
			d.wantStage(shopPipeline, types.ActionExecutionStatusAbandoned)
			d.wantNotes("shop-production-1", c.notes...)
			if len(*answers) != 0 {
				t.Errorf("answers %q after nobody waited any more, want none", *answers)
			}
		})
	}
}

// The pipeline is stopped just before the deployment ends: its result comes late.
func TestStageResultLate(t *testing.T) {
	t.Parallel()
	d := newDeploying(t, boxed())
	run := d.release(shopPipeline, good)
	d.untilState("shop-production-1", "Guard")
	d.RunFor(time.Minute)
	d.abandon(shopPipeline, run)
	d.alarm("shop-green-5xx", red)
	d.untilEnded("shop-production-1")
	d.RunFor(time.Hour)
	notes := d.notes("shop-production-1")
	if len(notes) != 1 || !strings.Contains(notes[0], "did not wait any more (it was stopped") || !strings.Contains(notes[0], "RolledBack") {
		t.Errorf("recorded %q, want once that the result came late, and which", notes)
	}
}

// A job that comes when the pipeline has given it up deploys nothing.
func TestStageJobLate(t *testing.T) {
	t.Parallel()
	d := newDeploying(t, boxed())
	d.relay(func(payload []byte, send func(time.Duration, []byte)) { send(30*time.Minute, payload) })
	d.release(shopPipeline, good)
	d.untilStage(shopPipeline, isRed)
	d.wantStage(shopPipeline, isRed, "failed to return a result")
	d.RunFor(time.Hour)
	d.wantExecutions()
}

// The notice of the end never comes: the stage hears of it when its job is looked at
// next.
func TestStageNoticesLost(t *testing.T) {
	t.Parallel()
	d := newDeploying(t, boxed())
	d.release(shopPipeline, good)
	d.untilState("shop-production-1", "Guard")
	d.lose("sluice")
	d.untilEnded("shop-production-1")
	ended := d.Now()
	d.untilStage(shopPipeline, isGreen)
	if took := d.Now().Sub(ended); took > 15*time.Minute {
		t.Errorf("the stage heard of the end after %v, want at most 15 minutes", took)
	}
}

// A function that cannot be invoked fails its action at once.
func TestStageWithoutFunction(t *testing.T) {
	t.Parallel()
	for name, says := range map[string]string{
		"cart":               "not authorized to perform: lambda:InvokeFunction",
		"sluice-build-other": "Function not found",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDeploying(t, boxed())
			d.let("sluice-build-other")
			d.change = func(a *types.ActionDeclaration) { a.Configuration["FunctionName"] = name }
			d.release(shopPipeline, good)
			d.wantStage(shopPipeline, isRed, says)
		})
	}
}

// What is no job of a pipeline here is put aside, without the credentials in it.
func TestJobOfNobody(t *testing.T) {
	t.Parallel()
	const id = "11111111-0000-4000-8000-000000000001"
	secret := map[string]string{"accessKeyId": "AKIAPERSON", "secretAccessKey": "topsecret", "sessionToken": "topsecret"}
	for name, data := range map[string]map[string]any{
		"begins":                     {"artifactCredentials": secret, "actionConfiguration": map[string]any{"configuration": map[string]string{"UserParameters": "{}"}}},
		"goes on":                    {"artifactCredentials": secret, "continuationToken": "shop/7"},
		"a token that was not given": {"artifactCredentials": secret, "continuationToken": "shop"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDeploying(t, boxed())
			d.Do(func() { d.invoke(jobEvent(id, data)) })
			d.RunFor(10 * time.Minute)
			d.wantExecutions()
			all := d.letters()
			if len(all) != 1 || !strings.Contains(all[0], id) || strings.Contains(all[0], "secret") || !json.Valid([]byte(all[0])) {
				t.Errorf("dead letters %q, want the job without its credentials", all)
			}
		})
	}
}

// A job that a pipeline does wait with, and that goes on with a token of nobody, fails.
func TestJobGoesOnWithoutRelease(t *testing.T) {
	t.Parallel()
	for _, token := range []string{"shop/99", "cart/1", "x"} {
		t.Run(strings.ReplaceAll(token, "/", " "), func(t *testing.T) {
			t.Parallel()
			d := newDeploying(t, boxed())
			d.relay(func(payload []byte, send func(time.Duration, []byte)) {
				send(0, bytes.Replace(payload, []byte(`"data":{`), []byte(`"data":{"continuationToken":"`+token+`",`), 1))
			})
			d.release(shopPipeline, good)
			d.wantStage(shopPipeline, isRed, "ConfigurationError: ")
			d.wantExecutions()
		})
	}
}
