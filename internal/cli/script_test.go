package cli_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/cli"
	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/model"
	"github.com/sluice-deploy/sluice/internal/emulator/slack"
	"github.com/sluice-deploy/sluice/internal/harness"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// The test binary is sluice where a script calls it.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sluice": func() {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		defer stop()
		speed, _ := strconv.ParseFloat(os.Getenv("SLUICE_TEST_SPEED"), 64)                                                                                         // 0 without
		os.Exit(cli.Main(ctx, cli.Process{Args: os.Args[1:], Getenv: os.Getenv, In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Started: time.Now(), Speed: speed})) //nolint:gocritic // the process ends
	}})
}

// TestScripts runs the stories of the command: scripts in testdata/script, each with a
// cloud of its own in which Sluice is installed, on virtual time. Beside sluice and what
// testscript has, they may say
//
//	push TAG [SHARE]      an image of shop, of whose requests that share fails (0)
//	furnish ENVIRONMENT   what an environment of shop needs around it, running the image tagged v0
//	advance DURATION      let time pass
//	begun ROLLOUT         wait until a command in the background has the rollout begun
//	looked                wait until a command in the background that watches has looked twice more
//	until STATE ROLLOUT   let time pass until the rollout's execution enters a state
//	ended ROLLOUT         let time pass until the rollout has its outcome
//	alarm NAME STATE      set an alarm: ALARM or OK
//	build TAG COMMIT [AGO]   a build of shop has made the image with the tag of dana@example.com's commit
//	weigh ENVIRONMENT BLUE [GREEN]   somebody sets the weights of its rule, or has it forward to blue alone
//	stack NAME TEMPLATE   make a stack of a template of CloudFormation
//	spoil WHAT            make something so that a deployment cannot work; spoil_test.go has what
//	weights BLUE GREEN    wait until a command in the background has given production's rule these weights
//	converses FILE COMMAND...   a person at a terminal; here_test.go has what the file says
//	alike FILE WANT       the files are the same, times, spans and ids aside
//	shows NAME            what was printed last is testdata/golden/NAME.txt, times and spans aside
//	terminal NAME COMMAND...   the same of what the command shows on a terminal
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireExplicitExec: true, RequireUniqueNames: true,
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(env *testscript.Env) error {
			w, err := newScripted(env)
			if err != nil {
				return err
			}
			env.Values[scripted{}] = w
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"push": on(1, 2, (*scripted).push), "furnish": on(1, 1, (*scripted).furnish), "advance": on(1, 1, (*scripted).advance),
			"begun": on(1, 1, (*scripted).begun), "looked": on(0, 0, (*scripted).looked),
			"until": on(2, 2, (*scripted).until), "ended": on(1, 1, (*scripted).ended), "alarm": on(2, 2, (*scripted).alarm),
			"build": on(2, 3, (*scripted).build), "weigh": on(2, 3, (*scripted).weigh), "shows": shows, "alike": alike, "terminal": onTerminal,
			"spoil": on(1, 1, (*scripted).spoil), "stack": stack, "codedeploy": on(3, 3, (*scripted).codeDeploy),
			"converses": converses, "weights": on(2, 2, (*scripted).weights),
		},
	})
}

// scripted is the cloud of a script.
type scripted struct {
	*harness.Harness

	aws   awsclient.Clients
	looks *atomic.Int64 // at metrics, by commands
}

func newScripted(env *testscript.Env) (*scripted, error) {
	l := loop.NewVirtual(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	env.Defer(l.Close)
	h, err := harness.New(l, harness.Options{
		Cloud: emulator.Options{Latency: 5 * time.Millisecond, RequestTimeout: awsclient.CallTimeout}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, err
	}
	h.Do(func() {
		h.Slack.AddChannel(slack.Channel{ID: "C024BE91L", Name: "deploys", HasBot: true, Everyone: true})
	})
	w := &scripted{h, awsclient.New(h.Config("AKIAPERSON")), new(atomic.Int64)}
	if _, err := w.aws.ECR.CreateRepository(context.Background(), &ecr.CreateRepositoryInput{RepositoryName: aws.String("shop")}); err != nil {
		return nil, fmt.Errorf("create the repository: %w", err)
	}
	if _, err := iam.NewFromConfig(h.Config("AKIAPERSON")).CreateUser(context.Background(), &iam.CreateUserInput{UserName: aws.String("ada")}); err != nil {
		return nil, fmt.Errorf("create user ada: %w", err)
	}
	aws := h.Handler()
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		h.RunFor(between)
		aws.ServeHTTP(rw, r)
		if strings.HasSuffix(r.URL.Path, "/GetMetricData") {
			w.looks.Add(1)
		}
	}))
	env.Defer(server.Close)
	env.Setenv("AWS_ENDPOINT_URL", server.URL)
	env.Setenv("AWS_REGION", h.Region)
	env.Setenv("AWS_ACCESS_KEY_ID", "ada")
	env.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	env.Setenv("HOME", env.WorkDir)
	return w, nil
}

// between is how much time passes between two requests of a command.
const between = 200 * time.Millisecond

// on makes a command of a script of a method of its cloud.
func on(least, most int, do func(w *scripted, args []string) error) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) < least || len(args) > most {
			ts.Fatalf("it takes %d to %d arguments and is not negated", least, most)
		}
		ts.Check(do(ts.Value(scripted{}).(*scripted), args))
	}
}

