// Package app is the one wiring of Sluice: from an AWS configuration and a few
// settings to the handlers of all functions. The Lambda functions, the local cloud
// and the tests use the same.
package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"
	_ "time/tzdata" // Lambda's provided.al2023 has no time zones; windows of a spec have

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/ecr"

	"github.com/sluice-deploy/sluice/internal/alarms"
	"github.com/sluice-deploy/sluice/internal/approvals"
	"github.com/sluice-deploy/sluice/internal/autoscaling"
	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/builds"
	"github.com/sluice-deploy/sluice/internal/ecsservice"
	"github.com/sluice-deploy/sluice/internal/handler"
	"github.com/sluice-deploy/sluice/internal/images"
	"github.com/sluice-deploy/sluice/internal/notify"
	"github.com/sluice-deploy/sluice/internal/pipelines"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/slack"
	"github.com/sluice-deploy/sluice/internal/steps"
	"github.com/sluice-deploy/sluice/internal/store"
	"github.com/sluice-deploy/sluice/internal/traffic"
	"github.com/sluice-deploy/sluice/internal/waits"
)

// Doer sends HTTP requests to what is not AWS; *http.Client is one.
type Doer interface {
	Do(req *http.Request) (*http.Response, error)
}

// World is what Sluice runs in.
type World struct {
	AWS aws.Config // where Sluice is installed
	// Account is where what it deploys is: services, rules, alarms, images. Nil is AWS.
	Account *aws.Config
	HTTP    Doer // follows no redirects
	Now     func() time.Time
	Log     *slog.Logger
}

// account is the configuration for what Sluice deploys.
func (w World) account() aws.Config {
	if w.Account != nil {
		return *w.Account
	}
	return w.AWS
}

// App is Sluice, wired.
type App struct {
	Steps   *steps.Steps
	world   World
	clients awsclient.Clients
	images  *ecr.Client
	secret  *slack.Secret // nil where Slack is not set up
	bus     approvals.Bus
	letters handler.Letters
	home    arn.ARN // the machine's
}

// New wires Sluice.
func New(w World, s Settings) (*App, error) {
	machine, err := arn.Parse(s.Machine)
	if err != nil {
		return nil, fmt.Errorf("state machine ARN %q: %w", s.Machine, err)
	}
	c := awsclient.New(w.AWS)
	a := &App{
		world: w, clients: c, images: awsclient.New(w.account()).ECR, home: machine,
		bus:     approvals.Bus{EventBridge: c.EventBridge, Name: s.Decisions},
		letters: handler.Letters{SQS: c.SQS, URL: s.DeadLetters},
	}
	timer := func(group, target string) waits.Timer {
		return waits.Timer{Scheduler: c.Scheduler, Group: group, Target: target, Role: s.DeadmanRole, Letters: s.LettersARN, Now: w.Now}
	}
	a.Steps = &steps.Steps{
		Store:   &store.Store{DB: c.DynamoDB, Table: s.Table, Format: store.Format},
		Reach:   reach(w),
		Waker:   waits.Waker{SFN: c.SFN},
		Deadman: waits.Deadman{Timer: timer("", s.Recover)},
		Teller:  notify.Teller{EventBridge: c.EventBridge},
		Keeper:  images.Keeper{ECR: a.images},
		SFN:     c.SFN, Machine: s.Machine, Now: w.Now, Log: w.Log,
		Channels: a.channels(), Pipelines: a.pipelines,
		Answers: timer(s.Answers, s.Approval), Notices: timer(s.Notices, s.Notify),
	}
	if s.SlackSecret != "" {
		a.secret = &slack.Secret{SecretsManager: c.SecretsManager, Name: s.SlackSecret, Now: w.Now}
		a.Steps.Slack = &slack.Client{HTTP: w.HTTP, Token: a.secret.BotToken}
	}
	return a, nil
}

// reach gives the clients for where environments are, each once.
func reach(w World) func(awsclient.Away) steps.Reach {
	var mu sync.Mutex
	known := map[awsclient.Away]steps.Reach{}
	return func(away awsclient.Away) steps.Reach {
		mu.Lock()
		defer mu.Unlock()
		r, ok := known[away]
		if !ok {
			c := awsclient.New(away.Config(w.account(), w.Now))
			r = steps.Reach{
				Services: ecsservice.Services{ECS: c.ECS, Once: c.ECSOnce},
				Traffic:  traffic.Router{ELB: c.ELB, Once: c.ELBOnce},
				Meter:    traffic.Meter{CloudWatch: c.CloudWatch},
				Alarms:   alarms.Reader{CloudWatch: c.CloudWatch},
				Scaling:  autoscaling.Scaler{AutoScaling: c.AutoScaling},
			}
			known[away] = r
		}
		return r
	}
}