func (w *scripted) push(args []string) error {
	share := 0.0
	if len(args) == 2 {
		var err error
		if share, err = strconv.ParseFloat(args[1], 64); err != nil {
			return fmt.Errorf("share: %w", err)
		}
	}
	out, err := w.pushImage(context.Background(), args[0], `{"architecture":"amd64","os":"linux"}`)
	if err != nil {
		return fmt.Errorf("push: %w", err)
	}
	w.Do(func() {
		w.World.Image(repository+"@"+aws.ToString(out.Image.ImageId.ImageDigest), model.Behaviour{
			Prints: []string{args[0] + " listens on 8080"}, StartAfter: 10 * time.Second, HealthyAfter: 5 * time.Second, ErrorShare: func(time.Duration) float64 { return share },
		})
	})
	return nil
}

// pushImage pushes an image of nothing but a config.
func (w *scripted) pushImage(ctx context.Context, tag, config string) (*ecr.PutImageOutput, error) {
	shop, sum := aws.String("shop"), sha256.Sum256([]byte(config))
	digest := "sha256:" + hex.EncodeToString(sum[:])
	begun, err := w.aws.ECR.InitiateLayerUpload(ctx, &ecr.InitiateLayerUploadInput{RepositoryName: shop})
	if err != nil {
		return nil, err
	}
	_, err = w.aws.ECR.UploadLayerPart(ctx, &ecr.UploadLayerPartInput{
		RepositoryName: shop, UploadId: begun.UploadId, PartFirstByte: aws.Int64(0), PartLastByte: aws.Int64(int64(len(config) - 1)), LayerPartBlob: []byte(config),
	})
	if err != nil {
		return nil, err
	}
	_, err = w.aws.ECR.CompleteLayerUpload(ctx, &ecr.CompleteLayerUploadInput{RepositoryName: shop, UploadId: begun.UploadId, LayerDigests: []string{digest}})
	if there := new(ecrtypes.LayerAlreadyExistsException); err != nil && !errors.As(err, &there) {
		return nil, err
	}
	return w.aws.ECR.PutImage(ctx, &ecr.PutImageInput{
		RepositoryName: shop, ImageTag: &tag, ImageManifestMediaType: aws.String("application/vnd.oci.image.manifest.v1+json"),
		ImageManifest: aws.String(fmt.Sprintf(`{"schemaVersion":2,"config":{"digest":%q,"size":%d},"annotations":{"version":%q}}`, digest, len(config), tag)),
	})
}

// repository is where the images of shop are.
const repository = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop"

func (w *scripted) furnish(args []string) error {
	service, err := w.DeployService(map[string]string{"App": "shop", "Environment": args[0], "Image": repository + ":v0", "Alarms": "shop-" + args[0]})
	if err != nil {
		return err
	}
	w.Do(func() {
		w.World.AddLoad(model.Load{
			LoadBalancerARN: service.Balancer, RequestsPerSecond: func(time.Time) float64 { return 100 },
		})
	})
	w.RunFor(5 * time.Minute) // the first slot comes up, alarms have data
	return nil
}

func (w *scripted) advance(args []string) error {
	d, err := time.ParseDuration(args[0])
	if err != nil {
		return fmt.Errorf("advance: %w", err)
	}
	w.RunFor(d)
	return nil
}

func (w *scripted) begun(args []string) error {
	for {
		_, err := w.Steps.Store.Record(context.Background(), args[0])
		if rollout.KindOf(err) != rollout.KindNotFound {
			return err
		}
		time.Sleep(time.Millisecond) //nolint:forbidigo // another process is waited for
	}
}

func (w *scripted) looked([]string) error {
	for enough := w.looks.Load() + 2; w.looks.Load() < enough; {
		time.Sleep(time.Millisecond) //nolint:forbidigo // for another process
	}
	return nil
}

// patience is longer than a rollout of a script takes.
const patience = 48 * time.Hour

func (w *scripted) until(args []string) error {
	arn := strings.Replace(w.Settings.Machine, ":stateMachine:", ":execution:", 1) + ":" + args[1]
	here := func() bool {
		path := w.StepFunctions.Path(arn)
		return len(path) > 0 && path[len(path)-1] == args[0]
	}
	if !w.RunUntil(w.Now().Add(patience), here) {
		var path []string
		w.Do(func() { path = slices.Clone(w.StepFunctions.Path(arn)) })
		return fmt.Errorf("%s never came to %s; it went %v", args[1], args[0], path)
	}
	return nil
}

func (w *scripted) ended(args []string) error {
	for limit := w.Now().Add(patience); w.Now().Before(limit); w.RunFor(10 * time.Second) {
		record, err := w.Steps.Store.Record(context.Background(), args[0])
		if err != nil && rollout.KindOf(err) != rollout.KindNotFound {
			return err
		}
		if record.Outcome != "" {
			w.RunFor(10 * time.Second) // what comes after it
			return nil
		}
	}
	return fmt.Errorf("%s never ended", args[0])
}

func (w *scripted) alarm(args []string) error {
	_, err := w.aws.CloudWatch.SetAlarmState(context.Background(), &cloudwatch.SetAlarmStateInput{
		AlarmName: &args[0], StateValue: cwtypes.StateValue(args[1]), StateReason: aws.String("set by the script"),
	})
	w.RunFor(time.Second)
	return err
}