// channels deliver notices to what is not Slack.
func (a *App) channels() steps.Channels {
	secrets := &notify.Secrets{SecretsManager: a.clients.SecretsManager, Now: a.world.Now}
	return steps.Channels{
		SNS:     notify.SNS{Client: a.clients.SNS},
		Webhook: notify.Webhook{HTTP: a.world.HTTP, Secrets: secrets, Now: a.world.Now},
		Teams:   notify.Teams{HTTP: a.world.HTTP, Secrets: secrets},
	}
}

func (a *App) pipelines(region string) pipelines.Pipelines {
	return pipelines.Pipelines{CodePipeline: codepipeline.NewFromConfig(a.world.AWS, func(o *codepipeline.Options) {
		if region != "" {
			o.Region = region
		}
	})}
}

// artifacts reads with credentials that are not ours.
func (a *App) artifacts(c aws.Credentials) builds.Reader {
	cfg := a.world.AWS.Copy()
	cfg.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return c, nil })
	return builds.Reader{S3: awsclient.New(cfg).S3}
}

// Handlers gives the handler of every function, by the name of its folder under
// functions/. Without Slack there is none for what people press there.
func (a *App) Handlers() map[string]handler.Func {
	s, log, now := a.Steps, a.world.Log, a.world.Now
	r := handler.Recorder{Store: s.Store, Now: now, Log: log}
	all := map[string]handler.Func{
		"build": handler.Build{
			Steps: s, Builds: builds.Reader{CodeBuild: a.clients.CodeBuild, S3: a.clients.S3},
			Images: images.Resolver{ECR: a.images}, Artifacts: a.artifacts,
			Account: a.home.AccountID, Region: a.home.Region, Log: log, Letters: a.letters,
		}.Handler(),
		"service":  handler.Service{Steps: s, Log: log, Letters: a.letters}.Handler(),
		"alarm":    handler.Alarm{Steps: s, Log: log, Letters: a.letters}.Handler(),
		"recover":  handler.Recover{Steps: s, Log: log, Letters: a.letters}.Handler(),
		"approval": handler.Approval{Steps: s, Log: log, Letters: a.letters}.Handler(),
		"notify":   handler.Notice{Steps: s, Log: log, Letters: a.letters}.Handler(),
		"check": handler.Check{
			Checks: steps.Checks{Secret: a.secret, Slack: s.Slack, Topics: notify.SNS{Client: a.clients.SNS}, Reach: s.Reach, Account: a.home.AccountID, Log: log},
			HTTP:   a.world.HTTP, Log: log,
		}.Handler(),
		"decide": handler.Decide{Store: s.Store, Bus: a.bus, Now: now, Log: log}.Handler(),

		"approve":     handler.Step(r, rollout.PhaseApprove, s.Approve),
		"gate":        handler.Step(r, rollout.PhaseGate, handler.Quiet(s.Gate)),
		"lock":        handler.Step(r, rollout.PhaseLock, s.Lock),
		"prepare":     handler.Step(r, rollout.PhasePrepare, s.Prepare),
		"awaitcanary": handler.Step(r, rollout.PhaseAwaitCanary, s.AwaitCanary),
		"shift":       handler.Step(r, rollout.PhaseShift, s.Shift),
		"ask":         handler.Step(r, rollout.PhaseAsk, s.Ask),
		"bake":        handler.Step(r, rollout.PhaseBake, handler.Quiet(s.Bake)),
		"hold":        handler.Step(r, rollout.PhaseHold, handler.Quiet(s.Hold)),
		"judge":       handler.Step(r, rollout.PhaseJudge, s.Judge),
		"complete":    handler.Step(r, rollout.PhaseComplete, s.Complete),
		"guard":       handler.Step(r, rollout.PhaseGuard, handler.Quiet(s.Guard)),
		"retire":      handler.Step(r, rollout.PhaseRetire, s.Retire),
		"rollback":    handler.Step(r, rollout.PhaseRollback, s.Rollback),
		"restore":     handler.Step(r, rollout.PhaseRestore, s.Restore),
		"accept":      handler.Step(r, rollout.PhaseAccept, s.Accept),
		"leave":       handler.Step(r, rollout.PhaseLeave, s.Leave),
		"dirty":       handler.Step(r, rollout.PhaseDirty, s.Dirty),
	}
	if a.secret != nil {
		all["slack"] = handler.Slack{
			Store: s.Store, Verifier: slack.Verifier{Secret: a.secret.SigningSecret, Now: now},
			Client: *s.Slack, Bus: a.bus, Now: now, Log: log,
		}.Handler()
	}
	return all
}
